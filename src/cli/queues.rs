//! `wardroom inbox …` and `wardroom outbox …`: what came in, what goes out, what is stuck.
//!
//! Payloads are not shown, because they contain messages and secrets.

use super::bulk::{self, Act, Rows};
use super::serve::open_error;
use super::{ConfigArgs, Ended, Stop, load, output, run_to_end};
use crate::app::database::Database;
use crate::config::SlackNeed;
use crate::domain::ids::{EffectId, SignalId};
use crate::store::{Batching, InboxRow, OutboxRow, Page, Store, StoreError};
use clap::{Args, Subcommand};
use private_postgres::Mode;
use serde::Serialize;
use std::future::Future;
use std::time::Duration;
use uuid::Uuid;

#[derive(Debug, Subcommand)]
pub(super) enum InboxCommand {
    /// List signals, newest first
    List {
        /// Only list rows in this state
        #[arg(long, value_parser = ["open", "done", "parked"])]
        state: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show a signal
    Show {
        /// The row's id
        id: Uuid,
    },
    /// Decide signals again; effects that were done are not repeated
    Replay {
        /// Of all rows, those in this state [default: parked]
        #[arg(long, requires = "all", conflicts_with = "ids", value_parser = ["parked", "done"])]
        state: Option<String>,
        #[command(flatten)]
        rows: Rows,
    },
    /// Drop signals: they are never decided
    Drop {
        /// Of all rows, those in this state [default: parked]
        #[arg(long, requires = "all", conflicts_with = "ids", value_parser = ["parked", "open"])]
        state: Option<String>,
        /// The reason, for the audit log
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        why: String,
        #[command(flatten)]
        rows: Rows,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum OutboxCommand {
    /// List effects, newest first
    List {
        /// Only list rows in this state
        #[arg(long, value_parser = ["open", "done", "uncertain", "parked", "dropped"])]
        state: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show an effect
    Show {
        /// The row's id
        id: Uuid,
    },
    /// Retry parked, dropped or uncertain effects
    Retry {
        /// Of all rows, those in this state [default: parked]
        #[arg(long, requires = "all", conflicts_with = "ids", value_parser = ["uncertain", "parked", "dropped"])]
        state: Option<String>,
        #[command(flatten)]
        rows: Rows,
    },
    /// Drop effects: they are never carried out
    Drop {
        /// Of all rows, those in this state [default: parked]
        #[arg(long, requires = "all", conflicts_with = "ids", value_parser = ["parked", "uncertain", "open"])]
        state: Option<String>,
        /// The reason, for the audit log
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        why: String,
        #[command(flatten)]
        rows: Rows,
    },
}

#[derive(Debug, Args, Clone)]
pub(super) struct PageArgs {
    /// The maximum number of rows
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=200))]
    limit: i64,
    /// Continue after the previous page, which prints the number
    #[arg(long, value_name = "N")]
    cursor: Option<i64>,
    /// Print JSON, one object per line
    #[arg(long)]
    json: bool,
}

pub(super) fn inbox(command: InboxCommand, args: &ConfigArgs) -> Ended {
    with_store(args, async |store| match command {
        InboxCommand::List { state, page } => {
            let rows = store.inbox_rows(state.as_deref(), page.limit, page.cursor);
            print(&rows.await?, &page, inbox_line);
            Ok(Ok(()))
        }
        InboxCommand::Show { id } => match store.inbox_row(SignalId(id)).await? {
            Some(row) => shown(&row),
            None => Ok(Err(Stop::No(format!("there is no signal {id}")))),
        },
        InboxCommand::Replay { state, rows } => {
            bulk::run(&store, &Act::Replay, state.as_deref(), &rows).await
        }
        InboxCommand::Drop { state, why, rows } => {
            bulk::run(&store, &Act::DropSignal(why), state.as_deref(), &rows).await
        }
    })
}

pub(super) fn outbox(command: OutboxCommand, args: &ConfigArgs) -> Ended {
    with_store(args, async |store| match command {
        OutboxCommand::List { state, page } => {
            let rows = store.outbox_rows(state.as_deref(), page.limit, page.cursor);
            print(&rows.await?, &page, outbox_line);
            Ok(Ok(()))
        }
        OutboxCommand::Show { id } => match store.outbox_row(EffectId(id)).await? {
            Some(row) => shown(&row),
            None => Ok(Err(Stop::No(format!("there is no effect {id}")))),
        },
        OutboxCommand::Retry { state, rows } => {
            bulk::run(&store, &Act::Retry, state.as_deref(), &rows).await
        }
        OutboxCommand::Drop { state, why, rows } => {
            bulk::run(&store, &Act::DropEffect(why), state.as_deref(), &rows).await
        }
    })
}

/// Runs a command against the database, with or without a running server.
fn with_store<F>(args: &ConfigArgs, command: impl FnOnce(Store) -> F) -> Ended
where
    F: Future<Output = Result<Ended, StoreError>>,
{
    let (config, _notices) = load(args, SlackNeed::Optional)?;
    run_to_end(async {
        let opened = Database::open(&config, Mode::Command)
            .await
            .map_err(open_error)?;
        let missing = opened.missing().await.map_err(open_error)?;
        let done = if missing.is_empty() {
            let store = opened.connect(&config, Batching::On);
            let done = command(store.clone()).await;
            // A database that did not respond is not waited for again.
            let _closed = tokio::time::timeout(Duration::from_secs(1), store.close()).await;
            done.map_err(|error| Stop::Unreachable(error.to_string()))
        } else {
            Err(Stop::Unreachable(
                "the database is not migrated: run `wardroom migrate`".to_owned(),
            ))
        };
        let closed = opened.close().await;
        let ended = done?;
        closed.map_err(|error| Stop::Unreachable(format!("{error:#}")))?;
        ended
    })
}

fn shown(row: &impl Serialize) -> Result<Ended, StoreError> {
    let json = serde_json::to_string_pretty(row)
        .map_err(|error| StoreError::Unreadable(error.to_string()))?;
    output::line(json);
    Ok(Ok(()))
}

fn print<T: Serialize>(page: &Page<T>, asked: &PageArgs, line: fn(&T) -> String) {
    for row in &page.items {
        if asked.json {
            output::line(serde_json::to_string(row).unwrap_or_default());
        } else {
            output::line(line(row));
        }
    }
    if page.items.is_empty() && !asked.json {
        output::line("nothing");
    }
    if let Some(next) = &page.next_cursor {
        output::aside(format_args!("there are more: add --cursor {next}"));
    }
}

fn inbox_line(row: &InboxRow) -> String {
    let error = row
        .error
        .as_deref()
        .map(|error| format!("  {error}"))
        .unwrap_or_default();
    format!(
        "{}  {}  {:<7} {:<22} {}{error}",
        row.id,
        row.received_at.format("%Y-%m-%d %H:%M:%S"),
        row.state,
        format!("{}/{}", row.source, row.kind),
        row.subject,
    )
}

fn outbox_line(row: &OutboxRow) -> String {
    let error = row
        .error
        .as_deref()
        .map(|error| format!("  {error}"))
        .unwrap_or_default();
    format!(
        "{}  {}  {:<9} {:<16} {}  {}×{error}",
        row.id,
        row.created_at.format("%Y-%m-%d %H:%M:%S"),
        row.state,
        row.kind,
        row.lane,
        row.attempts,
    )
}

/// A reason that is not empty.
fn reason(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("the reason must not be empty"),
        why => Ok(why.to_owned()),
    }
}
