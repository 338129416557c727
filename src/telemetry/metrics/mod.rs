//! The metrics, with a method for each thing that can happen.
//!
//! A registry of our own, never the crate's global one: tests run side by side. Counters belong to
//! the process; gauges about the whole service are set at a scrape, and keep their values while the
//! database is down. Label values are `&'static str`, words of the program: text from outside cannot
//! grow the number of series, and a new verb or effect has a label of its own. Only the kind of a
//! signal is text of a row, and no row is claimed whose kind no decoder lists.

mod families;

use super::stderr;
use crate::domain::incident::Severity;
use crate::domain::measure::Measure;
pub use families::FAMILIES;
use families::Families;
use prometheus::{Encoder, HistogramVec, IntCounterVec, TextEncoder};
use std::time::Duration;

/// All metrics of a process.
#[derive(Debug)]
pub struct Metrics {
    registry: prometheus::Registry,
    families: Families,
}

/// The value of `event_type` for a row of this source and kind.
pub fn event_type(source: &str, kind: &str) -> String {
    format!("{source}_{}", kind.replace(':', "_"))
}

fn count<const N: usize>(family: &IntCounterVec, labels: [&str; N]) {
    family.with_label_values(&labels).inc();
}

fn observe<const N: usize>(family: &HistogramVec, labels: [&str; N], took: Duration) {
    let series = family.with_label_values(&labels);
    series.observe(took.as_secs_f64());
}

impl Metrics {
    /// Registers every family.
    pub fn new(version: &str, commit: &str) -> Self {
        let registry = prometheus::Registry::new();
        let families = Families::register(&registry);
        let build = families.build_info.with_label_values(&[version, commit]);
        build.set(1);
        #[cfg(target_os = "linux")]
        {
            let process = prometheus::process_collector::ProcessCollector::for_self();
            let registered = registry.register(Box::new(process));
            registered.expect("a fresh registry takes the collector");
        }
        Self { registry, families }
    }

    /// The text of a scrape.
    pub fn render(&self) -> String {
        let dropped = &self.families.log_lines_dropped;
        dropped.inc_by(stderr::dropped().saturating_sub(dropped.get()));
        let mut text = Vec::new();
        let encoded = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        if let Err(error) = encoded {
            tracing::error!(%error, "the metrics could not be written");
        }
        String::from_utf8(text).unwrap_or_default()
    }

    /// Sets the gauges of `inbox` or `outbox`: open rows, the age of the oldest one (0 without any), and
    /// parked rows.
    pub fn queue(&self, queue: &'static str, open: i64, oldest_seconds: f64, parked: i64) {
        let f = &self.families;
        f.queue_length.with_label_values(&[queue]).set(open);
        let oldest = f.queue_oldest.with_label_values(&[queue]);
        oldest.set(oldest_seconds);
        f.dead_letters.with_label_values(&[queue]).set(parked);
    }

    pub fn incidents_open(&self, severity: Severity, open: i64) {
        let family = &self.families.incidents_open;
        family.with_label_values(&[severity.as_str()]).set(open);
    }

    /// Sets how many deliveries are under a lease, on all replicas.
    pub fn active_executions(&self, active: i64) {
        self.families.active_executions.set(active);
    }

    /// Adds to the HTTP requests in flight.
    pub fn http_in_flight(&self, added: i64) {
        self.families.http_in_flight.add(added);
    }

    /// An HTTP request was answered. `path` is the route's template, or `other`.
    pub fn http_answered(&self, method: &'static str, path: &str, status: u16, took: Duration) {
        let status = status.to_string();
        count(&self.families.http_requests, [method, path, &status]);
        observe(&self.families.http_duration, [method, path], took);
    }

    /// A signal was decided, or a decision failed. `kind`: see [`event_type`].
    pub fn signal_decided(&self, kind: &str, status: &'static str, took: Duration) {
        count(&self.families.events, [kind, status]);
        observe(&self.families.event_duration, [kind], took);
    }

    /// An arrival that makes no row: `duplicate` or `ignored`.
    pub fn signal_not_stored(&self, kind: &str, status: &'static str) {
        count(&self.families.events, [kind, status]);
    }

    /// An error that an operator should investigate.
    pub fn error(&self, component: &'static str) {
        count(&self.families.errors, [component]);
    }

