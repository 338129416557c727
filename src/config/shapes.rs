//! The shapes of single values: Slack ids, repositories, names, spans of time.
//!
//! A shape is a type that a field of a section names in its schema (`#[schemars(with = …)]`) and a row
//! of `SHAPES`, which the reader finds by the schema's `format`. Ids are checked by their form only:
//! whether the channel exists is a question for Slack.

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::Duration;

use regex_lite::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::problem::short;

/// What is known of a shape.
pub(crate) struct Shape {
    /// The `format` in the schema.
    format: &'static str,
    pattern: Regex,
    /// What is wrong with a text that does not fit; `{}` stands for the text.
    fault: &'static str,
    hint: &'static str,
}

impl Shape {
    /// What is wrong with a text, and a hint; the message shows what was written.
    pub(crate) fn refused(&self, text: &str, written: &str) -> Option<(String, String)> {
        let message = || self.fault.replace("{}", &short(written));
        // `\s` in the patterns is ASCII's; a name copied from a page may end in another space.
        let fits = self.pattern.is_match(text) && text.trim() == text;
        (!fits).then(|| (message(), self.hint.to_owned()))
    }
}

/// The shape with this `format`.
pub(crate) fn shape(format: &str) -> Option<&'static Shape> {
    SHAPES.iter().find(|shape| shape.format == format)
}

macro_rules! shapes {
    ($($(#[doc = $doc:literal])+ $Type:ident, $format:literal, $pattern:literal, $fault:literal, $hint:literal;)+) => {
        $($(#[doc = $doc])+
        pub struct $Type;

        impl JsonSchema for $Type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($Type).into()
            }

            /// With `${NAME}`: editors see a file before variables are replaced.
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let description = concat!($($doc),+).trim_ascii();
                let pattern = concat!($pattern, r"|\$\{");
                json_schema!({"description": description, "type": "string", "format": $format, "pattern": pattern})
            }
        })+

        static SHAPES: LazyLock<Vec<Shape>> = LazyLock::new(|| vec![$(Shape {
            format: $format,
            pattern: Regex::new($pattern).expect("the pattern is right"),
            fault: $fault,
            hint: $hint,
        }),+]);
    };
}

shapes! {
    /// The id of a Slack user.
    SlackUser, "slack-user", "^[UW][A-Z0-9]{1,39}$",
        "`{}` is not the id of a Slack user",
        "ids look like U024BE7LH: open the person's profile in Slack, the three dots, Copy member ID";
    /// The id of a Slack channel.
    SlackChannel, "slack-channel", "^[CG][A-Z0-9]{1,39}$",
        "`{}` is not the id of a Slack channel",
        "ids look like C024BE91L: open the channel's details in Slack, the id is at the bottom";
    /// The id of a Slack workspace.
    SlackWorkspace, "slack-workspace", "^T[A-Z0-9]{1,39}$",
        "`{}` is not the id of a Slack workspace",
        "ids look like T024BE7LD: open Slack in a browser, it is the part behind /client/ that begins with T";
    /// A GitHub repository, owner/name.
    Repository, "repository", "^[\\w-]{1,39}/[\\w.-]{1,100}$",
        "`{}` is not a repository",
        "write owner/name, without the host";
    /// A GitHub repository, or all of an owner: owner/*.
    Repositories, "repository-pattern", "^[\\w*-]{1,39}/[\\w.*-]{1,100}$",
        "`{}` is not a repository",
        "write owner/name, or owner/* for all of an owner";
    /// The environments of deployments: a name, or a pattern with `*`.
    Environments, "environment-pattern", "^[^\\x00-\\x1f\\x7f]{1,255}$",
        "`{}` is not the name of an environment",
        "write the environment's name on GitHub, or a pattern such as prod*";
    /// The name of a workflow's file.
    WorkflowFile, "workflow-file", "^[^/\\s]{1,200}\\.ya?ml$",
        "`{}` is not the name of a workflow's file",
        "write the file's name without its folder, such as rollback.yml";
    /// The name of a workflow's input.
    WorkflowInput, "workflow-input", "^[A-Za-z_][\\w-]{0,99}$",
        "`{}` is not the name of an input",
        "use the name under `workflow_dispatch: inputs:` in the workflow";
    /// The name of a test, with its class.
    TestName, "test-name", "^[^\\s]([^\\x00-\\x1f\\x7f-\\x9f]{0,498}[^\\s])?$",
        "`{}` cannot be the name of a test",
        "1 to 500 characters on one line, as messages and issues show it: class::name";
    /// The name of a service.
    ServiceName, "service-name", "^[^\\s\\x00-\\x1f\\x7f-\\x9f]([^\\x00-\\x1f\\x7f-\\x9f]{0,73}[^\\s\\x00-\\x1f\\x7f-\\x9f])?$",
        "`{}` cannot be the name of a service",
        "1 to 75 characters on one line, without a space at either end, as in api";
    /// The id of a component on Statuspage.
    Component, "statuspage-component", "^[\\w-]{1,64}$",
        "`{}` is not the id of a component: at most 64 letters, digits, `-` and `_`",
        "it is the last part of the component's address in Statuspage's administration";
    /// A time zone of the IANA database.
    TimeZone, "time-zone", "^[A-Za-z][A-Za-z0-9_+/-]{0,63}$",
        "`{}` is not a time zone",
        "write it as in Europe/Berlin, or UTC";
    /// The version of the file's format.
    Version, "version", "^1(\\.0)?$",
        "the only version is \"1\"",
        "write version: \"1\"";
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "its schema is used")]
pub enum Severity {
    P1,
    P2,
    P3,
    P4,
}

