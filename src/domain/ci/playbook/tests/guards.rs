//! Every guard, each with a run that only it prevents.

use super::*;
use crate::domain::ci::findings::Rerun;

/// What prevents the re-run of a run, after one change.
fn prevented(change: impl Fn(&mut Situation, &mut Healing)) -> Vec<&'static str> {
    let (mut situation, mut healing) = (network(), Healing::default());
    assert!(decide(&situation, &healing).prevented.is_empty());
    change(&mut situation, &mut healing);
    let plan = decide(&situation, &healing);
    let reruns = |due: &Due| due.step.action.is_rerun();
    let is_rerun = plan.repairs.iter().any(|one| one.steps.iter().any(reruns));
    let prevented = words(&plan);
    assert_eq!(is_rerun, prevented.is_empty(), "{plan:#?}");
    for no in &plan.prevented {
        let sentence = no.sentence();
        assert!(
            !sentence.is_empty() && !sentence.ends_with('.'),
            "{sentence}"
        );
    }
    prevented
}

#[test]
fn each_guard_prevents_a_re_run_by_itself() {
    type Change = fn(&mut Situation, &mut Healing);
    let cases: &[(&[&str], Change)] = &[
        (&[], |_, _| {}),
        (&["nothing_found"], |run, _| run.failures.clear()),
        (&["not_all_examined"], |run, _| run.failed_jobs = 2),
        (&[], |run, _| run.failed_jobs = 0),
        (&["unsure"], |run, _| {
            run.failures[0].confidence = Confidence::Low;
            run.failures[0].rerun = Rerun::No;
        }),
        (&["deploys"], |run, _| run.failures[0].rerun = Rerun::No),
        (&["no_playbook"], |_, healing| healing.playbooks.clear()),
        (&["playbook_off"], |_, healing| {
            healing.playbooks[0].enabled = false;
        }),
        (&["playbook_off"], |run, _| {
            run.own.disabled = vec!["infrastructure".to_owned()];
        }),
        (&["ignored"], |run, _| {
            run.ignored = [(signature("build"), now() + Duration::seconds(1))].into();
        }),
        (&[], |run, _| {
            run.ignored = [(signature("build"), now())].into();
        }),
        (&["cancelled"], |run, _| {
            run.conclusion = Conclusion::Cancelled;
        }),
        (&[], |run, _| run.failed_at = now() - Duration::hours(24)),
        (&["too_old"], |run, _| {
            run.failed_at = now() - Duration::hours(24) - Duration::seconds(1);
        }),
        (&["superseded"], |run, _| run.superseded_by = Some(8)),
        (&["github_limit", "run_budget"], |run, healing| {
            run.attempt = 51;
            healing.max_reruns_per_run = 10;
        }),
        (&["reruns_off"], |_, healing| healing.max_reruns_per_run = 0),
        (&["reruns_off"], |run, _| {
            run.own.max_reruns_per_run = Some(0);
        }),
        (&[], |run, _| run.attempt = 2),
        (&["run_budget"], |run, _| run.attempt = 3),
        (&["run_budget"], |run, healing| {
            run.attempt = 2;
            healing.max_reruns_per_run = 1;
        }),
        (&[], |run, _| run.repository_reruns = 9),
        (&["repository_budget"], |run, _| run.repository_reruns = 10),
        (&[], |run, _| run.installation_reruns = 29),
        (&["installation_budget"], |run, _| {
            run.installation_reruns = 30;
        }),
        // The failed jobs are not the one that deploys.
        (&[], |run, _| run.deploys = Some("ship".to_owned())),
        (&[], |_, healing| {
            healing.playbooks[0].steps = vec![Step::new(Action::RerunRun)];
        }),
        (&["deploys_again"], |run, healing| {
            healing.playbooks[0].steps = vec![Step::new(Action::RerunRun)];
            run.deploys = Some("ship".to_owned());
        }),
        (&["cooldown"], |run, _| {
            let last = now() - Duration::minutes(59);
            run.repeated = [(signature("build"), last)].into();
        }),
        (&[], |run, _| {
            let last = now() - Duration::hours(1);
            run.repeated = [(signature("build"), last)].into();
        }),
        (&[], |run, _| {
            run.repeated = [(signature("another"), now())].into();
        }),
        (&[], |run, _| run.hit_repositories = 4),
        (&["outage"], |run, _| run.hit_repositories = 5),
        (&[], |run, _| run.quota_left = Some(100)),
        (&["quota_low"], |run, _| run.quota_left = Some(99)),
        (&[], |run, _| run.quota_left = None),
        (&["switched_off"], |_, healing| healing.enabled = false),
        (&["repository_off"], |run, _| run.own.off = true),
        (&["labelled_off"], |run, _| run.is_labelled_off = true),
        (&["own_file_unread"], |run, _| {
            run.own_unread = Some("server_error".to_owned());
        }),
        (&["repository_budget", "quota_low"], |run, _| {
            run.repository_reruns = 10;
            run.quota_left = Some(0);
        }),
    ];
    for (at, (wanted, change)) in cases.iter().enumerate() {
        assert_eq!(prevented(change), *wanted, "case {at}");
    }
}
