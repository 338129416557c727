//! Takes a PostgreSQL address apart, as libpq does: several hosts, percent-encoding, parameters.
//!
//! `postgres://user:password@host:5432,host2:5433/name?sslmode=verify-full`. The `url` crate knows
//! one host only. A fault holds nothing of the text but the names of parameters: everything else
//! may be a piece of a password whose signs were not encoded.

use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;

/// What an address says, in libpq's words.
#[derive(Default, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(in crate::config) struct Said {
    /// As written, without brackets. Empty: no host was named.
    pub hosts: Vec<String>,
    /// None, one for all hosts, or one for each; an empty one is the usual port.
    pub ports: Vec<String>,
    /// Everything else, by libpq's name.
    pub others: BTreeMap<String, String>,
}

/// What is wrong: the rest of a sentence that begins with the variable's name, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::config) struct Fault {
    pub message: String,
    pub hint: String,
}

pub(in crate::config) fn fault(message: impl Into<String>, hint: impl Into<String>) -> Fault {
    Fault {
        message: message.into(),
        hint: hint.into(),
    }
}

const SHAPE: &str = "as in postgres://user:password@host:5432/name";

fn not_an_address() -> Fault {
    let hint = format!("{SHAPE}; signs such as @ : / ? % in a password are percent-encoded");
    fault("is not an address", hint)
}

/// Reads an address.
pub(in crate::config) fn read(text: &str) -> Result<Said, Fault> {
    let schemes = ["postgres://", "postgresql://"];
    let Some(rest) = schemes.iter().find_map(|scheme| strip(text, scheme)) else {
        return Err(if text.contains("://") {
            fault("must begin with postgres://", SHAPE)
        } else {
            not_an_address()
        });
    };
    if rest.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(not_an_address());
    }
    let (before, query) = match rest.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (rest, None),
    };
    let (authority, path) = match before.split_once('/') {
        Some((authority, path)) => (authority, path),
        None => (before, ""),
    };
    // An @ there ends a password that holds a slash.
    if path.contains('@') {
        return Err(not_an_address());
    }
    let mut said = Said::default();
    let hosts = match authority.rsplit_once('@') {
        Some((user, hosts)) => {
            let (user, password) = match user.split_once(':') {
                Some((user, password)) => (user, Some(password)),
                None => (user, None),
            };
            said.keep("user", Some(user))?;
            said.keep("password", password)?;
            hosts
        }
        None => authority,
    };
    said.keep("dbname", Some(path))?;
    if !hosts.is_empty() {
        for host in hosts.split(',') {
            let (host, port) = host_and_port(host)?;
            said.hosts.push(host);
            said.ports.push(port);
        }
    }
    said.parameters(query.unwrap_or_default())?;
    Ok(said)
}

fn strip<'t>(text: &'t str, scheme: &str) -> Option<&'t str> {
    let head = text.get(..scheme.len())?;
    head.eq_ignore_ascii_case(scheme)
        .then(|| &text[scheme.len()..])
}

fn host_and_port(text: &str) -> Result<(String, String), Fault> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or_else(not_an_address)?;
            let port = match port {
                "" => "",
                port => port.strip_prefix(':').ok_or_else(not_an_address)?,
            };
            (host, port)
        }
        None => text.split_once(':').unwrap_or((text, "")),
    };
    if !port.chars().all(|c| c.is_ascii_digit()) {
        return Err(not_an_address());
    }
    Ok((decoded(host)?, port.to_owned()))
}

fn decoded(text: &str) -> Result<String, Fault> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|byte| *byte == b'%') {
        at += found + 1;
        let digits = bytes.get(at..at + 2);
        if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            let hint = "a % that stands for itself is written %25";
            return Err(fault("holds a % without two hexadecimal digits", hint));
        }
    }
    match percent_decode_str(text).decode_utf8() {
        Ok(text) if !text.contains('\0') => Ok(text.into_owned()),
        Ok(_) | Err(_) => Err(fault(
            "holds percent-encoded bytes that are not text",
            "encode the bytes of UTF-8, and no %00",
        )),
    }
}

impl Said {
    fn keep(&mut self, name: &str, value: Option<&str>) -> Result<(), Fault> {
        match value {
            Some("") | None => Ok(()),
            Some(value) => {
                self.others.insert(name.to_owned(), decoded(value)?);
                Ok(())
            }
        }
    }

