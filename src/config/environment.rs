//! Looks variables up: aliases, `X_FILE` for secrets, and what other programs put around a value.
//!
//! It never touches the process's environment: what looks a variable up is handed in, so that tests
//! run side by side. An empty variable counts as unset, because `.env` files and manifests are full
//! of them. Values are read in `readers`; only names in the table may be asked for.
//!
//! `docker run --env-file` and systemd's older `EnvironmentFile` keep the quotes of a line, and Kubernetes
//! sets `METRICS_PORT=tcp://10.0.0.1:9090` in every pod beside a Service named `metrics`. The quotes are
//! removed, and such an address counts as unset, both with a warning.

use std::fs::File;
use std::io::Read;

use super::problem::{Findings, Place};
use super::secret::Secret;
use super::variable::Variable;
use crate::invisible;

/// The largest file that `X_FILE` may name.
const MAX_SECRET: u64 = 64 * 1024;
/// What the manifests contain where a secret belongs. It is public, and would work as a secret.
const PLACEHOLDER: &str = "REPLACE-ME";

/// A variable that was found: under which name, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub(super) place: Place,
    pub(super) text: Secret,
}

/// Reads the value of a variable.
pub(crate) trait Reader<T>: Fn(&Asked<'_>) -> Option<T> {}

impl<T, F: Fn(&Asked<'_>) -> Option<T>> Reader<T> for F {}

/// A variable and its text.
pub(crate) struct Asked<'a> {
    pub env: &'a Environment<'a>,
    pub variable: &'static Variable,
    pub given: Given,
    /// Whether the text is the default, because the variable is not set.
    pub is_default: bool,
}

impl Asked<'_> {
    pub(crate) fn text(&self) -> &str {
        self.given.text.expose()
    }

    /// The value, or an error that says what the variable must be.
    pub(crate) fn or<T>(&self, value: Option<T>, must: &str, hint: &str) -> Option<T> {
        if value.is_none() {
            let message = format!("{} {must}", self.variable.name);
            self.env.found.error(&self.given.place, message, hint);
        }
        value
    }

    /// The value, or a warning.
    pub(crate) fn or_warn<T>(&self, value: Option<T>, what: &str, hint: &str) -> Option<T> {
        if value.is_none() {
            let message = format!("{} {what}", self.variable.name);
            self.env.found.warning(&self.given.place, message, hint);
        }
        value
    }
}

/// The environment, with the problems found while reading it.
pub(crate) struct Environment<'e> {
    lookup: &'e dyn Fn(&str) -> Option<String>,
    table: &'static [Variable],
    pub found: Findings,
}

impl<'e> Environment<'e> {
    pub(crate) fn new(
        lookup: &'e dyn Fn(&str) -> Option<String>,
        table: &'static [Variable],
    ) -> Self {
        Self {
            lookup,
            table,
            found: Findings::default(),
        }
    }

    /// A variable of any name, trimmed and without what other programs put around it; empty is unset.
    pub(crate) fn raw(&self, name: &str) -> Option<String> {
        let value = (self.lookup)(name)?;
        let mut value = invisible::trim(&value);
        let inside = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
        if let Some(inside) = inside('"').or_else(|| inside('\'')) {
            value = invisible::trim(inside);
            let message = format!("{name} is in quotes: they are removed");
            let hint = "Docker's --env-file keeps quotes: write the value without them";
            self.found.warning(&Place::variable(name), message, hint);
        }
        let schemes = ["tcp://", "udp://", "sctp://"];
        if name.ends_with("PORT") && schemes.iter().any(|scheme| value.starts_with(scheme)) {
            let message = format!("{name} holds the address of a Kubernetes Service: ignored");
            let hint =
                "set enableServiceLinks: false in the pod, or give the variable its own value";
            self.found.warning(&Place::variable(name), message, hint);
            return None;
        }
        Some(value.to_owned()).filter(|value| !value.is_empty())
    }

