//! What `replay`, `retry` and `drop` do to rows: those named by their ids, or with `--all` every row
//! that matches.
//!
//! `--all` counts first and asks on the terminal. Then each row has a transaction of its own, in the
//! order of the queue; a row whose state has changed since it was counted is left as it is.

use super::rows::{Queue, Row};
use super::{Ended, Stop, output};
use crate::config::duration;
use crate::domain::ids::{EffectId, SignalId};
use crate::engine::clock::Clock;
use crate::store::{Operator, Store, StoreError};
use crate::telemetry::stderr;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use std::io::{self, BufRead as _, IsTerminal as _};
use uuid::Uuid;

/// The rows of a page while they are counted.
const PAGE: i64 = 200;
/// Progress is printed after this many rows.
const STEP: usize = 100;

/// Which rows: ids, or all that match.
#[derive(Debug, Args, Clone)]
pub(super) struct Rows {
    /// The rows' ids
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    ids: Vec<Uuid>,
    /// All rows that match, after a question on the terminal
    #[arg(long)]
    all: bool,
    /// Of all rows, those of this kind, as `list` prints it
    #[arg(long, requires = "all", conflicts_with = "ids")]
    kind: Option<String>,
    /// Of all rows, those since this time, such as 72h, or in RFC 3339
    #[arg(long, value_name = "TIME", requires = "all", conflicts_with = "ids", value_parser = since)]
    since: Option<DateTime<Utc>>,
    /// Do not ask before all rows are changed
    #[arg(long, requires = "all", conflicts_with = "ids")]
    yes: bool,
}

pub(super) enum Act {
    Replay,
    DropSignal(String),
    Retry,
    DropEffect(String),
}

/// The number of rows by result.
#[derive(Default)]
struct Counts {
    done: usize,
    changed: usize,
    refused: usize,
}

impl Act {
    /// `false`: the row's state does not allow it.
    async fn on(&self, store: &Store, id: Uuid) -> Result<bool, StoreError> {
        let (by, now) = (Operator::Cli, Clock::System.now());
        match self {
            Self::Replay => store.replay(SignalId(id), by, now).await,
            Self::DropSignal(why) => store.drop_signal(SignalId(id), why, by, now).await,
            Self::Retry => store.retry_effect(EffectId(id), by, now).await,
            Self::DropEffect(why) => store.drop_effect(EffectId(id), why, by, now).await,
        }
    }

    fn queue(&self) -> Queue {
        match self {
            Self::Replay | Self::DropSignal(_) => Queue::Inbox,
            Self::Retry | Self::DropEffect(_) => Queue::Outbox,
        }
    }

    /// The verb, its past form, and when the row's state does not allow it.
    fn words(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Replay => (
                "Replay",
                "replayed",
                "it is open already, its body was deleted, or it has changed an incident",
            ),
            Self::Retry => ("Retry", "retried", "it is done, or waits for its turn"),
            Self::DropSignal(_) => ("Drop", "dropped", "it is decided or dropped already"),
            Self::DropEffect(_) => (
                "Drop",
                "dropped",
                "it is done or dropped, or it is in progress; try again in 15 s",
            ),
        }
    }

    fn refused(&self, id: Uuid) -> String {
        let (_, past, why) = self.words();
        let noun = self.queue().noun();
        format!("{id} is not {past}: there is no such {noun}, {why}")
    }

    /// The ids of the rows that match, the oldest first.
    async fn matching(
        &self,
        store: &Store,
        state: &str,
        wanted: &Rows,
    ) -> Result<Vec<Uuid>, StoreError> {
        let fits = |row: &Row| {
            wanted.kind.as_ref().is_none_or(|kind| *kind == row.kind)
                && wanted.since.is_none_or(|since| row.at >= since)
        };
        let mut found = Vec::new();
        let mut below = None;
        loop {
            let page = self.queue().rows(store, Some(state), PAGE, below);
            let page = page.await?;
            let rows = page.items.into_iter().filter(fits);
            found.extend(rows.map(|row| row.id));
            below = page.next_cursor.and_then(|next| next.parse().ok());
            if below.is_none() {
                found.reverse();
                return Ok(found);
            }
        }
    }

    /// Whether the row is in the state in which it was counted.
    async fn still(&self, store: &Store, id: Uuid, state: &str) -> Result<bool, StoreError> {
        let row = self.queue().row(store, id).await?;
        Ok(row.is_some_and(|row| row.state == state))
    }

    fn counted(&self, count: usize) -> String {
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {}{plural}", self.queue().noun())
    }
}

