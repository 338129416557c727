//! Simulates a Slack workspace, a GitHub and a Statuspage over real HTTP.
//!
//! For demos and tests. The app under test uses signed requests and the Web API only. The simulator
//! enforces the providers' rules, because one that accepts every call would prove nothing; where their
//! documentation is unclear, it applies the stricter reading.

mod app_client;
mod args;
mod auth;
mod blocks;
#[cfg(test)]
mod blocks_tests;
mod channel_actions;
mod control;
mod elements;
mod error;
mod events;
#[cfg(test)]
mod fault_tests;
mod faults;
mod github;
mod internals;
mod limits;
mod modals;
mod names;
mod operations;
mod options;
mod person;
mod response_url;
mod server;
mod snapshot;
mod state;
mod statuspage;
mod teams;
mod web_api;
mod wire;
mod workspace;

pub use app_client::AppResponse;
pub use auth::Signing;
pub use faults::{Fault, FaultRule};
pub use github::{
    APP_KEY, AccountType, AnnotationPlan, ArtifactPlan, AttemptPlan, Behaviour, CheckView,
    CommentView, DeliveryView, Encoding, GitHub, GitHubLimits, IssueView, JobPlan, Level,
    Permissions, PullFrom, PullView, Registration, RepositoryView, RunPlan, RunView, StepPlan,
};
pub use limits::Limits;
pub use modals::Submitted;
pub use options::{App, Now, Options};
pub use person::Person;
pub use snapshot::{ChannelView, FileView, MessageView, Snapshot, UserView};
pub use state::ChannelType;
pub use workspace::{ApiCall, Workspace};

use std::time::Duration;

/// Runs a workspace until the future is dropped.
///
/// `ready` is called once, before the first connection, and can print the address and add users.
pub async fn serve_standalone(
    options: Options,
    ready: impl FnOnce(&Workspace),
) -> std::io::Result<()> {
    let workspace = Workspace::start(options).await?;
    ready(&workspace);
    let mut stop = workspace.stopping();
    let mut minute = tokio::time::interval(Duration::from_secs(5));
    loop {
        tokio::select! {
            _ = minute.tick() => workspace.deliver_due_events().await,
            () = stopped(&mut stop) => return Ok(()),
        }
    }
}

/// Does not return the lock of the value, so that the future is `Send`.
async fn stopped(stop: &mut tokio::sync::watch::Receiver<bool>) {
    let _nobody_left = stop.wait_for(|stop| *stop).await.is_ok();
}
