//! Which playbooks apply, and what prevents a re-run.

use super::{Failing, No, Situation};
use crate::domain::ci::Conclusion;
use crate::domain::ci::findings::{Confidence, Rerun, Signature};
use crate::domain::ci::watched::fits;
use crate::domain::healing::{Action, Branches, Healing, Playbook, Step, Trigger, Whom};
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeSet;

/// A run that failed longer ago is left alone: its failure is no news.
const OLDEST: Duration = Duration::hours(24);
/// GitHub's limit of attempts: the first one and 50 re-runs.
const ATTEMPTS: i32 = 51;
/// So many repositories with failures of the infrastructure at once are an outage.
const OUTAGE: u32 = 5;
/// Requests that are left for reading and for people.
const QUOTA: u32 = 100;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// What is done, each by one playbook.
    pub repairs: Vec<Repair>,
    /// Why the run is not repeated; empty: it is.
    pub prevented: Vec<No>,
    /// The run was repeated as often as it may be, and failed again.
    pub gave_up: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Repair {
    pub playbook: String,
    /// What it is for.
    pub signatures: BTreeSet<Signature>,
    /// It only says what would have been done.
    pub dry_run: bool,
    /// Never empty.
    pub steps: Vec<Due>,
    /// Of a re-run: its number, and the most for this run.
    pub rerun: Option<(u32, u32)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    pub step: Step,
    /// Not before then.
    pub at: DateTime<Utc>,
}

pub fn decide(situation: &Situation, healing: &Healing) -> Plan {
    let healing = &healing.narrowed(&situation.own);
    if situation.conclusion == Conclusion::Cancelled {
        return Plan {
            prevented: vec![No::Cancelled],
            ..Plan::default()
        };
    }
    let mut plan = Plan::default();
    let chosen = of_run(situation, healing, &mut plan.prevented);
    let failures = situation.failures.iter();
    let heard = failures.filter(|failing| !situation.is_ignored(&failing.signature));
    let heard: Vec<&Failing> = heard.collect();
    if let Some((playbook, most)) = chosen {
        plan.prevented = guards(situation, healing, most);
        let repeats_all = playbook
            .steps
            .iter()
            .any(|step| step.action == Action::RerunRun);
        let deploys = situation.deploys.clone().filter(|_| repeats_all);
        plan.prevented
            .extend(deploys.map(|what| No::DeploysAgain { what }));
        let budget = |no: &No| matches!(no, No::RunBudget { .. });
        plan.gave_up = plan.prevented.iter().any(budget);
        if plan.prevented.is_empty() {
            let steps = of_rerun(playbook, situation, healing);
            let number = reruns(situation) + 1;
            let repair = repair(playbook, &heard, steps, healing);
            plan.repairs.push(Repair {
                rerun: Some((number, most)),
                ..repair
            });
        } else if plan.gave_up {
            let steps = at_once(&playbook.give_up, situation.now);
            plan.repairs.push(repair(playbook, &heard, steps, healing));
        }
    }
    for playbook in &healing.playbooks {
        let handles = |failing: &&&Failing| match playbook.on.recurrences {
            0 if playbook.reruns() => false,
            0 => handler(failing, situation, healing).is_some_and(|own| own == playbook),
            _ => is_on(playbook, failing, situation),
        };
        let own: Vec<&Failing> = heard.iter().filter(handles).copied().collect();
        let steps = at_once(&playbook.steps, situation.now);
        plan.repairs.push(repair(playbook, &own, steps, healing));
    }
    permitted(&mut plan, situation, healing);
    plan
}

