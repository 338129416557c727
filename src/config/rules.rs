//! The keys of `wardroom.yaml`: each section is a struct, each key a documented field.
//!
//! From these types come the schema, the reference in `docs/CONFIGURATION.md`, the hints for unknown
//! keys and the checks of single values. Checks that need more than one value are in `sections`. The
//! types hold no secrets, addresses or variables: what decides is given these and nothing else.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::healing::{Budgets, Flaky, Playbook};
use super::schema::{Named, OneOrMore, Set};
use super::shapes::{
    Component, Environments, Repositories, Repository, ServiceName, Severity, SlackChannel,
    SlackUser, SlackWorkspace, Span, Version, WorkflowFile, WorkflowInput, same_name,
};

/// Everything that a file may hold.
#[derive(JsonSchema)]
#[schemars(extend("x-called" = "the file"))]
#[expect(
    dead_code,
    reason = "its schema is used; what is read of it is `Rules`"
)]
pub(super) struct File {
    /// The version of the format: `"1"`.
    version: Option<Version>,
    /// Local files, relative to this one; later files override earlier ones, and this file overrides
    /// them all; maps are merged key by key, lists are replaced.
    extends: Option<OneOrMore>,
    #[schemars(flatten)]
    rules: Rules,
    /// Senders that must report regularly; what is in it is not read yet.
    #[schemars(extend("x-no-effect-yet" = true))]
    heartbeats: Option<serde_json::Value>,
    /// Alerts from other systems; what is in it is not read yet.
    #[schemars(extend("x-no-effect-yet" = true))]
    alerts: Option<serde_json::Value>,
}

/// What decisions need to know of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Rules {
    /// What an incident can be about; at most 75 characters, unique without regard to case. Without any,
    /// a service is free text.
    #[serde(with = "by_name")]
    #[schemars(with = "Named<ServiceName, Service>")]
    pub services: Vec<Service>,
    /// Slack users who have the rights of every incident's commander.
    #[schemars(with = "Set<SlackUser>")]
    pub admins: Vec<String>,
    /// Who is notified of an incident, by its severity.
    pub routing: Routing,
    /// How the bot works in Slack.
    pub slack: Slack,
    /// What is watched on GitHub.
    pub github: Watched,
    /// What the declare form offers; without the key there are eight built-in ones.
    #[serde(default = "built_in_templates")]
    #[schemars(length(max = 100))]
    pub templates: Vec<Template>,
}

/// Something that an incident can be about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("x-called" = "a service"))]
pub struct Service {
    /// As it is shown, 1 to 75 characters, unique without regard to case.
    #[serde(skip)]
    pub name: String,
    /// Slack users who are invited to its incidents.
    #[schemars(with = "Set<SlackUser>")]
    pub owners: Vec<String>,
    /// Its repositories on GitHub, `owner/name`; the one with the service's name is one of them too. Without
    /// `github.channel`, the service's channels are told when their CI fails.
    #[schemars(with = "Set<Repository>")]
    pub repositories: Vec<String>,
    /// The id of its component on Statuspage. Its state is sent when it changes: a state that a person
    /// sets on Statuspage stays until then.
    #[schemars(with = "Component")]
    pub statuspage_component: Option<String>,
    /// Channels that are notified of every incident of this service.
    #[schemars(with = "Set<SlackChannel>")]
    pub channels: Vec<String>,
}

/// Who is notified of an incident, by its severity.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "UPPERCASE")]
pub struct Routing {
    /// Who is notified of a P1.
    pub p1: Route,
    /// Who is notified of a P2.
    pub p2: Route,
    /// Who is notified of a P3.
    pub p3: Route,
    /// Who is notified of a P4.
    pub p4: Route,
}

/// Channels and people that are notified.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("x-called" = "a route"))]
pub struct Route {
    /// Channels that get a message.
    #[schemars(with = "Set<SlackChannel>")]
    pub channels: Vec<String>,
    /// People who get a direct message.
    #[schemars(with = "Set<SlackUser>")]
    pub users: Vec<String>,
}

/// How the bot works in Slack.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Slack {
    /// The channel that is notified of what the bot could not do, by one message for a kind and cause in
    /// ten minutes; without it, the incident's commander is, or else the first of `admins`.
    #[schemars(with = "SlackChannel")]
    pub ops_channel: Option<String>,
    /// Whether people of other workspaces may use the bot in channels of Slack Connect. With `allow`,
    /// `/incident list` shows them all open incidents; with `refuse`, they get a message that says so.
    pub outsiders: Outsiders,
    /// For an organisation-wide installation: the workspace in which channels are created that no person
    /// in Slack asked for (incidents declared by the API).
    #[schemars(with = "SlackWorkspace")]
    pub workspace: Option<String>,
}

