//! What follows from how an effect ended.
//!
//! What a channel could not be told is told to the area that keeps the operators informed, with the
//! command that retries it.

use super::super::area::Context;
use super::super::effect::{Answer, slack};
use super::super::ids::{ChannelId, EffectId, MessageTs};
use super::super::signal::End;
use super::super::text::{Message, Text};
use super::super::told::Told;
use super::{
    Change, Decision, Facts, Failure, Purpose, Receipt, answer, changes, inspect, posts, redeliver,
    repair_plan, repair_steps,
};

pub(super) fn decide_receipt(
    decision: &mut Decision,
    receipt: &Receipt,
    facts: &Facts,
    context: &Context<'_>,
) {
    let effect = receipt.effect_id;
    match &receipt.origin {
        Purpose::Message { channel, .. } => match &receipt.end {
            End::Done(Answer::Slack(slack::Answer::Message { ts, .. })) => {
                if let Some(failure) = &facts.failure {
                    posted(decision, failure, channel, ts);
                }
            }
            End::Refused { code } | End::Parked { code } => {
                let text =
                    couldnt("post about", facts, channel, code).and("). After fixing that, run: ");
                tell_operators(decision, effect, text);
            }
            End::Uncertain { code } => {
                let text = couldnt("confirm a message about", facts, channel, code)
                    .and("), and it can't be looked up. If it's missing, run: ");
                tell_operators(decision, effect, text);
            }
            End::Done(_) | End::Expired | End::Dropped { .. } => {}
        },
        Purpose::Changes(purpose) => {
            let (facts, end) = (&facts.changes, &receipt.end);
            changes::decide_receipt(decision, purpose, effect, end, facts, context);
        }
        Purpose::Update { channel, .. } => match &receipt.end {
            End::Refused { code } if receipt.origin.has_another_way(&receipt.effect, code) => {
                if let Some(failure) = &facts.failure {
                    deleted(decision, failure, channel);
                }
            }
            End::Refused { code } | End::Parked { code } => {
                let text = couldnt("update the message about", facts, channel, code)
                    .and("). After fixing that, run: ");
                tell_operators(decision, effect, text);
            }
            End::Done(_) | End::Uncertain { .. } | End::Expired | End::Dropped { .. } => {}
        },
        Purpose::Digest { channel } => match &receipt.end {
            End::Refused { code } | End::Parked { code } | End::Uncertain { code } => {
                let text = Text::plain("Couldn't post the weekly digest of CI in ");
                let text = text.channel(channel).and(" (").code(code);
                tell_operators(decision, effect, text.and("). After fixing that, run: "));
            }
            End::Done(_) | End::Expired | End::Dropped { .. } => {}
        },
        Purpose::Answer => {
            if let Some(text) = answer::ended(decision, receipt) {
                tell_operators(decision, effect, text);
            }
        }
        Purpose::OwnRules { .. } => repair_plan::own_read(decision, receipt, facts, context),
        Purpose::Repair { step, .. } => {
            repair_steps::answered(decision, *step, receipt, facts, context);
        }
        Purpose::ListJobs { .. } | Purpose::JobLog { .. } | Purpose::TestReports { .. } => {
            if let End::Parked { code } = &receipt.end {
                let text = Text::plain("Couldn't read GitHub to find out why a run failed (");
                let text = text.code(code).and("). After fixing that, run: ");
                tell_operators(decision, effect, text);
            }
            if let Some((_, read)) = receipt.origin.read() {
                inspect::read_ended(decision, read, receipt, facts, context);
            }
        }
        // Of the record.
        Purpose::FailedDeliveries => redeliver::listed(decision, receipt, facts, context),
        Purpose::Redelivery { .. } | Purpose::OverdueRun { .. } => {
            if let End::Parked { code } = &receipt.end {
                let text = Text::plain("Couldn't ask GitHub for what it did not tell (");
                let text = text.code(code).and("). After fixing that, run: ");
                tell_operators(decision, effect, text);
            }
        }
        Purpose::Issue { .. } | Purpose::PullComment { .. } => {}
    }
}

/// The message is posted. What happened in the meantime is shown by an edit.
fn posted(decision: &mut Decision, failure: &Failure, channel: &ChannelId, ts: &MessageTs) {
    // A retry, or a lookup, gives the same receipt once more.
    if failure.messages.get(channel) == Some(&Some(ts.clone())) {
        return;
    }
    let mut failure = failure.clone();
    failure.messages.insert(channel.clone(), Some(ts.clone()));
    let progress = failure.progress.as_ref();
    let is_known = progress.is_some_and(|one| one.stage.is_some() || !one.lines.is_empty());
    if failure.count > 1 || failure.green.is_some() || is_known {
        posts::edit(decision, &failure, channel, None);
    }
    decision.change(Change::Failure(Box::new(failure)));
}

/// A person deleted the message: while the failure is open, there is a new one.
fn deleted(decision: &mut Decision, failure: &Failure, channel: &ChannelId) {
    let stands = matches!(failure.messages.get(channel), Some(Some(_)));
    if failure.green.is_some() || !stands {
        return;
    }
    let mut failure = failure.clone();
    failure.messages.insert(channel.clone(), None);
    posts::post(decision, &failure, channel);
    decision.change(Change::Failure(Box::new(failure)));
}

fn couldnt(what: &str, facts: &Facts, channel: &ChannelId, code: &str) -> Text {
    let text = Text::plain(format!("Couldn't {what} "));
    let text = match &facts.failure {
        Some(failure) => text.and("failing CI of ").bold(&failure.line.repository),
        None => text.and("failing CI"),
    };
    text.and(" in ").channel(channel).and(" (").code(code)
}

fn tell_operators(decision: &mut Decision, effect: EffectId, text: Text) {
    let message = Message::said(text.code(format!("wardroom outbox retry {effect}")));
    decision.tell(Told::EffectStuck { effect, message });
}
