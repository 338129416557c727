//! What differs between two configurations, by the names under which it was configured.
//!
//! Names only: a value may be a secret. Everything but the rules needs a restart.

use super::rules::Slack;
use super::{Config, Rules, Secret};

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

fn rules(before: &Rules, after: &Rules) -> Vec<String> {
    let Rules {
        services,
        admins,
        routing,
        templates,
        slack:
            Slack {
                ops_channel,
                outsiders,
                workspace,
            },
    } = before;
    let mut names = Vec::new();
    for service in services.iter().chain(&after.services) {
        let name = format!("services.{}", service.name);
        let same = before.service(&service.name) == after.service(&service.name);
        if !same && !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() && *services != after.services {
        names.push("services".to_owned());
    }
    let routes = &after.routing;
    for (name, same) in [
        ("admins", *admins == after.admins),
        ("routing.P1", routing.p1 == routes.p1),
        ("routing.P2", routing.p2 == routes.p2),
        ("routing.P3", routing.p3 == routes.p3),
        ("routing.P4", routing.p4 == routes.p4),
        ("templates", *templates == after.templates),
        ("slack.ops_channel", *ops_channel == after.slack.ops_channel),
        ("slack.outsiders", *outsiders == after.slack.outsiders),
        ("slack.workspace", *workspace == after.slack.workspace),
    ] {
        if !same {
            names.push(name.to_owned());
        }
    }
    names
}

type Part = fn(&Config) -> Option<&Secret>;

/// The secrets, which may come from files and so change while a process runs.
const SECRETS: [(&str, Part); 13] = [
    ("SLACK_BOT_TOKEN", |c| c.slack.as_ref()?.bot_token.as_ref()),
    ("SLACK_SIGNING_SECRET", |c| {
        c.slack.as_ref()?.signing_secret.as_ref()
    }),
    ("SLACK_SIGNING_SECRET_PREVIOUS", |c| {
        c.slack.as_ref()?.signing_secret_previous.as_ref()
    }),
    ("SLACK_APP_TOKEN", |c| c.slack.as_ref()?.app_token.as_ref()),
    ("GITHUB_WEBHOOK_SECRET", |c| {
        c.github.webhook_secret.as_ref()
    }),
    ("GITHUB_WEBHOOK_SECRET_PREVIOUS", |c| {
        c.github.webhook_secret_previous.as_ref()
    }),
    ("GITHUB_TOKEN", |c| c.github.token.as_ref()),
    ("GITHUB_APP_PRIVATE_KEY", |c| {
        Some(&c.github.app.as_ref()?.private_key)
    }),
    ("STATUSPAGE_API_KEY", |c| {
        Some(&c.statuspage.as_ref()?.api_key)
    }),
    ("ADMIN_TOKEN", |c| c.http.admin_token.as_ref()),
    ("METRICS_TOKEN", |c| c.http.metrics_token.as_ref()),
    ("ALERTS_TOKEN", |c| c.http.alerts_token.as_ref()),
    ("DEADMAN_URL", |c| c.deadman_url.as_ref()),
];

fn restart(before: &Config, after: &Config) -> Vec<&'static str> {
    let secrets = SECRETS
        .iter()
        .filter(|(_, of)| of(before) != of(after))
        .map(|(name, _)| *name);
    let mut names: Vec<_> = secrets.collect();
    if before.database != after.database {
        names.push("DATABASE_URL");
    }
    if before.encryption_key != after.encryption_key {
        names.push("ENCRYPTION_KEY");
    }
    let without_rules = |config: &Config| Config {
        rules: before.rules.clone(),
        file: before.file.clone(),
        ..config.clone()
    };
    if names.is_empty() && without_rules(before) != without_rules(after) {
        names.push("another variable");
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
        later.worker_concurrency += 1;
        let changed = after.difference(&later);
        assert_eq!(changed.rules, ["services.api"]);
        assert_eq!(changed.restart, ["another variable"]);
        later.rules.services.reverse();
        later.rules.services[0].owners.clear();
        assert!(after.difference(&later).rules.is_empty());
        later.rules.services.reverse();
        assert_eq!(after.difference(&later).rules, ["services"], "their order");
    }
}
