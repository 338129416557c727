//! Carries effects to Slack: one exchange each, and truthfully what is known afterwards.
//!
//! It never retries and never waits: both are the engine's. The only thing that it remembers is
//! who we are. What it says about an effect's end is in `classify`; how it finds out whether an
//! uncertain one had happened, in `look`.

use super::address::{Installation, Team};
use super::classify::{before_anything, outcome};
use super::client::{Access, Client, Observer};
use super::methods::Method;
use crate::courier::{Courier, Look, Outcome, Parcel};
use crate::domain::effect::Answer;
use crate::domain::effect::slack::Effect;
use crate::domain::form::Form;
use crate::domain::ids::{ChannelId, TeamId, UserId};
use crate::domain::incident::room::NO_WORKSPACE;
use crate::domain::rules::Rules;
use crate::domain::text::Text;
use crate::http_client::HttpClient;
use async_trait::async_trait;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OnceCell, watch};
use tokio::time::Instant;

/// How long we ask who we are.
const WHO_WE_ARE: Duration = Duration::from_secs(5);

/// `auth.test` was answered `ok`, by something that does not say who we are.
pub(crate) const NO_IDENTITY: &str = "no_identity";

/// A room to be made, or looked for.
#[derive(Debug)]
pub(super) struct Room<'a> {
    pub(super) name: &'a str,
    pub(super) private: bool,
    /// In which workspace, where that must be said.
    pub(super) team: Option<TeamId>,
    /// Channels that have an owner and are never adopted.
    pub(super) taken: &'a [ChannelId],
}

/// Carries effects to Slack.
pub struct SlackCourier {
    pub(super) access: Access,
    pub(super) client: Client,
    identity: OnceCell<Identity>,
    /// The rules as they are now.
    rules: Option<watch::Receiver<Arc<Rules>>>,
}

/// Who we are in Slack, as `auth.test` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The workspace.
    pub team_id: String,
    /// Its organisation.
    pub enterprise_id: Option<String>,
    /// Whether the app is installed in one workspace or in all of the organisation.
    pub installed: Installed,
    /// The bot's user: the creator of its rooms.
    pub user_id: UserId,
    /// The bot: the author of its messages.
    pub bot_id: Option<String>,
}

/// Where the app is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installed {
    /// In one workspace.
    InOne,
    /// In all of an organisation: calls that act on one workspace must say which.
    InAll,
}

