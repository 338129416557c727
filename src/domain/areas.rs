//! The areas of the product, as the ring meets them: what comes in for which area, and where the end
//! of an effect goes.
//!
//! The ring knows an area by its word and by what is asked here; its terms stay in its folder. A new
//! area is a variant of [`Event`] and of [`Origin`]; the compiler then asks for the rest.

use super::area::Area;
use super::ci::{self, Ci, changes};
use super::effect::Effect;
use super::ids::{IncidentId, SignalId};
use super::incident::act::{AnswerTo, Request};
use super::incident::{self, Incidents, Timer, Trouble};
use super::rules::Rules;
use super::signal::{ParkedRow, Receipt, TimerDue};
use super::text::ReplyTo;
use super::told::Told;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{
    Display, EnumDiscriminants, EnumIter, EnumString, IntoEnumIterator, IntoStaticStr, VariantNames,
};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// Its row in the inbox.
    pub id: SignalId,
    pub at: DateTime<Utc>,
    pub event: Event,
}

/// What happened: a signal belongs to one area.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Incident(<Incidents as Area>::Event),
    Ci(<Ci as Area>::Event),
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
        let words = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect();
        [
            ("receipt", Origin::kinds()),
            ("timer", AreaName::each(AreaName::timers)),
            ("area", words(Told::VARIANTS)),
            ("engine", words(&["parked"])),
        ]
    }

    /// The area that it belongs to.
    pub fn area(&self) -> Option<AreaName> {
        match self {
            Self::Incident(_) => Some(AreaName::Incident),
            Self::Ci(_) => Some(AreaName::Ci),
            Self::Incomplete { .. } | Self::Unused { .. } => None,
        }
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
        match due.area.parse().ok()? {
            AreaName::Incident => Some(Self::Incident(incident::Event::TimerDue {
                incident: IncidentId(Uuid::parse_str(&due.owner).ok()?),
                timer: Timer::parse(&due.name)?,
                generation: due.generation,
            })),
            AreaName::Ci => Some(Self::Ci(ci::Event::TimerDue {
                timer: due.name.parse().ok()?,
                owner: due.owner.clone(),
                generation: due.generation,
            })),
        }
    }

    /// What an area was told.
    pub fn of_told(told: Told) -> Self {
        match told {
            Told::DeclareIncident {
                declaration,
                source,
            } => {
                let request = Request::of_area(declaration, source);
                incident::Event::Asked(Box::new(request)).into()
            }
            Told::RunObserved(seen) => ci::Event::Record(ci::OfRecord::Observed(seen)).into(),
            Told::IssueWanted(wanted) => {
                ci::Event::Record(ci::OfRecord::IssueWanted(wanted)).into()
            }
            Told::ReportTrouble {
                reference,
                declaration,
                source,
                notes,
            } => {
                let request = Request::of_area(declaration, source);
                incident::Event::TroubleReported(Box::new(Trouble {
                    reference,
                    request,
                    notes,
                }))
                .into()
            }
            Told::Notes { incident, notes } => incident::Event::Noted { incident, notes }.into(),
            Told::IncidentChanged(state) => ci::Event::from(changes::Event::Incident(state)).into(),
            Told::TroubleReported { reference, result } => {
                ci::Event::from(changes::Event::Reported { reference, result }).into()
            }
            Told::EffectStuck { effect, message } => {
                incident::Event::EffectStuck { effect, message }.into()
            }
            Told::Parked(row) => incident::Event::Parked(row).into(),
        }
    }

    /// A row that was put aside goes to its area; where that is not known, to the one that keeps the
    /// operators informed.
    pub fn of_parked(row: ParkedRow) -> Self {
        let area = row.area.as_deref().and_then(|area| area.parse().ok());
        match area.unwrap_or(AreaName::Incident) {
            AreaName::Incident => incident::Event::Parked(row).into(),
            AreaName::Ci => ci::Event::Parked(row).into(),
        }
    }

    /// Where the person who waits for an answer can be told that there is none.
    pub fn reply_to(&self) -> Option<&ReplyTo> {
        match self {
            Self::Incident(incident::Event::Asked(request)) => match &request.answer_to {
                AnswerTo::Person(to) => Some(to),
                AnswerTo::Api | AnswerTo::Area(_) => None,
            },
            Self::Ci(event) => event.requester().map(|by| &by.reply_to),
            Self::Incident(_) | Self::Incomplete { .. } | Self::Unused { .. } => None,
        }
    }
}

