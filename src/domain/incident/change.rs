//! Which rows of incidents change.

use super::super::ids::EffectId;
use super::model::{Incident, Notification, NotificationStatus, TimelineEntry};
use super::notices::Notice;

#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    Declare(Box<Incident>),
    /// An incident as it is now, under the lock with which it was loaded.
    Save(Box<Incident>),
    /// A new line of a timeline.
    Timeline(TimelineEntry),
    /// A target is to be notified.
    Notify(Notification),
    /// How notifying a target ended.
    Notified {
        /// The effect that carried it.
        effect: EffectId,
        status: NotificationStatus,
        error: Option<String>,
    },
    /// A notice for operators as it is now: a new one, or one of which only the count has changed.
    Notice(Notice),
}
