//! Notices for operators of rows that are stuck: one message for a kind and cause, with a count.
//!
//! - The first row gives a message at once, in words of its own.
//! - Rows of the same kind with the same cause raise the count of that message for [`LASTS`], and the
//!   message is edited, at most once in 15 s. A row after that gives a new message.
//! - A message that the provider did not confirm is sent once more, with a mark; then the next
//!   operator hears of it.
//! - An edit that fails is not told: the message about it would be edited as well. The count is kept,
//!   and the next edit shows it.
//!
//! Who is told is decided in `operators.rs`.

use super::super::effect::Repeat;
use super::super::ids::{ChannelId, EffectId, MessageTs, SignalId};
use super::super::signal::{End, ParkedRow, Receipt};
use super::super::text::{Message, Part, Text};
use super::model::Target;
use super::purpose::{Purpose, Why};
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use strum::{EnumString, IntoStaticStr};

/// So long rows of one kind and cause are counted in one message.
pub const LASTS: Duration = Duration::minutes(10);
/// So many rows of a kind are counted, and no more.
pub const COUNTED: i64 = 10_000;
/// A cause has at most so many characters.
const CAUSE: usize = 120;

/// A row that is stuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StuckRow {
    Signal(SignalId),
    /// An effect that is parked, or uncertain for good.
    Effect(EffectId),
}

/// Which rows a notice counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Rows {
    ParkedSignals,
    ParkedEffects,
    UncertainEffects,
}

/// What the rows of a notice have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    pub rows: Rows,
    /// As `wardroom inbox list` and `wardroom outbox list` print it.
    pub kind: String,
    /// Without what differs from row to row.
    pub error: String,
}

/// A row that is stuck, and the notices of its cause that are no older than [`LASTS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    pub cause: Cause,
    /// When the row was received or decided.
    pub at: DateTime<Utc>,
    /// Oldest first.
    pub notices: Vec<Notice>,
}

/// A notice: a row in `notices`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The effect that carries its message.
    pub effect: EffectId,
    pub cause: Cause,
    pub target: Target,
    /// When it was decided.
    pub since: DateTime<Utc>,
    /// How many rows it tells of.
    pub count: i64,
    /// When the oldest of its rows was received or decided.
    pub oldest: DateTime<Utc>,
}

/// A notice whose message was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub notice: Notice,
    /// As it was sent, for the first row.
    pub first: Message,
    pub channel: ChannelId,
    pub ts: MessageTs,
    /// How many rows of the kind are stuck now, for whatever cause; at most one more than [`COUNTED`].
    pub stuck: i64,
}

impl Rows {
    /// The word that the database uses.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Cause {
    /// The cause of a row with this error.
    pub fn of(rows: Rows, kind: String, error: &str) -> Self {
        let error = without_particulars(error);
        Self { rows, kind, error }
    }
}

/// The row of which operators may hear when it is parked: a person who waits for an answer hears of it
/// instead.
pub(super) fn stuck_row(row: &ParkedRow) -> Option<StuckRow> {
    let of_row = row
        .effect
        .map_or(StuckRow::Signal(row.signal), StuckRow::Effect);
    row.reply_to.is_none().then_some(of_row)
}

/// The row of which operators may hear when an effect ends.
pub(super) fn stuck_effect(receipt: &Receipt<Purpose>) -> Option<StuckRow> {
    // An answer to a person is given by another way.
    if receipt.effect.repeat() == Repeat::Never {
        return None;
    }
    match &receipt.end {
        End::Refused { code } if receipt.origin.has_another_way(&receipt.effect, code) => None,
        End::Refused { .. } | End::Parked { .. } | End::Uncertain { .. } => {
            Some(StuckRow::Effect(receipt.effect_id))
        }
        End::Done(_) | End::Expired | End::Dropped { .. } => None,
    }
}

/// The effect that carried a notice's message, if it was sent or may have been.
pub(super) fn message_of(receipt: &Receipt<Purpose>) -> Option<EffectId> {
    let is_notice = receipt.origin.why == Why::Notice;
    let sent = matches!(receipt.end, End::Done(_) | End::Uncertain { .. });
    (sent && is_notice).then_some(receipt.effect_id)
}

/// The message as it is now: what was said of the first row, then what holds for all of them.
pub fn message(standing: &Standing, now: DateTime<Utc>) -> Message {
    let Standing { notice, stuck, .. } = standing;
    let Cause { rows, kind, error } = &notice.cause;
    let (state, noun, queue, verb) = match rows {
        Rows::ParkedSignals => ("parked", "signals", "inbox", "replay"),
        Rows::ParkedEffects => ("parked", "effects", "outbox", "retry"),
        Rows::UncertainEffects => ("uncertain", "effects", "outbox", "retry"),
    };
    let since = notice.oldest.to_rfc3339_opts(SecondsFormat::Secs, true);
    let all =
        format!("wardroom {queue} {verb} --all --kind {kind} --state {state} --since {since}");
    let stuck = match *stuck {
        stuck if stuck > COUNTED => "more than 10,000".to_owned(),
        stuck => stuck.to_string(),
    };
    let text = Text::default()
        .bold(format!("{} {noun}", notice.count))
        .and(" of kind ")
        .code(kind)
        .and(format!(" were {state} since "))
        .time(notice.since)
        .and(" for the same cause: ")
        .code(error)
        .and(format!("\nOf this kind, {stuck} are {state} as of "))
        .time(now)
        .and(".\nList them: ")
        .code(format!("wardroom {queue} list --state {state}"))
        .and(format!(
            "\nAfter fixing the cause, {verb} all {state} {noun} of this kind: "
        ))
        .code(all);
    standing.first.clone().with(Part::Section(text))
}

/// An error without what differs from row to row: the place in the body, quoted values, ids, numbers.
/// A provider's code, which is one word, stays whole.
fn without_particulars(error: &str) -> String {
    let error = error.split(" at line ").next().unwrap_or_default().trim();
    let shortened = |text: &str| text.chars().take(CAUSE).collect::<String>();
    if error.is_empty() {
        return "unknown".to_owned();
    }
    if !error.contains(char::is_whitespace) {
        return shortened(error);
    }
    let mut plain = String::new();
    for (at, part) in error.split('"').enumerate() {
        plain.push_str(if at % 2 == 0 { part } else { "…" });
    }
    // Of what is set as code only the name of a field that is missing is ours.
    let mut named = String::new();
    for (at, part) in plain.split('`').enumerate() {
        let ours = at % 2 == 0 || named.ends_with("missing field ");
        named.push_str(if ours { part } else { "…" });
    }
    let in_a_word = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let mut text = String::new();
    for piece in named.split_inclusive(|c| !in_a_word(c)) {
        let word = piece.trim_end_matches(|c| !in_a_word(c));
        let differs = word.contains(|c: char| c.is_ascii_digit());
        text.push_str(if differs { "…" } else { word });
        text.push_str(&piece[word.len()..]);
    }
    shortened(&text)
}

#[cfg(test)]
mod tests;
