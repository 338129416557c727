//! What changed in a service's repositories: on the timeline of its incidents, and as a cause of one.
//!
//! Pushes, merged pull requests and deployments are kept for some days. An incident that is declared gets
//! those of the hour before, and while it is open each further one. A deployment to production that fails
//! opens an incident or joins the open one, and may be rolled back by a button.

mod change;
mod decide;
mod deployments;
mod event;
mod facts;
mod incidents;
mod message;
mod model;
mod purpose;
mod receipts;
mod rollback;
#[cfg(test)]
mod tests;

pub use change::Change;
pub use decide::{decide, due};
pub use event::Event;
pub use facts::{
    Facts, Needs, needs, needs_of_press, needs_of_receipt, needs_of_run, needs_when_due,
};
pub use incidents::WINDOW;
pub use message::{ROLLBACK, Rollback, changes, deployment};
pub use model::{
    CodeChange, DeploymentId, DeploymentState, Entry, FailedDeployment, FollowedIncident, Posting,
    RollbackState, RollbackTaken, What,
};
pub use purpose::Purpose;
pub use receipts::decide_receipt;
pub use rollback::{pressed, run_ended};
