//! Fields that several webhooks have.

use super::payload::part;
use super::untrusted;
use chrono::{DateTime, Utc};
use serde::Deserialize;

/// The longest title that is kept, in bytes.
const TITLE: usize = 500;

/// What people wrote, on its first line.
pub(super) fn first_line(text: Option<String>) -> String {
    let text = text.unwrap_or_default();
    untrusted::text(text.lines().next().unwrap_or_default(), TITLE)
}

pub(super) fn url(text: Option<String>) -> String {
    untrusted::url(&text.unwrap_or_default())
}

/// `ci.yml` of `.github/workflows/ci.yml`; of a workflow in another repository, a reference follows.
pub(super) fn file_name(path: &str) -> Option<String> {
    let path = path.split('@').next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    (!name.is_empty()).then(|| untrusted::name(name))
}

/// A moment in GitHub's form, not later than it arrived.
pub(super) fn moment(text: Option<&str>, arrived: DateTime<Utc>) -> DateTime<Utc> {
    let moment = text.and_then(|text| text.parse().ok());
    moment.unwrap_or(arrived).min(arrived)
}

#[derive(Deserialize)]
pub(super) struct Repository {
    full_name: Option<String>,
    pub default_branch: Option<String>,
}

impl Repository {
    pub(super) fn name(&self) -> Result<String, &'static str> {
        let name = self.full_name.as_deref().ok_or("repository.full_name")?;
        Ok(untrusted::address(name))
    }
}

#[derive(Deserialize)]
pub(super) struct Person {
    login: Option<String>,
}

/// Who sent the event; read by itself, because an odd field here must not cost the event.
#[derive(Deserialize)]
struct OfSender {
    sender: Option<Person>,
}

pub(super) fn login(person: Option<Person>) -> Option<String> {
    let login = person?.login?;
    Some(untrusted::address(&login))
}

pub(super) fn sender(json: &[u8]) -> Option<String> {
    login(part::<OfSender>(json)?.sender)
}
