//! Delivers effects to Slack: one exchange each, and what is known after it.
//!
//! The engine retries and waits, not the courier. The courier remembers only the answer of `auth.test`.
//! The outcome of a failed call is in `classify`, the lookup of an uncertain effect in `reconcile`.

use super::address::{Installation, Team};
use super::classify::{outcome, outcome_of_preparation};
use super::client::{Access, Client};
use super::methods::Method;
use crate::courier::{Courier, Lookup, Outcome, Parcel};
use crate::domain::effect::Answer;
use crate::domain::effect::slack::Effect;
use crate::domain::ids::{ChannelId, TeamId, UserId};
use crate::domain::incident::channel::NO_WORKSPACE;
use crate::domain::rules::Rules;
use crate::domain::text::Text;
use crate::domain::text::form::Form;
use crate::http_client::HttpClient;
use crate::telemetry::metrics::Metrics;
use async_trait::async_trait;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OnceCell, watch};
use tokio::time::Instant;

/// The deadline of `auth.test`, and of joining a channel.
const AUTH_TEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Our own code: `auth.test` was answered `ok`, without a team and a user.
pub(crate) const NO_IDENTITY: &str = "no_identity";

/// A channel to create or to look up.
#[derive(Debug)]
pub(super) struct WantedChannel<'a> {
    pub(super) name: &'a str,
    pub(super) private: bool,
    /// The workspace, where a call must name it.
    pub(super) team: Option<TeamId>,
    /// Channels that have an owner and are never adopted.
    pub(super) taken: &'a [ChannelId],
}

pub struct SlackCourier {
    pub(super) access: Access,
    pub(super) client: Client,
    identity: OnceCell<Identity>,
    rules: Option<watch::Receiver<Arc<Rules>>>,
}

/// The answer of `auth.test`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub team_id: String,
    pub enterprise_id: Option<String>,
    /// Whether the app is installed in one workspace or in all of the organisation.
    pub installed: Installed,
    /// The bot's user, which is the creator of its channels.
    pub user_id: UserId,
    /// The bot, which is the author of its messages.
    pub bot_id: Option<String>,
}