/// The playbook that repeats the run, and how often; `None`: a failure prevents it.
fn of_run<'a>(
    situation: &Situation,
    healing: &'a Healing,
    prevented: &mut Vec<No>,
) -> Option<(&'a Playbook, u32)> {
    let examined = situation.failures.len();
    if examined == 0 {
        prevented.push(No::NothingFound);
    } else if examined < situation.failed_jobs {
        let failed = situation.failed_jobs;
        prevented.push(No::NotAllExamined { examined, failed });
    }
    let mut handlers = Vec::new();
    let mut most = healing.max_reruns_per_run;
    for failing in &situation.failures {
        match of_failure(failing, situation, healing) {
            Ok(playbook) => {
                let once = matches!(failing.rerun, Rerun::Once | Rerun::AfterPurge);
                let own = if once { 1 } else { playbook.max_reruns };
                most = most.min(own).min(playbook.max_reruns);
                handlers.push(playbook);
            }
            Err(no) => prevented.push(no),
        }
    }
    // The most careful one: what is repeated once comes before what is repeated twice, and what
    // deletes caches before what does not.
    let strictest = |one: &&Playbook| (one.max_reruns, std::cmp::Reverse(one.steps.len()));
    let playbook = handlers.into_iter().min_by_key(strictest)?;
    prevented.is_empty().then_some((playbook, most))
}

/// The playbook that repeats the job.
fn of_failure<'a>(
    failing: &Failing,
    situation: &Situation,
    healing: &'a Healing,
) -> Result<&'a Playbook, No> {
    let (job, class) = (failing.job.clone(), failing.class);
    if let Some(until) = situation.ignored.get(&failing.signature)
        && situation.is_ignored(&failing.signature)
    {
        let until = *until;
        return Err(No::Ignored { job, until });
    }
    if failing.rerun == Rerun::No {
        let excusable = class.rerun(Confidence::High, false) != Rerun::No;
        return Err(match failing.confidence {
            Confidence::Low if excusable => No::Unsure { job, class },
            Confidence::Medium | Confidence::High if excusable => No::Deploys { job },
            Confidence::Low | Confidence::Medium | Confidence::High => {
                No::NotExcused { job, class }
            }
        });
    }
    let handler = handler(failing, situation, healing);
    if let Some(playbook) = handler.filter(|playbook| playbook.reruns()) {
        return Ok(playbook);
    }
    let mut all = healing.playbooks.iter();
    let off = all.find(|one| !one.enabled && one.reruns() && is_about(one, failing, situation));
    Err(match off {
        Some(playbook) if handler.is_none() => No::PlaybookOff {
            job,
            playbook: playbook.name.clone(),
        },
        Some(_) | None => No::NoPlaybook { job, class },
    })
}

/// The playbook that handles a failure: the first that fits it.
fn handler<'a>(
    failing: &Failing,
    situation: &Situation,
    healing: &'a Healing,
) -> Option<&'a Playbook> {
    let mut playbooks = healing.playbooks.iter();
    playbooks.find(|one| one.on.recurrences == 0 && is_on(one, failing, situation))
}

fn is_on(playbook: &Playbook, failing: &Failing, situation: &Situation) -> bool {
    playbook.enabled && is_about(playbook, failing, situation)
}

fn is_about(playbook: &Playbook, failing: &Failing, situation: &Situation) -> bool {
    let Trigger {
        classes,
        workflows,
        branches,
        recurrences,
    } = &playbook.on;
    let is_branch = match branches {
        Branches::Any => true,
        Branches::Default => situation.is_default_branch,
        Branches::Like(patterns) => any_fits(patterns, &situation.branch),
    };
    let seen = situation.recurrences.get(&failing.signature);
    (classes.is_empty() || classes.contains(&failing.class))
        && (workflows.is_empty() || any_fits(workflows, &situation.workflow))
        && is_branch
        && seen.copied().unwrap_or_default() >= *recurrences
}

fn any_fits(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|pattern| fits(pattern, text))
}

/// The re-runs of the run, by people and tools alike.
fn reruns(situation: &Situation) -> u32 {
    u32::try_from(situation.attempt - 1).unwrap_or_default()
}

