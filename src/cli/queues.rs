//! `wardroom inbox …` and `wardroom outbox …`: what came in, what goes out, what is stuck.
//!
//! Payloads are not shown, because they contain messages and secrets.

use super::bulk::{self, Act, Rows};
use super::rows::Queue;
use super::{ConfigArgs, Ended, Stop, output, with_database};
use crate::store::{Batching, Store, StoreError};
use clap::{Args, Subcommand};
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
    let asked = match command {
        InboxCommand::List { state, page } => Asked::List(state, page),
        InboxCommand::Show { id } => Asked::Show(id),
        InboxCommand::Replay { state, rows } => Asked::Change(Act::Replay, state, rows),
        InboxCommand::Drop { state, why, rows } => Asked::Change(Act::DropSignal(why), state, rows),
    };
    run(Queue::Inbox, asked, args)
}

pub(super) fn outbox(command: OutboxCommand, args: &ConfigArgs) -> Ended {
    let asked = match command {
        OutboxCommand::List { state, page } => Asked::List(state, page),
        OutboxCommand::Show { id } => Asked::Show(id),
        OutboxCommand::Retry { state, rows } => Asked::Change(Act::Retry, state, rows),
        OutboxCommand::Drop { state, why, rows } => {
            Asked::Change(Act::DropEffect(why), state, rows)
        }
    };
    run(Queue::Outbox, asked, args)
}

enum Asked {
    List(Option<String>, PageArgs),
    Show(Uuid),
    Change(Act, Option<String>, Rows),
}

/// Runs a command against the database, with or without a running server.
fn run(queue: Queue, asked: Asked, args: &ConfigArgs) -> Ended {
    with_database(args, async |config, database| {
        if !database.missing().await?.is_empty() {
            let words = "the database is not migrated: run `wardroom migrate`";
            return Ok(Err(Stop::Unreachable(words.to_owned())));
        }
        let store = database.connect(config, Batching::On);
        let ended = answer(queue, asked, &store).await;
        // A database that did not respond is not waited for again.
        let _closed = tokio::time::timeout(Duration::from_secs(1), store.close()).await;
        Ok(ended.unwrap_or_else(|error| Err(Stop::Unreachable(error.to_string()))))
    })
}

async fn answer(queue: Queue, asked: Asked, store: &Store) -> Result<Ended, StoreError> {
    match asked {
        Asked::List(state, asked) => {
            let rows = queue.rows(store, state.as_deref(), asked.limit, asked.cursor);
            let page = rows.await?;
            for row in &page.items {
                match asked.json {
                    true => output::line(&row.json),
                    false => output::line(row),
                }
            }
            if page.items.is_empty() && !asked.json {
                output::line("nothing");
            }
            if let Some(next) = page.next_cursor {
                output::aside(format_args!("there are more: add --cursor {next}"));
            }
        }
        Asked::Show(id) => match queue.row(store, id).await? {
            Some(row) => output::line(format_args!("{:#}", row.json)),
            None => return Ok(Err(Stop::No(format!("there is no {} {id}", queue.noun())))),
        },
        Asked::Change(act, state, rows) => {
            return bulk::run(store, &act, state.as_deref(), &rows).await;
        }
    }
    Ok(Ok(()))
}

/// A reason that is not empty.
fn reason(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("the reason must not be empty"),
        why => Ok(why.to_owned()),
    }
}
