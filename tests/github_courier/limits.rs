//! Limits, failures and lost answers: what each means for every kind of effect.

use super::*;
use github::Kind;
use simulator::GitHubLimits;

fn read(run: i64) -> Effect {
    Effect::ReadRun {
        repository: api(),
        run,
    }
}

fn later(outcome: Outcome) -> (Duration, Vec<String>, String) {
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

/// An effect of each kind, and an endpoint that it calls.
fn every(run: i64, job: i64) -> Vec<(Effect, &'static str)> {
    let repository = api;
    let check = || github::CheckRun {
        conclusion: None,
        title: "t".to_owned(),
        summary: "s".to_owned(),
        actions: Vec::new(),
    };
    let text = || "text".to_owned();
    vec![
        (read(run), "actions/get-workflow-run"),
        (
            Effect::ListFailedJobs {
                repository: repository(),
                run,
                attempt: 1,
                reports: Vec::new(),
            },
            "actions/list-jobs-for-workflow-run-attempt",
        ),
        (
            Effect::ReadJobLog {
                repository: repository(),
                run,
                attempt: 1,
                job,
            },
            "actions/download-job-logs-for-workflow-run",
        ),
        (
            Effect::ReadTestReports {
                repository: repository(),
                run,
                artifact: 1,
                recorded: Vec::new(),
            },
            "actions/get-artifact",
        ),
        (
            Effect::RerunFailedJobs {
                repository: repository(),
                run,
                attempt: 1,
            },
            "actions/re-run-workflow-failed-jobs",
        ),
        (
            Effect::RerunRun {
                repository: repository(),
                run,
                attempt: 1,
            },
            "actions/re-run-workflow",
        ),
        (
            Effect::DeleteCaches {
                repository: repository(),
                reference: "refs/heads/main".to_owned(),
            },
            "actions/get-actions-cache-list",
        ),
        (
            Effect::DispatchWorkflow {
                repository: repository(),
                workflow: "ci.yml".to_owned(),
                reference: text(),
                inputs: Default::default(),
            },
            "actions/create-workflow-dispatch",
        ),
        (
            Effect::CreateIssue {
                repository: repository(),
                title: text(),
                body: text(),
                labels: Vec::new(),
            },
            "issues/create",
        ),
        (
            Effect::UpdateIssue {
                repository: repository(),
                number: 1,
                edit: Some(Box::default()),
            },
            "issues/update",
        ),
        (
            Effect::CreateComment {
                repository: repository(),
                number: 1,
                body: text(),
            },
            "issues/create-comment",
        ),
        (
            Effect::UpdateComment {
                repository: repository(),
                comment: 1,
                body: Some(text()),
            },
            "issues/update-comment",
        ),
        (
            Effect::AddLabels {
                repository: repository(),
                number: 1,
                labels: vec![text()],
            },
            "issues/add-labels",
        ),
        (
            Effect::ProposeFile {
                repository: repository(),
                branch: "wardroom/x".to_owned(),
                path: text(),
                content: text(),
                title: text(),
                body: text(),
            },
            "git/create-ref",
        ),
        (
            Effect::ReadFile {
                repository: repository(),
                path: text(),
                branch: None,
            },
            "repos/get-content",
        ),
        (
            Effect::FindPulls {
                repository: repository(),
                sha: text(),
            },
            "repos/list-pull-requests-associated-with-commit",
        ),
        (
            Effect::CreateCheckRun {
                repository: repository(),
                sha: text(),
                name: text(),
                check: check(),
            },
            "checks/create",
        ),
        (
            Effect::UpdateCheckRun {
                repository: repository(),
                check_run: 1,
                check: Some(Box::new(check())),
            },
            "checks/update",
        ),
        (
            Effect::ListFailedDeliveries { since: start() },
            "apps/list-webhook-deliveries",
        ),
        (
            Effect::Redeliver { delivery: 1 },
            "apps/redeliver-webhook-delivery",
        ),
    ]
}

async fn walked(fault: Fault, check: impl Fn(&World, &Effect, &Outcome)) {
    let world = world().await;
    let run = world.failed_run("x");
    let effects = every(run, 1);
    assert_eq!(
        effects.len(),
        <Kind as strum::IntoEnumIterator>::iter().count()
    );
    for (effect, endpoint) in effects {
        let rule = FaultRule::once(&format!("github/{endpoint}"), fault.clone());
        let fault = world.sim.fault(rule);
        let outcome = world.hasty(&effect).await;
        check(&world, &effect, &outcome);
        assert_eq!(world.sim.fault_hits(fault), 1, "{endpoint}");
    }
}

#[tokio::test]
async fn every_kind_waits_for_its_own_account_when_it_is_limited() {
    walked(
        Fault::RateLimited { retry_after: 77 },
        |world, effect, outcome| {
            let (after, pauses, _) = later(outcome.clone());
            assert_eq!(
                (after.as_secs(), pauses),
                (77, world.courier.pause_scopes(effect)),
                "{effect:?}"
            );
        },
    )
    .await;
}

#[tokio::test]
async fn every_kind_says_after_an_error_of_the_server_whether_it_may_have_happened() {
    walked(Fault::Status { status: 502 }, |_, effect, outcome| {
        let code = "http_502".to_owned();
        let deletes = matches!(effect, Effect::DeleteCaches { .. });
        match effect.writes() && !deletes {
            true => assert_eq!(*outcome, Outcome::ServerError { code }, "{effect:?}"),
            // It only read, or lists before it deletes.
            false => assert_eq!(*outcome, Outcome::Failed { code }, "{effect:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn every_kind_says_after_a_lost_answer_whether_it_may_have_happened() {
    for fault in [Fault::LoseRequest, Fault::HoldRequest] {
        walked(fault, |_, effect, outcome| {
            let deletes = matches!(effect, Effect::DeleteCaches { .. });
            match effect.writes() && !deletes {
                true => assert!(is_uncertain(outcome), "{effect:?}: {outcome:?}"),
                false => assert!(
                    matches!(outcome, Outcome::Failed { .. }),
                    "{effect:?}: {outcome:?}"
                ),
            }
        })
        .await;
    }
}

#[tokio::test]
async fn every_kind_is_refused_as_its_endpoint_says() {
    let fault = Fault::Refused {
        status: 451,
        message: "ghp_abcdefghijklmnopqrstuvwxyz0123456789".to_owned(),
    };
    walked(fault, |_, effect, outcome| match effect {
        // Without its log a job is still told of.
        Effect::ReadJobLog { .. } => assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}"),
        _ => assert_eq!(*outcome, refused("http_451"), "{effect:?}"),
    })
    .await;
}
