//! What tests and demos do with the simulated GitHub: accounts, tokens, repositories, runs, limits.
//!
//! A repository is named `owner/name`. A name that does not exist is a mistake of the caller, and panics.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::GitHub;
use super::accounts::{AccountType, Holder, Installation, Registration, Token, node_id};
use super::caches::Cache;
use super::git::Git;
use super::permissions::{Level, Permissions};
use super::plan::AttemptPlan;
use super::quota::GitHubLimits;
use super::repository::Repository;
use super::state::{Behaviour, GitHubState};
use crate::options::Now;

impl GitHubState {
    pub(crate) fn must_find(&self, repository: &str) -> u64 {
        let found = self.repository_id(repository);
        found.unwrap_or_else(|| panic!("there is no repository {repository}"))
    }
}

/// Accounts, the App and its tokens.
impl GitHub {
    pub fn configure_app(&self, change: impl FnOnce(&mut Registration)) {
        change(&mut self.state().app);
    }

    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.state().behaviour);
        self.0.changed();
    }

    pub fn limit(&self, change: impl FnOnce(&mut GitHubLimits)) {
        change(&mut self.state().quota.limits);
    }

    /// The clock that the App's web tokens are compared with, if the App does not use the workspace's.
    pub fn set_app_clock(&self, clock: Option<Now>) {
        self.state().app_clock = clock;
    }

    pub fn add_account(&self, login: &str, kind: AccountType) {
        self.state().add_account(login, kind);
    }

    /// Installs the App for all repositories of an account, and returns the id of the installation.
    pub fn install(&self, login: &str) -> u64 {
        let now = self.0.now();
        let mut state = self.state();
        let account = state.add_account(login, AccountType::Organization);
        let (id, permissions) = (state.fresh(), state.app.permissions.clone());
        let created_at = now;
        let (selected, suspended_at) = (None, None);
        let made = Installation {
            id,
            account,
            selected,
            permissions,
            created_at,
            suspended_at,
        };
        state.installations.insert(id, made);
        state.emit_installation("installation", "created", id, json!({"repositories": []}));
        drop(state);
        self.0.changed();
        id
    }

    /// The installation of an account.
    pub fn installation(&self, login: &str) -> Option<u64> {
        let state = self.state();
        let mut all = state.installations.values();
        all.find(|i| i.account.login.eq_ignore_ascii_case(login))
            .map(|i| i.id)
    }

    pub fn uninstall(&self, installation: u64) {
        let mut state = self.state();
        state.emit_installation(
            "installation",
            "deleted",
            installation,
            json!({"repositories": []}),
        );
        state.installations.remove(&installation);
        drop(state);
        self.0.changed();
    }

    pub fn suspend(&self, installation: u64, suspended: bool) {
        let now = self.0.now();
        let mut state = self.state();
        if let Some(found) = state.installations.get_mut(&installation) {
            found.suspended_at = suspended.then_some(now);
        }
        let action = if suspended { "suspend" } else { "unsuspend" };
        state.emit_installation(
            "installation",
            action,
            installation,
            json!({"repositories": []}),
        );
        drop(state);
        self.0.changed();
    }

    /// What the installation grants from now on. Tokens that exist keep what they have.
    pub fn grant(&self, installation: u64, permissions: &[(&str, Level)]) {
        let granted = permissions
            .iter()
            .map(|(name, level)| ((*name).to_owned(), *level));
        let granted: Permissions = granted.collect();
        let mut state = self.state();
        if let Some(found) = state.installations.get_mut(&installation) {
            found.permissions = granted;
        }
        let action = "new_permissions_accepted";
        state.emit_installation(
            "installation",
            action,
            installation,
            json!({"repositories": []}),
        );
        drop(state);
        self.0.changed();
    }

    /// Narrows an installation to these repositories.
    pub fn select(&self, installation: u64, repositories: &[&str]) {
        let mut state = self.state();
        let chosen = repositories
            .iter()
            .map(|name| state.must_find(name))
            .collect();
        let chosen: BTreeSet<u64> = chosen;
        if let Some(found) = state.installations.get_mut(&installation) {
            found.selected = Some(chosen.clone());
        }
        let added = chosen.iter().filter_map(|id| state.repositories.get(id));
        let added: Vec<Value> = added
            .map(|repository| {
                json!({"id": repository.id, "node_id": node_id("Repository", repository.id),
                       "name": repository.name, "full_name": repository.full_name(),
                       "private": repository.private})
            })
            .collect();
        let more = json!({"repository_selection": "selected", "repositories_added": added,
                          "repositories_removed": []});
        state.emit_installation("installation_repositories", "added", installation, more);
        drop(state);
        self.0.changed();
    }

    /// A personal token of a person, with all permissions on what the person reaches.
    pub fn add_personal_token(&self, token: &str, login: &str) {
        let mut state = self.state();
        state.add_account(login, AccountType::User);
        let mut permissions = state.app.permissions.clone();
        permissions.insert("workflows".to_owned(), Level::Write);
        let holder = Holder::Person(login.to_owned());
        let entry = Token {
            holder,
            permissions,
            repositories: None,
            expires_at: None,
        };
        state.tokens.insert(token.to_owned(), entry);
    }

    /// All tokens of installations are no longer valid, before their time.
    pub fn expire_tokens(&self) {
        let installed = |token: &Token| matches!(token.holder, Holder::Installation(_));
        self.state().tokens.retain(|_, token| !installed(token));
    }

    /// How many tokens the App was given and are not revoked.
    pub fn tokens(&self) -> usize {
        let installed = |token: &&Token| matches!(token.holder, Holder::Installation(_));
        self.state().tokens.values().filter(installed).count()
    }

    /// What is left of an installation's hourly quota, and when it begins again.
    pub fn set_quota(&self, installation: u64, remaining: u64, resets_in: std::time::Duration) {
        let now = self.0.now();
        let resets = now + TimeDelta::from_std(resets_in).unwrap_or_else(|_| TimeDelta::hours(1));
        self.state().quota.set(
            &format!("installation:{installation}"),
            remaining,
            resets,
            now,
        );
    }
}

