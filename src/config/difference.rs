//! What differs between two configurations, by the names under which it was configured.
//!
//! Names only: a value may be a secret. Everything but the rules needs a restart.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Config, Rules};

/// The names of what differs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Keys of the rules: `services.api`, `routing.P1`. They take effect at once.
    pub rules: Vec<String>,
    /// Variables, which take effect after a restart.
    pub restart: Vec<&'static str>,
}

impl Config {
    /// What `after` has otherwise.
    #[must_use]
    pub fn difference(&self, after: &Self) -> Difference {
        Difference {
            rules: rules(&self.rules, &after.rules),
            restart: restart(self, after),
        }
    }
}

/// By their keys, two steps deep: `services.api`, `slack.outsiders`.
fn rules(before: &Rules, after: &Rules) -> Vec<String> {
    let [before_keys, after_keys] =
        [before, after].map(|rules| match serde_json::to_value(rules) {
            Ok(Value::Object(keys)) => keys,
            Ok(_) | Err(_) => Map::new(),
        });
    let mut names = Vec::new();
    for (key, of_key) in &before_keys {
        let of_after = &after_keys[key];
        let (Value::Object(inner), Value::Object(inner_after)) = (of_key, of_after) else {
            if of_key != of_after {
                names.push(key.clone());
            }
            continue;
        };
        let mut all: Vec<&String> = inner.keys().chain(inner_after.keys()).collect();
        let mut seen = BTreeSet::new();
        all.retain(|name| seen.insert(*name) && inner.get(*name) != inner_after.get(*name));
        names.extend(all.iter().map(|name| format!("{key}.{name}")));
        // The same services in another order.
        if all.is_empty() && !inner.keys().eq(inner_after.keys()) {
            names.push(key.clone());
        }
    }
    names
}

fn restart(before: &Config, after: &Config) -> Vec<&'static str> {
    let mut names = before.variables.differing(&after.variables);
    // The same variables may name a file whose content is another now.
    if before.database != after.database && !names.iter().any(|name| name.contains("DATABASE_URL"))
    {
        names.push("DATABASE_URL");
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Service;

    fn config(token: &str) -> Config {
        let set = |name: &str| (name == "ADMIN_TOKEN").then(|| token.to_owned());
        Config::load(None, &set).expect("a fine environment").0
    }

    #[test]
    fn what_changed_is_named_and_no_secret_is_shown() {
        let before = config("hunter2");
        assert_eq!(before.difference(&before), Difference::default());
        let mut after = config("hunter3");
        let service = |name: &str| Service {
            name: name.to_owned(),
            ..Service::default()
        };
        after.rules.services = vec![service("api"), service("db")];
        after.rules.routing.p1.channels.push("C1".to_owned());
        let changed = before.difference(&after);
        assert_eq!(changed.rules, ["services.api", "services.db", "routing.P1"]);
        assert_eq!(changed.restart, ["ADMIN_TOKEN"]);
        let mut later = after.clone();
        later.rules.services.reverse();
        later.rules.services[1].owners.push("U1".to_owned());
        later.variables.process.worker_concurrency += 1;
        let changed = after.difference(&later);
        assert_eq!(changed.rules, ["services.api"]);
        assert_eq!(changed.restart, ["WORKER_CONCURRENCY"]);
        later.rules.services.reverse();
        later.rules.services[0].owners.clear();
        assert!(after.difference(&later).rules.is_empty());
        later.rules.services.reverse();
        assert_eq!(after.difference(&later).rules, ["services"], "their order");
    }
}
