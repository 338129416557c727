//! Reads a `push` webhook: only pushes to the default branch are of use.
//!
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads#push>. The payload has the time of the
//! repository's last push, as a number or a text; that of a commit may be days before.

use super::fields::{Repository, first_line, moment, sender, url};
use super::payload::part;
use super::untrusted;
use crate::domain::areas::Event;
use crate::domain::ci;
use crate::domain::ci::changes::{self, CodeChange, What};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Whole {
    #[serde(rename = "ref")]
    reference: Option<String>,
    after: Option<String>,
    deleted: Option<bool>,
    repository: Option<Repository>,
}

/// What is only shown, or has another source, is read by itself.
#[derive(Deserialize)]
struct OfCommit {
    head_commit: Option<Commit>,
}

#[derive(Deserialize)]
struct Commit {
    message: Option<String>,
    url: Option<String>,
}

#[derive(Deserialize)]
struct OfTime {
    repository: Option<Pushed>,
}

#[derive(Deserialize)]
struct Pushed {
    pushed_at: Option<Value>,
}

/// The event of a webhook's JSON; `None`: it is about another branch, or a deleted one.
pub(super) fn read(json: &[u8], at: DateTime<Utc>) -> Option<Event> {
    let incomplete = |lacks| Event::Incomplete {
        what: "push".to_owned(),
        lacks,
    };
    let Some(whole) = part::<Whole>(json) else {
        return Some(incomplete("push"));
    };
    match seen(json, whole, at) {
        Ok(change) => Some(ci::Event::from(changes::Event::Seen(change?)).into()),
        Err(lacks) => Some(incomplete(lacks)),
    }
}

fn seen(json: &[u8], whole: Whole, at: DateTime<Utc>) -> Result<Option<CodeChange>, &'static str> {
    let repository = whole.repository.ok_or("repository")?;
    let reference = whole.reference.ok_or("ref")?;
    let branch = reference.strip_prefix("refs/heads/");
    let default = repository.default_branch.as_deref();
    let default = default.ok_or("repository.default_branch")?;
    if whole.deleted == Some(true) || branch != Some(default) {
        return Ok(None);
    }
    let sha = whole.after.ok_or("after")?;
    let commit = part::<OfCommit>(json).and_then(|of| of.head_commit);
    let (title, page) = commit.map_or((None, None), |commit| (commit.message, commit.url));
    Ok(Some(CodeChange {
        repository: repository.name()?,
        at: pushed_at(json, at),
        what: What::Push,
        title: first_line(title),
        sha: untrusted::name(&sha),
        url: url(page),
        actor: sender(json),
    }))
}

fn pushed_at(json: &[u8], arrived: DateTime<Utc>) -> DateTime<Utc> {
    let pushed = part::<OfTime>(json).and_then(|of| of.repository?.pushed_at);
    match pushed {
        Some(Value::Number(seconds)) => {
            let at = seconds
                .as_i64()
                .and_then(|at| DateTime::from_timestamp(at, 0));
            at.unwrap_or(arrived).min(arrived)
        }
        Some(Value::String(text)) => moment(Some(&text), arrived),
        _ => arrived,
    }
}