/// Repositories.
impl GitHub {
    /// A private repository with a commit on `main`. Its owner is added if it is not known.
    pub fn add_repository(&self, name: &str) -> u64 {
        let now = self.0.now();
        let mut state = self.state();
        let (owner, short) = name.split_once('/').unwrap_or(("acme", name));
        let owner = state.add_account(owner, AccountType::Organization);
        let id = state.fresh();
        let made = Repository {
            id,
            owner: owner.clone(),
            name: short.to_owned(),
            private: true,
            archived: false,
            has_issues: true,
            default_branch: "main".to_owned(),
            created_at: now,
            collaborators: BTreeMap::new(),
            git: Git::default(),
            workflows: Vec::new(),
            runs: BTreeMap::new(),
            artifacts: BTreeMap::new(),
            caches: Vec::new(),
            suites: BTreeMap::new(),
            checks: BTreeMap::new(),
            issues: BTreeMap::new(),
            pulls: BTreeMap::new(),
            comments: BTreeMap::new(),
            labels: BTreeMap::new(),
            statuses: Vec::new(),
            deployments: BTreeMap::new(),
        };
        state.repositories.insert(id, made);
        let waiting = state.unsent.len();
        let readme = format!("# {short}\n");
        let files = [("README.md", Some(readme.as_bytes()))];
        let pushed = state.push_files(id, "main", &files, "Begin", &owner, now);
        assert!(pushed.is_ok(), "{pushed:?}");
        // The push that made it is no event of interest.
        state.unsent.truncate(waiting);
        id
    }

    fn with_repository(&self, name: &str, change: impl FnOnce(&mut Repository)) {
        let mut state = self.state();
        let id = state.must_find(name);
        if let Some(found) = state.repositories.get_mut(&id) {
            change(found);
        }
    }

    pub fn make_public(&self, repository: &str) {
        self.with_repository(repository, |found| found.private = false);
    }

    pub fn archive(&self, repository: &str) {
        self.with_repository(repository, |found| found.archived = true);
    }

    pub fn disable_issues(&self, repository: &str) {
        self.with_repository(repository, |found| found.has_issues = false);
    }

    /// Requests to the former name are redirected from now on.
    pub fn rename(&self, repository: &str, name: &str) {
        let mut state = self.state();
        let id = state.must_find(repository);
        state.renamed.insert(repository.to_lowercase(), id);
        if let Some(found) = state.repositories.get_mut(&id) {
            name.clone_into(&mut found.name);
        }
    }

    /// A person with `read`, `write` or `admin`.
    pub fn add_collaborator(&self, repository: &str, login: &str, role: &str) {
        self.state().add_account(login, AccountType::User);
        let (login, role) = (login.to_owned(), role.to_owned());
        self.with_repository(repository, |found| {
            found.collaborators.insert(login, role);
        });
    }

    /// A commit that writes one file, and its id. A new branch starts at the default branch.
    pub fn push(
        &self,
        repository: &str,
        branch: &str,
        path: &str,
        content: &str,
        by: &str,
    ) -> String {
        let now = self.0.now();
        let mut state = self.state();
        let (id, by) = (
            state.must_find(repository),
            state.add_account(by, AccountType::User),
        );
        let message = format!("Change {path}");
        let files = [(path, Some(content.as_bytes()))];
        let sha = state.push_files(id, branch, &files, &message, &by, now);
        drop(state);
        self.0.changed();
        sha.unwrap_or_else(|refusal| panic!("{repository}: {}", refusal.message))
    }

    /// A workflow that can be started by `workflow_dispatch` with these inputs, and what such runs do.
    pub fn add_dispatch(
        &self,
        repository: &str,
        name: &str,
        inputs: &[&str],
        runs: AttemptPlan,
    ) -> u64 {
        let now = self.0.now();
        let mut state = self.state();
        let repository = state.must_find(repository);
        let id = state
            .workflow_named(repository, name, now)
            .unwrap_or_default();
        let found = state.repositories.get_mut(&repository);
        let found = found.and_then(|r| r.workflows.iter_mut().find(|workflow| workflow.id == id));
        if let Some(workflow) = found {
            workflow.inputs = Some(inputs.iter().map(|input| (*input).to_owned()).collect());
            workflow.dispatched = runs;
        }
        id
    }

    pub fn add_cache(&self, repository: &str, key: &str, bytes: u64) -> u64 {
        let at = self.0.now();
        let id = self.state().fresh();
        let (key, reference) = (key.to_owned(), "refs/heads/main".to_owned());
        self.with_repository(repository, |found| {
            found.caches.push(Cache {
                id,
                key,
                reference,
                bytes,
                at,
            });
        });
        id
    }
}
