//! Reads a `pull_request` webhook: a merge into the default branch is a change of the repository.
//!
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request>.

use super::fields::{Person, Repository, first_line, login, moment, sender, url};
use super::payload::part;
use super::untrusted;
use crate::domain::areas::Event;
use crate::domain::ci;
use crate::domain::ci::changes::{self, CodeChange, What};
use chrono::{DateTime, Utc};
use serde::Deserialize;

#[derive(Deserialize)]
struct Whole {
    action: Option<String>,
    repository: Option<Repository>,
    pull_request: Option<Pull>,
}

#[derive(Deserialize)]
struct Pull {
    number: Option<i64>,
    merged: Option<bool>,
    merged_at: Option<String>,
    merge_commit_sha: Option<String>,
    base: Option<Base>,
}

#[derive(Deserialize)]
struct Base {
    #[serde(rename = "ref")]
    reference: Option<String>,
}

/// What is only shown is read by itself: an odd field here must not cost the event.
#[derive(Deserialize)]
struct OfTitle {
    pull_request: Option<Shown>,
}

#[derive(Deserialize)]
struct Shown {
    title: Option<String>,
    html_url: Option<String>,
}

#[derive(Deserialize)]
struct OfPerson {
    pull_request: Option<Merged>,
}

#[derive(Deserialize)]
struct Merged {
    merged_by: Option<Person>,
}

/// The event of a webhook's JSON; `None`: it is no merge into the default branch.
pub(super) fn read(json: &[u8], at: DateTime<Utc>) -> Option<Event> {
    let incomplete = |lacks| Event::Incomplete {
        what: "pull_request".to_owned(),
        lacks,
    };
    let Some(whole) = part::<Whole>(json) else {
        return Some(incomplete("pull_request"));
    };
    match seen(json, whole, at) {
        Ok(change) => Some(ci::Event::from(changes::Event::Seen(change?)).into()),
        Err(lacks) => Some(incomplete(lacks)),
    }
}

fn seen(json: &[u8], whole: Whole, at: DateTime<Utc>) -> Result<Option<CodeChange>, &'static str> {
    if whole.action.as_deref() != Some("closed") {
        return Ok(None);
    }
    let repository = whole.repository.ok_or("repository")?;
    let pull = whole.pull_request.ok_or("pull_request")?;
    if pull.merged != Some(true) && pull.merged_at.is_none() {
        return Ok(None);
    }
    let default = repository.default_branch.as_deref();
    let default = default.ok_or("repository.default_branch")?;
    let base = pull.base.and_then(|base| base.reference);
    if base.as_deref() != Some(default) {
        return Ok(None);
    }
    let shown = part::<OfTitle>(json).and_then(|of| of.pull_request);
    let (title, page) = shown.map_or((None, None), |shown| (shown.title, shown.html_url));
    let merged_by = part::<OfPerson>(json).and_then(|of| login(of.pull_request?.merged_by));
    let sha = pull
        .merge_commit_sha
        .ok_or("pull_request.merge_commit_sha")?;
    Ok(Some(CodeChange {
        repository: repository.name()?,
        at: moment(pull.merged_at.as_deref(), at),
        what: What::Merged {
            number: pull.number.ok_or("pull_request.number")?,
        },
        title: first_line(title),
        sha: untrusted::name(&sha),
        url: url(page),
        actor: merged_by.or_else(|| sender(json)),
    }))
}
