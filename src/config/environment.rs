//! Reads variables: one lookup, aliases, `X_FILE` for secrets, and a value checked by its shape.
//!
//! It never touches the process's environment: what looks a variable up is handed in, so that tests
//! run side by side. An empty variable counts as unset, because `.env` files and manifests are full
//! of them. What a variable means is for `settings`; only names in `VARIABLES` may be asked for.

use std::cell::RefCell;
use std::fs::File;
use std::io::Read;

use super::mangled::Value;
use super::problem::{Findings, Place, nearest};
use super::secret::Secret;
use super::values::{self, SlackId};
use super::variables::{VARIABLES, Variable};
use super::yaml::{self, Kind, short};
use crate::unseen;

/// The largest file that `X_FILE` may name.
const MAX_SECRET: u64 = 64 * 1024;

/// The variables that win over the file's lists.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    pub services: Option<Vec<String>>,
    pub service_owners: Option<Vec<Owned>>,
    pub p1_channels: Option<Vec<String>>,
    pub p2_channels: Option<Vec<String>>,
    pub p1_users: Option<Vec<String>>,
}

/// One entry of `SERVICE_OWNERS`.
#[derive(Debug)]
pub(crate) struct Owned {
    pub service: String,
    pub owners: Vec<String>,
    pub place: Place,
}

