//! Limits: who waits, how long, and what is known of the quota.

use super::*;
use simulator::GitHubLimits;

pub(super) fn read(run: i64) -> Effect {
    Effect::ReadRun {
        repository: api(),
        run,
    }
}

pub(super) fn later(outcome: Outcome) -> (Duration, Vec<String>, String) {
    match outcome {
        Outcome::Later {
            after,
            pauses,
            code,
        } => (after, pauses, code),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_spent_quota_pauses_the_account_until_it_begins_again() {
    for status in [403, 429] {
        let world = world().await;
        let run = world.failed_run("x");
        world.fault(
            "actions/get-workflow-run",
            Fault::QuotaSpent {
                status,
                reset_after: 1234,
            },
        );
        let expected = (
            Duration::from_secs(1235),
            vec!["github:acme".to_owned()],
            "quota_spent".to_owned(),
        );
        assert_eq!(later(world.deliver(&read(run)).await), expected);
        assert_eq!(world.courier.pause_scopes(&read(run)), ["github:acme"]);
    }
}

#[tokio::test]
async fn another_account_is_not_paused() {
    let world = world().await;
    world.github.install("globex");
    world.github.add_repository("globex/web");
    let elsewhere = Effect::ReadFile {
        repository: "Globex/web".to_owned(),
        path: "README.md".to_owned(),
        branch: None,
    };
    world
        .github
        .set_quota(world.installation, 0, Duration::from_secs(600));
    let run = world.failed_run("x");
    let (_, pauses, _) = later(world.deliver(&read(run)).await);
    assert!(
        !world
            .courier
            .pause_scopes(&elsewhere)
            .iter()
            .any(|scope| pauses.contains(scope))
    );
    answered(world.deliver(&elsewhere).await);
}

#[tokio::test]
async fn a_secondary_limit_waits_as_told_or_a_minute() {
    for (status, retry_after, seconds) in [
        (403, Some(90), 90),
        (429, Some(5), 5),
        (403, None, 60),
        (429, None, 60),
    ] {
        let world = world().await;
        let run = world.failed_run("x");
        let rerun = Effect::RerunRun {
            repository: api(),
            run,
            attempt: 1,
        };
        world.fault(
            "actions/re-run-workflow",
            Fault::SecondaryLimit {
                status,
                retry_after,
            },
        );
        let (after, pauses, code) = later(world.deliver(&rerun).await);
        assert_eq!(
            (after.as_secs(), code.as_str()),
            (seconds, "secondary_limit")
        );
        assert_eq!(pauses, ["github:acme"]);
        answered(world.deliver(&rerun).await);
    }
}

#[tokio::test]
async fn a_limit_of_a_lookup_is_passed_on() {
    let world = world().await;
    let run = world.failed_run("x");
    let rerun = Effect::RerunRun {
        repository: api(),
        run,
        attempt: 1,
    };
    world.fault(
        "actions/get-workflow-run",
        Fault::RateLimited { retry_after: 30 },
    );
    let expected = Lookup::Failed {
        code: "secondary_limit".to_owned(),
        after: Some(Duration::from_secs(30)),
        pauses: vec!["github:acme".to_owned()],
    };
    assert_eq!(world.find(&rerun).await, expected);
}

#[tokio::test]
async fn little_quota_is_known_and_warned_of_until_the_hour_ends() {
    let world = world().await;
    let run = world.failed_run("x");
    answered(world.deliver(&read(run)).await);
    assert_eq!(world.courier.warning(world.now()), None);
    world
        .github
        .set_quota(world.installation, 90, Duration::from_secs(600));
    let jobs = Effect::ListFailedJobs {
        repository: api(),
        run,
        attempt: 1,
        reports: Vec::new(),
    };
    let github::Answer::Jobs { quota_left, .. } = answered(world.deliver(&jobs).await) else {
        panic!("no jobs");
    };
    assert_eq!(quota_left, Some(89));
    let warning = world.courier.warning(world.now()).unwrap();
    assert!(
        warning.starts_with("89 requests of the quota `core` are left"),
        "{warning}"
    );
    assert!(
        world
            .metrics
            .render()
            .contains("bot_github_api_rate_limit_remaining{resource=\"core\"} 89")
    );
    world.pass(601);
    assert_eq!(world.courier.warning(world.now()), None);
}

#[tokio::test]
async fn the_apps_own_limit_pauses_what_needs_a_token() {
    let world = world().await;
    let run = world.failed_run("x");
    world
        .github
        .limit(|limits: &mut GitHubLimits| limits.hourly = 1);
    // The first call finds the installation, and nothing is left for the token.
    let (_, pauses, code) = later(world.deliver(&read(run)).await);
    assert_eq!(
        (pauses, code.as_str()),
        (vec!["github:acme".to_owned()], "quota_spent")
    );
}
