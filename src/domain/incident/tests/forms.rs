//! The declare form: what a template fills in, and invisible characters in a name.

use super::memory::{World, refused, resolve};
use super::words_said::answer;
use crate::domain::decision::{Outcome, Planned};
use crate::domain::effect::Effect;
use crate::domain::effect::slack::Effect as Slack;
use crate::domain::ids::{EffectId, ViewId};
use crate::domain::incident::act::Act;
use crate::domain::incident::fixtures::{person, service};
use crate::domain::incident::{
    Purpose, Severity, Why, declare_form, forms, resolve_form, validate,
};
use crate::domain::rules::{Rules, Template};
use crate::domain::text::form::{Form, InputKind, Values};
use crate::domain::text::{ReplyTo, Trigger};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// Slack's permission to open a form.
pub(super) fn trigger(now: DateTime<Utc>) -> Trigger {
    Trigger {
        id: "1".into(),
        expires: now + chrono::Duration::seconds(3),
    }
}

/// Chooses a template in a form as it is; the form that follows.
fn after_choosing(
    world: &mut World,
    template: &str,
    entered: &[(&str, &str)],
    form: &Form,
) -> Form {
    let mut values = initial_values(form);
    values.insert(validate::TEMPLATE.into(), template.into());
    for (key, value) in entered {
        values.insert((*key).into(), (*value).into());
    }
    let act = Act::ChooseTemplate {
        view: ViewId::new("V1").unwrap(),
        values,
        context: form.context.clone(),
        revision: form.revision,
    };
    let decision = world.ask("UDECL", act);
    match &decision.effects[..] {
        [planned] => match &planned.effect {
            Effect::Slack(Slack::UpdateForm { form, .. }) => form.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn initial_values(form: &Form) -> Values {
    let filled = form.inputs.iter().filter_map(|input| {
        let initial = match &input.kind {
            InputKind::Text { initial, .. } | InputKind::Select { initial, .. } => initial.clone(),
            InputKind::Person { initial } => initial.as_ref().map(ToString::to_string),
        };
        Some((input.key.clone(), initial?))
    });
    filled.collect()
}

fn with_a_second_template() -> (World, Form) {
    let mut world = World::new();
    world.rules.templates.push(Template {
        name: "slow".into(),
        title: "It is slow".into(),
        severity: Severity::P3,
        service: Some("web".into()),
        text: None,
    });
    let context = BTreeMap::from([(forms::CHANNEL.into(), "CTALK".into())]);
    let form = declare_form::form(&world.rules, context, &Values::new(), 4);
    (world, form)
}

#[test]
fn a_template_fills_in_what_is_empty_or_what_another_one_filled_in() {
    let (mut world, empty) = with_a_second_template();
    let lead = (validate::COMMANDER, "ULEAD");
    let first = after_choosing(&mut world, "database-outage", &[lead], &empty);
    assert_eq!(first.context[forms::CHANNEL], "CTALK");
    let standing = |form: &Form| -> Vec<String> {
        let values = initial_values(form);
        let keys = ["title", "severity", "service", "commander"];
        keys.map(|key| values[key].clone()).to_vec()
    };
    let by_the_first = ["Database is down", "P1", "api", "ULEAD"];
    assert_eq!(standing(&first), by_the_first);
    let second = after_choosing(&mut world, "slow", &[], &first);
    assert_eq!(standing(&second), ["It is slow", "P3", "web", "ULEAD"]);
    // What a person entered stays.
    let own = [("title", "typed before"), ("severity", "P4")];
    let third = after_choosing(&mut world, "database-outage", &own, &second);
    assert_eq!(standing(&third), ["typed before", "P4", "api", "ULEAD"]);
}

#[test]
fn two_choices_made_of_one_form_have_ids_of_their_own() {
    let (mut world, empty) = with_a_second_template();
    let first = after_choosing(&mut world, "database-outage", &[], &empty);
    let second = after_choosing(&mut world, "slow", &[], &empty);
    let revisions = [empty.revision, first.revision, second.revision];
    assert_eq!(BTreeSet::from(revisions).len(), 3, "{revisions:?}");
}

#[test]
fn a_form_that_slack_did_not_open_for_another_reason_is_not_called_late() {
    for (code, late) in [("expired_trigger_id", true), ("missing_scope", false)] {
        let (mut world, form) = with_a_second_template();
        let planned = Planned {
            id: EffectId(uuid::Uuid::nil()),
            effect: Effect::Slack(Slack::OpenForm {
                trigger: trigger(world.now),
                form,
            }),
            origin: Purpose {
                answer_to: Some(ReplyTo {
                    person: person("UDECL"),
                    channel: None,
                    response_url: None,
                    asked_at: world.now,
                }),
                ..Why::Form.alone()
            },
            not_before: None,
        };
        world.end(&planned, refused(code));
        let words = world.said().pop().unwrap().1;
        assert_eq!(words.contains("3 seconds"), late, "{words}");
        assert!(words.contains("/incident declare P2"), "{words}");
    }
}

/// The form that a press of the card's Resolve button opens for this person.
fn resolve_form_of(world: &mut World, who: &str) -> Form {
    let decision = world.ask(who, Act::OpenResolveForm { note: None });
    match &decision.effects[..] {
        [planned] => match &planned.effect {
            Effect::Slack(Slack::OpenForm { form, .. }) => form.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_press_to_resolve_asks_for_a_note_and_changes_nothing_before_it_is_sent() {
    let mut world = World::with_incident();
    let form = resolve_form_of(&mut world, "UDECL");
    assert!(world.incident().status.is_open());
    assert_eq!(form.context[forms::CHANNEL], "CTALK");
    let [note] = &form.inputs[..] else {
        panic!("{form:?}")
    };
    assert!(note.optional && note.label == "Note", "{note:?}");
    for (typed, kept) in [
        ("", None),
        (" \n", None),
        (" it was the disk ", Some("it was the disk")),
    ] {
        let values = Values::from([("note".to_owned(), typed.to_owned())]);
        let (act, target) = resolve_form::act_of(&values, &form.context).unwrap();
        let note = kept.map(Into::into);
        assert_eq!(act, Act::Resolve { note });
        let mut after = World::with_incident();
        assert_eq!(after.incident().id, world.incident().id);
        assert_eq!(after.ask_about("UDECL", act, target).outcome, Outcome::Done);
    }
    assert!(resolve_form::act_of(&Values::new(), &BTreeMap::new()).is_none());
}

#[test]
fn a_form_that_would_be_refused_does_not_open_and_what_was_typed_comes_back() {
    let mut world = World::with_incident();
    let noted = || Act::OpenResolveForm {
        note: Some("it was the disk".into()),
    };
    let stranger = answer(&world.ask("USTRANGER", noted()));
    assert!(stranger.contains("it was the disk"), "{stranger}");
    world.ask("UDECL", resolve());
    let over = answer(&world.ask("UDECL", noted()));
    assert!(
        over.contains("it was the disk") && over.contains("resolved"),
        "{over}"
    );
    assert_eq!(world.count("open_form"), 0);
}

#[test]
fn a_resolve_form_that_slack_did_not_open_becomes_the_line_to_type() {
    let mut world = World::with_incident();
    world.ask("UDECL", Act::OpenResolveForm { note: None });
    let planned = world.take("open_form");
    world.end(&planned, refused("expired_trigger_id"));
    let words = world.said().pop().unwrap().1;
    assert!(words.contains("/incident #1 resolved <note>"), "{words}");
    let noted = Act::OpenResolveForm {
        note: Some("it was the disk".into()),
    };
    world.ask("UDECL", noted);
    let planned = world.take("open_form");
    world.end(&planned, refused("expired_trigger_id"));
    let words = world.said().pop().unwrap().1;
    assert!(words.contains("it was the disk"), "{words}");
}

#[test]
fn a_name_of_which_nothing_is_seen_is_none() {
    let rules = Rules::default();
    for invisible in [
        "\u{7}\u{7}\u{7}",
        "\u{200b}\u{200b}\u{200b}",
        "\u{1} \u{feff}",
    ] {
        assert_eq!(validate::tidy(invisible), "");
        assert!(validate::check_service(invisible, &rules).is_err());
    }
    assert_eq!(validate::tidy(" \u{200b}Checkout\u{1} "), "Checkout");
}

#[test]
fn of_many_services_the_nearest_are_named() {
    let mut world = World::new();
    let names = (0..40).map(|at| service(&format!("svc-{at}")));
    world.rules.services = names.collect();
    world.rules.services.push(service("checkout"));
    let wrong = validate::check_service("chekout", &world.rules).unwrap_err();
    assert!(
        wrong.starts_with("Choose one of these services: checkout, "),
        "{wrong}"
    );
    assert!(
        wrong.ends_with(", ….") && wrong.matches(", ").count() == 20,
        "{wrong}"
    );
}
