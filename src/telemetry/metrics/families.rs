//! Every family: its promised name, its help, its labels, its first series.
//!
//! A family of a part that is not built is absent. Each has a series from the first scrape, because
//! an alert on a counter that does not exist yet misses the first event.

use super::labels;
use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry,
};

/// Names of all families but those of the process itself.
pub const FAMILIES: &[&str] = &[
    "http_requests_total",
    "http_request_duration_seconds",
    "http_requests_in_flight",
    "bot_events_processed_total",
    "bot_event_processing_duration_seconds",
    "bot_errors_total",
    "bot_queue_length",
    "bot_queue_oldest_seconds",
    "bot_active_executions",
    "bot_dead_letters",
    "wardroom_slack_commands_total",
    "wardroom_slack_api_requests_total",
    "wardroom_slack_api_rate_limited_total",
    "wardroom_slack_socket_connections",
    "wardroom_slack_signature_failures_total",
    "wardroom_incidents_open",
    "wardroom_incidents_total",
    "wardroom_incident_time_to_acknowledge_seconds",
    "wardroom_incident_time_to_resolve_seconds",
    "wardroom_notifications_total",
    "wardroom_github_signature_failures_total",
    "wardroom_signatures_total",
    "wardroom_actions_total",
    "wardroom_job_last_success_timestamp_seconds",
    "wardroom_external_requests_total",
    "wardroom_external_request_duration_seconds",
    "wardroom_circuit_breaker_state",
    "wardroom_database_up",
    "wardroom_db_pool_connections",
    "wardroom_db_pool_acquire_timeouts_total",
    "wardroom_cache_hits_total",
    "wardroom_cache_misses_total",
    "wardroom_config_reloads_total",
    "wardroom_config_last_reload_timestamp_seconds",
    "wardroom_backup_last_success_timestamp_seconds",
    "wardroom_audit_failures_total",
    "wardroom_log_lines_dropped_total",
    "wardroom_build_info",
];

/// The 3 s are Slack's patience.
const REQUEST_BUCKETS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 3.0, 5.0, 10.0,
];
/// A decision may stand behind a lock or be made again: an alert looks for more than 30 s.
const DECISION_BUCKETS: [f64; 15] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0,
];
/// From a minute to three days.
const INCIDENT_BUCKETS: [f64; 11] = [
    60.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 86400.0, 172800.0, 259200.0,
];

#[derive(Debug)]
pub(super) struct Families {
    pub(super) http_requests: IntCounterVec,
    pub(super) http_duration: HistogramVec,
    pub(super) http_in_flight: IntGauge,
    pub(super) events: IntCounterVec,
    pub(super) event_duration: HistogramVec,
    pub(super) errors: IntCounterVec,
    pub(super) queue_length: IntGaugeVec,
    pub(super) queue_oldest: GaugeVec,
    pub(super) active_executions: IntGauge,
    pub(super) dead_letters: IntGaugeVec,
    pub(super) slack_commands: IntCounterVec,
    pub(super) slack_api: IntCounterVec,
    pub(super) slack_rate_limited: IntCounterVec,
    pub(super) slack_signature_failures: IntCounter,
    pub(super) incidents_open: IntGaugeVec,
    pub(super) incidents: IntCounterVec,
    pub(super) time_to_acknowledge: Histogram,
    pub(super) time_to_resolve: HistogramVec,
    pub(super) notifications: IntCounterVec,
    pub(super) github_signature_failures: IntCounter,
    pub(super) signatures: IntCounterVec,
    pub(super) actions: IntCounterVec,
    pub(super) job_last_success: IntGaugeVec,
    pub(super) external: IntCounterVec,
    pub(super) external_duration: HistogramVec,
    pub(super) breaker: IntGaugeVec,
    pub(super) database_up: IntGauge,
    pub(super) db_pool: IntGaugeVec,
    pub(super) db_acquire_timeouts: IntCounter,
    pub(super) cache_hits: IntCounterVec,
    pub(super) cache_misses: IntCounterVec,
    pub(super) config_reloads: IntCounterVec,
    pub(super) log_lines_dropped: IntCounter,
    pub(super) config_last_reload: IntGauge,
    pub(super) backup_last_success: IntGauge,
    pub(super) build_info: IntGaugeVec,
}

/// Registers while it makes: a family that is made is never forgotten in the registry.
struct Make<'a>(&'a Registry);