    /// What `${NAME}` in a file stands for: the variable, or the content of `NAME_FILE`.
    pub(crate) fn reference(&self, name: &str) -> Result<Option<String>, String> {
        match (self.raw(name), self.raw(&format!("{name}_FILE"))) {
            (Some(value), _) => Ok(Some(value)),
            (None, Some(path)) => read_secret(&path)
                .map(Some)
                .map_err(|why| format!("the file that {name}_FILE names cannot be read: {why}")),
            (None, None) => Ok(None),
        }
    }

    /// A variable of the table, by its name or an alias, or by `_FILE` when it is a secret.
    pub(crate) fn get(&self, name: &str) -> Option<Given> {
        let variable = self.variable(name);
        let mut names = variable.names();
        let given = names.find_map(|name| self.named(name, variable.secret))?;
        for other in names {
            // Both spellings of a proxy's variable are often set to the same.
            if self
                .raw(other)
                .is_some_and(|value| value != given.text.expose())
            {
                let used = given.place.file.trim_start_matches('$');
                let message = format!("{other} is ignored: {used} is set");
                self.found
                    .warning(&Place::variable(other), message, "unset one");
            }
        }
        if variable.no_effect_yet {
            let message = format!("{name} has no effect yet");
            let hint = "the part that would use it is not built";
            self.found.warning(&given.place, message, hint);
        }
        Some(given)
    }

    fn named(&self, name: &str, secret: bool) -> Option<Given> {
        let in_file = format!("{name}_FILE");
        let path = self.raw(&in_file).filter(|_| secret);
        let (place, text) = match (self.raw(name), path) {
            (Some(_), Some(_)) => {
                let message = format!("both {name} and {in_file} are set");
                let place = Place::variable(&in_file);
                self.found.error(&place, message, "unset one of them");
                return None;
            }
            (None, Some(path)) => (Place::variable(&in_file), read_secret(&path)),
            (text, None) => (Place::variable(name), Ok(text?)),
        };
        match text {
            Ok(text) => {
                if text.contains(PLACEHOLDER) {
                    let message = format!("{name} still holds the placeholder {PLACEHOLDER}");
                    let hint = "replace it by the real value, or leave the variable out";
                    self.found.error(&place, message, hint);
                }
                let text = Secret::new(text);
                Some(Given { place, text })
            }
            Err(why) => {
                let message = format!("the file cannot be read: {why}");
                let hint = "it names a file that holds the secret and nothing else";
                self.found.error(&place, message, hint);
                None
            }
        }
    }

    /// What is read of a variable that has a default; `default` is its text.
    pub(crate) fn filled<T>(&self, name: &str, default: &str, read: impl Reader<T>) -> T {
        let given = self.optional(name, &read);
        given.unwrap_or_else(|| {
            let (place, text) = (Place::variable(name), Secret::new(default));
            let read = read(&self.asked(name, Given { place, text }, true));
            read.unwrap_or_else(|| panic!("the default of {name} cannot be read"))
        })
    }

    /// What is read of a variable, when it is set and right.
    pub(crate) fn optional<T>(&self, name: &str, read: impl Reader<T>) -> Option<T> {
        read(&self.asked(name, self.get(name)?, false))
    }

    fn asked(&self, name: &str, given: Given, is_default: bool) -> Asked<'_> {
        Asked {
            env: self,
            variable: self.variable(name),
            given,
            is_default,
        }
    }

    fn variable(&self, name: &str) -> &'static Variable {
        let mut table = self.table.iter();
        let named = table.find(|variable| variable.name == name);
        named.unwrap_or_else(|| panic!("{name} is read and is not in the table"))
    }
}

fn read_secret(path: &str) -> Result<String, String> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_SECRET + 1).read_to_string(&mut text))
        .map_err(|error| error.to_string())?;
    match invisible::trim(&text) {
        "" => Err("it is empty".to_owned()),
        _ if text.len() as u64 > MAX_SECRET => Err("it is larger than 64 KiB".to_owned()),
        text => Ok(text.to_owned()),
    }
}