/// Changes the rows; `state` is the one that `--all` selects.
pub(super) async fn run(
    store: &Store,
    act: &Act,
    state: Option<&str>,
    rows: &Rows,
) -> Result<Ended, StoreError> {
    if rows.all {
        return run_all(store, act, state.unwrap_or("parked"), rows).await;
    }
    let (_, past, _) = act.words();
    let mut refused = Vec::new();
    for id in &rows.ids {
        if act.on(store, *id).await? {
            output::line(format_args!("{id} is {past}"));
        } else {
            refused.push(act.refused(*id));
        }
    }
    Ok(if refused.is_empty() {
        Ok(())
    } else {
        Err(Stop::No(refused.join("\n")))
    })
}

async fn run_all(store: &Store, act: &Act, state: &str, rows: &Rows) -> Result<Ended, StoreError> {
    let ids = act.matching(store, state, rows).await?;
    let match_word = if ids.len() == 1 { "matches" } else { "match" };
    let found = format!("{} {match_word}", act.counted(ids.len()));
    if ids.is_empty() || rows.yes {
        output::line(format_args!("{found}."));
    } else if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Ok(Err(Stop::Wrong(format!(
            "{found}; there is no terminal to ask on: add --yes"
        ))));
    } else {
        let them = if ids.len() == 1 { "it" } else { "them" };
        let (verb, ..) = act.words();
        stderr::write(format!("{found}. {verb} {them}? [y/N] ").as_bytes());
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        if read.is_err() || !agrees(&answer) {
            return Ok(Err(Stop::No("nothing is changed".to_owned())));
        }
    }
    let mut counts = Counts::default();
    for (number, id) in (1..).zip(&ids) {
        if act.on(store, *id).await? {
            counts.done += 1;
        } else if act.still(store, *id, state).await? {
            counts.refused += 1;
            output::aside(act.refused(*id));
        } else {
            counts.changed += 1;
        }
        if number % STEP == 0 && number < ids.len() {
            output::aside(format_args!("{number} of {}", ids.len()));
        }
    }
    if ids.is_empty() {
        return Ok(Ok(()));
    }
    output::line(counts.words(act));
    Ok(if counts.refused == 0 {
        Ok(())
    } else {
        Err(Stop::No(String::new()))
    })
}

impl Counts {
    fn words(&self, act: &Act) -> String {
        let (_, past, _) = act.words();
        let mut words = format!("{} {past}", act.counted(self.done));
        if self.changed > 0 {
            words += &format!(", {} skipped: changed meanwhile", self.changed);
        }
        if self.refused > 0 {
            words += &format!(", {} refused", self.refused);
        }
        words
    }
}

fn agrees(answer: &str) -> bool {
    let answer = answer.trim();
    answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes")
}

/// A time in RFC 3339, or a duration with its unit before now.
pub(super) fn since(text: &str) -> Result<DateTime<Utc>, &'static str> {
    const WRONG: &str = "a duration such as 72h, or a time such as 2026-01-31T09:00:00Z";
    if let Ok(at) = DateTime::parse_from_rfc3339(text.trim()) {
        return Ok(at.with_timezone(&Utc));
    }
    let unit = text.trim().ends_with(|c: char| c.is_ascii_alphabetic());
    let (span, _unit) = duration(text).filter(|_| unit).ok_or(WRONG)?;
    let span = TimeDelta::from_std(span).map_err(|_| WRONG)?;
    Clock::System.now().checked_sub_signed(span).ok_or(WRONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        for (answer, agreed) in [
            ("y\n", true),
            ("Yes\n", true),
            ("\n", false),
            ("", false),
            ("n\n", false),
            ("yesterday\n", false),
        ] {
            assert_eq!(agrees(answer), agreed, "{answer:?}");
        }
    }

    #[test]
    fn a_start_is_a_time_or_a_duration_with_its_unit() {
        let at = since("2026-01-31T10:00:00+01:00").unwrap();
        assert_eq!(at.to_rfc3339(), "2026-01-31T09:00:00+00:00");
        let start = since("72h").unwrap();
        let ago = Clock::System.now() - start;
        assert_eq!(ago.num_hours(), 72);
        for wrong in ["72", "yesterday", "", "2026-01-31"] {
            assert!(since(wrong).is_err(), "{wrong:?}");
        }
    }
}
