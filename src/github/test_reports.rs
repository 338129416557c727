//! The test reports in an artifact: a zip file of JUnit XML.
//!
//! It comes from a job that anyone who may open a pull request can change. Its size, its entries and what
//! they unpack to are bounded, and no entry is written to a file.

use super::call_error::CallError;
use super::client::Session;
use super::untrusted;
use crate::domain::ci::reports::{self, Limits, Outcome, Report};
use crate::domain::effect::Answer;
use crate::domain::effect::github::{self, TestReports, TestSeen};
use bytes::Bytes;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};
use tokio::sync::{Semaphore, TryAcquireError};
use zip::ZipArchive;

/// The artifact as it is packed.
const PACKED: usize = 20 << 20;
const ENTRIES: usize = 1_000;
/// What all reports of an artifact unpack to.
const UNPACKED: u64 = 64 << 20;
/// The tests that failed, and those that flaked.
const TESTS: usize = 200;
const MESSAGE: usize = 500;
/// What could not be read, in words.
const UNREADABLE: usize = 20;
/// At a time in this process, because each is in memory.
pub(super) const AT_ONCE: usize = 2;

#[derive(Deserialize)]
struct Artifact {
    size_in_bytes: usize,
    #[serde(default)]
    expired: bool,
}

impl Session<'_> {
    pub(super) async fn read_test_reports(
        &self,
        artifact: i64,
        recorded: &[String],
        slots: &Semaphore,
    ) -> Result<Answer, CallError> {
        let _slot = slots.try_acquire().map_err(|error| match error {
            TryAcquireError::NoPermits | TryAcquireError::Closed => CallError::Busy,
        })?;
        let artifact = artifact.to_string();
        let path = ["actions", "artifacts", &artifact];
        let found: Artifact = self.get(&path, &[]).await?;
        let reports = if found.expired {
            unread("expired")
        } else if found.size_in_bytes > PACKED {
            unread("too large")
        } else {
            let zip = self.redirected(&[&path[..], &["zip"]].concat()).await?;
            match self.download(&zip, None, PACKED).await {
                Ok(zip) => {
                    let recorded = recorded.iter().cloned().collect();
                    unpacked(zip.body, recorded).await?
                }
                Err(CallError::Refused(refusal)) => unread(&refusal.code),
                Err(error) => return Err(error),
            }
        };
        let reports = github::Answer::TestReports(Box::new(reports));
        Ok(Answer::Github(reports))
    }
}

fn unread(why: &str) -> TestReports {
    TestReports {
        unreadable: vec![why.to_owned()],
        ..TestReports::default()
    }
}

async fn unpacked(zip: Bytes, recorded: BTreeSet<String>) -> Result<TestReports, CallError> {
    let reading = tokio::task::spawn_blocking(move || read(&zip, &recorded));
    let read = reading.await;
    read.map_err(|_panicked| CallError::refused("unreadable"))
}

fn read(zip: &[u8], recorded: &BTreeSet<String>) -> TestReports {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(zip)) else {
        return unread("not a zip file");
    };
    let mut seen = TestReports::default();
    let mut left = UNPACKED;
    if archive.len() > ENTRIES {
        seen.unreadable.push("too many files".to_owned());
    }
    for at in 0..archive.len().min(ENTRIES) {
        let read = match archive.by_index(at) {
            Ok(entry) if !entry.name().is_ok_and(|name| is_report(&name)) => continue,
            Ok(mut entry) => {
                let mut content = Vec::new();
                // What the entry says of its size may be wrong.
                let bounded = entry.by_ref().take(left + 1).read_to_end(&mut content);
                bounded.map_or_else(|_| Err("damaged".to_owned()), |_| Ok(content))
            }
            Err(_) => Err("damaged".to_owned()),
        };
        let report = read.and_then(|content| {
            let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
            left = left.checked_sub(length).ok_or("too large")?;
            reports::read(&content, &Limits::default()).map_err(|why| why.to_string())
        });
        match report {
            Ok(report) => add(&mut seen, &report, recorded),
            Err(why) => {
                let is_end = why == "too large";
                seen.unreadable.push(why);
                if is_end {
                    break;
                }
            }
        }
    }
    seen.unreadable.truncate(UNREADABLE);
    seen
}

fn is_report(name: &str) -> bool {
    let extension = std::path::Path::new(name).extension();
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("xml"))
}

fn add(seen: &mut TestReports, report: &Report, recorded: &BTreeSet<String>) {
    for test in &report.tests {
        let id = untrusted::text(test.id.as_str(), MESSAGE);
        let flaky = match test.outcome {
            Outcome::Skipped => continue,
            Outcome::Passed => {
                seen.ran += 1;
                if recorded.contains(&id) {
                    seen.passed.push(id);
                }
                continue;
            }
            Outcome::Failed => false,
            Outcome::Flaky => true,
        };
        seen.ran += 1;
        let count = if flaky {
            &mut seen.flaky
        } else {
            &mut seen.failed
        };
        *count += 1;
        if usize::try_from(*count).is_ok_and(|count| count <= TESTS) {
            let message = test.message.as_deref();
            seen.tests.push(TestSeen {
                id,
                flaky,
                message: message.map(|message| untrusted::text(message, MESSAGE)),
            });
        }
    }
}
