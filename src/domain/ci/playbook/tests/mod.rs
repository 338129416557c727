//! Which playbooks apply to a failed run.

mod guards;

use super::*;
use crate::domain::ci::Conclusion;
use crate::domain::ci::findings::{Class, Confidence, Signature};
use crate::domain::healing::{
    Action, Branches, Healing, OwnRules, Playbook, Step, Trigger, Whom, built_in,
};
use crate::domain::severity::Severity;
use chrono::{DateTime, Duration, Utc};
use std::collections::{BTreeMap, BTreeSet};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_355_600, 0).unwrap()
}

fn signature(text: &str) -> Signature {
    Signature::known(text.to_owned())
}

fn failing(job: &str, class: Class) -> Failing {
    Failing {
        job: job.to_owned(),
        class,
        confidence: Confidence::High,
        rerun: class.rerun(Confidence::High, false),
        signature: signature(job),
    }
}

/// The first attempt of a run on the default branch failed, and nothing prevents its re-run.
fn of(failures: Vec<Failing>) -> Situation {
    Situation {
        now: now(),
        attempt: 1,
        workflow: "CI".to_owned(),
        branch: "main".to_owned(),
        is_default_branch: true,
        conclusion: Conclusion::Failure,
        failed_at: now() - Duration::minutes(1),
        failed_jobs: failures.len(),
        failures,
        superseded_by: None,
        repository_reruns: 0,
        installation_reruns: 0,
        repeated: BTreeMap::new(),
        handled: BTreeSet::new(),
        recurrences: BTreeMap::new(),
        hit_repositories: 1,
        deploys: None,
        quota_left: Some(5000),
        ignored: BTreeMap::new(),
        own: OwnRules::default(),
        own_unread: None,
        is_labelled_off: false,
    }
}

fn network() -> Situation {
    of(vec![failing("build", Class::Network)])
}

fn words(plan: &Plan) -> Vec<&'static str> {
    plan.prevented.iter().map(No::word).collect()
}

fn actions(plan: &Plan) -> Vec<(&str, Vec<&'static str>)> {
    let repairs = plan.repairs.iter();
    let steps = |repair: &Repair| {
        let steps = repair.steps.iter();
        steps.map(|due| due.step.action.as_str()).collect()
    };
    repairs
        .map(|repair| (repair.playbook.as_str(), steps(repair)))
        .collect()
}

#[test]
fn each_class_is_repeated_only_when_a_re_run_may_help() {
    use Class::*;
    for class in Class::ALL {
        let plan = decide(&of(vec![failing("build", class)]), &Healing::default());
        let reruns = vec!["rerun_failed_jobs"];
        let (wanted, prevented): (Vec<(&str, Vec<&str>)>, &[&str]) = match class {
            Network | Registry | RateLimit | RunnerLost => (vec![("infrastructure", reruns)], &[]),
            OutOfDisk | OutOfMemory | Timeout => (vec![("once", reruns)], &[]),
            Cache => (
                vec![("cache", vec!["delete_caches", "rerun_failed_jobs"])],
                &[],
            ),
            FlakyTest => (vec![("flaky-test", reruns)], &[]),
            TestFailure | Compile | Lint | Dependency => {
                (vec![("code", vec!["notify"])], &["not_excused"])
            }
            WorkflowFile => (vec![("workflow-file", vec!["notify"])], &["not_excused"]),
            Permission => (
                vec![("permission", vec!["notify", "declare_incident"])],
                &["not_excused"],
            ),
            Deployment | Cancelled | Unknown => (vec![], &["not_excused"]),
        };
        assert_eq!(actions(&plan), wanted, "{class:?}");
        assert_eq!(words(&plan), prevented, "{class:?}");
    }
}

#[test]
fn flaky_tests_are_repeated_during_an_outage_of_the_infrastructure() {
    let mut run = of(vec![failing("test", Class::FlakyTest)]);
    run.hit_repositories = 9;
    assert!(decide(&run, &Healing::default()).prevented.is_empty());
}

#[test]
fn one_failure_that_is_not_excused_prevents_the_re_run_and_is_named() {
    let run = of(vec![
        failing("fetch", Class::Network),
        failing("build", Class::Compile),
        failing("style", Class::Lint),
    ]);
    let plan = decide(&run, &Healing::default());
    let sentences: Vec<String> = plan.prevented.iter().map(No::sentence).collect();
    assert_eq!(
        sentences,
        [
            "“build” failed because of a compile error, and a re-run wouldn't change that",
            "“style” failed because of a lint error, and a re-run wouldn't change that",
        ]
    );
    let repairs: Vec<_> = plan.repairs.iter().map(|one| &one.signatures).collect();
    assert_eq!(
        repairs,
        [&BTreeSet::from([signature("build"), signature("style")])]
    );
}

