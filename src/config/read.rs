//! From nodes to typed values: maps with known keys, lists, texts, numbers, durations, ids.
//!
//! Every reader reports what is wrong and hands back what it could read, so that one mistake does
//! not hide the next. A key without a value counts as absent. A value that a variable filled in is
//! never quoted in a message.

use std::time::Duration;

use super::problem::{Findings, Place, nearest};
use super::values::{self, Pattern, SEVERITIES, SlackId, Unit};
use super::yaml::{Key, Kind, Node, Scalar, Style, short};

/// A map whose keys have been compared with the known ones.
pub(crate) struct Fields<'n>(&'n [(Key, Node)]);

impl<'n> Fields<'n> {
    /// Opens a map; every unknown key is an error. What is not a map reads as an empty one.
    pub(crate) fn of(
        node: &'n Node,
        what: &str,
        known: &[&'static str],
        found: &mut Findings,
    ) -> Self {
        let entries = entries(node, what, found);
        for (key, _) in entries {
            if known.contains(&key.name.as_str()) {
                continue;
            }
            let problem = found.error(
                &key.place,
                format!("unknown key `{}` in {what}", short(&key.name)),
            );
            problem.hint(match nearest(&key.name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", known.join(", ")),
            });
        }
        Self(entries)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'n Node> {
        self.entry(name).map(|(_, node)| node)
    }

    pub(crate) fn entry(&self, name: &str) -> Option<(&'n Key, &'n Node)> {
        let (key, node) = self.0.iter().find(|(key, _)| key.name == name)?;
        if matches!(node.kind, Kind::Null) {
            None
        } else {
            Some((key, node))
        }
    }

    /// A key that must be there.
    pub(crate) fn required(
        &self,
        name: &str,
        place: &Place,
        what: &str,
        found: &mut Findings,
    ) -> Option<&'n Node> {
        let node = self.get(name);
        if node.is_none() {
            found.error(place, format!("{what} needs `{name}`"));
        }
        node
    }
}

/// The entries of a map with free keys.
pub(crate) fn entries<'n>(node: &'n Node, what: &str, found: &mut Findings) -> &'n [(Key, Node)] {
    match &node.kind {
        Kind::Map(entries) => entries,
        Kind::Null => &[],
        Kind::Scalar(_) | Kind::List(_) => {
            wrong(node, what, "a map", found).hint("write `key: value` lines below it");
            &[]
        }
    }
}

/// The items of a list.
pub(crate) fn items<'n>(node: &'n Node, what: &str, found: &mut Findings) -> &'n [Node] {
    match &node.kind {
        Kind::List(items) => items,
        Kind::Null => &[],
        Kind::Scalar(_) | Kind::Map(_) => {
            wrong(node, what, "a list", found).hint("write [a, b], or a line `- a` for each");
            &[]
        }
    }
}

fn wrong<'f>(
    node: &Node,
    what: &str,
    wanted: &str,
    found: &'f mut Findings,
) -> &'f mut super::problem::Problem {
    found.error(
        &node.place,
        format!("{what} must be {wanted}, and this is {}", node.kind_name()),
    )
}

fn scalar<'n>(
    node: &'n Node,
    what: &str,
    wanted: &str,
    found: &mut Findings,
) -> Option<&'n Scalar> {
    match &node.kind {
        Kind::Scalar(scalar) => Some(scalar),
        Kind::Null | Kind::List(_) | Kind::Map(_) => {
            wrong(node, what, wanted, found);
            None
        }
    }
}

/// A text. A bare number or `true` is refused: YAML would have made something else of it.
pub(crate) fn text(node: &Node, what: &str, found: &mut Findings) -> Option<String> {
    let scalar = scalar(node, what, "text", found)?;
    let written = scalar.written.as_str();
    if scalar.style == Style::Plain && (written.parse::<f64>().is_ok() || is_bool(written)) {
        found
            .error(
                &node.place,
                format!("{what} must be text, and this is a number or a yes/no"),
            )
            .hint("put it in quotes");
        return None;
    }
    Some(scalar.text.clone())
}

fn is_bool(written: &str) -> bool {
    matches!(written.to_ascii_lowercase().as_str(), "true" | "false")
}

/// A text that says something, at most `most` characters long.
pub(crate) fn line(node: &Node, what: &str, most: usize, found: &mut Findings) -> Option<String> {
    let text = text(node, what, found)?;
    let fault = if text.trim().is_empty() {
        format!("{what} is empty")
    } else if text.chars().count() > most {
        format!("{what} is longer than {most} characters")
    } else {
        return Some(text);
    };
    found.error(&node.place, fault);
    None
}

