//! Values that other programs put into the environment, or changed on the way.
//!
//! `docker run --env-file` and systemd's older `EnvironmentFile` keep the quotes of a line, and a secret
//! with its quotes in it verifies nothing: they are taken off, with a warning. Kubernetes sets
//! `METRICS_PORT=tcp://10.0.0.1:9090` in every pod beside a Service named `metrics`: such a value was set
//! by nobody who configures Wardroom and counts as unset, with a warning. A value that really has quotes
//! around it can be given as a file (`NAME_FILE`), whose content is taken as it is.

use super::environment::Environment;
use super::problem::Place;
use super::variables::VARIABLES;
use crate::invisible;

/// What a variable's value turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value<'v> {
    Plain(&'v str),
    /// What stands between the quotes.
    Quoted(&'v str),
    /// Kubernetes' address of a Service.
    ServiceLink,
}

impl<'v> Value<'v> {
    /// Reads the value of the variable `name`.
    pub(super) fn of(name: &str, value: &'v str) -> Self {
        let value = invisible::trim(value);
        for quote in ['"', '\''] {
            let inside = value
                .strip_prefix(quote)
                .and_then(|rest| rest.strip_suffix(quote));
            if let Some(inside) = inside {
                return Self::Quoted(invisible::trim(inside));
            }
        }
        let link = |scheme: &&str| value.starts_with(*scheme);
        if name.ends_with("PORT") && ["tcp://", "udp://", "sctp://"].iter().any(link) {
            return Self::ServiceLink;
        }
        Self::Plain(value)
    }

    /// The text to use; `None`: as if the variable were unset.
    pub(super) fn text(self) -> Option<&'v str> {
        match self {
            Self::Plain(text) | Self::Quoted(text) => Some(text).filter(|text| !text.is_empty()),
            Self::ServiceLink => None,
        }
    }
}

impl Environment<'_> {
    /// Names each variable of ours whose value was not taken as it stood.
    pub(super) fn tell_mangled(&self) {
        for variable in VARIABLES {
            for name in variable.names() {
                self.tell_if_mangled(name);
                if variable.secret {
                    self.tell_if_mangled(&format!("{name}_FILE"));
                }
            }
        }
    }

    /// The same for one name.
    pub(super) fn tell_if_mangled(&self, name: &str) {
        let value = self.as_it_stands(name).unwrap_or_default();
        let (message, hint) = match Value::of(name, &value) {
            Value::Plain(_) => return,
            Value::Quoted(_) => (
                format!("{name} stands in quotes: they were taken off"),
                "Docker's --env-file keeps quotes: write the value without them",
            ),
            Value::ServiceLink => (
                format!("{name} holds the address of a Kubernetes Service: ignored"),
                "set enableServiceLinks: false in the pod, or give the variable its own value",
            ),
        };
        self.warning(&Place::variable(name), message, hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_come_off_in_pairs_and_addresses_of_services_are_told_from_ports() {
        for (name, value, expected) in [
            ("ADMIN_TOKEN", "abc", Value::Plain("abc")),
            ("ADMIN_TOKEN", "\"abc\"", Value::Quoted("abc")),
            ("ADMIN_TOKEN", " 'abc' \r", Value::Quoted("abc")),
            ("ADMIN_TOKEN", "\"abc", Value::Plain("\"abc")),
            ("ADMIN_TOKEN", "'abc\"", Value::Plain("'abc\"")),
            ("ADMIN_TOKEN", "\"", Value::Plain("\"")),
            ("ADMIN_TOKEN", "\"\"", Value::Quoted("")),
            ("DB_PORT", "tcp://10.0.0.1:5432", Value::ServiceLink),
            ("PORT", "udp://[fd00::1]:53", Value::ServiceLink),
            ("METRICS_PORT", "9090", Value::Plain("9090")),
            (
                "DB_HOST",
                "tcp://10.0.0.1:5432",
                Value::Plain("tcp://10.0.0.1:5432"),
            ),
        ] {
            assert_eq!(Value::of(name, value), expected, "{name}={value}");
        }
        assert_eq!(Value::of("ADMIN_TOKEN", "''").text(), None);
        assert_eq!(Value::of("DB_PORT", "tcp://10.0.0.1:1").text(), None);
    }
}
