//! Changes of repositories, the incidents that are told of them, and deployments that failed.
//!
//! Whatever is about a service holds the service's lock before it locks a row: an incident and the first
//! change of its service find no row of each other.

mod code;
mod rows;

use crate::domain::ci::Timer;
use crate::domain::ci::changes::{
    Change, Facts, Needs, Purpose, Rollback, WINDOW, changes, deployment,
};
use crate::domain::effect::Effect;
use crate::domain::effect::slack::{self, Edit};
use crate::domain::ids::SignalId;
use crate::domain::rules::{GithubAccess, Rules};
use crate::domain::text::Message;
use crate::store::area::{Statement, with_edit};
use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::ring::timers;
use crate::store::ring::turns::lock_aggregate;
use crate::store::session::Session;
use chrono::{DateTime, Duration, Utc};

/// Changes are deleted so long after the last delivery about them, unless an open incident lists them.
const CHANGES_KEPT: Duration = Duration::days(3);
/// A message lists so many changes.
const LISTED: i64 = 20;

fn lock_name(service: &str) -> String {
    format!("ci:changes:{service}")
}

/// What is locked by decisions that may share a transaction: a change's service.
pub(super) fn lock(needs: &Needs) -> Option<String> {
    match needs {
        Needs::Change { service, .. } => Some(lock_name(service)),
        Needs::Nothing
        | Needs::Service { .. }
        | Needs::Deployment { .. }
        | Needs::Rollback { .. } => None,
    }
}

pub(super) async fn load(session: &mut Session, needs: &Needs) -> Result<Facts, StoreError> {
    let mut facts = Facts::default();
    match needs {
        Needs::Nothing => {}
        Needs::Change {
            service,
            repository,
            key,
            failed,
        } => {
            lock_aggregate(session, &lock_name(service)).await?;
            facts.known = code::known(session, repository, key).await?;
            facts.incidents = rows::open_incidents(session, service, None).await?;
            if let Some((environment, id)) = failed {
                facts.superseded =
                    code::succeeded_after(session, repository, environment, *id).await?;
                let known = rows::deployment_of(session, repository, *id).await?;
                facts.deployments.extend(known);
            }
        }
        Needs::Service {
            service,
            incident,
            timer,
        } => {
            lock_aggregate(session, &lock_name(service)).await?;
            let incident = incident.map(|id| id.0);
            facts.incidents = rows::open_incidents(session, service, incident).await?;
            let incidents = facts.incidents.iter();
            let noted = incidents.map(|one| one.noted).min().unwrap_or(0);
            facts.changes = code::after(session, service, noted).await?;
            let ids = facts.incidents.iter().map(|one| one.state.id.0);
            let ids: Vec<_> = ids.chain(incident).collect();
            facts.deployments = rows::deployments_of(session, &ids).await?;
            if *timer {
                facts.timer_generation =
                    timers::generation(session, "ci", service, Timer::ChangesDue.into()).await?;
            }
        }
        Needs::Deployment { id, incident, run } => {
            if let Some(service) = rows::service_of(session, *id).await? {
                lock_aggregate(session, &lock_name(&service)).await?;
            }
            facts
                .deployments
                .extend(rows::deployment(session, *id).await?);
            if let (Some(one), Some(run)) = (facts.deployments.first(), run) {
                let repository = &one.change.repository;
                facts.ended = rows::ended_run(session, repository, *run).await?;
            }
            let own = facts.deployments.first().and_then(|one| one.incident);
            if let Some(incident) = incident.or(own) {
                facts
                    .incidents
                    .extend(rows::incident(session, incident).await?);
            }
        }
        Needs::Rollback { repository, run } => {
            facts
                .deployments
                .extend(rows::rolling_back(session, repository, *run).await?);
        }
    }
    Ok(facts)
}

pub(super) async fn save(
    session: &mut Session,
    signal: SignalId,
    change: &Change,
) -> Result<(), StoreError> {
    match change {
        Change::Code { service, change } => code::save(session, signal, service, change).await,
        Change::Incident(incident) => rows::save_incident(session, signal, incident).await,
        Change::Deployment(deployment) => rows::save_deployment(session, signal, deployment).await,
    }
}

