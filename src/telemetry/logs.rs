//! Logs: one JSON object a line on stderr, or readable lines on a terminal.
//!
//! A formatter of our own, because the promised shape is flat: the fields of the spans and of the
//! event stand beside `timestamp`, `level`, `target`, `name`, `message`, `trace_id` and
//! `environment`. Every text passes the redaction on its way out. Which lines are shown is not
//! asked here: see `levels`.

use crate::redact;
use opentelemetry::trace::TraceContextExt;
use serde_json::{Map, Value};
use std::fmt;
use std::io::IsTerminal;
use std::sync::OnceLock;
use tracing::dispatcher::WeakDispatch;
use tracing::field::{Field, Visit};
use tracing::{Dispatch, Event, Subscriber, span};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// How logs look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

impl Format {
    /// What `LOG_FORMAT` says; unset: pretty on a terminal, JSON elsewhere.
    pub fn choose(asked: Option<&str>) -> Self {
        match asked {
            Some(text) if text.eq_ignore_ascii_case("pretty") => Self::Pretty,
            Some(text) if text.eq_ignore_ascii_case("json") => Self::Json,
            _ if std::io::stderr().is_terminal() => Self::Pretty,
            _ => Self::Json,
        }
    }
}

/// The layer that writes JSON lines.
pub struct JsonLines<W> {
    write: W,
    environment: String,
    now: fn() -> chrono::DateTime<chrono::Utc>,
    dispatch: OnceLock<WeakDispatch>,
}

impl<W> fmt::Debug for JsonLines<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLines").finish_non_exhaustive()
    }
}

impl<W: Fn(&[u8]) + Send + Sync + 'static> JsonLines<W> {
    /// Writes each line, complete with its end, by `write`.
    pub fn new(
        environment: impl Into<String>,
        now: fn() -> chrono::DateTime<chrono::Utc>,
        write: W,
    ) -> Self {
        Self {
            write,
            environment: environment.into(),
            now,
            dispatch: OnceLock::new(),
        }
    }
}

/// The component that a line is about: `wardroom::edge::slack` is `edge`.
pub fn component(target: &str) -> &str {
    let mut parts = target.split("::");
    match (parts.next(), parts.next()) {
        (Some("wardroom"), Some(part)) => part,
        (Some(first), _) => first,
        (None, _) => target,
    }
}

/// The fields of a span or a line, as they came: secrets are taken out when a line is written, not
/// when a span begins, for most spans never see a line.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

const RESERVED: [&str; 7] = [
    "timestamp",
    "level",
    "target",
    "name",
    "message",
    "trace_id",
    "environment",
];

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        let key = field.name();
        // Fields for the tracing bridge alone (`otel.name`), and of the `log` crate's bridge.
        if !key.starts_with("otel.") && !key.starts_with("log.") {
            self.0.push((key, value));
        }
    }
}

impl Visit for Fields {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn(&[u8]) + Send + Sync + 'static,
{
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        let _ = self.dispatch.set(dispatch.downgrade());
    }

    fn on_new_span(&self, attrs: &span::Attributes<'_>, id: &span::Id, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id) {
            let mut fields = Fields::default();
            attrs.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let meta = event.metadata();
        let mut own = Fields::default();
        event.record(&mut own);
        let message = own.0.iter().position(|(key, _)| *key == "message");
        let message = message.map_or_else(|| "".into(), |at| own.0.swap_remove(at).1);
        let mut line = Map::new();
        let at = (self.now)().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        line.insert("timestamp".into(), at.into());
        line.insert("level".into(), meta.level().as_str().into());
        line.insert("target".into(), meta.target().into());
        line.insert("name".into(), component(meta.target()).into());
        line.insert("message".into(), scrubbed(&message));
        line.insert("trace_id".into(), self.trace_id(event, &ctx).into());
        line.insert("environment".into(), self.environment.clone().into());
        for span in ctx
            .event_scope(event)
            .into_iter()
            .flat_map(|s| s.from_root())
        {
            if let Some(fields) = span.extensions().get::<Fields>() {
                add(&mut line, fields);
            }
        }
        add(&mut line, &own);
        let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
        bytes.push(b'\n');
        (self.write)(&bytes);
    }
}

fn add(line: &mut Map<String, Value>, fields: &Fields) {
    for (key, value) in &fields.0 {
        let reserved = RESERVED.contains(key);
        let key = if reserved {
            format!("{key}_")
        } else {
            (*key).to_owned()
        };
        line.insert(key, scrubbed(value));
    }
}

/// The value without secrets.
fn scrubbed(value: &Value) -> Value {
    match value {
        Value::String(text) => redact::scrub(text).into(),
        plain => plain.clone(),
    }
}

impl<W> JsonLines<W> {
    /// The trace that the event belongs to; empty outside of any.
    fn trace_id<S>(&self, event: &Event<'_>, ctx: &Context<'_, S>) -> String
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let found = || {
            let span = ctx.event_span(event)?;
            let dispatch = self.dispatch.get()?.upgrade()?;
            let context = tracing_opentelemetry::get_otel_context(&span.id(), &dispatch)?;
            let context = context.span().span_context().clone();
            context.is_valid().then(|| context.trace_id().to_string())
        };
        found().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::layer::SubscriberExt as _;

    fn at() -> chrono::DateTime<chrono::Utc> {
        chrono::DateTime::from_timestamp_millis(1_700_000_000_123).expect("a moment")
    }

