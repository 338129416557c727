//! The metrics: a family for each thing that is counted, and methods where one event is more than a
//! family's next value.
//!
//! A registry of our own, never the crate's global one: tests run side by side. Counters belong to
//! the process; gauges about the whole service are set at a scrape, and keep their values while the
//! database is down. Labels are `&'static str`; only the kind of a signal is text of a row, and no row
//! is claimed whose kind no decoder lists.

mod families;

use super::stderr;
use crate::domain::measure::Measure;
pub use families::{FAMILIES, Metrics};
use prometheus::{Encoder, Registry, TextEncoder};
use std::time::Duration;

/// The value of `event_type` for a row of this source and kind.
pub fn event_type(source: &str, kind: &str) -> String {
    format!("{source}_{}", kind.replace(':', "_"))
}

impl Metrics {
    pub fn new(version: &str, commit: &str) -> Self {
        let metrics = Self::register(Registry::new());
        let build = metrics.build_info.0.with_label_values(&[version, commit]);
        build.set(1.0);
        #[cfg(target_os = "linux")]
        {
            let process = prometheus::process_collector::ProcessCollector::for_self();
            let registered = metrics.registry.register(Box::new(process));
            registered.expect("a fresh registry takes the collector");
        }
        metrics
    }

    /// The text of a scrape.
    pub fn render(&self) -> String {
        self.log_lines_dropped.raise_to([], stderr::dropped());
        let mut text = Vec::new();
        let encoded = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        if let Err(error) = encoded {
            tracing::error!(%error, "the metrics could not be written");
        }
        String::from_utf8(text).unwrap_or_default()
    }

    /// An HTTP request was answered. `path` is the route's template, or `other`.
    pub fn http_answered(&self, method: &str, path: &str, status: u16, took: Duration) {
        let status = status.to_string();
        let requests = &self.http_requests.0;
        requests.with_label_values(&[method, path, &status]).inc();
        let duration = self.http_duration.0.with_label_values(&[method, path]);
        duration.observe(took.as_secs_f64());
    }

    /// A signal was decided, or a decision failed. `kind`: see [`event_type`].
    pub fn signal_decided(&self, kind: &str, status: &'static str, took: Duration) {
        self.signal_counted(kind, status);
        let duration = self.event_duration.0.with_label_values(&[kind]);
        duration.observe(took.as_secs_f64());
    }

    /// A signal ended without a decision: a `duplicate`, or `ignored`.
    pub fn signal_counted(&self, kind: &str, status: &'static str) {
        self.events.0.with_label_values(&[kind, status]).inc();
    }

    /// An error that an operator should investigate.
    pub fn error(&self, component: &'static str) {
        self.errors.inc([component]);
    }

    /// Counts what a decision says is to be counted.
    pub fn measure(&self, measure: &Measure) {
        match *measure {
            Measure::Command { command, result } => self.slack_commands.inc([command, result]),
            Measure::IncidentDeclared { severity } => self.incidents.inc([severity.as_str()]),
            Measure::IncidentAcknowledged { after } => self.time_to_acknowledge.observe([], after),
            Measure::IncidentResolved { severity, after } => {
                self.time_to_resolve.observe([severity.as_str()], after);
            }
            Measure::IssueDetected { class } => self.issues_detected.inc([class.as_str()]),
            Measure::RepairEnded { playbook, status } => self.repairs.inc([playbook, status]),
            Measure::Notification { channel, status } => self.notifications.inc([channel, status]),
        }
    }

    /// A call of Slack's Web API ended: `ok`, `refused`, `later` (429), `failed`, `uncertain`.
    pub fn slack_call(&self, method: &'static str, result: &'static str) {
        self.slack_api.inc([method, result]);
        if result == "later" {
            self.slack_rate_limited.inc([method]);
        }
    }

    /// The signature of a request is valid, by the secret at `index`: 0 is the current one, others the
    /// previous one. When `previous` does not rise for a day, the old secret can be removed.
    pub fn signature_held(&self, source: &'static str, index: usize) {
        let secret = if index == 0 { "current" } else { "previous" };
        self.signatures.inc([source, secret]);
    }
}

#[cfg(test)]
mod tests;
