//! Comments on issues and pull requests.

use serde_json::{Value, json};

use super::accounts::{Account, node_id, stamp};
use super::call::{Answer, Call, Outcome};
use super::endpoint::Endpoint;
use super::issues::{association, check_text, reactions};
use super::permissions::{Caller, Needs};
use super::refusal::Refusal;
use super::repository::Repository;
use crate::state::Moment;

const OF_ISSUE: &str = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
const ONE: &str = "/repos/{owner}/{repo}/issues/comments/{comment_id}";

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get(
        "issues/list-comments",
        OF_ISSUE,
        Needs::ISSUES_READ,
        of_issue,
    ),
    Endpoint::post(
        "issues/create-comment",
        OF_ISSUE,
        Needs::ISSUES_WRITE,
        create,
    ),
    Endpoint::get(
        "issues/list-comments-for-repo",
        "/repos/{owner}/{repo}/issues/comments",
        Needs::ISSUES_READ,
        list,
    ),
    Endpoint::get("issues/get-comment", ONE, Needs::ISSUES_READ, one),
    Endpoint::patch("issues/update-comment", ONE, Needs::ISSUES_WRITE, update),
    Endpoint::delete("issues/delete-comment", ONE, Needs::ISSUES_WRITE, remove),
];

#[derive(Clone)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) issue: u64,
    pub(crate) body: String,
    pub(crate) user: Account,
    pub(crate) via_app: bool,
    pub(crate) created_at: Moment,
    pub(crate) updated_at: Moment,
    pub(crate) edits: u32,
}

impl Repository {
    fn comment_json(&self, comment: &Comment, app: &Value) -> Value {
        let (id, number) = (comment.id, comment.issue);
        let url = self.api(&format!("/issues/comments/{id}"));
        let page = if self.pulls.contains_key(&number) {
            "pull"
        } else {
            "issues"
        };
        json!({
            "id": id, "node_id": node_id("IssueComment", id), "url": url, "body": comment.body,
            "html_url": self.html(&format!("/{page}/{number}#issuecomment-{id}")),
            "issue_url": self.api(&format!("/issues/{number}")), "user": comment.user.json(),
            "created_at": stamp(comment.created_at), "updated_at": stamp(comment.updated_at),
            "author_association": association(self, &comment.user),
            "performed_via_github_app": comment.via_app.then_some(app), "reactions": reactions(&url),
        })
    }
}

impl Call<'_> {
    fn comment(&self) -> Result<Comment, Refusal> {
        let id = self.number("comment_id")?;
        self.repo()
            .comments
            .get(&id)
            .cloned()
            .ok_or_else(Refusal::not_found)
    }

    fn shown(&self, comment: &Comment) -> Value {
        self.repo().comment_json(comment, &self.app_json())
    }

    /// Only the author, or a caller that may change others' contents.
    fn may_change(&self, comment: &Comment) -> Result<(), Refusal> {
        let own = comment.user.login == self.actor().login;
        if own || matches!(self.caller, Caller::Token { .. }) {
            return Ok(());
        }
        Err(Refusal::forbidden("You cannot edit this comment."))
    }

    fn emit_comment(&mut self, comment: &Comment, action: &str) -> Value {
        let shown = self.shown(comment);
        let issue = self.issue_fields(comment.issue);
        let mut fields = json!({"comment": shown, "issue": issue});
        if action == "edited" {
            fields["changes"] = json!({"body": {"from": ""}});
        }
        self.emit("issue_comment", Some(action), fields);
        shown
    }
}

fn pages(call: &Call<'_>, keep: impl Fn(&Comment) -> bool) -> Outcome {
    let since = call.query("since");
    let mut found: Vec<&Comment> = call.repo().comments.values().collect();
    found.retain(|comment| {
        keep(comment) && since.is_none_or(|since| stamp(comment.updated_at).as_str() >= since)
    });
    if call.query("direction") == Some("desc") {
        found.reverse();
    }
    Ok(Answer::list(
        found
            .into_iter()
            .map(|comment| call.shown(comment))
            .collect(),
    ))
}

fn of_issue(call: &mut Call<'_>) -> Outcome {
    let number = call.issue()?.number;
    pages(call, |comment| comment.issue == number)
}

fn list(call: &mut Call<'_>) -> Outcome {
    pages(call, |_| true)
}

fn one(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(call.shown(&call.comment()?)))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let number = call.issue()?.number;
    let body = call.required("IssueComment", "body")?;
    check_text("IssueComment", None, Some(&body))?;
    let (id, now) = (call.fresh() + 6_000_000_000, call.now);
    let comment = Comment {
        id,
        issue: number,
        body,
        user: call.actor(),
        via_app: call.via_app(),
        created_at: now,
        updated_at: now,
        edits: 0,
    };
    call.repo_mut().comments.insert(id, comment.clone());
    if let Some(issue) = call.repo_mut().issues.get_mut(&number) {
        issue.updated_at = now;
    }
    Ok(Answer::created(call.emit_comment(&comment, "created")))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let mut comment = call.comment()?;
    call.may_change(&comment)?;
    comment.body = call.required("IssueComment", "body")?;
    check_text("IssueComment", None, Some(&comment.body))?;
    comment.updated_at = call.now;
    comment.edits += 1;
    call.repo_mut().comments.insert(comment.id, comment.clone());
    Ok(Answer::ok(call.emit_comment(&comment, "edited")))
}

fn remove(call: &mut Call<'_>) -> Outcome {
    let comment = call.comment()?;
    call.may_change(&comment)?;
    call.emit_comment(&comment, "deleted");
    call.repo_mut().comments.remove(&comment.id);
    Ok(Answer::none())
}