/// What is watched on GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Watched {
    /// The watched repositories, `owner/name` or `owner/*`; without it, all of the installation.
    #[schemars(with = "Set<Repositories>")]
    pub repositories: Vec<String>,
    /// The channel that is told when CI fails; without it, the channels of the repository's service, or
    /// else those of P2.
    #[schemars(with = "SlackChannel")]
    pub channel: Option<String>,
    /// When each channel gets a summary of the week; without it, never.
    pub digest: Option<Digest>,
    /// The most re-runs of one run, by people and tools alike; without it, 2.
    #[schemars(range(max = 10))]
    pub max_reruns_per_run: Option<u32>,
    /// The pauses before the first re-run of a run, the second and so on; the last one is for all
    /// that follow. Without it, 60 s and 300 s.
    #[schemars(length(max = 10))]
    pub rerun_delays: Vec<Span>,
    /// After a re-run, other runs with the same failure are not repeated for so long; without it, 1 h.
    #[schemars(with = "Span")]
    pub cooldown: Option<Span>,
    /// true: nothing is written to GitHub, and each message says what would have been done.
    pub dry_run: bool,
    /// true: a pull request in which CI fails gets one comment, which is edited.
    pub comment: bool,
    /// How many re-runs are asked for within an hour.
    pub budgets: Budgets,
    /// From when on a test is flaky, broken or healthy again.
    pub flaky: Flaky,
    /// Names of artifacts that hold test reports, `*` for any characters; without it, `*report*`,
    /// `*junit*` and `*test-results*`.
    #[schemars(length(max = 20), inner(length(min = 1, max = 200)))]
    pub reports: Option<Vec<String>>,
    /// A run that has not ended, and of which nothing was heard for so long, is read from GitHub; without
    /// it, 6 h.
    #[schemars(with = "Span")]
    pub overdue_after: Option<Span>,
    /// What is done about failures, before the playbooks that are built in.
    #[schemars(length(max = 50))]
    pub playbooks: Vec<Playbook>,
    /// The environments of deployments that count as production, `*` for any characters; without it,
    /// `production*`, `prod*` and `live`. A deployment to one of them that fails opens an incident of the
    /// repository's service, or joins the open one.
    #[schemars(with = "Set<Environments>")]
    pub production: Option<Vec<String>>,
    /// The severity of an incident that a failed deployment opens; without it, P1.
    #[schemars(with = "Severity")]
    pub deployment_severity: Option<String>,
    /// The workflow that rolls back a failed deployment to production; without it, there is no button.
    pub rollback: Option<Rollback>,
}

/// A workflow that the button of a failed deployment starts in its repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-called" = "a rollback"))]
pub struct Rollback {
    /// The name of its file in `.github/workflows`; it is started by `workflow_dispatch`.
    #[schemars(with = "WorkflowFile")]
    pub workflow: String,
    /// The branch or tag on which it runs.
    #[serde(rename = "ref", default = "main_branch")]
    #[schemars(length(min = 1, max = 255))]
    pub reference: String,
    /// Its inputs, as they are.
    #[serde(default)]
    #[schemars(with = "Named<WorkflowInput, String>")]
    pub inputs: BTreeMap<String, String>,
}

fn main_branch() -> String {
    "main".to_owned()
}

/// Whether people of other workspaces may use the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outsiders {
    /// As people of this workspace.
    #[default]
    Allow,
    /// They get a message that says so.
    Refuse,
}

/// A kind of incident that the declare form can be filled in with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-called" = "a template"))]
pub struct Template {
    /// The name in the form, unique.
    #[schemars(length(min = 1, max = 75))]
    pub name: String,
    /// The title of the incident.
    #[schemars(length(min = 1, max = 100))]
    pub title: String,
    /// The severity of the incident.
    #[schemars(with = "Severity")]
    pub severity: String,
    /// The service of the incident.
    #[schemars(with = "Option<ServiceName>")]
    pub service: Option<String>,
    /// A text that is written on the timeline first.
    #[schemars(length(min = 1, max = 3000))]
    pub text: Option<String>,
}

impl Routing {
    /// Who is notified of a severity, by its word.
    #[must_use]
    pub fn of(&self, severity: &str) -> Option<&Route> {
        match severity {
            "P1" => Some(&self.p1),
            "P2" => Some(&self.p2),
            "P3" => Some(&self.p3),
            "P4" => Some(&self.p4),
            _ => None,
        }
    }
}

impl Rules {
    /// The service of that name; case does not matter.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        let named = |service: &&Service| same_name(&service.name, name);
        self.services.iter().find(named)
    }
}

/// Services in the file's order, their names as keys.
mod by_name {
    use super::Service;
    use serde::de::{Deserialize as _, Deserializer, Error as _};
    use serde::ser::Serializer;
    use serde_json::Map;

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<Service>, D::Error> {
        let services = Map::deserialize(from)?.into_iter();
        let service = |(name, value)| {
            let service: Service = serde_json::from_value(value)?;
            Ok(Service { name, ..service })
        };
        services
            .map(service)
            .collect::<Result<_, _>>()
            .map_err(|error: serde_json::Error| D::Error::custom(error))
    }

    pub(super) fn serialize<S: Serializer>(services: &[Service], to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(services.iter().map(|service| (&service.name, service)))
    }
}

/// The templates of a configuration that names none.
#[must_use]
pub fn built_in_templates() -> Vec<Template> {
    let templates = include_str!("built_in_templates.json");
    serde_json::from_str(templates).expect("the built-in templates fit their type")
}
