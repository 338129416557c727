//! Looks variables up: aliases, `X_FILE` for secrets, and what other programs put around a value.
//!
//! It never touches the process's environment: what looks a variable up is handed in, so that tests
//! run side by side. An empty variable counts as unset, because `.env` files and manifests are full
//! of them. Values are read in `readers`; only names in `VARIABLES` may be asked for.

use std::cell::RefCell;
use std::fmt;
use std::fs::File;
use std::io::Read;

use super::mangled::Value;
use super::problem::{Findings, Place};
use super::readers::{Asked, Reader};
use super::variable::Variable;
use super::variables::VARIABLES;
use crate::invisible;

/// The largest file that `X_FILE` may name.
const MAX_SECRET: u64 = 64 * 1024;

/// A variable that was found: under which name, and what it holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Given {
    pub(super) place: Place,
    pub(super) text: String,
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The environment, with the problems found while reading it.
pub(crate) struct Environment<'e> {
    lookup: &'e dyn Fn(&str) -> Option<String>,
    pub found: RefCell<Findings>,
}

impl<'e> Environment<'e> {
    pub(crate) fn new(lookup: &'e dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            lookup,
            found: RefCell::default(),
        }
    }

    /// A variable of any name, byte for byte.
    pub(super) fn as_it_stands(&self, name: &str) -> Option<String> {
        (self.lookup)(name)
    }

    /// A variable of any name, trimmed and without what other programs put around it; empty is unset.
    pub(crate) fn raw(&self, name: &str) -> Option<String> {
        let value = self.as_it_stands(name)?;
        Value::of(name, &value).text().map(str::to_owned)
    }

    /// What `${NAME}` in a file stands for: the variable, or the content of `NAME_FILE`.
    pub(crate) fn reference(&self, name: &str) -> Result<Option<String>, String> {
        if !VARIABLES.iter().any(|known| known.name == name) {
            self.tell_if_mangled(name);
        }
        match (self.raw(name), self.raw(&format!("{name}_FILE"))) {
            (Some(value), _) => Ok(Some(value)),
            (None, Some(path)) => read_secret(&path)
                .map(Some)
                .map_err(|why| format!("the file that {name}_FILE names cannot be read: {why}")),
            (None, None) => Ok(None),
        }
    }

    pub(crate) fn error(&self, place: &Place, message: impl Into<String>, hint: &str) {
        self.found.borrow_mut().error(place, message, hint);
    }

    pub(crate) fn warning(&self, place: &Place, message: impl Into<String>, hint: &str) {
        self.found.borrow_mut().warning(place, message, hint);
    }

    /// A variable of the table, by its name or an alias, or by `_FILE` when it is a secret.
    pub(crate) fn get(&self, name: &str) -> Option<Given> {
        let variable = variable(name);
        let mut names = variable.names();
        let given = names.find_map(|name| self.named(name, variable.secret))?;
        for other in names {
            // Both spellings of a proxy's variable are often set to the same.
            let differs = |value: String| invisible::trim(&value) != given.1.text;
            if self.raw(other).is_some_and(differs) {
                let message = format!("{other} is ignored: {} is set", given.0);
                self.warning(&Place::variable(other), message, "unset one");
            }
        }
        Some(given.1)
    }

    fn named(&self, name: &'static str, secret: bool) -> Option<(&'static str, Given)> {
        let direct = self.raw(name).map(|text| Given {
            place: Place::variable(name),
            text,
        });
        let in_file = format!("{name}_FILE");
        let Some(path) = self.raw(&in_file).filter(|_| secret) else {
            return direct.map(|given| (name, given));
        };
        let place = Place::variable(&in_file);
        if direct.is_some() {
            let message = format!("both {name} and {in_file} are set");
            self.error(&place, message, "unset one of them");
            return None;
        }
        match read_secret(&path) {
            Ok(text) => Some((name, Given { place, text })),
            Err(why) => {
                let hint = "it names a file that holds the secret and nothing else";
                self.error(&place, format!("the file cannot be read: {why}"), hint);
                None
            }
        }
    }

    /// What is read of a variable that has a default; `default` is its text.
    pub(crate) fn filled<T>(&self, name: &str, default: &str, read: impl Reader<T>) -> T {
        let given = self.optional(name, &read);
        given.unwrap_or_else(|| {
            let (place, text) = (Place::variable(name), default.to_owned());
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
            variable: variable(name),
            given,
            is_default,
        }
    }
}

fn variable(name: &str) -> &'static Variable {
    VARIABLES
        .iter()
        .find(|variable| variable.name == name)
        .unwrap_or_else(|| panic!("{name} is read and is not in VARIABLES"))
}

pub(super) fn read_secret(path: &str) -> Result<String, String> {
    let mut text = String::new();
    let file = File::open(invisible::trim(path)).map_err(|error| error.to_string())?;
    file.take(MAX_SECRET + 1)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    let trimmed = invisible::trim(&text);
    if trimmed.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.len() as u64 > MAX_SECRET {
        return Err("it is larger than 64 KiB".to_owned());
    }
    Ok(trimmed.to_owned())
}
