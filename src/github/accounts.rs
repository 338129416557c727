//! The installations of the App: one for each account, with its token.
//!
//! A token is valid for an hour and shared by all calls of the process for its account. While one call asks
//! for a token, the others for the same account wait for it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// A token is not used any more so long before its end.
const BEFORE_END: TimeDelta = TimeDelta::minutes(5);
/// Permissions that are missing are asked for again when the token is older: they may have been granted.
const ASKED_AGAIN: TimeDelta = TimeDelta::minutes(1);

/// A token of an installation. Contains a secret: not to be printed.
#[derive(Clone, Deserialize)]
pub(super) struct Token {
    pub(super) token: String,
    expires_at: DateTime<Utc>,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
    #[serde(skip)]
    made_at: DateTime<Utc>,
}

/// An account on which the App is installed.
#[derive(Default)]
pub(super) struct Account {
    pub(super) installation: Option<u64>,
    token: Option<Token>,
}

#[derive(Default)]
pub(super) struct Accounts(Mutex<HashMap<String, Arc<tokio::sync::Mutex<Account>>>>);

/// The access that an endpoint needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Read,
    Write,
}

impl Accounts {
    /// The account of a login. Logins are compared without case.
    pub(super) fn of(&self, owner: &str) -> Arc<tokio::sync::Mutex<Account>> {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts
            .entry(owner.to_ascii_lowercase())
            .or_default()
            .clone()
    }
}

impl Account {
    /// The token, if it can still be used; not the one that was refused.
    pub(super) fn token(&mut self, refused: Option<&str>, now: DateTime<Utc>) -> Option<&Token> {
        let token = self.token.take();
        self.token = token.filter(|token| {
            token.expires_at - BEFORE_END > now && Some(token.token.as_str()) != refused
        });
        self.token.as_ref()
    }

    pub(super) fn keep(&mut self, mut token: Token, now: DateTime<Utc>) -> &Token {
        token.made_at = now;
        self.token.insert(token)
    }
}

impl Token {
    pub(super) fn has(&self, permission: &str, level: Level) -> bool {
        match self.permissions.get(permission).map(String::as_str) {
            None => false,
            Some("read") => level == Level::Read,
            Some(_write_or_admin) => true,
        }
    }

    pub(super) fn is_new(&self, now: DateTime<Utc>) -> bool {
        now - self.made_at < ASKED_AGAIN
    }
}
