//! What every handler may use.
//!
//! One value, shared: the store to append to and to read from, the figures, the health, the clock,
//! and the few settings that the edge needs. Secrets are in here, so it prints nothing of itself.

use super::allowance::Allowance;
use super::bearer;
use super::health::Probe;
use super::limit::Limiter;
use crate::domain::rules::Rules;
use crate::slack::address::Ourselves;
use crate::slack::signature::Secrets;
use crate::store::Store;
use crate::telemetry::health::Health;
use crate::telemetry::metrics::Metrics;
use chrono::{DateTime, Utc};
use http::HeaderMap;
use ipnet::IpNet;
use std::fmt;
use std::sync::Arc;
use tokio::sync::watch;

/// What the edge is told by the configuration. A source without its secret is off.
#[derive(Clone, Default)]
pub struct EdgeSettings {
    /// Slack's signing secrets.
    pub slack: Option<Secrets>,
    /// GitHub's webhook secrets: the present one first.
    pub github: Vec<String>,
    /// The bearer token of `/api/v1`; `None`: there is no API.
    pub admin_token: Option<String>,
    /// The bearer token of `/metrics` on the app's port; `None`: open.
    pub metrics_token: Option<String>,
    /// Requests per minute and client address; 0: any number.
    pub rate_limit_per_minute: u32,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl fmt::Debug for EdgeSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EdgeSettings").finish_non_exhaustive()
    }
}

/// Which build this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Build {
    /// The crate's version.
    pub version: &'static str,
    /// The commit, when the build was told.
    pub commit: &'static str,
    /// When it was built, when the build was told.
    pub built_at: &'static str,
}

impl Build {
    /// This one. `WARDROOM_COMMIT` and `WARDROOM_BUILD_DATE` are read when it is compiled.
    pub const fn current() -> Self {
        const fn or_unknown(told: Option<&'static str>) -> &'static str {
            match told {
                Some(told) => told,
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

/// Now, as the process has it.
pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// What every handler may use.
pub struct EdgeState {
    pub(super) store: Store,
    pub(super) metrics: Arc<Metrics>,
    pub(super) health: Arc<Health>,
    pub(super) rules: watch::Receiver<Arc<Rules>>,
    pub(super) ourselves: watch::Receiver<Ourselves>,
    pub(super) settings: EdgeSettings,
    pub(super) build: Build,
    pub(super) limiter: Limiter,
    pub(super) allowance: Allowance,
    pub(super) probe: Probe,
    now: Now,
}

impl fmt::Debug for EdgeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EdgeState").finish_non_exhaustive()
    }
}

impl EdgeState {
    /// Puts it together. `rules` change on a reload, `ourselves` when Slack has said who we are.
    pub fn new(
        store: Store,
        metrics: Arc<Metrics>,
        health: Arc<Health>,
        rules: watch::Receiver<Arc<Rules>>,
        ourselves: watch::Receiver<Ourselves>,
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
            ourselves,
            settings,
            now,
        })
    }

    /// Whether a request carries the API's token.
    pub(super) fn may_call_the_api(&self, headers: &HeaderMap) -> bool {
        let token = self.settings.admin_token.as_deref();
        token.is_some_and(|token| bearer::matches(headers, token))
    }

    /// Now.
    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    /// The team's rules at this moment.
    pub(super) fn rules(&self) -> Arc<Rules> {
        self.rules.borrow().clone()
    }
}
