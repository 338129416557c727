//! Issues. A pull request is an issue too, with the same number.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::accounts::{Account, node_id, stamp};
use super::call::{Answer, Call, Outcome, extend};
use super::endpoint::Endpoint;
use super::permissions::Needs;
use super::refusal::{Refusal, refuse};
use super::repository::Repository;
use crate::state::Moment;

const ALL: &str = "/repos/{owner}/{repo}/issues";
const ONE: &str = "/repos/{owner}/{repo}/issues/{issue_number}";

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("issues/list-for-repo", ALL, Needs::ISSUES_READ, list),
    Endpoint::post("issues/create", ALL, Needs::ISSUE_CREATE, create),
    Endpoint::get("issues/get", ONE, Needs::ISSUES_READ, one),
    Endpoint::patch("issues/update", ONE, Needs::ISSUES_WRITE, update),
];

/// The most characters of a body or a comment.
pub(crate) const MOST_TEXT: usize = 65_536;
const MOST_TITLE: usize = 256;

#[derive(Clone)]
pub(crate) struct Issue {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) body: Option<String>,
    pub(crate) user: Account,
    pub(crate) via_app: bool,
    pub(crate) open: bool,
    pub(crate) state_reason: Option<String>,
    pub(crate) labels: Vec<String>,
    pub(crate) assignees: Vec<Account>,
    pub(crate) is_pull: bool,
    pub(crate) created_at: Moment,
    pub(crate) updated_at: Moment,
    pub(crate) closed_at: Option<Moment>,
    /// How often it was opened again.
    pub(crate) reopened: u32,
}

impl Issue {
    pub(crate) fn has_label(&self, name: &str) -> bool {
        self.labels
            .iter()
            .any(|label| label.eq_ignore_ascii_case(name))
    }

    pub(crate) fn state(&self) -> &'static str {
        if self.open { "open" } else { "closed" }
    }
}

/// What the author is to the repository.
pub(crate) fn association(repository: &Repository, user: &Account) -> &'static str {
    match repository.collaborators.get(&user.login) {
        _ if repository.owner.login == user.login => "OWNER",
        Some(_) => "COLLABORATOR",
        None => "NONE",
    }
}

impl Repository {
    pub(crate) fn issue_json(&self, issue: &Issue) -> Value {
        let number = issue.number;
        let url = self.api(&format!("/issues/{number}"));
        let comments = self
            .comments
            .values()
            .filter(|comment| comment.issue == number)
            .count();
        let page = if issue.is_pull { "pull" } else { "issues" };
        let assignees: Vec<Value> = issue.assignees.iter().map(Account::json).collect();
        let mut shown = json!({
            "id": issue.id, "node_id": node_id("Issue", issue.id), "number": number,
            "title": issue.title, "body": issue.body, "state": issue.state(),
            "state_reason": issue.state_reason, "locked": false, "active_lock_reason": null,
            "url": url, "html_url": self.html(&format!("/{page}/{number}")),
            "repository_url": self.api(""), "labels_url": format!("{url}/labels{{/name}}"),
            "comments_url": format!("{url}/comments"), "events_url": format!("{url}/events"),
            "timeline_url": format!("{url}/timeline"), "user": issue.user.json(),
            "labels": self.labels_json(&issue.labels), "assignee": assignees.first(),
            "assignees": assignees, "milestone": null, "comments": comments,
            "created_at": stamp(issue.created_at), "updated_at": stamp(issue.updated_at),
            "closed_at": issue.closed_at.map(stamp), "closed_by": null,
            "author_association": association(self, &issue.user),
            "performed_via_github_app": null, "reactions": reactions(&url),
        });
        if issue.is_pull {
            let pull = self.api(&format!("/pulls/{number}"));
            let html = self.html(&format!("/pull/{number}"));
            let merged = self
                .pulls
                .get(&number)
                .and_then(|pull| pull.merged_at)
                .map(stamp);
            shown["pull_request"] = json!({
                "url": pull, "html_url": html, "diff_url": format!("{html}.diff"),
                "patch_url": format!("{html}.patch"), "merged_at": merged});
            shown["draft"] = json!(self.pulls.get(&number).is_some_and(|pull| pull.draft));
        }
        shown
    }
}

