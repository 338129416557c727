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
/// The next round when this one left something, or did not read all.
const SOON: Duration = Duration::minutes(1);
/// The next round when the list was refused.
const MUCH_LATER: Duration = Duration::hours(1);
/// GitHub records a delivery after it failed, so a round reads this again.
const OVERLAP: Duration = Duration::minutes(15);
/// A list that is awaited so long is asked for again.
const LOST: Duration = Duration::hours(6);

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
    let walk = listing.walk.clone().unwrap_or(Walk {
        begun_at: now,
        since,
        cursor: None,
    });
    let list = github::Effect::ListFailedDeliveries {
        since: walk.since,
        cursor: walk.cursor.clone(),
    };
    decision.effect(list, Purpose::FailedDeliveries);
    decision.change(Change::Listing(Listing {
        pending_since: Some(now),
        walk: Some(walk),
        ..listing.clone()
    }));
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
            let walk = listing.walk.take();
            listing.walk = match walk {
                // The same deliveries once more: those that are asked for now are waited for.
                Some(walk) if sorted.leaves => Some(walk),
                Some(walk) if next.is_some() => Some(Walk {
                    cursor: next.clone(),
                    ..walk
                }),
                Some(walk) if *complete && pending_since.is_some() => {
                    listing.read_to = Some(walk.begun_at);
                    None
                }
                Some(_) | None => None,
            };
            if listing.walk.is_some() {
                decision.timer(Timer::FailedDeliveries.next(context.now + SOON));
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
            decision.timer(Timer::FailedDeliveries.next(context.now + SOON));
        }
        End::Refused { code } | End::Parked { code } => {
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
