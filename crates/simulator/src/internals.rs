//! The methods of a workspace that only this crate uses.
//!
//! Locks are taken one at a time and are not held across an await; `changed` holds none.

use std::sync::MutexGuard;
use std::sync::atomic::Ordering;

use axum::response::Response;
use chrono::TimeDelta;
use serde_json::Value;
use tokio::sync::watch;

use super::app_client::AppClient;
use super::args::Args;
use super::events;
use super::faults::Fault;
use super::github::GitHubState;
use super::limits::Tier;
use super::options::App;
use super::state::{Moment, WorkspaceState};
use super::statuspage::Statuspage;
use super::workspace::{ApiCall, Workspace, lock};

impl Workspace {
    pub(crate) fn state(&self) -> MutexGuard<'_, WorkspaceState> {
        lock(&self.0.state)
    }

    /// The app under test: its token and secrets.
    pub fn app(&self) -> MutexGuard<'_, App> {
        lock(&self.0.app)
    }

    pub(crate) fn statuspage(&self) -> MutexGuard<'_, Statuspage> {
        lock(&self.0.statuspage)
    }

    pub(crate) fn github_state(&self) -> MutexGuard<'_, GitHubState> {
        lock(&self.0.github)
    }

    pub(crate) fn deliveries(&self) -> MutexGuard<'_, events::Deliveries> {
        lock(&self.0.sent)
    }

    pub(crate) fn app_client(&self) -> &AppClient {
        &self.0.app_client
    }

    pub(crate) fn now(&self) -> Moment {
        (self.0.now)() + TimeDelta::milliseconds(self.0.skew_millis.load(Ordering::SeqCst))
    }

    pub(crate) fn max_block_text(&self) -> usize {
        self.0.max_block_text
    }

    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stop.subscribe()
    }

    /// A number that grows with every change.
    pub fn versions(&self) -> watch::Receiver<u64> {
        self.0.version.subscribe()
    }

    /// Notifies waiting callers of a change, and sends the new events.
    pub(crate) fn changed(&self) {
        events::dispatch(self);
        self.send_webhooks();
        self.touch();
    }

    /// Notifies waiting callers.
    pub(crate) fn touch(&self) {
        self.0.version.send_modify(|version| *version += 1);
    }

    pub(crate) fn admit(
        &self,
        tier: Tier,
        token: &str,
        method: &str,
        channel: Option<&str>,
        now: Moment,
    ) -> Result<(), u64> {
        if !self.0.limited.load(Ordering::SeqCst) {
            return Ok(());
        }
        lock(&self.0.rate_limiter).admit(tier, token, method, channel, now)
    }

    pub(crate) fn admit_paced(&self, key: &str, burst: usize) -> Result<(), u64> {
        if !self.0.limited.load(Ordering::SeqCst) {
            return Ok(());
        }
        lock(&self.0.rate_limiter).admit_paced(key, burst, self.now())
    }

    pub(crate) fn take_fault(&self, method: &str, channel: Option<&str>) -> Option<Fault> {
        lock(&self.0.faults).take(method, channel)
    }

    /// Waits for the next `release`. The future is dropped when the caller disconnects.
    pub(crate) async fn hold(&self) {
        struct Held<'a>(&'a Workspace);
        impl Drop for Held<'_> {
            fn drop(&mut self) {
                self.0.0.held.fetch_sub(1, Ordering::SeqCst);
                self.0.0.version.send_modify(|version| *version += 1);
            }
        }
        let mut released = self.0.released.subscribe();
        self.0.held.fetch_add(1, Ordering::SeqCst);
        let _held = Held(self);
        self.0.version.send_modify(|version| *version += 1);
        let _ = released.changed().await;
    }

    pub(crate) fn record(&self, method: &str, args: &Args) -> usize {
        let mut shown = args.0.clone();
        shown.remove("token");
        let mut calls = lock(&self.0.calls);
        let number = self.0.arrived.fetch_add(1, Ordering::SeqCst);
        calls.push(ApiCall {
            number,
            method: method.to_owned(),
            args: Value::Object(shown),
            caller: None,
            fault: None,
            outcome: None,
            at_millis: self.now().timestamp_millis(),
        });
        drop(calls);
        self.0.version.send_modify(|version| *version += 1);
        number
    }

    /// Changes the record of a request, unless `forget_requests` has removed it.
    fn note(&self, number: usize, write: impl FnOnce(&mut ApiCall)) {
        let mut calls = lock(&self.0.calls);
        if let Some(call) = calls.iter_mut().rev().find(|c| c.number == number) {
            write(call);
        }
    }

    pub(crate) fn note_fault(&self, number: usize, fault: Option<&Fault>) {
        self.note(number, |call| call.fault = fault.cloned());
    }

    pub(crate) fn note_outcome(&self, number: usize, outcome: &str) {
        self.note(number, |call| call.outcome = Some(outcome.to_owned()));
    }

    pub(crate) fn note_caller(&self, number: usize, caller: &str) {
        self.note(number, |call| call.caller = Some(caller.to_owned()));
    }

    pub(crate) fn sign_scopes(&self, token: Option<&str>, response: &mut Response) {
        let state = self.state();
        let Some(bot) = state.bots.iter().find(|b| Some(b.token.as_str()) == token) else {
            return;
        };
        let scopes: Vec<&str> = bot.scopes.iter().map(String::as_str).collect();
        if let Ok(value) = scopes.join(",").parse() {
            response.headers_mut().insert("x-oauth-scopes", value);
        }
    }
}
