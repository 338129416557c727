//! Which rows change.

use super::model::{CodeChange, FailedDeployment, FollowedIncident};

#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A change of a repository: a new one, or news about a known one.
    Code {
        /// As names are compared.
        service: String,
        change: CodeChange,
    },
    Incident(Box<FollowedIncident>),
    Deployment(Box<FailedDeployment>),
}