/// Whether two names are the same service's: case does not tell services apart.
pub(crate) fn same_name(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// The `format` of a span of time.
pub(crate) const SPAN: &str = "duration";
const MAX_SECONDS: u64 = 10 * 366 * 24 * 3600;

/// A span of time. The reader gives it in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        u64::deserialize(from).map(|millis| Self(Duration::from_millis(millis)))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0.as_millis() {
            millis if millis % 1000 == 0 => to.collect_str(&format_args!("{}s", millis / 1000)),
            millis => to.collect_str(&format_args!("{millis}ms")),
        }
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A span of time with its unit: 250ms, 60s, 5m, 24h, 7d.",
            "type": "string",
            "format": SPAN,
            "pattern": r"^\d+(ms|s|m|h|d)$|\$\{",
        })
    }
}

/// Whether a span of time had its unit.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(crate) enum Unit {
    Written,
    Assumed,
}

/// Reads `250ms`, `60s`, `5m`, `24h`, `7d`, or a bare number of seconds.
pub(crate) fn duration(text: &str) -> Option<(Duration, Unit)> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number: u64 = text[..digits].parse().ok()?;
    let (millis, unit) = match &text[digits..] {
        "" => (1_000, Unit::Assumed),
        "ms" => (1, Unit::Written),
        "s" => (1_000, Unit::Written),
        "m" => (60_000, Unit::Written),
        "h" => (3_600_000, Unit::Written),
        "d" => (86_400_000, Unit::Written),
        _ => return None,
    };
    let millis = number.checked_mul(millis)?;
    (millis / 1000 <= MAX_SECONDS).then(|| (Duration::from_millis(millis), unit))
}

/// `true`, `yes`, `on`, `1` and their opposites, in any case.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_carry_their_unit() {
        for (text, millis, unit) in [
            ("60s", 60_000, Unit::Written),
            ("5m", 300_000, Unit::Written),
            ("24h", 86_400_000, Unit::Written),
            ("7d", 604_800_000, Unit::Written),
            ("250ms", 250, Unit::Written),
            ("60", 60_000, Unit::Assumed),
            ("0", 0, Unit::Assumed),
        ] {
            let expected = Some((Duration::from_millis(millis), unit));
            assert_eq!(duration(text), expected, "{text}");
        }
        for text in [
            "",
            "s",
            "-5s",
            "1.5h",
            "5 m",
            "5min",
            "99999999999999999999",
            "9999999999h",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn shapes_are_told_from_what_is_near_to_them() {
        for (format, text, fine) in [
            ("slack-user", "U1", true),
            ("slack-user", "W024BE7LH", true),
            ("slack-user", "U", false),
            ("slack-user", "C1", false),
            ("slack-user", "@ada", false),
            ("slack-user", "u024be7lh", false),
            ("slack-channel", "C1", true),
            ("slack-channel", "G024BE91L", true),
            ("slack-channel", "D024BE91L", false),
            ("slack-channel", "#general", false),
            ("slack-channel", "Cé", false),
            ("repository", "acme/api", true),
            ("repository", "acme/api.js", true),
            ("repository-pattern", "acme/*", true),
            ("repository", "acme/*", false),
            ("repository", "acme", false),
            ("repository", "a.b/c", false),
            ("repository", "a/b/c", false),
            ("repository", "/b", false),
            ("repository", "https://github.com/a/b", false),
            ("statuspage-component", "kx1_a-b", true),
            ("statuspage-component", "kx.1", false),
        ] {
            let shape = shape(format).expect("a known format");
            let refused = shape.refused(text, text);
            assert_eq!(refused.is_none(), fine, "{format} {text}");
        }
    }
}
