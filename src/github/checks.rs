//! Check runs. The `external_id` of one is the id of the effect that creates it.

use super::call_error::CallError;
use super::client::{Session, parsed};
use super::conversation::{first, found_or_absent};
use crate::courier::{Lookup, Parcel};
use crate::domain::effect::Answer;
use crate::domain::effect::github::{self, CheckRun};
use crate::domain::ids::EffectId;
use serde::Deserialize;
use serde_json::{Value, json};

const TITLE: usize = 250;
/// Of 65,535 that GitHub accepts.
const SUMMARY: usize = 16_000;
const ACTIONS: usize = 3;
/// The lengths of a button's label, description and identifier.
const LABEL: usize = 20;
const DESCRIPTION: usize = 40;

#[derive(Deserialize)]
struct Made {
    id: i64,
    external_id: Option<String>,
}

#[derive(Deserialize)]
struct Checks {
    check_runs: Vec<Made>,
}

impl Session<'_> {
    pub(super) async fn create_check(
        &self,
        sha: &str,
        name: &str,
        check: &CheckRun,
        id: EffectId,
    ) -> Result<Answer, CallError> {
        let mut body = wire(check);
        body["name"] = json!(name);
        body["head_sha"] = json!(sha);
        body["external_id"] = json!(id.to_string());
        let made = self.post(&["check-runs"], &body).await?;
        parsed(&made).map(|made: Made| answer(made.id))
    }

    pub(super) async fn find_check(
        &self,
        sha: &str,
        name: &str,
        parcel: &Parcel,
    ) -> Result<Lookup, CallError> {
        let path = ["commits", sha, "check-runs"];
        let query = [("check_name", name), ("filter", "all"), ("per_page", "100")];
        let checks: Checks = self.get(&path, &query).await?;
        let id = parcel.id.to_string();
        let mut made = checks.check_runs.into_iter();
        let ours = made.find(|made| made.external_id.as_deref() == Some(id.as_str()));
        Ok(found_or_absent(ours.map(|made| answer(made.id))))
    }

    pub(super) async fn update_check(
        &self,
        check_run: i64,
        check: Option<&CheckRun>,
    ) -> Result<Answer, CallError> {
        match check {
            Some(check) => {
                let id = check_run.to_string();
                self.patch(&["check-runs", &id], &wire(check)).await
            }
            None => Ok(Answer::Nothing),
        }
    }
}

fn answer(id: i64) -> Answer {
    Answer::Github(github::Answer::CheckRun { id })
}

fn wire(check: &CheckRun) -> Value {
    let actions = check.actions.iter().take(ACTIONS);
    let actions = actions.map(|(label, description, identifier)| {
        json!({
            "label": first(label, LABEL), "description": first(description, DESCRIPTION),
            "identifier": first(identifier, LABEL),
        })
    });
    let mut body = json!({
        "output": {"title": first(&check.title, TITLE), "summary": first(&check.summary, SUMMARY)},
        "actions": actions.collect::<Vec<Value>>(),
    });
    match check.conclusion {
        Some(conclusion) => {
            body["status"] = json!("completed");
            body["conclusion"] = json!(<&str>::from(conclusion));
        }
        None => body["status"] = json!("in_progress"),
    }
    body
}
