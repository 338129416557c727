//! Which log lines are written: `LOG_LEVEL`, or the directives of `RUST_LOG`.
//!
//! A level is about lines. Our own spans pass at every level, because a line's trace id and its signal's
//! or effect's id are fields of the span. No level enables slack-morphism's debug lines: they contain
//! socket addresses with their tickets.

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::filter::{LevelFilter, Targets, dynamic_filter_fn};
use tracing_subscriber::layer::{Context, Filter};

/// The filter for `LOG_LEVEL` or `RUST_LOG` (either may hold directives). Unreadable: `info`.
pub fn filter<S: Subscriber>(directives: &str) -> impl Filter<S> + Send + Sync + use<S> {
    let lines = lines(directives);
    let level = Filter::<Registry>::max_level_hint(&lines).unwrap_or(LevelFilter::TRACE);
    let our_span = |what: &Metadata<'_>| {
        what.is_span() && *what.level() <= Level::INFO && what.target().starts_with("wardroom")
    };
    uncached(level.max(LevelFilter::INFO), move |what| {
        our_span(what) || lines.would_enable(what.target(), what.level())
    })
}

/// A filter whose answer is never cached for a callsite. tracing-subscriber keeps the last answer of
/// each filter in its thread until a layer receives the line. `log::log_enabled!`, which sqlx calls,
/// asks and sends no line; the next line whose answer is cached would meet that left-over answer and be
/// lost.
pub(super) fn uncached<S: Subscriber>(
    level: LevelFilter,
    enabled: impl Fn(&Metadata<'_>) -> bool + Send + Sync,
) -> impl Filter<S> + Send + Sync {
    let enabled =
        move |what: &Metadata<'_>, _: &Context<'_, S>| *what.level() <= level && enabled(what);
    dynamic_filter_fn(enabled).with_max_level_hint(level)
}

fn lines(directives: &str) -> Targets {
    let directives = directives.trim();
    let one_level: Option<LevelFilter> = directives.parse().ok();
    let one_level = one_level.filter(|_| !directives.is_empty());
    let targets = match (one_level, directives.contains(['=', ','])) {
        (Some(level), _) => Targets::new().with_default(level),
        (None, true) => directives.parse().unwrap_or_else(|_| default()),
        // The name of a target alone would hide all others.
        (None, false) => default(),
    };
    if one_level.is_some_and(|level| level <= LevelFilter::WARN) {
        return targets;
    }
    let noisy = ["hyper", "rustls", "sqlx", "opentelemetry"];
    let quiet = noisy.into_iter().filter(|name| !directives.contains(name));
    let quiet = quiet.map(|name| (name, LevelFilter::WARN));
    let slack = ("slack_morphism", LevelFilter::INFO);
    targets.with_targets(quiet).with_targets([slack])
}

fn default() -> Targets {
    Targets::new().with_default(LevelFilter::INFO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_in_any_case_is_understood_and_any_other_word_is_info() {
        for (asked, level) in [
            ("INFO", LevelFilter::INFO),
            ("Warn", LevelFilter::WARN),
            ("verbose", LevelFilter::INFO),
            ("", LevelFilter::INFO),
            ("ERROR", LevelFilter::ERROR),
            ("debug,wardroom=trace", LevelFilter::DEBUG),
            ("a=b=c", LevelFilter::INFO),
        ] {
            assert_eq!(lines(asked).default_level(), Some(level), "{asked}");
        }
        let debug = lines("debug");
        assert!(!debug.would_enable("slack_morphism::socket", &Level::DEBUG));
        assert!(!debug.would_enable("hyper_util::client", &Level::INFO));
    }
}
