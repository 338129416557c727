//! What can go wrong with the database, as far as callers behave differently.

use super::unfit::Unfit;
use sqlx::postgres::{PgDatabaseError, PgSeverity};
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or takes too long.
    #[error("the database cannot be reached")]
    Unavailable(#[source] sqlx::Error),
    /// The database did not answer within our own limit: its result is unknown.
    #[error("the database does not answer")]
    Silent,
    /// The server takes no writes: a standby, or one that was fenced in a failover.
    #[error("the database takes no writes")]
    ReadOnly,
    /// The database is not what we need, and will not be by itself.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// Two transactions were in each other's way: do it again.
    #[error("the transaction must be done again")]
    Conflict(#[source] sqlx::Error),
    /// Another process holds the lease by now: this result is not recorded.
    #[error("another process holds the lease by now")]
    Fenced,
    /// A row holds what no version of ours wrote.
    #[error("a row cannot be read: {0}")]
    Unreadable(String),
    #[error("the database refused")]
    Refused(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether it says nothing against the call: the same one may succeed once the database is well.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unavailable(_)
            | Self::Silent
            | Self::ReadOnly
            | Self::Unfit(_)
            | Self::Conflict(_) => true,
            Self::Fenced | Self::Unreadable(_) | Self::Refused(_) => false,
        }
    }

    /// Whether waiting may help; what is `Unfit` stays so until a person fixes it.
    pub fn is_away(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(_) | Self::Silent | Self::ReadOnly | Self::Conflict(_)
        )
    }

    /// Of several hosts' errors the one with the most weight is told.
    pub(super) fn weight(&self) -> u8 {
        match self {
            Self::Unfit(_) => 2,
            Self::ReadOnly => 1,
            _ => 0,
        }
    }

    /// Whether the database answers, but this took too long, or waited for another transaction's lock.
    pub fn is_slow(&self) -> bool {
        let Self::Unavailable(sqlx::Error::Database(database)) = self else {
            return false;
        };
        matches!(database.code().as_deref(), Some("57014" | "55P03"))
    }

    /// What the database said, for a parked row: its code and the constraint, and no values.
    pub fn code(&self) -> String {
        match self {
            Self::Refused(sqlx::Error::Database(database)) => {
                let constraint = database.constraint().unwrap_or("no constraint");
                let code = database.code().unwrap_or_default();
                format!("database {code} ({constraint})")
            }
            other => other.to_string(),
        }
    }
}

/// What is wrong with JSON, without a word of what it holds: serde's own text quotes values.
pub fn json_error(error: &serde_json::Error) -> String {
    format!(
        "{:?} error at line {}, column {}",
        error.classify(),
        error.line(),
        error.column()
    )
    .to_lowercase()
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Unreadable(json_error(&error))
    }
}

/// How often this process waited in vain for a connection: a counter for the metrics.
static ACQUIRE_TIMEOUTS: AtomicU64 = AtomicU64::new(0);

/// How often this process waited in vain for a connection.
pub fn acquire_timeouts() -> u64 {
    ACQUIRE_TIMEOUTS.load(Ordering::Relaxed)
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            ACQUIRE_TIMEOUTS.fetch_add(1, Ordering::Relaxed);
        }
        if let sqlx::Error::Database(database) = &error
            && let Some(code) = database.code()
            && let Some(unfit) = Unfit::of(&code, database.message())
        {
            return Self::Unfit(unfit);
        }
        match &error {
            sqlx::Error::Database(database) => match database.code().as_deref() {
                Some("25006") => Self::ReadOnly,
                // Serialization failure, deadlock; two decisions that took one name or number.
                Some("40001" | "40P01" | "23505") => Self::Conflict(error),
                // Shutting down, starting up, too many connections, statement timeout, that is kept for too long; a connection that a pooler broke (its own errors are
                // 08P01), gave to another client in between, or left idle too long.
                Some(code)
                    if ["08", "53", "57"]
                        .iter()
                        .any(|class| code.starts_with(class))
                        || matches!(code, "25P03" | "26000" | "42P05" | "55P03") =>
                {
                    Self::Unavailable(error)
                }
                _ => Self::Refused(error),
            },
            sqlx::Error::RowNotFound
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_) => Self::Unreadable(error.to_string()),
            sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::TimedOut => Self::Silent,
            // A certificate that is not accepted is data that is not valid, to the library.
            sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::InvalidData => {
                Unfit::Tls(io.to_string()).into()
            }
            sqlx::Error::Tls(why) => Unfit::Tls(why.to_string()).into(),
            _ => Self::Unavailable(error),
        }
    }
}

/// What an error says against the connection that it came on; later is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Blame {
    /// Nothing: it serves on.
    Nothing,
    /// It is of no use any more.
    Connection,
    /// Its server is gone, or takes no writes: the connections beside it are no better.
    Server,
    /// It does not answer.
    Silence,
}

/// What an error of a statement says against its connection.
pub(super) fn blame(error: &sqlx::Error) -> Blame {
    match error {
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            let ended = ["25006", "57P01", "57P02", "57P03"].contains(&&*code);
            let fatal = database
                .try_downcast_ref::<PgDatabaseError>()
                .is_some_and(|error| {
                    matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic)
                });
            if ended || code.starts_with("08") {
                Blame::Server
            } else if fatal || matches!(&*code, "26000" | "42P05") {
                Blame::Connection
            } else {
                Blame::Nothing
            }
        }
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => Blame::Server,
        _ => Blame::Nothing,
    }
}

/// A signal could not be made durable; its sender must be told 503.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// More waits than the writer takes on.
    #[error("too much is waiting to be written")]
    Full,
    /// The database did not take it in time.
    #[error("the database did not take it")]
    Unavailable,
}
