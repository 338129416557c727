//! What the keys of `wardroom.yaml` mean: from the tree to `Rules`.
//!
//! It reads nothing but the tree and the few variables that win over it. Keys whose part is not
//! built are checked all the same (`later`), so that a file written for the next version is either
//! right or refused, and the person is told what has no effect.

use super::environment::Overrides;
use super::later;
use super::problem::{Findings, Place};
use super::read::{self, Fields, same_name};
use super::rules::{
    Outsiders, Route, Routing, Rules, Service, Slack, Template, built_in_templates,
};
use super::values::{self, Pattern, SlackId};
use super::yaml::{Kind, Node, short};

/// Every map with fixed keys and its keys; `wardroom.example.yaml` must show each of them.
#[cfg(test)]
pub(crate) const KEYS: &[(&str, &[&str])] = &[
    ("the file", TOP),
    ("a service", SERVICE),
    ("`routing`", &values::SEVERITIES),
    ("a route", ROUTE),
    ("`slack`", SLACK),
    ("a template", TEMPLATE),
    ("`github`", later::GITHUB),
    ("a heartbeat", later::HEARTBEAT),
    ("`alerts`", later::ALERTS),
    ("an alert route", later::ALERT_ROUTE),
];

const TOP: &[&str] = &[
    "version",
    "extends",
    "services",
    "admins",
    "routing",
    "slack",
    "templates",
    "github",
    "heartbeats",
    "alerts",
];
const SERVICE: &[&str] = &["owners", "repositories", "statuspage_component", "channels"];
const ROUTE: &[&str] = &["channels", "users"];
const SLACK: &[&str] = &["ops_channel", "outsiders", "workspace"];
const TEMPLATE: &[&str] = &["name", "title", "severity", "service", "text"];

/// Reads the whole tree; `overrides` are the environment's lists, which win.
pub(crate) fn rules(root: &Node, overrides: &Overrides, found: &mut Findings) -> Rules {
    let fields = Fields::of(root, "the file", TOP, found);
    if let Some(node) = fields.get("version") {
        version(node, found);
    }
    let written = fields
        .get("services")
        .map_or_else(Vec::new, |node| services(node, found));
    let services = overridden(written, overrides, found);
    let names: Vec<String> = services
        .iter()
        .map(|service| service.name.clone())
        .collect();
    let admins = fields.get("admins").map_or_else(Vec::new, |node| {
        read::slack_ids(node, SlackId::User, "`admins`", found)
    });
    let mut routing = fields
        .get("routing")
        .map_or_else(Routing::default, |n| self::routing(n, found));
    replace(&mut routing.p1.channels, overrides.p1_channels.as_ref());
    replace(&mut routing.p2.channels, overrides.p2_channels.as_ref());
    replace(&mut routing.p1.users, overrides.p1_users.as_ref());
    let slack = fields
        .get("slack")
        .map_or_else(Slack::default, |node| self::slack(node, found));
    let templates = match fields.get("templates") {
        Some(node) => templates(node, &names, found),
        None => built_in_templates(),
    };
    if let Some((key, node)) = fields.entry("github") {
        later::github(key, node, found);
    }
    if let Some((key, node)) = fields.entry("heartbeats") {
        later::heartbeats(key, node, &names, found);
    }
    if let Some((key, node)) = fields.entry("alerts") {
        later::alerts(key, node, &names, found);
    }
    Rules {
        services,
        admins,
        routing,
        templates,
        slack,
    }
}

fn slack(node: &Node, found: &mut Findings) -> Slack {
    let fields = Fields::of(node, "`slack`", SLACK, found);
    let ops_channel = fields
        .get("ops_channel")
        .and_then(|node| read::slack_id(node, SlackId::Channel, "`ops_channel`", found));
    let outsiders = fields
        .get("outsiders")
        .and_then(|node| read::one_of(node, "`outsiders`", &["allow", "refuse"], found));
    let workspace = fields
        .get("workspace")
        .and_then(|node| read::slack_id(node, SlackId::Workspace, "`workspace`", found));
    Slack {
        ops_channel,
        outsiders: match outsiders.as_deref() {
            Some("refuse") => Outsiders::Refuse,
            Some(_) | None => Outsiders::Allow,
        },
        workspace,
    }
}

fn replace(list: &mut Vec<String>, by: Option<&Vec<String>>) {
    if let Some(by) = by {
        list.clone_from(by);
    }
}

fn version(node: &Node, found: &mut Findings) {
    let fine = matches!(&node.kind, Kind::Scalar(s) if matches!(s.text.as_str(), "1" | "1.0"));
    if !fine {
        found
            .error(&node.place, "the only version is \"1\"")
            .hint("write version: \"1\"");
    }
}

fn services(node: &Node, found: &mut Findings) -> Vec<Service> {
    let mut services: Vec<Service> = Vec::new();
    for (key, node) in read::entries(node, "`services`", found) {
        if let Some(fault) = values::service_name_fault(&key.name) {
            found.error(&key.place, fault);
            continue;
        }
        if let Some(other) = services
            .iter()
            .find(|other| same_name(&other.name, &key.name))
        {
            let (name, other) = (short(&key.name), short(&other.name));
            found
                .error(
                    &key.place,
                    format!("the services `{other}` and `{name}` are the same"),
                )
                .hint("names of services differ in more than case");
            continue;
        }
        services.push(service(&key.name, node, found));
    }
    services
}