/// Names and labels are literals of this file: the test that renders them all proves them.
const LITERAL: &str = "a valid family";

impl Make<'_> {
    fn take<C: Collector + Clone + 'static>(&self, family: prometheus::Result<C>) -> C {
        let family = family.expect(LITERAL);
        self.0.register(Box::new(family.clone())).expect(LITERAL);
        family
    }
    fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.take(IntCounter::new(name, help))
    }
    fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.take(IntGauge::new(name, help))
    }
    fn counters<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
        first: [&[&str]; N],
    ) -> IntCounterVec {
        let family = self.take(IntCounterVec::new(Opts::new(name, help), &labels));
        each(&first, &mut |values| {
            family.with_label_values(values);
        });
        family
    }
    fn gauges<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
        first: [&[&str]; N],
    ) -> IntGaugeVec {
        let family = self.take(IntGaugeVec::new(Opts::new(name, help), &labels));
        each(&first, &mut |values| {
            family.with_label_values(values);
        });
        family
    }
    fn histograms<const N: usize>(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
        labels: [&str; N],
        first: [&[&str]; N],
    ) -> HistogramVec {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        let family = self.take(HistogramVec::new(options, &labels));
        each(&first, &mut |values| {
            family.with_label_values(values);
        });
        family
    }
}

/// Calls `f` with every combination of the labels' values.
fn each(values: &[&[&str]], f: &mut dyn FnMut(&[&str])) {
    fn go<'a>(rest: &[&[&'a str]], chosen: &mut Vec<&'a str>, f: &mut dyn FnMut(&[&str])) {
        let Some((head, tail)) = rest.split_first() else {
            return f(chosen);
        };
        for value in *head {
            chosen.push(value);
            go(tail, chosen, f);
            chosen.pop();
        }
    }
    go(values, &mut Vec::new(), f);
}

