//! Delivers effects to GitHub: one exchange each, and what is known after it.
//!
//! The engine retries and waits, not the courier. How each family of effects is delivered is in a file of
//! its own, what a failed call means in `call_error`.

use super::call_error::CallError;
use super::client::{Access, Client, Session};
use super::files::Proposal;
use super::permission::needs;
use super::runs::Again;
use super::test_reports::AT_ONCE;
use crate::courier::{Courier, Lookup, NOTHING_TO_LOOK_UP, Outcome, Parcel};
use crate::domain::effect::Answer;
use crate::domain::effect::github::{Effect, Kind};
use crate::http_client::HttpClient;
use crate::telemetry::metrics::Metrics;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::time::Instant;

pub struct GithubCourier {
    client: Client,
    /// For artifacts.
    slots: Arc<Semaphore>,
}

impl GithubCourier {
    /// Makes no call yet. `storage` is for the logs and artifacts, which are not at GitHub's API.
    pub fn new(
        access: Access,
        http: HttpClient,
        storage: HttpClient,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            client: Client::new(access, http, storage, metrics),
            slots: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    fn session<'a>(
        &'a self,
        effect: &'a Effect,
        parcel: &Parcel,
    ) -> Result<Session<'a>, CallError> {
        let until = Instant::now() + parcel.deadline;
        self.client.session(effect.repository(), until, parcel.now)
    }

    async fn carry_out(&self, effect: &Effect, parcel: &Parcel) -> Result<Answer, CallError> {
        let session = self.session(effect, parcel)?;
        session.check_permissions(needs(Kind::from(effect))).await?;
        match effect {
            Effect::ReadRun { run, .. } => session.read_run(*run).await,
            Effect::ListFailedJobs {
                run,
                attempt,
                reports,
                ..
            } => {
                session
                    .list_failed_jobs(*run, *attempt, reports, None)
                    .await
            }
            Effect::ReadJobLog { job, .. } => session.read_job_log(*job).await,
            Effect::ReadTestReports {
                artifact, recorded, ..
            } => {
                let slots = &self.slots;
                session.read_test_reports(*artifact, recorded, slots).await
            }
            Effect::RerunFailedJobs { run, attempt, .. } => {
                let (again, perhaps) = (Again::FailedJobs, parcel.after_uncertain);
                session.rerun(*run, *attempt, again, perhaps).await
            }
            Effect::RerunRun { run, attempt, .. } => {
                let (again, perhaps) = (Again::All, parcel.after_uncertain);
                session.rerun(*run, *attempt, again, perhaps).await
            }
            Effect::DeleteCaches { reference, .. } => session.delete_caches(reference).await,
            Effect::DispatchWorkflow {
                workflow,
                reference,
                inputs,
                ..
            } => session.dispatch(workflow, reference, inputs).await,
            Effect::CreateIssue {
                title,
                body,
                labels,
                ..
            } => session.create_issue(title, body, labels, parcel.id).await,
            Effect::UpdateIssue { number, edit, .. } => {
                session.update_issue(*number, edit.as_deref()).await
            }
            Effect::CreateComment { number, body, .. } => {
                session.create_comment(*number, body, parcel.id).await
            }
            Effect::UpdateComment { comment, body, .. } => {
                session.update_comment(*comment, body.as_deref()).await
            }
            Effect::AddLabels { number, labels, .. } => session.add_labels(*number, labels).await,
            Effect::ProposeFile {
                branch,
                path,
                content,
                title,
                body,
                ..
            } => {
                let proposal = Proposal {
                    branch,
                    path,
                    content,
                    title,
                    body,
                };
                session.propose(proposal).await
            }
            Effect::ReadFile { path, branch, .. } => {
                session.read_file(path, branch.as_deref()).await
            }
            Effect::FindPulls { sha, .. } => session.find_pulls(sha).await,
            Effect::CreateCheckRun {
                sha, name, check, ..
            } => session.create_check(sha, name, check, parcel.id).await,
            Effect::UpdateCheckRun {
                check_run, check, ..
            } => session.update_check(*check_run, check.as_deref()).await,
            Effect::ListFailedDeliveries { since, cursor } => {
                session
                    .list_failed_deliveries(*since, cursor.as_deref())
                    .await
            }
            Effect::Redeliver { delivery } => session.redeliver(*delivery).await,
        }
    }

    async fn look_up(&self, effect: &Effect, parcel: &Parcel) -> Result<Lookup, CallError> {
        let session = self.session(effect, parcel)?;
        match effect {
            Effect::RerunFailedJobs { run, attempt, .. }
            | Effect::RerunRun { run, attempt, .. } => session.find_rerun(*run, *attempt).await,
            Effect::DispatchWorkflow {
                workflow,
                reference,
                ..
            } => session.find_dispatch(workflow, reference, parcel).await,
            Effect::CreateIssue { .. } => session.find_issue(parcel).await,
            Effect::CreateComment { number, .. } => session.find_comment(*number, parcel).await,
            Effect::ProposeFile {
                branch,
                path,
                content,
                title,
                body,
                ..
            } => {
                let proposal = Proposal {
                    branch,
                    path,
                    content,
                    title,
                    body,
                };
                session.find_proposal(proposal).await
            }
            Effect::CreateCheckRun { sha, name, .. } => session.find_check(sha, name, parcel).await,
            Effect::ReadRun { .. }
            | Effect::ListFailedJobs { .. }
            | Effect::ReadJobLog { .. }
            | Effect::ReadTestReports { .. }
            | Effect::DeleteCaches { .. }
            | Effect::UpdateIssue { .. }
            | Effect::UpdateComment { .. }
            | Effect::AddLabels { .. }
            | Effect::ReadFile { .. }
            | Effect::FindPulls { .. }
            | Effect::UpdateCheckRun { .. }
            | Effect::ListFailedDeliveries { .. }
            | Effect::Redeliver { .. } => Err(CallError::refused(NOTHING_TO_LOOK_UP).here()),
        }
    }
}

#[async_trait]
impl Courier for GithubCourier {
    type Effect = Effect;

    fn warning(&self, now: DateTime<Utc>) -> Option<String> {
        self.client.quotas.warning(now)
    }

    fn pause_scopes(&self, effect: &Effect) -> Vec<String> {
        vec![self.client.scope(effect.repository())]
    }

    fn reconcile_scopes(&self, effect: &Effect) -> Vec<String> {
        self.pause_scopes(effect)
    }

    async fn deliver(&self, effect: &Effect, parcel: &Parcel) -> Outcome {
        let error = match self.carry_out(effect, parcel).await {
            Ok(answer) => return Outcome::Done(answer),
            Err(error) if effect.writes() => error,
            Err(error) => error.unsent(),
        };
        error.outcome(self.client.scope(effect.repository()))
    }

    async fn reconcile(&self, effect: &Effect, parcel: &Parcel) -> Lookup {
        let found = self.look_up(effect, parcel).await;
        found.unwrap_or_else(|error| error.lookup(self.client.scope(effect.repository())))
    }
}
