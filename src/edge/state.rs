//! The state that the handlers share: the store, the metrics, the health, the clock, and the settings of
//! the edge. It contains secrets, so it has no `Debug`.

use super::allowance::Allowance;
use super::bearer;
use super::health::Probe;
use super::limit::Limiter;
use crate::domain::rules::Rules;
use crate::slack::address::Installation;
use crate::store::Store;
use crate::telemetry::health::Health;
use crate::telemetry::metrics::Metrics;
use chrono::{DateTime, Utc};
use http::HeaderMap;
use ipnet::IpNet;
use std::sync::Arc;
use tokio::sync::watch;

/// The settings of the edge. A source without its secret is off.
#[derive(Clone, Default)]
pub struct EdgeSettings {
    /// Slack's signing secrets: the current one first.
    pub slack: Vec<String>,
    /// GitHub's webhook secrets, likewise.
    pub github: Vec<String>,
    /// The bearer token of `/api/v1`; `None`: there is no API.
    pub admin_token: Option<String>,
    /// The bearer token of `/metrics` on the app's port; `None`: none is required.
    pub metrics_token: Option<String>,
    /// Requests per minute and client address; 0: no limit.
    pub rate_limit_per_minute: u32,
    /// Networks whose `X-Forwarded-For` is used.
    pub trusted_proxies: Vec<IpNet>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Build {
    pub version: &'static str,
    /// `unknown` unless the build sets `WARDROOM_COMMIT`.
    pub commit: &'static str,
    /// `unknown` unless the build sets `WARDROOM_BUILD_DATE`.
    pub built_at: &'static str,
}

impl Build {
    pub const fn current() -> Self {
        const fn or_unknown(set: Option<&'static str>) -> &'static str {
            match set {
                Some(set) => set,
                None => "unknown",
            }
        }
        Self {
            version: env!("CARGO_PKG_VERSION"),
            commit: or_unknown(option_env!("WARDROOM_COMMIT")),
            built_at: or_unknown(option_env!("WARDROOM_BUILD_DATE")),
        }
    }
}

pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

pub struct EdgeState {
    pub(super) store: Store,
    pub(super) metrics: Arc<Metrics>,
    pub(super) health: Arc<Health>,
    pub(super) rules: watch::Receiver<Arc<Rules>>,
    pub(super) installation: watch::Receiver<Installation>,
    pub(super) settings: EdgeSettings,
    pub(super) build: Build,
    pub(super) limiter: Limiter,
    pub(super) allowance: Allowance,
    pub(super) probe: Probe,
    now: Now,
}

impl EdgeState {
    /// `rules` change on a reload, `installation` when `auth.test` has answered.
    pub fn new(
        store: Store,
        metrics: Arc<Metrics>,
        health: Arc<Health>,
        rules: watch::Receiver<Arc<Rules>>,
        installation: watch::Receiver<Installation>,
        settings: EdgeSettings,
        now: Now,
    ) -> Arc<Self> {
        let trusted = settings.trusted_proxies.clone();
        Arc::new(Self {
            limiter: Limiter::new(settings.rate_limit_per_minute, trusted),
            allowance: Allowance::default(),
            probe: Probe::default(),
            build: Build::current(),
            store,
            metrics,
            health,
            rules,
            installation,
            settings,
            now,
        })
    }

    pub(super) fn may_call_the_api(&self, headers: &HeaderMap) -> bool {
        let token = self.settings.admin_token.as_deref();
        token.is_some_and(|token| bearer::matches(headers, token))
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    pub(super) fn rules(&self) -> Arc<Rules> {
        self.rules.borrow().clone()
    }
}