impl Families {
    pub(super) fn register(registry: &Registry) -> Self {
        let make = Make(registry);
        use labels::*;
        // Promised, and always 0 for now: see docs/METRICS.md.
        let _sockets = make.gauge(
            "wardroom_slack_socket_connections",
            "Open Socket Mode connections of this process.",
        );
        let _audit = make.counter(
            "wardroom_audit_failures_total",
            "Audit entries that could not be written.",
        );
        Self {
            http_requests: make.counters(
                "http_requests_total",
                "HTTP requests answered.",
                ["method", "path", "status"],
                [&["GET"], &["/health/live"], &["200"]],
            ),
            http_duration: make.histograms(
                "http_request_duration_seconds",
                "The duration of HTTP requests.",
                &REQUEST_BUCKETS,
                ["method", "path"],
                [&["GET"], &["/health/live"]],
            ),
            http_in_flight: make.gauge("http_requests_in_flight", "HTTP requests being answered."),
            events: make.counters(
                "bot_events_processed_total",
                "Signals, by result.",
                ["event_type", "status"],
                [&["slack_command", "github_workflow_run"], EVENT_STATUSES.0],
            ),
            event_duration: make.histograms(
                "bot_event_processing_duration_seconds",
                "The duration of deciding a signal.",
                &DECISION_BUCKETS,
                ["event_type"],
                [&["slack_command"]],
            ),
            errors: make.counters(
                "bot_errors_total",
                "Errors that an operator should investigate.",
                ["component"],
                [COMPONENTS.0],
            ),
            queue_length: make.gauges("bot_queue_length", "Open rows.", ["queue"], [&QUEUES]),
            queue_oldest: {
                let options = Opts::new(
                    "bot_queue_oldest_seconds",
                    "Seconds since the oldest open row was first due.",
                );
                let family = make.take(GaugeVec::new(options, &["queue"]));
                let start = |queue: &&str| -> Gauge { family.with_label_values(&[*queue]) };
                QUEUES.iter().map(start).for_each(|gauge| gauge.set(0.0));
                family
            },
            active_executions: make.gauge(
                "bot_active_executions",
                "Effects being delivered, on all replicas.",
            ),
            dead_letters: make.gauges("bot_dead_letters", "Parked rows.", ["queue"], [&QUEUES]),
            slack_commands: make.counters(
                "wardroom_slack_commands_total",
                "Commands, by result.",
                ["command", "result"],
                [COMMANDS.0, &["done", "refused"]],
            ),
            slack_api: make.counters(
                "wardroom_slack_api_requests_total",
                "Calls to Slack's Web API.",
                ["method", "result"],
                [&["chat.postMessage"], CALL_RESULTS.0],
            ),
            slack_rate_limited: make.counters(
                "wardroom_slack_api_rate_limited_total",
                "Calls that Slack answered with 429.",
                ["method"],
                [&["chat.postMessage"]],
            ),
            slack_signature_failures: make.counter(
                "wardroom_slack_signature_failures_total",
                "Requests to Slack's routes whose signature was missing, wrong or old.",
            ),
            incidents_open: make.gauges(
                "wardroom_incidents_open",
                "Open incidents.",
                ["severity"],
                [&SEVERITIES],
            ),
            incidents: make.counters(
                "wardroom_incidents_total",
                "Incidents declared.",
                ["severity"],
                [&SEVERITIES],
            ),
            time_to_acknowledge: make.take(Histogram::with_opts(
                HistogramOpts::new(
                    "wardroom_incident_time_to_acknowledge_seconds",
                    "The time from the declaration to the first change of state.",
                )
                .buckets(INCIDENT_BUCKETS.to_vec()),
            )),
            time_to_resolve: make.histograms(
                "wardroom_incident_time_to_resolve_seconds",
                "The time from the declaration to the resolution.",
                &INCIDENT_BUCKETS,
                ["severity"],
                [&SEVERITIES],
            ),
            notifications: make.counters(
                "wardroom_notifications_total",
                "Notifications of incidents to channels and people.",
                ["channel", "status"],
                [NOTIFICATION_CHANNELS.0, NOTIFICATION_STATUSES.0],
            ),
            github_signature_failures: make.counter(
                "wardroom_github_signature_failures_total",
                "Webhooks whose signature was missing or wrong.",
            ),
            signatures: make.counters(
                "wardroom_signatures_total",
                "Valid signatures, by secret.",
                ["source", "secret"],
                [&["slack", "github"], &["current", "previous"]],
            ),
            actions: make.counters(
                "wardroom_actions_total",
                "Effects that ended.",
                ["action", "status"],
                [ACTIONS.0, &["done"]],
            ),
            job_last_success: make.gauges(
                "wardroom_job_last_success_timestamp_seconds",
                "When a periodic job last succeeded.",
                ["job"],
                [JOBS.0],
            ),
            external: make.counters(
                "wardroom_external_requests_total",
                "Requests to other services.",
                ["service", "status"],
                [SERVICES.0, &["ok"]],
            ),
            external_duration: make.histograms(
                "wardroom_external_request_duration_seconds",
                "The duration of requests to other services.",
                &REQUEST_BUCKETS,
                ["service"],
                [SERVICES.0],
            ),
            breaker: make.gauges(
                "wardroom_circuit_breaker_state",
                "0 closed, 1 open.",
                ["service"],
                [SERVICES.0],
            ),
            database_up: make.gauge(
                "wardroom_database_up",
                "1: the database answers and takes writes.",
            ),
            db_pool: make.gauges(
                "wardroom_db_pool_connections",
                "Connections to the database.",
                ["state"],
                [&["idle", "used"]],
            ),
            db_acquire_timeouts: make.counter(
                "wardroom_db_pool_acquire_timeouts_total",
                "Times that no connection became free in time.",
            ),
            cache_hits: make.counters(
                "wardroom_cache_hits_total",
                "Cache hits.",
                ["cache"],
                [CACHES.0],
            ),
            cache_misses: make.counters(
                "wardroom_cache_misses_total",
                "Cache misses.",
                ["cache"],
                [CACHES.0],
            ),
            config_reloads: make.counters(
                "wardroom_config_reloads_total",
                "Reloads of a changed configuration.",
                ["result"],
                [&["applied", "failed"]],
            ),
            log_lines_dropped: make.counter(
                "wardroom_log_lines_dropped_total",
                "Log lines dropped because standard error was not read.",
            ),
            config_last_reload: make.gauge(
                "wardroom_config_last_reload_timestamp_seconds",
                "When the configuration was last read.",
            ),
            backup_last_success: make.gauge(
                "wardroom_backup_last_success_timestamp_seconds",
                "When the last backup was made.",
            ),
            build_info: make.gauges(
                "wardroom_build_info",
                "The version and commit of the build.",
                ["version", "commit"],
                [&[], &[]],
            ),
        }
    }
}
