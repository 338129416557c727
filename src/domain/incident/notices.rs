//! Notices for operators of rows that are stuck: one message for a kind and cause, with a count.
//!
//! - The first row gives a message at once, in words of its own.
//! - Rows of the same kind with the same cause raise the count of that message for [`LASTS`], and the
//!   message is edited, at most once in 15 s. A row after that gives a new message.
//! - A message that the provider did not confirm is sent once more, with a mark; then the next
//!   operator hears of it.
//! - An edit that fails is not told: the message about it would be edited as well. The count is kept,
//!   and the message has it as soon as it stands.

use super::super::effect::{Repeat, slack};
use super::super::ids::{ChannelId, EffectId, MessageTs, SignalId};
use super::super::signal::{End, ParkedRow};
use super::super::text::{Message, Part, Text};
use super::ask::Scene;
use super::{Change, Decision, Receipt};
use super::{Purpose, Target, trouble, words};
use chrono::{DateTime, Duration, SecondsFormat, Utc};

/// So long rows of one kind and cause are counted in one message.
pub const LASTS: Duration = Duration::minutes(10);
/// An edit waits so long for further rows: Slack allows about fifty edits a minute, for all messages.
const EDIT_AFTER: Duration = Duration::seconds(15);
/// So many rows of a kind are counted, and no more.
pub const COUNTED: i64 = 10_000;
/// A cause has at most so many characters.
const CAUSE: usize = 120;

/// A row that is stuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StuckRow {
    /// A parked signal.
    Signal(SignalId),
    /// An effect that is parked, or uncertain for good.
    Effect(EffectId),
}

/// Which rows a notice counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Signals that were parked.
    ParkedSignals,
    /// Effects that were parked.
    ParkedEffects,
    /// Effects that ended uncertain.
    UncertainEffects,
}

/// What the rows of a notice have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Which rows they are.
    pub rows: Rows,
    /// As `wardroom inbox list` and `wardroom outbox list` print it.
    pub kind: String,
    /// Without what differs from row to row.
    pub error: String,
}

/// A row that is stuck, and the notices of its cause that are no older than [`LASTS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// Why.
    pub cause: Cause,
    /// When the row was received or decided.
    pub at: DateTime<Utc>,
    /// The notices, oldest first.
    pub notices: Vec<Notice>,
}

/// A notice: a row in `notices`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The effect that carries its message.
    pub effect: EffectId,
    /// What its rows have in common.
    pub cause: Cause,
    /// Who is told.
    pub target: Target,
    /// When it was decided.
    pub since: DateTime<Utc>,
    /// How many rows it tells of.
    pub count: i64,
    /// When the oldest of its rows was received or decided.
    pub oldest: DateTime<Utc>,
}

/// A notice whose message stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The notice.
    pub notice: Notice,
    /// As it was sent, for the first row.
    pub first: Message,
    /// Where it stands.
    pub channel: ChannelId,
    /// Its id there.
    pub ts: MessageTs,
    /// How many rows of the kind are stuck now, for whatever cause; at most one more than [`COUNTED`].
    pub stuck: i64,
}

impl Rows {
    /// All of them.
    pub const ALL: [Self; 3] = [
        Self::ParkedSignals,
        Self::ParkedEffects,
        Self::UncertainEffects,
    ];

    /// The word that the database uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ParkedSignals => "parked_signals",
            Self::ParkedEffects => "parked_effects",
            Self::UncertainEffects => "uncertain_effects",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rows| rows.as_str() == text)
    }

    fn state(self) -> &'static str {
        match self {
            Self::ParkedSignals | Self::ParkedEffects => "parked",
            Self::UncertainEffects => "uncertain",
        }
    }
}

impl Cause {
    /// The cause of a row with this error.
    pub fn of(rows: Rows, kind: String, error: &str) -> Self {
        let error = without_particulars(error);
        Self { rows, kind, error }
    }
}

/// The row of which operators may hear when a signal is parked: a person who waits hears it instead.
pub fn stuck_row(row: &ParkedRow) -> Option<StuckRow> {
    match (row.effect, &row.reply_to) {
        (_, Some(_)) => None,
        (Some(effect), None) => Some(StuckRow::Effect(effect)),
        (None, None) => Some(StuckRow::Signal(row.signal)),
    }
}

/// The row of which operators may hear when an effect ends.
pub fn stuck_effect(receipt: &Receipt) -> Option<StuckRow> {
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

/// The effect that may have carried a notice's message, and did so or perhaps did.
pub fn message_of(receipt: &Receipt) -> Option<EffectId> {
    let is_notice = matches!(receipt.origin, Purpose::Notice { .. });
    let sent = matches!(receipt.end, End::Done(_) | End::Uncertain { .. });
    (sent && is_notice).then_some(receipt.effect_id)
}

/// Tells an operator of a row that is stuck: by a message, or by the count of one.
pub(crate) fn tell(
    decision: &mut Decision,
    scene: &Scene<'_>,
    target: Target,
    stuck: &Stuck,
    message: Message,
) {
    let now = scene.now;
    // The newest: one that was sent once more goes on as another.
    let mut recent = stuck.notices.iter().rev();
    let counts = recent.find(|notice| notice.target == target && now - notice.since < LASTS);
    let Some(notice) = counts else {
        let effect = decision.effect(target.clone().hears(message), trouble::purpose(scene));
        decision.change(Change::Notice(Notice {
            effect,
            cause: stuck.cause.clone(),
            target,
            since: now,
            count: 1,
            oldest: stuck.at,
        }));
        return;
    };
    let notice = Notice {
        count: notice.count + 1,
        oldest: notice.oldest.min(stuck.at),
        ..notice.clone()
    };
    update(decision, scene, &notice);
    decision.change(Change::Notice(notice));
}

/// A notice's message stands: it is edited when rows were counted meanwhile. Or nobody knows whether
/// it stands: it is sent once more. Returns whether nothing else is to be done about it.
pub(crate) fn sent(
    decision: &mut Decision,
    scene: &Scene<'_>,
    message: &Message,
    end: &End,
) -> bool {
    let Some(notice) = &scene.facts.notice else {
        return false;
    };
    match end {
        End::Done(_) if notice.count > 1 => update(decision, scene, notice),
        End::Uncertain { .. } if !words::is_repeated(message) => {
            let again = words::repeated(message);
            let effect = notice.target.clone().hears(again);
            let effect = decision.effect(effect, trouble::purpose(scene));
            decision.change(Change::Notice(Notice {
                effect,
                since: scene.now,
                ..notice.clone()
            }));
        }
        End::Done(_) => {}
        End::Refused { .. }
        | End::Expired
        | End::Uncertain { .. }
        | End::Parked { .. }
        | End::Dropped { .. } => return false,
    }
    true
}

fn update(decision: &mut Decision, scene: &Scene<'_>, notice: &Notice) {
    let notice = notice.effect;
    let effect = slack::Effect::UpdateMessage {
        shows: format!("notice:{notice}"),
        edit: None,
    };
    let purpose = Purpose::NoticeUpdate { notice };
    decision.effect_from(effect, purpose, Some(scene.now + EDIT_AFTER));
}

/// The message as it is now: what was said of the first row, then what holds for all of them.
pub fn message(standing: &Standing, now: DateTime<Utc>) -> Message {
    let Standing { notice, stuck, .. } = standing;
    let Cause { rows, kind, error } = &notice.cause;
    let state = rows.state();
    let (noun, queue, verb) = match rows {
        Rows::ParkedSignals => ("signals", "inbox", "replay"),
        Rows::ParkedEffects | Rows::UncertainEffects => ("effects", "outbox", "retry"),
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