/// Where the app is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installed {
    InOne,
    /// In all of an organisation: calls that act on one workspace must say which.
    InAll,
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

    /// The answer of `auth.test`, which is called once. The error is Slack's code or our own.
    pub async fn identity(&self) -> Result<&Identity, String> {
        let until = Instant::now() + AUTH_TEST_TIMEOUT;
        self.identity_until(until).await.map_err(code)
    }

    /// What the edge needs to recognise our workspace and our own messages.
    pub fn installation(&self) -> Installation {
        let known = self.identity.get();
        Installation {
            team: known.map_or(Team::Pending, |identity| {
                Team::Known(identity.team_id.clone())
            }),
            enterprise: known
                .filter(|identity| identity.installed == Installed::InAll)
                .and_then(|identity| identity.enterprise_id.clone()),
            organisation: known.and_then(|identity| identity.enterprise_id.clone()),
            bot_user: known.map(|identity| identity.user_id.to_string()),
            bot: known.and_then(|identity| identity.bot_id.clone()),
        }
    }

    /// Calls `auth.test` again, for the health check.
    pub async fn probe(&self) -> Result<Identity, String> {
        let until = Instant::now() + AUTH_TEST_TIMEOUT;
        self.auth_test(until).await.map_err(code)
    }

    /// Joins public channels, so that their history can be read. Returns an outcome for each.
    pub async fn join_channels(&self, channels: &[ChannelId]) -> Vec<(ChannelId, Outcome)> {
        let mut joined = Vec::with_capacity(channels.len());
        for channel in channels {
            let until = Instant::now() + AUTH_TEST_TIMEOUT;
            let body = json!({"channel": channel.as_str()});
            let said = self.call(Method::ConversationsJoin, body, until);
            joined.push((channel.clone(), said.await));
        }
        joined
    }

    pub(super) async fn identity_until(&self, until: Instant) -> Result<&Identity, Outcome> {
        let ask = || self.auth_test(until);
        self.identity.get_or_try_init(ask).await
    }

    async fn auth_test(&self, until: Instant) -> Result<Identity, Outcome> {
        let asked = self.client.post(Method::AuthTest, &json!({}), until).await;
        let said =
            asked.map_err(|error| outcome_of_preparation(error, scopes(Method::AuthTest)))?;
        let text = |key: &str| said[key].as_str().filter(|text| !text.is_empty());
        let unreadable = || Outcome::Failed {
            code: NO_IDENTITY.to_owned(),
        };
        let user = text("user_id").and_then(|id| UserId::new(id).ok());
        Ok(Identity {
            team_id: text("team_id").ok_or_else(unreadable)?.to_owned(),
            enterprise_id: text("enterprise_id").map(str::to_owned),
            installed: match said["is_enterprise_install"] == true {
                true => Installed::InAll,
                false => Installed::InOne,
            },
            user_id: user.ok_or_else(unreadable)?,
            bot_id: text("bot_id").map(str::to_owned),
        })
    }

    pub(super) fn wanted_channel<'a>(
        &self,
        name: &'a str,
        private: bool,
        team: Option<&TeamId>,
        taken: &'a [ChannelId],
    ) -> Result<WantedChannel<'a>, Outcome> {
        let team = self.workspace(team)?;
        Ok(WantedChannel {
            name,
            private,
            team,
            taken,
        })
    }

    /// The workspace that a call must name: none where the app is installed in one alone; else the one
    /// of the request, the one of the rules, or the one that `auth.test` named.
    fn workspace(&self, asked_in: Option<&TeamId>) -> Result<Option<TeamId>, Outcome> {
        let Some(identity) = self.identity.get() else {
            // An app that is installed in one workspace may name it too: Slack reads past it.
            return Ok(asked_in.cloned());
        };
        if identity.installed == Installed::InOne {
            return Ok(None);
        }
        // With an organisation's token Slack may give the organisation's own id.
        let own = Some(&identity.team_id).filter(|id| id.starts_with('T'));
        let own = own.and_then(|id| TeamId::new(id.clone()).ok());
        let rules = self.rules.as_ref().map(|rules| rules.borrow().clone());
        let by_rules = rules.and_then(|rules| rules.workspace.clone());
        match asked_in.cloned().or(by_rules).or(own) {
            Some(team) => Ok(Some(team)),
            None => Err(Outcome::Refused {
                code: NO_WORKSPACE.to_owned(),
            }),
        }
    }

    /// A call whose answer has nothing that is stored.
    pub(super) async fn call(&self, method: Method, body: Value, until: Instant) -> Outcome {
        match self.client.post(method, &body, until).await {
            Ok(_) => Outcome::Done(Answer::Nothing),
            Err(error) => outcome(error, scopes(method)),
        }
    }

    async fn open_form(&self, trigger: &str, form: &Form, until: Instant) -> Outcome {
        let body = json!({"trigger_id": trigger, "view": super::views::modal(form)});
        self.call(Method::ViewsOpen, body, until).await
    }

    async fn update_form(&self, view: &str, form: &Form, until: Instant) -> Outcome {
        let body = json!({"view_id": view, "view": super::views::modal(form)});
        self.call(Method::ViewsUpdate, body, until).await
    }
}

pub(super) fn scopes(method: Method) -> Vec<String> {
    vec![method.scope()]
}

/// The scope of the rate limit of one channel or one person.
pub(super) fn post_scope(target: &str) -> String {
    format!("{}:{target}", Method::ChatPostMessage.scope())
}

