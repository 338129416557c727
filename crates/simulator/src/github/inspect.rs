//! What there is: issues, comments, pull requests, runs, checks, deliveries. For assertions.

use serde::Serialize;
use serde_json::Value;

use super::GitHub;
use super::issues::Issue;
use super::repository::Repository;

#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct RepositoryView {
    pub name: String,
    pub runs: Vec<RunView>,
    pub issues: Vec<IssueView>,
    pub pulls: Vec<PullView>,
    pub comments: Vec<CommentView>,
    /// Those that were made over the API; jobs are in `runs`.
    pub checks: Vec<CheckView>,
    pub caches: Vec<String>,
    pub branches: Vec<String>,
}

#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct RunView {
    pub id: u64,
    pub workflow: String,
    pub event: String,
    pub status: String,
    pub conclusion: Option<String>,
    pub attempt: u64,
    /// How often a re-run was accepted.
    pub reruns: u32,
    /// The names of the jobs that the last attempt ran.
    pub ran: Vec<String>,
    /// The login that started the last attempt.
    pub by: String,
}

#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct IssueView {
    pub number: u64,
    pub title: String,
    pub body: String,
    pub open: bool,
    pub labels: Vec<String>,
    pub user: String,
    /// How often it was opened again.
    pub reopened: u32,
}

#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct PullView {
    pub number: u64,
    pub title: String,
    pub body: String,
    pub open: bool,
    pub merged: bool,
    pub head: String,
    pub base: String,
    pub user: String,
    pub files: Vec<String>,
}

#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct CommentView {
    pub id: u64,
    pub issue: u64,
    pub body: String,
    pub user: String,
    pub edits: u32,
}

#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct CheckView {
    pub id: u64,
    pub name: String,
    pub sha: String,
    pub external_id: String,
    pub status: String,
    pub conclusion: Option<String>,
    pub title: String,
}

#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct DeliveryView {
    pub id: u64,
    pub guid: String,
    pub event: String,
    pub action: Option<String>,
    pub status: String,
    pub code: u16,
    pub redelivery: bool,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn run_views(repository: &Repository) -> Vec<RunView> {
    let runs = repository.runs.values().map(|run| {
        let attempt = run.last();
        let workflow = repository
            .workflows
            .iter()
            .find(|workflow| workflow.id == run.workflow);
        let ran = attempt
            .jobs
            .iter()
            .filter(|job| job.attempt == attempt.number);
        RunView {
            id: run.id,
            workflow: workflow.map(|w| w.name.clone()).unwrap_or_default(),
            event: run.plan.event.clone(),
            status: attempt.status.to_owned(),
            conclusion: attempt.conclusion.clone(),
            attempt: attempt.number,
            reruns: run.reruns,
            ran: ran.map(|job| job.plan.name.clone()).collect(),
            by: attempt.by.login.clone(),
        }
    });
    runs.collect()
}

fn issue_view(issue: &Issue) -> IssueView {
    IssueView {
        number: issue.number,
        title: issue.title.clone(),
        body: issue.body.clone().unwrap_or_default(),
        open: issue.open,
        labels: issue.labels.clone(),
        user: issue.user.login.clone(),
        reopened: issue.reopened,
    }
}

fn pull_views(repository: &Repository) -> Vec<PullView> {
    let pulls = repository.pulls.values().map(|pull| {
        let issue = &repository.issues[&pull.number];
        let files = repository.pull_paths(pull);
        PullView {
            number: pull.number,
            title: issue.title.clone(),
            body: issue.body.clone().unwrap_or_default(),
            open: issue.open,
            merged: pull.merged_at.is_some(),
            head: pull.head.clone(),
            base: pull.base.clone(),
            user: issue.user.login.clone(),
            files,
        }
    });
    pulls.collect()
}

fn view(repository: &Repository) -> RepositoryView {
    let comments = repository.comments.values().map(|comment| CommentView {
        id: comment.id,
        issue: comment.issue,
        body: comment.body.clone(),
        user: comment.user.login.clone(),
        edits: comment.edits,
    });
    let checks = repository.checks.values().map(|check| CheckView {
        id: check.id,
        name: text(&check.fields["name"]),
        sha: check.sha.clone(),
        external_id: text(&check.fields["external_id"]),
        status: text(&check.fields["status"]),
        conclusion: check.fields["conclusion"].as_str().map(str::to_owned),
        title: text(&check.output["title"]),
    });
    let heads = repository
        .git
        .refs
        .keys()
        .filter_map(|name| name.strip_prefix("heads/"));
    RepositoryView {
        name: repository.full_name(),
        runs: run_views(repository),
        issues: repository
            .issues
            .values()
            .filter(|i| !i.is_pull)
            .map(issue_view)
            .collect(),
        pulls: pull_views(repository),
        comments: comments.collect(),
        checks: checks.collect(),
        caches: repository
            .caches
            .iter()
            .map(|cache| cache.key.clone())
            .collect(),
        branches: heads.map(str::to_owned).collect(),
    }
}

impl GitHub {
    /// All that is in a repository. A name that does not exist panics.
    pub fn repository(&self, name: &str) -> RepositoryView {
        let state = self.state();
        let id = state.must_find(name);
        view(&state.repositories[&id])
    }

    pub fn repositories(&self) -> Vec<RepositoryView> {
        self.state().repositories.values().map(view).collect()
    }

    pub fn find_run(&self, id: u64) -> Option<RunView> {
        let all = self.repositories().into_iter();
        all.flat_map(|repository| repository.runs)
            .find(|run| run.id == id)
    }

    /// The text of a file on a branch.
    pub fn file(&self, repository: &str, branch: &str, path: &str) -> Option<String> {
        let state = self.state();
        let found = &state.repositories[&state.must_find(repository)];
        let commit = found.git.resolve(&format!("heads/{branch}"))?;
        let blob = found.git.files(&commit.sha).get(path).cloned()?;
        let content = found.git.blobs.get(&blob)?;
        Some(String::from_utf8_lossy(content).into_owned())
    }

    /// The commit that a branch is at.
    pub fn head(&self, repository: &str, branch: &str) -> Option<String> {
        let state = self.state();
        let found = &state.repositories[&state.must_find(repository)];
        found
            .git
            .resolve(&format!("heads/{branch}"))
            .map(|commit| commit.sha.clone())
    }

    /// All attempts to hand over webhooks, oldest first.
    pub fn deliveries(&self) -> Vec<DeliveryView> {
        let state = self.state();
        let all = state.deliveries.iter().map(|delivery| DeliveryView {
            id: delivery.id,
            guid: delivery.webhook.guid.clone(),
            event: delivery.webhook.event.clone(),
            action: delivery.webhook.payload["action"]
                .as_str()
                .map(str::to_owned),
            status: delivery.status.clone(),
            code: delivery.code,
            redelivery: delivery.redelivery,
        });
        all.collect()
    }

    /// How often the endpoint with this id was called, such as `issues/create`, also in vain.
    pub fn calls(&self, id: &str) -> usize {
        self.0.calls(&format!("github/{id}"))
    }
}
