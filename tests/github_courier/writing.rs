//! What is written: each kind once, and found again when its answer is lost.

use super::*;
use github::{CheckConclusion, CheckRun, Kind};
use wardroom::domain::effect::Repeat;

/// An effect that is to happen once, the endpoint that makes it happen, and how often it has.
struct Case {
    effect: Effect,
    endpoint: &'static str,
    count: fn(&World) -> usize,
}

pub(super) fn check(conclusion: Option<CheckConclusion>) -> CheckRun {
    CheckRun {
        conclusion,
        title: "An incident is open".to_owned(),
        summary: "Wait, or override.".to_owned(),
        actions: vec![(
            "Override this gate now".to_owned(),
            "Lets this pull request pass, with your name".to_owned(),
            "override".to_owned(),
        )],
    }
}

pub(super) fn proposal() -> Effect {
    Effect::ProposeFile {
        repository: api(),
        branch: "wardroom/quarantine/1".to_owned(),
        path: "ci/quarantine.txt".to_owned(),
        content: "pay::refunds\n".to_owned(),
        title: "Quarantine pay::refunds".to_owned(),
        body: "It is flaky.".to_owned(),
    }
}

pub(super) fn issue() -> Effect {
    Effect::CreateIssue {
        repository: api(),
        title: "pay::refunds is flaky".to_owned(),
        body: "Failed 3 of 200.".to_owned(),
        labels: vec!["flaky".to_owned()],
    }
}

/// Every kind that is to happen once, but for re-runs.
fn once(world: &World) -> Vec<Case> {
    let person = world.github.act(
        "bea",
        "POST",
        "/repos/acme/api/issues",
        serde_json::json!({"title": "Help"}),
    );
    assert!(person.is_ok(), "{person:?}");
    world.github.add_dispatch(
        API,
        "Rollback",
        &["to"],
        AttemptPlan::new(vec![JobPlan::passed("run")]),
    );
    let sha = world.github.push(API, "main", "a.txt", "a", "bea");
    vec![
        Case {
            effect: Effect::DispatchWorkflow {
                repository: api(),
                workflow: "rollback.yml".to_owned(),
                reference: "main".to_owned(),
                inputs: [("to".to_owned(), "v1".to_owned())].into(),
            },
            endpoint: "actions/create-workflow-dispatch",
            count: |world| repository(world).runs.len(),
        },
        Case {
            effect: issue(),
            endpoint: "issues/create",
            count: |world| repository(world).issues.len() - 1,
        },
        Case {
            effect: Effect::CreateComment {
                repository: api(),
                number: 1,
                body: "It failed again.".to_owned(),
            },
            endpoint: "issues/create-comment",
            count: |world| repository(world).comments.len(),
        },
        Case {
            effect: proposal(),
            endpoint: "pulls/create",
            count: |world| repository(world).pulls.len(),
        },
        Case {
            effect: Effect::CreateCheckRun {
                repository: api(),
                sha,
                name: "gate".to_owned(),
                check: check(None),
            },
            endpoint: "checks/create",
            count: |world| repository(world).checks.len(),
        },
    ]
}

#[tokio::test]
async fn the_table_has_every_kind_that_is_to_happen_once() {
    let world = world().await;
    let mut kinds: Vec<&str> = once(&world)
        .iter()
        .map(|case| Kind::from(&case.effect).into())
        .collect();
    kinds.extend(["rerun_failed_jobs", "rerun_run"]);
    kinds.sort_unstable();
    let mut wanted: Vec<&str> = <Kind as strum::IntoEnumIterator>::iter()
        .filter(|kind| kind.repeat() == Repeat::LookUpFirst)
        .map(Into::into)
        .collect();
    wanted.sort_unstable();
    assert_eq!(kinds, wanted);
}

