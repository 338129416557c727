//! Judges what a server's address says: obeyed, or refused by name, and never silently weaker.
//!
//! Nothing reaches the database library that has not been read here. What an address leaves out is
//! taken from libpq's variables (`PGSSLMODE` and the like), as `psql` on the same machine does. No
//! message shows a value.

use super::super::problem::nearest;
use super::super::secret::Secret;
use super::url::{Fault, Said, fault};
use super::{At, Host, Server, Target, TlsMode, passfile};
use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

/// What is supported, with libpq's variable for it.
#[rustfmt::skip]
const OBEYED: &[(&str, &str)] = &[
    ("host", "PGHOST"), ("hostaddr", ""), ("port", "PGPORT"), ("dbname", "PGDATABASE"), ("user", "PGUSER"),
    ("password", "PGPASSWORD"), ("passfile", "PGPASSFILE"),
    ("sslmode", "PGSSLMODE"), ("ssl", ""), ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"), ("sslkey", "PGSSLKEY"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"), ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("application_name", "PGAPPNAME"), ("options", "PGOPTIONS"), (STATEMENTS, ""),
];

/// What sqlx has besides.
const STATEMENTS: &str = "statement-cache-capacity";

/// What is accepted only with these values, which say what happens anyway.
#[rustfmt::skip]
const ONLY: &[(&str, &str, &[&str])] = &[
    ("channel_binding", "PGCHANNELBINDING", &["disable", "prefer"]),
    ("sslnegotiation", "PGSSLNEGOTIATION", &["postgres"]),
    ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", &["TLSv1", "TLSv1.1", "TLSv1.2"]),
    ("gssencmode", "PGGSSENCMODE", &["disable", "prefer"]),
    ("sslsni", "PGSSLSNI", &["1"]),
    ("sslcompression", "PGSSLCOMPRESSION", &["0"]),
    ("load_balance_hosts", "PGLOADBALANCEHOSTS", &["disable"]),
    ("client_encoding", "", &["UTF8", "utf8", "UTF-8", "utf-8", "auto"]),
    // These would protect a connection in a way that is not built.
    ("requirepeer", "PGREQUIREPEER", &[]),
    ("require_auth", "PGREQUIREAUTH", &[]),
    ("sslcrl", "PGSSLCRL", &[]),
    ("sslcrldir", "PGSSLCRLDIR", &[]),
    ("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", &[]),
];

/// What changes nothing here: limits of our own watch over every connection.
const NO_EFFECT: &[&str] = &[
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
];

