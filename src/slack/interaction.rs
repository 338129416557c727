//! An interaction as Slack sends it: the fields that we read, each of which may be absent.
//!
//! Read twice: at the edge for its address, and later from the inbox for its meaning. What it
//! means is said in `decode`; here is only what is in it.

use super::views::{self, Filled, State};
use super::whose::{Installation, Says};
use super::wire::{lenient_or_default, without_escaped_zero};
use crate::domain::ids::ViewId;
use serde::Deserialize;

/// What somebody did to a message or a modal of ours.
#[derive(Debug, Deserialize)]
pub(crate) struct Interaction {
    #[serde(default, rename = "type", deserialize_with = "lenient_or_default")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    team: Option<Id>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    enterprise: Option<Id>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    user: Option<User>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    is_ext_shared_channel: bool,
    #[serde(default, deserialize_with = "lenient_or_default")]
    message: Option<Written>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    channel: Option<Id>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    container: Option<Container>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    view: Option<View>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    actions: Option<Vec<Click>>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    trigger_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    response_url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Id {
    #[serde(default, deserialize_with = "lenient_or_default")]
    id: Option<String>,
}

/// The message on which something was pressed: who wrote it.
#[derive(Debug, Deserialize)]
struct Written {
    #[serde(default, deserialize_with = "lenient_or_default")]
    user: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    bot_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct User {
    #[serde(default, deserialize_with = "lenient_or_default")]
    id: Option<String>,
    /// In a click; a submission says only `name`.
    #[serde(default, deserialize_with = "lenient_or_default")]
    username: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    team_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Container {
    #[serde(default, deserialize_with = "lenient_or_default")]
    channel_id: Option<String>,
}

/// A press of a button, or a choice that is told at once.
#[derive(Debug, Deserialize)]
pub(crate) struct Click {
    #[serde(default, deserialize_with = "lenient_or_default")]
    pub(crate) action_id: String,
    #[serde(default, deserialize_with = "lenient_or_default")]
    pub(crate) action_ts: String,
    #[serde(default, deserialize_with = "lenient_or_default")]
    pub(crate) value: String,
}

/// An open modal.
#[derive(Debug, Deserialize)]
pub(crate) struct View {
    #[serde(default, deserialize_with = "lenient_or_default")]
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    hash: String,
    /// In a channel that is shared with a partner: the workspace of the installation, where `team`
    /// is the person's.
    #[serde(default, deserialize_with = "lenient_or_default")]
    app_installed_team_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    bot_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    private_metadata: String,
    #[serde(default, deserialize_with = "lenient_or_default")]
    state: State,
}

impl Interaction {
    /// Reads the JSON of `payload`; `None` when it is not a JSON object.
    pub(crate) fn read(payload: &str) -> Option<Self> {
        serde_json::from_str(&without_escaped_zero(payload)).ok()
    }

    pub(crate) fn kind(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    /// Whose it is.
    pub(crate) fn says(&self) -> Says<'_> {
        let installed = self.installed_in();
        let message = self.message.as_ref();
        let view = self.view.as_ref();
        Says {
            installations: installed
                .map(|team| Installation {
                    team: Some(team),
                    ..Installation::default()
                })
                .into_iter()
                .collect(),
            team: self.team.as_ref().and_then(|team| team.id.as_deref()),
            enterprise: self.enterprise.as_ref().and_then(|org| org.id.as_deref()),
            person_team: self.user.as_ref().and_then(|user| user.team_id.as_deref()),
            shared: self.is_ext_shared_channel && installed.is_none(),
            authors: [
                message.and_then(|message| message.bot_id.as_deref()),
                message.and_then(|message| message.user.as_deref()),
                view.and_then(|view| view.bot_id.as_deref()),
            ],
        }
    }

    fn installed_in(&self) -> Option<&str> {
        self.view.as_ref()?.app_installed_team_id.as_deref()
    }

    /// The workspace in which it was done: the one that is named, else the person's own (an app that
    /// is installed in all of an organisation gets no `team`), else the installation's.
    pub(crate) fn workspace(&self) -> Option<&str> {
        let says = self.says();
        says.team.or(says.person_team).or(self.installed_in())
    }

    pub(crate) fn user(&self) -> Option<&str> {
        self.user.as_ref()?.id.as_deref()
    }

    /// What they are called.
    pub(crate) fn user_name(&self) -> Option<&str> {
        let user = self.user.as_ref()?;
        let name = user.username.as_deref().or(user.name.as_deref());
        name.filter(|name| !name.is_empty())
    }

    /// The room in which it happened, when it was in one.
    pub(crate) fn room(&self) -> Option<&str> {
        let named = self
            .channel
            .as_ref()
            .and_then(|channel| channel.id.as_deref());
        named.or_else(|| self.container.as_ref()?.channel_id.as_deref())
    }

    /// What it must stay in order with: its view, else its room.
    pub(crate) fn place(&self) -> Option<&str> {
        let view = self.view.as_ref().and_then(|view| view.id.as_deref());
        view.or_else(|| self.room())
    }

    /// Slack sends one action at a time.
    pub(crate) fn click(&self) -> Option<&Click> {
        self.actions.as_ref()?.first()
    }

    pub(crate) fn view(&self) -> Option<&View> {
        self.view.as_ref()
    }

    pub(crate) fn trigger_id(&self) -> Option<&str> {
        self.trigger_id.as_deref().filter(|id| !id.is_empty())
    }

    pub(crate) fn response_url(&self) -> Option<&str> {
        self.response_url.as_deref().filter(|url| !url.is_empty())
    }
}

impl View {
    pub(crate) fn id(&self) -> Option<ViewId> {
        ViewId::new(self.id.clone()?).ok()
    }

    pub(crate) fn hash(&self) -> &str {
        &self.hash
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// What was filled in, and what travelled along.
    pub(crate) fn filled(&self) -> Filled {
        views::filled(&self.private_metadata, &self.state)
    }
}
