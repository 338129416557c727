//! A GitHub over real HTTP: the API for an App or a personal token, the storage of logs and artifacts,
//! and the App's webhooks with their deliveries.
//!
//! The API is at the base URL, and below `/api/v3` as at GitHub Enterprise. Each file is one area; its
//! endpoints are in a table, which `endpoint.rs` puts together.

mod accounts;
mod act;
mod app;
mod artifacts;
mod caches;
mod call;
mod check_changes;
mod checks;
mod comments;
mod commits;
mod contents;
mod control;
mod control_runs;
mod deliveries;
mod deployments;
mod endpoint;
mod git;
mod hosts;
mod inspect;
mod issues;
mod jobs;
mod labels;
mod lifecycle;
mod logs;
mod operations;
mod pages;
mod permissions;
mod plan;
mod pull_wire;
mod pulls;
mod pushes;
mod quota;
mod raw;
mod references;
mod refusal;
mod repositories;
mod repository;
mod rerun;
mod reviews;
mod run_events;
mod runs;
mod search;
mod serve;
mod state;
mod statuses;
mod storage;
mod tokens;
mod webhooks;
mod wording;
mod workflows;

pub(crate) use operations::{operation, overview};
pub(crate) use serve::handle as serve_api;
pub(crate) use state::GitHubState;
pub(crate) use storage::handle as serve_storage;

pub use accounts::{AccountType, Registration};
pub use act::PullFrom;
pub use inspect::{
    CheckView, CommentView, DeliveryView, IssueView, PullView, RepositoryView, RunView,
};
pub use permissions::{Level, Permissions};
pub use plan::{AnnotationPlan, ArtifactPlan, AttemptPlan, JobPlan, RunPlan, StepPlan};
pub use quota::GitHubLimits;
pub use raw::Encoding;
pub use state::Behaviour;
pub use tokens::APP_KEY;

use std::sync::MutexGuard;

use crate::workspace::Workspace;

/// The GitHub of a workspace. Clones refer to the same one.
#[derive(Clone)]
pub struct GitHub(pub(crate) Workspace);

impl Workspace {
    /// The GitHub that runs beside the workspace, on ports of its own.
    pub fn github(&self) -> GitHub {
        GitHub(self.clone())
    }
}

impl GitHub {
    pub(crate) fn state(&self) -> MutexGuard<'_, GitHubState> {
        self.0.github_state()
    }

    /// `http://127.0.0.1:port`, in place of `https://api.github.com`.
    pub fn api_url(&self) -> String {
        self.state().addresses.api.clone()
    }

    /// The same API as that of a GitHub Enterprise server.
    pub fn enterprise_url(&self) -> String {
        format!("{}/api/v3", self.api_url())
    }

    /// Where logs and artifacts are served.
    pub fn storage_url(&self) -> String {
        self.state().addresses.storage.clone()
    }

    /// The time of the workspace.
    pub fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.0.now()
    }

    /// The id of the App.
    pub fn app_id(&self) -> u64 {
        self.state().app.app_id
    }
}
