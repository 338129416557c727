//! Files of a branch: read, written and deleted, each change as a commit.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::call::{Answer, Call, Outcome};
use super::endpoint::Endpoint;
use super::permissions::Needs;
use super::refusal::{Refusal, refuse};
use super::repository::Repository;

const PATH: &str = "/repos/{owner}/{repo}/contents/{*path}";

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("repos/get-content", PATH, Needs::CONTENTS_READ, read),
    Endpoint::put(
        "repos/create-or-update-file-contents",
        PATH,
        Needs::CONTENTS_WRITE,
        write,
    ),
    Endpoint::delete("repos/delete-file", PATH, Needs::CONTENTS_WRITE, remove),
];

/// Larger files are served without their content.
const MOST_BYTES: usize = 1 << 20;

impl Repository {
    fn entry_json(&self, path: &str, blob: &str, reference: &str) -> Value {
        let url = self.api(&format!("/contents/{path}?ref={reference}"));
        let html = self.html(&format!("/blob/{reference}/{path}"));
        let git = self.api(&format!("/git/blobs/{blob}"));
        json!({
            "name": path.rsplit('/').next(), "path": path, "sha": blob, "type": "file",
            "size": self.git.blobs.get(blob).map_or(0, Vec::len), "url": url, "html_url": html,
            "git_url": git, "download_url": self.html(&format!("/raw/{reference}/{path}")),
            "_links": {"self": url, "git": git, "html": html},
        })
    }

    fn file_json(&self, path: &str, blob: &str, reference: &str) -> Value {
        let mut shown = self.entry_json(path, blob, reference);
        let content = self
            .git
            .blobs
            .get(blob)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let whole = content.len() <= MOST_BYTES;
        // In lines of 60, as GitHub serves it.
        let encoded = if whole {
            STANDARD.encode(content)
        } else {
            String::new()
        };
        let lines = encoded
            .as_bytes()
            .chunks(60)
            .map(|line| String::from_utf8_lossy(line) + "\n");
        shown["content"] = json!(lines.collect::<String>());
        shown["encoding"] = json!(if whole { "base64" } else { "none" });
        shown
    }
}

fn read(call: &mut Call<'_>) -> Outcome {
    let repository = call.repo();
    let reference = call.query("ref").unwrap_or(&repository.default_branch);
    let Some(commit) = repository.git.resolve(reference) else {
        let words = format!("No commit found for the ref {reference}");
        return refuse(StatusCode::NOT_FOUND, &words);
    };
    let path = call.part("path").trim_matches('/');
    let files = repository.git.files(&commit.sha);
    if let Some(blob) = files.get(path) {
        if call.accept.contains(".raw") {
            return Ok(Answer::Raw(
                repository.git.blobs.get(blob).cloned().unwrap_or_default(),
            ));
        }
        return Ok(Answer::ok(repository.file_json(path, blob, reference)));
    }
    let below = if path.is_empty() {
        String::new()
    } else {
        format!("{path}/")
    };
    let entries = files
        .iter()
        .filter_map(|(file, blob)| Some((file, blob, file.strip_prefix(&below)?)));
    let mut shown: Vec<Value> = Vec::new();
    for (file, blob, rest) in entries {
        match rest.split_once('/') {
            None => shown.push(repository.entry_json(file, blob, reference)),
            Some((folder, _)) => {
                let path = format!("{below}{folder}");
                if !shown.iter().any(|entry| entry["path"] == path) {
                    let mut entry = repository.entry_json(&path, &commit.tree, reference);
                    entry["type"] = json!("dir");
                    entry["download_url"] = Value::Null;
                    shown.push(entry);
                }
            }
        }
    }
    if shown.is_empty() {
        return Err(Refusal::not_found());
    }
    Ok(Answer::ok(json!(shown)))
}

/// The branch of a change, and the blob that is there now.
fn before(call: &Call<'_>) -> Result<(String, Option<String>), Refusal> {
    let repository = call.repo();
    let branch = call
        .text("branch")
        .unwrap_or(&repository.default_branch)
        .to_owned();
    let Some(commit) = repository.git.refs.get(&format!("heads/{branch}")) else {
        return refuse(StatusCode::NOT_FOUND, &format!("Branch {branch} not found"));
    };
    let blob = repository.git.files(commit).get(call.part("path")).cloned();
    Ok((branch, blob))
}

/// Commits the change; `content` is `None` to delete the file.
fn change(call: &mut Call<'_>, branch: &str, content: Option<&[u8]>) -> Outcome {
    let message = call.required("Commit", "message")?;
    let path = call.part("path").to_owned();
    let (by, now, repository) = (call.actor(), call.now, call.repository);
    let files = [(path.as_str(), content)];
    let sha = call
        .state
        .push_files(repository, branch, &files, &message, &by, now)?;
    let repository = call.repo();
    let blob = repository.git.files(&sha).get(&path).cloned();
    let shown = blob.map(|blob| repository.entry_json(&path, &blob, branch));
    let commit = repository.git_commit_json(&repository.git.commits[&sha]);
    Ok(Answer::ok(json!({"content": shown, "commit": commit})))
}

fn write(call: &mut Call<'_>) -> Outcome {
    let path = call.part("path").to_owned();
    call.may_write_path(&path)?;
    let (branch, old) = before(call)?;
    let content = STANDARD.decode(call.required("Content", "content")?.replace('\n', ""));
    let content = content.map_err(|_| Refusal::unprocessable("content is not valid Base64"))?;
    match (&old, call.text("sha")) {
        (Some(_), None) => {
            return Err(Refusal::unprocessable(
                "Invalid request.\n\n\"sha\" wasn't supplied.",
            ));
        }
        (old, Some(sha)) if old.as_deref() != Some(sha) => {
            return refuse(
                StatusCode::CONFLICT,
                &format!("{path} does not match {sha}"),
            );
        }
        _ => {}
    }
    let new = old.is_none();
    match change(call, &branch, Some(&content))? {
        Answer::Json(_, body) if new => Ok(Answer::created(body)),
        answer => Ok(answer),
    }
}

fn remove(call: &mut Call<'_>) -> Outcome {
    let path = call.part("path").to_owned();
    call.may_write_path(&path)?;
    let (branch, old) = before(call)?;
    let old = old.ok_or_else(Refusal::not_found)?;
    if call.required("Content", "sha")? != old {
        return refuse(StatusCode::CONFLICT, &format!("{path} does not match"));
    }
    change(call, &branch, None)
}