pub(crate) fn reactions(url: &str) -> Value {
    json!({"url": format!("{url}/reactions"), "total_count": 0, "+1": 0, "-1": 0, "laugh": 0,
           "hooray": 0, "confused": 0, "heart": 0, "rocket": 0, "eyes": 0})
}

impl Call<'_> {
    pub(crate) fn issue(&self) -> Result<Issue, Refusal> {
        let number = self.number("issue_number")?;
        if !self.repo().has_issues && !self.repo().pulls.contains_key(&number) {
            return refuse(
                StatusCode::GONE,
                "Issues has been disabled in this repository.",
            );
        }
        self.repo()
            .issues
            .get(&number)
            .cloned()
            .ok_or_else(Refusal::not_found)
    }

    pub(crate) fn issue_fields(&self, number: u64) -> Value {
        let repository = self.repo();
        let mut shown = repository.issue_json(&repository.issues[&number]);
        if repository.issues[&number].via_app {
            shown["performed_via_github_app"] = self.app_json();
        }
        shown
    }

    /// An event about an issue, or about the pull request that it is.
    pub(crate) fn emit_issue(&mut self, number: u64, action: &str, more: Value) {
        let (event, key, shown) = if self.repo().issues[&number].is_pull {
            ("pull_request", "pull_request", self.pull_json(number))
        } else {
            ("issues", "issue", self.issue_fields(number))
        };
        let mut fields = json!({key: shown});
        if event == "pull_request" {
            fields["number"] = json!(number);
        }
        extend(&mut fields, more);
        self.emit(event, Some(action), fields);
    }

    /// `labeled` and `unlabeled` for what differs from `before`.
    pub(crate) fn emit_labels(&mut self, number: u64, before: &[String]) {
        let after = self.repo().issues[&number].labels.clone();
        let new: Vec<&String> = after.iter().filter(|name| !before.contains(name)).collect();
        let gone: Vec<&String> = before.iter().filter(|name| !after.contains(name)).collect();
        let new = new.into_iter().map(|name| (name, "labeled"));
        for (name, action) in new.chain(gone.into_iter().map(|name| (name, "unlabeled"))) {
            let label = self.repo().labels_json(std::slice::from_ref(name));
            let more = label
                .first()
                .map_or(json!({}), |label| json!({"label": label}));
            self.emit_issue(number, action, more);
        }
    }

    fn assignees(&self) -> Option<Vec<Account>> {
        let logins = self.names("assignees")?;
        Some(
            logins
                .iter()
                .map(|login| self.state.account(login))
                .collect(),
        )
    }
}

/// A title and a body of allowed length.
pub(crate) fn check_text(
    resource: &str,
    title: Option<&str>,
    body: Option<&str>,
) -> Result<(), Refusal> {
    if title.is_some_and(|title| title.chars().count() > MOST_TITLE) {
        let words = "title is too long (maximum is 256 characters)";
        return Err(Refusal::custom(resource, words));
    }
    if body.is_some_and(|body| body.chars().count() > MOST_TEXT) {
        let words = "body is too long (maximum is 65536 characters)";
        return Err(Refusal::custom(resource, words));
    }
    Ok(())
}

