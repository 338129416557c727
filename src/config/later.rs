//! Keys that are documented and whose part is not built yet: `github`, `heartbeats`, `alerts`.
//!
//! They are checked as strictly as the others and then dropped, with a notice that they have no
//! effect: nothing pretends, and nobody finds out about a mistake only with the next version.

use super::problem::Findings;
use super::read::{self, Fields};
use super::values::{Pattern, SlackId};
use super::yaml::{Key, Kind, Node, short};

pub(crate) const GITHUB: &[&str] = &[
    "repositories",
    "channel",
    "max_reruns_per_run",
    "rerun_delays",
    "cooldown",
];
pub(crate) const HEARTBEAT: &[&str] = &["period", "grace", "service", "severity", "token"];
pub(crate) const ALERTS: &[&str] = &["routes"];
pub(crate) const ALERT_ROUTE: &[&str] = &["match", "incident", "channel"];

fn no_effect_yet(key: &Key, found: &mut Findings) {
    found.warning(&key.place, format!("`{}` has no effect yet", key.name));
}

pub(crate) fn github(key: &Key, node: &Node, found: &mut Findings) {
    no_effect_yet(key, found);
    let fields = Fields::of(node, "`github`", GITHUB, found);
    if let Some(node) = fields.get("repositories") {
        read::repositories(node, Pattern::Allowed, "`repositories`", found);
    }
    if let Some(node) = fields.get("channel") {
        read::slack_id(node, SlackId::Channel, "`channel`", found);
    }
    if let Some(node) = fields.get("max_reruns_per_run") {
        read::number(node, "`max_reruns_per_run`", 0..=10, found);
    }
    if let Some(node) = fields.get("rerun_delays") {
        for delay in read::items(node, "`rerun_delays`", found) {
            read::duration(delay, "a delay", found);
        }
    }
    if let Some(node) = fields.get("cooldown") {
        read::duration(node, "`cooldown`", found);
    }
}

pub(crate) fn heartbeats(key: &Key, node: &Node, services: &[String], found: &mut Findings) {
    no_effect_yet(key, found);
    for (name, node) in read::entries(node, "`heartbeats`", found) {
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.name.is_empty() || !name.name.chars().all(fine) {
            found
                .error(
                    &name.place,
                    format!("`{}` cannot name a heartbeat", short(&name.name)),
                )
                .hint("it is a part of an address: letters, digits, `-`, `_` and `.`");
        }
        let fields = Fields::of(node, "a heartbeat", HEARTBEAT, found);
        if let Some(node) = fields.required("period", &name.place, "a heartbeat", found) {
            read::duration(node, "`period`", found);
        }
        if let Some(node) = fields.get("grace") {
            read::duration(node, "`grace`", found);
        }
        if let Some(node) = fields.get("service") {
            read::known_service(node, "`service`", services, found);
        }
        if let Some(node) = fields.get("severity") {
            read::severity(node, "`severity`", found);
        }
        if let Some(node) = fields.get("token") {
            read::text(node, "`token`", found);
        }
    }
}

pub(crate) fn alerts(key: &Key, node: &Node, services: &[String], found: &mut Findings) {
    no_effect_yet(key, found);
    let fields = Fields::of(node, "`alerts`", ALERTS, found);
    let Some(routes) = fields.get("routes") else {
        return;
    };
    for node in read::items(routes, "`routes`", found) {
        let fields = Fields::of(node, "an alert route", ALERT_ROUTE, found);
        if let Some(node) = fields.get("match") {
            for (label, node) in read::entries(node, "`match`", found) {
                if label.name == "service" && matches!(node.kind, Kind::Scalar(_)) {
                    read::known_service(node, "`service`", services, found);
                } else {
                    read::text(node, "a label", found);
                }
            }
        }
        if let Some(node) = fields.get("incident") {
            const WORDS: [&str; 6] = ["P1", "P2", "P3", "P4", "propose", "none"];
            read::one_of(node, "`incident`", &WORDS, found);
        }
        if let Some(node) = fields.get("channel") {
            read::slack_id(node, SlackId::Channel, "`channel`", found);
        }
    }
}
