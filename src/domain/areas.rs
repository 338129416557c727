//! The areas of the product, as the ring meets them: what comes in for which area, and where the end
//! of an effect goes.
//!
//! The ring knows an area by its word and by what is asked here; its terms stay in its folder. A new
//! area is a variant of [`Event`] and of [`Origin`]; the compiler then asks for the rest.

use super::area::Area;
use super::ci::{self, Ci};
use super::effect::Effect;
use super::ids::{Actor, IncidentId, Membership, SignalId};
use super::incident::act::{Act, AnswerTo, Request};
use super::incident::{self, Incidents, Timer};
use super::signal::{ParkedRow, Receipt, TimerDue};
use super::text::ReplyTo;
use super::told::Told;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// Its row in the inbox.
    pub id: SignalId,
    /// When it arrived.
    pub at: DateTime<Utc>,
    pub event: Event,
}

/// What happened: a signal belongs to one area.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Incident(<Incidents as Area>::Event),
    Ci(<Ci as Area>::Event),
    /// A webhook of GitHub, on which nothing is decided yet.
    Webhook(Webhook),
    /// Something that we would act on, without what it takes: it ends here, and is logged once.
    Incomplete {
        what: String,
        /// The field that is missing or cannot be read.
        lacks: &'static str,
    },
    /// Something that no area acts on.
    Unused {
        /// What it was called, for the log.
        what: String,
    },
}

/// The parts of a GitHub webhook that are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// `X-GitHub-Event`.
    pub event: String,
    /// The body's `action`.
    pub action: Option<String>,
    /// `owner/name`.
    pub repository: Option<String>,
    /// The App's installation.
    pub installation: Option<u64>,
}

impl From<incident::Event> for Event {
    fn from(event: incident::Event) -> Self {
        Self::Incident(event)
    }
}

impl From<ci::Event> for Event {
    fn from(event: ci::Event) -> Self {
        Self::Ci(event)
    }
}

impl Event {
    /// The sources of the ring's own rows, with every kind of them.
    pub fn own_kinds() -> [(&'static str, Vec<String>); 4] {
        let incident = Timer::ALL.iter().map(|timer| timer.as_str());
        let words = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect();
        [
            ("receipt", Origin::kinds()),
            (
                "timer",
                incident.map(|name| format!("incident_{name}")).collect(),
            ),
            ("area", words(&Told::KINDS)),
            ("engine", words(&["parked"])),
        ]
    }

    /// A receipt goes to the area that is its origin.
    pub fn of_receipt(receipt: Receipt<Origin>) -> Self {
        match receipt.origin.clone() {
            Origin::Incident(purpose) => {
                let receipt = receipt.with(|_| purpose);
                incident::Event::Receipt(Box::new(receipt)).into()
            }
            Origin::Ci(purpose) => {
                let receipt = receipt.with(|_| purpose);
                ci::Event::Receipt(Box::new(receipt)).into()
            }
        }
    }

    /// A timer goes to the area that set it; `None`: this version does not know it.
    pub fn of_timer(due: &TimerDue) -> Option<Self> {
        match due.area.as_str() {
            "incident" => Some(Self::Incident(incident::Event::TimerDue {
                incident: IncidentId(Uuid::parse_str(&due.owner).ok()?),
                timer: Timer::parse(&due.name)?,
                generation: due.generation,
            })),
            _ => None,
        }
    }

    /// What an area was told.
    pub fn of_told(told: Told) -> Self {
        match told {
            Told::DeclareIncident {
                declaration,
                source,
            } => {
                let request = Request {
                    actor: Actor::Wardroom,
                    membership: Membership::Ours,
                    team: None,
                    act: Act::Declare(declaration),
                    target: None,
                    channel: None,
                    trigger: None,
                    answer_to: AnswerTo::Area(source),
                    names: Default::default(),
                    outside_channel: None,
                };
                incident::Event::Asked(Box::new(request)).into()
            }
            Told::EffectStuck { effect, message } => {
                incident::Event::EffectStuck { effect, message }.into()
            }
        }
    }

    /// A row that was put aside goes to the area of its effect; where that is not known, to the one
    /// that keeps the operators informed.
    pub fn of_parked(row: ParkedRow) -> Self {
        incident::Event::Parked(row).into()
    }

    /// Where the person who waits for an answer can be told that there is none.
    pub fn reply_to(&self) -> Option<&ReplyTo> {
        match self {
            Self::Incident(incident::Event::Asked(request)) => match &request.answer_to {
                AnswerTo::Person(to) => Some(to),
                AnswerTo::Api | AnswerTo::Area(_) => None,
            },
            Self::Incident(_)
            | Self::Ci(_)
            | Self::Webhook(_)
            | Self::Incomplete { .. }
            | Self::Unused { .. } => None,
        }
    }
}

/// Why an effect was decided, and so where its receipt goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Incident(incident::Purpose),
    Ci(ci::Purpose),
}

impl Origin {
    /// The area's word.
    pub fn area(&self) -> &'static str {
        match self {
            Self::Incident(_) => "incident",
            Self::Ci(_) => "ci",
        }
    }

    /// The purpose's word within its area.
    pub fn purpose(&self) -> &'static str {
        match self {
            Self::Incident(purpose) => purpose.kind(),
            Self::Ci(purpose) => purpose.kind(),
        }
    }

    /// The kind of the receipt's row: a process claims those whose area and purpose it knows.
    pub fn kind(&self) -> String {
        format!("{}_{}", self.area(), self.purpose())
    }

    /// Every kind of receipt.
    pub fn kinds() -> Vec<String> {
        let incident = incident::Purpose::KINDS.iter();
        let incident = incident.map(|kind| format!("incident_{kind}"));
        let ci = ci::Purpose::KINDS.iter().map(|kind| format!("ci_{kind}"));
        incident.chain(ci).collect()
    }

    /// The incident that it is about, for lists and the audit.
    pub fn incident(&self) -> Option<IncidentId> {
        match self {
            Self::Incident(purpose) => purpose.incident,
            Self::Ci(_) => None,
        }
    }

    /// What the receipt is about: receipts of one subject are decided in order. `None`: of its effect
    /// alone.
    pub fn subject(&self) -> Option<String> {
        match self {
            Self::Incident(purpose) => purpose.incident.map(|id| format!("incident:{id}")),
            Self::Ci(purpose) => purpose.failure().map(|id| format!("ci:{}", id.0)),
        }
    }

    /// Whether a message that comes late says when it was meant.
    pub fn is_news(&self) -> bool {
        match self {
            Self::Incident(purpose) => purpose.is_news(),
            Self::Ci(purpose) => purpose.is_news(),
        }
    }

    /// Whether the area answers this refusal by another way: then it is no dead letter.
    pub fn has_another_way(&self, effect: &Effect, code: &str) -> bool {
        match self {
            Self::Incident(purpose) => purpose.has_another_way(effect, code),
            Self::Ci(purpose) => purpose.has_another_way(code),
        }
    }
}

impl From<ci::Purpose> for Origin {
    fn from(purpose: ci::Purpose) -> Self {
        Self::Ci(purpose)
    }
}

impl From<incident::Purpose> for Origin {
    fn from(purpose: incident::Purpose) -> Self {
        Self::Incident(purpose)
    }
}
