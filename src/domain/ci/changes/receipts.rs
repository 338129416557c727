//! What follows from how an effect ended.

use super::facts::{Facts, dispatched};
use super::model::{Posting, RollbackState};
use super::purpose::Purpose;
use super::{deployments, incidents, rollback};
use crate::domain::area::Context;
use crate::domain::ci::Decision;
use crate::domain::effect::{Answer, slack};
use crate::domain::healing::HeldBack;
use crate::domain::ids::EffectId;
use crate::domain::signal::End;
use crate::domain::text::{Message, Text};
use crate::domain::told::Told;

pub fn decide_receipt(
    decision: &mut Decision,
    purpose: &Purpose,
    effect: EffectId,
    end: &End,
    facts: &Facts,
    context: &Context<'_>,
) {
    match purpose {
        Purpose::Changes {
            incident, noted, ..
        } => match (posting(end), facts.incident(*incident)) {
            (Some(posting), Some(incident)) => {
                incidents::posted(decision, incident, &posting, *noted);
            }
            _ => stuck(
                decision,
                purpose,
                effect,
                end,
                "post the changes of a service",
            ),
        },
        Purpose::ChangesUpdate { incident, .. } => match facts.incident(*incident) {
            Some(incident) if is_gone(end) => incidents::deleted(decision, incident),
            _ => stuck(
                decision,
                purpose,
                effect,
                end,
                "update the changes of a service",
            ),
        },
        Purpose::Deployment { .. } => match (posting(end), facts.deployment()) {
            (Some(posting), Some(deployment)) => {
                deployments::posted(decision, deployment, &posting);
            }
            _ => stuck(
                decision,
                purpose,
                effect,
                end,
                "post about a failed deployment",
            ),
        },
        Purpose::DeploymentUpdate { .. } => {
            stuck(
                decision,
                purpose,
                effect,
                end,
                "update the message about a failed deployment",
            );
        }
        Purpose::Rollback { .. } => {
            let state = match end {
                End::Done(_) => RollbackState::Started,
                End::Refused { code } => RollbackState::Refused { code: code.clone() },
                End::Parked { code } | End::Uncertain { code } => {
                    RollbackState::Unknown { code: code.clone() }
                }
                End::Expired => RollbackState::Refused {
                    code: "expired".to_owned(),
                },
                End::Dropped { why } => RollbackState::Refused {
                    code: match why.parse::<HeldBack>() {
                        Ok(_) => why.clone(),
                        Err(_) => "dropped".to_owned(),
                    },
                },
            };
            let run = dispatched(end);
            if let Some(deployment) = facts.deployment() {
                let ended = facts.ended.as_ref();
                rollback::answered(decision, deployment, state, run, ended, context.at);
            }
        }
    }
}

fn posting(end: &End) -> Option<Posting> {
    match end {
        End::Done(Answer::Slack(slack::Answer::Message { channel, ts })) => Some(Posting {
            channel: channel.clone(),
            ts: Some(ts.clone()),
        }),
        _ => None,
    }
}

fn is_gone(end: &End) -> bool {
    matches!(end, End::Refused { code } if code == "message_not_found")
}

/// Tells the operators, with the command that retries it.
fn stuck(decision: &mut Decision, purpose: &Purpose, effect: EffectId, end: &End, what: &str) {
    let code = match end {
        End::Refused { code } if purpose.has_another_way(code) => return,
        End::Refused { code } | End::Parked { code } | End::Uncertain { code } => code,
        End::Done(_) | End::Expired | End::Dropped { .. } => return,
    };
    let text = Text::plain(format!("Couldn't {what} (")).code(code);
    let text = text.and("). After fixing that, run: ");
    let message = Message::said(text.code(format!("wardroom outbox retry {effect}")));
    decision.tell(Told::EffectStuck { effect, message });
}
