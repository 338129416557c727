//! Reads JUnit XML: testsuites, testsuite (nested too), testcase, failure, error, skipped, and the four
//! elements of Surefire for tests that were retried, which Gradle and nextest write too.
//!
//! `flakyFailure` and `flakyError`: the test passed in the end. `rerunFailure` and `rerunError` accompany a
//! `failure`. gotestsum writes no such element but the test again, so a test that failed and then passed in
//! the same suite is flaky as well. A document type is refused, and with it every entity of the file's own.

use super::{Outcome, Report, Test, TestId};
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use std::collections::HashMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub bytes: usize,
    pub tests: usize,
    /// Elements inside of each other.
    pub depth: usize,
    /// Bytes of a failure's message.
    pub message: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 20 << 20,
            tests: 50_000,
            depth: 32,
            message: 2048,
        }
    }
}

/// Why a report cannot be used. The words are for a person, and quote nothing of the report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadReport {
    #[error("the report has {bytes} bytes, more than {limit}")]
    TooLarge { bytes: usize, limit: usize },
    #[error("the report has more than {limit} tests")]
    TooManyTests { limit: usize },
    #[error("the report has elements more than {limit} deep")]
    TooDeep { limit: usize },
    #[error("the report is not UTF-8 (at byte {at})")]
    NotUtf8 { at: usize },
    #[error("the report has a document type, which JUnit XML does not need")]
    DocumentType,
    #[error("the report is not well-formed XML (at byte {at})")]
    Malformed { at: u64 },
    #[error("the report ends in the middle")]
    Unfinished,
    #[error("the file is not JUnit XML: its root is neither testsuites nor testsuite")]
    NotJunit,
}

