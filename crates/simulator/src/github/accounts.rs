//! Accounts, the App with its installations, and tokens.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::hosts::{API, HTML};
use super::permissions::{Level, Permissions};
use crate::state::Moment;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountType {
    User,
    Organization,
    Bot,
}

#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: u64,
    pub(crate) login: String,
    pub(crate) kind: AccountType,
}

/// The App as it is registered at GitHub.
#[derive(Clone)]
pub struct Registration {
    pub app_id: u64,
    pub client_id: String,
    pub slug: String,
    /// What an installation grants: names such as `actions`, and `read` or `write`.
    pub permissions: Permissions,
    /// The events that the App subscribed to.
    pub events: BTreeSet<String>,
    /// The login of the owner.
    pub owner: String,
}

impl Registration {
    /// The permissions and events that a bot for CI needs.
    pub(crate) fn new(name: &str) -> Self {
        let grant = |names: &str, level: Level| {
            let names = names.split(' ').map(str::to_owned);
            names.map(move |name| (name, level)).collect::<Vec<_>>()
        };
        let written = "actions checks contents pull_requests issues deployments statuses";
        let mut permissions: Permissions = grant(written, Level::Write).into_iter().collect();
        permissions.extend(grant("metadata", Level::Read));
        let events = "push pull_request pull_request_review issues issue_comment check_run \
            check_suite workflow_run workflow_job deployment deployment_status repository";
        Self {
            app_id: 4711,
            client_id: "Iv23liSIMULATED".to_owned(),
            slug: name.to_owned(),
            permissions,
            events: events.split_whitespace().map(str::to_owned).collect(),
            owner: "acme".to_owned(),
        }
    }

    pub(crate) fn json(&self, owner: &Account) -> Value {
        json!({
            "id": self.app_id, "client_id": self.client_id, "slug": self.slug, "name": self.slug,
            "node_id": node_id("Integration", self.app_id), "owner": owner.json(),
            "description": null, "external_url": format!("{HTML}/apps/{}", self.slug),
            "html_url": format!("{HTML}/apps/{}", self.slug),
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
            "permissions": wire(&self.permissions), "events": self.events,
        })
    }
}

pub(crate) fn wire(permissions: &Permissions) -> BTreeMap<&str, &'static str> {
    let words = permissions
        .iter()
        .map(|(name, level)| (name.as_str(), level.word()));
    words.collect()
}

#[derive(Clone)]
pub(crate) struct Installation {
    pub(crate) id: u64,
    pub(crate) account: Account,
    /// The repositories that were selected; `None` for all of the account.
    pub(crate) selected: Option<BTreeSet<u64>>,
    pub(crate) permissions: Permissions,
    pub(crate) created_at: Moment,
    pub(crate) suspended_at: Option<Moment>,
}

impl Installation {
    pub(crate) fn json(&self, app: &Registration) -> Value {
        let id = self.id;
        let selection = if self.selected.is_some() {
            "selected"
        } else {
            "all"
        };
        let created = stamp(self.created_at);
        let by = self.suspended_at.map(|_| self.account.json());
        json!({
            "id": id, "client_id": app.client_id, "account": self.account.json(),
            "repository_selection": selection, "single_file_name": null,
            "access_tokens_url": format!("{API}/app/installations/{id}/access_tokens"),
            "repositories_url": format!("{API}/installation/repositories"),
            "html_url": format!("{HTML}/organizations/{}/settings/installations/{id}", self.account.login),
            "app_id": app.app_id, "app_slug": app.slug, "target_id": self.account.id,
            "target_type": self.account.kind.word(), "permissions": wire(&self.permissions),
            "events": app.events, "created_at": created, "updated_at": created,
            "suspended_by": by, "suspended_at": self.suspended_at.map(stamp),
            "has_multiple_single_files": false, "single_file_paths": [],
        })
    }
}

/// A token that the simulator issued or was told of.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) holder: Holder,
    pub(crate) permissions: Permissions,
    /// Narrows an installation's token; `None` for all repositories of the installation.
    pub(crate) repositories: Option<BTreeSet<u64>>,
    pub(crate) expires_at: Option<Moment>,
}

#[derive(Clone, PartialEq)]
pub(crate) enum Holder {
    Installation(u64),
    /// A personal token of this login.
    Person(String),
}

impl AccountType {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Organization => "Organization",
            Self::Bot => "Bot",
        }
    }
}

impl Account {
    pub(crate) fn json(&self) -> Value {
        let login = &self.login;
        let path = login.replace('[', "%5B").replace(']', "%5D");
        let url = |rest: &str| format!("{API}/users/{path}{rest}");
        json!({
            "login": login, "id": self.id, "node_id": node_id("User", self.id),
            "avatar_url": format!("{HTML}/avatars/u/{}?v=4", self.id), "gravatar_id": "",
            "url": url(""), "html_url": format!("{HTML}/{path}"),
            "followers_url": url("/followers"), "following_url": url("/following{/other_user}"),
            "gists_url": url("/gists{/gist_id}"), "starred_url": url("/starred{/owner}{/repo}"),
            "subscriptions_url": url("/subscriptions"), "organizations_url": url("/orgs"),
            "repos_url": url("/repos"), "events_url": url("/events{/privacy}"),
            "received_events_url": url("/received_events"), "type": self.kind.word(),
            "user_view_type": "public", "site_admin": false,
        })
    }

    /// The author or committer of a commit.
    pub(crate) fn signature(&self, at: Moment) -> Value {
        json!({"name": self.login, "email": self.email(), "date": stamp(at)})
    }

    pub(crate) fn email(&self) -> String {
        format!("{}+{}@users.noreply.github.sim", self.id, self.login)
    }
}

/// An opaque id for GraphQL.
pub(crate) fn node_id(kind: &str, id: impl std::fmt::Display) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("{kind}:{id}"))
}

/// The format of all times in GitHub's bodies.
pub(crate) fn stamp(at: Moment) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
