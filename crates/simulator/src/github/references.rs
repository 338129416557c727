//! The git database: references, commits, trees and blobs.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::accounts::node_id;
use super::call::{Answer, Call, Outcome};
use super::endpoint::Endpoint;
use super::git::Files;
use super::permissions::{Level, Needs};
use super::refusal::Refusal;
use super::repository::Repository;

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get(
        "git/get-ref",
        "/repos/{owner}/{repo}/git/ref/{*ref}",
        Needs::CONTENTS_READ,
        one,
    ),
    Endpoint::get(
        "git/list-matching-refs",
        "/repos/{owner}/{repo}/git/matching-refs/{*ref}",
        Needs::CONTENTS_READ,
        matching,
    ),
    Endpoint::post(
        "git/create-ref",
        "/repos/{owner}/{repo}/git/refs",
        Needs::CONTENTS_WRITE,
        create,
    ),
    Endpoint::patch(
        "git/update-ref",
        "/repos/{owner}/{repo}/git/refs/{*ref}",
        Needs::CONTENTS_WRITE,
        update,
    ),
    Endpoint::delete(
        "git/delete-ref",
        "/repos/{owner}/{repo}/git/refs/{*ref}",
        Needs::CONTENTS_WRITE,
        remove,
    ),
    Endpoint::get(
        "git/get-commit",
        "/repos/{owner}/{repo}/git/commits/{commit_sha}",
        Needs::CONTENTS_READ,
        commit,
    ),
    Endpoint::post(
        "git/create-commit",
        "/repos/{owner}/{repo}/git/commits",
        Needs::CONTENTS_WRITE,
        create_commit,
    ),
    Endpoint::get(
        "git/get-tree",
        "/repos/{owner}/{repo}/git/trees/{tree_sha}",
        Needs::CONTENTS_READ,
        tree,
    ),
    Endpoint::post(
        "git/create-tree",
        "/repos/{owner}/{repo}/git/trees",
        Needs::CONTENTS_WRITE,
        create_tree,
    ),
    Endpoint::get(
        "git/get-blob",
        "/repos/{owner}/{repo}/git/blobs/{file_sha}",
        Needs::CONTENTS_READ,
        blob,
    ),
    Endpoint::post(
        "git/create-blob",
        "/repos/{owner}/{repo}/git/blobs",
        Needs::CONTENTS_WRITE,
        create_blob,
    ),
];

const WORKFLOWS: &str = ".github/workflows/";

impl Repository {
    fn ref_json(&self, name: &str, sha: &str) -> Value {
        json!({"ref": format!("refs/{name}"), "node_id": node_id("Ref", name),
               "url": self.api(&format!("/git/refs/{name}")),
               "object": {"type": "commit", "sha": sha,
                          "url": self.api(&format!("/git/commits/{sha}"))}})
    }
}

impl Call<'_> {
    /// Files below `.github/workflows` need a permission of their own.
    pub(crate) fn may_write_path(&self, path: &str) -> Result<(), Refusal> {
        if path.starts_with(WORKFLOWS) && !self.caller.may("workflows", Level::Write) {
            let words = format!(
                "refusing to allow a GitHub App to create or update workflow `{path}` without \
                 `workflows` permission"
            );
            return Err(Refusal::forbidden(&words));
        }
        Ok(())
    }

    fn reference(&self) -> Result<(String, String), Refusal> {
        let name = self.part("ref").to_owned();
        let sha = self.repo().git.refs.get(&name).cloned();
        Ok((name, sha.ok_or_else(Refusal::not_found)?))
    }
}

fn one(call: &mut Call<'_>) -> Outcome {
    let (name, sha) = call.reference()?;
    Ok(Answer::ok(call.repo().ref_json(&name, &sha)))
}

fn matching(call: &mut Call<'_>) -> Outcome {
    let repository = call.repo();
    let found = repository
        .git
        .refs
        .iter()
        .filter(|(name, _)| name.starts_with(call.part("ref")));
    Ok(Answer::list(
        found
            .map(|(name, sha)| repository.ref_json(name, sha))
            .collect(),
    ))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let name = call.required("Reference", "ref")?;
    let sha = call.required("Reference", "sha")?;
    let short = name
        .strip_prefix("refs/")
        .filter(|short| short.contains('/'));
    let Some(short) = short.map(str::to_owned) else {
        let words = "Reference name must start with 'refs/' and have at least two slashes.";
        return Err(Refusal::unprocessable(words));
    };
    if !call.repo().git.commits.contains_key(&sha) {
        return Err(Refusal::unprocessable("Object does not exist"));
    }
    if call.repo().git.refs.contains_key(&short) {
        return Err(Refusal::unprocessable("Reference already exists"));
    }
    let (repository, by, now) = (call.repository, call.actor(), call.now);
    call.state
        .move_ref(repository, &short, Some(&sha), &by, now);
    Ok(Answer::created(call.repo().ref_json(&short, &sha)))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let (name, old) = call.reference()?;
    let sha = call.required("Reference", "sha")?;
    let git = &call.repo().git;
    if !git.commits.contains_key(&sha) {
        return Err(Refusal::unprocessable("Object does not exist"));
    }
    let forward = git.history(&sha).iter().any(|commit| commit.sha == old);
    if !forward && call.body["force"] != true {
        return Err(Refusal::unprocessable("Update is not a fast forward"));
    }
    let (repository, by, now) = (call.repository, call.actor(), call.now);
    call.state.move_ref(repository, &name, Some(&sha), &by, now);
    Ok(Answer::ok(call.repo().ref_json(&name, &sha)))
}

