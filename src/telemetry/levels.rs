//! Which lines are shown: `LOG_LEVEL`, or the directives of `RUST_LOG`.
//!
//! A level is about lines. Our own spans pass at every level, because a line's trace and its
//! signal's or effect's id are the span's: a quiet log must not lose them. And no level turns
//! slack-morphism's debug lines on: they print socket addresses with their tickets.

use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, LevelFilter, filter_fn};
use tracing_subscriber::layer::{Context, Filter};

/// The filter for `LOG_LEVEL` or `RUST_LOG` (either may hold directives). Unreadable: `info`.
pub fn filter<S: Subscriber>(directives: &str) -> impl Filter<S> + Send + Sync + use<S> {
    let spans = filter_fn(is_our_span).with_max_level_hint(LevelFilter::INFO);
    AskedEachTime(spans.or(lines(directives)))
}

/// A filter whose answer is never cached for a callsite. tracing-subscriber keeps the last answer of
/// each filter in its thread until a layer is handed the line. `log::log_enabled!`, which sqlx calls,
/// asks and hands over nothing; a line whose answer is cached would then meet what was left behind and
/// be lost.
pub(super) struct AskedEachTime<F>(pub(super) F);

impl<S, F: Filter<S>> Filter<S> for AskedEachTime<F> {
    fn enabled(&self, what: &Metadata<'_>, cx: &Context<'_, S>) -> bool {
        self.0.enabled(what, cx)
    }
    fn callsite_enabled(&self, what: &'static Metadata<'static>) -> Interest {
        let interest = self.0.callsite_enabled(what);
        if interest.is_never() {
            interest
        } else {
            Interest::sometimes()
        }
    }
    fn event_enabled(&self, event: &Event<'_>, cx: &Context<'_, S>) -> bool {
        self.0.event_enabled(event, cx)
    }
    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.0.max_level_hint()
    }
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, cx: Context<'_, S>) {
        self.0.on_new_span(attributes, id, cx);
    }
    fn on_record(&self, id: &Id, values: &Record<'_>, cx: Context<'_, S>) {
        self.0.on_record(id, values, cx);
    }
    fn on_enter(&self, id: &Id, cx: Context<'_, S>) {
        self.0.on_enter(id, cx);
    }
    fn on_exit(&self, id: &Id, cx: Context<'_, S>) {
        self.0.on_exit(id, cx);
    }
    fn on_close(&self, id: Id, cx: Context<'_, S>) {
        self.0.on_close(id, cx);
    }
}

fn is_our_span(what: &Metadata<'_>) -> bool {
    what.is_span() && *what.level() <= Level::INFO && what.target().starts_with("wardroom")
}

fn lines(directives: &str) -> EnvFilter {
    let lower = directives.trim().to_lowercase();
    let wanted = match lower.as_str() {
        "" => "info",
        "warning" => "warn",
        "critical" | "fatal" => "error",
        level @ ("trace" | "debug" | "info" | "warn" | "error" | "off") => level,
        // A lone word that is no level would silence everything but a target of that name.
        word if !word.contains(['=', ',']) => "info",
        _ => directives.trim(),
    };
    let quiet = matches!(wanted, "warn" | "error" | "off");
    let noisy = [
        "hyper",
        "hyper_util",
        "h2",
        "rustls",
        "sqlx",
        "opentelemetry",
    ];
    let mut filter = EnvFilter::try_new(wanted).unwrap_or_else(|_| EnvFilter::new("info"));
    if !quiet {
        let slack = "slack_morphism=info".parse().expect("a valid directive");
        filter = filter.add_directive(slack);
        for target in noisy.iter().filter(|target| !wanted.contains(**target)) {
            let directive = format!("{target}=warn");
            filter = filter.add_directive(directive.parse().expect("a valid directive"));
        }
    }
    filter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_level_in_any_case_is_understood() {
        for (asked, shown) in [
            ("INFO", "info"),
            ("Warning", "warn"),
            ("verbose", "info"),
            ("", "info"),
            ("ERROR", "error"),
        ] {
            let text = lines(asked).to_string();
            assert!(text.split(',').any(|part| part == shown), "{asked}: {text}");
        }
        assert!(lines("debug").to_string().contains("slack_morphism=info"));
    }
}