/// A fault, and the variable of libpq's that it was found in, when it was not the address.
pub(in crate::config) type Found = (Option<&'static str>, Fault);

/// What became of an address.
pub(in crate::config) struct Judged {
    pub server: Option<Server>,
    pub faults: Vec<Found>,
    /// Parameters that change nothing.
    pub no_effect: Vec<&'static str>,
}

/// Reads the content of a file of passwords, given its path; `None`: there is none to be used.
pub(in crate::config) type ReadPasswords<'r> = &'r dyn Fn(Option<&str>) -> Option<String>;

/// Judges what was said. `variable` looks libpq's variables up.
pub(in crate::config) fn judge(
    said: Said,
    variable: &dyn Fn(&str) -> Option<String>,
    passwords: ReadPasswords<'_>,
) -> Judged {
    let mut judge = Judge {
        said,
        from: BTreeMap::new(),
        faults: Vec::new(),
    };
    let only = ONLY.iter().map(|(name, from, _)| (name, from));
    let obeyed = OBEYED.iter().map(|(name, from)| (name, from));
    for (name, from) in only.chain(obeyed).filter(|(_, from)| !from.is_empty()) {
        if !judge.said.contains_key(*name)
            && let Some(value) = variable(from)
        {
            judge.said.insert((*name).to_owned(), value);
            judge.from.insert(name, from);
        }
    }
    judge.only();
    let mut no_effect = NO_EFFECT.to_vec();
    no_effect.retain(|name| judge.take(name).is_some());
    let server = judge.server(passwords);
    judge.unknown();
    let faults = judge.faults;
    Judged {
        server: server.filter(|_| faults.is_empty()),
        faults,
        no_effect,
    }
}

/// What is being judged, and what was found.
pub(super) struct Judge {
    /// What has not been taken yet.
    pub(super) said: Said,
    /// libpq's variables that a value is from.
    from: BTreeMap<&'static str, &'static str>,
    faults: Vec<Found>,
}

impl Judge {
    /// Notes a fault of a parameter; there is no value then.
    pub(super) fn refuse<T>(
        &mut self,
        name: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Option<T> {
        let from = self.from.get(name).copied();
        self.faults.push((from, fault(message, hint)));
        None
    }

    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.said.remove(name)
    }

    fn only(&mut self) {
        for (name, _, fine) in ONLY {
            let Some(value) = self.take(name) else {
                continue;
            };
            if !fine.contains(&value.as_str()) {
                let message = format!("asks for a {name} that Wardroom does not support");
                let hint = match *name {
                    "channel_binding" => "write prefer; sslmode=verify-full verifies the server",
                    _ => "leave it out",
                };
                self.refuse::<()>(name, message, hint);
            }
        }
    }

    /// Refuses what is left; a known one may be left after another's fault.
    fn unknown(&mut self) {
        let known: Vec<&str> = OBEYED.iter().map(|(name, _)| *name).collect();
        for (name, _) in std::mem::take(&mut self.said) {
            if known.contains(&name.as_str()) {
                continue;
            }
            let hint = match nearest(&name, &known) {
                Some(near) => format!("did you mean {near}?"),
                None => {
                    "leave it out; a setting of the session is written options=-c%20name%3Dvalue"
                        .to_owned()
                }
            };
            let message = format!("has an unknown parameter {name}");
            self.refuse::<()>(&name, message, hint);
        }
    }

    fn server(&mut self, passwords: ReadPasswords<'_>) -> Option<Server> {
        let [user, database, application_name, passfile, password] =
            ["user", "dbname", "application_name", "passfile", "password"]
                .map(|name| self.take(name));
        let settings = self.settings();
        let target = self.target();
        let connect_timeout: Option<u64> = self.number("connect_timeout");
        let statement_cache = self.number(STATEMENTS);
        let tls = self.tls();
        let mut hosts = self.hosts(tls.as_ref().map(|tls| tls.mode))?;
        let file = match password {
            Some(_) => None,
            None => passwords(passfile.as_deref()),
        };
        for host in &mut hosts {
            let names = (database.as_deref(), user.as_deref());
            let in_file = file.as_ref();
            let in_file = in_file.and_then(|file| passfile::password(file, host, names));
            host.password = password.as_ref().map(Secret::new).or(in_file);
        }
        Some(Server {
            hosts,
            user,
            database,
            tls: tls?,
            target: target?,
            // libpq's 0 means no limit; here there is one in any case.
            connect_timeout: connect_timeout
                .filter(|seconds| *seconds > 0)
                .map(Duration::from_secs),
            application_name,
            settings,
            statement_cache,
        })
    }

    fn hosts(&mut self, mode: Option<TlsMode>) -> Option<Vec<Host>> {
        let [mut names, ports, addresses] =
            ["host", "port", "hostaddr"].map(|name| self.take(name).unwrap_or_default());
        if !addresses.is_empty() {
            // sqlx checks a certificate against what it connects to.
            if mode == Some(TlsMode::VerifyFull) && !names.is_empty() {
                let message = "has a hostaddr beside the host that TLS is to verify";
                let hint = "leave hostaddr out: the host's name is resolved at each connect";
                return self.refuse("hostaddr", message, hint);
            }
            names = addresses;
        }
        let names: Vec<&str> = names.split(',').collect();
        let ports: Vec<&str> = ports.split(',').collect();
        if ports.len() > 1 && ports.len() != names.len() {
            let hint = "name one port for all hosts, or one for each";
            return self.refuse("port", "has a different number of ports and hosts", hint);
        }
        let mut hosts = Vec::new();
        for (name, port) in names.iter().zip(ports.iter().cycle()) {
            let port = match *port {
                "" => Some(5432),
                port => port.parse().ok().filter(|port| *port != 0),
            };
            let Some(port) = port else {
                let hint = "a port is a number from 1 to 65535";
                return self.refuse("port", "has an invalid port", hint);
            };
            let Some(at) = host(name, names.len() == 1) else {
                let hint = "write a name, an address, or the directory of a socket; \
                            an IPv6 address stands in brackets";
                return self.refuse("host", "has an invalid host", hint);
            };
            let password = None;
            hosts.push(Host { at, port, password });
        }
        Some(hosts)
    }

    fn target(&mut self) -> Option<Target> {
        let name = "target_session_attrs";
        match self.take(name).as_deref() {
            Some("read-write") | None => Some(Target::ReadWrite),
            Some("primary") => Some(Target::Primary),
            Some("any") => Some(Target::Any),
            Some(_) => {
                let hint = "Wardroom writes: read-write (the default), primary, or any";
                self.refuse(name, "has a target_session_attrs that cannot be used", hint)
            }
        }
    }

    fn number<T: FromStr>(&mut self, name: &str) -> Option<T> {
        let text = self.take(name)?;
        let refuse = || {
            let message = format!("has a {name} that is not a number");
            self.refuse(name, message, "write the digits alone")
        };
        text.parse().ok().or_else(refuse)
    }
}

/// What a host is; `None`: it is not one. Nothing is looked up.
fn host(text: &str, single: bool) -> Option<At> {
    if text.is_empty() {
        return single.then_some(At::Here);
    }
    if text.starts_with('/') {
        return Some(At::Socket(text.into()));
    }
    let address = text.split('%').next().unwrap_or_default();
    let fine = if text.contains(':') {
        address.parse::<std::net::Ipv6Addr>().is_ok()
    } else {
        let odd = |c: char| c.is_whitespace() || c.is_control() || "/\\@?#%[]<>\"'".contains(c);
        !text.contains(odd)
    };
    fine.then(|| At::Tcp(text.to_owned()))
}
