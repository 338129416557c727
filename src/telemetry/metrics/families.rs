//! Every metric family: its name, its help, its labels, and the series that exist from the first
//! scrape, because an alert on a counter that does not exist yet misses the first event.
//!
//! Names and labels are a contract with dashboards and alerts: add to them, never rename one. A family
//! of a part that is not built is absent.

use crate::domain::ci::buttons::Press;
use crate::domain::ci::request;
use crate::domain::effect::{Effect, Provider};
use crate::domain::healing::{BUILT_IN_PLAYBOOKS, Class};
use crate::domain::incident::verbs::VERBS;
use crate::domain::severity::Severity;
use prometheus::core::Collector;
use prometheus::{GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};
use std::time::Duration;

/// Slack waits 3 s for an answer.
const REQUEST: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 3.0, 5.0, 10.0,
];
/// A decision may wait for a lock, or be made again; an alert fires at more than 30 s.
const DECISION: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0,
];
/// From a minute to three days.
const INCIDENT: &[f64] = &[
    60.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 86400.0, 172800.0, 259200.0,
];

/// No series before GitHub's first answer: it would say that nothing is left.
const NOT_YET: [&str; 0] = [];
const QUEUES: [&str; 2] = ["inbox", "outbox"];
const EVENTS: [&str; 2] = ["slack_command", "github_workflow_run"];
const EVENT_STATUSES: [&str; 7] = [
    "done",
    "refused",
    "ignored",
    "incomplete",
    "duplicate",
    "failed",
    "parked",
];
const REPAIR_STATUSES: [&str; 5] = ["succeeded", "failed", "refused", "skipped", "would_have"];
const CALL_RESULTS: [&str; 5] = ["ok", "refused", "later", "failed", "uncertain"];

/// What is typed, and what buttons and forms ask for. `commander` is counted as `assign`.
fn commands() -> impl Iterator<Item = &'static str> {
    let typed = VERBS.iter().map(|verb| verb.names[0]);
    let typed = typed.filter(|name| *name != "commander");
    typed
        .chain([
            "menu",
            "declare_form",
            "resolve_form",
            "template",
            "unknown",
        ])
        .chain(request::Act::NAMES)
        .chain(Press::NAMES)
}

/// A metric with `N` labels. Their values are words of the program: text from outside cannot grow the
/// number of series, and a new verb or effect has a label of its own.
#[derive(Debug)]
pub struct Family<M, const N: usize>(pub(super) M);

pub type Counter<const N: usize> = Family<IntCounterVec, N>;
pub type Gauge<const N: usize> = Family<GaugeVec, N>;
pub type Histogram<const N: usize> = Family<HistogramVec, N>;

impl<const N: usize> Counter<N> {
    fn family(options: Opts, labels: [&str; N]) -> prometheus::Result<IntCounterVec> {
        IntCounterVec::new(options, &labels)
    }