/// A variable that was found: under which name, and what it holds.
pub(crate) struct Given {
    pub place: Place,
    pub text: String,
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
        self.found.borrow_mut().error(place, message).hint(hint);
    }

    pub(crate) fn warning(&self, place: &Place, message: impl Into<String>, hint: &str) {
        self.found.borrow_mut().warning(place, message).hint(hint);
    }

    /// A variable of the table, by its name or an alias, or by `_FILE` when it is a secret.
    pub(crate) fn get(&self, name: &str) -> Option<Given> {
        let variable = variable(name);
        let mut names = std::iter::once(variable.name).chain(variable.aliases.iter().copied());
        let given = names.find_map(|name| self.named(name, variable.secret))?;
        for other in names {
            // Both spellings of a proxy's variable are often set to the same.
            let differs = |value: String| unseen::trim(&value) != given.1.text;
            if self.raw(other).is_some_and(differs) {
                let at = Place::variable(other);
                self.warning(
                    &at,
                    format!("{other} is ignored: {} is set", given.0),
                    "unset one",
                );
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
            self.error(
                &place,
                format!("both {name} and {in_file} are set"),
                "unset one of them",
            );
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

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|given| given.text)
    }

    pub(crate) fn secret(&self, name: &str) -> Option<Secret> {
        let given = self.get(name)?;
        // A token goes into a header: a line break in it is a copy that went wrong.
        let fault = if given
            .text
            .contains(|c: char| c.is_control() || c.is_whitespace())
        {
            Some("a space or a line break")
        } else if given.text.contains(unseen::is_unseen) {
            Some("an unseen character")
        } else {
            None
        };
        if let Some(fault) = fault {
            let hint = "copy it again, without spaces and line breaks";
            self.error(&given.place, format!("{name} has {fault} in it"), hint);
            return None;
        }
        Some(Secret::new(given.text))
    }

    pub(crate) fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<u32>,
        default: u32,
    ) -> u32 {
        let Some(given) = self.get(name) else {
            return default;
        };
        match given.text.parse::<u32>() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                let (from, to) = (range.start(), range.end());
                let message = format!("{name} must be a whole number from {from} to {to}");
                self.error(&given.place, message, "write the digits alone");
                default
            }
        }
    }

    pub(crate) fn port(&self, name: &str) -> Option<u16> {
        let given = self.get(name)?;
        let port = given.text.parse::<u16>().ok();
        if port.is_none() {
            let message = format!("{name} must be a port, from 0 to 65535");
            self.error(&given.place, message, "write the digits alone");
        }
        port
    }

    pub(crate) fn boolean(&self, name: &str) -> Option<bool> {
        let given = self.get(name)?;
        let boolean = values::boolean(&given.text);
        if boolean.is_none() {
            self.error(
                &given.place,
                format!("{name} must be true or false"),
                "write true or false",
            );
        }
        boolean
    }

    /// An http or https address without credentials, query and last slash.
    pub(crate) fn base_url(&self, name: &str, default: &str) -> String {
        let Some(given) = self.get(name) else {
            return default.to_owned();
        };
        let fine = url::Url::parse(&given.text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
        });
        if fine {
            return given.text.trim_end_matches('/').to_owned();
        }
        let message = format!("{name} must be an http or https address, without user and query");
        self.error(&given.place, message, &format!("as in {default}"));
        default.to_owned()
    }

    /// A comma list; empty items are dropped. Places point at the item.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<Given>> {
        let given = self.get(name)?;
        let mut column = 0;
        let mut items: Vec<Given> = Vec::new();
        for part in given.text.split(',') {
            let text = unseen::trim(part);
            let indent = part.chars().count() - unseen::trim_start(part).chars().count();
            if !text.is_empty() && !items.iter().any(|item| item.text == text) {
                let place = given.place.moved_right(column + indent);
                items.push(Given {
                    place,
                    text: text.to_owned(),
                });
            }
            column += part.chars().count() + 1;
        }
        Some(items)
    }

    fn ids(&self, name: &str, id: SlackId) -> Option<Vec<String>> {
        let mut ids = Vec::new();
        for item in self.list(name)? {
            if id.matches(&item.text) {
                ids.push(item.text);
            } else {
                self.error(&item.place, id.complaint(&short(&item.text)), id.hint());
            }
        }
        Some(ids)
    }

    /// The lists that win over the file's.
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            services: self.services(),
            service_owners: self.service_owners(),
            p1_channels: self.ids("P1_CHANNELS", SlackId::Channel),
            p2_channels: self.ids("P2_CHANNELS", SlackId::Channel),
            p1_users: self.ids("P1_USERS", SlackId::User),
        }
    }

    fn services(&self) -> Option<Vec<String>> {
        let mut names: Vec<String> = Vec::new();
        for item in self.list("SERVICES")? {
            if let Some(fault) = values::service_name_fault(&item.text) {
                self.error(&item.place, fault, "names are separated by commas");
            } else if names
                .iter()
                .any(|name| super::read::same_name(name, &item.text))
            {
                let message = format!("the service `{}` is named twice", short(&item.text));
                self.error(
                    &item.place,
                    message,
                    "names of services differ in more than case",
                );
            } else {
                names.push(item.text);
            }
        }
        Some(names)
    }

    /// JSON is YAML: the same reader gives every owner a place and finds names given twice.
    fn service_owners(&self) -> Option<Vec<Owned>> {
        let given = self.get("SERVICE_OWNERS")?;
        let shape = r#"as in {"api":["U024BE7LH"]}"#;
        if let Err(error) = serde_json::from_str::<serde_json::Value>(&given.text) {
            let (line, column) = (error.line().max(1), error.column().max(1));
            let place = Place {
                line,
                column,
                ..given.place
            };
            self.error(&place, "SERVICE_OWNERS is not JSON", shape);
            return None;
        }
        let found = &mut *self.found.borrow_mut();
        let node = yaml::parse(&given.place.file, given.text.as_bytes(), found)?;
        let Kind::Map(entries) = &node.kind else {
            found
                .error(
                    &node.place,
                    "SERVICE_OWNERS must be an object of service to user ids",
                )
                .hint(shape);
            return None;
        };
        let mut owned = Vec::new();
        for (key, node) in entries {
            let owners = super::read::slack_ids(node, SlackId::User, "the owners", found);
            match values::service_name_fault(&key.name) {
                Some(fault) => found.error(&key.place, fault).hint(shape),
                None => {
                    let (service, place) = (key.name.clone(), key.place.clone());
                    owned.push(Owned {
                        service,
                        owners,
                        place,
                    });
                    continue;
                }
            };
        }
        Some(owned)
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
    let file = File::open(unseen::trim(path)).map_err(|error| error.to_string())?;
    file.take(MAX_SECRET + 1)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    let trimmed = unseen::trim(&text);
    if trimmed.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.len() as u64 > MAX_SECRET {
        return Err("it is larger than 64 KiB".to_owned());
    }
    Ok(trimmed.to_owned())
}

/// The nearest of a few words, as a hint.
pub(crate) fn choice(typed: &str, words: &[&'static str]) -> String {
    match nearest(typed, words.iter().copied()) {
        Some(near) => format!("did you mean {near}? one of {}", words.join(", ")),
        None => format!("one of {}", words.join(", ")),
    }
}
