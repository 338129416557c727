//! Which repositories are watched, and which channels are told.

use super::super::ids::ChannelId;
use super::super::rules::Rules;
use super::super::severity::Severity;

/// Whether a repository, `owner/name`, is watched; without patterns, each is.
pub(super) fn is_watched(rules: &Rules, repository: &str) -> bool {
    let patterns = &rules.github.repositories;
    patterns.is_empty() || patterns.iter().any(|pattern| fits(pattern, repository))
}

/// The channel for all of CI; else those of the repository's service; else those of a P2.
pub(super) fn channels(rules: &Rules, repository: &str) -> Vec<ChannelId> {
    if let Some(channel) = &rules.github.channel {
        return vec![channel.clone()];
    }
    let of_service = service(rules, repository);
    let own = of_service.and_then(|name| rules.service(name));
    match own {
        Some(service) if !service.channels.is_empty() => service.channels.clone(),
        _ => rules.route(Severity::P2).channels.clone(),
    }
}

/// The service that lists the repository, else the one of its name.
pub(super) fn service<'a>(rules: &'a Rules, repository: &'a str) -> Option<&'a str> {
    let lists = &rules.github.services;
    let mut listed = lists.iter();
    let listed = listed.find(|(one, _)| one.eq_ignore_ascii_case(repository));
    let name = repository.split_once('/').map(|(_, name)| name);
    listed.map(|(_, service)| service.as_str()).or(name)
}

/// The service that incidents about the repository are of, when they may be declared for it.
pub(super) fn service_of_incidents<'a>(rules: &'a Rules, repository: &'a str) -> Option<&'a str> {
    let service = service(rules, repository).unwrap_or(repository);
    let is_known = rules.services.is_empty() || rules.service(service).is_some();
    is_known.then_some(service)
}

/// Whether a text fits a pattern in which `*` matches any characters; case does not matter.
pub fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rules::{Github, ServiceRules};

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text, wanted) in [
            ("acme/api", "acme/api", true),
            ("acme/api", "Acme/API", true),
            ("acme/api", "acme/api2", false),
            ("acme/api", "xacme/api", false),
            ("acme/*", "acme/api", true),
            ("acme/*", "acmes/api", false),
            ("acme/*-service", "acme/pay-service", true),
            ("acme/*-service", "acme/pay-services", false),
            ("*/api", "acme/api", true),
            ("acme/a*b*c", "acme/axbxc", true),
            ("acme/a*b*c", "acme/axcxb", false),
            // The end may not be counted twice.
            ("acme/ab*b", "acme/ab", false),
            ("acme/ab*b", "acme/abb", true),
        ] {
            assert_eq!(fits(pattern, text), wanted, "{pattern} {text}");
        }
    }

    fn channel(id: &str) -> ChannelId {
        ChannelId::new(id).unwrap()
    }

    #[test]
    fn the_channel_of_ci_then_the_services_then_those_of_a_p2() {
        let service = |name: &str, channels: &[&str]| ServiceRules {
            name: name.to_owned(),
            owners: Vec::new(),
            statuspage_component: None,
            channels: channels.iter().map(|id| channel(id)).collect(),
        };
        let mut rules = Rules {
            services: vec![
                service("api", &["C1", "C2"]),
                service("web", &["C3"]),
                service("quiet", &[]),
            ],
            github: Github {
                services: vec![("acme/shop".to_owned(), "web".to_owned())],
                ..Github::default()
            },
            ..Rules::default()
        };
        rules.routes[Severity::P2 as usize].channels = vec![channel("C9")];
        for (repository, wanted) in [
            ("acme/api", vec!["C1", "C2"]),
            ("Acme/Shop", vec!["C3"]),
            ("acme/quiet", vec!["C9"]),
            ("acme/other", vec!["C9"]),
        ] {
            let told = channels(&rules, repository);
            let told: Vec<&str> = told.iter().map(ChannelId::as_str).collect();
            assert_eq!(told, wanted, "{repository}");
        }
        rules.github.channel = Some(channel("C7"));
        assert_eq!(channels(&rules, "acme/api"), [channel("C7")]);
    }
}
