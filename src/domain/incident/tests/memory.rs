//! A store in memory and a Slack that answers as it is told.

pub(super) use super::acts::{advance, declaration, lead, refused, resolve, say, severity};
use super::words_said::said;
use crate::domain::area::{Area, Context};
use crate::domain::decision;
use crate::domain::decision::AuditEntry;
use crate::domain::effect::slack::{self, Effect as Slack};
use crate::domain::effect::{Answer, Effect};
use crate::domain::ids::{Actor, ChannelId, FileId, IncidentId, MessageTs, SignalId, UserId};
use crate::domain::incident::act::{Act, AnswerTo, IncidentRef, Request};
use crate::domain::incident::case::Decision;
use crate::domain::incident::fixtures::{by_api, channel, noon, person, rules};
use crate::domain::incident::{
    Change, Event, Facts, Incident, Incidents, Needs, Notification, Purpose, Severity,
    TimelineEntry, Timer, Wanted, Why,
};
use crate::domain::rules::Rules;
use crate::domain::signal::{End, Receipt};
use crate::domain::text::ReplyTo;
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

pub(super) type Planned = decision::Planned<Purpose>;

pub(super) struct World {
    pub rules: Rules,
    pub now: DateTime<Utc>,
    pub incidents: Vec<Incident>,
    pub timeline: Vec<TimelineEntry>,
    pub audit: Vec<AuditEntry>,
    pub people: BTreeMap<UserId, String>,
    pub notifications: Vec<Notification>,
    pub timers: BTreeMap<String, i32>,
    pub outbox: Vec<Planned>,
    pub done: Vec<Planned>,
    signals: u128,
    channels: u32,
    messages: u32,
}

impl World {
    pub fn new() -> Self {
        Self {
            rules: rules(),
            now: noon(),
            incidents: Vec::new(),
            timeline: Vec::new(),
            audit: Vec::new(),
            people: BTreeMap::new(),
            notifications: Vec::new(),
            timers: BTreeMap::new(),
            outbox: Vec::new(),
            done: Vec::new(),
            signals: 0,
            channels: 0,
            messages: 0,
        }
    }

    /// A world with incident #1: P2 on `api`, declared and led by `UDECL`, its channel made, its
    /// card pinned, all targets told.
    pub fn with_incident() -> Self {
        let mut world = Self::new();
        world.ask("UDECL", declaration(Severity::P2));
        world.settle();
        world
    }

    pub fn incident(&self) -> &Incident {
        self.incidents.first().expect("an incident was declared")
    }

    pub fn pass(&mut self, seconds: i64) {
        self.now += Duration::seconds(seconds);
    }

    pub fn ask(&mut self, who: &str, act: Act) -> Decision {
        let target = self
            .incidents
            .first()
            .map(|one| IncidentRef::Number(one.number));
        let target = target.filter(|_| !matches!(act, Act::Declare(_)));
        self.ask_about(who, act, target)
    }

    pub fn ask_about(&mut self, who: &str, act: Act, target: Option<IncidentRef>) -> Decision {
        self.asked(&channel("CTALK"), who, act, target)
    }

    /// A person asks in this channel, of the incident whose channel it is.
    pub fn ask_in(&mut self, channel: &ChannelId, who: &str, act: Act) -> Decision {
        self.asked(channel, who, act, None)
    }

    fn asked(
        &mut self,
        channel: &ChannelId,
        who: &str,
        act: Act,
        target: Option<IncidentRef>,
    ) -> Decision {
        let request = Request {
            actor: Actor::Person(person(who)),
            channel: Some(channel.clone()),
            trigger: Some(super::forms::trigger(self.now)),
            answer_to: AnswerTo::Person(ReplyTo {
                person: person(who),
                channel: Some(channel.clone()),
                response_url: Some("https://hooks.example/1".into()),
                asked_at: self.now,
            }),
            names: BTreeMap::from([(person(who), self.name_of(who))]),
            ..by_api(act, target)
        };
        self.happens(Event::Asked(Box::new(request)))
    }

    fn name_of(&self, who: &str) -> String {
        let known = self.people.get(&person(who)).cloned();
        known.unwrap_or_else(|| who.to_lowercase())
    }

    pub fn ask_by_api(&mut self, act: Act, target: Option<IncidentRef>) -> Decision {
        self.happens(Event::Asked(Box::new(by_api(act, target))))
    }

