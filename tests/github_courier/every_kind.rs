//! Limits, failures and lost answers: what each means for every kind of effect.

use super::limits::{later, read};
use super::*;
use github::Kind;

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
            Effect::ListFailedDeliveries {
                since: start(),
                cursor: None,
            },
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
