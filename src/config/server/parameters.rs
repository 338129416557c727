//! Judges what a server's address says: obeyed, or refused by name, and never silently weaker.
//!
//! Nothing reaches the database library that has not been read here. What an address leaves out is
//! taken from libpq's variables (`PGSSLMODE` and the like), as `psql` on the same machine does. No
//! message shows a value.

use super::super::problem::nearest;
use super::super::secret::Secret;
use super::url::{Fault, Said, fault};
use super::{At, Host, Server, Target, TlsMode, passfile};
use std::time::Duration;

/// What is supported, with libpq's variable for it.
#[rustfmt::skip]
const OBEYED: [(&str, &str); 14] = [
    ("hostaddr", ""), ("dbname", "PGDATABASE"), ("user", "PGUSER"),
    ("password", "PGPASSWORD"), ("passfile", "PGPASSFILE"),
    ("sslmode", "PGSSLMODE"), ("ssl", ""), ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"), ("sslkey", "PGSSLKEY"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"), ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("application_name", "PGAPPNAME"), ("options", "PGOPTIONS"),
];

/// What is accepted only with these values, which say what happens anyway.
#[rustfmt::skip]
const ONLY: [(&str, &str, &[&str]); 8] = [
    ("channel_binding", "PGCHANNELBINDING", &["disable", "prefer"]),
    ("sslnegotiation", "PGSSLNEGOTIATION", &["postgres"]),
    ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", &["TLSv1", "TLSv1.1", "TLSv1.2"]),
    ("gssencmode", "PGGSSENCMODE", &["disable", "prefer"]),
    ("sslsni", "PGSSLSNI", &["1"]),
    ("sslcompression", "PGSSLCOMPRESSION", &["0"]),
    ("load_balance_hosts", "PGLOADBALANCEHOSTS", &["disable"]),
    ("client_encoding", "", &["UTF8", "utf8", "UTF-8", "utf-8", "auto"]),
];

/// What the library has besides.
const STATEMENTS: &str = "statement-cache-capacity";

/// libpq's words that change nothing here: limits of our own watch over every connection.
const NO_EFFECT: [&str; 5] = [
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
];

/// libpq's variables that would protect a connection in a way that is not built.
const NOT_BUILT: [(&str, &str); 5] = [
    ("requirepeer", "PGREQUIREPEER"),
    ("require_auth", "PGREQUIREAUTH"),
    ("sslcrl", "PGSSLCRL"),
    ("sslcrldir", "PGSSLCRLDIR"),
    ("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION"),
];

/// A fault, and the variable of libpq's that it was found in, when it was not the address.
pub(in crate::config) type Found = (Option<&'static str>, Fault);

/// What became of an address.
pub(in crate::config) struct Judged {
    pub server: Option<Server>,
    pub faults: Vec<Found>,
    /// Parameters that change nothing.
    pub no_effect: Vec<String>,
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
        variable,
        faults: Vec::new(),
    };
    let no_effect = judge.unknown();
    judge.only();
    let server = judge.server(passwords);
    let faults = judge.faults;
    Judged {
        server: server.filter(|_| faults.is_empty()),
        faults,
        no_effect,
    }
}

/// What is being judged, and what was found.
pub(super) struct Judge<'v> {
    pub(super) said: Said,
    variable: &'v dyn Fn(&str) -> Option<String>,
    faults: Vec<Found>,
}

