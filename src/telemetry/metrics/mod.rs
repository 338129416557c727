//! The metrics by the names that are promised, and one method for each thing that can happen.
//!
//! A registry of our own, never the crate's global one: tests run side by side. Counters belong to
//! the process; gauges about the whole service are handed in at scrape, and `/metrics` works without
//! them while the database is down. Labels are bounded sets: what is not in a set counts as `other`.

mod families;
mod labels;

use super::stderr;
pub use families::FAMILIES;
use families::Families;
use prometheus::{Encoder, TextEncoder};
use std::time::Duration;

/// All metrics of a process.
#[derive(Debug)]
pub struct Metrics {
    registry: prometheus::Registry,
    families: Families,
}

/// What the whole service looks like, as the database knows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceGauges {
    /// Of `inbox` and `outbox`: how many rows wait, the oldest one's age in seconds, how many are
    /// parked.
    pub queues: Vec<QueueGauges>,
    /// Open incidents by severity (`P1`…`P4`); a severity that is missing has none.
    pub incidents_open: Vec<(&'static str, i64)>,
    /// Deliveries under a lease at this moment, on all replicas.
    pub active_executions: i64,
    /// When the last backup was made, in Unix seconds.
    pub backup_last_success: Option<i64>,
}

/// What a row is called in the metrics: its source and kind.
pub fn event_type(source: &str, kind: &str) -> String {
    format!("{source}_{}", kind.replace(':', "_"))
}

/// A queue's gauges.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueGauges {
    /// `inbox` or `outbox`.
    pub queue: &'static str,
    /// How many wait.
    pub length: i64,
    /// The age of the one that has waited longest; 0 when none does.
    pub oldest_seconds: f64,
    /// How many are parked.
    pub dead: i64,
}

impl Metrics {
    /// Every family, with a series each.
    pub fn new(version: &str, commit: &str) -> Self {
        let registry = prometheus::Registry::new();
        let families = Families::register(&registry);
        families
            .build_info
            .with_label_values(&[version, commit])
            .set(1);
        #[cfg(target_os = "linux")]
        {
            let process = prometheus::process_collector::ProcessCollector::for_self();
            let registered = registry.register(Box::new(process));
            registered.expect("a fresh registry takes the collector");
        }
        Self { registry, families }
    }

    /// The text of a scrape. `None`: the database did not answer; its gauges keep their last value.
    pub fn render(&self, service: Option<&ServiceGauges>) -> String {
        if let Some(service) = service {
            self.take(service);
        }
        let dropped = &self.families.log_lines_dropped;
        dropped.inc_by(stderr::dropped().saturating_sub(dropped.get()));
        let mut text = Vec::new();
        let encoded = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        if let Err(error) = encoded {
            tracing::error!(%error, "the metrics could not be written");
        }
        String::from_utf8(text).unwrap_or_default()
    }

    fn take(&self, service: &ServiceGauges) {
        let f = &self.families;
        for queue in &service.queues {
            let label = &[queue.queue];
            f.queue_length.with_label_values(label).set(queue.length);
            f.queue_oldest
                .with_label_values(label)
                .set(queue.oldest_seconds);
            f.dead_letters.with_label_values(label).set(queue.dead);
        }
        for severity in labels::SEVERITIES {
            let open = service
                .incidents_open
                .iter()
                .find(|(name, _)| *name == severity);
            let count = open.map_or(0, |(_, count)| *count);
            f.incidents_open.with_label_values(&[severity]).set(count);
        }
        f.active_executions.set(service.active_executions);
        if let Some(at) = service.backup_last_success {
            f.backup_last_success.set(at);
        }
    }

    /// An HTTP request begins.
    pub fn http_began(&self) {
        self.families.http_in_flight.inc();
    }

    /// An HTTP request ended. `path` is the route's template, or `other`.
    pub fn http_ended(&self, method: &str, path: &str, status: u16, took: Duration) {
        let f = &self.families;
        let status = status.to_string();
        f.http_in_flight.dec();
        f.http_requests
            .with_label_values(&[method, path, &status])
            .inc();
        f.http_duration
            .with_label_values(&[method, path])
            .observe(took.as_secs_f64());
    }

    /// A request went away before it was answered.
    pub fn http_abandoned(&self) {
        self.families.http_in_flight.dec();
    }

    /// How many HTTP requests are being answered.
    pub fn http_in_flight(&self) -> i64 {
        self.families.http_in_flight.get()
    }

    /// A signal was decided, or failed to be. `kind`: see [`event_type`]; `status`: `done`, `refused`,
    /// `ignored`, `failed`, `parked`.
    pub fn signal_decided(&self, kind: &str, status: &str, took: Duration) {
        let f = &self.families;
        let kind = labels::EVENT_TYPES.bound(kind);
        let status = labels::EVENT_STATUSES.bound(status);
        f.events.with_label_values(&[kind, status]).inc();
        f.event_duration
            .with_label_values(&[kind])
            .observe(took.as_secs_f64());
    }

    /// Something arrived that makes no row: `duplicate` or `ignored`.
    pub fn signal_not_kept(&self, kind: &str, status: &str) {
        let kind = labels::EVENT_TYPES.bound(kind);
        let status = labels::EVENT_STATUSES.bound(status);
        self.families
            .events
            .with_label_values(&[kind, status])
            .inc();
    }

    /// Something went wrong that somebody should look at.
    pub fn error(&self, component: &str) {
        let component = labels::COMPONENTS.bound(component);
        self.families.errors.with_label_values(&[component]).inc();
    }

