//! What a decision needs to know, and what it then knows.
//!
//! [`needs`] says it before anything is loaded, so that the store can lock every row in id order;
//! the decision sees [`Facts`] and nothing else.

use super::super::area::Context;
use super::super::effect::{Effect, slack};
use super::super::ids::{EffectId, IncidentId, UserId, ViewId};
use super::super::signal::End;
use super::act::{Act, IncidentRef, Request};
use super::event::{Event, Timer};
use super::model::{Incident, Notification, TimelineEntry};
use super::naming;
use super::notices::{self, Notice, Stuck, StuckRow};
use super::purpose::Why;
use chrono::Duration;
use std::collections::BTreeMap;

/// What must be loaded, and locked, before deciding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Locked. The first that exists is the one that is meant: what follows is asked of it.
    pub incidents: Vec<IncidentRef>,
    pub timeline: bool,
    /// Its timeline if its channel is closed.
    pub missed: bool,
    /// What the people of its record are called.
    pub names: bool,
    /// The open incidents, newest first.
    pub open: Wanted,
    /// With those that were resolved no longer ago than this.
    pub resolved_within: Option<Duration>,
    /// The next incident number, reserved.
    pub number: bool,
    /// The open incident of this service.
    pub open_of: Option<String>,
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
            open_of: None,
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

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wanted {
    #[default]
    No,
    /// When the incident that was meant is not found.
    IfNotFound,
    Yes,
}

/// What is known when deciding.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// The incidents that were asked for, in the order in which they were.
    pub incidents: Vec<Incident>,
    /// Whom it was announced to, oldest first.
    pub notifications: Vec<Notification>,
    /// Oldest first.
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
    /// The open incident of the service that was asked for, the worst first, no drill.
    pub open_of: Option<Incident>,
    /// The incident that was declared from the view.
    pub declared_from_view: Option<Incident>,
    /// The channel names that are taken, of those that were asked for.
    pub taken_names: Vec<String>,
    /// The present generation of the timer that is due; `None`: no such timer.
    pub timer_generation: Option<i32>,
    pub stuck: Option<Stuck>,
    /// The notice whose message was sent.
    pub notice: Option<Notice>,
}

impl Facts {
    /// The incident that was meant.
    pub fn incident(&self) -> Option<&Incident> {
        self.incidents.first()
    }
}

/// How long an incident that is over is offered to a person who wants a postmortem or a timeline
/// and does not say which.
pub(super) const OFFERED_FOR_DAYS: i64 = 14;

/// What must be loaded for an event.
pub(super) fn needs(event: &Event, context: &Context<'_>) -> Needs {
    match event {
        Event::Asked(request) => needs_of_request(request, context),
        Event::ChannelClosed { channel, .. } | Event::ChannelMoved { from: channel, .. } => {
            of(IncidentRef::Channel(channel.clone()))
        }
        Event::ChannelReopened { channel } => Needs {
            missed: true,
            ..of(IncidentRef::Channel(channel.clone()))
        },
        Event::ChannelRenamed { channel, name } => Needs {
            channel_names: Some(name.clone()),
            ..of(IncidentRef::Channel(channel.clone()))
        },
        Event::Receipt(receipt) => Needs {
            incidents: receipt
                .origin
                .incident
                .map(IncidentRef::Id)
                .into_iter()
                .collect(),
            // A channel that exists gets the lines that it missed; one that does not, another name.
            // Of a person who could not be invited it says who gave them the lead.
            timeline: matches!(
                (receipt.origin.why, &receipt.end),
                (Why::Channel, _) | (Why::Invitation, End::Refused { .. })
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
            timer: Some(*timer),
            ..of(IncidentRef::Id(*incident))
        },
        Event::TroubleReported(trouble) => Needs {
            open_of: trouble.service().map(str::to_owned),
            ..needs_of_request(&trouble.request, context)
        },
        Event::Noted { incident, .. } => of(IncidentRef::Id(*incident)),
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

fn of(incident: IncidentRef) -> Needs {
    Needs {
        incidents: vec![incident],
        ..Needs::default()
    }
}

fn needs_of_request(request: &Request, context: &Context<'_>) -> Needs {
    let here = request.channel.clone().map(IncidentRef::Channel);
    let target = request.target.clone().or(here);
    let outside = request.outside_channel.as_ref();
    let outside = outside.map(|outside| outside.target.clone());
    let on_incident = Needs {
        incidents: target.into_iter().chain(outside).collect(),
        missed: true,
        open: Wanted::IfNotFound,
        ..Needs::default()
    };
    match &request.act {
        Act::OpenDeclareForm
        | Act::ChooseTemplate { .. }
        | Act::Help { .. }
        | Act::Misunderstood { .. } => Needs::default(),
        Act::Declare(declaration) => Needs {
            number: true,
            view: declaration.view.clone(),
            channel_names: Some(naming::prefix(context.at, &declaration.service)),
            // A signal that is decided again finds what it declared.
            ..of(IncidentRef::Id(IncidentId::declared_by(context.signal)))
        },
        Act::Menu
        | Act::Update { .. }
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
