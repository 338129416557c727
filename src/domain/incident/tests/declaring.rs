//! Declaring: recorded at once, once, and in the name of the one who asked.

use super::memory::{World, declaration};
use super::words_said::answer;
use crate::domain::decision::{ApiAnswer, AuditOutcome, Outcome};
use crate::domain::ids::{Actor, ViewId};
use crate::domain::incident::act::{Act, IncidentRef};
use crate::domain::incident::fixtures::{channel, person};
use crate::domain::incident::{Declaration, Event, Severity, Source, Status};
use crate::domain::signal::End;
use crate::domain::text::{ReplyTo, Trigger};

fn chosen(commander: &str) -> Act {
    let Act::Declare(declaration) = declaration(Severity::P1) else {
        unreachable!()
    };
    Act::Declare(Declaration {
        commander: Some(person(commander)),
        ..declaration
    })
}

#[test]
fn a_declaration_is_recorded_whole_before_slack_is_asked_for_anything() {
    let mut world = World::new();
    let decision = world.ask("UDECL", declaration(Severity::P1));
    let incident = world.incident().clone();
    assert_eq!(incident.number, 1);
    assert_eq!(incident.status, Status::Declared);
    assert_eq!(incident.source, Source::Slack);
    assert_eq!(incident.channel_name, "inc-20260301-api");
    assert_eq!(world.timeline.len(), 1);
    assert_eq!(world.audit.len(), 1);
    assert!(answer(&decision).contains("#1"));
    let kinds: Vec<_> = decision
        .effects
        .iter()
        .map(|one| one.effect.kind())
        .collect();
    assert_eq!(kinds, ["create_channel", "update_component", "reply"]);
}

#[test]
fn the_record_names_the_one_who_declared_not_the_commander_whom_they_chose() {
    let mut world = World::new();
    world.ask("UDECL", chosen("ULEAD"));
    let declarer = Actor::Person(person("UDECL"));
    assert_eq!(world.incident().declared_by, declarer);
    assert_eq!(world.incident().commander, Some(person("ULEAD")));
    assert_eq!(world.timeline[0].by, declarer);
    assert_eq!(world.audit[0].by, declarer);
}

#[test]
fn a_second_incident_from_one_form_is_refused_and_pointed_to_the_first() {
    let mut world = World::new();
    let Act::Declare(first) = declaration(Severity::P1) else {
        unreachable!()
    };
    let act = Act::Declare(Declaration {
        view: ViewId::new("V1").ok(),
        ..first
    });
    world.ask("UDECL", act.clone());
    let decision = world.ask("UDECL", act);
    assert_eq!(world.incidents.len(), 1);
    assert_eq!(decision.outcome, Outcome::Refused);
    assert!(answer(&decision).contains("#1"));
    assert_eq!(world.audit.last().unwrap().outcome, AuditOutcome::Refused);
}

#[test]
fn two_incidents_of_one_service_on_one_day_never_try_the_same_name() {
    let mut world = World::new();
    for _ in 0..12 {
        world.ask("UDECL", declaration(Severity::P3));
    }
    assert_eq!(world.incidents[11].channel_name, "inc-20260301-api-12");
    assert_eq!(world.incidents[11].channel_try, 12);
}

#[test]
fn what_the_rules_do_not_know_is_refused_for_every_door() {
    let mut world = World::new();
    let Act::Declare(good) = declaration(Severity::P1) else {
        unreachable!()
    };
    for (title, service, word) in [
        ("ab", "api", "3 to 100"),
        ("Checkout is down", "unheard-of", "services"),
    ] {
        let act = Act::Declare(Declaration {
            title: title.into(),
            service: service.into(),
            ..good.clone()
        });
        let decision = world.ask_by_api(act, None);
        let Some(ApiAnswer::Problem { status, detail }) = decision.api_answer else {
            panic!("no problem: {decision:?}");
        };
        assert_eq!(status, 422);
        assert!(detail.contains(word), "{detail}");
    }
    assert!(world.incidents.is_empty());
}

#[test]
fn the_api_is_answered_with_the_incident_and_slack_with_nothing() {
    let mut world = World::new();
    let decision = world.ask_by_api(declaration(Severity::P2), None);
    let id = world.incident().id;
    assert_eq!(
        decision.api_answer,
        Some(ApiAnswer::Incident { id, created: true })
    );
    assert_eq!(world.incident().source, Source::Api);
    assert_eq!(world.incident().commander, None);
    assert_eq!(world.audit[0].by, Actor::Api("ci".into()));
    world.settle();
    assert_eq!(world.count("reply") + world.count("ephemeral"), 0);
    let later = world.ask_by_api(super::memory::resolve(), Some(IncidentRef::Number(1)));
    assert_eq!(
        later.api_answer,
        Some(ApiAnswer::Incident { id, created: false })
    );
}

#[test]
fn a_form_that_did_not_open_becomes_words_that_declare_by_one_line() {
    for end in [
        End::Expired,
        super::memory::refused("expired_trigger_id"),
        End::Uncertain {
            code: "timeout".into(),
        },
    ] {
        let mut world = World::new();
        let to = ReplyTo {
            person: person("UDECL"),
            channel: Some(channel("CTALK")),
            response_url: Some("https://hooks.example/1".into()),
            asked_at: world.now,
        };
        let request = crate::domain::incident::act::Request {
            membership: Default::default(),
            team: None,
            actor: Actor::Person(person("UDECL")),
            act: Act::OpenDeclareForm,
            target: None,
            channel: Some(channel("CTALK")),
            trigger: Some(Trigger {
                id: "1.2.x".into(),
                expires: world.now + chrono::Duration::seconds(3),
            }),
            answer_to: crate::domain::incident::act::AnswerTo::Person(to),
            names: Default::default(),
            outside_channel: None,
        };
        world.happens(Event::Asked(Box::new(request)));
        let decision = world.end_next("open_form", end);
        assert!(answer(&decision).contains("/incident declare P2"));
    }
}

#[test]
fn the_warning_about_secrets_stands_once_in_the_channels_first_message() {
    let mut world = World::new();
    world.ask("UDECL", declaration(Severity::P1));
    world.settle();
    world.ask("UDECL", super::memory::resolve());
    world.settle();
    let said = world.said();
    let warned = said.iter().filter(|(_, words)| words.contains("secrets"));
    assert_eq!(
        warned.map(|(place, _)| &**place).collect::<Vec<_>>(),
        ["CINC1"]
    );
    let first = said.iter().find(|(place, _)| place == "CINC1").unwrap();
    assert!(first.1.contains("Don't post secrets"), "{}", first.1);
}

#[test]
fn no_refusal_changes_anything_but_the_audit() {
    let mut world = World::with_incident();
    let before = world.incident().clone();
    let decision = world.ask("USTRANGER", super::memory::resolve());
    assert_eq!(decision.changes, []);
    assert_eq!(decision.audit.len(), 1);
    assert_eq!(*world.incident(), before);
}
