//! From the tree of `wardroom.yaml` to `Rules`: the schema's checks, then those that need more than one
//! value, with the variables that override the file.

use super::digest::Digest;
use super::healing::BUILT_IN_PLAYBOOKS;
use super::problem::{Findings, short};
use super::read::{self, Read, Spot, near};
use super::rules::{Rules, Service};
use super::schema;
use super::shapes::same_name;
use super::variables::Overrides;
use super::yaml::Node;

/// Reads the whole tree.
pub(crate) fn rules(root: &Node, overrides: &Overrides, found: &Findings) -> Rules {
    let mut read = read::read(root, &schema::FILE, "the file", found);
    let mut rules: Rules = read.typed(&root.place, found);
    for service in std::mem::take(&mut rules.services) {
        if let Some(other) = rules.service(&service.name) {
            let place = read.spots[&read::step("/services", &service.name)].place;
            let (name, other) = (short(&service.name), short(&other.name));
            let message = format!("the services `{other}` and `{name}` are the same");
            found.error(place, message, "names of services differ in more than case");
        } else {
            rules.services.push(service);
        }
    }
    overridden(&mut rules, overrides, found);
    templates(&mut rules, &read, found);
    playbooks(&rules, &read, found);
    digest(&rules, &read, found);
    rules
}

/// The time zone of the digest exists.
fn digest(rules: &Rules, read: &Read<'_>, found: &Findings) {
    let digest = rules.github.digest.as_ref();
    let spot = read.spots.get("/github/digest/zone");
    if let (Some(None), Some(spot)) = (digest.map(Digest::time_zone), spot) {
        let shown = spot.node.written().unwrap_or_default();
        let message = format!("`zone`: there is no time zone `{}`", short(shown));
        found.error(
            &spot.node.place,
            message,
            "write it as in Europe/Berlin, or UTC",
        );
    }
}

/// Their names differ, and their services exist; a service is then written as in `services`.
fn templates(rules: &mut Rules, read: &Read<'_>, found: &Findings) {
    let known: Vec<&str> = rules.services.iter().map(|one| one.name.as_str()).collect();
    let mut names: Vec<String> = Vec::new();
    for (index, template) in rules.templates.iter_mut().enumerate() {
        let path = format!("/templates/{index}");
        if names.iter().any(|other| same_name(other, &template.name)) {
            let message = "another template has the same name";
            found.error(read.spots[&path].place, message, "give it another name");
        }
        names.push(template.name.clone());
        let Some(named) = template.service.take() else {
            continue;
        };
        template.service = known
            .iter()
            .find(|name| same_name(name, &named))
            .map(ToString::to_string);
        let spot = read.spots.get(&format!("{path}/service"));
        if let (None, Some(Spot { node, .. })) = (&template.service, spot) {
            let shown = node.written().unwrap_or_default();
            let message = format!("`service`: there is no service `{}`", short(shown));
            let hint = near(&named, &known).unwrap_or("add it under services:".to_owned());
            found.error(&node.place, message, hint);
        }
    }
}

/// Their names differ, each step has what its action needs, and only what handles a failure repeats its run.
fn playbooks(rules: &Rules, read: &Read<'_>, found: &Findings) {
    let mut names: Vec<&str> = Vec::new();
    for (index, playbook) in rules.github.playbooks.iter().enumerate() {
        let path = format!("/github/playbooks/{index}");
        let name = playbook.name.as_str();
        if names.contains(&name) {
            let message = "another playbook has the same name";
            found.error(read.spots[&path].place, message, "give it another name");
        }
        names.push(name);
        if playbook.steps.is_empty() && !BUILT_IN_PLAYBOOKS.contains(&name) {
            let message = format!(
                "a playbook `{}` has no steps, and no built-in one has its name",
                short(name)
            );
            let hint = near(name, &BUILT_IN_PLAYBOOKS).unwrap_or("add `steps:`".to_owned());
            found.error(read.spots[&path].place, message, hint);
        }
        for (list, steps) in [("steps", &playbook.steps), ("give_up", &playbook.give_up)] {
            for (index, step) in steps.iter().enumerate() {
                let place = read.spots[&format!("{path}/{list}/{index}")].place;
                if let Some((action, key)) = step.lacks() {
                    let message = format!("`{action}` needs `{key}`");
                    found.error(place, message, format!("add `{key}: …` to the step"));
                }
                let repeats = match list {
                    "give_up" => "`give_up`",
                    _ if playbook.on.recurrences > 0 => "a playbook with `recurrences`",
                    _ => continue,
                };
                if step.action.is_rerun() {
                    let message = format!("{repeats} cannot re-run");
                    let hint = "remove the step: the playbook that handles the failure re-runs it";
                    found.error(place, message, hint);
                }
            }
        }
    }
}

/// `SERVICES` says which there are (the file may hold more about each), `SERVICE_OWNERS` replaces
/// the owners of those that it names.
fn overridden(rules: &mut Rules, overrides: &Overrides, found: &Findings) {
    let named = |name: &str| Service {
        name: name.to_owned(),
        ..Service::default()
    };
    if let Some(names) = &overrides.services {
        let service = |name: &String| rules.service(name).cloned().unwrap_or_else(|| named(name));
        rules.services = names.iter().map(service).collect();
    }
    // With no services anywhere else, the variable is what defines them.
    let define = rules.services.is_empty();
    for (name, owners, place) in overrides.service_owners.iter().flatten() {
        let service = rules
            .services
            .iter_mut()
            .find(|service| same_name(&service.name, name));
        if let Some(service) = service {
            service.owners.clone_from(owners);
        } else if define {
            let owners = owners.clone();
            rules.services.push(Service {
                owners,
                ..named(name)
            });
        } else {
            let known: Vec<&str> = rules.services.iter().map(|one| one.name.as_str()).collect();
            let hint = near(name, &known);
            let hint = hint.unwrap_or("add it to SERVICES or under services:".to_owned());
            let message = format!("there is no service `{}`", short(name));
            found.error(place, message, hint);
        }
    }
    for (list, by) in [
        (&mut rules.routing.p1.channels, &overrides.p1_channels),
        (&mut rules.routing.p2.channels, &overrides.p2_channels),
        (&mut rules.routing.p1.users, &overrides.p1_users),
    ] {
        if let Some(by) = by {
            list.clone_from(by);
        }
    }
}
