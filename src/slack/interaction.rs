//! An interaction payload: the fields that we read, each of which may be absent.
//!
//! It is read twice: at the edge for its address, and from the inbox by the decoder. A field of an
//! unknown type counts as absent, because Slack adds and changes fields without notice.

use super::installation::{Authorization, PayloadContext};
use super::views::{self, ViewInput};
use super::wire::without_escaped_zero;
use crate::domain::ids::ViewId;
use serde::Deserialize;
use serde_json::Value;

/// What a user did with a message or a modal of ours.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Interaction {
    #[serde(rename = "type")]
    kind: Value,
    team: Value,
    enterprise: Value,
    user: Value,
    is_ext_shared_channel: Value,
    message: Value,
    channel: Value,
    container: Value,
    view: Value,
    actions: Value,
    trigger_id: Value,
    response_url: Value,
}

/// A click on a button, or a selection in an input that dispatches actions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockAction<'a> {
    pub(crate) id: &'a str,
    pub(crate) ts: &'a str,
    pub(crate) value: &'a str,
}

/// An open modal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a>(&'a Value);

fn non_empty(field: &Value) -> Option<&str> {
    field.as_str().filter(|text| !text.is_empty())
}

impl Interaction {
    /// Reads the JSON of `payload`; `None` when it is not a JSON object.
    pub(crate) fn read(payload: &str) -> Option<Self> {
        serde_json::from_str(&without_escaped_zero(payload)).ok()
    }

    pub(crate) fn kind(&self) -> Option<&str> {
        self.kind.as_str()
    }

    pub(crate) fn context(&self) -> PayloadContext<'_> {
        let installed_in = self.installed_in();
        PayloadContext {
            authorizations: installed_in
                .map(Authorization::of_team)
                .into_iter()
                .collect(),
            team: self.team["id"].as_str(),
            enterprise: self.enterprise["id"].as_str(),
            user_team: self.user["team_id"].as_str(),
            is_shared: self.is_ext_shared_channel == true && installed_in.is_none(),
            authors: [
                self.message["bot_id"].as_str(),
                self.message["user"].as_str(),
                self.view["bot_id"].as_str(),
            ],
        }
    }

    /// In a Slack Connect channel: the workspace of the installation, where `team` is the user's.
    fn installed_in(&self) -> Option<&str> {
        self.view["app_installed_team_id"].as_str()
    }

    /// The workspace of the interaction: the one that is named, else the user's (an app that is installed
    /// in a whole organisation gets no `team`), else the installation's.
    pub(crate) fn workspace(&self) -> Option<&str> {
        let context = self.context();
        let team = context.team.or(context.user_team);
        team.or(self.installed_in())
    }

    pub(crate) fn user(&self) -> Option<&str> {
        self.user["id"].as_str()
    }

    /// A `view_submission` has only `name`.
    pub(crate) fn user_name(&self) -> Option<&str> {
        let name = self.user["username"].as_str();
        let name = name.or(self.user["name"].as_str());
        name.filter(|name| !name.is_empty())
    }

    pub(crate) fn channel(&self) -> Option<&str> {
        let channel = self.channel["id"].as_str();
        channel.or(self.container["channel_id"].as_str())
    }

    /// The subject of its row.
    pub(crate) fn view_or_channel(&self) -> Option<&str> {
        self.view["id"].as_str().or(self.channel())
    }

    /// Slack sends one action at a time.
    pub(crate) fn action(&self) -> Option<BlockAction<'_>> {
        let action = self.actions.get(0).filter(|action| action.is_object())?;
        let text = |key: &str| action[key].as_str().unwrap_or_default();
        Some(BlockAction {
            id: text("action_id"),
            ts: text("action_ts"),
            value: text("value"),
        })
    }

    pub(crate) fn view(&self) -> Option<View<'_>> {
        self.view.is_object().then_some(View(&self.view))
    }

    pub(crate) fn trigger_id(&self) -> Option<&str> {
        non_empty(&self.trigger_id)
    }

    pub(crate) fn response_url(&self) -> Option<&str> {
        non_empty(&self.response_url)
    }
}

impl<'a> View<'a> {
    pub(crate) fn id(self) -> Option<ViewId> {
        ViewId::new(self.0["id"].as_str()?).ok()
    }

    pub(crate) fn hash(self) -> &'a str {
        self.0["hash"].as_str().unwrap_or_default()
    }

    /// The values of its inputs, by block and action.
    pub(crate) fn state(self) -> &'a Value {
        &self.0["state"]
    }

    pub(crate) fn input(self) -> ViewInput {
        let metadata = self.0["private_metadata"].as_str();
        views::input(metadata.unwrap_or_default(), self.state())
    }
}
