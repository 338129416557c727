//! Continuous integration: the runs of workflows, why they fail, and the failures that a channel is told of.
//!
//! A run is kept with its newest attempt. A failure is open for a workflow on a branch, or for pull requests
//! from it, from the first failed run until a newer one succeeds, and each channel has one message of it.
//! Each attempt that failed is inspected: what GitHub knows of it is read, and a finding is made for
//! each failed job.

mod answer;
mod asked;
pub mod backtest;
pub mod buttons;
mod change;
pub mod changes;
mod circumstances;
pub mod command;
pub mod comment;
mod comment_events;
mod decide;
pub mod deliveries;
pub mod digest;
mod digest_due;
mod event;
mod facts;
mod failure;
mod finding;
pub mod findings;
mod ignore;
mod ignored;
mod inspect;
mod inspection;
mod issue_events;
pub mod issues;
pub mod list;
mod message;
mod model;
mod observed;
mod open_incident;
pub mod overdue;
mod own_rules;
pub mod playbook;
mod posts;
mod progress;
mod pull_news;
mod pulls;
mod purpose;
mod receipts;
pub mod record;
mod record_facts;
mod redeliver;
mod refusals;
mod repair;
mod repair_approved;
mod repair_ended;
mod repair_overdue;
mod repair_plan;
mod repair_steps;
mod repair_told;
mod repair_words;
pub mod reports;
pub mod request;
mod seen;
#[cfg(test)]
mod tests;
mod timer;
pub mod verbs;
mod verdict;
mod watched;
mod why;

pub use change::Change;
pub use circumstances::Circumstances;
pub use decide::Ci;
pub use event::{Event, IssueEdited, OfRecord, Seen};
pub use facts::{Facts, Needs};
pub use failure::{Failed, Failure, FailureId, Green};
pub use finding::{FailedJob, FindingId, JobFinding};
pub use ignored::{Ignored, all_ignored};
pub use inspection::{Inspection, InspectionId, Log, Read};
pub use message::{Shown, message};
pub use model::{Code, Conclusion, Line, OUR_BRANCHES, Place, Run, Status};
pub use own_rules::{OwnFile, PATH as OWN_FILE, Problem, held_back};
pub use progress::{Progress, Stage};
pub use pull_news::PullNews;
pub use purpose::Purpose;
pub use record_facts::{RecordFacts, RecordNeeds, Round};
pub use repair::{RepairId, RepairState, RepairStep, Repaired};
pub use timer::Timer;
pub use watched::fits;

/// A decision of this area.
type Decision = super::decision::Decision<Change, Purpose>;
/// The end of an effect of this area.
type Receipt = super::signal::Receipt<Purpose>;