/// Why an effect was decided, and so where its receipt goes. The names of the areas are those of its
/// variants, and what is asked of each area matches them all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants)]
#[serde(rename_all = "snake_case")]
#[strum_discriminants(
    name(AreaName),
    derive(Display, EnumIter, EnumString, IntoStaticStr),
    strum(serialize_all = "snake_case")
)]
pub enum Origin {
    Incident(incident::Purpose),
    Ci(ci::Purpose),
}

impl AreaName {
    fn purposes(self) -> &'static [&'static str] {
        match self {
            Self::Incident => incident::Purpose::KINDS,
            Self::Ci => ci::Purpose::VARIANTS,
        }
    }

    fn timers(self) -> &'static [&'static str] {
        match self {
            Self::Incident => &["channel_overdue"],
            Self::Ci => ci::Timer::VARIANTS,
        }
    }

    fn standing(self, rules: &Rules) -> Vec<&'static str> {
        match self {
            Self::Incident => Vec::new(),
            Self::Ci => {
                let timers = ci::Timer::standing(rules).into_iter();
                timers.map(Into::into).collect()
            }
        }
    }

    /// The words of each area, after its name.
    fn each(words: fn(Self) -> &'static [&'static str]) -> Vec<String> {
        let all = Self::iter().flat_map(|area| words(area).iter().map(move |word| (area, word)));
        all.map(|(area, word)| format!("{area}_{word}")).collect()
    }
}

/// A timer that an area always has, as long as the rules say so; its owner is
/// [`TimerChange::ALWAYS`](super::decision::TimerChange::ALWAYS). It
/// is set at the start, and each time that it is due its decision sets it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingTimer {
    pub area: &'static str,
    pub name: &'static str,
}

impl StandingTimer {
    /// Those of every area.
    pub fn all(rules: &Rules) -> Vec<Self> {
        let of = |area: AreaName| {
            let names = area.standing(rules).into_iter();
            let area = area.into();
            names.map(move |name| Self { area, name })
        };
        AreaName::iter().flat_map(of).collect()
    }
}

impl Origin {
    pub fn area(&self) -> &'static str {
        AreaName::from(self).into()
    }

    /// The purpose's word within its area.
    pub fn purpose(&self) -> &'static str {
        match self {
            Self::Incident(purpose) => purpose.kind(),
            Self::Ci(purpose) => purpose.into(),
        }
    }

    /// The kind of the receipt's row: a process claims those whose area and purpose it knows.
    pub fn kind(&self) -> String {
        format!("{}_{}", self.area(), self.purpose())
    }

    /// Every kind of receipt.
    pub fn kinds() -> Vec<String> {
        AreaName::each(AreaName::purposes)
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
            Self::Ci(purpose) => purpose.subject(),
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
            Self::Ci(purpose) => purpose.has_another_way(effect, code),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_was_put_aside_goes_to_its_area() {
        let row = |area: Option<&str>| ParkedRow {
            signal: SignalId(Uuid::nil()),
            effect: None,
            area: area.map(str::to_owned),
            what: "post_message".to_owned(),
            reply_to: None,
        };
        for (area, goes_to) in [
            (Some("ci"), AreaName::Ci),
            (Some("incident"), AreaName::Incident),
            // Another version's, or a row whose area cannot be read: the operators hear it.
            (Some("kitchen"), AreaName::Incident),
            (None, AreaName::Incident),
        ] {
            assert_eq!(
                Event::of_parked(row(area)).area(),
                Some(goes_to),
                "{area:?}"
            );
        }
        let told = Event::of_told(Told::Parked(row(Some("ci"))));
        assert_eq!(told.area(), Some(AreaName::Incident));
    }

    #[test]
    fn a_process_claims_the_receipts_and_timers_of_every_area() {
        let claimed: Vec<String> = Event::own_kinds()
            .into_iter()
            .flat_map(|(_, kinds)| kinds)
            .collect();
        for kind in [
            "incident_card",
            "ci_message",
            "incident_channel_overdue",
            "declare_incident",
        ] {
            assert!(claimed.iter().any(|one| one == kind), "{kind}");
        }
        for timer in Timer::ALL {
            let kind = format!("incident_{}", timer.as_str());
            assert!(claimed.contains(&kind), "{kind}");
        }
    }
}
