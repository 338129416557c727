//! Reads the history of runs, for `wardroom github plan`. Nothing here writes: only GET requests are made, and the
//! POST that gives a token.
//!
//! What is read of an attempt is named by the effects that read it live, so that both read the same.

use super::call_error::CallError;
use super::client::{Access, Client, Session};
use super::test_reports::AT_ONCE;
use super::workflow_run;
use crate::courier::Outcome;
use crate::domain::ci::Seen;
use crate::domain::effect::Answer;
use crate::domain::effect::github::Effect;
use crate::http_client::HttpClient;
use crate::telemetry::metrics::Metrics;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// How long a call may take.
const DEADLINE: Duration = Duration::from_secs(60);
/// Requests of an hour's quota that are left for the running bot.
pub const RESERVE: u32 = 500;
/// The code of a request that is not made because of [`RESERVE`].
pub const RESERVED: &str = "quota_reserved";
/// The most results of a list of runs that GitHub gives, whatever the page.
pub const MOST_RUNS: usize = 1000;
/// Entries of a page.
pub const PAGE: usize = 100;

pub struct History {
    client: Client,
    slots: Arc<Semaphore>,
}

/// An account in which the App is installed; with a token, its holder.
#[derive(Debug, Clone)]
pub struct Account {
    /// `None`: an enterprise, which has organizations instead of repositories.
    pub login: Option<String>,
    pub installation: u64,
    pub is_suspended: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Repository {
    pub full_name: String,
    default_branch: Option<String>,
}

/// A page of the runs that were created within a time.
pub struct Page {
    /// How many there are; from [`MOST_RUNS`] on, there may be more.
    pub total: usize,
    pub runs: Vec<Seen>,
    /// Entries of the page, those included that lack what a run must have.
    pub read: usize,
}

/// What was read of an attempt.
pub struct Reading {
    pub answer: Answer,
    /// It is a log that GitHub no longer has.
    pub has_expired: bool,
}

#[derive(Deserialize)]
struct Installation {
    id: u64,
    account: Option<Login>,
    suspended_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Login {
    login: Option<String>,
}

#[derive(Deserialize)]
struct Repositories {
    repositories: Vec<Repository>,
}

#[derive(Deserialize)]
struct Runs {
    total_count: usize,
    workflow_runs: Vec<Value>,
}

impl History {
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

    /// A page of the accounts; the last one is not full.
    pub async fn accounts(&self, page: usize, now: DateTime<Utc>) -> Result<Vec<Account>, Outcome> {
        if !self.client.is_app() {
            return Ok(vec![Account {
                login: Some(String::new()),
                installation: 0,
                is_suspended: false,
            }]);
        }
        let read = async {
            let session = self.session(None, now)?;
            let page = [("per_page", PAGE.to_string()), ("page", page.to_string())];
            let page = page.each_ref().map(|(name, value)| (*name, value.as_str()));
            let found: Vec<Installation> = session.get(&["app", "installations"], &page).await?;
            Ok(found.into_iter().map(Account::from).collect())
        };
        self.ended(None, read.await)
    }

    /// A page of an account's repositories that the App may read; the last one is not full.
    pub async fn repositories(
        &self,
        account: &Account,
        page: usize,
        now: DateTime<Utc>,
    ) -> Result<Vec<Repository>, Outcome> {
        let login = account.login.as_deref().unwrap_or_default();
        let read = async {
            self.check_reserve(login, now)?;
            let known = self.client.accounts.of(login);
            known.lock().await.installation = Some(account.installation);
            let session = Session {
                client: &self.client,
                account: Some(login),
                name: None,
                until: Instant::now() + DEADLINE,
                now,
            };
            let page = [("per_page", PAGE.to_string()), ("page", page.to_string())];
            let page = page.each_ref().map(|(name, value)| (*name, value.as_str()));
            if !self.client.is_app() {
                return session.get(&["user", "repos"], &page).await;
            }
            let path = ["installation", "repositories"];
            let found: Repositories = session.get(&path, &page).await?;
            Ok(found.repositories)
        };
        self.ended(Some(login), read.await)
    }

    pub async fn repository(&self, name: &str, now: DateTime<Utc>) -> Result<Repository, Outcome> {
        let read = async { self.session(Some(name), now)?.get(&[], &[]).await };
        self.ended(Some(name), read.await)
    }

