//! Who calls, what an endpoint needs, and what is refused.
//!
//! A private repository that the caller cannot see is 404, and so is a missing one. A repository that it
//! sees, without the permission, is 403. Anyone may read a public repository.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::accounts::Holder;
use super::refusal::Refusal;
use super::repository::Repository;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Read,
    Write,
    Admin,
}

pub type Permissions = BTreeMap<String, Level>;

impl Level {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

/// Who calls.
#[derive(Clone)]
pub(crate) enum Caller {
    Anonymous,
    /// The App itself, by its JSON web token.
    App,
    Token {
        holder: Holder,
        permissions: Permissions,
        /// The repositories that the token reaches.
        repositories: BTreeSet<u64>,
    },
}

/// What an endpoint needs. Of several permissions, one is enough.
#[derive(Clone, Copy)]
pub(crate) enum Needs {
    Nothing,
    App,
    Installation,
    Person,
    Repository(&'static [(&'static str, Level)]),
}

impl Needs {
    pub(crate) const METADATA: Self = Self::Repository(&[("metadata", Level::Read)]);
    pub(crate) const ACTIONS_READ: Self = Self::Repository(&[("actions", Level::Read)]);
    pub(crate) const ACTIONS_WRITE: Self = Self::Repository(&[("actions", Level::Write)]);
    pub(crate) const CHECKS_READ: Self = Self::Repository(&[("checks", Level::Read)]);
    pub(crate) const CHECKS_WRITE: Self = Self::Repository(&[("checks", Level::Write)]);
    pub(crate) const CONTENTS_READ: Self = Self::Repository(&[("contents", Level::Read)]);
    pub(crate) const CONTENTS_WRITE: Self = Self::Repository(&[("contents", Level::Write)]);
    pub(crate) const DEPLOYMENTS_READ: Self = Self::Repository(&[("deployments", Level::Read)]);
    pub(crate) const DEPLOYMENTS_WRITE: Self = Self::Repository(&[("deployments", Level::Write)]);
    pub(crate) const STATUSES_READ: Self = Self::Repository(&[("statuses", Level::Read)]);
    pub(crate) const STATUSES_WRITE: Self = Self::Repository(&[("statuses", Level::Write)]);
    pub(crate) const PULLS_READ: Self = Self::Repository(&[("pull_requests", Level::Read)]);
    pub(crate) const PULLS_WRITE: Self = Self::Repository(&[("pull_requests", Level::Write)]);
    /// Issues, and pull requests as far as they are issues: comments and labels.
    pub(crate) const ISSUES_READ: Self =
        Self::Repository(&[("issues", Level::Read), ("pull_requests", Level::Read)]);
    pub(crate) const ISSUES_WRITE: Self =
        Self::Repository(&[("issues", Level::Write), ("pull_requests", Level::Write)]);
    pub(crate) const ISSUE_CREATE: Self = Self::Repository(&[("issues", Level::Write)]);

    /// The value of `x-accepted-github-permissions`.
    pub(crate) fn accepted(self) -> Option<String> {
        let Self::Repository(any) = self else {
            return None;
        };
        let words = any
            .iter()
            .map(|(name, level)| format!("{name}={}", level.word()));
        Some(words.collect::<Vec<_>>().join("; "))
    }

    fn level(self) -> Level {
        match self {
            Self::Repository(any) => any.iter().map(|(_, level)| *level).min(),
            Self::Nothing | Self::App | Self::Installation | Self::Person => None,
        }
        .unwrap_or(Level::Read)
    }

    /// For an endpoint without a repository.
    pub(crate) fn check(self, caller: &Caller) -> Result<(), Refusal> {
        let holder = match caller {
            Caller::Token { holder, .. } => Some(holder),
            Caller::Anonymous | Caller::App => None,
        };
        match (self, caller) {
            (Self::App, Caller::App) | (Self::Nothing | Self::Repository(_), _) => Ok(()),
            (Self::App, _) => Err(unauthorized("A JSON web token could not be decoded")),
            (_, Caller::Anonymous) => Err(unauthorized("Requires authentication")),
            (_, Caller::App) => Err(unauthorized("Bad credentials")),
            (Self::Installation, _) if matches!(holder, Some(Holder::Installation(_))) => Ok(()),
            (Self::Installation, _) => Err(Refusal::forbidden(
                "You must authenticate with an installation access token in order to list \
                 repositories for an installation.",
            )),
            (Self::Person, _) if matches!(holder, Some(Holder::Person(_))) => Ok(()),
            (Self::Person, _) => Err(Refusal::forbidden("Resource not accessible by integration")),
        }
    }
}

fn unauthorized(message: &str) -> Refusal {
    Refusal::new(axum::http::StatusCode::UNAUTHORIZED, message)
}

impl Caller {
    /// Whether the caller sees the repository at all.
    pub(crate) fn sees(&self, repository: &Repository) -> bool {
        !repository.private || self.reaches(repository)
    }

    pub(crate) fn reaches(&self, repository: &Repository) -> bool {
        matches!(self, Self::Token { repositories, .. } if repositories.contains(&repository.id))
    }

    pub(crate) fn may(&self, permission: &str, level: Level) -> bool {
        let Self::Token { permissions, .. } = self else {
            return false;
        };
        let metadata = permission == "metadata" && level == Level::Read;
        metadata || permissions.get(permission).is_some_and(|has| *has >= level)
    }

    /// Whether the caller may use an endpoint of this repository.
    pub(crate) fn check(&self, repository: &Repository, needs: Needs) -> Result<(), Refusal> {
        if matches!(self, Self::App) && !matches!(needs, Needs::App) {
            return Err(Refusal::bad_credentials());
        }
        let Needs::Repository(any) = needs else {
            return needs.check(self);
        };
        if !self.sees(repository) {
            return Err(Refusal::not_found());
        }
        let reads_public = !repository.private && needs.level() == Level::Read;
        let granted = any.iter().any(|(name, level)| self.may(name, *level));
        let pushes = match self {
            Self::Token {
                holder: Holder::Person(login),
                ..
            } if needs.level() > Level::Read => repository.may_push(login),
            Self::Anonymous | Self::App | Self::Token { .. } => true,
        };
        if reads_public || (self.reaches(repository) && granted && pushes) {
            return Ok(());
        }
        match self {
            Self::Anonymous => Err(unauthorized("Requires authentication")),
            Self::Token {
                holder: Holder::Person(_),
                ..
            } => Err(Refusal::forbidden(
                "Resource not accessible by personal access token",
            )),
            Self::App | Self::Token { .. } => {
                Err(Refusal::forbidden("Resource not accessible by integration"))
            }
        }
    }
}
