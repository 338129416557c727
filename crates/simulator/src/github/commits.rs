//! Commits of a repository: listed, shown, compared.

use serde_json::{Value, json};

use super::accounts::stamp;
use super::call::{Answer, Call, Outcome};
use super::endpoint::Endpoint;
use super::git::{Commit, Files};
use super::permissions::Needs;
use super::refusal::Refusal;
use super::repository::Repository;

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get(
        "repos/list-commits",
        "/repos/{owner}/{repo}/commits",
        Needs::CONTENTS_READ,
        list,
    ),
    Endpoint::get(
        "repos/get-commit",
        "/repos/{owner}/{repo}/commits/{ref}",
        Needs::CONTENTS_READ,
        one,
    ),
    Endpoint::get(
        "repos/compare-commits-with-basehead",
        "/repos/{owner}/{repo}/compare/{*basehead}",
        Needs::CONTENTS_READ,
        compare,
    ),
];

fn find<'a>(repository: &'a Repository, name: &str) -> Result<&'a Commit, Refusal> {
    let found = repository.git.resolve(name);
    found.ok_or_else(|| Refusal::unprocessable(&format!("No commit found for SHA: {name}")))
}

fn list(call: &mut Call<'_>) -> Outcome {
    let repository = call.repo();
    let start = find(
        repository,
        call.query("sha").unwrap_or(&repository.default_branch),
    )?;
    let mut found = repository.git.history(&start.sha);
    found.retain(|commit| {
        let at = stamp(commit.at);
        let touched = call.query("path").is_none_or(|path| {
            let before = commit
                .parents
                .first()
                .map(|parent| repository.git.files(parent));
            let files: Files = repository.git.files(&commit.sha);
            before.unwrap_or_default().get(path) != files.get(path)
        });
        touched
            && call.query("since").is_none_or(|since| at.as_str() >= since)
            && call.query("until").is_none_or(|until| at.as_str() <= until)
            && call
                .query("author")
                .is_none_or(|author| commit.author.login == author)
    });
    Ok(Answer::list(
        found
            .into_iter()
            .map(|commit| repository.commit_json(commit))
            .collect(),
    ))
}

fn changed(repository: &Repository, before: &Files, sha: &str) -> Vec<Value> {
    let changes = repository.git.changes(before, &repository.git.files(sha));
    changes
        .iter()
        .map(|change| repository.change_json(change, sha))
        .collect()
}

fn one(call: &mut Call<'_>) -> Outcome {
    let repository = call.repo();
    let commit = find(repository, call.part("ref"))?;
    if call.accept.contains(".sha") {
        return Ok(Answer::Raw(commit.sha.clone().into_bytes()));
    }
    let before = commit
        .parents
        .first()
        .map(|parent| repository.git.files(parent));
    let files = changed(repository, &before.unwrap_or_default(), &commit.sha);
    let sum = |field: &str| {
        files
            .iter()
            .filter_map(|file| file[field].as_u64())
            .sum::<u64>()
    };
    let (additions, deletions) = (sum("additions"), sum("deletions"));
    let mut shown = repository.commit_json(commit);
    shown["stats"] =
        json!({"additions": additions, "deletions": deletions, "total": additions + deletions});
    shown["files"] = json!(files);
    Ok(Answer::ok(shown))
}

fn compare(call: &mut Call<'_>) -> Outcome {
    let repository = call.repo();
    let (base, head) = call
        .part("basehead")
        .split_once("...")
        .ok_or_else(Refusal::not_found)?;
    let both = (repository.git.resolve(base), repository.git.resolve(head));
    let (Some(first), Some(last)) = both else {
        return Err(Refusal::not_found());
    };
    let start = repository.git.merge_base(&first.sha, &last.sha);
    let start = start.ok_or_else(Refusal::not_found)?;
    let ahead = repository.git.ahead(&first.sha, &last.sha);
    let behind = repository.git.ahead(&last.sha, &first.sha).len();
    let status = match (ahead.len(), behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let total = ahead.len();
    let commits: Vec<Value> = ahead
        .into_iter()
        .map(|commit| repository.commit_json(commit))
        .collect();
    let url = format!("/compare/{base}...{head}");
    let html = repository.html(&url);
    Ok(Answer::ok(json!({
        "url": repository.api(&url), "html_url": html, "permalink_url": html,
        "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"),
        "base_commit": repository.commit_json(first), "status": status, "ahead_by": total,
        "merge_base_commit": repository.commit_json(start), "behind_by": behind,
        "total_commits": total, "commits": commits,
        "files": changed(repository, &repository.git.files(&start.sha), &last.sha),
    })))
}
