//! The rounds in which webhooks that GitHub could not deliver are asked for.

use super::super::area::Context;
use super::super::effect::{Answer, github};
use super::super::signal::End;
use super::super::text::{Message, Text};
use super::super::told::Told;
use super::deliveries::{ATTEMPTS, KEPT, Known, Listing, Walk, sort};
use super::{Change, Decision, Facts, Purpose, Receipt, Timer};
use chrono::Duration;

const EVERY: Duration = Duration::minutes(5);
/// The next round when this one left something, or its list begins anew.
const SOON: Duration = Duration::minutes(1);
/// The next round when the list was refused.
const MUCH_LATER: Duration = Duration::hours(1);
/// GitHub records a delivery after it failed, so a round reads this again.
const OVERLAP: Duration = Duration::minutes(15);
/// A list that is awaited so long is asked for again.
const LOST: Duration = Duration::hours(6);
/// A list that is read for so long begins anew, so that what failed meanwhile is asked for too.
const TOO_LONG: Duration = Duration::hours(6);

/// Asks for the list, unless one is on its way.
pub(super) fn begin(decision: &mut Decision, facts: &Facts, context: &Context<'_>) {
    let now = context.now;
    decision.timer(Timer::FailedDeliveries.next(now + EVERY));
    let Known {
        listing,
        missing_since,
        ..
    } = &facts.deliveries;
    let is_pending = |since| now - since < LOST;
    if listing.pending_since.is_some_and(is_pending) {
        return;
    }
    let oldest = now - KEPT;
    let read_to = listing
        .read_to
        .map(|to| missing_since.unwrap_or(to).min(to));
    let since = read_to.map_or(oldest, |to| (to - OVERLAP).max(oldest));
    let walk = listing.walk.clone().filter(|walk| !is_old(walk, context));
    let walk = walk.unwrap_or(Walk {
        begun_at: now,
        since,
        cursor: None,
    });
    let mut listing = listing.clone();
    ask(decision, &mut listing, walk, context);
    decision.change(Change::Listing(listing));
}

/// Asks for the list from its place on.
fn ask(decision: &mut Decision, listing: &mut Listing, walk: Walk, context: &Context<'_>) {
    let list = github::Effect::ListFailedDeliveries {
        since: walk.since,
        cursor: walk.cursor.clone(),
    };
    decision.effect(list, Purpose::FailedDeliveries);
    listing.pending_since = Some(context.now);
    listing.walk = Some(walk);
}

fn is_old(walk: &Walk, context: &Context<'_>) -> bool {
    context.now - walk.begun_at >= TOO_LONG
}

/// The list came, or did not.
pub(super) fn listed(
    decision: &mut Decision,
    receipt: &Receipt,
    facts: &Facts,
    context: &Context<'_>,
) {
    let mut listing = facts.deliveries.listing.clone();
    let pending_since = listing.pending_since.take();
    match &receipt.end {
        End::Done(Answer::Github(github::Answer::Deliveries {
            failed,
            complete,
            next,
        })) => {
            let sorted = sort(failed, &facts.deliveries, context.now);
            let goes_on = sorted.leaves || next.is_some();
            match listing.walk.take() {
                Some(walk) if goes_on && is_old(&walk, context) => soon(decision, context),
                // The same deliveries once more: those that are asked for now are waited for.
                Some(walk) if sorted.leaves => {
                    listing.walk = Some(walk);
                    soon(decision, context);
                }
                Some(walk) if next.is_some() => {
                    let cursor = next.clone();
                    ask(decision, &mut listing, Walk { cursor, ..walk }, context);
                }
                Some(walk) if *complete && pending_since.is_some() => {
                    listing.read_to = Some(walk.begun_at);
                }
                Some(_) | None => {}
            }
            for (delivery, redelivery) in sorted.ask {
                let guid = redelivery.guid.clone();
                let again = github::Effect::Redeliver { delivery };
                decision.effect(again, Purpose::Redelivery { guid });
                decision.change(Change::Redelivery(redelivery));
            }
            if !sorted.give_up.is_empty() {
                let text = given_up(sorted.give_up.len());
                tell(decision, receipt, text.code("wardroom github redeliver"));
            }
            for redelivery in sorted.give_up {
                decision.change(Change::Redelivery(redelivery));
            }
            for guid in sorted.received {
                decision.change(Change::Redelivered { guid });
            }
        }
        // GitHub no longer knows the place.
        End::Refused { .. } if has_cursor(&listing) => {
            listing.walk = None;
            soon(decision, context);
        }
        End::Refused { code } | End::Parked { code } => {
            // The place may be what GitHub has no answer for.
            listing.walk = None;
            let text = Text::plain("Couldn't list the webhooks that GitHub failed to deliver (");
            let text = text.code(code).and("). After fixing that, run: ");
            let retry = format!("wardroom outbox retry {}", receipt.effect_id);
            tell(decision, receipt, text.code(retry));
            decision.timer(Timer::FailedDeliveries.next(context.now + MUCH_LATER));
        }
        End::Done(_) | End::Expired | End::Uncertain { .. } | End::Dropped { .. } => {}
    }
    decision.change(Change::Listing(listing));
}

fn soon(decision: &mut Decision, context: &Context<'_>) {
    decision.timer(Timer::FailedDeliveries.next(context.now + SOON));
}

fn has_cursor(listing: &Listing) -> bool {
    let walk = listing.walk.as_ref();
    walk.is_some_and(|walk| walk.cursor.is_some())
}

fn given_up(webhooks: usize) -> Text {
    let webhooks = match webhooks {
        1 => "a webhook".to_owned(),
        many => format!("{many} webhooks"),
    };
    Text::plain(format!(
        "GitHub couldn't deliver {webhooks}, although each was asked for {ATTEMPTS} times. Check the App's webhook URL \
         and its recent deliveries on GitHub. After fixing that, run: "
    ))
}

fn tell(decision: &mut Decision, receipt: &Receipt, text: Text) {
    decision.tell(Told::EffectStuck {
        effect: receipt.effect_id,
        message: Message::said(text),
    });
}