impl SlackCourier {
    /// A courier; nothing is asked of Slack yet.
    pub fn new(access: Access, http: HttpClient, observer: Arc<dyn Observer>) -> Self {
        let client = Client::new(&access, http, observer);
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

    /// Who we are; asked once. The error is Slack's code, or what went wrong on the way.
    pub async fn identity(&self) -> Result<&Identity, String> {
        let until = Instant::now() + WHO_WE_ARE;
        self.known(until).await.map_err(code)
    }

    /// What the edge must know to tell our own messages and our own team.
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

    /// Asks Slack whether it still knows us: for the health of the whole.
    pub async fn probe(&self) -> Result<Identity, String> {
        let until = Instant::now() + WHO_WE_ARE;
        self.ask_who_we_are(until).await.map_err(code)
    }

    /// Joins public rooms, so that their history can be looked at; says of each what came of it.
    pub async fn join_rooms(&self, rooms: &[ChannelId]) -> Vec<(ChannelId, Outcome)> {
        let mut joined = Vec::with_capacity(rooms.len());
        for room in rooms {
            let until = Instant::now() + WHO_WE_ARE;
            let body = json!({"channel": room.as_str()});
            let said = self.plainly(Method::ConversationsJoin, body, until);
            joined.push((room.clone(), said.await));
        }
        joined
    }

    pub(super) async fn known(&self, until: Instant) -> Result<&Identity, Outcome> {
        let ask = || self.ask_who_we_are(until);
        self.identity.get_or_try_init(ask).await
    }

    async fn ask_who_we_are(&self, until: Instant) -> Result<Identity, Outcome> {
        let asked = self.client.post(Method::AuthTest, &json!({}), until).await;
        let said = asked.map_err(|trouble| before_anything(trouble, scopes(Method::AuthTest)))?;
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

    /// A room that is wanted, and in which workspace.
    pub(super) fn room<'a>(
        &self,
        name: &'a str,
        private: bool,
        team: Option<&TeamId>,
        taken: &'a [ChannelId],
    ) -> Result<Room<'a>, Outcome> {
        let team = self.workspace(team)?;
        Ok(Room {
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

    /// A call whose answer holds nothing that we keep.
    pub(super) async fn plainly(&self, method: Method, body: Value, until: Instant) -> Outcome {
        match self.client.post(method, &body, until).await {
            Ok(_) => Outcome::Done(Answer::Nothing),
            Err(trouble) => outcome(trouble, scopes(method)),
        }
    }

    async fn open_form(&self, trigger: &str, form: &Form, until: Instant) -> Outcome {
        let body = json!({"trigger_id": trigger, "view": super::views::modal(form)});
        self.plainly(Method::ViewsOpen, body, until).await
    }

    async fn update_form(&self, view: &str, form: &Form, until: Instant) -> Outcome {
        let body = json!({"view_id": view, "view": super::views::modal(form)});
        self.plainly(Method::ViewsUpdate, body, until).await
    }
}

/// What waits when a method is limited.
pub(super) fn scopes(method: Method) -> Vec<String> {
    vec![method.scope()]
}

/// What waits when a room, or a person, has had too many messages: that one.
pub(super) fn post_scope(target: &str) -> String {
    format!("{}:{target}", Method::ChatPostMessage.scope())
}

fn code(outcome: Outcome) -> String {
    match outcome {
        Outcome::Done(_) => "ok".to_owned(),
        Outcome::Refused { code }
        | Outcome::Later { code, .. }
        | Outcome::Partly { code, .. }
        | Outcome::Failed { code }
        | Outcome::Unauthorized { code }
        | Outcome::ServerError { code }
        | Outcome::Uncertain { code } => code,
    }
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

    fn look_scopes(&self, effect: &Effect) -> Vec<String> {
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
                let room = match self.room(name, *private, team.as_ref(), taken) {
                    Ok(room) => room,
                    Err(outcome) => return outcome,
                };
                self.create_room(room, parcel, until).await
            }
            Effect::PostMessage { channel, message } => {
                let scope = post_scope(channel.as_str());
                self.post(channel, message, scope, parcel, until).await
            }
            Effect::DirectMessage { person, message } => {
                match self.direct_room(person, until).await {
                    Ok(room) => {
                        let scope = post_scope(person.as_str());
                        self.post(&room, message, scope, parcel, until).await
                    }
                    Err(trouble) => before_anything(trouble, scopes(Method::ConversationsOpen)),
                }
            }
            Effect::UpdateMessage { edit, .. } => self.update_message(edit.as_deref(), until).await,
            Effect::Pin { channel, ts } => {
                let body = json!({"channel": channel.as_str(), "timestamp": ts.as_str()});
                self.plainly(Method::PinsAdd, body, until).await
            }
            Effect::Invite { channel, person } => {
                let body = json!({"channel": channel.as_str(), "users": person.as_str()});
                self.plainly(Method::ConversationsInvite, body, until).await
            }
            Effect::SetTopic { channel, topic } => {
                let topic = super::mrkdwn::one(&Text::plain(topic), 250);
                let body = json!({"channel": channel.as_str(), "topic": topic});
                self.plainly(Method::ConversationsSetTopic, body, until)
                    .await
            }
            Effect::Reply { to, message } => self.reply(to, message, parcel.now, until).await,
            Effect::Ephemeral { to, message } => self.ephemeral(to, message, until).await,
            Effect::OpenForm { trigger, form } => self.open_form(&trigger.id, form, until).await,
            Effect::UpdateForm { view, form } => self.update_form(view.as_str(), form, until).await,
            Effect::StageFile { name, content } => self.stage(name, content, until).await,
            Effect::ShareFile {
                channel,
                file,
                title,
                comment,
            } => self.share(channel, file, title, comment, until).await,
        }
    }

    async fn look(&self, effect: &Effect, parcel: &Parcel) -> Look {
        let until = Instant::now() + parcel.deadline;
        self.look_until(effect, parcel, until).await
    }
}