    /// Counts what a decision says is to be counted.
    pub fn measure(&self, measure: &Measure) {
        match *measure {
            Measure::Command { command, result } => self.slack_command(command, result),
            Measure::IncidentDeclared { severity } => self.incident_declared(severity.as_str()),
            Measure::IncidentAcknowledged { after } => self.incident_acknowledged(after),
            Measure::IncidentResolved { severity, after } => {
                self.incident_resolved(severity.as_str(), after);
            }
            Measure::Notification { channel, status } => self.notification(channel, status),
        }
    }

    pub fn slack_command(&self, command: &'static str, result: &'static str) {
        count(&self.families.slack_commands, [command, result]);
    }

    /// A call of Slack's Web API ended: `ok`, `refused`, `later` (429), `failed`, `uncertain`.
    pub fn slack_call(&self, method: &'static str, result: &'static str) {
        count(&self.families.slack_api, [method, result]);
        if result == "later" {
            count(&self.families.slack_rate_limited, [method]);
        }
    }

    pub fn incident_declared(&self, severity: &'static str) {
        count(&self.families.incidents, [severity]);
    }

    /// An incident's state changed for the first time, so long after its declaration.
    pub fn incident_acknowledged(&self, after: Duration) {
        let family = &self.families.time_to_acknowledge;
        family.observe(after.as_secs_f64());
    }

    pub fn incident_resolved(&self, severity: &'static str, after: Duration) {
        observe(&self.families.time_to_resolve, [severity], after);
    }

    /// A notification of a `channel` or by direct message (`dm`): `sent`, `failed`, `throttled`,
    /// `uncertain`.
    pub fn notification(&self, channel: &'static str, status: &'static str) {
        count(&self.families.notifications, [channel, status]);
    }

    /// An effect ended: `done`, `refused`, `expired`, `uncertain`, `parked`, `dropped`.
    pub fn effect_ended(&self, kind: &'static str, status: &'static str) {
        count(&self.families.actions, [kind, status]);
    }

    /// A request to a provider ended: `ok`, `refused`, `later`, `failed`, `uncertain`.
    pub fn external(&self, service: &'static str, status: &'static str, took: Duration) {
        count(&self.families.external, [service, status]);
        observe(&self.families.external_duration, [service], took);
    }

    /// A provider's circuit breaker: 0 closed, 1 open.
    pub fn breaker(&self, service: &'static str, state: i64) {
        let family = &self.families.breaker;
        family.with_label_values(&[service]).set(state);
    }

    pub fn signature_failed(&self, source: SignedSource) {
        match source {
            SignedSource::Github => self.families.github_signature_failures.inc(),
            SignedSource::Slack => self.families.slack_signature_failures.inc(),
        }
    }

    /// A signature is valid, by the secret at `index`: 0 is the current one, others the previous one.
    /// When `previous` does not rise for a day, the old secret can be removed.
    pub fn signature_held(&self, source: SignedSource, index: usize) {
        let source = match source {
            SignedSource::Slack => "slack",
            SignedSource::Github => "github",
        };
        let secret = if index == 0 { "current" } else { "previous" };
        count(&self.families.signatures, [source, secret]);
    }

    pub fn database_up(&self, up: bool) {
        self.families.database_up.set(i64::from(up));
    }

    pub fn db_pool(&self, idle: i64, used: i64) {
        let family = &self.families.db_pool;
        family.with_label_values(&["idle"]).set(idle);
        family.with_label_values(&["used"]).set(used);
    }

    /// Sets how often no connection became free in time, since the start of the process.
    pub fn db_acquire_timeouts(&self, total: u64) {
        let counter = &self.families.db_acquire_timeouts;
        counter.inc_by(total.saturating_sub(counter.get()));
    }

    pub fn cache_hit(&self, cache: &'static str) {
        count(&self.families.cache_hits, [cache]);
    }

    pub fn cache_missed(&self, cache: &'static str) {
        count(&self.families.cache_misses, [cache]);
    }

    /// A changed configuration was applied (`Ok`, at this moment in Unix seconds) or refused.
    pub fn config_reloaded(&self, result: Result<i64, ()>) {
        let f = &self.families;
        let word = if result.is_ok() { "applied" } else { "failed" };
        count(&f.config_reloads, [word]);
        if let Ok(at) = result {
            f.config_last_reload.set(at);
        }
    }

    /// A periodic job (`sweep`, `retention`) succeeded, at this moment in Unix seconds.
    pub fn job_succeeded(&self, job: &'static str, at: i64) {
        let family = &self.families.job_last_success;
        family.with_label_values(&[job]).set(at);
    }
}

/// A source whose requests are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedSource {
    Slack,
    Github,
}

#[cfg(test)]
mod tests;
