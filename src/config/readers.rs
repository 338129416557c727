//! Reads the values of variables: each function takes a text to a type, or says what is wrong with it.
//!
//! The row of a variable in `variables` names its reader. No message shows the value of a secret.

use std::fmt::Display;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use serde_json::{Map, Value};
use tracing_subscriber::filter::Targets;
use url::Url;

use super::environment::{Asked, Given, Reader};
use super::problem::{Place, choice, short};
use super::read;
use super::schema::{self, Named, Set};
use super::secret::{EncryptionKey, Secret};
use super::shapes::{self, ServiceName, SlackUser, same_name, shape};
use super::yaml;
use crate::invisible;

/// The port of the second listener, and what it means when it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsPort {
    /// The default: when it is taken, a warning, and the server runs without it.
    Default(u16),
    /// Configured: when it is taken, exit 3.
    Asked(u16),
    Off,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    Pretty,
}

impl Asked<'_> {
    /// Reads each item of a comma list. Empty ones are dropped, and so is a second of the same.
    fn each<T>(&self, mut read: impl FnMut(&str) -> Result<T, Fault>) -> Option<Vec<T>> {
        let (mut column, mut seen, mut all) = (0, Vec::new(), Vec::new());
        for part in self.text().split(',') {
            let text = invisible::trim(part);
            if !text.is_empty() && !seen.contains(&text) {
                let indent = part.chars().count() - invisible::trim_start(part).chars().count();
                seen.push(text);
                match read(text) {
                    Ok(value) => all.push(value),
                    Err((message, hint)) => {
                        let place = self.given.place.moved_right(column + indent);
                        self.env.found.error(&place, message, hint);
                    }
                }
            }
            column += part.chars().count() + 1;
        }
        Some(all)
    }
}

/// What is wrong with an item, and a hint.
type Fault = (String, String);

pub(crate) fn given(asked: &Asked<'_>) -> Option<Given> {
    Some(asked.given.clone())
}

pub(crate) fn text(asked: &Asked<'_>) -> Option<String> {
    Some(asked.text().to_owned())
}

pub(crate) fn path(asked: &Asked<'_>) -> Option<PathBuf> {
    Some(PathBuf::from(asked.text()))
}

pub(crate) fn boolean(asked: &Asked<'_>) -> Option<bool> {
    let value = shapes::boolean(asked.text());
    asked.or(value, "must be true or false", "write true or false")
}

pub(crate) fn number<T: FromStr + PartialOrd + Display>(
    range: RangeInclusive<T>,
) -> impl Reader<T> {
    move |asked| {
        let number = asked.text().parse().ok();
        let number = number.filter(|number| range.contains(number));
        let must = format!("must be a number from {} to {}", range.start(), range.end());
        asked.or(number, &must, "write the digits alone")
    }
}

pub(crate) fn metrics_port(asked: &Asked<'_>) -> Option<MetricsPort> {
    Some(match number(0..=u16::MAX)(asked)? {
        0 => MetricsPort::Off,
        port if asked.is_default => MetricsPort::Default(port),
        port => MetricsPort::Asked(port),
    })
}

pub(crate) fn host(asked: &Asked<'_>) -> Option<String> {
    let bare = asked.text().trim_matches(['[', ']']);
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let fine = bare.parse::<IpAddr>().is_ok() || bare.chars().all(name);
    let must = "must be an address or a host's name";
    asked.or(fine.then(|| bare.to_owned()), must, "the port goes in PORT")
}

/// A token goes into a header: a line break in it is a copy that went wrong.
pub(crate) fn secret(asked: &Asked<'_>) -> Option<Secret> {
    let odd = |c: char| c.is_control() || c.is_whitespace() || invisible::is_invisible(c);
    let fine = !asked.text().contains(odd);
    let must = "has a space, a line break or an invisible character in it";
    let hint = "copy it again, without spaces and line breaks";
    asked.or(fine.then(|| asked.given.text.clone()), must, hint)
}

