//! Logs for people: one readable line each, with the same redaction as the JSON lines.

use crate::redact;
use tracing::Subscriber;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::debug_fn;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

/// The layer that writes readable lines.
pub fn layer<S, W>(writer: W) -> impl Layer<S> + Send + Sync
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::layer::SubscriberExt as _;

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
        let subscriber = tracing_subscriber::registry().with(layer(move || out.clone()));
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