#[tokio::test]
async fn each_kind_is_delivered_once_and_found() {
    let world = world().await;
    for Case { effect, count, .. } in once(&world) {
        let nothing = match effect {
            Effect::DispatchWorkflow { .. } => not_listed(),
            _ => Lookup::Absent,
        };
        assert_eq!(world.find(&effect).await, nothing, "{effect:?}");
        let Outcome::Done(answer) = world.deliver(&effect).await else {
            panic!("{effect:?}");
        };
        assert_eq!(count(&world), 1, "{effect:?}");
        assert_eq!(
            world.find(&effect).await,
            Lookup::Found(answer),
            "{effect:?}"
        );
    }
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_nothing_is_made_twice() {
    for fault in [
        Fault::LoseAnswer,
        Fault::DoneButStatus { status: 502 },
        Fault::HoldAnswer,
    ] {
        let world = world().await;
        for Case {
            effect,
            endpoint,
            count,
        } in once(&world)
        {
            world.fault(endpoint, fault.clone());
            let outcome = world.hasty(&effect).await;
            assert!(is_uncertain(&outcome), "{effect:?}: {outcome:?}");
            let found = world.find(&effect).await;
            assert!(matches!(found, Lookup::Found(_)), "{effect:?}: {found:?}");
            assert_eq!(count(&world), 1, "{effect:?}");
        }
    }
}

#[tokio::test]
async fn a_lost_request_is_absent_and_sent_again() {
    for fault in [
        Fault::LoseRequest,
        Fault::Status { status: 502 },
        Fault::HoldRequest,
    ] {
        let world = world().await;
        for Case {
            effect,
            endpoint,
            count,
        } in once(&world)
        {
            world.fault(endpoint, fault.clone());
            let outcome = world.hasty(&effect).await;
            assert!(is_uncertain(&outcome), "{effect:?}: {outcome:?}");
            if matches!(effect, Effect::DispatchWorkflow { .. }) {
                // It may still be listed later, so it is not started again.
                assert_eq!(world.find(&effect).await, not_listed());
                continue;
            }
            assert_eq!(world.find(&effect).await, Lookup::Absent, "{effect:?}");
            assert!(
                matches!(world.again(&effect).await, Outcome::Done(_)),
                "{effect:?}"
            );
            assert_eq!(count(&world), 1, "{effect:?}");
        }
    }
}

#[tokio::test]
async fn what_another_effect_made_is_not_taken_for_its_own() {
    let world = world().await;
    for Case { effect, .. } in once(&world) {
        // These have a mark of the effect; a proposal's is its branch, a dispatch has none.
        if matches!(
            effect,
            Effect::ProposeFile { .. } | Effect::DispatchWorkflow { .. }
        ) {
            continue;
        }
        assert!(matches!(world.deliver(&effect).await, Outcome::Done(_)));
        let mut other = parcel(world.now());
        other.id = EffectId::of(SignalId(Uuid::nil()), 2, "test");
        assert_eq!(
            world.courier.reconcile(&effect, &other).await,
            Lookup::Absent,
            "{effect:?}"
        );
    }
}

#[tokio::test]
async fn a_proposal_that_stopped_anywhere_is_completed() {
    for endpoint in [
        "git/create-ref",
        "repos/create-or-update-file-contents",
        "pulls/create",
    ] {
        for fault in [Fault::LoseAnswer, Fault::LoseRequest] {
            let world = world().await;
            world.fault(endpoint, fault);
            let outcome = world.hasty(&proposal()).await;
            assert!(is_uncertain(&outcome), "{endpoint}: {outcome:?}");
            if world.find(&proposal()).await == Lookup::Absent {
                assert!(matches!(world.again(&proposal()).await, Outcome::Done(_)));
            }
            let pulls = repository(&world).pulls;
            assert_eq!(pulls.len(), 1, "{endpoint}");
            assert_eq!(pulls[0].files, ["ci/quarantine.txt"]);
            assert_eq!(
                (pulls[0].head.as_str(), pulls[0].base.as_str()),
                ("wardroom/quarantine/1", "main")
            );
            let commits = world.github.calls("repos/create-or-update-file-contents");
            assert!(commits <= 2, "{commits}");
        }
    }
}

#[tokio::test]
async fn a_proposal_whose_content_is_not_there_yet_is_not_found() {
    let world = world().await;
    answered(world.deliver(&proposal()).await);
    let Effect::ProposeFile {
        repository,
        branch,
        path,
        title,
        body,
        ..
    } = proposal()
    else {
        unreachable!()
    };
    let content = "pay::refunds\npay::charges\n".to_owned();
    let more = Effect::ProposeFile {
        repository,
        branch,
        path,
        content,
        title,
        body,
    };
    assert_eq!(world.find(&more).await, Lookup::Absent);
    answered(world.deliver(&more).await);
    assert!(matches!(world.find(&more).await, Lookup::Found(_)));
    assert_eq!(self::repository(&world).pulls.len(), 1);
}

#[tokio::test]
async fn a_conflict_is_tried_once_more_and_then_refused() {
    let world = world().await;
    let conflict = || {
        FaultRule::once(
            "github/repos/create-or-update-file-contents",
            Fault::Status { status: 409 },
        )
    };
    world.sim.fault(conflict());
    answered(world.deliver(&proposal()).await);
    assert_eq!(repository(&world).pulls.len(), 1);
    let other = other_proposal();
    world.sim.fault(conflict().times(2));
    assert_eq!(world.deliver(&other).await, refused("conflict"));
    assert_eq!(
        world.github.calls("repos/create-or-update-file-contents"),
        4
    );
}

fn other_proposal() -> Effect {
    let Effect::ProposeFile {
        repository,
        path,
        content,
        title,
        body,
        ..
    } = proposal()
    else {
        unreachable!()
    };
    Effect::ProposeFile {
        repository,
        branch: "wardroom/quarantine/2".to_owned(),
        path,
        content,
        title,
        body,
    }
}

#[tokio::test]
async fn an_issue_is_found_among_many_that_changed_and_is_never_absent_from_a_list_that_is_too_long()
 {
    let world = world().await;
    let open = |at: usize| {
        let issue = serde_json::json!({"title": format!("Help {at}")});
        let opened = world
            .github
            .act("bea", "POST", "/repos/acme/api/issues", issue);
        assert!(opened.is_ok(), "{opened:?}");
    };
    (0..2).for_each(open);
    world.pass(600);
    let first_attempt = parcel(world.now());
    answered(world.deliver(&issue()).await);
    world.pass(3600);
    let find = |id| {
        let mut parcel = first_attempt.clone();
        (parcel.id, parcel.now) = (id, world.now());
        let (world, effect) = (&world, issue());
        async move { world.courier.reconcile(&effect, &parcel).await }
    };
    let another = EffectId::of(SignalId(Uuid::nil()), 2, "test");
    // Older issues that change say nothing of it.
    for at in 1..=2 {
        let path = format!("/repos/acme/api/issues/{at}");
        let body = serde_json::json!({"body": "More."});
        assert!(world.github.act("bea", "PATCH", &path, body).is_ok());
    }
    assert!(matches!(find(first_attempt.id).await, Lookup::Found(_)));
    assert_eq!(find(another).await, Lookup::Absent);
    (0..500).for_each(open);
    let unreadable = Lookup::Unreadable {
        code: "list_too_long".to_owned(),
    };
    assert_eq!(find(another).await, unreadable);
    assert_eq!(find(first_attempt.id).await, unreadable);
}
