//! Artifacts of runs. A name is unique in a run, not in an attempt.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::accounts::{node_id, stamp};
use super::call::{Answer, Call, Outcome};
use super::endpoint::Endpoint;
use super::logs::zip;
use super::permissions::Needs;
use super::plan::ArtifactPlan;
use super::refusal::{Refusal, refuse};
use super::repository::Repository;
use crate::state::Moment;

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get(
        "actions/list-workflow-run-artifacts",
        "/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts",
        Needs::ACTIONS_READ,
        of_run,
    ),
    Endpoint::get(
        "actions/list-artifacts-for-repo",
        "/repos/{owner}/{repo}/actions/artifacts",
        Needs::ACTIONS_READ,
        list,
    ),
    Endpoint::get(
        "actions/get-artifact",
        "/repos/{owner}/{repo}/actions/artifacts/{artifact_id}",
        Needs::ACTIONS_READ,
        one,
    ),
    Endpoint::delete(
        "actions/delete-artifact",
        "/repos/{owner}/{repo}/actions/artifacts/{artifact_id}",
        Needs::ACTIONS_WRITE,
        remove,
    ),
    Endpoint::get(
        "actions/download-artifact",
        "/repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}",
        Needs::ACTIONS_READ,
        download,
    ),
];

const KEPT_DAYS: i64 = 90;

#[derive(Clone)]
pub(crate) struct Artifact {
    pub(crate) id: u64,
    pub(crate) run: u64,
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
    pub(crate) created_at: Moment,
    pub(crate) expires_at: Moment,
}

impl Artifact {
    pub(crate) fn new(id: u64, run: u64, plan: &ArtifactPlan, now: Moment) -> Self {
        let files = plan
            .files
            .iter()
            .map(|(path, text)| (path.clone(), text.clone().into_bytes()));
        let files: Vec<(String, Vec<u8>)> = files.collect();
        Self {
            id,
            run,
            name: plan.name.clone(),
            content: zip(&files),
            created_at: now,
            expires_at: now + TimeDelta::days(KEPT_DAYS),
        }
    }
}

impl Repository {
    /// Adds an artifact. Without `overwrite`, a second one of the same name and run is refused.
    pub(crate) fn upload(&mut self, artifact: Artifact, overwrite: bool) {
        let same = |old: &Artifact| old.run == artifact.run && old.name == artifact.name;
        if overwrite {
            self.artifacts.retain(|_, old| !same(old));
        }
        if !self.artifacts.values().any(same) {
            self.artifacts.insert(artifact.id, artifact);
        }
    }

    fn artifact_json(&self, artifact: &Artifact, now: Moment) -> Value {
        let id = artifact.id;
        let url = self.api(&format!("/actions/artifacts/{id}"));
        let digest = hex::encode(Sha256::digest(&artifact.content));
        let run = self.runs.get(&artifact.run).map(|run| {
            json!({"id": run.id, "repository_id": self.id, "head_repository_id": self.id,
                   "head_branch": run.branch, "head_sha": run.sha})
        });
        json!({
            "id": id, "node_id": node_id("Artifact", id), "name": artifact.name,
            "size_in_bytes": artifact.content.len(), "url": url,
            "archive_download_url": format!("{url}/zip"), "expired": artifact.expires_at <= now,
            "digest": format!("sha256:{digest}"), "created_at": stamp(artifact.created_at),
            "updated_at": stamp(artifact.created_at), "expires_at": stamp(artifact.expires_at),
            "workflow_run": run,
        })
    }
}

fn shown(call: &Call<'_>, keep: impl Fn(&Artifact) -> bool) -> Vec<Value> {
    let name = call.query("name");
    let all = call.repo().artifacts.values().rev();
    let all = all.filter(|a| keep(a) && name.is_none_or(|name| a.name == name));
    all.map(|artifact| call.repo().artifact_json(artifact, call.now))
        .collect()
}

fn of_run(call: &mut Call<'_>) -> Outcome {
    let run = call.run_id()?;
    Ok(Answer::counted(
        "artifacts",
        shown(call, |artifact| artifact.run == run),
    ))
}

fn list(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::counted("artifacts", shown(call, |_| true)))
}

fn find(call: &Call<'_>) -> Result<Artifact, Refusal> {
    let id = call.number("artifact_id")?;
    call.repo()
        .artifacts
        .get(&id)
        .cloned()
        .ok_or_else(Refusal::not_found)
}

fn one(call: &mut Call<'_>) -> Outcome {
    let artifact = find(call)?;
    Ok(Answer::ok(call.repo().artifact_json(&artifact, call.now)))
}

fn remove(call: &mut Call<'_>) -> Outcome {
    let id = find(call)?.id;
    call.repo_mut().artifacts.remove(&id);
    Ok(Answer::none())
}

fn download(call: &mut Call<'_>) -> Outcome {
    let artifact = find(call)?;
    if call.part("archive_format") != "zip" {
        return Err(Refusal::not_found());
    }
    if artifact.expires_at <= call.now {
        return refuse(StatusCode::GONE, "Artifact has expired");
    }
    let (name, now) = (format!("{}.zip", artifact.name), call.now);
    Ok(Answer::Redirect(call.state.signed_url(
        &name,
        "application/zip",
        artifact.content,
        now,
    )))
}
