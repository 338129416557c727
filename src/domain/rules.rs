//! The team's own rules: what the configuration says that decisions depend on.
//!
//! A value that is replaced whole on a reload; the domain never knows where it was read.

use super::healing::Healing;
use super::ids::{ChannelId, TeamId, UserId};
use super::severity::Severity;
use super::weekly::Weekly;
use crate::invisible;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// The services, in the configuration's order; never two of one name.
    pub services: Vec<ServiceRules>,
    /// May do what a commander may.
    pub admins: Vec<UserId>,
    /// Who is told of an incident, by its severity.
    pub routes: [Route; Severity::ALL.len()],
    /// The templates of the declare form.
    pub templates: Vec<Template>,
    /// What is watched on GitHub.
    pub github: Github,
    /// Where words to the people who run this go.
    pub ops_channel: Option<ChannelId>,
    /// Whether people of other workspaces, who share a channel with us, may ask for anything.
    pub outsiders: Outsiders,
    /// The workspace in which channels are created that no person in Slack asked for.
    pub workspace: Option<TeamId>,
    /// Whether another area follows incidents: without webhooks of GitHub, none does.
    pub incidents_are_followed: bool,
}

/// Whether people of other workspaces may ask for anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Outsiders {
    #[default]
    Allow,
    /// They are told no.
    Refuse,
}

/// A service that an incident can hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRules {
    pub name: String,
    /// Asked into every incident's channel.
    pub owners: Vec<UserId>,
    /// Its component on the status page; several services may share one.
    pub statuspage_component: Option<String>,
    /// Told of every incident of this service.
    pub channels: Vec<ChannelId>,
}

/// What is watched on GitHub.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Github {
    /// The watched repositories, `owner/name` or with `*` for any characters; none: all.
    pub repositories: Vec<String>,
    /// The channel that is told of what is found.
    pub channel: Option<ChannelId>,
    /// When each channel gets a summary of the week.
    pub digest: Option<Weekly>,
    /// The repositories that services list, each with its service.
    pub services: Vec<(String, String)>,
    /// What is done about failures.
    pub healing: Healing,
    pub access: GithubAccess,
    pub deployments: Deployments,
    /// Whether a pull request in which something failed gets a comment.
    pub comment: bool,
}

/// What GitHub's API is used with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum GithubAccess {
    /// Nothing: webhooks are taken, and no effect of GitHub may be decided.
    #[default]
    None,
    /// A token for one account.
    Token,
    App,
}

/// What follows from a deployment that fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployments {
    /// The environments that count as production; `*` matches any characters.
    pub production: Vec<String>,
    /// Of the incident that it opens.
    pub severity: Severity,
    pub rollback: Option<Rollback>,
}

impl Default for Deployments {
    fn default() -> Self {
        Self {
            production: Vec::new(),
            severity: Severity::P1,
            rollback: None,
        }
    }
}

/// The workflow that undoes a deployment, in the repository that was deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollback {
    /// The file's name, such as `rollback.yml`.
    pub workflow: String,
    /// The branch or tag on which it runs.
    pub reference: String,
    pub inputs: BTreeMap<String, String>,
}

/// Who is told of a severity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    pub channels: Vec<ChannelId>,
    /// These people, by direct message.
    pub users: Vec<UserId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name, such as `database-outage`.
    pub name: String,
    /// The title that it proposes; at most 75 characters are shown in the list.
    pub title: String,
    /// The severity that it proposes.
    pub severity: Severity,
    /// The service that it proposes.
    pub service: Option<String>,
    /// What the timeline of an incident that was declared with it says first.
    pub text: Option<String>,
}

impl Rules {
    /// Who is told of a severity.
    pub fn route(&self, severity: Severity) -> &Route {
        &self.routes[severity as usize]
    }

    /// The service of that name, in any case and whatever invisible characters are in it.
    pub fn service(&self, name: &str) -> Option<&ServiceRules> {
        let wanted = same_service(name);
        self.services
            .iter()
            .find(|service| same_service(&service.name) == wanted)
    }
}

/// A service's name as names are compared: without case and invisible characters.
pub fn same_service(name: &str) -> String {
    invisible::without(invisible::trim(name)).to_lowercase()
}