fn code(outcome: Outcome) -> String {
    outcome.code().unwrap_or("ok").to_owned()
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
        match effect {
            Effect::PostMessage { channel, .. } => vec![
                Method::ChatPostMessage.scope(),
                post_scope(channel.as_str()),
            ],
            Effect::DirectMessage { person, .. } => vec![
                Method::ConversationsOpen.scope(),
                Method::ChatPostMessage.scope(),
                post_scope(person.as_str()),
            ],
            Effect::CreateChannel { .. } => scopes(Method::ConversationsCreate),
            Effect::UpdateMessage { .. } => scopes(Method::ChatUpdate),
            Effect::Pin { .. } => scopes(Method::PinsAdd),
            Effect::Invite { .. } => scopes(Method::ConversationsInvite),
            Effect::SetTopic { .. } => scopes(Method::ConversationsSetTopic),
            Effect::Ephemeral { .. } => scopes(Method::ChatPostEphemeral),
            Effect::OpenForm { .. } => scopes(Method::ViewsOpen),
            Effect::UpdateForm { .. } => scopes(Method::ViewsUpdate),
            Effect::StageFile { .. } => scopes(Method::FilesGetUploadUrlExternal),
            Effect::ShareFile { .. } => scopes(Method::FilesCompleteUploadExternal),
            // Each response_url has a limit of its own; none holds another back.
            Effect::Reply { .. } => Vec::new(),
        }
    }

    fn reconcile_scopes(&self, effect: &Effect) -> Vec<String> {
        match effect {
            Effect::PostMessage { .. } | Effect::ShareFile { .. } => {
                scopes(Method::ConversationsHistory)
            }
            Effect::DirectMessage { .. } => vec![
                Method::ConversationsOpen.scope(),
                Method::ConversationsHistory.scope(),
            ],
            // Few lookups read the list of all channels. While it is paused, Slack limits it anyway.
            Effect::CreateChannel { .. } => scopes(Method::UsersConversations),
            Effect::UpdateMessage { .. }
            | Effect::Pin { .. }
            | Effect::Invite { .. }
            | Effect::SetTopic { .. }
            | Effect::Reply { .. }
            | Effect::Ephemeral { .. }
            | Effect::OpenForm { .. }
            | Effect::UpdateForm { .. }
            | Effect::StageFile { .. } => Vec::new(),
        }
    }

    async fn deliver(&self, effect: &Effect, parcel: &Parcel) -> Outcome {
        let until = Instant::now() + parcel.deadline;
        match effect {
            Effect::CreateChannel {
                name,
                private,
                team,
                taken,
            } => {
                let channel = match self.wanted_channel(name, *private, team.as_ref(), taken) {
                    Ok(channel) => channel,
                    Err(outcome) => return outcome,
                };
                self.create_channel(channel, parcel, until).await
            }
            Effect::PostMessage { channel, message } => {
                let scope = post_scope(channel.as_str());
                self.post(channel, message, scope, parcel, until).await
            }
            Effect::DirectMessage { person, message } => {
                match self.open_direct_message(person, until).await {
                    Ok(channel) => {
                        let scope = post_scope(person.as_str());
                        self.post(&channel, message, scope, parcel, until).await
                    }
                    Err(error) => outcome_of_preparation(error, scopes(Method::ConversationsOpen)),
                }
            }
            Effect::UpdateMessage { edit, .. } => self.update_message(edit.as_deref(), until).await,
            Effect::Pin { channel, ts } => {
                let body = json!({"channel": channel.as_str(), "timestamp": ts.as_str()});
                self.call(Method::PinsAdd, body, until).await
            }
            Effect::Invite { channel, person } => {
                let body = json!({"channel": channel.as_str(), "users": person.as_str()});
                self.call(Method::ConversationsInvite, body, until).await
            }
            Effect::SetTopic { channel, topic } => {
                let topic = super::mrkdwn::truncate(&Text::plain(topic), 250);
                let body = json!({"channel": channel.as_str(), "topic": topic});
                self.call(Method::ConversationsSetTopic, body, until).await
            }
            Effect::Reply { to, message } => self.reply(to, message, parcel.now, until).await,
            Effect::Ephemeral { to, message } => self.ephemeral(to, message, until).await,
            Effect::OpenForm { trigger, form } => self.open_form(&trigger.id, form, until).await,
            Effect::UpdateForm { view, form } => self.update_form(view.as_str(), form, until).await,
            Effect::StageFile { name, content } => self.upload(name, content, until).await,
            Effect::ShareFile {
                channel,
                file,
                title,
                comment,
            } => self.share(channel, file, title, comment, until).await,
        }
    }

    async fn reconcile(&self, effect: &Effect, parcel: &Parcel) -> Lookup {
        let until = Instant::now() + parcel.deadline;
        self.reconcile(effect, parcel, until).await
    }
}
