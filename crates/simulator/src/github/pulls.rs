//! Pull requests. Title, body, state and labels are those of the issue with the same number.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::accounts::Account;
use super::call::{Answer, Call, Outcome};
use super::endpoint::Endpoint;
use super::issues::{Issue, check_text};
use super::permissions::Needs;
use super::refusal::{Refusal, refuse};
use crate::state::Moment;

const ALL: &str = "/repos/{owner}/{repo}/pulls";
const ONE: &str = "/repos/{owner}/{repo}/pulls/{pull_number}";

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("pulls/list", ALL, Needs::PULLS_READ, list),
    Endpoint::post("pulls/create", ALL, Needs::PULLS_WRITE, create),
    Endpoint::get("pulls/get", ONE, Needs::PULLS_READ, one),
    Endpoint::patch("pulls/update", ONE, Needs::PULLS_WRITE, update),
    Endpoint::get(
        "pulls/list-files",
        "/repos/{owner}/{repo}/pulls/{pull_number}/files",
        Needs::PULLS_READ,
        files,
    ),
    Endpoint::get(
        "pulls/list-commits",
        "/repos/{owner}/{repo}/pulls/{pull_number}/commits",
        Needs::PULLS_READ,
        commits,
    ),
    Endpoint::put(
        "pulls/merge",
        "/repos/{owner}/{repo}/pulls/{pull_number}/merge",
        Needs::CONTENTS_WRITE,
        merge,
    ),
    Endpoint::get(
        "repos/list-pull-requests-associated-with-commit",
        "/repos/{owner}/{repo}/commits/{commit_sha}/pulls",
        Needs::PULLS_READ,
        of_commit,
    ),
];

#[derive(Clone)]
pub(crate) struct Pull {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) head: String,
    pub(crate) base: String,
    /// The commits at the ends, once it is closed.
    pub(crate) ends: Option<(String, String)>,
    pub(crate) draft: bool,
    /// From a fork: runs and checks do not name it.
    pub(crate) fork: bool,
    pub(crate) merged_at: Option<Moment>,
    pub(crate) merged_by: Option<Account>,
    pub(crate) merge_commit: Option<String>,
}

impl Call<'_> {
    pub(crate) fn pull(&self) -> Result<Pull, Refusal> {
        let number = self.number("pull_number")?;
        self.repo()
            .pulls
            .get(&number)
            .cloned()
            .ok_or_else(Refusal::not_found)
    }

    pub(crate) fn pull_json(&self, number: u64) -> Value {
        self.repo().pull_whole(&self.repo().pulls[&number])
    }
}

/// `owner:branch`, as filters and bodies name a head.
fn branch_of(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, branch)| branch)
}

fn list(call: &mut Call<'_>) -> Outcome {
    let repository = call.repo();
    let state = call.query("state").unwrap_or("open");
    let mut found: Vec<&Pull> = repository.pulls.values().collect();
    found.retain(|pull| {
        let issue = &repository.issues[&pull.number];
        // Without the owner, the filter is ignored, as GitHub does.
        let head = call.query("head").filter(|head| head.contains(':'));
        (state == "all" || issue.state() == state)
            && head.is_none_or(|head| branch_of(head) == pull.head)
            && call.query("base").is_none_or(|base| base == pull.base)
    });
    if call.query("direction") != Some("asc") {
        found.reverse();
    }
    Ok(Answer::list(
        found
            .into_iter()
            .map(|pull| repository.pull_short(pull))
            .collect(),
    ))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let title = call.required("PullRequest", "title")?;
    let head = branch_of(&call.required("PullRequest", "head")?).to_owned();
    let base = call.required("PullRequest", "base")?;
    let body = call.text("body").map(str::to_owned);
    check_text("PullRequest", Some(&title), body.as_deref())?;
    let repository = call.repo();
    for (field, branch) in [("head", &head), ("base", &base)] {
        if !repository.git.refs.contains_key(&format!("heads/{branch}")) {
            return Err(Refusal::invalid("PullRequest", field, "invalid"));
        }
    }
    let owner = repository.owner.login.clone();
    let known = repository
        .pulls
        .values()
        .any(|pull| pull.head == head && pull.base == base && repository.issues[&pull.number].open);
    if known {
        let words = format!("A pull request already exists for {owner}:{head}.");
        return Err(Refusal::custom("PullRequest", &words));
    }
    let (id, number, now) = (
        call.fresh() + 7_000_000_000,
        call.repo().next_number(),
        call.now,
    );
    let pull = Pull {
        id,
        number,
        head: head.clone(),
        base: base.clone(),
        ends: None,
        draft: call.body["draft"] == true,
        fork: false,
        merged_at: None,
        merged_by: None,
        merge_commit: None,
    };
    if call.repo().pull_commits(&pull).is_empty() {
        return Err(Refusal::custom(
            "PullRequest",
            &format!("No commits between {base} and {head}"),
        ));
    }
    let issue = Issue {
        id: id + 1,
        number,
        title,
        body,
        user: call.actor(),
        via_app: call.via_app(),
        open: true,
        state_reason: None,
        labels: Vec::new(),
        assignees: Vec::new(),
        is_pull: true,
        created_at: now,
        updated_at: now,
        closed_at: None,
        reopened: 0,
    };
    call.repo_mut().issues.insert(number, issue);
    call.repo_mut().pulls.insert(number, pull);
    call.emit_issue(number, "opened", json!({}));
    Ok(Answer::created(call.pull_json(number)))
}