#[test]
fn the_first_re_run_follows_after_a_minute_and_the_second_after_five() {
    let healing = Healing::default();
    let due = |attempt: i32, healing: &Healing| {
        let mut run = network();
        run.attempt = attempt;
        let plan = decide(&run, healing);
        let [repair] = &plan.repairs[..] else {
            panic!("{plan:#?}")
        };
        (repair.steps[0].at - now(), repair.rerun.unwrap())
    };
    assert_eq!(due(1, &healing), (Duration::seconds(60), (1, 2)));
    assert_eq!(due(2, &healing), (Duration::seconds(300), (2, 2)));
    let mut more = Healing {
        max_reruns_per_run: 5,
        ..Healing::default()
    };
    more.playbooks[0].max_reruns = 9;
    assert_eq!(due(4, &more), (Duration::seconds(300), (4, 5)));
    more.rerun_delays.clear();
    assert_eq!(due(1, &more), (Duration::zero(), (1, 5)));
}

#[test]
fn caches_are_deleted_at_once_and_the_run_is_repeated_after_the_pause() {
    let plan = decide(
        &of(vec![
            failing("fetch", Class::Network),
            failing("restore", Class::Cache),
        ]),
        &Healing::default(),
    );
    let [repair] = &plan.repairs[..] else {
        panic!("{plan:#?}")
    };
    assert_eq!(
        (repair.playbook.as_str(), repair.rerun),
        ("cache", Some((1, 1)))
    );
    let due: Vec<_> = repair.steps.iter().map(|due| due.at - now()).collect();
    assert_eq!(due, [Duration::zero(), Duration::seconds(60)]);
}

#[test]
fn what_is_repeated_once_is_then_given_up_with_an_issue() {
    let mut run = of(vec![
        failing("build", Class::OutOfMemory),
        failing("fetch", Class::Network),
    ]);
    run.attempt = 2;
    let plan = decide(&run, &Healing::default());
    assert!(plan.gave_up);
    assert_eq!(words(&plan), ["run_budget"]);
    assert_eq!(actions(&plan), [("once", vec!["open_issue"])]);
    let mut plain = network();
    plain.attempt = 3;
    let plan = decide(&plain, &Healing::default());
    assert!(plan.gave_up && plan.repairs.is_empty());
}

#[test]
fn no_playbook_repeats_once_what_the_class_allows_once_a_second_time() {
    let mut healing = Healing::default();
    healing.playbooks[1].max_reruns = 5;
    healing.max_reruns_per_run = 5;
    let mut run = of(vec![failing("build", Class::Timeout)]);
    run.attempt = 2;
    assert_eq!(words(&decide(&run, &healing)), ["run_budget"]);
}

#[test]
fn the_same_failure_three_times_on_the_default_branch_is_an_issue() {
    let seen = |times: u32, is_default_branch: bool, class: Class| {
        let mut run = of(vec![failing("test", class)]);
        run.recurrences = [(signature("test"), times)].into();
        run.is_default_branch = is_default_branch;
        let plan = decide(&run, &Healing::default());
        actions(&plan).iter().any(|(name, _)| *name == "recurring")
    };
    assert!(!seen(2, true, Class::TestFailure));
    assert!(seen(3, true, Class::TestFailure));
    assert!(seen(3, true, Class::Network));
    assert!(!seen(3, false, Class::TestFailure));
    assert!(!seen(3, true, Class::FlakyTest));
}

#[test]
fn what_was_done_today_for_a_failure_is_not_done_again_but_an_issue_is_kept_up_to_date() {
    let mut run = of(vec![failing("login", Class::Permission)]);
    run.recurrences = [(signature("login"), 4)].into();
    let names = |run: &Situation| -> Vec<String> {
        let plan = decide(run, &Healing::default());
        plan.repairs
            .iter()
            .map(|one| one.playbook.clone())
            .collect()
    };
    assert_eq!(names(&run), ["permission", "recurring"]);
    let handled = |name: &str| (name.to_owned(), signature("login"));
    run.handled = [handled("permission"), handled("recurring")].into();
    assert_eq!(names(&run), ["recurring"]);
    run.failures.push(failing("deploy", Class::Permission));
    run.failed_jobs = 2;
    assert_eq!(names(&run), ["permission", "recurring"]);
}

#[test]
fn missing_rights_are_an_incident_on_the_default_branch_only() {
    let mut run = of(vec![failing("login", Class::Permission)]);
    run.is_default_branch = false;
    assert!(decide(&run, &Healing::default()).repairs.is_empty());
}