    /// A parameter wins over the part of the address that means the same. Given twice it is refused:
    /// of two different values one would be ignored in silence.
    fn parameters(&mut self, query: &str) -> Result<(), Fault> {
        // An @ here is most likely the end of a password that holds a question mark.
        if query.contains('@') {
            return Err(not_an_address());
        }
        let mut seen = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let Some((name, value)) = pair.split_once('=') else {
                let hint = "parameters are written name=value, with & between them";
                return Err(fault("has a parameter without a value", hint));
            };
            let (name, value) = (decoded(name)?, decoded(value)?);
            let known = match name.as_str() {
                "ssl-mode" => "sslmode",
                "ssl-root-cert" | "ssl-ca" => "sslrootcert",
                "ssl-cert" => "sslcert",
                "ssl-key" => "sslkey",
                name => name,
            };
            if !is_a_name(known) {
                let hint = "write a & in a value as %26";
                return Err(fault("has an invalid parameter name", hint));
            }
            if seen.iter().any(|before| before == known) {
                let message = format!("has the parameter {known} twice");
                return Err(fault(message, "keep one of them"));
            }
            seen.push(known.to_owned());
            let list = || value.split(',').map(str::to_owned).collect();
            match known {
                "host" => {
                    // A port before it belonged to the host of the address.
                    self.hosts = list();
                    if self.ports.len() != self.hosts.len() {
                        self.ports.truncate(1);
                    }
                }
                "port" => self.ports = list(),
                known => {
                    self.others.insert(known.to_owned(), value);
                }
            }
        }
        Ok(())
    }
}

/// Whether a text can be shown as a parameter's name.
fn is_a_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']');
    text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let said = read(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
        let others: Vec<String> = said
            .others
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!("{:?} {:?} {}", said.hosts, said.ports, others.join(" "))
    }

    #[test]
    fn an_address_is_taken_apart_as_libpq_does() {
        for (text, parts) in [
            (
                "postgres://u:p%40%2F@h:5433/d?sslmode=require",
                r#"["h"] ["5433"] dbname=d password=p@/ sslmode=require user=u"#,
            ),
            (
                "postgresql://a:1,b,[::1]:3,%2Frun%2Fpg/d",
                r#"["a", "b", "::1", "/run/pg"] ["1", "", "3", ""] dbname=d"#,
            ),
            (
                "postgres://u@/db?host=/dir",
                r#"["/dir"] [] dbname=db user=u"#,
            ),
            (
                "postgres://u@localhost/db?host=/dir&port=7",
                r#"["/dir"] ["7"] dbname=db user=u"#,
            ),
            (
                "postgres:///?host=a,b&port=1,2&user=x&dbname=y",
                r#"["a", "b"] ["1", "2"] dbname=y user=x"#,
            ),
            (
                "postgres://u:a+b@h?application_name=x+y&ssl-mode=disable",
                r#"["h"] [""] application_name=x+y password=a+b sslmode=disable user=u"#,
            ),
            ("POSTGRES://u:p#q@h/", r#"["h"] [""] password=p#q user=u"#),
            ("postgres://", "[] [] "),
            (
                "postgres://[fe80::1%25eth0]/d",
                r#"["fe80::1%eth0"] [""] dbname=d"#,
            ),
        ] {
            assert_eq!(shown(text), parts, "{text}");
        }
    }

    #[test]
    fn what_is_not_an_address_is_refused_and_nothing_of_it_is_shown() {
        for (text, message) in [
            ("mysql://hunter2/x", "must begin with postgres://"),
            ("hunter2", "is not an address"),
            ("postgres://u:hun ter2@h/d", "is not an address"),
            ("postgres://u:hunter2?x@h/d", "is not an address"),
            ("postgres://u:1?hunter2=x@h/d", "is not an address"),
            ("postgres://u:hunter2/x@h/d", "is not an address"),
            ("postgres://u:1/hunter2@h/d", "is not an address"),
            ("postgres://[::1/d", "is not an address"),
            ("postgres://u@::1/d", "is not an address"),
            (
                "postgres://u:hunter2%4@h/d",
                "holds a % without two hexadecimal digits",
            ),
            (
                "postgres://u:hunter2%zz@h/d",
                "holds a % without two hexadecimal digits",
            ),
            (
                "postgres://u:hunter2%00@h/d",
                "holds percent-encoded bytes that are not text",
            ),
            (
                "postgres://u:hunter2%ff@h/d",
                "holds percent-encoded bytes that are not text",
            ),
            ("postgres://h/d?hunter2", "has a parameter without a value"),
            (
                "postgres://h/d?%20hunter2=1",
                "has an invalid parameter name",
            ),
            (
                "postgres://h/d?sslmode=verify-full&ssl-mode=disable",
                "has the parameter sslmode twice",
            ),
        ] {
            let fault = read(text).err().unwrap_or_else(|| panic!("{text}"));
            assert_eq!(fault.message, message, "{text}");
            assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
        }
    }
}