    /// A page, from 1, of the runs that were created from one second to another, both included.
    pub async fn runs(
        &self,
        repository: &Repository,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        page: usize,
        now: DateTime<Utc>,
    ) -> Result<Page, Outcome> {
        let name = repository.full_name.as_str();
        let stamp = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let read = async {
            let (created, page) = (format!("{}..{}", stamp(from), stamp(to)), page.to_string());
            let query = [
                ("created", created.as_str()),
                ("per_page", "100"),
                ("page", &page),
            ];
            let session = self.session(Some(name), now)?;
            let found: Runs = session.get(&["actions", "runs"], &query).await?;
            let runs = found.workflow_runs.iter();
            let seen = runs.filter_map(|run| repository.seen(run, now));
            Ok(Page {
                total: found.total_count,
                read: found.workflow_runs.len(),
                runs: seen.collect(),
            })
        };
        self.ended(Some(name), read.await)
    }

    /// An attempt of a run.
    pub async fn attempt(
        &self,
        repository: &Repository,
        run: i64,
        attempt: i32,
        now: DateTime<Utc>,
    ) -> Result<Option<Seen>, Outcome> {
        let name = repository.full_name.as_str();
        let read = async {
            let (run, attempt) = (run.to_string(), attempt.to_string());
            let path = ["actions", "runs", &run, "attempts", &attempt];
            let found: Value = self.session(Some(name), now)?.get(&path, &[]).await?;
            Ok(repository.seen(&found, now))
        };
        self.ended(Some(name), read.await)
    }

    /// Reads what an effect would read. `before` is when the next attempt began.
    pub async fn read(
        &self,
        effect: &Effect,
        before: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Reading, Outcome> {
        let read = self.read_of(effect, before, now).await;
        self.ended(effect.repository(), read)
    }

    async fn read_of(
        &self,
        effect: &Effect,
        before: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Reading, CallError> {
        let session = self.session(effect.repository(), now)?;
        let answer = match effect {
            Effect::ListFailedJobs {
                run,
                attempt,
                reports,
                ..
            } => {
                session
                    .list_failed_jobs(*run, *attempt, reports, before)
                    .await?
            }
            Effect::ReadJobLog { job, .. } => {
                let log = session.job_log(*job).await?;
                return Ok(Reading {
                    has_expired: log.has_expired,
                    answer: log.answer(),
                });
            }
            Effect::ReadTestReports {
                artifact, recorded, ..
            } => {
                session
                    .read_test_reports(*artifact, recorded, &self.slots)
                    .await?
            }
            Effect::ReadFile { path, branch, .. } => {
                session.read_file(path, branch.as_deref()).await?
            }
            _ => return Err(CallError::refused("not_of_the_history").here()),
        };
        Ok(Reading {
            answer,
            has_expired: false,
        })
    }

    fn session<'a>(
        &'a self,
        repository: Option<&'a str>,
        now: DateTime<Utc>,
    ) -> Result<Session<'a>, CallError> {
        self.check_reserve(repository.unwrap_or_default(), now)?;
        let until = Instant::now() + DEADLINE;
        self.client.session(repository, until, now)
    }

    /// Leaves [`RESERVE`] of the hour's quota, which the running bot shares.
    fn check_reserve(&self, of: &str, now: DateTime<Utc>) -> Result<(), CallError> {
        let scope = self.client.scope(Some(of).filter(|of| !of.is_empty()));
        match self.client.quotas.reset_if_below(&scope, RESERVE, now) {
            None => Ok(()),
            Some(until) => Err(CallError::Limited {
                after: (until - now).to_std().unwrap_or_default(),
                code: RESERVED,
            }),
        }
    }

    fn ended<T>(&self, of: Option<&str>, read: Result<T, CallError>) -> Result<T, Outcome> {
        read.map_err(|error| error.unsent().outcome(self.client.scope(of)))
    }
}

impl From<Installation> for Account {
    fn from(one: Installation) -> Self {
        Self {
            login: one.account.and_then(|account| account.login),
            installation: one.id,
            is_suspended: one.suspended_at.is_some(),
        }
    }
}

impl Repository {
    fn seen(&self, run: &Value, now: DateTime<Utc>) -> Option<Seen> {
        workflow_run::of_api(&self.full_name, self.default_branch.as_deref(), run, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_installation_of_an_enterprise_or_of_no_account_has_no_login() {
        let enterprise = json!({"id": 7, "slug": "acme-corp", "name": "Acme"});
        for (account, login) in [
            (json!({"id": 7, "login": "acme"}), Some("acme")),
            (enterprise, None),
            (json!(null), None),
        ] {
            let installation = json!({"id": 5, "account": account, "suspended_at": null});
            let installation: Installation = serde_json::from_value(installation).unwrap();
            assert_eq!(Account::from(installation).login.as_deref(), login);
        }
    }
}
