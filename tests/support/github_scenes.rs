//! For each kind of effect that writes to GitHub the shortest story that leads to it, and how to count it there.
//!
//! Each scene has a repository of its own, so that all of them fit into one world. The last of its steps leads
//! to the effect; what follows from a step happens before the next one.

use serde_json::json;
use simulator::{AttemptPlan, GitHub, JobPlan, PullFrom, RunPlan};

pub struct Scene {
    /// With dashes, also the name of the workflow that fails.
    pub name: &'static str,
    pub kind: &'static str,
    /// Makes the effect.
    pub endpoint: &'static str,
    pub after_doubt: AfterDoubt,
    pub steps: &'static [fn(&GitHub, &str)],
    /// How often it is there.
    pub stands: fn(&GitHub, &str) -> usize,
}

/// What follows when the result of an effect is unknown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AfterDoubt {
    /// It is done again: a second one changes nothing.
    Repeated,
    /// It is looked up by this endpoint, and done when it is absent.
    LookedUp(&'static str),
    /// The same, but what is absent may still appear: then it ends uncertain.
    LeftUncertain(&'static str),
}

/// The playbooks of the scenes; people are told in #builds.
pub const CONFIG: &str = "
services: { api: { owners: [U0BEA] } }
admins: [U0ADA]
slack: { ops_channel: C0OPS }
github:
  repositories: ['acme/*']
  channel: C0BUILDS
  comment: true
  rerun_delays: [1s]
  playbooks:
    - { name: run, on: { workflows: [run] }, max_reruns: 1, steps: [{ action: rerun_run }] }
    - { name: caches, on: { workflows: [caches] }, steps: [{ action: delete_caches }] }
    - { name: start, on: { workflows: [start] }, steps: [{ action: dispatch_workflow, workflow: clean-up.yml, ref: main }] }
    - { name: issue, on: { workflows: [issue] }, steps: [{ action: open_issue, labels: [ci-failure] }] }
    - { name: say, on: { workflows: [say] }, steps: [{ action: comment, text: This is known. }] }
    - { name: label, on: { workflows: [label] }, steps: [{ action: add_labels, labels: [ci] }] }
";

pub const SCENES: &[Scene] = &[
    Scene {
        name: "rerun_failed_jobs",
        kind: "rerun_failed_jobs",
        endpoint: "actions/re-run-workflow-failed-jobs",
        after_doubt: AfterDoubt::LookedUp("actions/get-workflow-run"),
        steps: &[|github, name| fails(github, name, "CI", NETWORK)],
        stands: reruns,
    },
    Scene {
        name: "rerun_run",
        kind: "rerun_run",
        endpoint: "actions/re-run-workflow",
        after_doubt: AfterDoubt::LookedUp("actions/get-workflow-run"),
        steps: &[|github, name| fails(github, name, "run", NETWORK)],
        stands: reruns,
    },
    Scene {
        name: "delete_caches",
        kind: "delete_caches",
        endpoint: "actions/delete-actions-cache-by-id",
        after_doubt: AfterDoubt::Repeated,
        steps: &[|github, name| {
            github.add_cache(name, "deps", 1);
            fails(github, name, "caches", COMPILE);
        }],
        stands: |github, name| usize::from(github.repository(name).caches.is_empty()),
    },
    Scene {
        name: "dispatch_workflow",
        kind: "dispatch_workflow",
        endpoint: "actions/create-workflow-dispatch",
        after_doubt: AfterDoubt::LeftUncertain("actions/list-workflow-runs"),
        steps: &[|github, name| {
            let cleans = AttemptPlan::new(vec![JobPlan::passed("clean")]);
            github.add_dispatch(name, "clean-up", &[], cleans);
            fails(github, name, "start", COMPILE);
        }],
        stands: |github, name| {
            let runs = github.repository(name).runs;
            let started = runs.iter().filter(|run| run.event == "workflow_dispatch");
            started.count()
        },
    },
    Scene {
        name: "create_issue",
        kind: "create_issue",
        endpoint: "issues/create",
        after_doubt: AfterDoubt::LookedUp("issues/list-for-repo"),
        steps: &[|github, name| fails(github, name, "issue", COMPILE)],
        stands: |github, name| github.repository(name).issues.len(),
    },
    Scene {
        name: "update_issue",
        kind: "update_issue",
        endpoint: "issues/update",
        after_doubt: AfterDoubt::Repeated,
        steps: &[
            |github, name| fails(github, name, "issue", COMPILE),
            |github, name| {
                let number = github.repository(name).issues[0].number;
                let path = format!("/repos/{name}/issues/{number}");
                let closed = github.act("ada", "PATCH", &path, json!({"state": "closed"}));
                closed.expect("a person closes it");
            },
            |github, name| fails(github, name, "issue", COMPILE),
        ],
        stands: |github, name| {
            let issues = github.repository(name).issues;
            let reopened: u32 = issues.iter().map(|issue| issue.reopened).sum();
            reopened as usize * issues.len()
        },
    },
    Scene {
        name: "create_comment",
        kind: "create_comment",
        endpoint: "issues/create-comment",
        after_doubt: AfterDoubt::LookedUp("issues/list-comments"),
        steps: &[|github, name| pull_fails(github, name, "CI", "pull_request")],
        stands: |github, name| github.repository(name).comments.len(),
    },
    Scene {
        name: "create_comment_of_a_playbook",
        kind: "create_comment",
        endpoint: "issues/create-comment",
        after_doubt: AfterDoubt::LookedUp("issues/list-comments"),
        steps: &[|github, name| pull_fails(github, name, "say", "push")],
        stands: |github, name| comments(github, name, "This is known."),
    },
    Scene {
        name: "update_comment",
        kind: "update_comment",
        endpoint: "issues/update-comment",
        after_doubt: AfterDoubt::Repeated,
        steps: &[
            |github, name| pull_fails(github, name, "CI", "pull_request"),
            |github, name| {
                let run = github.repository(name).runs[0].id;
                github.rerun_by_person(run, "ada");
                github.finish_run(run);
            },
        ],
        stands: |github, name| comments(github, name, "CI passes again"),
    },
    Scene {
        name: "add_labels",
        kind: "add_labels",
        endpoint: "issues/add-labels",
        after_doubt: AfterDoubt::Repeated,
        steps: &[|github, name| pull_fails(github, name, "label", "push")],
        stands: |github, name| {
            let number = github.repository(name).pulls[0].number;
            let path = format!("/repos/{name}/issues/{number}/labels");
            let labels = github.act("ada", "GET", &path, json!({}));
            let labels = labels.expect("its labels are listed");
            labels.as_array().map_or(0, Vec::len)
        },
    },
];

const NETWORK: &str = "fatal: unable to access 'https://github.com/acme/api/': Connection timed out\n##[error]Process completed with exit code 128.";
const COMPILE: &str = "error[E0308]: mismatched types\n  --> src/lib.rs:3:5\nerror: could not compile `api` (lib) due to 1 previous error";

fn fails(github: &GitHub, name: &str, workflow: &str, log: &str) {
    let passes = AttemptPlan::new(vec![JobPlan::passed("build")]);
    let plan = RunPlan::new(workflow, vec![JobPlan::failed("build", log)]);
    github.run(name, plan.then(passes));
}

/// A run of a pull request fails; when it is repeated, it passes. Only a run that the pull request itself started gets
/// the comment of all failures.
fn pull_fails(github: &GitHub, name: &str, workflow: &str, event: &str) {
    let sha = github.push(name, "fix", "src/shop.rs", "fixed", "ada");
    github.open_pull(name, "fix", "Fix the shop", "ada", PullFrom::Repository);
    let passes = AttemptPlan::new(vec![JobPlan::passed("build")]);
    let plan = RunPlan::new(workflow, vec![JobPlan::failed("build", COMPILE)]).then(passes);
    github.run(name, plan.on_branch("fix").at(&sha).for_event(event));
}

fn reruns(github: &GitHub, name: &str) -> usize {
    let runs = github.repository(name).runs;
    runs.iter().map(|run| run.reruns as usize).sum()
}

fn comments(github: &GitHub, name: &str, says: &str) -> usize {
    let comments = github.repository(name).comments;
    let saying = comments
        .iter()
        .filter(|comment| comment.body.contains(says));
    saying.count()
}
