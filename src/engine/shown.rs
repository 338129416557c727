//! Effects that show state are rendered when they are delivered: from what is true then.

use super::Engine;
use crate::courier::Shown;
use crate::domain::act::IncidentRef;
use crate::domain::effect::Effect;
use crate::domain::incident::{card, statuspage};
use crate::store::StoreError;

impl Engine {
    /// What an effect shows now; `None`: it does not show state.
    pub(super) async fn shown(&self, effect: &Effect) -> Result<Option<Shown>, StoreError> {
        match effect {
            Effect::UpdateCard { incident } => {
                let incident = self
                    .parts
                    .store
                    .incident(&IncidentRef::Id(*incident))
                    .await?;
                let shown = incident.and_then(|incident| {
                    let message = card::card(&incident);
                    let (room, ts) = (incident.channel_id?, incident.card_ts?);
                    Some(Shown::Card { room, ts, message })
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
                let open = self.parts.store.open_of_services(&services).await?;
                Ok(Some(Shown::Component {
                    status: statuspage::component_status(&open),
                }))
            }
            _ => Ok(None),
        }
    }
}
