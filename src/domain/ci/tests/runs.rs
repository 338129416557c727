//! Which runs are kept, and which failures they open and close.

use super::*;
use crate::domain::effect::github;
use crate::domain::healing::{Action, Step};
use crate::domain::ids::Actor;
use crate::domain::rules::GithubAccess;

#[test]
fn a_run_only_moves_forward_and_ends_the_same_in_every_order() {
    let events = [
        run(1, 1, Status::Queued),
        run(1, 1, Status::InProgress),
        failed(1, 1),
        run(1, 2, Status::InProgress),
        green(1, 2),
    ];
    let orders: [[usize; 5]; 5] = [
        [0, 1, 2, 3, 4],
        [4, 3, 2, 1, 0],
        [2, 1, 0, 4, 3],
        [3, 2, 4, 0, 1],
        [1, 4, 0, 3, 2],
    ];
    for order in orders {
        let mut area = Fixture::new();
        for at in order.into_iter().chain(order) {
            area.sees(events[at].clone());
        }
        assert_eq!(area.runs[&1001], events[4].run, "{order:?}");
        let open = area.failures.iter().filter(|one| one.green.is_none());
        assert_eq!(open.count(), 0, "{order:?}");
    }
}

#[test]
fn an_end_is_final_but_that_of_a_run_that_waits_for_approval() {
    let step = |known: Conclusion, next: Status| {
        let known = run(1, 1, Status::Completed(known)).run;
        run(1, 1, next).run.replaces(&known)
    };
    let success = || Status::Completed(Conclusion::Success);
    assert!(!step(Conclusion::Failure, success()));
    assert!(!step(Conclusion::Failure, Status::InProgress));
    assert!(step(Conclusion::ActionRequired, Status::InProgress));
    assert!(step(Conclusion::ActionRequired, success()));
    assert!(!step(Conclusion::ActionRequired, Status::Queued));
}

#[test]
fn each_conclusion_is_a_failure_or_not_and_an_unknown_one_is_kept_as_it_is() {
    for (word, failure) in [
        ("success", false),
        ("failure", true),
        ("timed_out", true),
        ("startup_failure", true),
        ("cancelled", false),
        ("skipped", false),
        ("neutral", false),
        ("action_required", false),
        ("stale", false),
        ("melted", false),
    ] {
        let conclusion = Conclusion::of(word);
        assert_eq!(conclusion.as_str(), word);
        assert_eq!(conclusion.is_failure(), failure, "{word}");
        let mut area = Fixture::new();
        area.sees(run(1, 1, Status::Completed(conclusion)));
        assert_eq!(area.runs.len(), 1);
        assert_eq!(area.told().len(), usize::from(failure), "{word}");
    }
}

#[test]
fn a_failure_has_one_message_which_is_edited_until_it_is_green_again() {
    let mut area = Fixture::new();
    area.sees(failed(1, 1));
    assert_eq!(area.told(), ["post_message"]);
    area.stands();
    assert!(area.told().is_empty());
    // The same once more changes nothing.
    assert_eq!(area.sees(failed(1, 1)), Outcome::Ignored);
    area.sees(failed(2, 1));
    assert_eq!(area.told(), ["update_message"]);
    area.sees(run(3, 1, Status::Completed(Conclusion::Cancelled)));
    assert!(area.told().is_empty());
    area.sees(green(4, 1));
    assert_eq!(area.told(), ["update_message"]);
    let [failure] = &area.failures[..] else {
        panic!("one failure: {:#?}", area.failures)
    };
    assert_eq!(failure.count, 2);
    let words = message(failure, &Shown::default()).in_words();
    assert!(
        words.contains("✅ acme/api: CI is green again on main after 3 min"),
        "{words}"
    );
    // The next one is another failure.
    area.sees(failed(5, 1));
    assert_eq!(area.told(), ["post_message"]);
    assert_eq!(area.failures.len(), 2);
}

#[test]
fn what_is_older_than_what_was_told_changes_nothing_that_is_seen() {
    let mut area = Fixture::new();
    area.sees(failed(5, 1));
    area.stands();
    area.told();
    area.sees(failed(3, 1));
    assert_eq!(area.told(), ["update_message"]);
    let failure = &area.failures[0];
    assert_eq!((failure.count, failure.last.place.number), (2, 5));
    assert_eq!(failure.since, dawn() + Duration::minutes(3));
    area.sees(green(4, 1));
    assert!(area.told().is_empty(), "an older green run");
    area.sees(failed(2, 1));
    assert!(area.told().is_empty(), "a failure from before it");
    area.sees(green(7, 1));
    area.told();
    area.sees(failed(6, 1));
    assert!(area.told().is_empty(), "it was over before it was known");
    assert_eq!(area.failures.len(), 1);
}

