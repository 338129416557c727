//! What is wrong with a configuration, where, and what to do about it.
//!
//! A problem has a place even when it comes from the environment: there the "file" is the
//! variable (`$PORT:1:1`), so that one format serves terminals, editors and CI alike.
//! It must never carry a value that could be a secret: messages quote keys, shapes and what was
//! written in a file before `${VAR}` was filled in, never what a variable held.

use std::fmt;
use std::sync::Arc;

/// Where something was written: a file or a `$VARIABLE`, with line and column counted from one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file's path as it was named, or `$NAME` for an environment variable.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Place {
    pub(crate) fn new(file: &Arc<str>, line: usize, column: usize) -> Self {
        Self {
            file: Arc::clone(file),
            line,
            column,
        }
    }

    /// The start of a file.
    pub(crate) fn top(file: impl AsRef<str>) -> Self {
        Self {
            file: Arc::from(file.as_ref()),
            line: 1,
            column: 1,
        }
    }

    /// The start of an environment variable's value.
    pub(crate) fn variable(name: &str) -> Self {
        Self::top(format!("${name}"))
    }

    pub(crate) fn moved_right(&self, columns: usize) -> Self {
        Self {
            column: self.column + columns,
            ..self.clone()
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Whether a problem keeps the server from starting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The configuration is refused.
    Error,
    /// The configuration is accepted.
    Warning,
}

/// One thing that is wrong, shown as `file:line:column: error: message` and a hint below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What, in one sentence.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// Whether it refuses the start.
    pub severity: Severity,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let Self {
            place,
            message,
            hint,
            ..
        } = self;
        write!(f, "{place}: {severity}: {message}\n    hint: {hint}")
    }
}

/// A warning about a configuration that is accepted.
pub type Notice = Problem;

/// Collects problems while a configuration is read, so that all of them are told at once.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Problem>);

impl Findings {
    pub(crate) fn error(
        &mut self,
        place: &Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(Severity::Error, place, message.into(), hint.into());
    }

    pub(crate) fn warning(
        &mut self,
        place: &Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(Severity::Warning, place, message.into(), hint.into());
    }

    fn push(&mut self, severity: Severity, place: &Place, message: String, hint: String) {
        let place = place.clone();
        self.0.push(Problem {
            place,
            message,
            hint,
            severity,
        });
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// The notices when nothing is an error, else every problem, in the order of their places.
    pub(crate) fn conclude(mut self) -> Result<Vec<Notice>, Vec<Problem>> {
        let by_place =
            |a: &Problem, b: &Problem| (&a.place, &a.message).cmp(&(&b.place, &b.message));
        self.0.sort_by(by_place);
        self.0.dedup();
        let refuses = |problem: &Problem| problem.severity == Severity::Error;
        let refused = self.0.iter().any(refuses);
        if refused { Err(self.0) } else { Ok(self.0) }
    }
}

/// The closest of `known` to what was typed, when it is close enough to be meant.
pub(crate) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let likeness = |name: &str| strsim::jaro_winkler(&typed, &name.to_lowercase());
    let known = known.into_iter().map(|name| (likeness(name), name));
    known
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// A few words as a hint, the nearest to what was typed first.
pub(crate) fn choice(typed: &str, words: &[&str]) -> String {
    let all = words.join(", ");
    match nearest(typed, words.iter().copied()) {
        Some(near) => format!("did you mean {near}? One of {all}"),
        None => format!("one of {all}"),
    }
}

/// At most 60 characters of a text from outside, on one line.
pub(crate) fn short(text: &str) -> String {
    let on_one_line = |c: char| if c.is_control() { ' ' } else { c };
    let mut cut: String = text.chars().take(60).map(on_one_line).collect();
    if text.chars().nth(60).is_some() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_like_a_compilers() {
        let mut found = Findings::default();
        found.error(&Place::top("a.yaml"), "no", "say yes");
        let problems = found.conclude().unwrap_err();
        assert_eq!(
            problems[0].to_string(),
            "a.yaml:1:1: error: no\n    hint: say yes"
        );
    }

    #[test]
    fn warnings_alone_do_not_refuse() {
        let mut found = Findings::default();
        found.warning(&Place::variable("PORT"), "odd", "even");
        let notices = found.conclude().unwrap();
        assert_eq!(
            notices[0].to_string(),
            "$PORT:1:1: warning: odd\n    hint: even"
        );
    }

    #[test]
    fn the_nearest_word_is_offered_only_when_it_is_near() {
        let known = ["services", "routing", "admins"];
        for (typed, expected) in [
            ("service", Some("services")),
            ("Routng", Some("routing")),
            ("zzz", None),
        ] {
            assert_eq!(nearest(typed, known), expected, "{typed}");
        }
    }
}