/// A value, and libpq's variable that it comes from.
pub(super) type Value = (Option<&'static str>, String);

impl Judge<'_> {
    /// Notes a fault; there is no value then.
    pub(super) fn refuse<T>(
        &mut self,
        from: Option<&'static str>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Option<T> {
        self.faults.push((from, fault(message, hint)));
        None
    }

    /// Takes a value: the address's, else the variable's.
    fn take(&mut self, name: &str, variable: &'static str) -> Option<Value> {
        if let Some(value) = self.said.others.remove(name) {
            return Some((None, value));
        }
        let value = (self.variable)(variable).filter(|_| !variable.is_empty())?;
        Some((Some(variable), value))
    }

    pub(super) fn obeyed(&mut self, name: &str) -> Option<Value> {
        let (name, variable) = OBEYED
            .into_iter()
            .find(|(known, _)| *known == name)
            .expect("it is in the table");
        self.take(name, variable)
    }

    /// Refuses what is not known; gives what changes nothing.
    fn unknown(&mut self) -> Vec<String> {
        let known: Vec<&str> = OBEYED
            .iter()
            .map(|(name, _)| *name)
            .chain(ONLY.iter().map(|(name, ..)| *name))
            .chain([STATEMENTS, "host", "port"])
            .collect();
        let names: Vec<String> = self.said.others.keys().cloned().collect();
        let mut no_effect = Vec::new();
        for name in names {
            if known.contains(&name.as_str()) || is_option(&name).is_some() {
                continue;
            }
            self.said.others.remove(&name);
            if NO_EFFECT.contains(&name.as_str()) {
                no_effect.push(name);
            } else if NOT_BUILT.iter().any(|(not, _)| *not == name) {
                let message = format!("asks for {name}, which Wardroom does not support");
                self.refuse::<()>(None, message, "leave it out");
            } else {
                let hint = match nearest(&name, known.iter().copied()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => "leave it out; a setting of the session is written options=-c%20name%3Dvalue".to_owned(),
                };
                self.refuse::<()>(None, format!("has an unknown parameter {name}"), hint);
            }
        }
        for (name, variable) in NOT_BUILT {
            if (self.variable)(variable).is_some() {
                let message = format!("asks for {name}, which Wardroom does not support");
                self.refuse::<()>(Some(variable), message, "unset it");
            }
        }
        no_effect
    }

    fn only(&mut self) {
        for (name, variable, fine) in ONLY {
            let Some((from, value)) = self.take(name, variable) else {
                continue;
            };
            if !fine.contains(&value.as_str()) {
                let message = format!("asks for a {name} that Wardroom does not support");
                let hint = match name {
                    "channel_binding" => "write prefer; sslmode=verify-full verifies the server",
                    _ => "leave it out",
                };
                self.refuse::<()>(from, message, hint);
            }
        }
    }

    fn server(&mut self, passwords: ReadPasswords<'_>) -> Option<Server> {
        let user = self.obeyed("user").map(|(_, user)| user);
        let database = self.obeyed("dbname").map(|(_, name)| name);
        let tls = self.tls();
        let target = self.target();
        let connect_timeout = self.seconds();
        let application_name = self.obeyed("application_name").map(|(_, name)| name);
        let settings = self.settings();
        let statement_cache = self.said.others.remove(STATEMENTS);
        let statement_cache = statement_cache.and_then(|text| {
            let message = format!("has a {STATEMENTS} that is not a number");
            let number = text.parse().ok();
            number.or_else(|| self.refuse(None, message, "write digits"))
        });
        let passfile = self.obeyed("passfile").map(|(_, path)| path);
        let password = self.obeyed("password").map(|(_, password)| password);
        let mut hosts = self.hosts(tls.as_ref()?.mode)?;
        let file = password.is_none().then(|| passwords(passfile.as_deref()));
        for host in &mut hosts {
            let names = (database.as_deref(), user.as_deref());
            let in_file = |file: &String| passfile::password(file, host, names);
            host.password = match (&password, file.as_ref().and_then(Option::as_ref)) {
                (Some(password), _) => Some(Secret::new(password)),
                (None, file) => file.and_then(in_file),
            };
        }
        Some(Server {
            hosts,
            user,
            database,
            tls: tls?,
            target: target?,
            connect_timeout,
            application_name,
            settings,
            statement_cache,
        })
    }

    fn hosts(&mut self, mode: TlsMode) -> Option<Vec<Host>> {
        let mut names = std::mem::take(&mut self.said.hosts);
        let mut ports = std::mem::take(&mut self.said.ports);
        let split = |list: String| -> Vec<String> { list.split(',').map(str::to_owned).collect() };
        if names.is_empty() {
            names = (self.variable)("PGHOST").map(split).unwrap_or_default();
        }
        if ports.iter().all(String::is_empty) {
            ports = (self.variable)("PGPORT").map_or(ports, split);
        }
        if let Some((from, addresses)) = self.obeyed("hostaddr") {
            // The library checks a certificate against what it connects to.
            if mode == TlsMode::VerifyFull && !names.is_empty() {
                let message = "has a hostaddr beside the host that TLS is to verify";
                let hint = "leave hostaddr out: the host's name is resolved at each connect";
                return self.refuse(from, message, hint);
            }
            names = split(addresses);
        }
        if names.is_empty() {
            names.push(String::new());
        }
        if ports.len() > 1 && ports.len() != names.len() {
            let hint = "name one port for all hosts, or one for each";
            return self.refuse(None, "has a different number of ports and hosts", hint);
        }
        let single = names.len() == 1;
        let mut hosts = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let port = match ports.get(if ports.len() == 1 { 0 } else { index }) {
                Some(port) if !port.is_empty() => port.parse().ok().filter(|port| *port != 0),
                Some(_) | None => Some(5432),
            };
            let Some(port) = port else {
                let hint = "a port is a number from 1 to 65535";
                return self.refuse(None, "has an invalid port", hint);
            };
            let Some(at) = host(name, single) else {
                let hint = "write a name, an address, or the directory of a socket; \
                            an IPv6 address stands in brackets";
                return self.refuse(None, "has an invalid host", hint);
            };
            let password = None;
            hosts.push(Host { at, port, password });
        }
        Some(hosts)
    }

    fn target(&mut self) -> Option<Target> {
        let Some((from, word)) = self.obeyed("target_session_attrs") else {
            return Some(Target::ReadWrite);
        };
        match word.as_str() {
            "read-write" => Some(Target::ReadWrite),
            "primary" => Some(Target::Primary),
            "any" => Some(Target::Any),
            _ => {
                let hint = "Wardroom writes: read-write (the default), primary, or any";
                self.refuse(from, "has a target_session_attrs that cannot be used", hint)
            }
        }
    }

    fn seconds(&mut self) -> Option<Duration> {
        let (from, text) = self.obeyed("connect_timeout")?;
        match text.parse::<u32>() {
            // libpq's word for no limit, which there is here in any case.
            Ok(0) => None,
            Ok(seconds) => Some(Duration::from_secs(seconds.into())),
            Err(_) => {
                let message = "has a connect_timeout that is not a number";
                self.refuse(from, message, "write seconds")
            }
        }
    }
}

/// The setting of `options[NAME]`.
pub(super) fn is_option(name: &str) -> Option<&str> {
    name.strip_prefix("options[")?.strip_suffix(']')
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
