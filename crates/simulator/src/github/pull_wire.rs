//! A pull request in bodies: short as in lists, and whole.

use serde_json::{Value, json};

use super::accounts::{Account, node_id, stamp};
use super::call::extend;
use super::git::Commit;
use super::issues::association;
use super::pulls::Pull;
use super::repository::Repository;

impl Repository {
    /// The newest commits of head and base.
    pub(crate) fn pull_ends(&self, pull: &Pull) -> (String, String) {
        let newest = |branch: &str| self.git.refs.get(&format!("heads/{branch}")).cloned();
        let now = || {
            (
                newest(&pull.head).unwrap_or_default(),
                newest(&pull.base).unwrap_or_default(),
            )
        };
        pull.ends.clone().unwrap_or_else(now)
    }

    pub(crate) fn pull_commits(&self, pull: &Pull) -> Vec<&Commit> {
        let (head, base) = self.pull_ends(pull);
        self.git.ahead(&base, &head)
    }

    pub(crate) fn pull_files(&self, pull: &Pull) -> Vec<Value> {
        let (head, base) = self.pull_ends(pull);
        let start = self
            .git
            .merge_base(&base, &head)
            .map_or(base.clone(), |c| c.sha.clone());
        let changes = self
            .git
            .changes(&self.git.files(&start), &self.git.files(&head));
        changes
            .iter()
            .map(|change| self.change_json(change, &head))
            .collect()
    }

    /// The paths that differ.
    pub(crate) fn pull_paths(&self, pull: &Pull) -> Vec<String> {
        let files = self.pull_files(pull).into_iter();
        files
            .filter_map(|file| file["filename"].as_str().map(str::to_owned))
            .collect()
    }

    /// As lists show it.
    pub(crate) fn pull_short(&self, pull: &Pull) -> Value {
        let number = pull.number;
        let issue = &self.issues[&number];
        let (url, html) = (
            self.api(&format!("/pulls/{number}")),
            self.html(&format!("/pull/{number}")),
        );
        let issue_url = self.api(&format!("/issues/{number}"));
        let (head, base) = self.pull_ends(pull);
        let side = |name: &str, sha: &str| {
            json!({"label": format!("{}:{name}", self.owner.login), "ref": name, "sha": sha,
                   "user": self.owner.json(), "repo": self.json()})
        };
        let href = |url: String| json!({"href": url});
        let assignees: Vec<Value> = issue.assignees.iter().map(Account::json).collect();
        let links = json!({
            "self": href(url.clone()), "html": href(html.clone()), "issue": href(issue_url.clone()),
            "comments": href(format!("{issue_url}/comments")),
            "review_comments": href(format!("{url}/comments")),
            "review_comment": href(self.api("/pulls/comments{/number}")),
            "commits": href(format!("{url}/commits")),
            "statuses": href(self.api(&format!("/statuses/{head}"))),
        });
        let mut shown = json!({
            "id": pull.id, "node_id": node_id("PullRequest", pull.id), "number": number, "url": url,
            "html_url": html, "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"),
            "issue_url": issue_url, "commits_url": format!("{url}/commits"),
            "review_comments_url": format!("{url}/comments"),
            "review_comment_url": self.api("/pulls/comments{/number}"),
            "comments_url": format!("{issue_url}/comments"),
            "statuses_url": self.api(&format!("/statuses/{head}")), "state": issue.state(),
        });
        let more = json!({
            "locked": false, "title": issue.title, "user": issue.user.json(), "body": issue.body,
            "labels": self.labels_json(&issue.labels), "milestone": null, "active_lock_reason": null,
            "created_at": stamp(issue.created_at), "updated_at": stamp(issue.updated_at),
            "closed_at": issue.closed_at.map(stamp), "merged_at": pull.merged_at.map(stamp),
            "merge_commit_sha": pull.merge_commit, "assignee": assignees.first(),
            "assignees": assignees, "requested_reviewers": [], "requested_teams": [],
            "draft": pull.draft, "head": side(&pull.head, &head), "base": side(&pull.base, &base),
            "author_association": association(self, &issue.user), "auto_merge": null,
            "_links": links,
        });
        extend(&mut shown, more);
        shown
    }

    pub(crate) fn pull_whole(&self, pull: &Pull) -> Value {
        let mut shown = self.pull_short(pull);
        let files = self.pull_files(pull);
        let sum = |field: &str| {
            files
                .iter()
                .filter_map(|file| file[field].as_u64())
                .sum::<u64>()
        };
        let comments = self
            .comments
            .values()
            .filter(|comment| comment.issue == pull.number)
            .count();
        let merged = pull.merged_at.is_some();
        let more = json!({
            "merged": merged, "mergeable": !merged, "rebaseable": !merged,
            "mergeable_state": if merged { "unknown" } else { "clean" },
            "merged_by": pull.merged_by.as_ref().map(Account::json), "comments": comments,
            "review_comments": 0, "maintainer_can_modify": false,
            "commits": self.pull_commits(pull).len(), "additions": sum("additions"),
            "deletions": sum("deletions"), "changed_files": files.len(),
        });
        extend(&mut shown, more);
        shown
    }
}