/// What prevents the re-run of a run whose failures may all be repeated.
fn guards(situation: &Situation, healing: &Healing, most: u32) -> Vec<No> {
    let mut no = Vec::new();
    let age = situation.now - situation.failed_at;
    if age > OLDEST {
        let hours = age.num_hours();
        no.push(No::TooOld { hours });
    }
    if let Some(by) = situation.superseded_by {
        no.push(No::Superseded { by });
    }
    let reruns = reruns(situation);
    if situation.attempt >= ATTEMPTS {
        no.push(No::GithubLimit);
    }
    if most == 0 {
        no.push(No::RerunsOff);
    } else if reruns >= most {
        no.push(No::RunBudget { reruns, most });
    }
    let most = healing.reruns_per_repository;
    if situation.repository_reruns >= most {
        no.push(No::RepositoryBudget { most });
    }
    let most = healing.reruns_per_installation;
    if situation.installation_reruns >= most {
        no.push(No::InstallationBudget { most });
    }
    let repeated = situation.failures.iter().filter_map(|failing| {
        let last = situation.repeated.get(&failing.signature)?;
        Some(*last + healing.cooldown)
    });
    if let Some(until) = repeated.filter(|until| *until > situation.now).max() {
        no.push(No::Cooldown { until });
    }
    let mut failures = situation.failures.iter();
    let repositories = situation.hit_repositories;
    if repositories >= OUTAGE && failures.any(|failing| failing.class.is_infrastructure()) {
        no.push(No::Outage { repositories });
    }
    if let Some(left) = situation.quota_left.filter(|left| *left < QUOTA) {
        no.push(No::QuotaLow { left });
    }
    no
}

fn of_rerun(playbook: &Playbook, situation: &Situation, healing: &Healing) -> Vec<Due> {
    let later = situation.now + healing.delay(situation.attempt);
    let due = |step: &Step| Due {
        step: step.clone(),
        at: if step.action.is_rerun() {
            later
        } else {
            situation.now
        },
    };
    playbook.steps.iter().map(due).collect()
}

fn at_once(steps: &[Step], now: DateTime<Utc>) -> Vec<Due> {
    let due = |step: &Step| Due {
        step: step.clone(),
        at: now,
    };
    steps.iter().map(due).collect()
}

fn repair(playbook: &Playbook, of: &[&Failing], steps: Vec<Due>, healing: &Healing) -> Repair {
    Repair {
        playbook: playbook.name.clone(),
        signatures: of.iter().map(|one| one.signature.clone()).collect(),
        dry_run: healing.dry_run || playbook.dry_run,
        steps,
        rerun: None,
    }
}

/// Leaves out what is for no failure, what was done for the same failures today, and what may not be
/// written.
fn permitted(plan: &mut Plan, situation: &Situation, healing: &Healing) {
    let off = [
        (!healing.enabled).then_some(No::SwitchedOff),
        situation.own.off.then_some(No::RepositoryOff),
        situation
            .own_unread
            .clone()
            .map(|code| No::OwnFileUnread { code }),
        situation.is_labelled_off.then_some(No::LabelledOff),
    ];
    let off: Vec<No> = off.into_iter().flatten().collect();
    for repair in &mut plan.repairs {
        let is_handled = repair.rerun.is_none()
            && repair.signatures.iter().all(|signature| {
                let key = (repair.playbook.clone(), signature.clone());
                situation.handled.contains(&key)
            });
        // These show the present state, and say nothing twice.
        let again = |action: &Action| {
            matches!(
                action,
                Action::OpenIssue { .. } | Action::Notify(Whom::Channel)
            )
        };
        let steps = &mut repair.steps;
        steps.retain(|due| !is_handled || again(&due.step.action));
        let writes = |due: &Due| due.step.action.writes();
        if off.is_empty() || repair.signatures.is_empty() || !steps.iter().any(writes) {
            continue;
        }
        match repair.rerun {
            Some(_) => steps.clear(),
            None => steps.retain(|due| !writes(due)),
        }
        let new = off.iter().filter(|no| !plan.prevented.contains(no));
        let new: Vec<No> = new.cloned().collect();
        plan.prevented.extend(new);
    }
    plan.repairs
        .retain(|repair| !repair.steps.is_empty() && !repair.signatures.is_empty());
}
