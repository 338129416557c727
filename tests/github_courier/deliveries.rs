//! The App's failed deliveries are listed and sent again.

use super::*;
use github::FailedDelivery;

async fn listed(world: &World, since: DateTime<Utc>) -> (Vec<FailedDelivery>, bool) {
    let (failed, next) = page(world, since, None).await;
    (failed, next.is_none())
}

async fn page(
    world: &World,
    since: DateTime<Utc>,
    cursor: Option<String>,
) -> (Vec<FailedDelivery>, Option<String>) {
    let list = Effect::ListFailedDeliveries { since, cursor };
    match answered(world.deliver(&list).await) {
        github::Answer::Deliveries { failed, next, .. } => (failed, next),
        other => panic!("{other:?}"),
    }
}

/// Runs whose webhooks do not arrive.
fn lose(world: &World, runs: usize) {
    world
        .github
        .behave(|behaviour| behaviour.hold_webhooks = true);
    for _ in 0..runs {
        world.failed_run("x");
    }
    world.github.lose_webhooks();
}

#[tokio::test]
async fn what_did_not_arrive_is_listed_and_sent_again() {
    let world = world().await;
    lose(&world, 1);
    world.pass(60);
    let (failed, complete) = listed(&world, start() - TimeDelta::days(3)).await;
    assert!(complete);
    assert!(
        failed
            .iter()
            .any(|delivery| delivery.event == "workflow_run"),
        "{failed:?}"
    );
    assert!(failed.iter().all(|delivery| delivery.attempts == 1));
    let redeliver = Effect::Redeliver {
        delivery: failed[0].id,
    };
    assert_eq!(
        world.deliver(&redeliver).await,
        Outcome::Done(Answer::Nothing)
    );
    assert_eq!(
        world.deliver(&Effect::Redeliver { delivery: 1 }).await,
        refused("not_found")
    );
}

#[tokio::test]
async fn attempts_of_a_delivery_are_one_and_what_arrived_in_the_end_is_left_out() {
    let world = world().await;
    lose(&world, 1);
    let (before, _) = listed(&world, start() - TimeDelta::days(1)).await;
    world.pass(60);
    // The second attempt of one fails too.
    world.sim.set_app_url(Some("http://127.0.0.1:1"));
    world.github.redeliver(&before[0].guid).await;
    let (after, _) = listed(&world, start() - TimeDelta::days(1)).await;
    assert_eq!(after.len(), before.len());
    let again = after
        .iter()
        .find(|delivery| delivery.guid == before[0].guid)
        .unwrap();
    assert_eq!(again.attempts, 2);
    assert!(again.id > before[0].id, "the newest attempt");
    let (recent, _) = listed(&world, start() + TimeDelta::seconds(30)).await;
    assert_eq!(recent.len(), 1, "{recent:?}");
}

#[tokio::test]
async fn all_pages_are_read_and_the_oldest_come_first() {
    let world = world().await;
    lose(&world, 25);
    world.pass(1);
    lose(&world, 25);
    let (failed, complete) = listed(&world, start() - TimeDelta::days(1)).await;
    assert!(complete);
    assert!(failed.len() > 100, "{}", failed.len());
    assert!(failed.is_sorted_by_key(|delivery| delivery.delivered_at));
    let guids: std::collections::BTreeSet<&str> =
        failed.iter().map(|one| one.guid.as_str()).collect();
    assert_eq!(guids.len(), failed.len());
}

#[tokio::test]
async fn a_long_list_goes_on_where_it_ended() {
    let world = world().await;
    lose(&world, 1);
    let (lost, _) = listed(&world, start() - TimeDelta::days(1)).await;
    world.pass(60);
    let newer = |world: &World| {
        let github = &world.github;
        let before = github.deliveries().len();
        while github.deliveries().len() < before + 1100 {
            world.failed_run("x");
            // What is not used is not asked for.
            let all = github.waiting_webhooks().into_iter();
            let unused = all.filter(|(_, event, _)| event != "workflow_run");
            let unused: Vec<String> = unused.map(|(guid, ..)| guid).collect();
            github.rearrange_webhooks(|guids| *guids = unused);
            github.lose_webhooks();
        }
    };
    newer(&world);
    let (failed, next) = page(&world, start() - TimeDelta::days(1), None).await;
    assert!(failed.is_empty() && next.is_some(), "{failed:?} {next:?}");
    // What comes meanwhile does not move the place.
    newer(&world);
    let mut place = next;
    let mut failed = Vec::new();
    while place.is_some() {
        let (more, next) = page(&world, start() - TimeDelta::days(1), place).await;
        failed.extend(more);
        place = next;
    }
    assert_eq!(failed, lost);
}

#[tokio::test]
async fn without_an_app_there_are_none() {
    let world = world().await;
    world.github.add_personal_token("ghp_beas", "bea");
    let token = Credentials::Token("ghp_beas".to_owned());
    let (courier, _) = courier(&world.github.api_url(), token);
    let list = Effect::ListFailedDeliveries {
        since: start(),
        cursor: None,
    };
    let outcome = courier.deliver(&list, &parcel(world.now())).await;
    assert_eq!(outcome, refused_here("needs_an_app"));
}
