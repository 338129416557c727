//! Makes the domain's rules of the configuration's: text becomes ids.
//!
//! The configuration has checked the values; only the types change here.

use super::healing;
use crate::config::{self, Config, Day};
use crate::domain::ids::{BadId, ChannelId, TeamId, UserId};
use crate::domain::incident::Severity;
use crate::domain::rules::{
    Deployments, Github, GithubAccess, Outsiders, Rollback, Route, Rules, ServiceRules, Template,
};
use crate::domain::weekly::Weekly;
use jiff::civil::Weekday;

/// The environments that are production where the configuration names none.
const USUAL_PRODUCTION: [&str; 3] = ["production*", "prod*", "live"];

pub fn from_config(config: &Config) -> Result<Rules, BadId> {
    let rules = &config.rules;
    let slack = &rules.slack;
    // Without a status page there is no courier for its effects.
    let shown = config.statuspage.is_some();
    let mut routes: [Route; Severity::ALL.len()] = Default::default();
    for severity in Severity::ALL {
        if let Some(of_severity) = rules.routing.of(severity.as_str()) {
            routes[severity as usize] = route(of_severity)?;
        }
    }
    Ok(Rules {
        services: rules
            .services
            .iter()
            .map(|one| service(one, shown))
            .collect::<Result<_, _>>()?,
        admins: people(&rules.admins)?,
        routes,
        templates: rules.templates.iter().filter_map(template).collect(),
        github: Github {
            repositories: rules.github.repositories.clone(),
            channel: rules
                .github
                .channel
                .clone()
                .map(ChannelId::new)
                .transpose()?,
            digest: rules.github.digest.as_ref().and_then(weekly),
            services: rules.services.iter().flat_map(repositories).collect(),
            access: access(config),
            comment: rules.github.comment,
            healing: healing::from_config(config),
            deployments: deployments(&rules.github),
        },
        incidents_are_followed: config.github.webhook_secret.is_some(),
        ops_channel: slack.ops_channel.clone().map(ChannelId::new).transpose()?,
        outsiders: match slack.outsiders {
            config::Outsiders::Allow => Outsiders::Allow,
            config::Outsiders::Refuse => Outsiders::Refuse,
        },
        workspace: slack.workspace.clone().map(TeamId::new).transpose()?,
    })
}

fn access(config: &Config) -> GithubAccess {
    let github = &config.github;
    match (github.app(), &github.token) {
        (Some(_), _) => GithubAccess::App,
        (None, Some(_)) => GithubAccess::Token,
        (None, None) => GithubAccess::None,
    }
}

fn deployments(github: &config::Watched) -> Deployments {
    let default = Deployments::default();
    let usual = || USUAL_PRODUCTION.map(str::to_owned).to_vec();
    let severity = github.deployment_severity.as_deref();
    let rollback = github.rollback.as_ref();
    Deployments {
        production: github.production.clone().unwrap_or_else(usual),
        severity: severity
            .and_then(Severity::parse)
            .unwrap_or(default.severity),
        rollback: rollback.map(|rollback| Rollback {
            workflow: rollback.workflow.clone(),
            reference: rollback.reference.clone(),
            inputs: rollback.inputs.clone(),
        }),
    }
}

fn weekly(digest: &config::Digest) -> Option<Weekly> {
    Some(Weekly {
        day: match digest.day {
            Day::Monday => Weekday::Monday,
            Day::Tuesday => Weekday::Tuesday,
            Day::Wednesday => Weekday::Wednesday,
            Day::Thursday => Weekday::Thursday,
            Day::Friday => Weekday::Friday,
            Day::Saturday => Weekday::Saturday,
            Day::Sunday => Weekday::Sunday,
        },
        hour: i8::try_from(digest.hour).ok()?,
        zone: digest.time_zone()?,
    })
}

fn service(service: &config::Service, shown: bool) -> Result<ServiceRules, BadId> {
    Ok(ServiceRules {
        name: service.name.clone(),
        owners: people(&service.owners)?,
        statuspage_component: service.statuspage_component.clone().filter(|_| shown),
        channels: channels(&service.channels)?,
    })
}

fn repositories(service: &config::Service) -> impl Iterator<Item = (String, String)> {
    let repositories = service.repositories.iter();
    repositories.map(|repository| (repository.clone(), service.name.clone()))
}

fn route(route: &config::Route) -> Result<Route, BadId> {
    Ok(Route {
        channels: channels(&route.channels)?,
        users: people(&route.users)?,
    })
}

fn template(template: &config::Template) -> Option<Template> {
    Some(Template {
        name: template.name.clone(),
        title: template.title.clone(),
        severity: Severity::parse(&template.severity)?,
        service: template.service.clone(),
        text: template.text.clone(),
    })
}

fn people(ids: &[String]) -> Result<Vec<UserId>, BadId> {
    ids.iter().map(UserId::new).collect()
}

fn channels(ids: &[String]) -> Result<Vec<ChannelId>, BadId> {
    ids.iter().map(ChannelId::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn each_severity_has_its_own_route() {
        let routing = config::Routing::default();
        let places = Severity::ALL.map(|severity| {
            let route = routing.of(severity.as_str());
            std::ptr::from_ref(route.unwrap_or_else(|| panic!("{severity} has no route")))
        });
        let different: std::collections::BTreeSet<_> = places.into_iter().collect();
        assert_eq!(different.len(), Severity::ALL.len());
    }

    #[test]
    fn a_template_may_have_each_severity_and_no_other() {
        let schema: Value = serde_json::from_str(&config::schema()).unwrap();
        let severities = &schema["$defs"]["Severity"]["anyOf"][0]["enum"];
        assert_eq!(
            *severities,
            Value::from(Severity::ALL.map(Severity::as_str).to_vec())
        );
    }
}
