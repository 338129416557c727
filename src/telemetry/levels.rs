//! Which lines are shown: `LOG_LEVEL`, or the directives of `RUST_LOG`.
//!
//! A level is about lines. Our own spans pass at every level, because a line's trace and its
//! signal's or effect's id are the span's: a quiet log must not lose them. And no level turns
//! slack-morphism's debug lines on: they print socket addresses with their tickets.

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, LevelFilter, filter_fn};
use tracing_subscriber::layer::Filter;

/// The filter for `LOG_LEVEL` or `RUST_LOG` (either may hold directives). Unreadable: `info`.
pub fn filter<S: Subscriber>(directives: &str) -> impl Filter<S> + Send + Sync + use<S> {
    filter_fn(is_our_span)
        .with_max_level_hint(LevelFilter::INFO)
        .or(lines(directives))
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
