//! What tests and demos do with runs and deployments of the simulated GitHub.

use chrono::TimeDelta;

use super::GitHub;
use super::accounts::{Account, AccountType};
use super::deployments::{Deployment, DeploymentStatus};
use super::plan::RunPlan;
use super::state::GitHubState;

impl GitHub {
    /// Starts a run; its webhooks are sent, and it is queued.
    pub fn start_run(&self, repository: &str, plan: RunPlan) -> u64 {
        let now = self.0.now();
        let mut state = self.state();
        let id = state.must_find(repository);
        let started = state.start_run(id, plan, now);
        drop(state);
        self.0.changed();
        started.unwrap_or_else(|refusal| panic!("{repository}: {}", refusal.message))
    }

    /// Starts a run and lets its first attempt end.
    pub fn run(&self, repository: &str, plan: RunPlan) -> u64 {
        let days = plan.days_old;
        let id = self.start_run(repository, plan);
        self.each_open(Some(id), |state, repository, run, now| {
            state.finish_run(repository, run, now - TimeDelta::days(days));
        });
        id
    }

    pub fn begin_run(&self, run: u64) {
        self.each_open(Some(run), GitHubState::begin_run);
    }

    /// One job of the run's last attempt ends.
    pub fn finish_job(&self, run: u64, job: &str) {
        self.each_open(Some(run), |state, repository, run, now| {
            state.finish_jobs(repository, run, Some(job), now);
        });
    }

    /// The last attempt of a run ends as its plan says.
    pub fn finish_run(&self, run: u64) {
        self.each_open(Some(run), GitHubState::finish_run);
    }

    /// All attempts that have not ended end. Returns how many.
    pub fn finish_runs(&self) -> usize {
        self.each_open(None, GitHubState::finish_run)
    }

    pub fn cancel_run(&self, run: u64) {
        self.each_open(Some(run), GitHubState::cancel_run);
    }

    fn each_open(
        &self,
        run: Option<u64>,
        act: impl Fn(&mut GitHubState, u64, u64, crate::state::Moment),
    ) -> usize {
        let now = self.0.now();
        let mut state = self.state();
        let all = state.repositories.values().flat_map(|repository| {
            let open = repository.runs.values().filter(|found| !found.finished());
            open.map(|found| (repository.id, found.id))
                .collect::<Vec<_>>()
        });
        let open: Vec<(u64, u64)> = all
            .filter(|(_, id)| run.is_none_or(|run| run == *id))
            .collect();
        for (repository, run) in &open {
            act(&mut state, *repository, *run, now);
        }
        drop(state);
        self.0.changed();
        open.len()
    }

    /// A person runs a run again, in the browser.
    pub fn rerun_by_person(&self, run: u64, login: &str) {
        let now = self.0.now();
        let mut state = self.state();
        let by: Account = state.add_account(login, AccountType::User);
        let mut all = state.repositories.values();
        let found = all
            .find(|repository| repository.runs.contains_key(&run))
            .map(|r| r.id);
        let again = super::lifecycle::Again::All;
        let done = found.map(|repository| state.run_again(repository, run, again, &by, now));
        drop(state);
        self.0.changed();
        assert!(
            matches!(done, Some(Ok(()))),
            "run {run} cannot be run again"
        );
    }

    /// A deployment of a branch or commit, by a run if one is given. It has no status yet.
    pub fn deploy(
        &self,
        repository: &str,
        environment: &str,
        reference: &str,
        run: Option<u64>,
    ) -> u64 {
        let now = self.0.now();
        let mut state = self.state();
        let (id, repository) = (state.fresh(), state.must_find(repository));
        let found = &state.repositories[&repository];
        let sha = found
            .git
            .resolve(reference)
            .map(|commit| commit.sha.clone());
        let deployment = Deployment {
            id,
            sha: sha.unwrap_or_else(|| panic!("there is no {reference}")),
            reference: reference.to_owned(),
            environment: environment.to_owned(),
            production: environment == "production",
            description: None,
            creator: found.owner.clone(),
            at: now,
            run,
            statuses: Vec::new(),
        };
        state.add_deployment(repository, deployment, now);
        drop(state);
        self.0.changed();
        id
    }

    /// A status of a deployment: `in_progress`, `success`, `failure`, `error`, …
    pub fn deployment_status(&self, repository: &str, deployment: u64, state_word: &str) {
        let now = self.0.now();
        let mut state = self.state();
        let (id, repository) = (state.fresh(), state.must_find(repository));
        let status = DeploymentStatus {
            id,
            state: state_word.to_owned(),
            description: String::new(),
            log_url: String::new(),
            environment_url: String::new(),
            creator: state.repositories[&repository].owner.clone(),
            at: now,
        };
        state.add_deployment_status(repository, deployment, status, now);
        drop(state);
        self.0.changed();
    }
}
