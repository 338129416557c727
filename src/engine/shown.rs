//! Effects that show state are rendered when they are delivered: from what is true then.

use super::Engine;
use crate::courier::Shown;
use crate::domain::act::IncidentRef;
use crate::domain::effect::Effect;
use crate::domain::incident::{card, notices, statuspage};
use crate::store::{Claimed, StoreError};

impl Engine {
    /// What an effect shows now; `None`: it does not show state. A component that shows its state
    /// already leaves nothing to show.
    pub(super) async fn shown(&self, claimed: &mut Claimed) -> Result<Option<Shown>, StoreError> {
        match &claimed.effect {
            Effect::UpdateCard { incident } => {
                let incident = self
                    .parts
                    .store
                    .incident(&IncidentRef::Id(*incident))
                    .await?;
                let shown = incident.and_then(|incident| {
                    let message = card::card(&incident);
                    let (room, ts) = (incident.channel_id?, incident.card_ts?);
                    Some(Shown::Message { room, ts, message })
                });
                Ok(Some(shown.unwrap_or(Shown::Nothing)))
            }
            Effect::UpdateNotice { notice } => {
                let standing = self.parts.store.notice(*notice).await?;
                let shown = standing.map(|standing| Shown::Message {
                    message: notices::message(&standing, self.parts.clock.now()),
                    room: standing.room,
                    ts: standing.ts,
                });
                Ok(Some(shown.unwrap_or(Shown::Nothing)))
            }
            Effect::ShowComponent { component: id } => {
                let rules = self.rules();
                let services: Vec<String> = rules
                    .services
                    .iter()
                    .filter(|service| service.statuspage_component.as_ref() == Some(id))
                    .map(|service| service.name.clone())
                    .collect();
                if services.is_empty() {
                    return Ok(Some(Shown::Nothing));
                }
                let store = &self.parts.store;
                let status =
                    statuspage::component_status(&store.open_of_services(&services).await?);
                // An earlier attempt without an answer may arrive later and replace this state.
                let sole = !claimed.uncertain && claimed.failed_at.is_none();
                claimed.shows = sole.then_some(status);
                let already = store.shows_already(claimed).await?;
                Ok(Some(match already {
                    true => Shown::Nothing,
                    false => Shown::Component { status },
                }))
            }
            _ => Ok(None),
        }
    }
}
