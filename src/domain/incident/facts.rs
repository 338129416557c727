//! What a decision needs to know, and what it then knows.
//!
//! [`needs`] says it before anything is loaded, so that the store can lock every row in id order;
//! the decision sees [`Facts`] and nothing else.

use super::super::area::Context;
use super::super::effect::{Effect, slack};
use super::super::ids::{EffectId, IncidentId, UserId, ViewId};
use super::super::signal::End;
use super::act::{Act, IncidentRef};
use super::notices::{self, Notice, Stuck, StuckRow};
use super::{Event, Incident, Notification, Purpose, TimelineEntry, Timer, naming};
use chrono::Duration;
use std::collections::BTreeMap;

/// What must be loaded, and locked, before deciding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// These incidents, all locked. The first that exists is the one that is meant: what follows is
    /// asked of it.
    pub incidents: Vec<IncidentRef>,
    /// Its timeline too.
    pub timeline: bool,
    /// Its timeline if its channel is closed: what it missed.
    pub missed: bool,
    /// What the people of its record are called.
    pub names: bool,
    /// The open incidents, newest first: always, or only when `incident` is not found.
    pub open: Wanted,
    /// Those that were resolved no longer ago than this, too.
    pub resolved_within: Option<Duration>,
    /// The next incident number, reserved.
    pub number: bool,
    /// Whether an incident was declared from this view.
    pub view: Option<ViewId>,
    /// Every channel name of an incident that begins so, reserved or in use.
    pub channel_names: Option<String>,
    /// The generation of this timer of the incident.
    pub timer: Option<Timer>,
    /// Why this row is stuck, and the recent notices of its kind and cause.
    pub stuck: Option<StuckRow>,
    /// The notice whose message this effect carried, if it is one's.
    pub notice: Option<EffectId>,
}

impl Needs {
    /// The incidents to which all belongs that is asked for; `None`: it is about more than those.
    pub fn only_of_incidents(&self) -> Option<&[IncidentRef]> {
        let Self {
            incidents,
            open: Wanted::No,
            number: false,
            view: None,
            stuck: None,
            notice: None,
            timeline: _,
            missed: _,
            names: _,
            resolved_within: _,
            channel_names: _,
            timer: _,
        } = self
        else {
            return None;
        };
        Some(incidents)
    }
}

/// When something is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wanted {
    /// Not at all.
    #[default]
    No,
    /// When the incident that was meant is not found.
    IfNotFound,
    /// In any case.
    Yes,
}

/// What is known when deciding.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// The incidents that were asked for, in the order in which they were.
    pub incidents: Vec<Incident>,
    /// Whom it was told to, oldest first.
    pub notifications: Vec<Notification>,
    /// Its timeline, oldest first.
    pub timeline: Vec<TimelineEntry>,
    /// What the people of its record are called, those whose name is known.
    pub names: BTreeMap<UserId, String>,
    /// Open incidents, the worst first, then recent ones; of each kind the newest first, at most 50.
    pub listed: Vec<Incident>,
    /// How many incidents are open.
    pub open: usize,
    /// How many ended recently.
    pub over: usize,
    /// The number that a new incident has.
    pub next_number: Option<i64>,
    /// The incident that was declared from the view.
    pub declared_from_view: Option<Incident>,
    /// The channel names that are taken, of those that were asked for.
    pub taken_names: Vec<String>,
    /// The generation of the timer that is due, as it stands now; `None`: no such timer.
    pub timer_generation: Option<i32>,
    /// Why the signal's row is stuck.
    pub stuck: Option<Stuck>,
    /// The notice whose message stands now.
    pub notice: Option<Notice>,
}

impl Facts {
    /// The incident that was meant.
    pub fn incident(&self) -> Option<&Incident> {
        self.incidents.first()
    }
}

/// How long an incident that is over is offered to those who want its postmortem or its timeline
/// and do not say whose.
pub(crate) const OFFERED_FOR_DAYS: i64 = 14;

/// What must be loaded for an event.
pub(super) fn needs(event: &Event, context: &Context<'_>) -> Needs {
    match event {
        Event::Asked(request) => {
            let target = request
                .target
                .clone()
                .or_else(|| request.channel.clone().map(IncidentRef::Channel));
            let other = request
                .outside_channel
                .as_ref()
                .map(|one| one.target.clone());
            let on_incident = Needs {
                incidents: target.into_iter().chain(other).collect(),
                missed: true,
                open: Wanted::IfNotFound,
                ..Needs::default()
            };
            match &request.act {
                Act::Menu => on_incident,
                Act::OpenDeclareForm
                | Act::ChooseTemplate { .. }
                | Act::Help { .. }
                | Act::Misunderstood { .. } => Needs::default(),
                Act::Declare(declaration) => Needs {
                    // A signal that is decided again finds what it declared.
                    incidents: vec![IncidentRef::Id(IncidentId::declared_by(context.signal))],
                    number: true,
                    view: declaration.view.clone(),
                    channel_names: Some(naming::prefix(context.at, &declaration.service)),
                    ..Needs::default()
                },
                Act::Update { .. }
                | Act::Advance { .. }
                | Act::SetSeverity { .. }
                | Act::Assign { .. }
                | Act::Resolve { .. }
                | Act::OpenResolveForm { .. } => on_incident,
                Act::Timeline | Act::Postmortem => Needs {
                    timeline: true,
                    names: request.act == Act::Postmortem,
                    resolved_within: Some(Duration::days(OFFERED_FOR_DAYS)),
                    ..on_incident
                },
                Act::List => Needs {
                    open: Wanted::Yes,
                    resolved_within: Some(Duration::hours(24)),
                    ..Needs::default()
                },
            }
        }
        Event::ChannelClosed { channel, .. } | Event::ChannelMoved { from: channel, .. } => Needs {
            incidents: vec![IncidentRef::Channel(channel.clone())],
            ..Needs::default()
        },
        Event::ChannelReopened { channel } => Needs {
            incidents: vec![IncidentRef::Channel(channel.clone())],
            missed: true,
            ..Needs::default()
        },
        Event::ChannelRenamed { channel, name } => Needs {
            incidents: vec![IncidentRef::Channel(channel.clone())],
            channel_names: Some(name.clone()),
            ..Needs::default()
        },
        Event::Receipt(receipt) => Needs {
            incidents: receipt
                .origin
                .incident()
                .map(IncidentRef::Id)
                .into_iter()
                .collect(),
            // A channel that is there gets the lines that it missed; one that is not, another name.
            // Of somebody who was not let in it says who gave them the lead.
            timeline: matches!(
                (&receipt.origin, &receipt.end),
                (Purpose::Channel { .. }, _) | (Purpose::Invitation { .. }, End::Refused { .. })
            ),
            missed: receipt.generation > 0,
            channel_names: match (&receipt.effect, &receipt.end) {
                (Effect::Slack(slack::Effect::CreateChannel { name, .. }), End::Refused { .. }) => {
                    Some(naming::day_of(name).to_owned())
                }
                _ => None,
            },
            stuck: notices::stuck_effect(receipt),
            notice: notices::message_of(receipt),
            ..Needs::default()
        },
        Event::TimerDue {
            incident, timer, ..
        } => Needs {
            incidents: vec![IncidentRef::Id(*incident)],
            timer: Some(*timer),
            ..Needs::default()
        },
        Event::EffectStuck { effect, .. } => Needs {
            stuck: Some(StuckRow::Effect(*effect)),
            ..Needs::default()
        },
        Event::Parked(row) => Needs {
            stuck: notices::stuck_row(row),
            ..Needs::default()
        },
    }
}
