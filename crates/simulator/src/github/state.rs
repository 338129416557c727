//! The state of the simulated GitHub. One lock protects it, and it has no HTTP and no clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::TimeDelta;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::accounts::{Account, AccountType, Installation, Registration, Token, node_id};
use super::call::extend;
use super::deliveries::Delivery;
use super::hosts::Addresses;
use super::quota::Quota;
use super::refusal::Refusal;
use super::repository::Repository;
use super::storage::Blob;
use crate::options::Now;
use crate::state::Moment;

pub(crate) struct GitHubState {
    pub(crate) app: Registration,
    /// By login in lower case.
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) installations: BTreeMap<u64, Installation>,
    pub(crate) tokens: BTreeMap<String, Token>,
    pub(crate) repositories: BTreeMap<u64, Repository>,
    /// Former names in lower case; requests to them are redirected.
    pub(crate) renamed: BTreeMap<String, u64>,
    pub(crate) quota: Quota,
    /// The newest ones, by signature.
    pub(crate) blobs: VecDeque<(String, Blob)>,
    /// By repository and number of the pull request.
    pub(crate) reviews: BTreeMap<(u64, u64), Vec<Value>>,
    /// Webhooks that are not sent yet, oldest first.
    pub(crate) unsent: VecDeque<Webhook>,
    pub(crate) redeliveries: VecDeque<Webhook>,
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) behaviour: Behaviour,
    /// Requests that are not answered yet.
    pub(crate) in_flight: usize,
    pub(crate) addresses: Addresses,
    /// The clock that the App's web tokens are compared with, when it is not the workspace's.
    pub(crate) app_clock: Option<Now>,
    last_id: u64,
}

/// What a test may change about GitHub.
#[derive(Clone)]
pub struct Behaviour {
    /// Webhooks wait for `deliver_webhooks`, and are not sent at once.
    pub hold_webhooks: bool,
    /// How long the search index is behind.
    pub search_lag: TimeDelta,
    /// Whether a re-run sends `workflow_run` with `requested`. GitHub has left it out.
    pub rerun_requested: bool,
    /// How long a URL of the storage is valid.
    pub signed_for: TimeDelta,
    /// The version of a GitHub Enterprise server; its webhooks and responses name it, and it waits 30 s
    /// for an answer.
    pub enterprise: Option<String>,
    /// How long deliveries are kept: 3 days at github.com, 7 at GitHub Enterprise.
    pub deliveries_kept: TimeDelta,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            hold_webhooks: false,
            search_lag: TimeDelta::seconds(10),
            rerun_requested: false,
            signed_for: TimeDelta::minutes(1),
            enterprise: None,
            deliveries_kept: TimeDelta::days(3),
        }
    }
}

/// A webhook for the App.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) guid: String,
    pub(crate) event: String,
    pub(crate) installation: Option<u64>,
    pub(crate) repository: Option<u64>,
    pub(crate) payload: Value,
}

/// Events that an App receives without a subscription.
const ALWAYS: [&str; 3] = ["installation", "installation_repositories", "ping"];

impl GitHubState {
    pub(crate) fn new(app_name: &str, first_id: u64) -> Self {
        let mut state = Self {
            app: Registration::new(app_name),
            accounts: BTreeMap::new(),
            installations: BTreeMap::new(),
            tokens: BTreeMap::new(),
            repositories: BTreeMap::new(),
            renamed: BTreeMap::new(),
            quota: Quota::default(),
            blobs: VecDeque::new(),
            reviews: BTreeMap::new(),
            unsent: VecDeque::new(),
            redeliveries: VecDeque::new(),
            addresses: Addresses::default(),
            deliveries: Vec::new(),
            behaviour: Behaviour::default(),
            in_flight: 0,
            app_clock: None,
            last_id: 20_000 + first_id,
        };
        let owner = state.app.owner.clone();
        state.add_account(&owner, AccountType::Organization);
        state
    }

