//! Takes a PostgreSQL address apart, as libpq does: several hosts, percent-encoding, parameters.
//!
//! `postgres://user:password@host:5432,host2:5433/name?sslmode=verify-full`. The `url` crate knows
//! one host only. A fault holds nothing of the text but the names of parameters: everything else
//! may be a piece of a password whose signs were not encoded.

use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;

/// What an address says, by libpq's names. `host` and `port` are comma lists.
pub(in crate::config) type Said = BTreeMap<String, String>;

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

pub(in crate::config) fn read(text: &str) -> Result<Said, Fault> {
    let (scheme, rest) = text.split_once("://").ok_or_else(not_an_address)?;
    if !["postgres", "postgresql"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(fault("must begin with postgres://", SHAPE));
    }
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = before.split_once('/').unwrap_or((before, ""));
    let odd = |c: char| c.is_whitespace() || c.is_control();
    // An @ there most likely ends a password with a slash or a question mark in it.
    if rest.contains(odd) || database.contains('@') || query.contains('@') {
        return Err(not_an_address());
    }
    let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for host in hosts.split(',') {
        let (host, port) = host_and_port(host)?;
        names.push(decoded(host)?);
        ports.push(port);
    }
    if ports.concat().is_empty() {
        ports.clear();
    }
    let mut said = Said::new();
    for (name, value) in [
        ("user", decoded(user)?),
        ("password", decoded(password)?),
        ("dbname", decoded(database)?),
        ("host", names.join(",")),
        ("port", ports.join(",")),
    ] {
        if !value.is_empty() {
            said.insert(name.to_owned(), value);
        }
    }
    parameters(&mut said, query)?;
    Ok(said)
}

fn host_and_port(text: &str) -> Result<(&str, &str), Fault> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']').ok_or_else(not_an_address)? {
            (host, "") => (host, ""),
            (host, port) => (host, port.strip_prefix(':').ok_or_else(not_an_address)?),
        },
        None => text.split_once(':').unwrap_or((text, "")),
    };
    match port.chars().all(|c| c.is_ascii_digit()) {
        true => Ok((host, port)),
        false => Err(not_an_address()),
    }
}

fn decoded(text: &str) -> Result<String, Fault> {
    let digits = |part: &str| part.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !text.split('%').skip(1).all(digits) {
        let hint = "a % that stands for itself is written %25";
        return Err(fault("holds a % without two hexadecimal digits", hint));
    }
    match percent_decode_str(text).decode_utf8() {
        Ok(text) if !text.contains('\0') => Ok(text.into_owned()),
        Ok(_) | Err(_) => Err(fault(
            "holds percent-encoded bytes that are not text",
            "encode the bytes of UTF-8, and no %00",
        )),
    }
}

/// A parameter wins over the part of the address that means the same. Given twice it is refused:
/// of two different values one would be ignored in silence.
fn parameters(said: &mut Said, query: &str) -> Result<(), Fault> {
    let mut seen = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let Some((name, value)) = pair.split_once('=') else {
            let hint = "parameters are written name=value, with & between them";
            return Err(fault("has a parameter without a value", hint));
        };
        let name = match decoded(name)?.as_str() {
            "ssl-mode" => "sslmode".to_owned(),
            "ssl-root-cert" | "ssl-ca" => "sslrootcert".to_owned(),
            "ssl-cert" => "sslcert".to_owned(),
            "ssl-key" => "sslkey".to_owned(),
            name => name.to_owned(),
        };
        if !is_a_name(&name) {
            let hint = "write a & in a value as %26";
            return Err(fault("has an invalid parameter name", hint));
        }
        if seen.contains(&name) {
            let message = format!("has the parameter {name} twice");
            return Err(fault(message, "keep one of them"));
        }
        said.insert(name.clone(), decoded(value)?);
        seen.push(name);
    }
    Ok(())
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
        let said = said.iter().map(|(name, value)| format!("{name}={value}"));
        said.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn an_address_is_taken_apart_as_libpq_does() {
        for (text, parts) in [
            (
                "postgres://u:p%40%2F@h:5433/d?sslmode=require",
                "dbname=d host=h password=p@/ port=5433 sslmode=require user=u",
            ),
            (
                "postgresql://a:1,b,[::1]:3,%2Frun%2Fpg/d",
                "dbname=d host=a,b,::1,/run/pg port=1,,3,",
            ),
            ("postgres://u@/db?host=/dir", "dbname=db host=/dir user=u"),
            (
                "postgres://u@localhost/db?host=/dir&port=7",
                "dbname=db host=/dir port=7 user=u",
            ),
            (
                "postgres:///?host=a,b&port=1,2&user=x&dbname=y",
                "dbname=y host=a,b port=1,2 user=x",
            ),
            (
                "postgres://u:a+b@h?application_name=x+y&ssl-mode=disable",
                "application_name=x+y host=h password=a+b sslmode=disable user=u",
            ),
            ("POSTGRES://u:p#q@h/", "host=h password=p#q user=u"),
            ("postgres://", ""),
            (
                "postgres://[fe80::1%25eth0]/d",
                "dbname=d host=fe80::1%eth0",
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
