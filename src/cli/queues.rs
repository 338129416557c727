//! `wardroom inbox …` and `wardroom outbox …`: what came in, what goes out, what is stuck.
//!
//! Payloads are never shown: they hold people's words and secrets.

use super::serve::cannot_open;
use super::{
    ConfigArgs, Ended, InboxCommand, OutboxCommand, PageArgs, Stop, effect_ids, load, output,
    run_to_end, signal_ids,
};
use crate::app::database::Opened;
use crate::config::SlackNeed;
use crate::domain::ids::{EffectId, SignalId};
use crate::engine::clock::Clock;
use crate::private_postgres::Mode;
use crate::store::{Batching, InboxRow, Operator, OutboxRow, Page, Store, StoreError};
use serde::Serialize;
use std::future::Future;
use std::time::Duration;

pub(super) fn inbox(command: InboxCommand, args: &ConfigArgs) -> Ended {
    with_store(args, async |store| match command {
        InboxCommand::List { state, page } => {
            let rows = store.inbox_rows(state.as_deref(), page.limit, page.cursor);
            print(&rows.await?, &page, inbox_line);
            Ok(None)
        }
        InboxCommand::Show { id } => match store.inbox_row(SignalId(id)).await? {
            Some(row) => shown(&row),
            None => Ok(Some(format!("there is no signal {id}"))),
        },
        InboxCommand::Replay { ids } => {
            let mut refused = Vec::new();
            for id in signal_ids(&ids) {
                if store.replay(id, Operator::Cli, Clock::System.now()).await? {
                    output::line(format_args!("{id} is decided again"));
                } else {
                    refused.push(format!(
                        "{id} is not replayed: there is no such signal, it is open already, its body is forgotten, or it has changed an incident"
                    ));
                }
            }
            Ok(words_if_any(refused))
        }
    })
}

pub(super) fn outbox(command: OutboxCommand, args: &ConfigArgs) -> Ended {
    with_store(args, async |store| match command {
        OutboxCommand::List { state, page } => {
            let rows = store.outbox_rows(state.as_deref(), page.limit, page.cursor);
            print(&rows.await?, &page, outbox_line);
            Ok(None)
        }
        OutboxCommand::Show { id } => match store.outbox_row(EffectId(id)).await? {
            Some(row) => shown(&row),
            None => Ok(Some(format!("there is no effect {id}"))),
        },
        OutboxCommand::Retry { ids } => {
            let mut refused = Vec::new();
            for id in effect_ids(&ids) {
                if store
                    .retry_effect(id, Operator::Cli, Clock::System.now())
                    .await?
                {
                    output::line(format_args!("{id} is tried again"));
                } else {
                    refused.push(format!(
                        "{id} is not retried: there is no such effect, it is done, or it waits for its turn already"
                    ));
                }
            }
            Ok(words_if_any(refused))
        }
        OutboxCommand::Drop { id, why } => {
            if store
                .drop_effect(EffectId(id), &why, Operator::Cli, Clock::System.now())
                .await?
            {
                output::line(format_args!("{id} is dropped"));
                return Ok(None);
            }
            Ok(Some(format!(
                "{id} is not dropped: there is no such effect, it is done or dropped, or it is under way; try again in 15 s"
            )))
        }
    })
}

/// Runs a command against the database, beside a running server or alone. What it gives back is
/// why the answer is no.
fn with_store<F>(args: &ConfigArgs, command: impl FnOnce(Store) -> F) -> Ended
where
    F: Future<Output = Result<Option<String>, StoreError>>,
{
    let (config, _notices) = load(args, SlackNeed::Optional)?;
    run_to_end(async {
        let opened = Opened::open(&config, Mode::Command)
            .await
            .map_err(cannot_open)?;
        let missing = opened.missing().await.map_err(cannot_open)?;
        let done = if missing.is_empty() {
            let store = opened.connect(&config, Batching::On);
            let done = command(store.clone()).await;
            // What does not answer is not waited for twice.
            let _closed = tokio::time::timeout(Duration::from_secs(1), store.close()).await;
            done.map_err(|error| Stop::Unreachable(error.to_string()))
        } else {
            Err(Stop::Unreachable(
                "the database is not migrated: run `wardroom migrate`".to_owned(),
            ))
        };
        let closed = opened.close().await;
        let refused = done?;
        closed.map_err(|error| Stop::Unreachable(format!("{error:#}")))?;
        refused.map_or(Ok(()), |words| Err(Stop::No(words)))
    })
}

fn shown(row: &impl Serialize) -> Result<Option<String>, StoreError> {
    let json = serde_json::to_string_pretty(row)
        .map_err(|error| StoreError::Unreadable(error.to_string()))?;
    output::line(json);
    Ok(None)
}

fn words_if_any(refused: Vec<String>) -> Option<String> {
    (!refused.is_empty()).then(|| refused.join("\n"))
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
