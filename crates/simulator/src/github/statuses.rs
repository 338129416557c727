//! Statuses of commits: the newest of each context counts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::accounts::{Account, node_id, stamp};
use super::call::{Answer, Call, Outcome};
use super::endpoint::Endpoint;
use super::hosts::HTML;
use super::permissions::Needs;
use super::refusal::Refusal;
use super::repository::Repository;
use crate::state::Moment;

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "repos/create-commit-status",
        "/repos/{owner}/{repo}/statuses/{sha}",
        Needs::STATUSES_WRITE,
        create,
    ),
    Endpoint::get(
        "repos/list-commit-statuses-for-ref",
        "/repos/{owner}/{repo}/commits/{ref}/statuses",
        Needs::STATUSES_READ,
        list,
    ),
    Endpoint::get(
        "repos/get-combined-status-for-ref",
        "/repos/{owner}/{repo}/commits/{ref}/status",
        Needs::STATUSES_READ,
        combined,
    ),
];

#[derive(Clone)]
pub(crate) struct Status {
    id: u64,
    sha: String,
    state: String,
    context: String,
    description: Option<String>,
    target_url: Option<String>,
    creator: Account,
    at: Moment,
}

impl Status {
    fn json(&self, repository: &Repository) -> Value {
        json!({
            "id": self.id, "node_id": node_id("StatusContext", self.id), "state": self.state,
            "url": repository.api(&format!("/statuses/{}", self.sha)), "context": self.context,
            "avatar_url": format!("{HTML}/avatars/u/{}", self.creator.id),
            "description": self.description, "target_url": self.target_url, "required": false,
            "creator": self.creator.json(), "created_at": stamp(self.at), "updated_at": stamp(self.at),
        })
    }
}

fn create(call: &mut Call<'_>) -> Outcome {
    let sha = call.part("sha").to_owned();
    if !call.repo().git.commits.contains_key(&sha) {
        return Err(Refusal::unprocessable(&format!(
            "No commit found for SHA: {sha}"
        )));
    }
    let state = call.required("Status", "state")?;
    if !["error", "failure", "pending", "success"].contains(&state.as_str()) {
        return Err(Refusal::invalid("Status", "state", "inclusion"));
    }
    let description = call.text("description").map(str::to_owned);
    if description
        .as_ref()
        .is_some_and(|text| text.chars().count() > 140)
    {
        return Err(Refusal::custom(
            "Status",
            "description is too long (maximum is 140 characters)",
        ));
    }
    let status = Status {
        id: call.fresh(),
        sha,
        state,
        context: call.text("context").unwrap_or("default").to_owned(),
        description,
        target_url: call.text("target_url").map(str::to_owned),
        creator: call.actor(),
        at: call.now,
    };
    let shown = status.json(call.repo());
    call.repo_mut().statuses.push(status);
    Ok(Answer::created(shown))
}

fn of<'a>(call: &'a Call<'_>) -> Result<(String, Vec<&'a Status>), Refusal> {
    let name = call.part("ref");
    let sha = call
        .repo()
        .git
        .resolve(name)
        .map(|commit| commit.sha.clone());
    let sha =
        sha.ok_or_else(|| Refusal::unprocessable(&format!("No commit found for SHA: {name}")))?;
    let found = call
        .repo()
        .statuses
        .iter()
        .rev()
        .filter(|status| status.sha == sha);
    Ok((sha.clone(), found.collect()))
}

fn list(call: &mut Call<'_>) -> Outcome {
    let (_, found) = of(call)?;
    Ok(Answer::list(
        found
            .into_iter()
            .map(|status| status.json(call.repo()))
            .collect(),
    ))
}

fn combined(call: &mut Call<'_>) -> Outcome {
    let (sha, found) = of(call)?;
    let mut newest: BTreeMap<&str, &Status> = BTreeMap::new();
    for status in found {
        newest.entry(&status.context).or_insert(status);
    }
    let has = |wanted: &[&str]| newest.values().any(|s| wanted.contains(&s.state.as_str()));
    let state = match () {
        () if has(&["failure", "error"]) => "failure",
        () if newest.is_empty() || has(&["pending"]) => "pending",
        () => "success",
    };
    let repository = call.repo();
    let shown: Vec<Value> = newest
        .values()
        .map(|status| status.json(repository))
        .collect();
    Ok(Answer::ok(json!({
        "state": state, "statuses": shown, "sha": sha, "total_count": shown.len(),
        "repository": repository.short(), "commit_url": repository.api(&format!("/commits/{sha}")),
        "url": repository.api(&format!("/commits/{sha}/status")),
    })))
}
