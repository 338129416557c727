//! The area of incidents: one file for each rule, over the model and the facts.
//!
//! The imports have no circle. At the bottom are `model`, `purpose` and `notices`; then `event`, `facts`
//! and `change`; then `case`, which every rule gets; at the top `requests` and `receipts`, and
//! `decide`, the door into the area.

pub mod act;
mod answer;
pub mod buttons;
pub mod card;
mod case;
mod change;
pub mod channel;
mod channel_events;
pub mod command;
mod decide;
mod declare;
pub mod declare_form;
mod event;
mod facts;
#[cfg(test)]
pub(crate) mod fixtures;
mod followed;
pub mod forms;
pub(crate) mod help;
mod invitation;
mod menu;
mod model;
pub mod naming;
pub mod notices;
mod operators;
mod outside_channel;
pub mod postmortem;
mod purpose;
mod receipts;
mod record;
mod requests;
mod resolve;
pub mod resolve_form;
mod rights;
mod roles;
mod route;
mod severity;
pub mod status_page;
#[cfg(test)]
mod tests;
mod timeline;
mod update;
pub mod validate;
pub mod verbs;
pub(crate) mod words;

pub use super::declaration::{Declaration, Kind, Source};
pub use super::severity::Severity;
pub use change::Change;
pub use decide::Incidents;
pub use event::{Closing, Event, Timer, Trouble};
pub use facts::{Facts, Needs, Wanted};
pub use model::{
    Incident, Notification, NotificationStatus, Occasion, Role, Status, Target, TimelineEntry,
    TimelineKind,
};
pub use purpose::{Purpose, Why};
