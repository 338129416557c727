//! Variables that mean nothing here, or nothing yet: said once at the start, so that nobody waits
//! for what never comes.

use super::environment::Environment;
use super::problem::Place;
use super::variables::{INEFFECTIVE, INEFFECTIVE_FAMILIES, LATER};
use std::collections::BTreeSet;

impl Environment<'_> {
    /// Names that mean nothing here, or nothing yet: said once at the start.
    pub(crate) fn tell_ineffective(&self, names: &[String]) {
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
