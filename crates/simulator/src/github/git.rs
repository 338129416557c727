//! Commits, trees, blobs and references of a repository.
//!
//! A tree is the whole list of files. Blobs have git's own ids; the ids of trees and commits are hashes
//! of their contents, so that two commits with the same files have the same tree.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::accounts::{Account, node_id, stamp};
use super::repository::Repository;
use crate::state::Moment;

/// Blob ids by path.
pub(crate) type Files = BTreeMap<String, String>;

#[derive(Default)]
pub(crate) struct Git {
    pub(crate) commits: BTreeMap<String, Commit>,
    pub(crate) blobs: BTreeMap<String, Vec<u8>>,
    pub(crate) trees: BTreeMap<String, Files>,
    /// By name without `refs/`, such as `heads/main`.
    pub(crate) refs: BTreeMap<String, String>,
}

#[derive(Clone)]
pub(crate) struct Commit {
    pub(crate) sha: String,
    pub(crate) tree: String,
    pub(crate) parents: Vec<String>,
    pub(crate) message: String,
    pub(crate) author: Account,
    pub(crate) at: Moment,
}

/// A file that differs between two commits.
pub(crate) struct Change {
    pub(crate) path: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

fn hash(kind: &str, content: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(format!("{kind} {}\0", content.len()).as_bytes());
    hash.update(content);
    hex::encode(hash.finalize())
}

impl Git {
    pub(crate) fn add_blob(&mut self, content: &[u8]) -> String {
        let sha = hash("blob", content);
        self.blobs.insert(sha.clone(), content.to_vec());
        sha
    }

    pub(crate) fn add_tree(&mut self, files: Files) -> String {
        let lines: Vec<String> = files
            .iter()
            .map(|(path, sha)| format!("{path} {sha}"))
            .collect();
        let sha = hash("tree", lines.join("\n").as_bytes());
        self.trees.insert(sha.clone(), files);
        sha
    }

    pub(crate) fn add_commit(
        &mut self,
        tree: &str,
        parents: Vec<String>,
        message: &str,
        author: &Account,
        at: Moment,
    ) -> String {
        let content = format!("{tree} {parents:?} {message} {} {at}", author.login);
        let sha = hash("commit", content.as_bytes());
        let commit = Commit {
            sha: sha.clone(),
            tree: tree.to_owned(),
            parents,
            message: message.to_owned(),
            author: author.clone(),
            at,
        };
        self.commits.insert(sha.clone(), commit);
        sha
    }

    /// A commit by branch, tag, reference, or the beginning of its id.
    pub(crate) fn resolve(&self, name: &str) -> Option<&Commit> {
        let name = name.strip_prefix("refs/").unwrap_or(name);
        let heads = [
            name.to_owned(),
            format!("heads/{name}"),
            format!("tags/{name}"),
        ];
        let sha = heads.iter().find_map(|head| self.refs.get(head));
        if let Some(sha) = sha {
            return self.commits.get(sha);
        }
        let whole = name.len() >= 7 && name.bytes().all(|b| b.is_ascii_hexdigit());
        let mut found = self.commits.values();
        found.find(|commit| whole && commit.sha.starts_with(name))
    }

    pub(crate) fn files(&self, sha: &str) -> Files {
        let tree = self
            .commits
            .get(sha)
            .and_then(|commit| self.trees.get(&commit.tree));
        tree.cloned().unwrap_or_default()
    }

    /// A commit and all before it, newest first.
    pub(crate) fn history(&self, sha: &str) -> Vec<&Commit> {
        let mut seen = BTreeSet::new();
        let mut next = VecDeque::from([sha.to_owned()]);
        let mut found = Vec::new();
        while let Some(sha) = next.pop_front() {
            let Some(commit) = self.commits.get(&sha).filter(|_| seen.insert(sha)) else {
                continue;
            };
            next.extend(commit.parents.iter().cloned());
            found.push(commit);
        }
        found
    }

    /// The commits of `head` that `base` does not have, oldest first.
    pub(crate) fn ahead(&self, base: &str, head: &str) -> Vec<&Commit> {
        let known: BTreeSet<&str> = self.history(base).iter().map(|c| c.sha.as_str()).collect();
        let mut new = self.history(head);
        new.retain(|commit| !known.contains(commit.sha.as_str()));
        new.reverse();
        new
    }

    /// The newest commit that both have.
    pub(crate) fn merge_base(&self, base: &str, head: &str) -> Option<&Commit> {
        let known: BTreeSet<&str> = self.history(base).iter().map(|c| c.sha.as_str()).collect();
        self.history(head)
            .into_iter()
            .find(|commit| known.contains(commit.sha.as_str()))
    }

