//! Movements of references: pushes, new and deleted branches, merges, each with its events.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::accounts::{Account, stamp};
use super::git::Files;
use super::refusal::{Refusal, refuse};
use super::repository::Repository;
use super::state::GitHubState;
use crate::state::Moment;

/// The id that means no commit.
const NONE: &str = "0000000000000000000000000000000000000000";

impl Repository {
    /// The commit of a push, with its files.
    fn pushed_json(&self, sha: &str) -> Value {
        let mut shown = self.simple_commit(sha);
        let Some(commit) = self.git.commits.get(sha) else {
            return shown;
        };
        let before = commit.parents.first().map(|parent| self.git.files(parent));
        let changes = self
            .git
            .changes(&before.unwrap_or_default(), &self.git.files(sha));
        let paths = |keep: fn(bool, bool) -> bool| {
            let kept = changes
                .iter()
                .filter(|c| keep(c.before.is_some(), c.after.is_some()));
            kept.map(|change| change.path.clone())
                .collect::<Vec<String>>()
        };
        let author = json!({"name": commit.author.login, "username": commit.author.login,
                            "email": commit.author.email(), "date": stamp(commit.at)});
        for (key, value) in [
            ("distinct", json!(true)),
            ("url", json!(self.html(&format!("/commit/{sha}")))),
            ("author", author.clone()),
            ("committer", author),
            ("added", json!(paths(|before, after| !before && after))),
            ("removed", json!(paths(|before, after| before && !after))),
            ("modified", json!(paths(|before, after| before && after))),
        ] {
            shown[key] = value;
        }
        shown
    }
}

impl GitHubState {
    /// Moves a reference such as `heads/main`, creates it, or deletes it.
    pub(crate) fn move_ref(
        &mut self,
        repository: u64,
        name: &str,
        to: Option<&str>,
        by: &Account,
        now: Moment,
    ) {
        let Some(repo) = self.repositories.get_mut(&repository) else {
            return;
        };
        let before = match to {
            Some(sha) => repo.git.refs.insert(name.to_owned(), sha.to_owned()),
            None => repo.git.refs.remove(name),
        };
        if before.as_deref() == to {
            return;
        }
        let (old, new) = (before.as_deref().unwrap_or(NONE), to.unwrap_or(NONE));
        let ahead = repo.git.ahead(old, new);
        let known = before.is_none() && ahead.iter().all(|commit| commit.parents.is_empty());
        let pushed = if before.is_none() && !known {
            &[][..]
        } else {
            &ahead[..]
        };
        let commits: Vec<Value> = pushed
            .iter()
            .map(|commit| repo.pushed_json(&commit.sha))
            .collect();
        let forced = before.is_some()
            && to.is_some()
            && repo
                .git
                .merge_base(new, old)
                .is_none_or(|base| base.sha != old);
        let fields = json!({
            "ref": format!("refs/{name}"), "before": old, "after": new, "base_ref": null,
            "created": before.is_none(), "deleted": to.is_none(), "forced": forced,
            "compare": repo.html(&format!("/compare/{}...{}", &old[..12], &new[..12])),
            "commits": commits, "head_commit": to.map(|sha| repo.pushed_json(sha)),
            "pusher": {"name": by.login, "email": by.email()},
        });
        let branch = name.strip_prefix("heads/").map(str::to_owned);
        self.emit("push", None, Some(repository), fields, by, now);
        self.synchronize(repository, branch.as_deref(), old, new, by, now);
    }

    /// The pull requests of a branch that got new commits.
    fn synchronize(
        &mut self,
        repository: u64,
        branch: Option<&str>,
        before: &str,
        after: &str,
        by: &Account,
        now: Moment,
    ) {
        let Some(repo) = self.repositories.get(&repository) else {
            return;
        };
        let open = repo
            .pulls
            .values()
            .filter(|pull| Some(pull.head.as_str()) == branch && repo.issues[&pull.number].open);
        let events: Vec<Value> = open
            .map(|pull| {
                json!({"number": pull.number, "before": before, "after": after,
                       "pull_request": repo.pull_whole(pull)})
            })
            .collect();
        for fields in events.into_iter().filter(|_| after != NONE) {
            self.emit(
                "pull_request",
                Some("synchronize"),
                Some(repository),
                fields,
                by,
                now,
            );
        }
    }

    /// A commit on a branch: files with their new contents, `None` to delete. The branch is made from the
    /// default branch if it is not there.
    pub(crate) fn push_files(
        &mut self,
        repository: u64,
        branch: &str,
        files: &[(&str, Option<&[u8]>)],
        message: &str,
        by: &Account,
        now: Moment,
    ) -> Result<String, Refusal> {
        let repo = self.repository_mut(repository)?;
        let start = repo.git.refs.get(&format!("heads/{branch}"));
        let start = start.or_else(|| repo.git.refs.get(&format!("heads/{}", repo.default_branch)));
        let parents: Vec<String> = start.cloned().into_iter().collect();
        let mut all: Files = parents
            .first()
            .map(|sha| repo.git.files(sha))
            .unwrap_or_default();
        for (path, content) in files {
            match content {
                Some(content) => {
                    let sha = repo.git.add_blob(content);
                    all.insert((*path).to_owned(), sha);
                }
                None => {
                    all.remove(*path);
                }
            }
        }
        let tree = repo.git.add_tree(all);
        let sha = repo.git.add_commit(&tree, parents, message, by, now);
        self.move_ref(repository, &format!("heads/{branch}"), Some(&sha), by, now);
        Ok(sha)
    }

    /// Merges a pull request with a merge commit.
    pub(crate) fn merge_pull(
        &mut self,
        repository: u64,
        number: u64,
        by: &Account,
        now: Moment,
    ) -> Result<String, Refusal> {
        let repo = self.repository_mut(repository)?;
        let Some(pull) = repo
            .pulls
            .get(&number)
            .filter(|_| repo.issues[&number].open)
        else {
            return refuse(
                StatusCode::METHOD_NOT_ALLOWED,
                "Pull Request is not mergeable",
            );
        };
        let (head, base) = repo.pull_ends(pull);
        let (branch, title) = (pull.base.clone(), repo.issues[&number].title.clone());
        let start = repo
            .git
            .merge_base(&base, &head)
            .map(|commit| repo.git.files(&commit.sha));
        let mut files = repo.git.files(&base);
        for change in repo
            .git
            .changes(&start.unwrap_or_default(), &repo.git.files(&head))
        {
            match change.after {
                Some(sha) => files.insert(change.path, sha),
                None => files.remove(&change.path),
            };
        }
        let tree = repo.git.add_tree(files);
        let message = format!("Merge pull request #{number}\n\n{title}");
        let parents = vec![base.clone(), head.clone()];
        let sha = repo.git.add_commit(&tree, parents, &message, by, now);
        if let Some(pull) = repo.pulls.get_mut(&number) {
            pull.ends = Some((head, base));
            pull.merged_at = Some(now);
            pull.merged_by = Some(by.clone());
            pull.merge_commit = Some(sha.clone());
        }
        if let Some(issue) = repo.issues.get_mut(&number) {
            issue.open = false;
            issue.closed_at = Some(now);
            issue.updated_at = now;
        }
        let fields =
            json!({"number": number, "pull_request": repo.pull_whole(&repo.pulls[&number])});
        self.emit(
            "pull_request",
            Some("closed"),
            Some(repository),
            fields,
            by,
            now,
        );
        self.move_ref(repository, &format!("heads/{branch}"), Some(&sha), by, now);
        Ok(sha)
    }
}
