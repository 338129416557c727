//! Delivers effects to Slack: one exchange each, and what is known after it.
//!
//! The engine retries and waits, not the courier. How each effect is delivered is in `deliver`, what a
//! failed call means in `call_error`, the lookup of an uncertain effect in `reconcile`.

use super::client::{Access, Client};
use super::identity::Identity;
use crate::courier::{Courier, Lookup, Outcome, Parcel};
use crate::domain::effect::slack::Effect;
use crate::domain::rules::Rules;
use crate::http_client::HttpClient;
use crate::telemetry::metrics::Metrics;
use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::{OnceCell, watch};
use tokio::time::Instant;

pub struct SlackCourier {
    pub(super) access: Access,
    pub(super) client: Client,
    /// The only thing that it remembers.
    pub(super) identity: OnceCell<Identity>,
    pub(super) rules: Option<watch::Receiver<Arc<Rules>>>,
}

impl SlackCourier {
    /// Makes no call yet.
    pub fn new(access: Access, http: HttpClient, metrics: Arc<Metrics>) -> Self {
        let client = Client::new(&access, http, metrics);
        Self {
            access,
            client,
            identity: OnceCell::new(),
            rules: None,
        }
    }

    /// Reads the default workspace from the rules, as they are at each delivery.
    pub fn with_rules(self, rules: watch::Receiver<Arc<Rules>>) -> Self {
        let rules = Some(rules);
        Self { rules, ..self }
    }
}

type Methods = &'static [&'static str];

/// The methods that deliver an effect, and those that look it up.
fn methods(effect: &Effect) -> (Methods, Methods) {
    match effect {
        Effect::PostMessage { .. } => (&["chat.postMessage"], &["conversations.history"]),
        Effect::DirectMessage { .. } => (
            &["conversations.open", "chat.postMessage"],
            &["conversations.open", "conversations.history"],
        ),
        // Few lookups read the list of all channels. While it is paused, Slack limits it anyway.
        Effect::CreateChannel { .. } => (&["conversations.create"], &["users.conversations"]),
        Effect::ShareFile { .. } => (
            &["files.completeUploadExternal"],
            &["conversations.history"],
        ),
        Effect::UpdateMessage { .. } => (&["chat.update"], &[]),
        Effect::Pin { .. } => (&["pins.add"], &[]),
        Effect::Invite { .. } => (&["conversations.invite"], &[]),
        Effect::SetTopic { .. } => (&["conversations.setTopic"], &[]),
        Effect::Ephemeral { .. } => (&["chat.postEphemeral"], &[]),
        Effect::OpenForm { .. } => (&["views.open"], &[]),
        Effect::UpdateForm { .. } => (&["views.update"], &[]),
        Effect::StageFile { .. } => (&["files.getUploadURLExternal"], &[]),
        // Each response_url has a limit of its own; none holds another back.
        Effect::Reply { .. } => (&[], &[]),
    }
}

/// What waits when these methods are limited: the methods, for every lane of every replica.
pub(super) fn scopes(methods: &[&str]) -> Vec<String> {
    let scopes = methods.iter().map(|method| format!("slack:{method}"));
    scopes.collect()
}

/// The scope of the rate limit of one channel or one person.
pub(super) fn post_scope(target: &str) -> String {
    format!("slack:chat.postMessage:{target}")
}

#[async_trait]
impl Courier for SlackCourier {
    type Effect = Effect;

    fn only(&self) -> Option<&'static [&'static str]> {
        match self.access.token {
            Some(_) => None,
            None => Some(&["reply"]),
        }
    }

    fn pause_scopes(&self, effect: &Effect) -> Vec<String> {
        let mut scopes = scopes(methods(effect).0);
        if let Effect::PostMessage { channel, .. } = effect {
            scopes.push(post_scope(channel.as_str()));
        } else if let Effect::DirectMessage { person, .. } = effect {
            scopes.push(post_scope(person.as_str()));
        }
        scopes
    }

    fn reconcile_scopes(&self, effect: &Effect) -> Vec<String> {
        scopes(methods(effect).1)
    }

    async fn deliver(&self, effect: &Effect, parcel: &Parcel) -> Outcome {
        let until = Instant::now() + parcel.deadline;
        match self.carry_out(effect, parcel, until).await {
            Ok(answer) => Outcome::Done(answer),
            Err(outcome) => outcome,
        }
    }

    async fn reconcile(&self, effect: &Effect, parcel: &Parcel) -> Lookup {
        let until = Instant::now() + parcel.deadline;
        let found = self.look_up(effect, parcel, until).await;
        found.unwrap_or_else(|not_known| not_known)
    }
}
