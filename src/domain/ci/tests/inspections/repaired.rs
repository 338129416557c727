//! What is decided about an attempt that was inspected.

use super::*;
use crate::domain::ci::{repair_plan, repair_steps};
use crate::domain::healing::{Action, HeldBack, Step};
use crate::domain::measure::Measure;

/// An attempt that was inspected, with these jobs listed of so many that failed.
fn inspected(run: Seen, listed: u32, failed: u32) -> Fixture {
    let mut area = reading();
    area.sees(run);
    area.stands();
    let jobs = (1..=i64::from(listed)).map(|id| job(id, "build"));
    let end = done(github::Answer::Jobs {
        jobs: jobs.collect(),
        failed,
        total: failed,
        deploys: None,
        more_artifacts: false,
        artifacts: Vec::new(),
        quota_left: Some(5000),
    });
    area.read_ends("list_failed_jobs", end);
    for _ in 0..listed {
        area.read_ends("read_job_log", log(RESET));
    }
    area.told();
    area
}

impl Fixture {
    fn the_inspection(&self) -> Inspection {
        self.inspections.values().next().unwrap().clone()
    }

    /// What follows from a timer of the inspection, and what it decides.
    fn repairs(&self) -> Decision {
        self.repairs_on_line(None)
    }

    /// The same on a line whose newest run that succeeded is this one.
    fn repairs_on_line(&self, green: Option<Place>) -> Decision {
        let inspection = self.the_inspection();
        let findings: Vec<JobFinding> = self.findings.values().cloned().collect();
        let facts = Facts {
            run: self.runs.get(&inspection.run.id).cloned(),
            failure: self.failures.last().cloned(),
            repairs: self.repairs.clone(),
            circumstances: Some(Circumstances {
                findings,
                ..Circumstances::default()
            }),
            own: Some(OwnFile {
                rules: Ok(Default::default()),
                read_at: dawn(),
            }),
            inspection: Some(inspection),
            green,
            ..Facts::default()
        };
        self.decides(|decision, context| repair_plan::due(decision, &facts, context))
    }

    fn decides(&self, decide: impl FnOnce(&mut Decision, &Context<'_>)) -> Decision {
        let context = Context {
            signal: SignalId(Uuid::from_u128(99)),
            at: dawn(),
            now: dawn() + self.later,
            rules: &self.rules,
        };
        let mut decision = Decision::on(context.signal);
        decide(&mut decision, &context);
        decision
    }
}

fn kinds(decision: &Decision) -> Vec<&'static str> {
    let effects = decision.effects.iter();
    effects.map(|planned| planned.effect.kind()).collect()
}

/// The rows of the repair: their states, with the reasons.
fn rows(decision: &Decision) -> Vec<(RepairState, String)> {
    let rows = decision.changes.iter().filter_map(|change| match change {
        Change::Repair(step) => Some((step.state, step.reason.clone().unwrap_or_default())),
        _ => None,
    });
    rows.collect()
}

#[test]
fn a_run_whose_jobs_are_not_known_is_not_repeated() {
    let timed_out = run(1, 1, Status::Completed(Conclusion::TimedOut));
    for seen in [failed(1, 1), timed_out] {
        let area = inspected(seen, 0, 0);
        let decision = area.repairs();
        assert!(
            !kinds(&decision).contains(&"rerun_failed_jobs"),
            "{decision:#?}"
        );
        let rows = rows(&decision);
        assert_eq!(rows[0].0, RepairState::Refused, "{rows:?}");
    }
    // A job that is known may be.
    let decision = inspected(failed(1, 1), 1, 1).repairs();
    assert!(
        kinds(&decision).contains(&"rerun_failed_jobs"),
        "{decision:#?}"
    );
}

#[test]
fn a_run_with_more_failed_jobs_than_were_examined_is_not_repeated() {
    let area = inspected(failed(1, 1), 10, 501);
    assert_eq!(area.the_inspection().unlisted, 491);
    let decision = area.repairs();
    assert!(
        !kinds(&decision).contains(&"rerun_failed_jobs"),
        "{decision:#?}"
    );
    let rows = rows(&decision);
    assert!(rows[0].1.contains("501"), "{rows:?}");
}

/// A step of this kind begins for a run.
fn begun(area: &Fixture, action: Action) -> Decision {
    let mut inspection = area.the_inspection();
    inspection.run = area.runs.values().next().unwrap().clone();
    let mut steps = [RepairStep::new(
        &inspection,
        "cache",
        0,
        Step::new(action),
        dawn(),
    )];
    let facts = Facts::default();
    area.decides(|decision, context| {
        crate::domain::ci::repair_steps::begin(decision, &mut steps, &inspection, &facts, context);
        let [step] = steps;
        decision.change(Change::Repair(Box::new(step)));
    })
}

#[test]
fn a_fork_deletes_no_cache_of_the_default_branch() {
    for (is_pull, pull, wanted) in [
        (false, None, Some("refs/heads/main")),
        (true, Some(7), Some("refs/pull/7/merge")),
        // The branch of a fork has the name of the default branch here.
        (true, None, None),
    ] {
        let mut seen = failed(1, 1);
        seen.run.line.is_pull = is_pull;
        seen.run.code.pull = pull;
        let decision = begun(&inspected(seen, 1, 1), Action::DeleteCaches);
        let deleted = decision
            .effects
            .iter()
            .find_map(|planned| match &planned.effect {
                Effect::Github(github::Effect::DeleteCaches { reference, .. }) => {
                    Some(reference.as_str())
                }
                _ => None,
            });
        assert_eq!(deleted, wanted);
        let is_skipped = rows(&decision)[0].0 == RepairState::Skipped;
        assert_eq!(is_skipped, wanted.is_none());
    }
}

