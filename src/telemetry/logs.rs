//! The log: one JSON object a line, or readable lines for a terminal.
//!
//! JSON lines have a formatter of our own, because their shape is flat: fields of the spans and of the
//! event stand beside `timestamp`, `level`, `target`, `name`, `message`, `trace_id` and `environment`.
//! Every text is redacted when it is written. Which lines are written is the matter of `levels`.

use crate::redact;
use opentelemetry::trace::TraceContextExt;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::OnceLock;
use tracing::dispatcher::WeakDispatch;
use tracing::{Dispatch, Event, Subscriber, span};
use tracing_serde::fields::AsMap as _;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::debug_fn;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// The layer that writes readable lines.
pub fn readable<S, W>(writer: W) -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let fields = debug_fn(|out, field, value| {
        let text = format!("{value:?}");
        let text = redact::scrub(&text);
        match field.name() {
            "message" => write!(out, "{text}"),
            name => write!(out, "{name}={text}"),
        }
    });
    tracing_subscriber::fmt::layer()
        .fmt_fields(fields.delimited(" "))
        .with_writer(writer)
}

/// The layer that writes JSON lines.
pub struct JsonLines<W> {
    write: W,
    environment: String,
    now: fn() -> chrono::DateTime<chrono::Utc>,
    dispatch: OnceLock<WeakDispatch>,
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
fn component(target: &str) -> &str {
    let ours = target.strip_prefix("wardroom::").unwrap_or(target);
    ours.split("::").next().unwrap_or(ours)
}

/// A field of one of these names gets an underscore at its end.
const RESERVED: [&str; 6] = [
    "timestamp",
    "level",
    "target",
    "name",
    "trace_id",
    "environment",
];

/// The fields of a span, unredacted: most spans never see a line.
struct Fields(Map<String, Value>);

fn fields(of: impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(of) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) | Err(_) => Map::new(),
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
            let fields = Fields(fields(attrs.field_map()));
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id)
            && let Some(known) = span.extensions_mut().get_mut::<Fields>()
        {
            known.0.extend(fields(values.field_map()));
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let meta = event.metadata();
        let at = (self.now)().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let span = ctx.event_span(event);
        let trace_id = span.and_then(|span| self.trace_id(&span.id()));
        let mut line = Map::from_iter([
            ("timestamp".to_owned(), at.into()),
            ("level".to_owned(), meta.level().as_str().into()),
            ("target".to_owned(), meta.target().into()),
            ("name".to_owned(), component(meta.target()).into()),
            ("message".to_owned(), "".into()),
            ("trace_id".to_owned(), trace_id.unwrap_or_default().into()),
            ("environment".to_owned(), self.environment.as_str().into()),
        ]);
        let mut add = |fields: &Map<String, Value>| {
            for (key, value) in fields {
                // Fields for OpenTelemetry alone (`otel.name`), and of the `log` crate's bridge.
                if key.starts_with("otel.") || key.starts_with("log.") {
                    continue;
                }
                let is_reserved = RESERVED.contains(&key.as_str());
                let reserved = if is_reserved { "_" } else { "" };
                let value = match value {
                    Value::String(text) => redact::scrub(text).into(),
                    other => other.clone(),
                };
                line.insert(format!("{key}{reserved}"), value);
            }
        };
        let scope = ctx.event_scope(event);
        for span in scope.into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<Fields>() {
                add(&fields.0);
            }
        }
        add(&fields(event.field_map()));
        let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
        bytes.push(b'\n');
        (self.write)(&bytes);
    }
}

impl<W> JsonLines<W> {
    /// `None` outside of any trace.
    fn trace_id(&self, span: &span::Id) -> Option<String> {
        let dispatch = self.dispatch.get()?.upgrade()?;
        let context = tracing_opentelemetry::get_otel_context(span, &dispatch)?;
        let context = context.span().span_context().clone();
        context.is_valid().then(|| context.trace_id().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
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
        let mut keys: Vec<&str> = line.keys().map(String::as_str).collect();
        keys.sort_unstable();
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

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_secret_is_never_written_on_a_terminal_either() {
        let written = Written::default();
        let out = written.clone();
        let subscriber = tracing_subscriber::registry().with(readable(move || out.clone()));
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("call", with = "xoxb-1-3-def", attempt = 2);
            let _inside = span.enter();
            tracing::warn!(
                error = "refused xoxb-1-2-abc",
                "call with Bearer abcdef failed"
            );
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert!(
            !text.contains("xoxb-1") && !text.contains("abcdef"),
            "{text}"
        );
        for shown in ["attempt=2", "call with Bearer", "failed", "error="] {
            assert!(text.contains(shown), "{shown}: {text}");
        }
    }
}
