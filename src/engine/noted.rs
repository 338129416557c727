//! What is said of a decision: its span, its line of the log, its counts. Once per signal, also where
//! several share a transaction.

use super::Engine;
use crate::domain::act::AnswerTo;
use crate::domain::decision::{Change, Decision};
use crate::domain::effect::{Effect, slack};
use crate::domain::incident::{NotificationStatus, TimelineKind};
use crate::domain::signal::{Event, Signal};
use crate::store::{StoreError, StoredSignal};
use crate::telemetry::traces;
use chrono::{DateTime, Utc};
use std::time::Instant;

/// A signal's span: what is logged and traced of its decision.
pub(super) fn span_of(stored: &StoredSignal) -> tracing::Span {
    let span = tracing::info_span!(
        "decide",
        signal.id = %stored.id,
        signal.kind = %stored.kind,
        signal.source = %stored.source,
        outcome = tracing::field::Empty,
    );
    traces::continue_from(&span, stored.traceparent.as_deref());
    span
}

/// Says of a signal's span that nothing came of it: the signal is decided another time.
pub(super) fn note_again(span: &tracing::Span) {
    span.record("outcome", "again");
}

impl Engine {
    /// Says that a decision stands, in the log and the metrics; within the signal's span.
    pub(super) fn note_decided(
        &self,
        stored: &StoredSignal,
        signal: &Signal,
        decision: &Decision,
        began: Instant,
    ) {
        let outcome = decision.outcome.as_str();
        let took = began.elapsed();
        let metrics = &self.parts.metrics;
        metrics.signal_decided(&event_type(stored), outcome, took);
        self.count(signal, decision);
        tracing::Span::current().record("outcome", outcome);
        if let Event::Incomplete { what, lacks } = &signal.event {
            tracing::warn!(event = %what, lacks, "an incomplete event is ignored");
        }
        tracing::info!(
            effects = decision.effects.len(),
            duration_ms = took.as_millis() as u64,
            "decided"
        );
    }

    /// Says that a signal could not be decided, and sets it aside; within the signal's span.
    pub(super) async fn note_failed(
        &self,
        stored: &StoredSignal,
        why: &str,
        signal: Option<Signal>,
        began: Instant,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let metrics = &self.parts.metrics;
        metrics.signal_decided(&event_type(stored), "failed", began.elapsed());
        self.set_aside(stored, why, signal, now).await
    }

    fn count(&self, signal: &Signal, decision: &Decision) {
        let metrics = &self.parts.metrics;
        if let Event::Asked(request) = &signal.event
            && matches!(request.answer_to, AnswerTo::Person(_))
        {
            metrics.slack_command(request.act.name(), decision.outcome.as_str());
        }
        let resolved = decision.changes.iter().any(|change| {
            matches!(change, Change::Timeline(line) if line.kind == TimelineKind::Resolved)
        });
        for change in &decision.changes {
            match change {
                Change::Declare(incident) => metrics.incident_declared(incident.severity.as_str()),
                Change::Save(incident) => {
                    let since = |at: DateTime<Utc>| {
                        (at - incident.declared_at).to_std().unwrap_or_default()
                    };
                    if let Some(at) = incident.acknowledged_at.filter(|at| *at == signal.at) {
                        metrics.incident_acknowledged(since(at));
                    }
                    if let Some(at) = incident.resolved_at.filter(|_| resolved) {
                        metrics.incident_resolved(incident.severity.as_str(), since(at));
                    }
                }
                Change::Notified { status, .. } => {
                    if let Event::Receipt(receipt) = &signal.event {
                        metrics.notification(channel(&receipt.effect), status_word(*status));
                    }
                }
                Change::Notify(row) if row.status == NotificationStatus::Throttled => {
                    metrics.notification("dm", "throttled");
                }
                Change::Notify(_)
                | Change::Named { .. }
                | Change::Timeline(_)
                | Change::Audit(_)
                | Change::Notice(_)
                | Change::SetTimer { .. }
                | Change::CancelTimer { .. }
                | Change::PostAgain { .. } => {}
            }
        }
    }
}

fn channel(effect: &Effect) -> &'static str {
    match effect {
        Effect::Slack(slack::Effect::DirectMessage { .. }) => "dm",
        _ => "channel",
    }
}

fn status_word(status: NotificationStatus) -> &'static str {
    match status {
        NotificationStatus::Pending => "pending",
        NotificationStatus::Sent => "sent",
        NotificationStatus::Failed => "failed",
        NotificationStatus::Throttled => "throttled",
        NotificationStatus::Uncertain => "uncertain",
    }
}

/// What a signal is called in the metrics: source and kind.
fn event_type(stored: &StoredSignal) -> String {
    format!("{}_{}", stored.source, stored.kind.replace(':', "_"))
}