pub(super) fn forget(now: DateTime<Utc>, before: DateTime<Utc>, at_once: i64) -> Vec<Statement> {
    vec![
        sqlx::query!(
            "delete from ci_changes
              where ctid = any(array(select ctid from ci_changes where received_at < $1
                                         and not exists(select from ci_incidents
                                                         where ci_incidents.service = ci_changes.service
                                                           and is_open)
                                      order by received_at limit $2 for update skip locked))",
            now - CHANGES_KEPT,
            at_once,
        ),
        sqlx::query!(
            "delete from ci_incidents
              where incident = any(array(select incident from ci_incidents where not is_open and news_at < $1
                                          order by news_at limit $2 for update skip locked))",
            before,
            at_once,
        ),
        sqlx::query!(
            "delete from ci_deployments
              where id = any(array(select id from ci_deployments where news_at < $1
                                    order by news_at limit $2 for update skip locked))",
            before,
            at_once,
        ),
    ]
}

/// The effect as it is to be delivered now: messages show what is known now.
pub(super) async fn complete(
    database: &Database,
    purpose: &Purpose,
    effect: Effect,
    rules: &Rules,
) -> Result<Option<Effect>, StoreError> {
    match purpose {
        Purpose::Changes { incident, .. } => {
            let session = &mut database.single().await?;
            let Some(known) = rows::incident(session, *incident).await? else {
                return Ok(Some(effect));
            };
            let message = changes_of(session, &known).await?;
            Ok(Some(with_message(effect, message)))
        }
        Purpose::ChangesUpdate { incident, .. } => {
            let session = &mut database.single().await?;
            let known = rows::incident(session, *incident).await?;
            let Some((known, posting)) =
                known.and_then(|known| known.message.clone().map(|posting| (known, posting)))
            else {
                return Ok(None);
            };
            let Some(ts) = posting.ts else {
                return Ok(None);
            };
            let message = changes_of(session, &known).await?;
            let edit = Edit {
                channel: posting.channel,
                ts,
                message,
            };
            Ok(Some(with_edit(effect, edit)))
        }
        Purpose::Deployment { deployment: id, .. } => {
            let known = rows::deployment_now(database, *id).await?;
            // Without an incident the message says why, and shows no state.
            Ok(Some(match known.filter(|known| known.incident.is_some()) {
                Some(known) => with_message(effect, deployment(&known, offered(rules))),
                None => effect,
            }))
        }
        Purpose::DeploymentUpdate { deployment: id } => {
            let known = rows::deployment_now(database, *id).await?;
            let edit = known.and_then(|known| {
                let message = deployment(&known, offered(rules));
                let posting = known.message?;
                Some(Edit {
                    channel: posting.channel,
                    ts: posting.ts?,
                    message,
                })
            });
            Ok(edit.map(|edit| with_edit(effect, edit)))
        }
        Purpose::Rollback { .. } => Ok(Some(effect)),
    }
}

fn offered(rules: &Rules) -> Rollback {
    match (rules.github.access, &rules.github.deployments.rollback) {
        (GithubAccess::App | GithubAccess::Token, Some(_)) => Rollback::Offered,
        (GithubAccess::None, _) | (_, None) => Rollback::NotOffered,
    }
}

async fn changes_of(
    session: &mut Session,
    incident: &crate::domain::ci::changes::FollowedIncident,
) -> Result<Message, StoreError> {
    let since = incident.state.declared_at - WINDOW;
    let service = crate::domain::rules::same_service(&incident.state.service);
    let (listed, all) = code::newest(session, &service, since, incident.ended_at, LISTED).await?;
    let more = all.saturating_sub(listed.len());
    Ok(changes(&incident.state.service, since, more, &listed))
}

fn with_message(effect: Effect, message: Message) -> Effect {
    match effect {
        Effect::Slack(slack::Effect::PostMessage { channel, .. }) => {
            slack::Effect::PostMessage { channel, message }.into()
        }
        other => other,
    }
}
