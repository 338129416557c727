//! Runs in every order, as the ring delivers them, and what is posted about them.

mod digests;
mod inspections;
mod issues_ended;
mod messages;
mod missed;
mod runs;

use super::super::area::{Area, Context};
use super::super::decision::Outcome;
use super::super::decision::TimerChange;
use super::super::effect::slack::{self, Effect as Slack};
use super::super::effect::{Answer, Effect};
use super::super::ids::{ChannelId, EffectId, MessageTs, SignalId};
use super::super::rules::Rules;
use super::super::signal::End;
use super::super::told::Told;
use super::*;
use chrono::{DateTime, Duration, Utc};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The area's rows, and what has been decided to be done.
struct Fixture {
    rules: Rules,
    runs: BTreeMap<i64, Run>,
    failures: Vec<Failure>,
    inspections: BTreeMap<InspectionId, Inspection>,
    findings: BTreeMap<FindingId, JobFinding>,
    known_flaky: BTreeSet<record::Subject>,
    repairs: Vec<RepairStep>,
    ignored: Vec<Ignored>,
    done: Vec<(Effect, Purpose)>,
    /// The reads that have not ended.
    reads: Vec<(Effect, Purpose)>,
    /// So long after the beginning it is.
    later: Duration,
    told_areas: Vec<Told>,
    timers: Vec<TimerChange>,
    signals: u128,
}

fn dawn() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_355_600, 0).unwrap()
}

fn channel(id: &str) -> ChannelId {
    ChannelId::new(id).unwrap()
}

fn ts(text: &str) -> MessageTs {
    MessageTs::new(text).unwrap()
}

/// A run of `CI` on `main`, at its end after as many minutes as its number.
fn run(number: i64, attempt: i32, status: Status) -> Seen {
    Seen {
        default_branch: Some("main".to_owned()),
        workflow_file: Some("ci.yml".to_owned()),
        run: Run {
            id: 1000 + number,
            line: Line {
                repository: "acme/api".to_owned(),
                workflow: 7,
                branch: "main".to_owned(),
                is_pull: false,
            },
            workflow_name: "CI".to_owned(),
            place: Place { number, attempt },
            trigger: "push".to_owned(),
            sha: format!("abcdef{number}0123456789"),
            code: Code::default(),
            status,
            actor: Some("octocat".to_owned()),
            url: format!("https://github.com/acme/api/actions/runs/{}", 1000 + number),
            started_at: dawn(),
            updated_at: dawn() + Duration::minutes(number),
        },
    }
}

fn failed(number: i64, attempt: i32) -> Seen {
    run(number, attempt, Status::Completed(Conclusion::Failure))
}

fn green(number: i64, attempt: i32) -> Seen {
    run(number, attempt, Status::Completed(Conclusion::Success))
}

impl Fixture {
    fn new() -> Self {
        let mut rules = Rules::default();
        rules.github.channel = Some(channel("C0BUILDS"));
        Self {
            rules,
            runs: BTreeMap::new(),
            failures: Vec::new(),
            inspections: BTreeMap::new(),
            repairs: Vec::new(),
            ignored: Vec::new(),
            findings: BTreeMap::new(),
            known_flaky: BTreeSet::new(),
            done: Vec::new(),
            reads: Vec::new(),
            later: Duration::zero(),
            told_areas: Vec::new(),
            timers: Vec::new(),
            signals: 0,
        }
    }

