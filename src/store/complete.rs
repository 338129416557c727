//! Completes an effect right before it is delivered: what it shows, and what must not be touched.
//!
//! An effect that shows state is stored without it, so that a late one cannot show an old state.

use super::{Store, StoreError};
use crate::domain::act::IncidentRef;
use crate::domain::areas::Origin;
use crate::domain::effect::slack::{self, Edit};
use crate::domain::effect::{Effect, statuspage};
use crate::domain::incident::{Purpose, card, notices, status_page};
use crate::domain::rules::Rules;
use chrono::{DateTime, Utc};

impl Store {
    /// The effect as it is to be delivered now; `None`: it only shows state, and there is none.
    /// `again`: an earlier attempt of it may have happened.
    pub async fn complete(
        &self,
        origin: &Origin,
        effect: Effect,
        again: bool,
        rules: &Rules,
        now: DateTime<Utc>,
    ) -> Result<Option<Effect>, StoreError> {
        let Origin::Incident(purpose) = origin;
        match (purpose, effect) {
            (
                Purpose::CardUpdate { incident },
                Effect::Slack(slack::Effect::UpdateMessage { shows, .. }),
            ) => {
                let incident = self.incident(&IncidentRef::Id(*incident)).await?;
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
                let standing = self.notice(*notice).await?;
                Ok(standing.map(|standing| {
                    let edit = Some(Box::new(Edit {
                        message: notices::message(&standing, now),
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
                let open = self.open_of_services(&services).await?;
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
                let taken = self.incident_rooms().await?;
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