fn remove(call: &mut Call<'_>) -> Outcome {
    let Ok((name, _)) = call.reference() else {
        return Err(Refusal::unprocessable("Reference does not exist"));
    };
    let (repository, by, now) = (call.repository, call.actor(), call.now);
    call.state.move_ref(repository, &name, None, &by, now);
    Ok(Answer::none())
}

fn commit(call: &mut Call<'_>) -> Outcome {
    let found = call.repo().git.commits.get(call.part("commit_sha"));
    let found = found.ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(call.repo().git_commit_json(found)))
}

fn create_commit(call: &mut Call<'_>) -> Outcome {
    let message = call.required("Commit", "message")?;
    let tree = call.required("Commit", "tree")?;
    if !call.repo().git.trees.contains_key(&tree) {
        return Err(Refusal::unprocessable("Tree SHA does not exist"));
    }
    let parents = call.names("parents").unwrap_or_default();
    if !parents
        .iter()
        .all(|parent| call.repo().git.commits.contains_key(parent))
    {
        return Err(Refusal::unprocessable(
            "Parent SHA does not exist or is not a commit object",
        ));
    }
    let (by, now) = (call.actor(), call.now);
    let sha = call
        .repo_mut()
        .git
        .add_commit(&tree, parents, &message, &by, now);
    let repository = call.repo();
    Ok(Answer::created(
        repository.git_commit_json(&repository.git.commits[&sha]),
    ))
}

fn tree_json(repository: &Repository, sha: &str, files: &Files, deep: bool) -> Value {
    let mut entries: BTreeMap<String, Value> = BTreeMap::new();
    for (path, blob) in files {
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        if rest.is_empty() || deep {
            let size = repository.git.blobs.get(blob).map_or(0, Vec::len);
            let url = repository.api(&format!("/git/blobs/{blob}"));
            let entry = json!({"path": path, "mode": "100644", "type": "blob", "sha": blob,
                               "size": size, "url": url});
            entries.insert(path.clone(), entry);
        } else {
            let url = repository.api(&format!("/git/trees/{sha}"));
            let entry =
                json!({"path": first, "mode": "040000", "type": "tree", "sha": sha, "url": url});
            entries.insert(first.to_owned(), entry);
        }
    }
    let tree: Vec<&Value> = entries.values().collect();
    json!({"sha": sha, "url": repository.api(&format!("/git/trees/{sha}")), "tree": tree,
           "truncated": false})
}

/// By the id of a tree or a commit, or by a branch.
fn tree(call: &mut Call<'_>) -> Outcome {
    let repository = call.repo();
    let name = call.part("tree_sha");
    let of_commit = repository
        .git
        .resolve(name)
        .map(|commit| commit.tree.as_str());
    let sha = of_commit.unwrap_or(name);
    let files = repository
        .git
        .trees
        .get(sha)
        .ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(tree_json(
        repository,
        sha,
        files,
        call.query("recursive").is_some(),
    )))
}

fn create_tree(call: &mut Call<'_>) -> Outcome {
    let entries = call.body["tree"].as_array().cloned();
    let entries = entries.ok_or_else(|| Refusal::invalid("Tree", "tree", "missing_field"))?;
    let base = call.text("base_tree").unwrap_or_default().to_owned();
    let of_commit = call
        .repo()
        .git
        .commits
        .get(&base)
        .map(|commit| commit.tree.clone());
    let trees = &call.repo().git.trees;
    let mut files = trees
        .get(&of_commit.unwrap_or(base))
        .cloned()
        .unwrap_or_default();
    for entry in &entries {
        let Some(path) = entry["path"].as_str() else {
            return Err(Refusal::unprocessable(
                "Must supply a path for each tree entry",
            ));
        };
        call.may_write_path(path)?;
        let sha = match (&entry["sha"], entry["content"].as_str()) {
            (_, Some(content)) => call.repo_mut().git.add_blob(content.as_bytes()),
            (Value::String(sha), None) => sha.clone(),
            (Value::Null, None) => {
                files.remove(path);
                continue;
            }
            _ => {
                return Err(Refusal::unprocessable(
                    "Must supply either tree.sha or tree.content",
                ));
            }
        };
        files.insert(path.to_owned(), sha);
    }
    let sha = call.repo_mut().git.add_tree(files.clone());
    Ok(Answer::created(tree_json(call.repo(), &sha, &files, true)))
}

fn blob(call: &mut Call<'_>) -> Outcome {
    let sha = call.part("file_sha");
    let content = call
        .repo()
        .git
        .blobs
        .get(sha)
        .ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(
        json!({"sha": sha, "node_id": node_id("Blob", sha), "size": content.len(),
                         "url": call.repo().api(&format!("/git/blobs/{sha}")),
                         "content": STANDARD.encode(content), "encoding": "base64"}),
    ))
}

fn create_blob(call: &mut Call<'_>) -> Outcome {
    let text = call.text("content").unwrap_or_default();
    let content = match call.text("encoding") {
        Some("base64") => STANDARD.decode(text.replace('\n', "")),
        _ => Ok(text.as_bytes().to_vec()),
    };
    let content = content.map_err(|_| Refusal::unprocessable("content is not valid Base64"))?;
    let sha = call.repo_mut().git.add_blob(&content);
    let url = call.repo().api(&format!("/git/blobs/{sha}"));
    Ok(Answer::created(json!({"sha": sha, "url": url})))
}
