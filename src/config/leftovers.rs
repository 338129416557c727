//! Variables that somebody brought along or left as they stood: placeholders, and names that mean
//! nothing here. A placeholder is refused; the others are named once.

use super::environment::{Environment, read_secret};
use super::problem::Place;
use super::variables::{INEFFECTIVE, INEFFECTIVE_FAMILIES, LATER, LEFT_OUT, LIBPQ, VARIABLES};
use std::collections::BTreeSet;

/// What stands in the manifests where a secret belongs.
const PLACEHOLDER: &str = "REPLACE-ME";

impl Environment<'_> {
    /// Says what is left over; `names` are those of all variables that there are.
    pub(super) fn tell_leftovers(&self, names: &[String]) {
        self.tell_ineffective(names);
        self.tell_mangled();
        self.refuse_placeholders();
    }

    /// A placeholder that was left standing is public, and would work as a secret.
    fn refuse_placeholders(&self) {
        let names = VARIABLES.iter().flat_map(|variable| {
            let names = std::iter::once(variable.name).chain(variable.aliases.iter().copied());
            names.map(|name| (name, variable.secret))
        });
        for (name, secret) in names {
            let in_file = || self.raw(&format!("{name}_FILE")).filter(|_| secret);
            let value = self
                .raw(name)
                .or_else(|| in_file().and_then(|path| read_secret(&path).ok()));
            if value.is_some_and(|value| value.contains(PLACEHOLDER)) {
                self.error(
                    &Place::variable(name),
                    format!("{name} still holds the placeholder {PLACEHOLDER}"),
                    "put the real value in, or leave the variable out",
                );
            }
        }
    }

    /// Names that mean nothing here, or nothing yet: said once at the start.
    fn tell_ineffective(&self, names: &[String]) {
        let mut told = BTreeSet::new();
        let tell = |name: &str, why: &str| {
            self.warning(&Place::variable(name), format!("{name} has no effect"), why);
        };
        for (name, why) in INEFFECTIVE {
            if self.raw(name).is_some() {
                tell(name, why);
                told.insert(*name);
            }
        }
        let left_out = self.raw(LEFT_OUT).unwrap_or_default();
        for name in LIBPQ {
            if left_out.split(',').any(|other| other == *name) {
                tell(
                    name,
                    "the private PostgreSQL is not reached by libpq's variables",
                );
            }
        }
        for name in names.iter().map(String::as_str) {
            let family = INEFFECTIVE_FAMILIES
                .iter()
                .find(|(begins, _)| name.starts_with(begins));
            if let Some((_, why)) = family.filter(|_| !told.contains(name)) {
                tell(name, why);
            }
        }
        for name in LATER {
            if let Some(given) = self.get(name) {
                let message = format!("{name} has no effect yet");
                self.warning(
                    &given.place,
                    message,
                    "the part that would use it is not built",
                );
            }
        }
    }
}