    pub(crate) fn fresh(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn add_account(&mut self, login: &str, kind: AccountType) -> Account {
        if let Some(known) = self.accounts.get(&login.to_lowercase()) {
            return known.clone();
        }
        let account = Account {
            id: self.fresh(),
            login: login.to_owned(),
            kind,
        };
        self.accounts.insert(login.to_lowercase(), account.clone());
        account
    }

    /// The id of a repository: by `owner/name`, without regard to case.
    pub(crate) fn repository_id(&self, full_name: &str) -> Option<u64> {
        let wanted = full_name.to_lowercase();
        let found = self.repositories.values();
        found
            .filter(|repository| repository.full_name().to_lowercase() == wanted)
            .map(|repository| repository.id)
            .next()
    }

    pub(crate) fn repository_mut(&mut self, id: u64) -> Result<&mut Repository, Refusal> {
        self.repositories
            .get_mut(&id)
            .ok_or_else(Refusal::not_found)
    }

    /// The repositories that an installation reaches.
    pub(crate) fn installed(&self, installation: &Installation) -> BTreeSet<u64> {
        let own = self.repositories.values();
        let own = own.filter(|repository| repository.owner.id == installation.account.id);
        let own = own.map(|repository| repository.id).filter(|id| {
            installation
                .selected
                .as_ref()
                .is_none_or(|selected| selected.contains(id))
        });
        own.collect()
    }

    /// The installation that reaches a repository.
    pub(crate) fn installation_of(&self, repository: u64) -> Option<&Installation> {
        self.installations
            .values()
            .find(|installation| self.installed(installation).contains(&repository))
    }

    /// Adds a webhook, if the App is installed where it happened and subscribed to the event.
    pub(crate) fn emit(
        &mut self,
        event: &str,
        action: Option<&str>,
        repository: Option<u64>,
        fields: Value,
        sender: &Account,
        now: Moment,
    ) {
        let Some(id) = repository.filter(|_| self.app.events.contains(event)) else {
            return;
        };
        let installation = self
            .installation_of(id)
            .filter(|i| i.suspended_at.is_none());
        let (Some(installation), Some(repository)) = (installation, self.repositories.get(&id))
        else {
            return;
        };
        let mut payload = Map::new();
        if let Some(action) = action {
            payload.insert("action".to_owned(), json!(action));
        }
        if let Value::Object(fields) = fields {
            payload.extend(fields);
        }
        let mut shown = repository.json();
        if event == "push" {
            shown["created_at"] = json!(repository.created_at.timestamp());
            shown["pushed_at"] = json!(now.timestamp());
            shown["owner"]["name"] = json!(repository.owner.login);
            shown["owner"]["email"] = Value::Null;
            shown["master_branch"] = json!(repository.default_branch);
            shown["stargazers"] = json!(0);
        }
        payload.insert("repository".to_owned(), shown);
        if repository.owner.kind == AccountType::Organization {
            payload.insert("organization".to_owned(), repository.organization());
        }
        payload.insert("sender".to_owned(), sender.json());
        let node = node_id("Installation", installation.id);
        payload.insert(
            "installation".to_owned(),
            json!({"id": installation.id, "node_id": node}),
        );
        let installation = Some(installation.id);
        self.queue(event, installation, Some(id), Value::Object(payload));
    }

    /// Adds a webhook about an installation.
    pub(crate) fn emit_installation(&mut self, event: &str, action: &str, id: u64, more: Value) {
        let Some(installation) = self.installations.get(&id) else {
            return;
        };
        let mut payload = json!({
            "action": action, "installation": installation.json(&self.app),
            "sender": installation.account.json(), "requester": null,
        });
        extend(&mut payload, more);
        self.queue(event, Some(id), None, payload);
    }

    pub(crate) fn queue(
        &mut self,
        event: &str,
        installation: Option<u64>,
        repository: Option<u64>,
        payload: Value,
    ) {
        if !self.app.events.contains(event) && !ALWAYS.contains(&event) {
            return;
        }
        self.unsent.push_back(Webhook {
            guid: Uuid::new_v4().to_string(),
            event: event.to_owned(),
            installation,
            repository,
            payload,
        });
    }
}
