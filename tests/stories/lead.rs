//! The lead is given to an account that can do nothing: the incident is not locked by that, though
//! there is no admin who could fix it.

use crate::world::World;
use reqwest::Method;
use serde_json::json;
use simulator::{Fault, FaultRule, Submitted};
use wardroom::domain::incident::Status;

const CHANNEL: &str = "inc-20260301-db";
const NO_ADMINS: &str = "
services:
  db: {}
";

async fn declared() -> World {
    let mut world = World::with_config(NO_ADMINS, &[]).await;
    world.declared("bea", "P3 db The disk is full").await;
    world
}

async fn commander(world: &World) -> Option<String> {
    let incident = world.newest().await;
    incident.commander.map(|person| person.as_str().to_owned())
}

/// The incident's end, by its commander.
async fn resolved(mut world: World, by: &str) {
    world.types(by, CHANNEL, "resolved").await;
    assert_eq!(world.newest().await.status, Status::Resolved);
    world.skip_messages();
    // The invitation that was refused stays parked, for an operator to see.
    world.finish_after_faults().await;
}

#[tokio::test]
async fn the_lead_goes_back_to_whoever_gave_it_to_somebody_who_cannot_act() {
    for code in ["user_not_found", "cant_invite", "cant_invite_self"] {
        let mut world = declared().await;
        world.slack.add_user(Some("U0GONE"), "gone");
        world.slack.deactivate("U0GONE");
        let whom = match code {
            "cant_invite_self" => world.slack.bot_user(),
            "cant_invite" => "U0GONE".to_owned(),
            _ => "U0NOBODY".to_owned(),
        };
        let card = world.channel(CHANNEL).messages[0].clone();
        world.types("bea", CHANNEL, &format!("assign {whom}")).await;
        world.expect_message(CHANNEL, "is now the *commander*");
        let goes_back = format!("<@{whom}> can't lead incident #1 (`{code}`)");
        let line = world.expect_message(CHANNEL, &goes_back);
        assert!(line.words.contains("<@U0BEA>"), "{}", line.words);
        let told = world.expect_ephemeral("bea", &goes_back);
        let advice = "Choose another one: `/incident #1 assign commander @user`";
        assert!(told.words.contains(advice), "{}", told.words);
        world.expect_no_message();
        assert_eq!(commander(&world).await.as_deref(), Some("U0BEA"));
        let now = &world.channel(CHANNEL).messages[0];
        assert_eq!(now.blocks, card.blocks, "the card is as it was");
        let incident = world.newest().await;
        let line = world.timeline(&incident).await.pop().expect("a line");
        let words = format!("the previous commander cannot lead ({code}): commander is now U0BEA");
        assert_eq!((line.text, line.by.to_string()), (words, "wardroom".into()));
        let audit = world.audit().await;
        let last = audit.last().expect("a row");
        assert_eq!(
            (last.action.as_str(), last.by.as_str()),
            ("incident.assign", "wardroom")
        );
        assert_eq!(last.details["before"], json!(whom));
        assert_eq!(last.details["after"], json!("U0BEA"));
        assert_eq!(last.details["why"], json!(code));
        // What was advised is true.
        world.types("bea", CHANNEL, "assign commander @cem").await;
        assert_eq!(commander(&world).await.as_deref(), Some("U0CEM"));
        resolved(world, "cem").await;
    }
}

#[tokio::test]
async fn a_commander_chosen_in_the_form_who_cannot_act_gives_the_lead_to_the_one_who_declared() {
    let mut world = World::with_config(NO_ADMINS, &[]).await;
    world.types("bea", "general", "declare").await;
    let bot = world.slack.bot_user();
    let fields = [
        ("Title", "The disk is full"),
        ("Severity", "P3"),
        ("Service", "db"),
        ("Commander", bot.as_str()),
    ];
    let became = world.submits("bea", &fields).await;
    assert_eq!(became, Submitted::Closed);
    assert_eq!(commander(&world).await.as_deref(), Some("U0BEA"));
    world.skip_messages();
    resolved(world, "bea").await;
}

#[tokio::test]
async fn nobody_leads_when_it_was_the_api_that_chose_somebody_who_cannot_act() {
    let mut world = declared().await;
    let body = json!({"user": "U0NOBODY"});
    let path = "/incidents/1/assign";
    let (status, _) = world.api(Method::POST, path, Some(body), &[]).await;
    assert_eq!(status, 200);
    assert_eq!(commander(&world).await, None);
    world.expect_message(CHANNEL, "It has no commander now");
    world.skip_messages();
    world.types("cem", CHANNEL, "assign commander @cem").await;
    assert_eq!(commander(&world).await.as_deref(), Some("U0CEM"));
    resolved(world, "cem").await;
}

#[tokio::test]
async fn a_commander_whom_slack_keeps_out_leads_and_the_advice_is_true() {
    let mut world = declared().await;
    let code = "restricted_action".to_owned();
    let fault = FaultRule::once("conversations.invite", Fault::Code { code });
    world.slack.fault(fault);
    world.types("bea", CHANNEL, "assign @cem").await;
    let told = world.expect_ephemeral("bea", "they are still its commander");
    let advice = "The commander or an admin can choose another one: `/incident #1 assign";
    assert!(told.words.contains(advice), "{}", told.words);
    world.skip_messages();
    assert_eq!(commander(&world).await.as_deref(), Some("U0CEM"));
    world.types("cem", "general", "#1 resolved").await;
    assert_eq!(world.newest().await.status, Status::Resolved);
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn the_bot_in_another_role_is_as_silent_as_ever() {
    let mut world = declared().await;
    let bot = world.slack.bot_user();
    world
        .types("bea", CHANNEL, &format!("assign comms {bot}"))
        .await;
    world.expect_message(CHANNEL, "is now the *comms*");
    world.expect_no_message();
    world.finish().await;
}