/// A token of Slack's. The usual mistake is the one token in the other's variable.
pub(crate) fn token(own: &'static str, other: &'static str) -> impl Reader<Secret> {
    move |asked| {
        let token = secret(asked)?;
        let fine = !token.expose().starts_with(other);
        let must = "holds a token of another kind";
        let hint = format!("this one begins with {own}");
        asked.or(fine.then_some(token), must, &hint)
    }
}

/// An http or https address without credentials, query and last slash.
pub(crate) fn base_url(asked: &Asked<'_>) -> Option<String> {
    let fine = http_url(asked.text()).is_some_and(|url| {
        let user = !url.username().is_empty() || url.password().is_some();
        !user && url.query().is_none() && url.fragment().is_none()
    });
    let base = fine.then(|| asked.text().trim_end_matches('/').to_owned());
    let example = match asked.variable.default {
        "" => "http://localhost:4318",
        default => default,
    };
    let must = "must be an http or https address, without user and query";
    asked.or(base, must, &format!("as in {example}"))
}

/// An http or https address that is itself a secret.
pub(crate) fn secret_url(asked: &Asked<'_>) -> Option<Secret> {
    let url = http_url(asked.text()).map(|_| asked.given.text.clone());
    let must = "must be an http or https address";
    asked.or(url, must, "as in https://example.org/ping/…")
}

pub(crate) fn http_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

pub(crate) fn networks(asked: &Asked<'_>) -> Option<Vec<IpNet>> {
    asked.each(|text| {
        let network = text
            .parse()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(|network: IpNet| network.trunc()).map_err(|_| {
            let hint = "as in 10.0.0.0/8 or 2001:db8::1".to_owned();
            (format!("`{}` is not a network", short(text)), hint)
        })
    })
}

pub(crate) fn hosts(asked: &Asked<'_>) -> Option<Vec<String>> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']');
    asked.each(|text| match text.chars().all(fine) {
        true => Ok(text.to_ascii_lowercase()),
        false => {
            let hint = "hosts without scheme and path, comma separated".to_owned();
            Err((format!("`{}` is not a host", short(text)), hint))
        }
    })
}

/// One word of a few, in any case.
pub(crate) fn one_of<T: Copy>(words: &'static [(&'static str, T)]) -> impl Reader<T> {
    move |asked| {
        let typed = asked.text().to_ascii_lowercase();
        let known = words.iter().find(|(word, _)| *word == typed);
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let must = format!("cannot be `{}`", short(asked.text()));
        asked.or(known.map(|(_, value)| *value), &must, &choice(&typed, &all))
    }
}

#[rustfmt::skip]
pub(crate) const LEVELS: &[(&str, &str)] = &[
    ("trace", "trace"), ("debug", "debug"), ("info", "info"), ("warn", "warn"), ("error", "error"), ("off", "off"),
    ("warning", "warn"), ("critical", "error"), ("fatal", "error"),
];

pub(crate) const LOG_FORMATS: &[(&str, LogFormat)] =
    &[("json", LogFormat::Json), ("pretty", LogFormat::Pretty)];

/// Checked here by the filter that will use them: a mistake in `RUST_LOG` must not silence the log.
pub(crate) fn directives(asked: &Asked<'_>) -> Option<String> {
    let error = asked.text().parse::<Targets>().err();
    let must = error.map(|error| format!("cannot be read: {error}"));
    let text = must.is_none().then(|| asked.text().to_owned());
    asked.or(text, &must.unwrap_or_default(), "as in info,wardroom=debug")
}

pub(crate) fn seconds(asked: &Asked<'_>) -> Option<Duration> {
    let span = shapes::duration(asked.text()).map(|(span, _unit)| span);
    let span = span.filter(|span| *span <= Duration::from_secs(3600));
    let must = "must be a number of seconds, at most 3600";
    asked.or(span, must, "write the digits alone")
}

