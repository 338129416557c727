//! The format of a call in its row, and of an incident in an answer.
//!
//! The edge writes the row's body after it has checked the call. A field that is added later must have a
//! default, because rows outlive deployments.

use super::form::VERBS;
use crate::domain::areas::Signal;
use crate::domain::ids::{Actor, Membership, SignalId};
use crate::domain::incident::act::{Act, AnswerTo, IncidentRef, Request};
use crate::domain::incident::{Event, Incident, TimelineEntry};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The kind of a call that declares an incident; the kind of any other call is its verb.
pub(super) const DECLARE: &str = "declare";

/// Every kind of call that a row can hold.
pub fn kinds() -> Vec<String> {
    let verbs = VERBS.iter().map(|verb| verb.0);
    verbs.chain([DECLARE]).map(str::to_owned).collect()
}

/// A call, as its row stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Call {
    pub(super) actor: String,
    pub(super) act: Act,
    #[serde(default)]
    pub(super) target: Option<IncidentRef>,
}

impl Call {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an act becomes JSON")
    }
}

/// Makes a signal of a row of the API.
pub fn decode_api(body: &[u8], id: SignalId, at: DateTime<Utc>) -> Result<Signal, String> {
    let call: Call = serde_json::from_slice(body).map_err(|error| {
        format!(
            "not a call of the API: {}",
            crate::store::json_error(&error)
        )
    })?;
    let event = Event::Asked(Box::new(Request {
        membership: Membership::Ours,
        team: None,
        actor: Actor::Api(call.actor),
        act: call.act,
        target: call.target,
        channel: None,
        trigger: None,
        answer_to: AnswerTo::Api,
        names: Default::default(),
        outside_channel: None,
    }));
    let event = event.into();
    Ok(Signal { id, at, event })
}

/// An incident in JSON, with the names that docs/API.md promises.
pub(super) fn incident(incident: &Incident) -> Value {
    json!({
        "id": incident.id,
        "number": incident.number,
        "title": incident.title,
        "severity": incident.severity.as_str(),
        "status": incident.status.as_str(),
        "service": incident.service,
        "commander": incident.commander,
        "channel_id": incident.channel_id,
        "channel_name": incident.channel_name,
        "declared_by": incident.declared_by.to_string(),
        "declared_at": stamp(incident.declared_at),
        "resolved_at": incident.resolved_at.map(stamp),
        "duration_minutes": incident.duration_minutes(),
        "kind": incident.kind,
        "private": incident.private,
        "source": incident.source,
    })
}

pub(super) fn timeline_entry(entry: &TimelineEntry) -> Value {
    json!({
        "at": stamp(entry.at),
        "kind": entry.kind.as_str(),
        "text": entry.text,
        "by": entry.by.to_string(),
    })
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::incident::Severity;

    #[test]
    fn a_call_survives_the_way_through_its_row() {
        let id = SignalId(uuid::Uuid::nil());
        let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let call = Call {
            actor: "ci bot".into(),
            act: Act::SetSeverity {
                to: Severity::P1,
                reason: None,
            },
            target: Some(IncidentRef::Number(7)),
        };
        let signal = decode_api(&call.to_bytes(), id, at).unwrap();
        let crate::domain::areas::Event::Incident(Event::Asked(request)) = signal.event else {
            panic!("a request")
        };
        assert_eq!(request.actor, Actor::Api("ci bot".into()));
        assert_eq!(request.act, call.act);
        assert_eq!(request.target, call.target);
        assert_eq!(request.answer_to, AnswerTo::Api);
    }

    #[test]
    fn a_body_that_is_no_call_is_an_error_and_no_panic() {
        let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        for body in ["", "{}", "[1]", r#"{"actor":"x","act":"fly"}"#] {
            assert!(decode_api(body.as_bytes(), SignalId(uuid::Uuid::nil()), at).is_err());
        }
    }
}
