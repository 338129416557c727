//! Declaring: by the form, by one line, and what prevents either.

use crate::world::World;
use serde_json::Value;
use simulator::{ChannelType, Fault, FaultRule, Submitted};
use wardroom::domain::ids::Actor;
use wardroom::domain::incident::Severity;

/// The text in an input of a person's modal.
fn stands_in(view: &Value, label: &str) -> String {
    let blocks = view["blocks"].as_array().expect("a view has blocks");
    let block = blocks.iter().find(|block| block["label"]["text"] == label);
    let element = &block.unwrap_or_else(|| panic!("no {label} in {view}"))["element"];
    let text = element["initial_value"].as_str();
    let chosen = || element["initial_option"]["text"]["text"].as_str();
    text.or_else(chosen).unwrap_or_default().to_owned()
}

const FILLED: [(&str, &str); 3] = [
    ("Title", "Checkout returns 500s"),
    ("Severity", "P3"),
    ("Service", "db"),
];

async fn open_form(world: &mut World, person: &str) {
    world.types(person, "general", "declare").await;
    let modal = world.person(person).modal();
    assert!(modal.is_some(), "{person} has no form on the screen");
}

#[tokio::test]
async fn a_form_declares_what_was_filled_in_and_the_answer_comes_where_it_was_asked_for() {
    let mut world = World::new().await;
    let bot = world.slack.bot_user();
    world.person("ada").invite("general", &bot).unwrap();
    open_form(&mut world, "bea").await;
    let modal = world.person("bea").modal().unwrap();
    assert!(stands_in(&modal, "Severity").starts_with("P2"));
    let mut fields = FILLED.to_vec();
    fields.push(("Commander", "cem"));
    assert_eq!(world.submits("bea", &fields).await, Submitted::Closed);

    let answer = world.expect_ephemeral("bea", "Declared incident *#1*: 🟡 P3 on db");
    assert_eq!(answer.channel, world.channel_id("general"));
    world.expect_message("inc-20260301-db", "Checkout returns 500s");
    let incident = world.newest().await;
    assert_eq!(incident.commander.unwrap().as_str(), "U0CEM");
    let bea = Actor::try_from("U0BEA".to_owned()).unwrap();
    assert_eq!(incident.declared_by, bea, "who submitted, not who leads");
    let members = world.channel("inc-20260301-db").members;
    for person in ["U0BEA", "U0CEM"] {
        assert!(members.iter().any(|one| one == person), "{members:?}");
    }
    world.finish().await;
}

#[tokio::test]
async fn a_form_is_answered_by_direct_message_where_the_bot_is_not_in_the_channel() {
    let mut world = World::new().await;
    open_form(&mut world, "bea").await;
    assert_eq!(world.submits("bea", &FILLED).await, Submitted::Closed);
    world.expect_message("@bea", "Declared incident *#1*: 🟡 P3 on db");
    world.expect_message("inc-20260301-db", "Checkout returns 500s");
    world.finish_after_faults().await;
}

