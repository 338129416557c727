//! What is logged and how: `LOG_LEVEL` in any case, `RUST_LOG` before it, `LOG_FORMAT`.
//!
//! Directives are checked here by the filter that will use them: a typing error in `RUST_LOG` must
//! not turn into a silent log.

use super::environment::{Environment, choice};
use super::yaml::short;
use super::{Log, LogFormat};

pub(super) fn read(env: &Environment<'_>) -> Log {
    let debug = env.boolean("VISOR_DEBUG").unwrap_or(false);
    let mut level = if debug { "debug" } else { "info" };
    if let Some(given) = env.get("LOG_LEVEL") {
        const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "off"];
        let typed = given.text.to_ascii_lowercase();
        let word = match typed.as_str() {
            "warning" => "warn",
            "critical" | "fatal" => "error",
            other => other,
        };
        match LEVELS.iter().find(|level| **level == word) {
            Some(known) => level = known,
            None => {
                let message = format!("LOG_LEVEL cannot be `{}`", short(&given.text));
                env.error(&given.place, message, &choice(&typed, &LEVELS));
            }
        }
    }
    let directives = env.get("RUST_LOG").and_then(|given| match given
        .text
        .parse::<tracing_subscriber::filter::Targets>(
    ) {
        Ok(_) => Some(given.text),
        Err(error) => {
            let hint = "as in info,wardroom=debug";
            env.error(
                &given.place,
                format!("RUST_LOG cannot be read: {error}"),
                hint,
            );
            None
        }
    });
    let format = env
        .get("LOG_FORMAT")
        .and_then(|given| match given.text.to_lowercase().as_str() {
            "json" => Some(LogFormat::Json),
            "pretty" => Some(LogFormat::Pretty),
            _ => {
                let message = format!("LOG_FORMAT cannot be `{}`", short(&given.text));
                env.error(&given.place, message, "json or pretty");
                None
            }
        });
    Log {
        filter: directives.unwrap_or_else(|| level.to_owned()),
        format,
    }
}