    pub fn happens(&mut self, event: Event) -> Decision {
        self.signals += 1;
        let rules = self.rules.clone();
        let context = Context {
            signal: SignalId(Uuid::from_u128(self.signals)),
            at: self.now,
            now: self.now,
            rules: &rules,
        };
        let facts = self.load(&Incidents::needs(&event, &context), &event);
        let decide = || {
            let mut decision = Decision::on(context.signal);
            Incidents::decide(&event, &facts, &context, &mut decision);
            decision
        };
        let (decision, again) = (decide(), decide());
        assert_eq!(decision, again, "deciding is not pure");
        self.apply(&decision);
        decision
    }

    fn load(&self, needs: &Needs, event: &Event) -> Facts {
        let found = needs.incidents.iter().find_map(|wanted| {
            self.incidents.iter().find(|one| match wanted {
                IncidentRef::Id(id) => one.id == *id,
                IncidentRef::Number(number) => one.number == *number,
                IncidentRef::Channel(channel) => one.channel_id.as_ref() == Some(channel),
            })
        });
        let of_found = |id: IncidentId| found.is_some_and(|one| one.id == id);
        let list = match needs.open {
            Wanted::No => false,
            Wanted::IfNotFound => found.is_none(),
            Wanted::Yes => true,
        };
        let mut listed: Vec<&Incident> = self.incidents.iter().rev().collect();
        listed.retain(|one| {
            let within = needs.resolved_within.zip(one.resolved_at);
            let lately = within.is_some_and(|(within, at)| self.now - at < within);
            list && (one.status.is_open() || lately)
        });
        let (mut open, mut over): (Vec<_>, Vec<_>) =
            listed.into_iter().partition(|one| one.status.is_open());
        let (open_in_all, over_in_all) = (open.len(), over.len());
        open.sort_by_key(|one| one.severity);
        open.truncate(50);
        over.truncate(50);
        Facts {
            incidents: found.cloned().into_iter().collect(),
            notifications: self
                .notifications
                .iter()
                .filter(|row| of_found(row.incident))
                .cloned()
                .collect(),
            timeline: self
                .timeline
                .iter()
                .filter(|row| of_found(row.incident))
                .filter(|_| {
                    let closed = found.is_some_and(|one| one.channel_closed_at.is_some());
                    needs.timeline || (needs.missed && closed)
                })
                .cloned()
                .collect(),
            open: open_in_all,
            over: over_in_all,
            listed: open.into_iter().chain(over).cloned().collect(),
            names: match needs.names {
                true => self.people.clone(),
                false => BTreeMap::new(),
            },
            open_of: needs.open_of.as_ref().and_then(|service| {
                let mut all = self.incidents.iter();
                all.find(|one| one.status.is_open() && one.service == *service)
                    .cloned()
            }),
            next_number: needs.number.then_some(self.incidents.len() as i64 + 1),
            declared_from_view: needs.view.as_ref().and_then(|view| {
                let mut all = self.incidents.iter();
                all.find(|one| one.origin_view.as_ref() == Some(view))
                    .cloned()
            }),
            taken_names: self
                .incidents
                .iter()
                .map(|one| one.channel_name.clone())
                .filter(|name| {
                    let prefix = needs.channel_names.as_ref();
                    prefix.is_some_and(|prefix| name.starts_with(prefix))
                })
                .collect(),
            timer_generation: match event {
                Event::TimerDue { incident, .. } => self.timers.get(&incident.to_string()).copied(),
                _ => None,
            },
            stuck: None,
            notice: None,
        }
    }

    fn apply(&mut self, decision: &Decision) {
        for change in &decision.changes {
            match change.clone() {
                Change::Declare(incident) => {
                    let name = &incident.channel_name;
                    let taken = self.incidents.iter().any(|one| one.channel_name == *name);
                    assert!(!taken, "{name} was reserved twice");
                    self.incidents.push(*incident);
                }
                Change::Save(incident) => {
                    let row = self.incidents.iter_mut().find(|one| one.id == incident.id);
                    let row = row.expect("only declared incidents are saved");
                    assert!(row.status <= incident.status, "an incident went backwards");
                    *row = *incident;
                }
                Change::Timeline(entry) => self.timeline.push(entry),
                Change::Notify(row) => self.notifications.push(row),
                Change::Notified {
                    effect,
                    status,
                    error,
                } => {
                    let mut rows = self.notifications.iter_mut();
                    let row = rows.find(|row| row.effect == effect).expect("a row");
                    row.status = status;
                    row.error = error;
                }
                // Nothing is parked here.
                Change::Notice(_) => {}
            }
        }
        self.audit.extend(decision.audit.iter().cloned());
        for named in decision.names.clone() {
            self.people.insert(named.person, named.name);
        }
        for timer in &decision.timers {
            match timer.due {
                Some(_) => *self.timers.entry(timer.owner.clone()).or_insert(0) += 1,
                None => drop(self.timers.remove(&timer.owner)),
            }
        }
        self.outbox.extend(decision.effects.iter().cloned());
    }