fn service(name: &str, node: &Node, found: &mut Findings) -> Service {
    let fields = Fields::of(node, "a service", SERVICE, found);
    let mut service = Service {
        name: name.to_owned(),
        ..Service::default()
    };
    if let Some(node) = fields.get("owners") {
        service.owners = read::slack_ids(node, SlackId::User, "`owners`", found);
    }
    if let Some(node) = fields.get("repositories") {
        service.repositories = read::repositories(node, Pattern::Literal, "`repositories`", found);
    }
    if let Some(node) = fields.get("statuspage_component") {
        service.statuspage_component = component(node, found);
    }
    if let Some(node) = fields.get("channels") {
        service.channels = read::slack_ids(node, SlackId::Channel, "`channels`", found);
    }
    service
}

fn component(node: &Node, found: &mut Findings) -> Option<String> {
    let id = read::line(node, "`statuspage_component`", 64, found)?;
    if id
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    {
        return Some(id);
    }
    found
        .error(
            &node.place,
            "`statuspage_component` is a component's id: letters, digits, `-` and `_`",
        )
        .hint("it is the last part of the component's address in the Statuspage admin");
    None
}

/// `SERVICES` says which there are (the file may hold more about each), `SERVICE_OWNERS` replaces
/// the owners of those that it names.
fn overridden(written: Vec<Service>, overrides: &Overrides, found: &mut Findings) -> Vec<Service> {
    let mut services = match &overrides.services {
        None => written,
        Some(names) => names
            .iter()
            .map(|name| {
                let known = written
                    .iter()
                    .find(|service| same_name(&service.name, name));
                known.cloned().unwrap_or(Service {
                    name: name.clone(),
                    ..Service::default()
                })
            })
            .collect(),
    };
    let define = services.is_empty();
    let owners = overrides.service_owners.as_deref().unwrap_or_default();
    for owned in owners {
        match services
            .iter_mut()
            .find(|service| same_name(&service.name, &owned.service))
        {
            Some(service) => service.owners.clone_from(&owned.owners),
            // With no services anywhere else, the variable is what defines them.
            None if define => services.push(Service {
                name: owned.service.clone(),
                owners: owned.owners.clone(),
                ..Service::default()
            }),
            None => unknown_service(&owned.place, &owned.service, &services, found),
        }
    }
    services
}

fn unknown_service(place: &Place, name: &str, services: &[Service], found: &mut Findings) {
    let near = super::problem::nearest(name, services.iter().map(|s| s.name.as_str()));
    found
        .error(place, format!("there is no service `{}`", short(name)))
        .hint(match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "add it to SERVICES or under services:".to_owned(),
        });
}

fn routing(node: &Node, found: &mut Findings) -> Routing {
    let fields = Fields::of(node, "`routing`", &values::SEVERITIES, found);
    let mut route = |severity: &str| {
        fields
            .get(severity)
            .map_or_else(Route::default, |node| self::route(node, found))
    };
    Routing {
        p1: route("P1"),
        p2: route("P2"),
        p3: route("P3"),
        p4: route("P4"),
    }
}

fn route(node: &Node, found: &mut Findings) -> Route {
    let fields = Fields::of(node, "a route", ROUTE, found);
    let mut ids = |key: &str, id: SlackId| {
        let what = format!("`{key}`");
        fields
            .get(key)
            .map_or_else(Vec::new, |node| read::slack_ids(node, id, &what, found))
    };
    Route {
        channels: ids("channels", SlackId::Channel),
        users: ids("users", SlackId::User),
    }
}

fn templates(node: &Node, services: &[String], found: &mut Findings) -> Vec<Template> {
    let mut templates: Vec<Template> = Vec::new();
    let items = read::items(node, "`templates`", found);
    if items.len() > 100 {
        found
            .error(&items[100].place, "more than 100 templates")
            .hint("Slack shows no more than 100 options");
    }
    for node in items {
        let Some(template) = template(node, services, found) else {
            continue;
        };
        if templates
            .iter()
            .any(|other| same_name(&other.name, &template.name))
        {
            let name = short(&template.name);
            found.error(&node.place, format!("there is a template `{name}` already"));
            continue;
        }
        templates.push(template);
    }
    templates
}

fn template(node: &Node, services: &[String], found: &mut Findings) -> Option<Template> {
    let fields = Fields::of(node, "a template", TEMPLATE, found);
    let place = &node.place;
    let name = fields.required("name", place, "a template", found);
    let title = fields.required("title", place, "a template", found);
    let severity = fields.required("severity", place, "a template", found);
    let name = name.and_then(|node| read::line(node, "a template's `name`", 75, found));
    let title = title.and_then(|node| read::line(node, "a template's `title`", 100, found));
    let severity = severity.and_then(|node| read::severity(node, "`severity`", found));
    let service = fields
        .get("service")
        .and_then(|node| read::known_service(node, "`service`", services, found));
    let text = fields
        .get("text")
        .and_then(|node| read::line(node, "`text`", 3000, found));
    Some(Template {
        name: name?,
        title: title?,
        severity: severity?,
        service,
        text,
    })
}
