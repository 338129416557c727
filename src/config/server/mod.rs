//! A PostgreSQL server as the configuration names it: hosts, role, database, protection.
//!
//! The parts are values from here on and never text again: what stands in `DB_PASSWORD` is the
//! password, whatever it is made of. `url` takes an address apart, `parameters` judges what was found.

pub(super) mod parameters;
mod passfile;
mod settings;
#[cfg(test)]
mod tests;
mod tls;
pub(super) mod url;

use super::secret::Secret;
use std::path::PathBuf;
use std::time::Duration;

/// How to reach a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// One at least. They are tried in this order.
    pub hosts: Vec<Host>,
    /// The role; `None`: named like the operating system's user.
    pub user: Option<String>,
    /// The database; `None`: named like the role.
    pub database: Option<String>,
    /// How a connection over TCP is protected. A socket's is not.
    pub tls: Tls,
    /// Which server is accepted.
    pub target: Target,
    /// How long an attempt at one host may take, when it was said.
    pub connect_timeout: Option<Duration>,
    /// What the server calls our sessions, when it was said.
    pub application_name: Option<String>,
    /// Settings of each session, from `options`.
    pub settings: Vec<(String, String)>,
    /// How many prepared statements a connection keeps, when it was said.
    pub statement_cache: Option<usize>,
}

/// One host of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub at: At,
    /// Its port, which is part of a socket's name too.
    pub port: u16,
    /// The role's password there.
    pub password: Option<Secret>,
}

/// Where a host is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// On this machine, where PostgreSQL's clients expect it.
    Here,
    /// A name or an address, without brackets. A name is resolved at each connect.
    Tcp(String),
    /// A Unix socket in this folder.
    Socket(PathBuf),
}

/// How a connection is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// What is insisted on.
    pub mode: TlsMode,
    /// Certificates to trust instead of the system's.
    pub root_cert: Option<PathBuf>,
    /// The client's certificate and its key.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// libpq's `sslmode`. `allow` is read as `Prefer`, which is never weaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub enum TlsMode {
    Disable,
    /// TLS when the server offers it.
    Prefer,
    /// TLS, with a certificate of any issuer.
    Require,
    /// TLS with a certificate of a trusted authority.
    VerifyCa,
    /// The same, and it names the host.
    VerifyFull,
}

/// libpq's `target_session_attrs`, as far as a program that writes can use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A server that takes writes.
    ReadWrite,
    /// A server that is no standby.
    Primary,
    /// The first that answers.
    Any,
}