pub(crate) fn encryption_key(asked: &Asked<'_>) -> Option<EncryptionKey> {
    let key = EncryptionKey::from_hex(asked.text());
    let must = "must be 32 bytes in hex: 64 digits";
    asked.or(key, must, "openssl rand -hex 32 prints one")
}

/// Not checked without the key: half of the App is off, with a warning.
pub(crate) fn app_id(asked: &Asked<'_>) -> Option<u64> {
    asked.env.get("GITHUB_APP_PRIVATE_KEY")?;
    let hint = "it is on the first page of the App's settings";
    asked.or(asked.text().parse().ok(), "must be a number", hint)
}

/// PEM as it is, with `\n` written out (as some dashboards do), or as base64. Not checked without the
/// App's id.
pub(crate) fn private_key(asked: &Asked<'_>) -> Option<Secret> {
    asked.env.get("GITHUB_APP_ID")?;
    let is_pem = |text: &String| text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----");
    let packed = || {
        let packed: String = asked.text().split_whitespace().collect();
        String::from_utf8(STANDARD.decode(packed).ok()?).ok()
    };
    let plain = Some(asked.text().replace("\\n", "\n")).filter(is_pem);
    let pem = plain.or_else(packed).filter(is_pem);
    let hint = "the .pem file's content, base64 of it, or GITHUB_APP_PRIVATE_KEY_FILE";
    let must = "is neither PEM nor base64 of it";
    asked.or(pem.map(Secret::new), must, hint)
}

/// Texts of one shape.
pub(crate) fn all(format: &'static str) -> impl Reader<Vec<String>> {
    move |asked| asked.each(|text| shaped(format, text))
}

fn shaped(format: &str, text: &str) -> Result<String, Fault> {
    let shape = shape(format).expect("the format is in the table");
    match shape.refused(text, text) {
        None => Ok(text.to_owned()),
        Some(fault) => Err(fault),
    }
}

pub(crate) fn services(asked: &Asked<'_>) -> Option<Vec<String>> {
    let mut seen: Vec<String> = Vec::new();
    asked.each(|text| {
        let name = shaped("service-name", text)?;
        if seen.iter().any(|other| same_name(other, &name)) {
            let message = format!("the service `{}` is named twice", short(&name));
            return Err((
                message,
                "names of services differ in more than case".to_owned(),
            ));
        }
        seen.push(name.clone());
        Ok(name)
    })
}

/// The owners of a service, and where it was named.
pub(crate) type Owned = (String, Vec<String>, Place);

/// JSON is YAML: the same reader gives every owner a place and finds names given twice.
pub(crate) fn owners(asked: &Asked<'_>) -> Option<Vec<Owned>> {
    let (place, found) = (&asked.given.place, &asked.env.found);
    let hint = r#"as in {"api":["U024BE7LH"]}"#;
    let refuse = |line, column, message| {
        let file = Arc::clone(&place.file);
        found.error(&Place { file, line, column }, message, hint);
    };
    match serde_json::from_str::<Value>(asked.text()) {
        Ok(Value::Object(_)) => {}
        Ok(_) => {
            refuse(
                1,
                1,
                "SERVICE_OWNERS must be an object of service to user ids",
            );
            return None;
        }
        Err(error) => {
            refuse(
                error.line().max(1),
                error.column().max(1),
                "SERVICE_OWNERS is not JSON",
            );
            return None;
        }
    }
    let node = yaml::parse(&place.file, asked.text().as_bytes(), found)?;
    let schema = schema::of::<Named<ServiceName, Set<SlackUser>>>();
    let mut read = read::read(&node, &schema, "SERVICE_OWNERS", found);
    let owners: Map<String, Value> = read.typed(&node.place, found);
    let owned = owners.into_iter().map(|(service, owners)| {
        let place = read.spots[&read::step("", &service)].place.clone();
        let owners = serde_json::from_value(owners).unwrap_or_default();
        (service, owners, place)
    });
    Some(owned.collect())
}