    /// A command was decided: `command` is the act's name; `result`: `done`, `refused`, `ignored`,
    /// `failed`.
    pub fn slack_command(&self, command: &str, result: &str) {
        let command = labels::COMMANDS.bound(command);
        let result = labels::COMMAND_RESULTS.bound(result);
        self.families
            .slack_commands
            .with_label_values(&[command, result])
            .inc();
    }

    /// A call of Slack's Web API ended: `ok`, `refused`, `later` (429), `failed`, `uncertain`.
    pub fn slack_call(&self, method: &str, result: &str) {
        let method = labels::SLACK_METHODS.bound(method);
        let result = labels::CALL_RESULTS.bound(result);
        self.families
            .slack_api
            .with_label_values(&[method, result])
            .inc();
        if result == "later" {
            self.families
                .slack_rate_limited
                .with_label_values(&[method])
                .inc();
        }
    }

    /// An incident was declared.
    pub fn incident_declared(&self, severity: &str) {
        let severity = labels::SEVERITY.bound(severity);
        self.families.incidents.with_label_values(&[severity]).inc();
    }

    /// Somebody said for the first time that they look at an incident.
    pub fn incident_acknowledged(&self, after: Duration) {
        self.families
            .time_to_acknowledge
            .observe(after.as_secs_f64());
    }

    /// An incident was resolved.
    pub fn incident_resolved(&self, severity: &str, after: Duration) {
        let severity = labels::SEVERITY.bound(severity);
        let family = &self.families.time_to_resolve;
        family
            .with_label_values(&[severity])
            .observe(after.as_secs_f64());
    }

    /// Somebody was told, or not: `channel` is `channel` or `dm`; `status`: `sent`, `failed`,
    /// `throttled`, `uncertain`.
    pub fn notification(&self, channel: &str, status: &str) {
        let channel = labels::NOTIFICATION_CHANNELS.bound(channel);
        let status = labels::NOTIFICATION_STATUSES.bound(status);
        self.families
            .notifications
            .with_label_values(&[channel, status])
            .inc();
    }

    /// An effect came to its end: `done`, `refused`, `expired`, `uncertain`, `parked`, `dropped`.
    pub fn effect_ended(&self, kind: &str, status: &str) {
        let kind = labels::ACTIONS.bound(kind);
        let status = labels::ACTION_STATUSES.bound(status);
        self.families
            .actions
            .with_label_values(&[kind, status])
            .inc();
    }

    /// A request to a provider ended: `ok`, `refused`, `later`, `failed`, `uncertain`.
    pub fn external(&self, service: &str, status: &str, took: Duration) {
        let f = &self.families;
        let service = labels::SERVICES.bound(service);
        let status = labels::CALL_RESULTS.bound(status);
        f.external.with_label_values(&[service, status]).inc();
        f.external_duration
            .with_label_values(&[service])
            .observe(took.as_secs_f64());
    }

    /// A provider's circuit breaker: 0 closed, 1 open.
    pub fn breaker(&self, service: &str, state: i64) {
        let service = labels::SERVICES.bound(service);
        self.families
            .breaker
            .with_label_values(&[service])
            .set(state);
    }

    /// A signature did not hold.
    pub fn signature_failed(&self, source: SignedSource) {
        match source {
            SignedSource::Github => self.families.github_signature_failures.inc(),
            SignedSource::Slack => self.families.slack_signature_failures.inc(),
        }
    }

    /// A signature held, by the secret at `index`: 0 is the current one, others the previous one.
    /// When `previous` stays still for a day, the old secret can go.
    pub fn signature_held(&self, source: SignedSource, index: usize) {
        let secret = if index == 0 { "current" } else { "previous" };
        self.families
            .signatures
            .with_label_values(&[source.as_str(), secret])
            .inc();
    }

    /// Whether the database answers.
    pub fn database_up(&self, up: bool) {
        self.families.database_up.set(i64::from(up));
    }

    /// The pool's connections, by state.
    pub fn db_pool(&self, idle: i64, used: i64) {
        let family = &self.families.db_pool;
        family.with_label_values(&["idle"]).set(idle);
        family.with_label_values(&["used"]).set(used);
    }

    /// How often no connection came free in time, in all, as the store counts it.
    pub fn db_acquire_timeouts(&self, total: u64) {
        let counter = &self.families.db_acquire_timeouts;
        counter.inc_by(total.saturating_sub(counter.get()));
    }

    /// A cache had the answer, or not.
    pub fn cache(&self, cache: &str, found: Cached) {
        let cache = labels::CACHES.bound(cache);
        match found {
            Cached::Hit => self.families.cache_hits.with_label_values(&[cache]).inc(),
            Cached::Miss => self.families.cache_misses.with_label_values(&[cache]).inc(),
        }
    }

    /// A changed configuration was taken (`applied`, with the moment in Unix seconds) or refused.
    pub fn config_reloaded(&self, result: Result<i64, ()>) {
        let f = &self.families;
        match result {
            Ok(at) => {
                f.config_reloads.with_label_values(&["applied"]).inc();
                f.config_last_reload.set(at);
            }
            Err(()) => f.config_reloads.with_label_values(&["failed"]).inc(),
        }
    }

    /// A periodic job of ours succeeded (`sweep`, `retention`), at this moment in Unix seconds.
    pub fn job_succeeded(&self, job: &str, at: i64) {
        let job = labels::JOBS.bound(job);
        self.families
            .job_last_success
            .with_label_values(&[job])
            .set(at);
    }
}

/// A source whose requests are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedSource {
    /// Slack.
    Slack,
    /// GitHub.
    Github,
}

impl SignedSource {
    /// The label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Github => "github",
        }
    }
}

/// Whether a cache had the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cached {
    /// It had.
    Hit,
    /// It had not.
    Miss,
}

#[cfg(test)]
mod tests;