    fn comes(&mut self, event: &Event) -> Outcome {
        self.signals += 1;
        let context = Context {
            signal: SignalId(Uuid::from_u128(self.signals)),
            at: dawn(),
            now: dawn() + self.later,
            rules: &self.rules,
        };
        let needs = Ci::needs(event, &context);
        let mut facts = Facts {
            known_flaky: self.known_flaky.clone(),
            ignored: self.ignored.clone(),
            own: Some(OwnFile {
                rules: Ok(crate::domain::healing::OwnRules::default()),
                read_at: context.now,
            }),
            ..Facts::default()
        };
        if let Some((line, id)) = &needs.run {
            facts.run = self.runs.get(id).cloned();
            if needs.state {
                let mut open = self.failures.iter().filter(|one| one.green.is_none());
                facts.failure = open.find(|one| one.line == *line).cloned();
                let success = Status::Completed(Conclusion::Success);
                let runs = self.runs.values();
                let green = runs.filter(|run| run.line == *line && run.status == success);
                facts.green = green.map(|run| run.place).max();
            }
        }
        if let Some(id) = needs.inspection {
            facts.inspection = self.inspections.get(&id).cloned();
            let run = facts.inspection.as_ref().map(|one| one.run.id);
            facts.run = run.and_then(|id| self.runs.get(&id).cloned());
        }
        if needs.repairs {
            facts.repairs.clone_from(&self.repairs);
        }
        let inspected = facts.inspection.as_ref().and_then(|one| one.failure);
        if let Some(id) = needs.failure.or(inspected) {
            facts.failure = self.failures.iter().find(|one| one.id == id).cloned();
        }
        if let Some(failure) = &facts.failure {
            let findings = self.findings.values();
            let shown = findings
                .filter(|one| one.failure == Some(failure.id) && one.place == failure.last.place);
            facts.findings = shown.cloned().collect();
        }
        let mut decision = Decision::on(context.signal);
        Ci::decide(event, &facts, &context, &mut decision);
        for change in decision.changes {
            match change {
                Change::Run(run) => {
                    self.runs.insert(run.id, *run);
                }
                Change::Repair(step) => {
                    self.repairs.retain(|one| one.id != step.id);
                    self.repairs.push(*step);
                }
                // What is counted is told in stories, with its rows.
                Change::OwnFile(..) => {}
                Change::Failure(failure) => {
                    self.failures.retain(|one| one.id != failure.id);
                    self.failures.push(*failure);
                }
                Change::Inspection(inspection) => {
                    self.inspections.insert(inspection.id, *inspection);
                }
                Change::Ignored(ignored) => self.ignored.push(*ignored),
                Change::NotIgnored { signatures, .. } => {
                    self.ignored
                        .retain(|one| !signatures.contains(&one.signature));
                }
                Change::Finding(finding) => {
                    self.findings.insert(finding.id, *finding);
                }
                Change::Stage {
                    run,
                    attempt,
                    stage,
                    ..
                } => {
                    let all = self.findings.values_mut();
                    for one in all.filter(|one| one.run == run && one.place.attempt == attempt) {
                        one.state = stage;
                    }
                }
                Change::RunRead { .. }
                | Change::Listing(_)
                | Change::Redelivery(_)
                | Change::Redelivered { .. }
                | Change::Digest { .. } => {}
                Change::Changes(_) | Change::Pull(_) => {}
                Change::Record(_) | Change::Issue(_) | Change::Comment(_) => {}
            }
        }
        self.told_areas.extend(decision.signals);
        self.timers.extend(decision.timers);
        for plan in decision.effects {
            let planned = (plan.effect, plan.origin);
            if planned.1.read().is_some() {
                self.reads.push(planned.clone());
            }
            self.done.push(planned);
        }
        decision.outcome
    }

    fn sees(&mut self, seen: Seen) -> Outcome {
        self.comes(&Event::Run(Box::new(seen)))
    }

    /// The effects since the last call, by kind.
    fn told(&mut self) -> Vec<&'static str> {
        let done = std::mem::take(&mut self.done);
        done.iter().map(|(effect, _)| effect.kind()).collect()
    }

    fn ends(&mut self, effect: impl Into<Effect>, origin: Purpose, end: End) -> Outcome {
        self.comes(&Event::Receipt(Box::new(Receipt {
            effect_id: EffectId(Uuid::from_u128(77)),
            generation: 0,
            effect: effect.into(),
            origin,
            end,
        })))
    }

    /// The message of the newest failure was posted, or not.
    fn post_ends(&mut self, end: End) -> Outcome {
        let failure = self.failures.last().unwrap();
        let (effect, purpose) = posted(failure);
        self.ends(effect, purpose, end)
    }

    fn stands(&mut self) {
        self.post_ends(stands_at("1.1"));
    }
}

fn posted(failure: &Failure) -> (Slack, Purpose) {
    let channel = channel("C0BUILDS");
    let purpose = Purpose::Message {
        failure: failure.id,
        channel: channel.clone(),
    };
    let message = message(failure, &Shown::default());
    (Slack::PostMessage { channel, message }, purpose)
}

fn stands_at(at: &str) -> End {
    End::Done(Answer::Slack(slack::Answer::Message {
        channel: channel("C0BUILDS"),
        ts: ts(at),
    }))
}

fn refused(code: &str) -> End {
    End::Refused {
        code: code.to_owned(),
    }
}
