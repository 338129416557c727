//! Continuous integration: the runs of workflows, and the failures that a channel is told of.
//!
//! A run is kept with its newest attempt. A failure is open for a workflow on a default branch
//! from its first failed run until a newer one succeeds, and each channel has one message of it.

mod answer;
mod asked;
mod change;
pub mod command;
mod decide;
mod event;
mod facts;
pub mod findings;
mod message;
mod model;
pub mod playbook;
mod purpose;
mod receipts;
pub mod record;
pub mod reports;
pub mod request;
#[cfg(test)]
mod tests;
mod timer;
pub mod verbs;
mod watched;

pub use change::Change;
pub use decide::Ci;
pub use event::{Event, Seen};
pub use facts::{Facts, Needs};
pub use message::message;
pub use model::{Code, Conclusion, Failed, Failure, FailureId, Green, Line, Place, Run, Status};
pub use purpose::Purpose;
pub use timer::Timer;

/// A decision of this area.
type Decision = super::decision::Decision<Change, Purpose>;
/// The end of an effect of this area.
type Receipt = super::signal::Receipt<Purpose>;
