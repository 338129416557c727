//! The webhooks about a run: of the run, its jobs with their checks, and its check suite.

use serde_json::json;

use super::jobs::Job;
use super::state::GitHubState;
use crate::state::Moment;

impl GitHubState {
    pub(crate) fn emit_run(&mut self, repository: u64, run: u64, action: &str, now: Moment) {
        let Some(repo) = self.repositories.get(&repository) else {
            return;
        };
        let Some(run) = repo.runs.get(&run) else {
            return;
        };
        let workflow = repo
            .workflows
            .iter()
            .find(|workflow| workflow.id == run.workflow);
        let workflow = workflow.map(|workflow| repo.workflow_json(workflow));
        let by = run.last().by.clone();
        let fields = json!({"workflow_run": repo.run_json(run, run.last()), "workflow": workflow});
        self.emit(
            "workflow_run",
            Some(action),
            Some(repository),
            fields,
            &by,
            now,
        );
    }

    pub(crate) fn emit_jobs(
        &mut self,
        repository: u64,
        run: u64,
        action: &str,
        keep: impl Fn(&Job) -> bool,
        now: Moment,
    ) {
        let Some(repo) = self.repositories.get(&repository) else {
            return;
        };
        let Some(run) = repo.runs.get(&run) else {
            return;
        };
        let attempt = run.last();
        let by = attempt.by.clone();
        let jobs = attempt.jobs.iter().filter(|job| keep(job));
        let shown: Vec<_> = jobs
            .map(|job| {
                (
                    repo.job_json(run, attempt, job),
                    repo.job_check_json(run, job),
                )
            })
            .collect();
        for (job, check) in shown {
            let fields = json!({"workflow_job": job});
            self.emit(
                "workflow_job",
                Some(action),
                Some(repository),
                fields,
                &by,
                now,
            );
            let action = match action {
                "queued" => "created",
                "completed" => "completed",
                _ => continue,
            };
            let fields = json!({"check_run": check});
            self.emit(
                "check_run",
                Some(action),
                Some(repository),
                fields,
                &by,
                now,
            );
        }
    }

    pub(crate) fn emit_suite(&mut self, repository: u64, run: u64, now: Moment) {
        let Some(repo) = self.repositories.get(&repository) else {
            return;
        };
        let Some(run) = repo.runs.get(&run) else {
            return;
        };
        let (suite, by) = (repo.suite_json(run.suite), run.last().by.clone());
        let fields = json!({"check_suite": suite});
        self.emit(
            "check_suite",
            Some("completed"),
            Some(repository),
            fields,
            &by,
            now,
        );
    }
}