#[test]
fn nothing_is_written_while_it_is_off_and_people_are_told_all_the_same() {
    let mut run = of(vec![failing("login", Class::Permission)]);
    run.recurrences = [(signature("login"), 3)].into();
    let healing = Healing {
        enabled: false,
        ..Healing::default()
    };
    let plan = decide(&run, &healing);
    assert_eq!(
        actions(&plan),
        [("permission", vec!["notify", "declare_incident"])]
    );
    assert_eq!(words(&plan), ["not_excused", "switched_off"]);
    for change in [
        (|run: &mut Situation| run.own.off = true) as fn(&mut Situation),
        |run| run.is_labelled_off = true,
        |run| run.own_unread = Some("server_error".to_owned()),
    ] {
        let mut run = run.clone();
        change(&mut run);
        let plan = decide(&run, &Healing::default());
        assert_eq!(actions(&plan).len(), 1, "{plan:#?}");
    }
}

#[test]
fn an_ignored_failure_is_neither_told_nor_counted() {
    let mut run = of(vec![failing("login", Class::Permission)]);
    run.recurrences = [(signature("login"), 3)].into();
    run.ignored = [(signature("login"), now() + Duration::hours(1))].into();
    let plan = decide(&run, &Healing::default());
    assert!(plan.repairs.is_empty(), "{plan:#?}");
    assert_eq!(words(&plan), ["ignored"]);
}

#[test]
fn a_cancelled_run_is_left_alone() {
    let mut run = of(vec![failing("build", Class::Cancelled)]);
    run.conclusion = Conclusion::Cancelled;
    let plan = decide(&run, &Healing::default());
    assert!(plan.repairs.is_empty());
    assert_eq!(words(&plan), ["cancelled"]);
}

#[test]
fn a_playbook_of_the_team_comes_first_and_fits_by_class_workflow_and_branch() {
    let own = Playbook {
        name: "nightly".to_owned(),
        on: Trigger {
            classes: vec![Class::Network],
            workflows: vec!["Night*".to_owned()],
            branches: Branches::Like(vec!["release/*".to_owned()]),
            recurrences: 0,
        },
        max_reruns: 1,
        steps: vec![Step::new(Action::RerunRun)],
        give_up: vec![Step::new(Action::DeclareIncident(Severity::P2))],
        dry_run: true,
        enabled: true,
    };
    let healing = Healing {
        playbooks: [vec![own], built_in()].concat(),
        ..Healing::default()
    };
    let handled_by = |workflow: &str, branch: &str, class: Class| {
        let mut run = of(vec![failing("build", class)]);
        (run.workflow, run.branch) = (workflow.to_owned(), branch.to_owned());
        run.is_default_branch = false;
        let plan = decide(&run, &healing);
        let repair = &plan.repairs[0];
        (repair.playbook.clone(), repair.dry_run)
    };
    let own = ("nightly".to_owned(), true);
    let infrastructure = ("infrastructure".to_owned(), false);
    assert_eq!(handled_by("Nightly", "release/1", Class::Network), own);
    for (workflow, branch, class) in [
        ("CI", "release/1", Class::Network),
        ("Nightly", "main", Class::Network),
        ("Nightly", "release/1", Class::Registry),
    ] {
        assert_eq!(handled_by(workflow, branch, class), infrastructure);
    }
}

#[test]
fn a_playbook_cannot_repeat_what_no_re_run_repairs() {
    let mut healing = Healing::default();
    healing.playbooks.insert(
        0,
        Playbook {
            on: Trigger::default(),
            ..healing.playbooks[0].clone()
        },
    );
    let plan = decide(&of(vec![failing("build", Class::Compile)]), &healing);
    assert_eq!(words(&plan), ["not_excused"]);
    assert!(plan.repairs.is_empty(), "{plan:#?}");
}

#[test]
fn a_dry_run_plans_the_same_and_says_so() {
    let dry = |change: fn(&mut Situation, &mut Healing)| {
        let (mut run, mut healing) = (network(), Healing::default());
        change(&mut run, &mut healing);
        let plan = decide(&run, &healing);
        assert_eq!(
            actions(&plan),
            [("infrastructure", vec!["rerun_failed_jobs"])]
        );
        plan.repairs[0].dry_run
    };
    assert!(!dry(|_, _| {}));
    assert!(dry(|_, healing| healing.dry_run = true));
    assert!(dry(|run, _| run.own.dry_run = true));
    assert!(dry(|_, healing| healing.playbooks[0].dry_run = true));
}

#[test]
fn owners_can_be_told_by_a_playbook() {
    let mut healing = Healing::default();
    healing.playbooks[4].steps = vec![Step::new(Action::Notify(Whom::Owners))];
    let run = of(vec![failing("test", Class::TestFailure)]);
    assert_eq!(actions(&decide(&run, &healing)), [("code", vec!["notify"])]);
}