fn one(call: &mut Call<'_>) -> Outcome {
    let number = call.pull()?.number;
    Ok(Answer::ok(call.pull_json(number)))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let mut pull = call.pull()?;
    let number = pull.number;
    check_text("PullRequest", call.text("title"), call.text("body"))?;
    let mut issue = call.repo().issues[&number].clone();
    let was_open = issue.open;
    if let Some(title) = call.text("title") {
        title.clone_into(&mut issue.title);
    }
    if let Some(body) = call.text("body") {
        issue.body = Some(body.to_owned());
    }
    match call.text("state") {
        Some("closed") if issue.open => {
            issue.open = false;
            issue.closed_at = Some(call.now);
            pull.ends = Some(call.repo().pull_ends(&pull));
        }
        Some("open") if pull.merged_at.is_none() => {
            issue.open = true;
            issue.closed_at = None;
            pull.ends = None;
        }
        Some("open") => {
            return Err(Refusal::custom(
                "PullRequest",
                "cannot reopen a merged pull request",
            ));
        }
        _ => {}
    }
    issue.updated_at = call.now;
    let open = issue.open;
    call.repo_mut().issues.insert(number, issue);
    call.repo_mut().pulls.insert(number, pull);
    let action = match (was_open, open) {
        (true, false) => "closed",
        (false, true) => "reopened",
        _ => "edited",
    };
    let more = if action == "edited" {
        json!({"changes": {}})
    } else {
        json!({})
    };
    call.emit_issue(number, action, more);
    Ok(Answer::ok(call.pull_json(number)))
}

fn files(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::list(call.repo().pull_files(&call.pull()?)))
}

fn commits(call: &mut Call<'_>) -> Outcome {
    let repository = call.repo();
    let pull = call.pull()?;
    let all = repository.pull_commits(&pull).into_iter();
    Ok(Answer::list(
        all.map(|commit| repository.commit_json(commit)).collect(),
    ))
}

fn merge(call: &mut Call<'_>) -> Outcome {
    let pull = call.pull()?;
    let (head, _) = call.repo().pull_ends(&pull);
    if !call.repo().issues[&pull.number].open || pull.draft {
        return refuse(
            StatusCode::METHOD_NOT_ALLOWED,
            "Pull Request is not mergeable",
        );
    }
    if call.text("sha").is_some_and(|sha| sha != head) {
        let words = "Head branch was modified. Review and try the merge again.";
        return refuse(StatusCode::CONFLICT, words);
    }
    let (by, now, repository) = (call.actor(), call.now, call.repository);
    let sha = call.state.merge_pull(repository, pull.number, &by, now)?;
    Ok(Answer::ok(
        json!({"sha": sha, "merged": true, "message": "Pull Request successfully merged"}),
    ))
}

fn of_commit(call: &mut Call<'_>) -> Outcome {
    let repository = call.repo();
    let name = call.part("commit_sha");
    let Some(commit) = repository.git.resolve(name) else {
        return Err(Refusal::unprocessable(&format!(
            "No commit found for SHA: {name}"
        )));
    };
    let found = repository.pulls.values().filter(|pull| {
        let merged = pull.merge_commit.as_ref() == Some(&commit.sha);
        merged
            || repository
                .pull_commits(pull)
                .iter()
                .any(|c| c.sha == commit.sha)
    });
    Ok(Answer::list(
        found.map(|pull| repository.pull_short(pull)).collect(),
    ))
}