    pub fn end(&mut self, planned: &Planned, end: End) -> Decision {
        self.happens(Event::Receipt(Box::new(Receipt {
            effect_id: planned.id,
            generation: 0,
            effect: planned.effect.clone(),
            origin: planned.origin.clone(),
            end,
        })))
    }

    /// Takes the oldest waiting effect of this kind.
    pub fn take(&mut self, kind: &str) -> Planned {
        let at = self.outbox.iter().position(|one| one.effect.kind() == kind);
        let at = at.unwrap_or_else(|| panic!("no {kind} waits in {:?}", self.outbox));
        let planned = self.outbox.remove(at);
        self.done.push(planned.clone());
        planned
    }

    /// Ends the oldest waiting effect of this kind.
    pub fn end_next(&mut self, kind: &str, end: End) -> Decision {
        let planned = self.take(kind);
        self.end(&planned, end)
    }

    /// What Slack answers when all is well.
    pub fn well(&mut self, effect: &Effect) -> End {
        let Effect::Slack(effect) = effect else {
            return End::Done(Answer::Nothing);
        };
        End::Done(Answer::Slack(match effect {
            Slack::CreateChannel { name, .. } => {
                self.channels += 1;
                slack::Answer::Channel {
                    id: channel(&format!("CINC{}", self.channels)),
                    name: name.clone(),
                }
            }
            Slack::PostMessage { channel, .. } => self.message(channel.clone()),
            Slack::DirectMessage { .. } => self.message(channel("D1")),
            Slack::StageFile { .. } => slack::Answer::File {
                id: FileId::new("F1").unwrap(),
            },
            _ => return End::Done(Answer::Nothing),
        }))
    }

    fn message(&mut self, channel: ChannelId) -> slack::Answer {
        self.messages += 1;
        let ts = MessageTs::new(format!("1700000000.{:06}", self.messages)).unwrap();
        slack::Answer::Message { channel, ts }
    }

    /// Delivers everything that waits, well, until nothing does.
    pub fn settle(&mut self) {
        while !self.outbox.is_empty() {
            let planned = self.outbox.remove(0);
            self.done.push(planned.clone());
            let end = self.well(&planned.effect);
            self.end(&planned, end);
        }
    }

    pub fn timer(&mut self) -> Decision {
        let incident = self.incident().id;
        let generation = 1;
        self.happens(Event::TimerDue {
            incident,
            timer: Timer::ChannelOverdue,
            generation,
        })
    }

    /// Every message that was given or waits, with where it goes.
    pub fn said(&self) -> Vec<(String, String)> {
        let all = self.done.iter().chain(&self.outbox);
        all.filter_map(|planned| said(&planned.effect)).collect()
    }

    /// The announcements, as `place: summary`.
    pub fn announced(&self) -> Vec<String> {
        let all = self.done.iter().chain(&self.outbox);
        let announcements = all.filter(|planned| planned.origin.why == Why::Announcement);
        let slack = announcements.filter_map(|planned| match &planned.effect {
            Effect::Slack(effect) => Some(effect),
            Effect::Github(_) | Effect::Statuspage(_) => None,
        });
        slack
            .filter_map(|effect| match effect {
                Slack::PostMessage { channel, message } => {
                    Some(format!("{channel}: {}", message.summary))
                }
                Slack::DirectMessage { person, message } => {
                    Some(format!("{person}: {}", message.summary))
                }
                _ => None,
            })
            .collect()
    }

    /// Where announcements that begin so went.
    pub fn who_heard(&self, beginning: &str) -> Vec<String> {
        let all = self.announced().into_iter();
        all.filter_map(|line| {
            let (place, text) = line.split_once(": ")?;
            text.starts_with(beginning).then(|| place.to_owned())
        })
        .collect()
    }

    pub fn count(&self, kind: &str) -> usize {
        let all = self.done.iter().chain(&self.outbox);
        all.filter(|one| one.effect.kind() == kind).count()
    }
}
