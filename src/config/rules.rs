//! The part of the configuration that decisions look at: services, people, routing, templates.
//!
//! Plain data, without secrets, addresses or anything of the environment: what decides is given
//! these and nothing else. Ids and severities have been checked but are still texts; whoever
//! decides makes their types of them.

use super::read::same_name;

/// What decisions need to know of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// The services an incident may be about, in the order of the file or of `SERVICES`.
    pub services: Vec<Service>,
    /// Slack users who may do what an incident's commander may.
    pub admins: Vec<String>,
    /// Who is told of an incident, by its severity.
    pub routing: Routing,
    /// What the declare modal offers to begin with. Never empty unless the file says `[]`.
    pub templates: Vec<Template>,
    /// What is particular to Slack.
    pub slack: Slack,
}

/// What is particular to Slack.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Slack {
    /// The channel that is told what the bot itself could not do.
    pub ops_channel: Option<String>,
    /// Whether people of other workspaces, in channels of Slack Connect, may use the bot.
    pub outsiders: Outsiders,
    /// The workspace in which channels are made that nobody in Slack asked for, when the app is
    /// installed in all of an organisation.
    pub workspace: Option<String>,
}

/// Whether people of other workspaces may use the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outsiders {
    /// As our own people.
    #[default]
    Allow,
    /// They are told no.
    Refuse,
}

impl Rules {
    /// The service of that name; case does not matter.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services
            .iter()
            .find(|service| same_name(&service.name, name))
    }
}

/// Something that an incident can be about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Service {
    /// The name as it is shown, 1 to 75 characters, unique without regard to case.
    pub name: String,
    /// Slack users who are invited to its incidents.
    pub owners: Vec<String>,
    /// GitHub repositories that belong to it, `owner/name`.
    pub repositories: Vec<String>,
    /// Its component on the Statuspage.
    pub statuspage_component: Option<String>,
    /// Channels that are told of each of its incidents.
    pub channels: Vec<String>,
}

/// Who is told of an incident, by its severity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routing {
    /// P1.
    pub p1: Route,
    /// P2.
    pub p2: Route,
    /// P3.
    pub p3: Route,
    /// P4.
    pub p4: Route,
}

/// Channels and people that are told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Route {
    /// Channels that get a message.
    pub channels: Vec<String>,
    /// People who get a direct message.
    pub users: Vec<String>,
}

/// A kind of incident that the declare modal can be filled in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name in the modal, 1 to 75 characters, unique.
    pub name: String,
    /// The title it fills in, 1 to 100 characters.
    pub title: String,
    /// The severity it selects, `P1` to `P4`.
    pub severity: String,
    /// The service it selects, when it is about one.
    pub service: Option<String>,
    /// What is written on the timeline first, at most 3000 characters.
    pub text: Option<String>,
}

/// The templates of a configuration that names none.
#[must_use]
pub fn built_in_templates() -> Vec<Template> {
    [
        (
            "database-outage",
            "Database does not answer",
            "P1",
            "Is it the server, its disk or the connections? Check the last migration and failover.",
        ),
        (
            "api-degradation",
            "API slow or failing in part",
            "P2",
            "Compare error rate and latency with an hour ago; look at the last deployment.",
        ),
        (
            "payment-failure",
            "Payments are failing",
            "P1",
            "Ask for the provider's status, and how many payments since when. Pause retries first.",
        ),
        (
            "auth-slowness",
            "Signing in takes too long",
            "P2",
            "Is it all ways of signing in or one? Check the identity provider and session store.",
        ),
        (
            "cdn-issues",
            "Static content slow or missing",
            "P3",
            "Which regions? Try the origin directly, then look at the last purge.",
        ),
        (
            "security-breach",
            "Suspected breach of security",
            "P1",
            "Keep the evidence, write down times, rotate what may be known. No details in public.",
        ),
        (
            "deployment-rollback",
            "A deployment has to be taken back",
            "P2",
            "Which version, and is its migration reversible? Stop the pipeline before going back.",
        ),
        (
            "third-party-outage",
            "A provider we depend on is down",
            "P3",
            "Link their status page, name what of ours is affected, and switch off what can wait.",
        ),
    ]
    .map(|(name, title, severity, text)| Template {
        name: name.to_owned(),
        title: title.to_owned(),
        severity: severity.to_owned(),
        service: None,
        text: Some(text.to_owned()),
    })
    .into()
}
