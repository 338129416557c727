//! The area of incidents in the store: what a decision needs is loaded, what it changes is saved, and
//! an effect is completed right before it is delivered.
//!
//! An effect that shows state is stored without it, so that a late one cannot show an old state.

mod facts;
mod incidents;
mod notices;
mod notifications;
mod timeline;

pub use incidents::IncidentFilter;

use crate::domain::effect::slack::{self, Edit};
use crate::domain::effect::{Effect, statuspage};
use crate::domain::ids::SignalId;
use crate::domain::incident::act::IncidentRef;
use crate::domain::incident::notices as notice;
use crate::domain::incident::{Change, Facts, Incidents, Needs, Purpose, card, status_page};
use crate::domain::rules::Rules;
use crate::store::Store;
use crate::store::area::Persist;
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};

impl Persist for Incidents {
    async fn load(
        session: &mut Session,
        needs: &Needs,
        now: DateTime<Utc>,
    ) -> Result<Facts, StoreError> {
        facts::load(session, needs, now).await
    }

    async fn blank(session: &mut Session, needs: &[Needs]) -> Result<Vec<bool>, StoreError> {
        let wanted = needs.iter().filter_map(Needs::only_of_incidents).flatten();
        let wanted: Vec<&IncidentRef> = wanted.collect();
        let known = match wanted.is_empty() {
            true => Default::default(),
            false => incidents::known(session, &wanted).await?,
        };
        let blank = needs.iter().map(|needs| {
            let only = needs.only_of_incidents();
            only.is_some_and(|only| {
                let nothing = only.is_empty() && *needs == Needs::default();
                let none_exists = !only.is_empty() && !only.iter().any(|one| known.contains(one));
                nothing || none_exists
            })
        });
        Ok(blank.collect())
    }

    async fn save(
        session: &mut Session,
        signal: SignalId,
        changes: &[Change],
    ) -> Result<(), StoreError> {
        for (ordinal, change) in (0_i32..).zip(changes) {
            match change {
                Change::Declare(incident) => incidents::insert(session, incident).await?,
                Change::Save(incident) => incidents::update(session, incident).await?,
                Change::Timeline(entry) => {
                    timeline::add_line(session, signal, ordinal, entry).await?;
                }
                Change::Notify(notification) => notifications::add(session, notification).await?,
                Change::Notified {
                    effect,
                    status,
                    error,
                } => notifications::ended(session, *effect, *status, error.as_deref()).await?,
                Change::Notice(notice) => notices::save(session, notice).await?,
            }
        }
        Ok(())
    }

    async fn complete(
        store: &Store,
        purpose: &Purpose,
        effect: Effect,
        again: bool,
        rules: &Rules,
        now: DateTime<Utc>,
    ) -> Result<Option<Effect>, StoreError> {
        match (purpose, effect) {
            (
                Purpose::CardUpdate { incident },
                Effect::Slack(slack::Effect::UpdateMessage { shows, .. }),
            ) => {
                let incident = store.incident(&IncidentRef::Id(*incident)).await?;
                let edit = incident.and_then(|incident| {
                    Some(Edit {
                        message: card::card(&incident),
                        channel: incident.channel_id?,
                        ts: incident.card_ts?,
                    })
                });
                Ok(edit.map(|edit| {
                    let edit = Some(Box::new(edit));
                    slack::Effect::UpdateMessage { shows, edit }.into()
                }))
            }
            (
                Purpose::NoticeUpdate { notice },
                Effect::Slack(slack::Effect::UpdateMessage { shows, .. }),
            ) => {
                let standing = store.notice(*notice).await?;
                Ok(standing.map(|standing| {
                    let edit = Some(Box::new(Edit {
                        message: notice::message(&standing, now),
                        channel: standing.channel,
                        ts: standing.ts,
                    }));
                    slack::Effect::UpdateMessage { shows, edit }.into()
                }))
            }
            (
                Purpose::Component,
                Effect::Statuspage(statuspage::Effect::UpdateComponent { component, .. }),
            ) => {
                let on_it = rules.services.iter().filter(|service| {
                    service.statuspage_component.as_deref() == Some(component.as_str())
                });
                let services: Vec<String> = on_it.map(|service| service.name.clone()).collect();
                if services.is_empty() {
                    return Ok(None);
                }
                let open = store.open_of_services(&services).await?;
                let status = Some(status_page::component_status(&open));
                Ok(Some(
                    statuspage::Effect::UpdateComponent { component, status }.into(),
                ))
            }
            (
                Purpose::Channel { .. },
                Effect::Slack(slack::Effect::CreateChannel {
                    name,
                    private,
                    team,
                    ..
                }),
            ) if again => {
                let taken = store.incident_rooms().await?;
                let effect = slack::Effect::CreateChannel {
                    name,
                    private,
                    team,
                    taken,
                };
                Ok(Some(effect.into()))
            }
            (_, effect) => Ok(Some(effect)),
        }
    }
}