/// A whole number within bounds.
pub(crate) fn number(
    node: &Node,
    what: &str,
    range: std::ops::RangeInclusive<u64>,
    found: &mut Findings,
) -> Option<u64> {
    let scalar = scalar(node, what, "a number", found)?;
    let literal_quoted = scalar.style == Style::Quoted && !scalar.written.contains("${");
    match scalar.text.parse::<u64>() {
        Ok(number) if range.contains(&number) && !literal_quoted => Some(number),
        _ => {
            let (from, to) = (range.start(), range.end());
            found
                .error(
                    &node.place,
                    format!("{what} must be a whole number from {from} to {to}"),
                )
                .hint("write it without quotes and units");
            None
        }
    }
}

/// A duration with its unit; a bare number is seconds, with a warning.
pub(crate) fn duration(node: &Node, what: &str, found: &mut Findings) -> Option<Duration> {
    let scalar = scalar(node, what, "a duration", found)?;
    let Some(span) = values::duration(&scalar.text) else {
        found
            .error(
                &node.place,
                format!("{what} is not a duration: `{}`", short(&scalar.written)),
            )
            .hint("a whole number and its unit: 250ms, 60s, 5m, 24h, 7d");
        return None;
    };
    if span.unit == Unit::Assumed {
        let written = short(&scalar.written);
        found
            .warning(
                &node.place,
                format!("{what} has no unit: {written} is taken as seconds"),
            )
            .hint("write the unit, as in 60s, 5m or 24h");
    }
    Some(span.duration)
}

/// An id of Slack's.
pub(crate) fn slack_id(
    node: &Node,
    id: SlackId,
    what: &str,
    found: &mut Findings,
) -> Option<String> {
    let scalar = scalar(node, what, "an id", found)?;
    if id.matches(&scalar.text) {
        return Some(scalar.text.clone());
    }
    found
        .error(&node.place, id.complaint(&short(&scalar.written)))
        .hint(id.hint());
    None
}

/// A list of ids of Slack's; the same one twice is a warning and counts once.
pub(crate) fn slack_ids(node: &Node, id: SlackId, what: &str, found: &mut Findings) -> Vec<String> {
    distinct(node, what, found, |item, found| {
        slack_id(item, id, what, found)
    })
}

/// A list of repositories, or of patterns for them.
pub(crate) fn repositories(
    node: &Node,
    pattern: Pattern,
    what: &str,
    found: &mut Findings,
) -> Vec<String> {
    distinct(node, what, found, |item, found| {
        let scalar = scalar(item, what, "owner/name", found)?;
        if values::repository(&scalar.text, pattern) {
            return Some(scalar.text.clone());
        }
        let hint = match pattern {
            Pattern::Allowed => "write owner/name, or owner/* for all of an owner",
            Pattern::Literal => "write owner/name, without the host",
        };
        let shown = short(&scalar.written);
        found
            .error(&item.place, format!("`{shown}` is not a repository"))
            .hint(hint);
        None
    })
}

fn distinct(
    node: &Node,
    what: &str,
    found: &mut Findings,
    mut read: impl FnMut(&Node, &mut Findings) -> Option<String>,
) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for item in items(node, what, found) {
        let Some(value) = read(item, found) else {
            continue;
        };
        if list.contains(&value) {
            found.warning(
                &item.place,
                format!("{what}: this one is in the list already"),
            );
        } else {
            list.push(value);
        }
    }
    list
}

/// P1 to P4, in capitals.
pub(crate) fn severity(node: &Node, what: &str, found: &mut Findings) -> Option<String> {
    one_of(node, what, &SEVERITIES, found)
}

/// One word of a few.
pub(crate) fn one_of(
    node: &Node,
    what: &str,
    words: &[&'static str],
    found: &mut Findings,
) -> Option<String> {
    let scalar = scalar(node, what, "a word", found)?;
    if words.contains(&scalar.text.as_str()) {
        return Some(scalar.text.clone());
    }
    let shown = short(&scalar.written);
    found
        .error(&node.place, format!("{what} cannot be `{shown}`"))
        .hint(format!("one of {}", words.join(", ")));
    None
}

/// The name of a service that exists.
pub(crate) fn known_service(
    node: &Node,
    what: &str,
    services: &[String],
    found: &mut Findings,
) -> Option<String> {
    let scalar = scalar(node, what, "a service", found)?;
    if let Some(known) = services.iter().find(|name| same_name(name, &scalar.text)) {
        return Some(known.clone());
    }
    let problem = found.error(
        &node.place,
        format!("{what}: there is no service `{}`", short(&scalar.written)),
    );
    problem.hint(
        match nearest(&scalar.text, services.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "add it under services:".to_owned(),
        },
    );
    None
}

/// Whether two names are the same service's: case does not tell services apart.
pub(crate) fn same_name(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
