//! Other workspaces: partners in shared channels (Slack Connect), and an app that an organisation has
//! installed in all of its workspaces.
//!
//! A partner's users see and join shared channels only. Events and submitted forms name the partner's
//! workspace; a press names ours, and the user's apart. The installation is in `authorizations` and
//! `view.app_installed_team_id`. With an organisation's token, `team` is null in interactions, and
//! methods that act on one workspace require `team_id`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::error::{Refused, refuse};
use super::state::{Channel, WorkspaceState};
use super::web_api::Call;
use super::workspace::Workspace;

/// An organisation that has installed the app in all of its workspaces.
pub(crate) struct Org {
    pub(crate) id: String,
    pub(crate) teams: BTreeSet<String>,
}

impl WorkspaceState {
    pub(crate) fn team_of(&self, user: &str) -> &str {
        let user = self.users.get(user);
        user.map_or(&self.team_id, |user| &user.team)
    }

    fn org_id(&self) -> Option<&str> {
        self.org.as_ref().map(|org| org.id.as_str())
    }

    fn is_external_team(&self, team: &str) -> bool {
        let in_org = |org: &Org| org.teams.contains(team);
        team != self.team_id && !self.org.as_ref().is_some_and(in_org)
    }

    /// Whether a user may see and join a channel.
    pub(crate) fn is_accessible(&self, channel: &Channel, user: &str) -> bool {
        let team = self.team_of(user);
        !self.is_external_team(team) || channel.shared_with.contains(team)
    }

    /// The fields of a command that name the workspace.
    pub(crate) fn command_fields(&self, user: &str, channel: &str) -> Vec<(&'static str, String)> {
        let team = self.team_of(user);
        let mut fields = vec![("team_id", team.to_owned())];
        let org = self.org_id().filter(|_| !self.is_external_team(team));
        if let Some(org) = org {
            fields.push(("enterprise_id", org.to_owned()));
        }
        fields.push(("is_enterprise_install", org.is_some().to_string()));
        if !self.channels[channel].shared_with.is_empty() {
            fields.push(("is_ext_shared_channel", "true".to_owned()));
        }
        fields
    }

    /// The fields of an interaction that name the workspace.
    pub(crate) fn interaction_envelope(&self, kind: &str, user: &str) -> Value {
        let persons = self.team_of(user);
        let partner = self.is_external_team(persons);
        let of_a_form = matches!(kind, "view_submission" | "view_closed");
        let team = match partner && of_a_form {
            true => json!({"id": persons, "domain": "partner"}),
            false if self.org.is_some() => Value::Null,
            false => json!({"id": self.team_id, "domain": self.team_name}),
        };
        let org = self.org_id().filter(|_| !(partner && of_a_form));
        json!({
            "team": team, "enterprise": org.map(|id| json!({"id": id, "name": "Acme"})),
            "is_enterprise_install": self.org.is_some(),
            "user": {"team_id": persons},
        })
    }

    /// The fields of the envelope that name the workspace.
    pub(crate) fn event_envelope(&self, event: &Value) -> Value {
        let channel = event["channel"]
            .as_str()
            .or(event["channel"]["id"].as_str());
        let channel = channel.and_then(|id| self.channels.get(id));
        let team = event["user"]
            .as_str()
            .map_or(&*self.team_id, |user| self.team_of(user));
        let ours = channel.map_or(&self.team_id, |channel| &channel.team);
        json!({
            "team_id": team, "context_team_id": ours, "context_enterprise_id": self.org_id(),
            "enterprise_id": self.org_id().filter(|_| !self.is_external_team(team)),
            "is_ext_shared_channel": channel.is_some_and(|channel| !channel.shared_with.is_empty()),
            "authorizations": [{"enterprise_id": self.org_id(), "team_id": ours,
                "user_id": self.bots.first().map(|bot| bot.user_id.clone()),
                "is_bot": true, "is_enterprise_install": self.org.is_some()}],
        })
    }
}

impl Call<'_> {
    /// The workspace that a method acts on. With an organisation's token, `team_id` is required.
    pub(crate) fn team(&self) -> Result<String, Refused> {
        let Some(org) = &self.state.org else {
            return Ok(self.state.team_id.clone());
        };
        match self.args.text("team_id").filter(|team| !team.is_empty()) {
            None => {
                let message = "[ERROR] missing required field: team_id".to_owned();
                Err(Refused::because("missing_argument", vec![message]))
            }
            Some(team) if org.teams.contains(&team) => Ok(team),
            Some(_) => refuse("team_access_not_granted"),
        }
    }
}

impl Workspace {
    /// Adds a user of another workspace: a partner's, or one of the organisation.
    pub fn add_user_of(&self, team: &str, id: Option<&str>, name: &str) -> String {
        let mut state = self.state();
        let id = state.add_user(id, name, false);
        if let Some(user) = state.users.get_mut(&id) {
            user.team = team.to_owned();
        }
        drop(state);
        self.changed();
        id
    }

    pub fn share_channel(&self, channel: &str, team: &str) {
        let mut state = self.state();
        let id = state
            .find_channel(channel)
            .map(|channel| channel.id.clone());
        if let Some(channel) = id.and_then(|id| state.channels.get_mut(&id)) {
            channel.shared_with.insert(team.to_owned());
        }
        drop(state);
        self.changed();
    }

    /// Installs the app for an organisation with these workspaces and the own one.
    pub fn install_for_org(&self, id: &str, teams: &[&str]) {
        let mut state = self.state();
        let teams = teams.iter().map(|team| (*team).to_owned());
        let teams = teams.chain([state.team_id.clone()]).collect();
        state.org = Some(Org {
            id: id.to_owned(),
            teams,
        });
    }
}
