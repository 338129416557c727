//! An incident, a team and its rules for the tests of the domain.

use super::super::ids::{Actor, ChannelId, IncidentId, MessageTs, UserId};
use super::super::rules::{Route, Rules, ServiceRules, Template};
use super::act::{Act, AnswerTo, IncidentRef, Request};
use super::{Incident, Kind, Severity, Source, Status};
use chrono::{DateTime, TimeZone, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

pub(crate) fn person(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

pub(crate) fn channel(id: &str) -> ChannelId {
    ChannelId::new(id).unwrap()
}

pub(crate) fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap()
}

pub(crate) fn service(name: &str) -> ServiceRules {
    ServiceRules {
        name: name.into(),
        owners: vec![person("UOWNER")],
        statuspage_component: Some(format!("cmp-{name}")),
        channels: vec![channel("CTEAM")],
    }
}

pub(crate) fn rules() -> Rules {
    let mut rules = Rules {
        services: vec![service("api"), service("web"), service("Web Shop")],
        admins: vec![person("UADMIN")],
        templates: vec![Template {
            name: "database-outage".into(),
            title: "Database is down".into(),
            severity: Severity::P1,
            service: Some("API".into()),
            text: Some("Is it the disk?".into()),
        }],
        ops_channel: Some(channel("COPS")),
        ..Rules::default()
    };
    rules.routes[Severity::P1 as usize] = Route {
        channels: vec![channel("CALL"), channel("CTEAM")],
        users: vec![person("UBOSS"), person("UOWNER")],
    };
    rules.routes[Severity::P2 as usize] = Route {
        channels: vec![channel("CENG")],
        users: vec![person("UBOSS")],
    };
    rules
}

/// Number 7, P2 on `api`, led by `ULEAD`, declared by `UDECL`, with its channel and its card.
pub(crate) fn incident() -> Incident {
    Incident {
        id: IncidentId(Uuid::from_u128(7)),
        number: 7,
        title: "Checkout returns 500s".into(),
        severity: Severity::P2,
        status: Status::Declared,
        service: "api".into(),
        commander: Some(person("ULEAD")),
        comms: None,
        scribe: None,
        channel_id: Some(channel("CINC")),
        channel_name: "inc-20260301-api".into(),
        channel_try: 1,
        channel_closed_at: None,
        card_ts: Some(MessageTs::new("1700000000.000100").unwrap()),
        declared_by: Actor::Person(person("UDECL")),
        declared_at: noon(),
        acknowledged_at: None,
        resolved_at: None,
        resolved_by: None,
        last_update: None,
        last_update_at: None,
        kind: Kind::Real,
        private: false,
        source: Source::Slack,
        origin_channel: Some(channel("CTALK")),
        origin_view: None,
    }
}

/// What a caller of the API asks for.
pub(crate) fn by_api(act: Act, target: Option<IncidentRef>) -> Request {
    Request {
        actor: Actor::Api("ci".into()),
        membership: Default::default(),
        team: None,
        act,
        target,
        channel: None,
        trigger: None,
        answer_to: AnswerTo::Api,
        names: BTreeMap::new(),
        outside_channel: None,
    }
}
