//! Reads a `pull_request` webhook: whether it has the label `wardroom:off`, and whether it was merged into the
//! default branch, which is a change of the repository.
//!
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request>.

use super::fields::{Person, Repository, first_line, login, moment, sender, url};
use super::payload::part;
use super::untrusted;
use crate::domain::areas::Event;
use crate::domain::ci;
use crate::domain::ci::PullNews;
use crate::domain::ci::changes::{CodeChange, What};
use crate::domain::healing::LABEL_OFF;
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
    updated_at: Option<String>,
    base: Option<Base>,
}

#[derive(Deserialize)]
struct Base {
    #[serde(rename = "ref")]
    reference: Option<String>,
}

#[derive(Deserialize)]
struct OfLabels {
    label: Option<Label>,
}

#[derive(Deserialize)]
struct Label {
    name: Option<String>,
}

#[derive(Deserialize)]
struct OfLabelled {
    pull_request: Option<Labelled>,
}

#[derive(Deserialize)]
struct Labelled {
    state: Option<String>,
    labels: Option<Vec<Label>>,
    head: Option<Head>,
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "ref")]
    reference: Option<String>,
    repo: Option<Repository>,
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

/// The event of a webhook's JSON.
pub(super) fn read(json: &[u8], at: DateTime<Utc>) -> Option<Event> {
    let incomplete = |lacks| Event::Incomplete {
        what: "pull_request".to_owned(),
        lacks,
    };
    let Some(whole) = part::<Whole>(json) else {
        return Some(incomplete("pull_request"));
    };
    let news = news(json, whole, at);
    Some(news.map_or_else(incomplete, |news| ci::Event::Pull(Box::new(news)).into()))
}

fn news(json: &[u8], whole: Whole, at: DateTime<Utc>) -> Result<PullNews, &'static str> {
    let repository = whole.repository.ok_or("repository")?;
    let pull = whole.pull_request.ok_or("pull_request")?;
    let number = pull.number.ok_or("pull_request.number")?;
    let action = whole.action.as_deref();
    let of = part::<OfLabels>(json);
    let changed = of.and_then(|of| of.label).is_some_and(is_off);
    let labelled = part::<OfLabelled>(json).and_then(|of| of.pull_request);
    let (state, labels, head) = labelled.map_or((None, None, None), |pull| {
        (pull.state, pull.labels, pull.head)
    });
    let mut labels = labels.unwrap_or_default().into_iter();
    let is_closed = state.as_deref() == Some("closed");
    let head = head.filter(|_| !is_closed).and_then(|head| {
        let fork = head.repo?.name().ok()?;
        Some(untrusted::name(&format!("{fork}:{}", head.reference?)))
    });
    Ok(PullNews {
        repository: repository.name()?,
        number,
        head: head.unwrap_or_default(),
        is_off: labels.any(is_off),
        is_about_label: changed && matches!(action, Some("labeled" | "unlabeled")),
        updated_at: moment(pull.updated_at.as_deref(), at),
        merged: match action {
            Some("closed") => merged(json, repository, pull, at)?,
            _ => None,
        },
    })
}

/// GitHub compares names of labels without regard to case.
fn is_off(label: Label) -> bool {
    label
        .name
        .is_some_and(|name| name.eq_ignore_ascii_case(LABEL_OFF))
}

/// The change of the repository, if it was merged into the default branch.
fn merged(
    json: &[u8],
    repository: Repository,
    pull: Pull,
    at: DateTime<Utc>,
) -> Result<Option<CodeChange>, &'static str> {
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

#[cfg(test)]
#[path = "pull_request_tests.rs"]
mod tests;
