//! Lists that no single exchange reads: a lookup goes on where the one before it stopped, through
//! rate limits, lost answers and expired cursors, and only a list that was read to its end says that
//! something is not there.

use super::*;
use simulator::Limits;
use wardroom::domain::looked_to::LookedTo;

/// More channels than Slack lists in a minute.
const CHANNELS: usize = 25_000;

/// A workspace with that many channels, and one that was created without our hearing of it: the bot
/// was removed from it, so it is only in the list of all.
async fn many_channels(name: &str) -> (World, Sent) {
    let world = world().await;
    let all = (0..CHANNELS).map(|at| format!("team-{at}"));
    world.slack.add_channels(all);
    let first = parcel(create(name));
    let lost = FaultRule::once("conversations.create", Fault::LoseAnswer);
    world.slack.fault(lost);
    assert!(uncertain(&world.courier.sends(&first).await));
    let bea = world.slack.person(world.bea.as_str());
    bea.join(name).unwrap();
    bea.kick(name, &world.slack.bot_user()).unwrap();
    (world, patient(taken(again(&first))))
}

/// Slack has said that the name is taken.
fn taken(mut sent: Sent) -> Sent {
    sent.parcel.looked_to = LookedTo::new("own-taken:0:");
    sent
}

/// The same with the deadline of production.
fn patient(mut sent: Sent) -> Sent {
    sent.parcel.deadline = Duration::from_secs(8);
    sent
}

/// Looks until a lookup ends, each time with a courier that remembers nothing. Gives what it found, and
/// how each exchange before it ended.
async fn looked_up(world: &World, sent: &Sent) -> (Lookup, Vec<String>) {
    let mut sent = sent.clone();
    let mut codes = Vec::new();
    for _ in 0..500 {
        let courier = courier(access(&world.slack));
        match courier.finds(&sent).await {
            Lookup::Unfinished {
                looked_to,
                after,
                code,
                ..
            } => {
                assert!(
                    sent.parcel.looked_to.as_ref() != Some(&looked_to),
                    "it reads on"
                );
                sent.parcel.looked_to = Some(looked_to);
                world.slack.advance(after);
                codes.push(code);
            }
            Lookup::Failed { code, after, .. } => {
                world.slack.advance(after.unwrap_or_default());
                codes.push(code);
            }
            found => return (found, codes),
        }
    }
    panic!("it never ends: {codes:?}")
}

fn asked(world: &World, method: &str, outcome: &str) -> usize {
    let calls = world.slack.requests();
    let of_it = calls.iter().filter(|call| call.method == method);
    of_it
        .filter(|call| call.outcome.as_deref() == Some(outcome))
        .count()
}

#[tokio::test]
async fn a_channel_among_25_000_is_found_through_limits_and_timeouts_and_no_page_is_read_twice() {
    let (world, mut sent) = many_channels("inc-7").await;
    sent.parcel.deadline = Duration::from_secs(1);
    world.slack.set_limits(Limits::Slack);
    for (fault, nth) in [
        (Fault::HoldRequest, 4),
        (Fault::Status { status: 503 }, 7),
        (Fault::LoseRequest, 9),
    ] {
        let rule = FaultRule::once("conversations.list", fault);
        world.slack.fault(rule.times(2).every(nth));
    }
    let (found, codes) = looked_up(&world, &sent).await;
    let Lookup::Found(Answer::Slack(slack::Answer::Channel { name, .. })) = found else {
        panic!("{found:?} after {codes:?}")
    };
    assert_eq!(name, "inc-7");
    for code in ["ratelimited", "timeout", "http_503"] {
        assert!(codes.iter().any(|met| met == code), "{code} in {codes:?}");
    }
    // A timeout may come when Slack has answered already.
    let timeouts = codes.iter().filter(|code| *code == "timeout").count();
    let read = asked(&world, "conversations.list", "ok");
    assert!((26..=26 + timeouts).contains(&read), "{read}: {codes:?}");
}

#[tokio::test]
async fn a_channel_that_the_bot_is_in_is_found_without_the_list_of_all() {
    let (world, sent) = many_channels("inc-8").await;
    let bea = world.slack.person(world.bea.as_str());
    bea.invite("inc-8", &world.slack.bot_user()).unwrap();
    let found = world.courier.finds(&sent).await;
    assert!(matches!(found, Lookup::Found(_)), "{found:?}");
    assert_eq!(world.slack.calls("users.conversations"), 1);
    assert_eq!(world.slack.calls("conversations.list"), 0);
}

#[tokio::test]
async fn an_invalid_cursor_begins_the_list_again() {
    let (world, mut sent) = many_channels("inc-9").await;
    sent.parcel.looked_to = LookedTo::new("all:20:expired");
    let (found, codes) = looked_up(&world, &sent).await;
    assert!(
        matches!(found, Lookup::Found(_)),
        "{found:?} after {codes:?}"
    );
    assert_eq!(asked(&world, "conversations.list", "invalid_cursor"), 1);
    assert_eq!(asked(&world, "conversations.list", "ok"), 26);
}

#[tokio::test]
async fn a_taken_name_is_another_ones_only_when_the_whole_list_was_read_in_vain() {
    let world = world().await;
    world
        .slack
        .add_channels((0..CHANNELS).map(|at| format!("team-{at}")));
    let bea = world.bea.as_str();
    world
        .slack
        .add_channel(None, "inc-10", ChannelType::Private, &[bea]);
    world.slack.set_limits(Limits::Slack);
    let mut sent = patient(again(&parcel(create("inc-10"))));
    let outcome = world.courier.sends(&sent).await;
    let Outcome::Partly {
        looked_to, code, ..
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert!(looked_to.is_some(), "{code}");
    sent.parcel.looked_to = looked_to;
    let (found, _) = looked_up(&world, &sent).await;
    let refused = Lookup::Refused {
        code: "name_taken".into(),
    };
    assert_eq!(found, refused);
    assert_eq!(asked(&world, "conversations.list", "ok"), 26);
    assert_eq!(world.slack.calls("conversations.create"), 1);
}

#[tokio::test]
async fn a_list_without_an_end_is_given_up_at_the_bound() {
    let (world, mut sent) = many_channels("inc-11").await;
    sent.parcel.looked_to = LookedTo::new("all:999:expired");
    let unreadable = Lookup::Unreadable {
        code: "too_many_channels".into(),
    };
    assert_eq!(world.courier.finds(&sent).await, unreadable);
}

#[tokio::test]
async fn a_message_below_3_000_others_is_found_by_lookups_that_read_on() {
    let world = world().await;
    let first = parcel(world.post(message()));
    let rule = FaultRule::once("chat.postMessage", Fault::LoseAnswer);
    world.slack.fault(rule);
    assert!(uncertain(&world.courier.sends(&first).await));
    let bea = world.slack.person(world.bea.as_str());
    for at in 0..3_000 {
        bea.say("ops", &format!("line {at}")).unwrap();
    }
    let limited = Fault::RateLimited { retry_after: 1 };
    let limited = FaultRule::once("conversations.history", limited);
    world.slack.fault(limited.times(3).every(5));
    let (found, codes) = looked_up(&world, &patient(again(&first))).await;
    assert!(
        matches!(found, Lookup::Found(_)),
        "{found:?} after {codes:?}"
    );
    assert_eq!(asked(&world, "conversations.history", "ok"), 16);
    assert_eq!(
        codes.iter().filter(|code| *code == "ratelimited").count(),
        3
    );
}