fn list(call: &mut Call<'_>) -> Outcome {
    let repository = call.repo();
    let labels: Vec<&str> = call
        .query("labels")
        .map(|l| l.split(',').collect())
        .unwrap_or_default();
    let state = call.query("state").unwrap_or("open");
    let same = |name: &str, value: &str| call.query(name).is_none_or(|wanted| wanted == value);
    let mut found: Vec<&Issue> = repository.issues.values().collect();
    found.retain(|issue| {
        (state == "all" || issue.state() == state)
            && labels.iter().all(|label| issue.has_label(label.trim()))
            && same("creator", &issue.user.login)
            && call.query("assignee").is_none_or(|wanted| {
                wanted == "*"
                    || issue
                        .assignees
                        .iter()
                        .any(|account| account.login == wanted)
            })
            && call
                .query("since")
                .is_none_or(|since| stamp(issue.updated_at).as_str() >= since)
    });
    let by_update = call.query("sort") == Some("updated");
    found.sort_by_key(|issue| {
        (
            if by_update {
                issue.updated_at
            } else {
                issue.created_at
            },
            issue.number,
        )
    });
    if call.query("direction") != Some("asc") {
        found.reverse();
    }
    Ok(Answer::list(
        found
            .into_iter()
            .map(|issue| repository.issue_json(issue))
            .collect(),
    ))
}

fn create(call: &mut Call<'_>) -> Outcome {
    if !call.repo().has_issues {
        return refuse(
            StatusCode::GONE,
            "Issues has been disabled in this repository.",
        );
    }
    let title = call.required("Issue", "title")?;
    let body = call.text("body").map(str::to_owned);
    check_text("Issue", Some(&title), body.as_deref())?;
    let labels = call.names("labels").unwrap_or_default();
    call.ensure_labels(&labels);
    let (id, number, now) = (
        call.fresh() + 5_000_000_000,
        call.repo().next_number(),
        call.now,
    );
    let issue = Issue {
        id,
        number,
        title,
        body,
        user: call.actor(),
        via_app: call.via_app(),
        open: true,
        state_reason: None,
        labels,
        assignees: call.assignees().unwrap_or_default(),
        is_pull: false,
        created_at: now,
        updated_at: now,
        closed_at: None,
        reopened: 0,
    };
    call.repo_mut().issues.insert(number, issue);
    call.emit_issue(number, "opened", json!({}));
    call.emit_labels(number, &[]);
    Ok(Answer::created(call.issue_fields(number)))
}

fn one(call: &mut Call<'_>) -> Outcome {
    let number = call.issue()?.number;
    Ok(Answer::ok(call.issue_fields(number)))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let mut issue = call.issue()?;
    let (number, before) = (issue.number, issue.clone());
    check_text("Issue", call.text("title"), call.text("body"))?;
    if let Some(title) = call.text("title") {
        title.clone_into(&mut issue.title);
    }
    if let Some(body) = call.text("body") {
        issue.body = Some(body.to_owned());
    }
    if let Some(labels) = call.names("labels") {
        call.ensure_labels(&labels);
        issue.labels = labels;
    }
    if let Some(assignees) = call.assignees() {
        issue.assignees = assignees;
    }
    match call.text("state") {
        Some("open") if !issue.open => {
            issue.open = true;
            issue.closed_at = None;
            issue.state_reason = Some("reopened".to_owned());
            issue.reopened += 1;
        }
        Some("closed") if issue.open => {
            issue.open = false;
            issue.closed_at = Some(call.now);
            issue.state_reason = Some(call.text("state_reason").unwrap_or("completed").to_owned());
        }
        Some("open" | "closed") | None => {}
        Some(_) => return Err(Refusal::invalid("Issue", "state", "invalid")),
    }
    issue.updated_at = call.now;
    let edited = issue.title != before.title || issue.body != before.body;
    let (open, was_open) = (issue.open, before.open);
    call.repo_mut().issues.insert(number, issue);
    if edited {
        call.emit_issue(number, "edited", json!({"changes": {}}));
    }
    call.emit_labels(number, &before.labels);
    if open != was_open {
        call.emit_issue(number, if open { "reopened" } else { "closed" }, json!({}));
    }
    Ok(Answer::ok(call.issue_fields(number)))
}
