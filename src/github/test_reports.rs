//! The test reports in an artifact: a zip file of JUnit XML.
//!
//! It comes from a job that anyone who may open a pull request can change. Its size, its entries and what
//! they unpack to are bounded, and no entry is written to a file.

use super::call_error::CallError;
use super::client::Session;
use super::untrusted;
use crate::domain::ci::reports::{self, BadReport, Limits, Outcome, Report};
use crate::domain::effect::Answer;
use crate::domain::effect::github::{self, TestReports, TestSeen};
use bytes::Bytes;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use zip::ZipArchive;

/// The artifact as it is packed.
const PACKED: usize = 20 << 20;
const ENTRIES: usize = 1_000;
/// Begins an entry of the directory.
const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";
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
        slots: &Arc<Semaphore>,
    ) -> Result<Answer, CallError> {
        let slot = timeout_at(self.until, slots.clone().acquire_owned()).await;
        let slot = slot.ok().and_then(Result::ok);
        let slot = slot.ok_or_else(|| CallError::Busy.here())?;
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
                    unpacked(zip.body, recorded, self.until, slot).await?
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

/// The slot is given back when the reading ends, which may be after the exchange was cut off.
async fn unpacked(
    zip: Bytes,
    recorded: BTreeSet<String>,
    until: Instant,
    slot: OwnedSemaphorePermit,
) -> Result<TestReports, CallError> {
    let reading = tokio::task::spawn_blocking(move || {
        let _slot = slot;
        read(&zip, &recorded, until)
    });
    let read = reading.await;
    read.map_err(|_panicked| CallError::refused("unreadable"))
}

fn read(zip: &[u8], recorded: &BTreeSet<String>, until: Instant) -> TestReports {
    // Before the directory is read: it is in memory as a whole, and larger there.
    let entries = zip.windows(DIRECTORY_ENTRY.len());
    let entries = entries.filter(|bytes| *bytes == DIRECTORY_ENTRY);
    if entries.count() > ENTRIES {
        return unread("too many files");
    }
    let Ok(mut archive) = ZipArchive::new(Cursor::new(zip)) else {
        return unread("not a zip file");
    };
    let mut seen = TestReports::default();
    let mut left = UNPACKED;
    for at in 0..archive.len() {
        if Instant::now() >= until {
            seen.unreadable.push("too slow".to_owned());
            break;
        }
        let read = match archive.by_index(at) {
            Ok(entry) if !entry.name().is_ok_and(|name| is_report(&name)) => continue,
            Ok(mut entry) => {
                let mut content = Vec::new();
                // What the entry says of its size may be wrong.
                let bounded = entry.by_ref().take(left + 1).read_to_end(&mut content);
                let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
                // Also what was unpacked of a damaged one.
                let Some(rest) = left.checked_sub(length) else {
                    seen.unreadable.push("too large".to_owned());
                    break;
                };
                left = rest;
                bounded.map(|_| content).ok()
            }
            Err(_) => None,
        };
        let Some(content) = read else {
            seen.unreadable.push("damaged".to_owned());
            continue;
        };
        match reports::read(&content, &Limits::default()) {
            Ok(report) => add(&mut seen, &report, recorded),
            // Other XML, such as a report of coverage.
            Err(BadReport::NotJunit) if content.trim_ascii_start().starts_with(b"<") => {}
            Err(why) => seen.unreadable.push(why.to_string()),
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
                    seen.passed.insert(id);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::time::Duration;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            let options = SimpleFileOptions::default();
            writer.start_file(*name, options).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn unreadable(zip: &[u8], until: Instant) -> Vec<String> {
        read(zip, &BTreeSet::new(), until).unreadable
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[test]
    fn what_a_damaged_entry_unpacks_to_counts() {
        let large = vec![b'x'; 40 << 20];
        let mut zip = zip(&[("a.xml", &large), ("b.xml", &large), ("c.xml", b"<a/>")]);
        let mut windows = zip.windows(4);
        let entry = windows.position(|bytes| bytes == DIRECTORY_ENTRY);
        // Its checksum.
        zip[entry.unwrap() + 16] ^= 1;
        assert_eq!(unreadable(&zip, soon()), ["damaged", "too large"]);
    }

    #[test]
    fn too_many_entries_and_too_little_time_leave_it_unread() {
        let names: Vec<String> = (0..=ENTRIES).map(|at| format!("{at}.xml")).collect();
        let files: Vec<(&str, &[u8])> = names
            .iter()
            .map(|name| (name.as_str(), &b"no"[..]))
            .collect();
        assert_eq!(unreadable(&zip(&files), soon()), ["too many files"]);
        let few = zip(&files[..3]);
        assert_eq!(unreadable(&few, soon()).len(), 3);
        assert_eq!(unreadable(&few, Instant::now()), ["too slow"]);
    }

    #[tokio::test]
    async fn a_slot_is_taken_until_the_reading_ends() {
        let slots = Arc::new(Semaphore::new(1));
        let slot = slots.clone().acquire_owned().await.unwrap();
        let large = vec![b'x'; 20 << 20];
        let zip = Bytes::from(zip(&[("a.xml", &large)]));
        let reading = unpacked(zip, BTreeSet::new(), soon(), slot);
        // Cut off at once.
        assert!(timeout_at(Instant::now(), reading).await.is_err());
        assert_eq!(slots.available_permits(), 0, "it is still read");
        let freed = timeout_at(soon(), slots.acquire()).await;
        assert!(freed.is_ok());
    }

    #[test]
    fn a_test_that_passed_in_many_files_is_named_once() {
        let report = br#"<testsuite><testcase classname="a" name="b"/></testsuite>"#;
        let zip = zip(&[("a.xml", report), ("b.xml", report)]);
        let id = "a::b".to_owned();
        let seen = read(&zip, &[id.clone()].into(), soon());
        assert_eq!((seen.ran, seen.passed), (2, [id].into()));
    }
}
