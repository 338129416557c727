//! Slack Connect: partners in a channel that two workspaces share. Slack then names the partner's
//! workspace where it otherwise names ours; what comes in is ours all the same.

use crate::world::World;
use chrono::Duration;
use serde_json::Value;
use simulator::{Fault, FaultRule, Signing, Submitted};

const PARTNER: &str = "T0PARTNER";

/// A world with #shared, in which Pia of a partner's workspace is, and Ada and the bot.
async fn with_a_partner(config: &str) -> World {
    let world = World::with_config(config, &[]).await;
    let public = simulator::ChannelType::Public;
    let bot = world.slack.bot_user();
    let channel = Some("C0SHARED");
    world
        .slack
        .add_channel(channel, "shared", public, &["U0ADA", &bot]);
    world.slack.share_channel("shared", PARTNER);
    world.slack.add_user_of(PARTNER, Some("U0PIA"), "pia");
    let pia = world.slack.person("pia");
    pia.join("shared").expect("it is shared with hers");
    pia.join("general").expect_err("this one is not");
    world
}

const OURS: &str = "services: { db: {} }\nadmins: [U0ADA]\n";
const OURS_ALONE: &str = "services: { db: {} }\nadmins: [U0ADA]\nslack: { outsiders: refuse }\n";

const DECLARED: [(&str, &str); 3] = [
    ("Title", "Your API is down"),
    ("Severity", "P2"),
    ("Service", "db"),
];

#[tokio::test]
async fn a_partners_form_declares_once_though_slack_names_their_workspace() {
    let mut world = with_a_partner(OURS).await;
    world.types("pia", "shared", "declare").await;
    let pia = world.person("pia");
    let payload = pia.submission(&DECLARED).expect("the form is open");
    assert_eq!(payload["team"]["id"], PARTNER);
    assert_eq!(payload["view"]["app_installed_team_id"], "T0SIMTEAM1");
    world.sends("pia", &payload, 2).await;
    assert_eq!(world.incidents().await, 1);
    let incident = world.newest().await;
    assert_eq!(incident.title, "Your API is down");
    assert_eq!(incident.declared_by.to_string(), "U0PIA");
    assert!(incident.channel_id.is_some());
    // They cannot come into its channel, which is ours alone: the operators hear so.
    let parked = world.effects("parked").await;
    let kinds: Vec<&str> = parked.iter().map(|row| row.kind.as_str()).collect();
    assert_eq!(kinds, ["invite"]);
    assert_eq!(world.count("cant_invite"), 1);
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn a_partners_press_is_theirs_and_counts_whichever_team_slack_names() {
    let mut world = with_a_partner(OURS).await;
    world.types("pia", "shared", "").await;
    let menu = world.expect_ephemeral("U0PIA", "");
    let pia = world.person("pia");
    let mut payload = pia
        .click_payload(&menu.channel, &menu.ts, "declare", "")
        .expect("the menu has the button");
    assert_eq!(payload["team"]["id"], "T0SIMTEAM1");
    assert_eq!(payload["user"]["team_id"], PARTNER);
    world.sends("pia", &payload, 1).await;
    assert!(pia.modal().is_some(), "the form is open");
    pia.close_modal().await.expect("it closes");
    // The other way round: Slack's pages do not say which of both it is.
    payload = pia
        .click_payload(&menu.channel, &menu.ts, "declare", "")
        .expect("the menu has the button");
    payload["team"]["id"] = PARTNER.into();
    world.sends("pia", &payload, 1).await;
    assert!(pia.modal().is_some(), "the form is open again");
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_partners_deed_in_a_shared_incident_channel_is_heard_of() {
    let mut world = with_a_partner(OURS).await;
    let channel = world.declared("ada", "P3 db It burns").await;
    world.slack.share_channel(&channel, PARTNER);
    let pia = world.person("pia");
    pia.join(&channel).expect("it is shared now");
    pia.rename(&channel, "inc-with-partner")
        .expect("all members may");
    world.settle_with_events().await;
    assert_eq!(world.newest().await.channel_name, "inc-with-partner");
    pia.archive("inc-with-partner").expect("all members may");
    world.settle_with_events().await;
    let sent = world.slack.events_sent();
    let archived: Vec<&Value> = sent
        .iter()
        .map(|(_, envelope)| envelope)
        .filter(|envelope| envelope["event"]["type"] == "channel_archive")
        .collect();
    assert_eq!(archived.len(), 1);
    assert_eq!(archived[0]["team_id"], PARTNER);
    assert!(world.newest().await.channel_closed_at.is_some());
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn partners_who_are_kept_out_are_told_so_and_learn_nothing() {
    let mut world = with_a_partner(OURS_ALONE).await;
    let channel = world.declared("ada", "P3 db Our secret trouble").await;
    let no = "only from members of its own workspace";
    for line in ["", "list", "declare P1 db Theirs", "#1 timeline", "declare"] {
        world.types("pia", "shared", line).await;
        world.expect_ephemeral("U0PIA", no);
    }
    for line in ["", "ci", "help"] {
        world.asks("pia", "shared", line).await;
        world.expect_ephemeral("U0PIA", no);
    }
    assert!(world.person("pia").modal().is_none(), "no form opens");
    // Our own people go on.
    world.types("ada", "shared", "declare").await;
    let submitted = world.submits("ada", &DECLARED).await;
    assert_eq!(submitted, Submitted::Closed);
    assert_eq!(world.incidents().await, 2);
    world.skip_messages();
    // A form that was open before, and a press: neither has silence for an answer.
    let card = world.slack.snapshot();
    let card = card
        .channel(&channel)
        .expect("it is there")
        .posts()
        .next()
        .cloned();
    let card = card.expect("its card");
    world.slack.share_channel(&channel, PARTNER);
    let pia = world.person("pia");
    pia.join(&channel).expect("it is shared now");
    let press = pia.press(&channel, &card.ts, "Timeline").await;
    assert!(press.is_ok_and(|response| response.is_ok()));
    world.settle().await;
    world.expect_ephemeral("U0PIA", no);
    assert_eq!(world.person("pia").modal(), None);
    world.finish().await;
}

/// What Pia sends, before the process knows who it is.
#[tokio::test]
async fn a_partner_is_kept_out_though_we_did_not_know_yet_and_their_form_is_answered_where_they_are()
 {
    let mut world = with_a_partner(OURS).await;
    world.types("pia", "shared", "declare").await;
    let form = world
        .person("pia")
        .submission(&DECLARED)
        .expect("it is open");
    let mut world = {
        let rule = FaultRule::once("auth.test", Fault::Status { status: 500 }).always();
        world.slack.fault(rule);
        world.restart_with_config(OURS_ALONE).await;
        world
    };
    let encoded = form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", &form.to_string())
        .finish();
    let content = (
        "content-type".to_owned(),
        "application/x-www-form-urlencoded".to_owned(),
    );
    let response = world
        .slack
        .send_as_slack(
            "/slack/interactions",
            vec![content],
            encoded.into_bytes(),
            Signing::Good,
        )
        .await;
    assert!(response.is_ok(), "{response:?}");
    world.pass(Duration::seconds(5)).await;
    world.expect_no_message();
    world.slack.lift_faults();
    world
        .app
        .identify_bot()
        .await
        .expect("Slack says who we are");
    world.pass(Duration::seconds(5)).await;
    world.expect_ephemeral("U0PIA", "only from members of its own workspace");
    assert_eq!(world.incidents().await, 0);
    world.finish().await;
}
