//! A handle of a running workspace. Clones refer to the same workspace.
//!
//! Waiting is for a change of the state and not for time. The clock is the caller's; `advance` adds to
//! it.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::app_client::AppClient;
use super::faults::{Fault, FaultRule, Faults};
use super::github::GitHubState;
use super::limits::{Limits, RateLimiter};
use super::options::{App, Now, Options};
use super::person::Person;
use super::snapshot::Snapshot;
use super::state::{Bot, ChannelType, WorkspaceState};
use super::statuspage::Statuspage;
use super::{events, server};

/// A running Slack workspace, with GitHub and a Statuspage.
#[derive(Clone)]
pub struct Workspace(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) base: String,
    pub(super) now: Now,
    pub(super) skew_millis: AtomicI64,
    pub(super) limited: AtomicBool,
    pub(super) max_block_text: usize,
    pub(super) state: Mutex<WorkspaceState>,
    pub(super) rate_limiter: Mutex<RateLimiter>,
    pub(super) faults: Mutex<Faults>,
    pub(super) calls: Mutex<Vec<ApiCall>>,
    pub(super) app: Mutex<App>,
    pub(super) statuspage: Mutex<Statuspage>,
    pub(super) version: watch::Sender<u64>,
    pub(super) released: watch::Sender<u64>,
    pub(super) stop: watch::Sender<bool>,
    pub(super) held: AtomicUsize,
    pub(super) arrived: AtomicUsize,
    pub(super) sent: Mutex<events::Deliveries>,
    pub(super) app_client: AppClient,
    pub(super) github: Mutex<GitHubState>,
    /// Held while webhooks of GitHub are sent, so that they stay in order.
    pub(super) webhook_turn: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ApiCall {
    /// The number of the request, from 0. It does not change when older ones are removed.
    pub number: usize,
    pub method: String,
    pub args: Value,
    /// The user id of the bot; none if the token was refused.
    pub caller: Option<String>,
    pub fault: Option<Fault>,
    /// `ok` or the error code; none if the request had no effect yet.
    pub outcome: Option<String>,
    /// The time of arrival, in milliseconds since 1970.
    pub at_millis: i64,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Workspace {
    /// Starts a workspace with the app's bot and `#general`. It runs until `stop`.
    pub async fn start(options: Options) -> std::io::Result<Self> {
        let listener = TcpListener::bind(options.bind).await?;
        let base = format!("http://{}", listener.local_addr()?);
        let mut state = WorkspaceState::new(&options.team_id, &options.team_name, options.first_id);
        let now = (options.now)();
        let app = options.app;
        let user_id = state.add_user(app.bot_user_id.as_deref(), &app.name, true);
        let bot = Bot {
            token: app.token.clone(),
            user_id: user_id.clone(),
            bot_id: state.fresh("B"),
            app_id: app.app_id.clone(),
            name: app.name.clone(),
            scopes: app.scopes.iter().cloned().collect(),
            revoked: None,
        };
        state.bots.push(bot);
        let bot_name = "slackbot";
        let slackbot = state.add_user(Some("USLACKBOT"), bot_name, true);
        let general = state.add_channel(None, "general", ChannelType::Public, &slackbot, now);
        state
            .channel_mut(&general)
            .expect("#general was just made")
            .members
            .clear();
        let any_port = std::net::SocketAddr::new(options.bind.ip(), 0);
        let api = TcpListener::bind(any_port).await?;
        let storage = TcpListener::bind(any_port).await?;
        let mut github = GitHubState::new(&app.name, options.first_id);
        github.addresses.api = format!("http://{}", api.local_addr()?);
        github.addresses.storage = format!("http://{}", storage.local_addr()?);
        let inner = Inner {
            base,
            now: options.now,
            skew_millis: AtomicI64::new(0),
            limited: AtomicBool::new(options.limits == Limits::Slack),
            max_block_text: options.max_block_text,
            state: Mutex::new(state),
            rate_limiter: Mutex::default(),
            faults: Mutex::default(),
            calls: Mutex::default(),
            app: Mutex::new(app),
            statuspage: Mutex::new(Statuspage::new(&options.statuspage_key)),
            version: watch::Sender::new(0),
            released: watch::Sender::new(0),
            stop: watch::Sender::new(false),
            held: AtomicUsize::new(0),
            arrived: AtomicUsize::new(0),
            sent: Mutex::default(),
            app_client: AppClient::new(),
            github: Mutex::new(github),
            webhook_turn: tokio::sync::Mutex::default(),
        };
        let workspace = Self(Arc::new(inner));
        for (listener, router) in [
            (listener, server::routes(workspace.clone())),
            (api, server::github_routes(workspace.clone())),
            (storage, server::storage_routes(workspace.clone())),
        ] {
            tokio::spawn(server::serve(listener, workspace.clone(), router));
        }
        Ok(workspace)
    }

    pub fn stop(&self) {
        self.0.stop.send_replace(true);
    }

    /// `http://127.0.0.1:port`, also the base of Statuspage's API.
    pub fn base_url(&self) -> String {
        self.0.base.clone()
    }

    /// The base URL of the Web API.
    pub fn api_url(&self) -> String {
        format!("{}/api", self.0.base)
    }

    /// Adds a user. The id is generated unless it is given.
    pub fn add_user(&self, id: Option<&str>, name: &str) -> String {
        let id = self.state().add_user(id, name, false);
        self.changed();
        id
    }

    pub fn deactivate(&self, user: &str) {
        if let Some(user) = self.state().users.get_mut(user) {
            user.deleted = true;
        }
        self.changed();
    }

    pub fn add_channel(
        &self,
        id: Option<&str>,
        name: &str,
        kind: ChannelType,
        members: &[&str],
    ) -> String {
        let now = self.now();
        let creator = members.first().copied().unwrap_or("USLACKBOT");
        let mut state = self.state();
        let id = state.add_channel(id, name, kind, creator, now);
        if let Ok(channel) = state.channel_mut(&id) {
            channel.members = members.iter().map(|m| (*m).to_owned()).collect();
        }
        drop(state);
        self.changed();
        id
    }

    /// Adds public channels without members.
    pub fn add_channels(&self, names: impl IntoIterator<Item = String>) {
        let now = self.now();
        let mut state = self.state();
        for name in names {
            let id = state.add_channel(None, &name, ChannelType::Public, "USLACKBOT", now);
            if let Ok(channel) = state.channel_mut(&id) {
                channel.members.clear();
            }
        }
        drop(state);
        self.changed();
    }

    /// Adds a bot with its own token, and returns its user id.
    pub fn add_bot(&self, token: &str, name: &str, scopes: &[&str]) -> String {
        let mut state = self.state();
        let user_id = state.add_user(None, name, true);
        let (bot_id, app_id) = (state.fresh("B"), state.fresh("A"));
        state.bots.push(Bot {
            token: token.to_owned(),
            user_id: user_id.clone(),
            bot_id,
            app_id,
            name: name.to_owned(),
            scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
            revoked: None,
        });
        user_id
    }

    pub fn set_scopes(&self, token: &str, scopes: &[&str]) {
        if let Some(bot) = self.state().bots.iter_mut().find(|b| b.token == token) {
            bot.scopes = scopes.iter().map(|s| (*s).to_owned()).collect();
        }
    }

    /// From now on, calls with the token fail with `code`, such as `token_revoked`.
    pub fn revoke(&self, token: &str, code: &str) {
        if let Some(bot) = self.state().bots.iter_mut().find(|b| b.token == token) {
            bot.revoked = Some(code.to_owned());
        }
    }

    /// The user id of the app's bot.
    pub fn bot_user(&self) -> String {
        let token = self.app().token.clone();
        let state = self.state();
        state
            .bots
            .iter()
            .find(|b| b.token == token)
            .map(|b| b.user_id.clone())
            .unwrap_or_default()
    }

    /// Sets the address of the app, such as `http://127.0.0.1:3000`.
    pub fn set_app_url(&self, url: Option<&str>) {
        self.app().base_url = url.map(str::to_owned);
    }

    pub fn configure_app(&self, change: impl FnOnce(&mut App)) {
        change(&mut self.app());
    }

    /// A user, to act as that person.
    pub fn person(&self, address: &str) -> Person {
        let id = self.state().find_user(address).map(|u| u.id.clone());
        Person::new(self.clone(), id.unwrap_or_else(|| address.to_owned()))
    }

    /// Switches rate limits on or off, and resets their counts.
    pub fn set_limits(&self, limits: Limits) {
        self.0
            .limited
            .store(limits == Limits::Slack, Ordering::SeqCst);
        *lock(&self.0.rate_limiter) = RateLimiter::default();
    }

    /// Adds a fault; the id is for `lift_fault` and `fault_hits`.
    pub fn fault(&self, rule: FaultRule) -> u64 {
        lock(&self.0.faults).add(rule)
    }

    pub fn lift_fault(&self, id: u64) {
        lock(&self.0.faults).lift(id);
    }

    /// Removes all faults. Requests that are held stay held.
    pub fn lift_faults(&self) {
        lock(&self.0.faults).lift_all();
    }

    pub fn fault_hits(&self, id: u64) -> u32 {
        lock(&self.0.faults).met(id)
    }

    /// Releases all requests that are held.
    pub fn release(&self) {
        self.0.released.send_modify(|generation| *generation += 1);
    }

    pub fn held(&self) -> usize {
        self.0.held.load(Ordering::SeqCst)
    }

    /// How often a method was called, including calls that failed.
    pub fn calls(&self, method: &str) -> usize {
        lock(&self.0.calls)
            .iter()
            .filter(|c| c.method == method)
            .count()
    }

    /// All requests, oldest first.
    pub fn requests(&self) -> Vec<ApiCall> {
        lock(&self.0.calls).clone()
    }

    /// Deletes the recorded requests, so that a long test does not use more and more memory.
    pub fn forget_requests(&self) {
        lock(&self.0.calls).clear();
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.state())
    }

    /// A number that grows with every change.
    pub fn version(&self) -> u64 {
        *self.0.version.borrow()
    }

    /// Waits until `look` returns a value. It is called after each change.
    ///
    /// # Errors
    /// After `timeout`: the snapshot, as JSON.
    pub async fn wait_until<T>(
        &self,
        timeout: Duration,
        mut look: impl FnMut(&Self) -> Option<T>,
    ) -> Result<T, String> {
        let mut version = self.0.version.subscribe();
        let search = async {
            loop {
                version.mark_unchanged();
                if let Some(found) = look(self) {
                    return found;
                }
                if version.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(timeout, search).await.map_err(|_| {
            serde_json::to_string_pretty(&self.snapshot()).unwrap_or_else(|e| e.to_string())
        })
    }

    /// Advances the workspace's clock, relative to the caller's.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.0.skew_millis.fetch_add(millis, Ordering::SeqCst);
    }
}
