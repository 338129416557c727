//! Who the bot is and where it is installed, by `auth.test`, and what follows from it.

use super::address::{Installation, Team};
use super::call_error::CallError;
use super::courier::{SlackCourier, scopes};
use crate::courier::Outcome;
use crate::domain::effect::Answer;
use crate::domain::ids::{ChannelId, TeamId, UserId};
use crate::domain::incident::channel::NO_WORKSPACE;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// The deadline of `auth.test`, and of joining a channel.
const AUTH_TEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Our own code: `auth.test` was answered `ok`, without a team and a user.
pub(crate) const NO_IDENTITY: &str = "no_identity";

/// The answer of `auth.test`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub team_id: String,
    pub enterprise_id: Option<String>,
    /// Whether the app is installed in all of an organisation: calls that act on one workspace must say
    /// which.
    pub is_enterprise_install: bool,
    /// The bot's user, which is the creator of its channels.
    pub user_id: UserId,
    /// The bot, which is the author of its messages.
    pub bot_id: Option<String>,
}

impl SlackCourier {
    /// The answer of `auth.test`, which is called once. The error is Slack's code or our own.
    pub async fn identity(&self) -> Result<&Identity, String> {
        let until = Instant::now() + AUTH_TEST_TIMEOUT;
        let known = self.identity_until(until).await;
        known.map_err(|error| error.to_string())
    }

    /// What the edge needs to recognise our workspace and our own messages.
    pub fn installation(&self) -> Installation {
        let Some(known) = self.identity.get() else {
            return Installation::default();
        };
        let organisation = known.enterprise_id.clone();
        Installation {
            team: Team::Known(known.team_id.clone()),
            enterprise: organisation.clone().filter(|_| known.is_enterprise_install),
            organisation,
            bot_user: Some(known.user_id.to_string()),
            bot: known.bot_id.clone(),
        }
    }

    /// Calls `auth.test` again, for the health check.
    pub async fn probe(&self) -> Result<Identity, String> {
        let until = Instant::now() + AUTH_TEST_TIMEOUT;
        let asked = self.auth_test(until).await;
        asked.map_err(|error| error.to_string())
    }

    /// Joins public channels, so that their history can be read. Returns an outcome for each.
    pub async fn join_channels(&self, channels: &[ChannelId]) -> Vec<(ChannelId, Outcome)> {
        let mut outcomes = Vec::with_capacity(channels.len());
        for channel in channels {
            let joined = self.join(channel, Instant::now() + AUTH_TEST_TIMEOUT).await;
            let outcome = match joined {
                Ok(_) => Outcome::Done(Answer::Nothing),
                Err(error) => error.outcome(scopes(&["conversations.join"])),
            };
            outcomes.push((channel.clone(), outcome));
        }
        outcomes
    }

    pub(super) async fn join(
        &self,
        channel: &ChannelId,
        until: Instant,
    ) -> Result<Value, CallError> {
        let body = json!({"channel": channel.as_str()});
        self.client.post("conversations.join", &body, until).await
    }

    pub(super) async fn identity_until(&self, until: Instant) -> Result<&Identity, CallError> {
        self.identity
            .get_or_try_init(|| self.auth_test(until))
            .await
    }

    async fn auth_test(&self, until: Instant) -> Result<Identity, CallError> {
        let said = self.client.post("auth.test", &json!({}), until).await?;
        let text = |key: &str| said[key].as_str().filter(|text| !text.is_empty());
        let unreadable = CallError::NotSent(NO_IDENTITY);
        let user = text("user_id").and_then(|id| UserId::new(id).ok());
        Ok(Identity {
            team_id: text("team_id").ok_or(unreadable.clone())?.to_owned(),
            enterprise_id: text("enterprise_id").map(str::to_owned),
            is_enterprise_install: said["is_enterprise_install"] == true,
            user_id: user.ok_or(unreadable)?,
            bot_id: text("bot_id").map(str::to_owned),
        })
    }

    /// The workspace that a call must name: none where the app is installed in one alone; else the one
    /// of the request, the one of the rules, or the one that `auth.test` named.
    pub(super) fn workspace(&self, asked_in: Option<&TeamId>) -> Result<Option<TeamId>, CallError> {
        let Some(identity) = self.identity.get() else {
            // An app that is installed in one workspace may name it too: Slack reads past it.
            return Ok(asked_in.cloned());
        };
        if !identity.is_enterprise_install {
            return Ok(None);
        }
        // With an organisation's token Slack may give the organisation's own id.
        let own = Some(&identity.team_id).filter(|id| id.starts_with('T'));
        let own = own.and_then(|id| TeamId::new(id.clone()).ok());
        let rules = self.rules.as_ref().map(|rules| rules.borrow().clone());
        let by_rules = rules.and_then(|rules| rules.workspace.clone());
        let team = asked_in.cloned().or(by_rules).or(own);
        match team {
            Some(_) => Ok(team),
            None => Err(CallError::Api(NO_WORKSPACE.to_owned())),
        }
    }
}