pub fn read(bytes: &[u8], limits: &Limits) -> Result<Report, BadReport> {
    if bytes.len() > limits.bytes {
        return Err(BadReport::TooLarge {
            bytes: bytes.len(),
            limit: limits.bytes,
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| BadReport::NotUtf8 {
        at: error.valid_up_to(),
    })?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    // Console output that a tool forgot to escape costs no report.
    reader.config_mut().allow_dangling_amp = true;
    let mut reading = Reading::new(limits);
    loop {
        let malformed = BadReport::Malformed {
            at: reader.buffer_position(),
        };
        match reader.read_event().map_err(|_| malformed)? {
            Event::Start(element) => reading.start(&element)?,
            Event::Empty(element) => {
                reading.start(&element)?;
                reading.end();
            }
            Event::End(_) => reading.end(),
            Event::Text(text) => reading.text(&text),
            Event::CData(text) => reading.text(&text),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().ok().flatten();
                match (character, resolve_xml_entity(&reference)) {
                    (Some(character), _) => reading.text(character.encode_utf8(&mut [0; 4])),
                    (None, Some(text)) => reading.text(text),
                    (None, None) => reading.text("?"),
                }
            }
            Event::DocType(_) => return Err(BadReport::DocumentType),
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    reading.finish()
}

/// A suite whose end has not come.
struct Suite {
    /// How deep its element is.
    depth: usize,
    name: String,
    /// Its tests by identity, for those that are listed again.
    seen: HashMap<TestId, usize>,
}

struct Reading<'a> {
    limits: &'a Limits,
    depth: usize,
    is_junit: bool,
    suites: Vec<Suite>,
    /// The test whose end has not come, and how deep it is.
    test: Option<(usize, Test)>,
    /// The element whose text is the message, and how deep it is.
    message: Option<(usize, String)>,
    tests: Vec<Test>,
    /// Elements, of which several may be attempts of one test.
    begun: usize,
}

impl<'a> Reading<'a> {
    fn new(limits: &'a Limits) -> Self {
        Self {
            limits,
            depth: 0,
            is_junit: false,
            suites: Vec::new(),
            test: None,
            message: None,
            tests: Vec::new(),
            begun: 0,
        }
    }

    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), BadReport> {
        self.depth += 1;
        if self.depth > self.limits.depth {
            return Err(BadReport::TooDeep {
                limit: self.limits.depth,
            });
        }
        let name = element.local_name();
        let name = name.as_ref();
        match name {
            "testsuites" | "testsuite" => self.is_junit = true,
            _ if self.depth == 1 => return Err(BadReport::NotJunit),
            _ => {}
        }
        match name {
            "testsuite" => self.suites.push(Suite {
                depth: self.depth,
                name: attribute(element, "name"),
                seen: HashMap::new(),
            }),
            "testcase" if self.test.is_none() => self.begin_test(element)?,
            _ => self.part_of_test(name, element),
        }
        Ok(())
    }

    fn begin_test(&mut self, element: &BytesStart<'_>) -> Result<(), BadReport> {
        self.begun += 1;
        if self.begun > self.limits.tests {
            return Err(BadReport::TooManyTests {
                limit: self.limits.tests,
            });
        }
        let suite = self.suites.last().map_or("", |suite| suite.name.as_str());
        let id = TestId::new(
            suite,
            &attribute(element, "classname"),
            &attribute(element, "file"),
            &attribute(element, "name"),
        );
        let test = Test {
            id,
            outcome: Outcome::Passed,
            attempts: 1,
            message: None,
        };
        self.test = Some((self.depth, test));
        Ok(())
    }

    /// The elements directly in a `testcase`.
    fn part_of_test(&mut self, name: &str, element: &BytesStart<'_>) {
        let Some((depth, test)) = &mut self.test else {
            return;
        };
        if self.depth != *depth + 1 {
            return;
        }
        let outcome = match name {
            "failure" | "error" => Outcome::Failed,
            "flakyFailure" | "flakyError" | "rerunFailure" | "rerunError" => {
                test.attempts = test.attempts.saturating_add(1);
                match name.starts_with("flaky") && test.outcome != Outcome::Failed {
                    true => Outcome::Flaky,
                    // With the `failure` that it accompanies; alone it says that every attempt failed.
                    false => Outcome::Failed,
                }
            }
            "skipped" if test.outcome == Outcome::Passed => Outcome::Skipped,
            _ => return,
        };
        test.outcome = outcome;
        if outcome != Outcome::Skipped && test.message.is_none() {
            let mut text = attribute(element, "message");
            text.truncate(text.floor_char_boundary(self.limits.message));
            match text.trim().is_empty() {
                true => self.message = Some((self.depth, String::new())),
                false => test.message = Some(text),
            }
        }
    }

    /// The first failure's text, where its `message` says nothing.
    fn text(&mut self, text: &str) {
        if let Some((_, message)) = &mut self.message {
            let left = self.limits.message.saturating_sub(message.len());
            message.push_str(&text[..text.floor_char_boundary(left)]);
        }
    }

    fn end(&mut self) {
        if let Some((_, message)) = self.message.take_if(|(depth, _)| *depth == self.depth) {
            let message = message.trim();
            if let (Some((_, test)), false) = (&mut self.test, message.is_empty()) {
                test.message = Some(message.to_owned());
            }
        }
        if let Some((_, test)) = self.test.take_if(|(depth, _)| *depth == self.depth) {
            self.add(test);
        }
        self.suites.pop_if(|suite| suite.depth == self.depth);
        self.depth = self.depth.saturating_sub(1);
    }

    fn add(&mut self, test: Test) {
        let next = self.tests.len();
        let Some(suite) = self.suites.last_mut() else {
            return self.tests.push(test);
        };
        let at = *suite.seen.entry(test.id.clone()).or_insert(next);
        let Some(known) = self.tests.get_mut(at) else {
            return self.tests.push(test);
        };
        known.attempts = known.attempts.saturating_add(test.attempts);
        known.message = known.message.take().or(test.message);
        known.outcome = match (known.outcome, test.outcome) {
            (Outcome::Failed, Outcome::Passed) => Outcome::Flaky,
            (Outcome::Failed, _) | (_, Outcome::Failed) => Outcome::Failed,
            (Outcome::Flaky, _) | (_, Outcome::Flaky) => Outcome::Flaky,
            (Outcome::Passed, _) | (_, Outcome::Passed) => Outcome::Passed,
            (Outcome::Skipped, Outcome::Skipped) => Outcome::Skipped,
        };
    }

    fn finish(self) -> Result<Report, BadReport> {
        match (self.is_junit, self.depth) {
            (true, 0) => Ok(Report {
                tests: self.tests,
                passed: 0,
            }),
            (false, 0) => Err(BadReport::NotJunit),
            (_, _) => Err(BadReport::Unfinished),
        }
    }
}

/// An attribute's value; empty when it is missing or broken. Attributes are not compared with each other,
/// which would take quadratic time.
fn attribute(element: &BytesStart<'_>, name: &str) -> String {
    let mut attributes = element.attributes();
    let mut attributes = attributes.with_checks(false).flatten();
    let found = attributes.find(|attribute| attribute.key.as_ref() == name);
    let value = found.map(
        |found| match found.normalized_value(XmlVersion::Implicit1_0) {
            Ok(value) => value.into_owned(),
            Err(_) => found.value.clone().into_owned(),
        },
    );
    value.unwrap_or_default()
}
