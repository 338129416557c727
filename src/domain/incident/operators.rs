//! What could not be done is reported to a person: one ladder, taken down to the first who exists.
//!
//! The ladder: the operators' channel; the person responsible for the incident, its commander or else
//! who declared it; the first admin. A report that no person gets helps no person, so each begins with
//! whom it concerns and ends with whom is left. What fails on the ladder itself only goes further down
//! it: two closed channels must not report each other without an end.

use super::super::effect::slack::Effect;
use super::super::ids::{EffectId, UserId};
use super::super::rules::Rules;
use super::super::signal::{End, ParkedRow};
use super::super::text::{Message, Text};
use super::answer;
use super::case::{Case, Receipt};
use super::change::Change;
use super::model::{Incident, Target};
use super::notices::{LASTS, Notice};
use super::purpose::{Purpose, Why};
use super::words;
use chrono::Duration;

/// An edit waits so long for further rows: Slack allows about fifty edits a minute, for all messages.
const EDIT_AFTER: Duration = Duration::seconds(15);

/// Who hears of a trouble first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Concerns {
    /// The operators: a list of ids is wrong, or a channel does not accept the bot.
    Operators,
    /// The person responsible for the incident: its channel lacks something.
    Responsible,
}

/// Reports a row that is stuck to those whom it concerns, else to the next who can be reached. What
/// concerns operators is told once for a kind and cause, whatever target hears it; the person responsible
/// for an incident is told of each row that its channel lacks.
pub(super) fn report(
    case: &mut Case<'_>,
    concerns: Concerns,
    out_of_reach: Option<&Target>,
    message: impl Into<Message>,
) {
    let Some(target) = first(case, concerns, out_of_reach) else {
        return;
    };
    match concerns {
        Concerns::Responsible if responsible(case).as_ref() == Some(&target) => {
            send(case, &target, message.into());
        }
        Concerns::Responsible | Concerns::Operators => tell(case, target, message.into()),
    }
}

/// Tells of what is no row to be retried, each time.
pub(super) fn inform(
    case: &mut Case<'_>,
    concerns: Concerns,
    out_of_reach: Option<&Target>,
    message: impl Into<Message>,
) {
    if let Some(target) = first(case, concerns, out_of_reach) {
        send(case, &target, message.into());
    }
}

fn responsible(case: &Case<'_>) -> Option<Target> {
    let responsible = case.incident().and_then(Incident::responsible);
    responsible.cloned().map(Target::Person)
}

fn channel(rules: &Rules) -> Option<Target> {
    rules.ops_channel.clone().map(Target::Channel)
}

fn admin(rules: &Rules, at: usize) -> Option<Target> {
    rules.admins.get(at).cloned().map(Target::Person)
}

/// The first on the ladder who can be reached.
fn first(case: &Case<'_>, concerns: Concerns, out_of_reach: Option<&Target>) -> Option<Target> {
    let (channel, responsible) = (channel(case.rules), responsible(case));
    let admin = admin(case.rules, 0);
    let ladder = match concerns {
        Concerns::Operators => [channel, responsible, admin],
        Concerns::Responsible => [responsible, channel, admin],
    };
    let mut ladder = ladder.into_iter().flatten();
    ladder.find(|target| Some(target) != out_of_reach)
}

/// Tells an operator of the row that the signal is about, if it is stuck: by a message, or by the count
/// of one.
fn tell(case: &mut Case<'_>, target: Target, message: Message) {
    let (now, facts) = (case.now, case.facts);
    let Some(stuck) = &facts.stuck else {
        send(case, &target, message);
        return;
    };
    // The newest: one that was sent once more goes on as another.
    let mut recent = stuck.notices.iter().rev();
    let counts = recent.find(|notice| notice.target == target && now - notice.since < LASTS);
    let notice = match counts {
        Some(notice) => {
            edit(case, notice);
            Notice {
                count: notice.count + 1,
                oldest: notice.oldest.min(stuck.at),
                ..notice.clone()
            }
        }
        None => Notice {
            effect: send(case, &target, message),
            cause: stuck.cause.clone(),
            target,
            since: now,
            count: 1,
            oldest: stuck.at,
        },
    };
    case.decision.change(Change::Notice(notice));
}

fn edit(case: &mut Case<'_>, notice: &Notice) {
    let effect = Effect::UpdateMessage {
        shows: format!("notice:{}", notice.effect),
        edit: None,
    };
    let purpose = Purpose {
        notice: Some(notice.effect),
        ..Why::NoticeUpdate.alone()
    };
    let after = Some(case.now + EDIT_AFTER);
    case.decision.effect_from(effect, purpose, after);
}

fn send(case: &mut Case<'_>, target: &Target, message: Message) -> EffectId {
    let purpose = Purpose {
        incident: case.incident().map(|incident| incident.id),
        ..Why::Notice.alone()
    };
    case.send(target, message, purpose)
}

/// A notice was sent to its target or not. If not, the next one learns to whom, and the command, not what
/// the notice said.
pub(super) fn notice_ended(case: &mut Case<'_>, effect: &Effect, receipt: &Receipt) {
    let (message, text, next) = match effect {
        Effect::DirectMessage { person, message } => {
            let text = Text::plain("Couldn't send a direct message to ").person(person);
            (message, text, next_after(case.rules, person))
        }
        Effect::PostMessage { channel, message } => {
            let text = Text::plain("Couldn't post a notice for operators in ").channel(channel);
            (message, text, admin(case.rules, 0))
        }
        _ => return,
    };
    if sent(case, message, &receipt.end) {
        return;
    }
    let code = match &receipt.end {
        End::Refused { code } | End::Parked { code } => code,
        // It was sent twice, and neither was confirmed.
        End::Uncertain { code } if case.facts.notice.is_some() => code,
        End::Done(_) | End::Expired | End::Uncertain { .. } | End::Dropped { .. } => return,
    };
    if let Some(next) = next {
        let text = words::after_fixing(text, code, receipt.effect_id);
        tell(case, next, text.into());
    }
}

