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
use crate::domain::incident::{Change, Facts, Incidents, Needs, Purpose, Why, card, status_page};
use crate::domain::rules::Rules;
use crate::store::area::{Persist, Statement, with_edit};
use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Duration, Utc};

/// Notices to operators are deleted so long after the message.
const NOTICES_KEPT: Duration = Duration::days(30);

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
                Change::Declare(incident) => incidents::declare(session, incident).await?,
                Change::Save(incident) => incidents::save(session, incident).await?,
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

    fn forget(now: DateTime<Utc>, at_once: i64) -> Vec<Statement> {
        vec![sqlx::query!(
            "delete from notices
              where effect = any(array(select effect from notices where since < $1
                                        order by since limit $2 for update skip locked))",
            now - NOTICES_KEPT,
            at_once,
        )]
    }

    async fn complete(
        database: &Database,
        purpose: &Purpose,
        mut effect: Effect,
        again: bool,
        rules: &Rules,
        now: DateTime<Utc>,
    ) -> Result<Option<Effect>, StoreError> {
        match purpose.why {
            Why::CardUpdate => {
                let Some(id) = purpose.incident else {
                    return Ok(None);
                };
                let incident = database.incident(&IncidentRef::Id(id)).await?;
                let edit = incident.and_then(|incident| {
                    Some(Edit {
                        message: card::card(&incident),
                        channel: incident.channel_id?,
                        ts: incident.card_ts?,
                    })
                });
                return Ok(edit.map(|edit| with_edit(effect, edit)));
            }
            Why::NoticeUpdate => {
                let Some(notice) = purpose.notice else {
                    return Ok(None);
                };
                let standing = database.notice(notice).await?;
                return Ok(standing.map(|standing| {
                    with_edit(
                        effect,
                        Edit {
                            message: notice::message(&standing, now),
                            channel: standing.channel,
                            ts: standing.ts,
                        },
                    )
                }));
            }
            Why::Component => {
                if let Effect::Statuspage(statuspage::Effect::UpdateComponent {
                    component,
                    status,
                }) = &mut effect
                {
                    let services = rules.services.iter().filter(|service| {
                        service.statuspage_component.as_deref() == Some(component.as_str())
                    });
                    let services: Vec<String> =
                        services.map(|service| service.name.clone()).collect();
                    if services.is_empty() {
                        return Ok(None);
                    }
                    let open = database.open_of_services(&services).await?;
                    *status = Some(status_page::component_status(&open));
                }
            }
            Why::Channel => {
                if let Effect::Slack(slack::Effect::CreateChannel { taken, .. }) = &mut effect
                    && again
                {
                    *taken = database.incident_channels().await?;
                }
            }
            Why::Card
            | Why::Pin
            | Why::Topic
            | Why::Invitation
            | Why::Announcement
            | Why::Line
            | Why::Draft
            | Why::Answer
            | Why::Form
            | Why::FormUpdate
            | Why::Notice => {}
        }
        Ok(Some(effect))
    }
}