#[tokio::test]
async fn a_template_fills_in_the_form_and_what_it_asks_stands_on_the_timeline() {
    let mut world = World::new().await;
    open_form(&mut world, "bea").await;
    let bea = world.person("bea");
    bea.fill_in(&[("Commander", "cem")]).unwrap();
    let chosen = bea.act_in_modal("Template", "Database does not answer");
    assert!(chosen.await.unwrap().is_ok());
    world.settle().await;
    let modal = bea.modal().unwrap();
    assert_eq!(stands_in(&modal, "Title"), "Database does not answer");
    assert!(stands_in(&modal, "Severity").starts_with("P1"));
    assert_eq!(
        world.submits("bea", &[("Service", "db")]).await,
        Submitted::Closed
    );
    let incident = world.newest().await;
    assert_eq!(incident.title, "Database does not answer");
    assert_eq!(incident.severity.as_str(), "P1");
    assert_eq!(incident.commander.as_ref().unwrap().as_str(), "U0CEM");
    let lines = world.timeline(&incident).await;
    let asks = |line: &&str| line.contains("the server, its disk or the connections");
    let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(
        texts.iter().filter(|line| asks(line)).count(),
        1,
        "{texts:?}"
    );
    world.expect_message("ops", "P1 incident #1");
    world.expect_message("@dan", "P1 incident #1");
    world.expect_message("inc-20260301-db", "Database does not answer");
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn a_wrong_field_is_told_in_the_form_and_the_corrected_form_is_the_first_that_counts() {
    let mut world = World::new().await;
    open_form(&mut world, "bea").await;
    let rows = world.rows_from("slack").await;
    for wrong in ["ab", "  a "] {
        let mut fields = FILLED.to_vec();
        fields[0].1 = wrong;
        let became = world.submits("bea", &fields).await;
        let Submitted::Errors(errors) = became else {
            panic!("{became:?}")
        };
        let [(block, words)] = errors.iter().collect::<Vec<_>>()[..] else {
            panic!("{errors:?}")
        };
        assert!(block.starts_with("title"), "{block}");
        assert!(words.as_str().unwrap().contains("3 to 100 characters"));
    }
    assert_eq!(
        world.rows_from("slack").await,
        rows,
        "nothing was kept of it"
    );
    assert_eq!(world.incidents().await, 0);
    assert_eq!(world.submits("bea", &FILLED).await, Submitted::Closed);
    assert_eq!(world.newest().await.number, 1);
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn one_form_declares_one_incident_however_often_it_is_sent() {
    let mut world = World::new().await;
    let bot = world.slack.bot_user();
    world.person("ada").invite("general", &bot).unwrap();
    open_form(&mut world, "bea").await;
    let payload = world.person("bea").submission(&FILLED).unwrap();
    world.sends("bea", &payload, 3).await;
    assert_eq!(world.incidents().await, 1);
    world.expect_ephemeral("bea", "Declared incident *#1*");
    world.expect_message("inc-20260301-db", "Checkout returns 500s");
    world.expect_no_message();
    // The same form with other words: the person is told, and nothing is declared twice.
    let mut again = payload.clone();
    let values = again["view"]["state"]["values"].as_object_mut().unwrap();
    let (_, title) = values
        .iter_mut()
        .find(|(id, _)| id.starts_with("title"))
        .unwrap();
    title["title"]["value"] = "Something else".into();
    world.sends("bea", &again, 2).await;
    world.expect_ephemeral("bea", "This form already declared incident #1");
    assert_eq!(world.incidents().await, 1);
    world.finish().await;
}

#[tokio::test]
async fn a_line_that_cannot_be_read_declares_nothing_and_says_what_to_do() {
    let mut world = World::new().await;
    for (line, says) in [
        (
            "declare P1",
            "Name the affected service, one of: api, web shop, db.",
        ),
        (
            "declare P1 warehouse Checkout is down",
            "Name the affected service",
        ),
        (
            "declare api Checkout is down",
            "Name the severity, from P1 (worst) to",
        ),
        ("declare P0 api Checkout is down", "Name the severity"),
        (
            "declare P1 api",
            "Say what is broken, in 3 to 100 characters.",
        ),
        (
            "declare P1 api ab",
            "Use 3 to 100 characters; this title has 2.",
        ),
        ("declare nonsense", "Name the severity"),
    ] {
        world.types("bea", "general", line).await;
        let refusal = world.expect_ephemeral("bea", says);
        assert!(
            refusal.words.contains("/incident declare P1 api Checkout"),
            "{}",
            refusal.words
        );
    }
    let long = format!("declare P1 api {}", "x".repeat(101));
    world.types("bea", "general", &long).await;
    world.expect_ephemeral("bea", "this title has 101");
    assert_eq!(world.incidents().await, 0);
    world
        .types("bea", "general", "new p3 Web  Shop:  the basket is empty")
        .await;
    world.expect_ephemeral("bea", "Name the affected service");
    world
        .types("bea", "general", "new p3  Web  Shop  the basket is empty")
        .await;
    world.expect_ephemeral("bea", "🟡 P3 on web shop, “the basket is empty”");
    world.expect_message("inc-20260301-web-shop", "the basket is empty");
    world.finish().await;
}

#[tokio::test]
async fn a_form_that_comes_too_late_becomes_words() {
    let mut world = World::new().await;
    // Slack says that the trigger has expired.
    let (path, form, _) = world
        .person("bea")
        .command_form("general", "/incident", "declare")
        .unwrap();
    world.clock.advance(chrono::Duration::seconds(4));
    world.sends_form(&path, &form, 0).await;
    world.settle().await;
    assert!(world.person("bea").modal().is_none());
    world.expect_ephemeral("bea", "run `/incident declare P2");
    // We were too late ourselves: Slack is not even asked.
    let (path, form, _) = world
        .person("bea")
        .command_form("general", "/incident", "declare")
        .unwrap();
    world.sends_form(&path, &form, 0).await;
    let asked = world.slack.calls("views.open");
    world.pass(chrono::Duration::seconds(4)).await;
    assert_eq!(world.slack.calls("views.open"), asked);
    world.expect_ephemeral("bea", "run `/incident declare P2");
    // Slack is busy for longer than a trigger lives.
    let limited = Fault::RateLimited { retry_after: 5 };
    world.slack.fault(FaultRule::once("views.open", limited));
    world.types("bea", "general", "declare").await;
    world.pass(chrono::Duration::seconds(5)).await;
    world.expect_ephemeral("bea", "run `/incident declare P2");
    // And the line that all three name works.
    world
        .types("bea", "general", "declare P3 db Checkout is down")
        .await;
    assert_eq!(world.newest().await.number, 1);
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn an_incident_can_be_declared_from_a_talk_in_private_and_from_a_thread() {
    let mut world = World::new().await;
    let talk = world
        .slack
        .add_channel(None, "", ChannelType::Im, &["U0BEA", "U0CEM"]);
    world
        .types("bea", &talk, "declare P3 db The replica lags")
        .await;
    world.expect_ephemeral("bea", "Declared incident *#1*");
    world.expect_message("inc-20260301-db", "The replica lags");

    // The form, asked for in a talk that the bot cannot see, is answered by direct message.
    world.types("bea", &talk, "declare").await;
    assert_eq!(world.submits("bea", &FILLED).await, Submitted::Closed);
    world.expect_message("@bea", "Declared incident *#2*");
    world.expect_message("inc-20260301-db-2", "Checkout returns 500s");

    // A button in a thread opens the form as well.
    world.types("bea", "inc-20260301-db", "help").await;
    let help = world.expect_ephemeral("bea", "Shows what is open");
    let bea = world.person("bea");
    let press = bea.click_payload(&help.channel, &help.ts, "Declare incident", "");
    let mut press = press.unwrap();
    press["container"]["thread_ts"] = "1772355600.000100".into();
    press["message"]["thread_ts"] = "1772355600.000100".into();
    world.sends("bea", &press, 1).await;
    assert_eq!(world.submits("bea", &FILLED).await, Submitted::Closed);
    world.expect_ephemeral("bea", "Declared incident *#3*");
    world.expect_message("inc-20260301-db-3", "Checkout returns 500s");
    world.finish_after_faults().await;
}

#[tokio::test]
async fn two_declarations_at_once_are_two_incidents_with_numbers_and_channels_of_their_own() {
    let mut world = World::new().await;
    let (other, _) = world.replica().await;
    let (bea, cem) = (world.person("bea"), world.person("cem"));
    let (one, two) = tokio::join!(
        bea.command("general", "/incident", "declare P3 db The replica lags"),
        cem.command("general", "/incident", "declare P3 db The disk is full"),
    );
    assert!(one.is_ok() && two.is_ok());
    world.settle_beside(&other).await;
    for (number, channel) in [(1, "inc-20260301-db"), (2, "inc-20260301-db-2")] {
        let incident = world.incident(number).await;
        assert_eq!(incident.channel_name, channel);
        world.expect_message(channel, &incident.title);
        assert_eq!(world.channel(channel).pins.len(), 1);
    }
    for person in ["bea", "cem"] {
        world.expect_ephemeral(person, "Declared incident");
    }
    world.finish().await;
}

#[tokio::test]
async fn a_channel_name_that_somebody_else_has_gets_a_suffix_also_when_theirs_is_archived() {
    let mut world = World::new().await;
    let ada = world.person("ada");
    ada.create_channel("inc-20260301-db").unwrap();
    ada.create_channel("inc-20260301-db-2").unwrap();
    ada.archive("inc-20260301-db-2").unwrap();
    world
        .types("bea", "general", "declare P3 db The replica lags")
        .await;
    world.expect_ephemeral("bea", "Declared incident *#1*");
    for name in [
        "creating `#inc-20260301-db-2`",
        "creating `#inc-20260301-db-3`",
    ] {
        world.expect_ephemeral("bea", name);
    }
    world.expect_message("inc-20260301-db-3", "The replica lags");
    assert_eq!(world.newest().await.channel_name, "inc-20260301-db-3");
    assert!(
        world.channel("inc-20260301-db").posts().next().is_none(),
        "another person's channel"
    );
    world.finish_after_faults().await;
}

#[tokio::test]
async fn one_person_who_cannot_be_asked_in_keeps_nobody_else_out() {
    let rules = "
services:
  db: { owners: [U0GONE, U0CEM, U0NEVER] }
slack: { ops_channel: C0BUILDS }
";
    let mut world = World::with_config(rules, &[]).await;
    world.slack.add_user(Some("U0GONE"), "gone");
    world.slack.deactivate("U0GONE");
    world
        .types("bea", "general", "declare P3 db The replica lags")
        .await;
    let members = world.channel("inc-20260301-db").members;
    for person in ["U0BEA", "U0CEM"] {
        assert!(members.iter().any(|one| one == person), "{members:?}");
    }
    world.expect_message("builds", "invite <@U0GONE> to the channel of incident #1");
    world.expect_message("builds", "invite <@U0NEVER> to the channel of incident #1");
    world.expect_message("inc-20260301-db", "The replica lags");
    world.expect_ephemeral("bea", "Declared incident *#1*");
    assert_eq!(world.effects("parked").await.len(), 2);
    world.finish_after_faults().await;
}

#[tokio::test]
async fn an_incident_of_every_severity_can_be_declared() {
    let mut world = World::new().await;
    for severity in Severity::ALL {
        world
            .declared("bea", &format!("{severity} db The disk is full"))
            .await;
        assert_eq!(world.newest().await.severity, severity);
    }
    world.finish().await;
}
