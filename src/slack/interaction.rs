//! An interaction payload: the fields that we read, each of which may be absent.
//!
//! It is read at the edge for its address, and from the inbox by the decoder. A field of an unknown type
//! counts as absent, because Slack adds and changes fields without notice.

use super::installation::PayloadContext;
use super::views::{self, ViewInput};
use super::wire::{self, without_escaped_zero};
use crate::domain::ids::ViewId;
use serde::Deserialize;
use serde_json::Value;

/// What a user did with a message or a modal of ours.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Interaction {
    #[serde(rename = "type")]
    pub(crate) kind: Value,
    team: Value,
    enterprise: Value,
    pub(crate) user: Value,
    is_ext_shared_channel: Value,
    message: Value,
    channel: Value,
    container: Value,
    pub(crate) view: Value,
    actions: Value,
    pub(crate) trigger_id: Value,
    pub(crate) response_url: Value,
}

impl Interaction {
    /// Reads the JSON of `payload`. The error is the reason.
    pub(crate) fn of_form(body: &[u8]) -> Result<Self, &'static str> {
        let json = wire::field(body, "payload").ok_or("no payload")?;
        let read = serde_json::from_str(&without_escaped_zero(&json));
        read.map_err(|_| "the payload is not JSON")
    }

    pub(crate) fn context(&self) -> PayloadContext<'_> {
        // In a Slack Connect channel: the workspace of the installation, where `team` is the user's.
        let installed_in = self.view["app_installed_team_id"].as_str();
        let authors = [
            &self.message["bot_id"],
            &self.message["user"],
            &self.view["bot_id"],
        ];
        let authors = authors.into_iter().filter_map(Value::as_str);
        PayloadContext {
            installed: installed_in.into_iter().chain(authors).collect(),
            team: self.team["id"].as_str(),
            enterprise: self.enterprise["id"].as_str(),
            user_team: self.user["team_id"].as_str(),
            is_shared: self.is_ext_shared_channel == true && installed_in.is_none(),
        }
    }

    /// The workspace of the interaction: the one that is named, else the user's (an app that is installed
    /// in a whole organisation gets no `team`), else the installation's.
    pub(crate) fn workspace(&self) -> Option<&str> {
        let named = [
            &self.team["id"],
            &self.user["team_id"],
            &self.view["app_installed_team_id"],
        ];
        named.into_iter().find_map(Value::as_str)
    }

    /// A `view_submission` has only `name`.
    pub(crate) fn user_name(&self) -> Option<&str> {
        let name = self.user["username"].as_str();
        name.or(self.user["name"].as_str())
    }

    pub(crate) fn channel(&self) -> Option<&str> {
        let channel = self.channel["id"].as_str();
        channel.or(self.container["channel_id"].as_str())
    }

    /// A field of the click on a button, or of the selection in an input that dispatches actions: Slack
    /// sends one action at a time.
    pub(crate) fn action(&self, field: &str) -> Option<&str> {
        non_empty(&self.actions[0][field])
    }

    pub(crate) fn view_id(&self) -> Option<ViewId> {
        ViewId::new(self.view["id"].as_str()?).ok()
    }

    /// What was entered in the modal.
    pub(crate) fn input(&self) -> ViewInput {
        let metadata = self.view["private_metadata"].as_str();
        views::input(metadata.unwrap_or_default(), &self.view["state"])
    }
}

pub(crate) fn non_empty(field: &Value) -> Option<&str> {
    field.as_str().filter(|text| !text.is_empty())
}