    pub fn inc(&self, labels: [&'static str; N]) {
        self.0.with_label_values(&labels).inc();
    }

    /// Raises the counter to a total that another part counts.
    pub fn raise_to(&self, labels: [&'static str; N], total: u64) {
        let counter = self.0.with_label_values(&labels);
        counter.inc_by(total.saturating_sub(counter.get()));
    }
}

impl<const N: usize> Gauge<N> {
    fn family(options: Opts, labels: [&str; N]) -> prometheus::Result<GaugeVec> {
        GaugeVec::new(options, &labels)
    }

    pub fn set(&self, labels: [&'static str; N], value: f64) {
        self.0.with_label_values(&labels).set(value);
    }

    pub fn add(&self, labels: [&'static str; N], value: f64) {
        self.0.with_label_values(&labels).add(value);
    }
}

impl<const N: usize> Histogram<N> {
    fn family(options: HistogramOpts, labels: [&str; N]) -> prometheus::Result<HistogramVec> {
        HistogramVec::new(options, &labels)
    }

    pub fn observe(&self, labels: [&'static str; N], took: Duration) {
        self.0
            .with_label_values(&labels)
            .observe(took.as_secs_f64());
    }
}

/// Makes [`Metrics`] with a field for each line: field, type (with its buckets), name, help, and for each
/// label the values of the first series.
macro_rules! families {
    ($($field:ident: $kind:ident<$n:literal> $(($buckets:expr))? = $name:literal, $help:literal
        [$($label:literal: $first:expr),*];)*) => {
        /// The names of all families but those of the process itself.
        pub const FAMILIES: &[&str] = &[$($name),*];

        /// All metrics of a process.
        #[derive(Debug)]
        pub struct Metrics {
            pub(super) registry: Registry,
            $(pub $field: $kind<$n>),*
        }

        impl Metrics {
            pub(super) fn register(registry: Registry) -> Self {
                Self {
                    $($field: {
                        let options = Opts::new($name, $help);
                        $(let options = HistogramOpts::from(options).buckets($buckets.to_vec());)?
                        let family = registered(&registry, $kind::family(options, [$($label),*]));
                        for values in combinations(&[$(Vec::from_iter($first)),*]) {
                            family.with_label_values(&values);
                        }
                        Family(family)
                    },)*
                    registry,
                }
            }
        }
    };
}

families! {
    http_requests: Counter<3> = "http_requests_total", "HTTP requests answered."
        ["method": ["GET"], "path": ["/health/live"], "status": ["200"]];
    http_duration: Histogram<2>(REQUEST) = "http_request_duration_seconds", "The duration of HTTP requests."
        ["method": ["GET"], "path": ["/health/live"]];
    http_in_flight: Gauge<0> = "http_requests_in_flight", "HTTP requests being answered." [];
    events: Counter<2> = "bot_events_processed_total", "Signals, by result."
        ["event_type": EVENTS, "status": EVENT_STATUSES];
    event_duration: Histogram<1>(DECISION) = "bot_event_processing_duration_seconds",
        "The duration of deciding a signal." ["event_type": ["slack_command"]];
    errors: Counter<1> = "bot_errors_total", "Errors that an operator should investigate."
        ["component": ["config", "edge", "engine", "github", "slack", "statuspage", "store"]];
    queue_length: Gauge<1> = "bot_queue_length", "Open rows." ["queue": QUEUES];
    queue_oldest: Gauge<1> = "bot_queue_oldest_seconds", "Seconds since the oldest open row was first due."
        ["queue": QUEUES];
    active_executions: Gauge<0> = "bot_active_executions", "Effects being delivered, on all replicas." [];
    dead_letters: Gauge<1> = "bot_dead_letters", "Parked rows." ["queue": QUEUES];
    slack_commands: Counter<2> = "wardroom_slack_commands_total", "Commands, by result."
        ["command": commands(), "result": ["done", "refused"]];
    slack_api: Counter<2> = "wardroom_slack_api_requests_total", "Calls to Slack's Web API."
        ["method": ["chat.postMessage"], "result": CALL_RESULTS];
    slack_rate_limited: Counter<1> = "wardroom_slack_api_rate_limited_total",
        "Calls that Slack answered with 429." ["method": ["chat.postMessage"]];
    _slack_sockets: Gauge<0> = "wardroom_slack_socket_connections",
        "Open Socket Mode connections of this process." [];
    slack_signature_failures: Counter<0> = "wardroom_slack_signature_failures_total",
        "Requests to Slack's routes whose signature was missing, wrong or old." [];
    incidents_open: Gauge<1> = "wardroom_incidents_open", "Open incidents."
        ["severity": Severity::ALL.map(Severity::as_str)];
    incidents: Counter<1> = "wardroom_incidents_total", "Incidents declared."
        ["severity": Severity::ALL.map(Severity::as_str)];
    time_to_acknowledge: Histogram<0>(INCIDENT) = "wardroom_incident_time_to_acknowledge_seconds",
        "The time from the declaration to the first change of state." [];
    time_to_resolve: Histogram<1>(INCIDENT) = "wardroom_incident_time_to_resolve_seconds",
        "The time from the declaration to the resolution."
        ["severity": Severity::ALL.map(Severity::as_str)];
    notifications: Counter<2> = "wardroom_notifications_total",
        "Notifications of incidents to channels and people."
        ["channel": ["channel", "dm"], "status": ["sent", "failed", "throttled", "uncertain"]];
    issues_detected: Counter<1> = "bot_issues_detected_total",
        "Failed jobs whose cause was determined, by their class."
        ["type": Class::ALL.map(Class::as_str)];
    repairs: Counter<2> = "bot_repairs_attempted_total", "Steps of repairs that ended."
        ["playbook": BUILT_IN_PLAYBOOKS, "status": REPAIR_STATUSES];
    github_signature_failures: Counter<0> = "wardroom_github_signature_failures_total",
        "Webhooks whose signature was missing or wrong." [];
    github_rate_limit: Gauge<1> = "bot_github_api_rate_limit_remaining",
        "Requests left of GitHub's quota; the least of all installations." ["resource": NOT_YET];
    signatures: Counter<2> = "wardroom_signatures_total", "Valid signatures, by secret."
        ["source": ["slack", "github"], "secret": ["current", "previous"]];
    actions: Counter<2> = "wardroom_actions_total", "Effects that ended."
        ["action": Effect::kinds(), "status": ["done"]];
    job_last_success: Gauge<1> = "wardroom_job_last_success_timestamp_seconds",
        "When a periodic job last succeeded." ["job": ["sweep", "retention"]];
    external: Counter<2> = "wardroom_external_requests_total", "Requests to other services."
        ["service": Provider::ALL.map(Provider::as_str), "status": ["ok"]];
    external_duration: Histogram<1>(REQUEST) = "wardroom_external_request_duration_seconds",
        "The duration of requests to other services." ["service": Provider::ALL.map(Provider::as_str)];
    breaker: Gauge<1> = "wardroom_circuit_breaker_state", "0 closed, 1 open."
        ["service": Provider::ALL.map(Provider::as_str)];
    database_up: Gauge<0> = "wardroom_database_up", "1: the database answers and takes writes." [];
    db_pool: Gauge<1> = "wardroom_db_pool_connections", "Connections to the database."
        ["state": ["idle", "used"]];
    db_acquire_timeouts: Counter<0> = "wardroom_db_pool_acquire_timeouts_total",
        "Times that no connection became free in time." [];
    cache_hits: Counter<1> = "wardroom_cache_hits_total", "Cache hits." ["cache": ["readiness"]];
    cache_misses: Counter<1> = "wardroom_cache_misses_total", "Cache misses." ["cache": ["readiness"]];
    config_reloads: Counter<1> = "wardroom_config_reloads_total", "Reloads of a changed configuration."
        ["result": ["applied", "failed"]];
    config_last_reload: Gauge<0> = "wardroom_config_last_reload_timestamp_seconds",
        "When the configuration was last read." [];
    _backup_last_success: Gauge<0> = "wardroom_backup_last_success_timestamp_seconds",
        "When the last backup was made." [];
    _audit_failures: Counter<0> = "wardroom_audit_failures_total",
        "Audit entries that could not be written." [];
    log_lines_dropped: Counter<0> = "wardroom_log_lines_dropped_total",
        "Log lines dropped because standard error was not read." [];
    build_info: Gauge<2> = "wardroom_build_info", "The version and commit of the build."
        ["version": [], "commit": []];
}

fn registered<C: Collector + Clone + 'static>(
    registry: &Registry,
    family: prometheus::Result<C>,
) -> C {
    // Names and labels are literals of this file, and a test renders them all.
    let family = family.expect("a valid family");
    let registered = registry.register(Box::new(family.clone()));
    registered.expect("a name of its own");
    family
}

/// Every combination of the labels' values.
fn combinations<'v>(values: &[Vec<&'v str>]) -> Vec<Vec<&'v str>> {
    values.iter().fold(vec![Vec::new()], |chosen, values| {
        let with = |value| chosen.iter().map(move |one| [&one[..], &[value]].concat());
        values.iter().copied().flat_map(with).collect()
    })
}