#[test]
fn a_re_run_that_succeeds_makes_up_for_its_run_but_not_for_a_newer_one() {
    let mut area = Fixture::new();
    area.sees(failed(5, 1));
    area.stands();
    area.told();
    area.sees(run(5, 2, Status::InProgress));
    assert!(area.told().is_empty());
    area.sees(green(5, 2));
    assert_eq!(area.told(), ["update_message"]);

    area.sees(failed(6, 1));
    area.sees(failed(7, 1));
    area.stands();
    area.told();
    area.sees(green(6, 2));
    assert!(area.told().is_empty());
    assert!(area.failures.last().unwrap().green.is_none());
}

#[test]
fn each_branch_and_its_pull_requests_are_told_by_themselves_and_our_own_branches_are_not() {
    let mut area = Fixture::new();
    let seen = |number: i64, branch: &str, trigger: &str| {
        let mut seen = failed(number, 1);
        seen.run.trigger = trigger.to_owned();
        seen.run.line = Line::new("acme/api".to_owned(), 7, branch.to_owned(), trigger);
        seen
    };
    for (number, branch, trigger, told) in [
        (1, "main", "push", 1),
        (2, "main", "pull_request", 1),
        (3, "fix", "push", 1),
        (4, "fix", "pull_request", 1),
        (5, "nightly", "schedule", 1),
        (6, "release", "workflow_dispatch", 1),
        (7, "gh-readonly-queue/main/pr-7", "merge_group", 1),
        (8, "wardroom/quarantine", "push", 0),
        (9, "wardroom/quarantine", "pull_request", 0),
        (10, "talk", "issue_comment", 0),
        (11, "fork", "pull_request_target", 0),
    ] {
        area.sees(seen(number, branch, trigger));
        assert_eq!(area.told().len(), told, "{branch} {trigger}");
    }
    assert_eq!(area.runs.len(), 11);
    assert_eq!(area.failures.len(), 7);
    let on_default = area.failures.iter().filter(|one| one.on_default_branch);
    assert_eq!(on_default.count(), 1);
    let mut green = seen(12, "main", "pull_request");
    green.run.status = Status::Completed(Conclusion::Success);
    area.sees(green);
    let green: Vec<&Line> = area
        .failures
        .iter()
        .filter_map(|one| one.green.is_some().then_some(&one.line))
        .collect();
    assert_eq!(green.len(), 1);
    assert!(green[0].is_pull, "{green:?}");
}

#[test]
fn a_repository_that_is_not_watched_is_not_kept_and_without_a_channel_nothing_is_told() {
    let mut area = Fixture::new();
    area.rules.github.repositories = vec!["other/*".to_owned()];
    assert_eq!(area.sees(failed(1, 1)), Outcome::Ignored);
    assert!(area.runs.is_empty());
    area.rules = Rules::default();
    assert_eq!(area.sees(failed(1, 1)), Outcome::Done);
    assert_eq!(area.runs.len(), 1);
    assert!(area.told().is_empty() && area.failures.is_empty());
}

#[test]
fn a_re_run_that_waits_for_a_person_has_not_ended() {
    let mut area = Fixture::new();
    area.rules.github.access = GithubAccess::Token;
    area.sees(failed(1, 1));
    let step = rerun(RepairState::Planned);
    area.repairs.push(step.clone());
    area.sees(run(1, 2, Status::Completed(Conclusion::ActionRequired)));
    let effect = github::Effect::RerunFailedJobs {
        repository: step.repository,
        run: step.run,
        attempt: 1,
    };
    let purpose = Purpose::Repair {
        inspection: step.inspection,
        step: step.id,
    };
    let begun = github::Answer::Rerun { already: false };
    area.ends(effect, purpose, End::Done(Answer::Github(begun)));
    assert_eq!(area.repairs[0].state, RepairState::Asked);
}

/// The re-run of the first attempt of the first run.
pub(super) fn rerun(state: RepairState) -> RepairStep {
    let inspection = InspectionId::of("acme/api", 1001, 1);
    RepairStep {
        id: RepairId::of(inspection, "infrastructure", 0, 0),
        inspection,
        failure: None,
        repository: "acme/api".to_owned(),
        run: 1001,
        place: Place {
            number: 1,
            attempt: 1,
        },
        playbook: "infrastructure".to_owned(),
        ordinal: 0,
        tries: 0,
        step: Step::new(Action::RerunFailedJobs),
        signatures: BTreeSet::new(),
        rerun: Some((1, 2)),
        state,
        by: Actor::Wardroom,
        reason: None,
        decided_at: dawn(),
        due_at: dawn(),
        ended_at: None,
    }
}