/// Whether nothing else is to be done about a notice's message: it was posted, and is edited when rows
/// were counted meanwhile; or it may have been posted, and is sent once more.
fn sent(case: &mut Case<'_>, message: &Message, end: &End) -> bool {
    let Some(notice) = &case.facts.notice else {
        return false;
    };
    match end {
        End::Done(_) if notice.count > 1 => edit(case, notice),
        End::Done(_) => {}
        End::Uncertain { .. } if !words::is_repeated(message) => {
            let effect = send(case, &notice.target, words::repeated(message));
            case.decision.change(Change::Notice(Notice {
                effect,
                since: case.now,
                ..notice.clone()
            }));
        }
        End::Refused { .. }
        | End::Expired
        | End::Uncertain { .. }
        | End::Parked { .. }
        | End::Dropped { .. } => return false,
    }
    true
}

/// Further down than this person: an admin's next is the next admin, any other person's the channel. So
/// it is also for an admin who leads the incident: whether the channel came before them is not known
/// here, and a ladder that can be climbed again has no end.
fn next_after(rules: &Rules, person: &UserId) -> Option<Target> {
    match rules.admins.iter().position(|admin| admin == person) {
        Some(at) => admin(rules, at + 1),
        None => channel(rules).or_else(|| admin(rules, 0)),
    }
}

/// A row was parked: the person who waits for its answer is told, else the operators.
pub(super) fn parked(case: &mut Case<'_>, row: &ParkedRow) {
    let (what, show, again) = match row.effect {
        Some(effect) => (
            "An effect that this version cannot read",
            format!("wardroom outbox show {effect}"),
            words::retry(effect),
        ),
        None => (
            "A signal",
            format!("wardroom inbox show {}", row.signal),
            format!("wardroom inbox replay {}", row.signal),
        ),
    };
    if let Some(to) = &row.reply_to {
        let text = Text::plain(format!(
            "Wardroom failed to process your request ({}), so nothing was changed. The request is \
             kept. An operator can run ",
            row.what
        ));
        return answer::give(case, to, text.code(again));
    }
    let text = Text::plain(format!("{what} is parked: {}. Inspect it with ", row.what))
        .code(show)
        .and(", then run ")
        .code(again);
    report(case, Concerns::Operators, None, text);
}

#[cfg(test)]
mod tests {
    use super::super::case::Decision;
    use super::super::facts::Facts;
    use super::super::fixtures::{channel, noon, person, rules};
    use super::super::notices::{Cause, Rows, Stuck};
    use super::*;
    use crate::domain::ids::SignalId;
    use chrono::{DateTime, Utc};
    use uuid::Uuid;

    fn cause() -> Cause {
        Cause::of(
            Rows::ParkedSignals,
            "github/push".into(),
            "unreadable: poison",
        )
    }

    fn notice(target: Target, since: DateTime<Utc>) -> Notice {
        Notice {
            effect: EffectId(Uuid::from_u128(7)),
            cause: cause(),
            target,
            since,
            count: 4,
            oldest: noon(),
        }
    }

    /// What follows from one more row when these notices were given.
    fn told(notices: Vec<Notice>, now: DateTime<Utc>) -> Decision {
        let stuck = Stuck {
            cause: cause(),
            at: noon() - Duration::minutes(2),
            notices,
        };
        let mut decision = Decision::on(SignalId(Uuid::from_u128(1)));
        let target = Target::Channel(channel("COPS"));
        let message = Message::line("A signal is parked");
        let facts = Facts {
            stuck: Some(stuck),
            ..Facts::default()
        };
        let mut case = Case {
            at: now,
            now,
            facts: &facts,
            rules: &rules(),
            decision: &mut decision,
        };
        tell(&mut case, target, message);
        decision
    }

    #[test]
    fn the_first_row_of_a_cause_gives_a_message_and_the_next_ones_its_count_for_ten_minutes() {
        let ops = || Target::Channel(channel("COPS"));
        let other = Target::Person(person("UADMIN"));
        let just_before = noon() + LASTS - Duration::seconds(1);
        for (notices, now, is_new) in [
            (vec![], noon(), true),
            (vec![notice(ops(), noon())], noon(), false),
            (vec![notice(ops(), noon())], just_before, false),
            (vec![notice(ops(), noon())], noon() + LASTS, true),
            (vec![notice(other, noon())], noon(), true),
        ] {
            let decision = told(notices, now);
            let [Change::Notice(notice)] = decision.changes.as_slice() else {
                panic!("{:?}", decision.changes);
            };
            let [planned] = decision.effects.as_slice() else {
                panic!("{:?}", decision.effects);
            };
            if is_new {
                assert_eq!(
                    (planned.effect.kind(), planned.not_before),
                    ("post_message", None)
                );
                assert_eq!(
                    (notice.effect, notice.count, notice.since),
                    (planned.id, 1, now)
                );
            } else {
                let update = Purpose {
                    notice: Some(notice.effect),
                    ..Why::NoticeUpdate.alone()
                };
                assert_eq!(planned.origin, update);
                assert_eq!(planned.not_before, Some(now + EDIT_AFTER));
                assert_eq!((notice.count, notice.since), (5, noon()));
            }
            assert_eq!(notice.oldest, noon() - Duration::minutes(2));
        }
    }
}