    fn logged(speak: impl FnOnce()) -> Vec<Map<String, Value>> {
        logged_at("trace", speak)
    }

    fn logged_at(level: &str, speak: impl FnOnce()) -> Vec<Map<String, Value>> {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = lines.clone();
        let layer = JsonLines::new("test", at, move |line: &[u8]| {
            sink.lock().unwrap().push(line.to_vec());
        });
        let traces = crate::telemetry::traces::Traces::off();
        let subscriber = tracing_subscriber::registry()
            .with(traces.layer())
            .with(layer.with_filter(crate::telemetry::levels::filter(level)));
        tracing::subscriber::with_default(subscriber, speak);
        let lines = lines.lock().unwrap();
        let read = |line: &Vec<u8>| serde_json::from_slice(line).unwrap();
        lines.iter().map(read).collect()
    }

    #[test]
    fn a_line_is_flat_and_has_exactly_the_promised_keys() {
        let lines = logged(|| {
            let span = tracing::info_span!(target: "wardroom::engine", "signal", signal.id = "s1", name = "x", outcome = tracing::field::Empty);
            span.record("outcome", "done");
            let _inside = span.enter();
            tracing::info!(target: "wardroom::edge::slack", duration_ms = 7, signal.kind = "command", "signal decided");
        });
        let [line] = lines.as_slice() else {
            panic!("one line, not {lines:?}")
        };
        let keys: Vec<&str> = line.keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            [
                "duration_ms",
                "environment",
                "level",
                "message",
                "name",
                "name_",
                "outcome",
                "signal.id",
                "signal.kind",
                "target",
                "timestamp",
                "trace_id",
            ]
        );
        assert_eq!(line["timestamp"], "2023-11-14T22:13:20.123Z");
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["name"], "edge");
        assert_eq!(line["message"], "signal decided");
        assert_eq!(line["environment"], "test");
        assert_eq!(line["duration_ms"], 7);
        assert_eq!(line["trace_id"].as_str().map(str::len), Some(32));
    }

    #[test]
    fn a_quiet_log_still_says_to_which_trace_and_signal_a_line_belongs() {
        for level in ["warn", "error", "info,wardroom=error"] {
            let lines = logged_at(level, || {
                let span =
                    tracing::info_span!(target: "wardroom::engine", "decide", signal.id = "s1");
                let _inside = span.enter();
                tracing::info!(target: "wardroom::engine", "not shown");
                tracing::error!(target: "wardroom::engine", "shown");
            });
            let [line] = lines.as_slice() else {
                panic!("one line at {level}, not {lines:?}")
            };
            assert_eq!(line["message"], "shown");
            assert_eq!(line["signal.id"], "s1", "{level}");
            assert_eq!(line["trace_id"].as_str().map(str::len), Some(32), "{level}");
        }
    }

    #[test]
    fn a_line_is_not_lost_after_a_library_asked_whether_a_line_would_be_shown() {
        let lines = logged_at("debug", || {
            for _ in 0..2 {
                let query = tracing::callsite! {
                    name: "query",
                    kind: tracing::metadata::Kind::EVENT,
                    target: "sqlx::query",
                    level: tracing::Level::DEBUG,
                    fields:
                };
                // As the `log` crate's bridge asks: past the callsite's cached answer.
                let query = tracing::callsite::Callsite::metadata(query);
                let _asked = tracing::dispatcher::get_default(|all| all.enabled(query));
                tracing::info!(target: "wardroom::app", "listening");
            }
        });
        assert_eq!(lines.len(), 2, "{lines:?}");
    }

    #[test]
    fn a_span_goes_on_with_the_trace_that_its_row_kept() {
        use crate::telemetry::traces::{continue_from, traceparent};
        let lines = logged(|| {
            let edge = tracing::info_span!(target: "wardroom::edge", "request");
            let kept = traceparent(&edge);
            edge.in_scope(|| tracing::info!("edge"));
            let decide = tracing::info_span!(target: "wardroom::engine", parent: None, "signal");
            continue_from(&decide, kept.as_deref());
            decide.in_scope(|| tracing::info!("decide"));
            let other = tracing::info_span!(target: "wardroom::engine", parent: None, "signal");
            continue_from(&other, Some("00-garbage"));
            other.in_scope(|| tracing::info!("other"));
        });
        assert_eq!(lines[0]["trace_id"], lines[1]["trace_id"]);
        assert_ne!(lines[0]["trace_id"], lines[2]["trace_id"]);
        assert_eq!(lines[2]["trace_id"].as_str().map(str::len), Some(32));
    }

    #[test]
    fn a_secret_in_a_field_or_a_message_is_never_written() {
        let lines = logged(|| {
            let span =
                tracing::info_span!(target: "wardroom::slack", "call", with = "xoxb-1-3-def");
            let _inside = span.enter();
            tracing::warn!(
                error = "refused xoxb-1-2-abc",
                "call with Bearer abcdef failed"
            );
        });
        let text = serde_json::to_string(&lines).unwrap();
        assert!(!text.contains("xoxb-1"), "{text}");
        assert!(!text.contains("abcdef"), "{text}");
    }

    #[test]
    fn a_component_is_the_first_module_of_ours_or_the_foreign_crate() {
        for (target, name) in [
            ("wardroom::edge::slack", "edge"),
            ("wardroom::engine", "engine"),
            ("wardroom", "wardroom"),
            ("security", "security"),
            ("sqlx::query", "sqlx"),
        ] {
            assert_eq!(component(target), name);
        }
    }
}