#[test]
fn a_person_starts_no_re_run_in_a_dry_run() {
    let mut area = inspected(failed(1, 1), 1, 1);
    area.rules.admins = vec![crate::domain::ids::UserId::new("U0ADA").unwrap()];
    let person = area.rules.admins[0].clone();
    let facts = Facts {
        inspection: Some(area.the_inspection()),
        failure: area.failures.last().cloned(),
        ..Facts::default()
    };
    for (dry_run, wanted) in [(false, vec!["rerun_failed_jobs"]), (true, vec![])] {
        area.rules.github.healing.dry_run = dry_run;
        assert_eq!(
            area.rules.github.healing.held_back() == Some(HeldBack::DryRun),
            dry_run
        );
        let mut said = None;
        let decision = area.decides(|decision, context| {
            let rerun = crate::domain::ci::repair_approved::rerun;
            said = Some(rerun(decision, &person, &facts, context));
        });
        let kinds = kinds(&decision);
        let kinds: Vec<_> = kinds
            .into_iter()
            .filter(|kind| *kind == "rerun_failed_jobs")
            .collect();
        assert_eq!(kinds, wanted);
        assert_eq!(said.unwrap().is_err(), dry_run);
    }
}

#[test]
fn a_retry_of_a_read_shows_the_repair_again() {
    let mut area = inspected(failed(1, 1), 1, 1);
    area.repairs.push(rerun(RepairState::Asked));
    let id = area.the_inspection().id;
    area.repairs[0].inspection = id;
    let before = area.repairs.clone();
    // The inspection ended once more, and its message says only that it is found.
    let failure = area.failures.last_mut().unwrap();
    failure.progress.as_mut().unwrap().lines.clear();
    let decision = area.repairs();
    assert!(
        rows(&decision).is_empty(),
        "the repair stays: {decision:#?}"
    );
    assert_eq!(area.repairs, before);
    assert_eq!(kinds(&decision), ["update_message"]);
    let shown = decision.changes.iter().find_map(|change| match change {
        Change::Failure(failure) => failure.progress.clone(),
        _ => None,
    });
    assert_eq!(shown.unwrap().stage, Some(Stage::Repairing));
}

#[test]
fn an_open_approval_hides_no_newer_re_run() {
    let of_attempt = |attempt: i32, state| {
        let mut step = rerun(state);
        step.inspection = InspectionId::of("acme/api", 1001, attempt);
        step.place.attempt = attempt;
        step
    };
    let mut steps = vec![
        of_attempt(1, RepairState::WaitingApproval),
        of_attempt(2, RepairState::Asked),
    ];
    let newest = InspectionId::of("acme/api", 1001, 2);
    assert_eq!(RepairStep::repairing(&steps), Some(newest));
    steps[1].state = RepairState::Failed;
    let first = InspectionId::of("acme/api", 1001, 1);
    assert_eq!(RepairStep::repairing(&steps), Some(first));
}

#[test]
fn what_may_have_been_started_is_not_started_again() {
    let area = inspected(failed(1, 1), 1, 1);
    let inspection = area.the_inspection();
    let dispatch = Action::DispatchWorkflow {
        workflow: "report.yml".to_owned(),
        reference: None,
        inputs: Default::default(),
    };
    let comment = Action::Comment {
        text: "See the runbook.".to_owned(),
    };
    for action in [dispatch, comment] {
        let retried = Step {
            retries: 1,
            ..Step::new(action)
        };
        let mut step = RepairStep::new(&inspection, "own", 0, retried, dawn());
        step.state = RepairState::Asked;
        let id = step.id;
        let facts = Facts {
            failure: area.failures.last().cloned(),
            inspection: Some(inspection.clone()),
            repairs: vec![step],
            ..Facts::default()
        };
        let code = || "no_run_listed".to_owned();
        let (effect, _) = posted(&area.failures[0]);
        for end in [
            End::Uncertain { code: code() },
            End::Parked { code: code() },
        ] {
            let receipt = Receipt {
                effect_id: EffectId(Uuid::from_u128(77)),
                generation: 0,
                effect: effect.clone().into(),
                origin: Purpose::Repair {
                    inspection: inspection.id,
                    step: id,
                },
                end,
            };
            let decision = area.decides(|decision, context| {
                repair_steps::answered(decision, id, &receipt, &facts, context);
            });
            assert_eq!(rows(&decision), [(RepairState::Failed, code())]);
            let shown = format!("{:?}", decision.changes);
            assert!(shown.contains("which may have been done"), "{shown}");
        }
    }
}

#[test]
fn on_a_green_line_findings_are_counted_once_and_what_was_given_up_stays_so() {
    let mut area = inspected(failed(1, 1), 1, 1);
    let green = Some(Place {
        number: 2,
        attempt: 1,
    });
    let seen = |decision: &Decision| {
        let counted = decision.measures.iter();
        let counted = counted.filter(|one| matches!(one, Measure::IssueDetected { .. }));
        let stages = decision.changes.iter().filter_map(|change| match change {
            Change::Finding(finding) => Some(finding.state),
            _ => None,
        });
        (counted.count(), stages.collect::<Vec<_>>())
    };
    let decision = area.repairs_on_line(green);
    assert_eq!(seen(&decision), (1, vec![Stage::Told]));
    area.repairs.push(rerun(RepairState::Failed));
    let decision = area.repairs_on_line(green);
    assert_eq!(seen(&decision), (0, vec![Stage::GivenUp]));
}