    pub(crate) fn changes(&self, before: &Files, after: &Files) -> Vec<Change> {
        let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let changed = paths
            .into_iter()
            .filter(|path| before.get(*path) != after.get(*path));
        changed
            .map(|path| Change {
                path: path.clone(),
                before: before.get(path).cloned(),
                after: after.get(path).cloned(),
            })
            .collect()
    }

    fn lines(&self, sha: Option<&String>) -> Vec<&str> {
        let content = sha.and_then(|sha| self.blobs.get(sha));
        let text = content.and_then(|content| std::str::from_utf8(content).ok());
        text.map_or_else(Vec::new, |text| text.lines().collect())
    }
}

impl Repository {
    /// A changed file, as pull requests and comparisons show it.
    pub(crate) fn change_json(&self, change: &Change, head: &str) -> Value {
        let old = self.git.lines(change.before.as_ref());
        let new = self.git.lines(change.after.as_ref());
        let removed: Vec<&&str> = old.iter().filter(|line| !new.contains(line)).collect();
        let added: Vec<&&str> = new.iter().filter(|line| !old.contains(line)).collect();
        let status = match (&change.before, &change.after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "modified",
        };
        let mut patch = format!("@@ -1,{} +1,{} @@", old.len(), new.len());
        let removals = removed.iter().map(|line| format!("\n-{line}"));
        patch.extend(removals.chain(added.iter().map(|line| format!("\n+{line}"))));
        let path = &change.path;
        json!({
            "sha": change.after.as_ref().or(change.before.as_ref()), "filename": path,
            "status": status, "additions": added.len(), "deletions": removed.len(),
            "changes": added.len() + removed.len(), "patch": patch,
            "blob_url": self.html(&format!("/blob/{head}/{path}")),
            "raw_url": self.html(&format!("/raw/{head}/{path}")),
            "contents_url": self.api(&format!("/contents/{path}?ref={head}")),
        })
    }

    /// A commit as `git/commits` shows it.
    pub(crate) fn git_commit_json(&self, commit: &Commit) -> Value {
        let sha = &commit.sha;
        let parents: Vec<Value> = commit
            .parents
            .iter()
            .map(|parent| self.parent_json(parent))
            .collect();
        json!({
            "sha": sha, "node_id": node_id("Commit", sha), "message": commit.message,
            "url": self.api(&format!("/git/commits/{sha}")),
            "html_url": self.html(&format!("/commit/{sha}")),
            "author": commit.author.signature(commit.at),
            "committer": commit.author.signature(commit.at), "tree": self.tree_link(&commit.tree),
            "parents": parents, "verification": unsigned(),
        })
    }

    /// A commit as `commits` shows it.
    pub(crate) fn commit_json(&self, commit: &Commit) -> Value {
        let sha = &commit.sha;
        let parents: Vec<Value> = commit
            .parents
            .iter()
            .map(|parent| self.parent_json(parent))
            .collect();
        json!({
            "sha": sha, "node_id": node_id("Commit", sha),
            "commit": {
                "author": commit.author.signature(commit.at),
                "committer": commit.author.signature(commit.at), "message": commit.message,
                "tree": self.tree_link(&commit.tree), "comment_count": 0,
                "url": self.api(&format!("/git/commits/{sha}")), "verification": unsigned(),
            },
            "url": self.api(&format!("/commits/{sha}")),
            "html_url": self.html(&format!("/commit/{sha}")),
            "comments_url": self.api(&format!("/commits/{sha}/comments")),
            "author": commit.author.json(), "committer": commit.author.json(), "parents": parents,
        })
    }

    /// A commit as a part of runs and events.
    pub(crate) fn simple_commit(&self, sha: &str) -> Value {
        self.git.commits.get(sha).map_or(Value::Null, |commit| {
            let by = json!({"name": commit.author.login, "email": commit.author.email()});
            json!({"id": sha, "tree_id": commit.tree, "message": commit.message,
                   "timestamp": stamp(commit.at), "author": by, "committer": by})
        })
    }

    fn tree_link(&self, sha: &str) -> Value {
        json!({"sha": sha, "url": self.api(&format!("/git/trees/{sha}"))})
    }

    fn parent_json(&self, sha: &str) -> Value {
        json!({"sha": sha, "url": self.api(&format!("/commits/{sha}")),
               "html_url": self.html(&format!("/commit/{sha}"))})
    }
}

fn unsigned() -> Value {
    json!({"verified": false, "reason": "unsigned", "signature": null, "payload": null,
           "verified_at": null})
}
