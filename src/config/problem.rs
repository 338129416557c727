//! What is wrong with a configuration, where, and what to do about it.
//!
//! A problem has a place even when it comes from the environment: there the "file" is the
//! variable (`$PORT:1:1`), so that one format serves terminals, editors and CI alike.
//! It must never carry a value that could be a secret: messages quote keys, shapes and what was
//! written in a file before `${VAR}` was filled in, never what a variable held.

use std::cell::RefCell;
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
    pub place: Place,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    pub severity: Severity,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let (place, message, hint) = (&self.place, &self.message, &self.hint);
        write!(f, "{place}: {severity}: {message}\n    hint: {hint}")
    }
}

/// A warning about a configuration that is accepted.
pub type Notice = Problem;

/// Collects problems while a configuration is read, so that all of them are reported at once.
#[derive(Debug, Default)]
pub(crate) struct Findings(RefCell<Vec<Problem>>);

impl Findings {
    pub(crate) fn error(&self, place: &Place, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Error, place, message.into(), hint.into());
    }

    pub(crate) fn warning(
        &self,
        place: &Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.add(Severity::Warning, place, message.into(), hint.into());
    }

    fn add(&self, severity: Severity, place: &Place, message: String, hint: String) {
        self.0.borrow_mut().push(Problem {
            place: place.clone(),
            message,
            hint,
            severity,
        });
    }

    /// The notices when nothing is an error, else every problem, in the order of their places.
    pub(crate) fn conclude(self) -> Result<Vec<Notice>, Vec<Problem>> {
        let mut all = self.0.into_inner();
        all.sort_by(|a, b| (&a.place, &a.message).cmp(&(&b.place, &b.message)));
        all.dedup();
        let refused = all.iter().any(|one| one.severity == Severity::Error);
        if refused { Err(all) } else { Ok(all) }
    }
}

/// The closest of `known` to what was typed, when it is close enough to be meant.
pub(crate) fn nearest<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let likeness = |name: &&str| strsim::jaro_winkler(&typed, &name.to_lowercase());
    let near = known.iter().filter(|name| likeness(name) > 0.75).copied();
    near.max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}

/// The known words as a hint, the nearest to what was typed first.
pub(crate) fn choice(typed: &str, words: &[&str]) -> String {
    let all = words.join(", ");
    match nearest(typed, words) {
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
        let found = Findings::default();
        found.error(&Place::top("a.yaml"), "no", "say yes");
        let problems = found.conclude().unwrap_err();
        assert_eq!(
            problems[0].to_string(),
            "a.yaml:1:1: error: no\n    hint: say yes"
        );
    }

    #[test]
    fn warnings_alone_do_not_refuse() {
        let found = Findings::default();
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
            assert_eq!(nearest(typed, &known), expected, "{typed}");
        }
    }
}
