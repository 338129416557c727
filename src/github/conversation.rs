//! Issues, comments and labels.
//!
//! GitHub has no key of ours for an issue or a comment, so its text ends in a hidden marker with the
//! effect's id, by which a lookup finds it. GitHub's search is behind by minutes: lists are read instead.

use super::call_error::CallError;
use super::client::{Session, parsed};
use super::untrusted;
use crate::courier::{Lookup, Parcel};
use crate::domain::effect::Answer;
use crate::domain::effect::github::{self, IssueEdit};
use crate::domain::ids::EffectId;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Of 256 and 65,536 characters that GitHub accepts.
const TITLE: usize = 250;
const BODY: usize = 65_000;
const LABEL: usize = 50;
/// How far GitHub's clock may be behind ours.
const SKEW: TimeDelta = TimeDelta::seconds(60);
/// Of a list, what was changed since the first attempt.
const PAGES: usize = 5;
const PAGE: usize = 100;

#[derive(Deserialize)]
struct Issue {
    number: i64,
    html_url: Option<String>,
    body: Option<String>,
    created_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Comment {
    id: i64,
    body: Option<String>,
}

impl Session<'_> {
    pub(super) async fn create_issue(
        &self,
        title: &str,
        body: &str,
        labels: &[String],
        id: EffectId,
    ) -> Result<Answer, CallError> {
        let body = json!({
            "title": first(title, TITLE), "body": marked(body, id), "labels": short(labels),
        });
        let created = self
            .post(&["issues"], &body)
            .await
            .map_err(|error| match error.is(410) {
                true => CallError::refused("issues_disabled"),
                false => error,
            })?;
        parsed(&created).map(|issue: Issue| issue.answer())
    }

    pub(super) async fn find_issue(&self, parcel: &Parcel) -> Result<Lookup, CallError> {
        // The newest first, so that all those after it are older than ours.
        let query = [("state", "all"), ("sort", "created")];
        let since = parcel.first_attempt_at - SKEW;
        let is_older = |issue: &Issue| issue.created_at.is_some_and(|at| at < since);
        let marker = marker(parcel.id);
        let ours = |issue: &Issue| has(issue.body.as_deref(), &marker);
        let found = self.since_first_attempt(&["issues"], &query, parcel, ours, is_older);
        Ok(found_or_absent(found.await?.map(|issue| issue.answer())))
    }

    pub(super) async fn update_issue(
        &self,
        number: i64,
        edit: Option<&IssueEdit>,
    ) -> Result<Answer, CallError> {
        let Some(edit) = edit else {
            return Ok(Answer::Nothing);
        };
        let mut body = json!({});
        if let Some(title) = &edit.title {
            body["title"] = json!(first(title, TITLE));
        }
        if let Some(text) = &edit.body {
            body["body"] = json!(first(text, BODY));
        }
        if let Some(open) = edit.open {
            body["state"] = json!(if open { "open" } else { "closed" });
        }
        let number = number.to_string();
        self.patch(&["issues", &number], &body).await
    }

    pub(super) async fn create_comment(
        &self,
        number: i64,
        body: &str,
        id: EffectId,
    ) -> Result<Answer, CallError> {
        let path = ["issues", &number.to_string(), "comments"];
        let created = self.post(&path, &json!({"body": marked(body, id)})).await?;
        parsed(&created).map(|comment: Comment| comment.answer())
    }

    pub(super) async fn find_comment(
        &self,
        number: i64,
        parcel: &Parcel,
    ) -> Result<Lookup, CallError> {
        let path = ["issues", &number.to_string(), "comments"];
        let marker = marker(parcel.id);
        let ours = |comment: &Comment| has(comment.body.as_deref(), &marker);
        let found = self.since_first_attempt(&path, &[], parcel, ours, |_| false);
        Ok(found_or_absent(
            found.await?.map(|comment| comment.answer()),
        ))
    }

    pub(super) async fn update_comment(
        &self,
        comment: i64,
        body: Option<&str>,
    ) -> Result<Answer, CallError> {
        let Some(body) = body else {
            return Ok(Answer::Nothing);
        };
        let path = ["issues", "comments", &comment.to_string()];
        self.patch(&path, &json!({"body": first(body, BODY)})).await
    }

    pub(super) async fn add_labels(
        &self,
        number: i64,
        labels: &[String],
    ) -> Result<Answer, CallError> {
        let path = ["issues", &number.to_string(), "labels"];
        let labels = json!({"labels": short(labels)});
        self.post(&path, &labels).await.map(|_| Answer::Nothing)
    }

    pub(super) async fn patch(&self, path: &[&str], body: &Value) -> Result<Answer, CallError> {
        let changed = self.call(Method::PATCH, path, &[], Some(body)).await;
        changed.map(|_| Answer::Nothing)
    }

    /// The entry of a list that was changed since the first attempt and is ours; `is_past`: ours cannot come
    /// after this one. A list that is too long to be read says nothing.
    async fn since_first_attempt<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        parcel: &Parcel,
        is_ours: impl Fn(&T) -> bool,
        is_past: impl Fn(&T) -> bool,
    ) -> Result<Option<T>, CallError> {
        let since = parcel.first_attempt_at - SKEW;
        let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        for page in 1..=PAGES {
            let (page, size) = (page.to_string(), PAGE.to_string());
            let part = [
                ("since", since.as_str()),
                ("per_page", &size),
                ("page", &page),
            ];
            let entries: Vec<T> = self.get(path, &[query, &part].concat()).await?;
            let is_last = entries.len() < PAGE || entries.last().is_some_and(&is_past);
            let mut entries = entries.into_iter();
            if let Some(found) = entries.find(|entry| is_ours(entry)) {
                return Ok(Some(found));
            }
            if is_last {
                return Ok(None);
            }
        }
        Err(CallError::refused("list_too_long"))
    }
}

impl Issue {
    fn answer(self) -> Answer {
        Answer::Github(github::Answer::Issue {
            number: self.number,
            url: untrusted::url(&self.html_url.unwrap_or_default()),
        })
    }
}

impl Comment {
    fn answer(self) -> Answer {
        Answer::Github(github::Answer::Comment { id: self.id })
    }
}

pub(super) fn found_or_absent(found: Option<Answer>) -> Lookup {
    found.map_or(Lookup::Absent, Lookup::Found)
}

fn marker(id: EffectId) -> String {
    format!("<!-- wardroom:{id} -->")
}

/// A text with the marker, which must not be lost.
fn marked(body: &str, id: EffectId) -> String {
    format!("{}\n\n{}", first(body, BODY), marker(id))
}

fn has(body: Option<&str>, marker: &str) -> bool {
    body.is_some_and(|body| body.contains(marker))
}

/// The first characters of a text.
pub(super) fn first(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

fn short(labels: &[String]) -> Vec<String> {
    labels.iter().map(|label| first(label, LABEL)).collect()
}
