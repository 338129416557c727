//! The digests of a week are due.

use super::super::area::Context;
use super::super::effect::slack;
use super::{Change, Decision, Facts, Purpose, Timer, message};
use chrono::Duration;

/// The day or the hour may have been changed meanwhile.
const AT_MOST: Duration = Duration::days(1);

/// Posts one in each channel, once, and waits for the next week.
pub(super) fn begin(decision: &mut Decision, facts: &Facts, context: &Context<'_>) {
    if let Some(weekly) = &context.rules.github.digest {
        decision.timer(Timer::Digest.next(weekly.next(context.now).min(context.now + AT_MOST)));
    }
    let Some(known) = &facts.digest else {
        return;
    };
    for (channel, digest) in known.by_channel(context.rules) {
        let effect = slack::Effect::PostMessage {
            channel: channel.clone(),
            message: message::digest(&digest),
        };
        decision.effect(effect, Purpose::Digest { channel });
    }
    let until = known.week.until;
    decision.change(Change::Digest { until });
}
