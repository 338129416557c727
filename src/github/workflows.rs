//! What else is started and cleared: workflows by `workflow_dispatch`, and caches.

use super::call_error::CallError;
use super::client::{Session, parsed};
use crate::courier::{Lookup, Parcel};
use crate::domain::effect::Answer;
use crate::domain::effect::github;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// How far GitHub's clock may be behind ours. A run has no mark of ours, so one that an App, or with a token
/// any person, started so shortly before is taken for ours when the answer is lost.
const SKEW: TimeDelta = TimeDelta::seconds(60);
/// The key that asks for the run that is started. GitHub Enterprise before 3.21 refuses it.
const RUN_DETAILS: &str = "return_run_details";
/// No further cache is deleted when so little time is left.
const RESERVE: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Runs {
    workflow_runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    id: i64,
    head_branch: Option<String>,
    created_at: DateTime<Utc>,
    actor: Option<Actor>,
}

/// Empty at GitHub Enterprise before 3.21.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Started {
    workflow_run_id: Option<i64>,
}

#[derive(Deserialize)]
struct Actor {
    login: Option<String>,
    r#type: Option<String>,
}

impl Actor {
    fn is_bot(&self) -> bool {
        let login = self.login.as_deref().unwrap_or_default();
        self.r#type.as_deref() == Some("Bot") || login.ends_with("[bot]")
    }
}

#[derive(Deserialize)]
struct Caches {
    actions_caches: Vec<Cache>,
}

#[derive(Deserialize)]
struct Cache {
    id: i64,
}

fn dispatched(run: Option<i64>) -> Answer {
    Answer::Github(github::Answer::Dispatched { run })
}

impl Session<'_> {
    pub(super) async fn dispatch(
        &self,
        workflow: &str,
        reference: &str,
        inputs: &BTreeMap<String, String>,
    ) -> Result<Answer, CallError> {
        let path = ["actions", "workflows", workflow, "dispatches"];
        let mut body = json!({"ref": reference, "inputs": inputs, RUN_DETAILS: true});
        let sent = match self.post(&path, &body).await {
            Err(error) if error.says(RUN_DETAILS) => {
                body.as_object_mut().map(|body| body.remove(RUN_DETAILS));
                self.post(&path, &body).await?
            }
            sent => sent?,
        };
        // It was started, whatever the answer says of it.
        let started: Started = parsed(&sent).unwrap_or_default();
        Ok(dispatched(started.workflow_run_id))
    }

    /// Finds a run of the workflow on this reference that was started since the first attempt, by an App if
    /// we are one. A run that is not listed yet may still come: it is never said to be absent, so nothing is
    /// started twice.
    pub(super) async fn find_dispatch(
        &self,
        workflow: &str,
        reference: &str,
        parcel: &Parcel,
    ) -> Result<Lookup, CallError> {
        let since = parcel.first_attempt_at - SKEW;
        let created = format!(">={}", since.to_rfc3339_opts(SecondsFormat::Secs, true));
        let query = [
            ("event", "workflow_dispatch"),
            ("created", created.as_str()),
            ("per_page", "100"),
        ];
        let path = ["actions", "workflows", workflow, "runs"];
        let runs: Runs = self.get(&path, &query).await?;
        let name = github::name_of_reference(reference);
        let is_ours = |run: &Run| {
            let by_bot = run.actor.as_ref().is_some_and(Actor::is_bot);
            let by_bot = by_bot || !self.is_installation();
            by_bot && run.created_at >= since && run.head_branch.as_deref() == Some(name)
        };
        let ours = runs.workflow_runs.iter().filter(|run| is_ours(run));
        Ok(match ours.min_by_key(|run| run.created_at) {
            Some(first) => Lookup::Found(dispatched(Some(first.id))),
            None => Lookup::Unreadable {
                code: "no_run_listed".to_owned(),
            },
        })
    }

    /// Deletes the caches of a reference. When there are more than one exchange can delete, the next one
    /// goes on, and the count is that of the last.
    pub(super) async fn delete_caches(&self, reference: &str) -> Result<Answer, CallError> {
        let path = ["actions", "caches"];
        let mut count = 0;
        loop {
            let query = [("ref", reference), ("per_page", "100")];
            let caches: Caches = self.get(&path, &query).await?;
            if caches.actions_caches.is_empty() {
                return Ok(Answer::Github(github::Answer::CachesDeleted { count }));
            }
            for cache in caches.actions_caches {
                if Instant::now() + RESERVE > self.until {
                    return Err(CallError::Busy);
                }
                let path = ["actions", "caches", &cache.id.to_string()];
                match self.call(Method::DELETE, &path, &[], None).await {
                    Ok(_) => count += 1,
                    Err(error) if error.is(404) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
}
