//! For each kind of effect the shortest story that leads to it, and how to count it in the channels.
//!
//! A scene sets its fault just before the thing happens, and gives how often it is there when
//! everything that follows is over.

use super::a_while;
use crate::world::World;
use chrono::Duration;
use simulator::{ChannelView, Fault, FaultRule};
use wardroom::domain::ids::EffectId;
use wardroom::store::Operator;

const CARD: &str = "Don't post secrets";

fn lose(world: &World, method: &str, fault: Fault) {
    world.slack.fault(FaultRule::once(method, fault));
}

fn lose_in(world: &World, method: &str, channel: &str, fault: Fault) {
    let channel = world.channel_id(channel);
    let rule = FaultRule::once(method, fault).in_channel(&channel);
    world.slack.fault(rule);
}

fn own_channels(world: &World) -> Vec<ChannelView> {
    let mut channels = world.slack.snapshot().channels;
    channels.retain(|channel| channel.name.starts_with("inc-"));
    channels
}

/// Slack's own lines of a kind in the one channel of an incident, about one person.
fn lines(world: &World, subtype: &str, person: Option<&str>) -> usize {
    let [channel] = own_channels(world)
        .try_into()
        .expect("one channel was made");
    let fits = |user: &str| person.is_none_or(|person| person == user);
    let lines = channel.messages.iter();
    lines
        .filter(|line| line.subtype.as_deref() == Some(subtype) && fits(&line.user))
        .count()
}

/// What only this person sees and no story has heard yet.
fn count_ephemeral(world: &World, person: &str) -> usize {
    let snapshot = world.slack.snapshot();
    let bot = world.slack.bot_user();
    let only = |id: Option<&str>| id == Some(person);
    snapshot
        .all_posts()
        .filter(|(_, message)| message.user == bot && only(message.ephemeral_to.as_deref()))
        .count()
}

pub async fn create_channel(world: &mut World, fault: Fault) -> usize {
    lose(world, "conversations.create", fault);
    let declare = "declare P1 api Checkout returns 500s";
    world.types("bea", "general", declare).await;
    a_while(world).await;
    let channel = world.newest().await.channel_id;
    let channel = channel.map(|channel| channel.to_string());
    let channels = own_channels(world);
    assert!(
        channels
            .iter()
            .any(|made| Some(&made.id) == channel.as_ref()),
        "the incident knows its channel"
    );
    assert_eq!(
        world.count("P1 incident #1"),
        2,
        "#ops and Dan are told once"
    );
    channels.len()
}

pub async fn post_message(world: &mut World, fault: Fault) -> usize {
    let channel = world.declared("bea", "P3 db Slow queries").await;
    lose_in(world, "chat.postMessage", &channel, fault);
    world.types("bea", &channel, "status rolling back").await;
    a_while(world).await;
    world.new_messages_in(&channel, "rolling back")
}

pub async fn direct_message(world: &mut World, fault: Fault) -> usize {
    world.declared("bea", "P1 db The first").await;
    lose_in(world, "chat.postMessage", "@dan", fault);
    world
        .types("bea", "general", "declare P1 api The second")
        .await;
    a_while(world).await;
    world.new_messages_in("@dan", "The second")
}

pub async fn update_message(world: &mut World, fault: Fault) -> usize {
    let channel = world.declared("bea", "P3 db Slow queries").await;
    lose_in(world, "chat.update", &channel, fault);
    world.types("bea", &channel, "investigating").await;
    a_while(world).await;
    let channel = world.channel(&channel);
    let cards = channel
        .posts()
        .filter(|message| message.words.contains(CARD) && message.words.contains("Investigating"));
    cards.count()
}

pub async fn pin(world: &mut World, fault: Fault) -> usize {
    lose(world, "pins.add", fault);
    let channel = world.declared("bea", "P3 db Slow queries").await;
    a_while(world).await;
    world.channel(&channel).pins.len()
}

pub async fn invite(world: &mut World, fault: Fault) -> usize {
    lose(world, "conversations.invite", fault);
    world.declared("cem", "P3 db Slow queries").await;
    a_while(world).await;
    lines(world, "channel_join", Some("U0CEM"))
}

pub async fn set_topic(world: &mut World, fault: Fault) -> usize {
    lose(world, "conversations.setTopic", fault);
    let channel = world.declared("cem", "P3 db Slow queries").await;
    a_while(world).await;
    assert!(world.channel(&channel).topic.contains("Slow queries"));
    lines(world, "channel_topic", None)
}

pub async fn reply(world: &mut World, fault: Fault) -> usize {
    let channel = world.declared("bea", "P3 db Slow queries").await;
    let before = count_ephemeral(world, "U0BEA");
    lose(world, "response_url", fault);
    world.types("bea", &channel, "timeline").await;
    a_while(world).await;
    count_ephemeral(world, "U0BEA") - before
}

pub async fn ephemeral(world: &mut World, fault: Fault) -> usize {
    let channel = world.declared("bea", "P3 db Slow queries").await;
    let before = count_ephemeral(world, "U0BEA");
    let code = "expired_url".to_owned();
    lose(world, "response_url", Fault::Code { code });
    lose_in(world, "chat.postEphemeral", &channel, fault);
    world.types("bea", &channel, "timeline").await;
    a_while(world).await;
    let directly = world.new_messages_in("@bea", "Timeline of");
    count_ephemeral(world, "U0BEA") - before + directly
}

pub async fn open_form(world: &mut World, fault: Fault) -> usize {
    lose(world, "views.open", fault);
    world.types("bea", "general", "declare").await;
    a_while(world).await;
    world.expect_ephemeral("bea", "If no form opened");
    modals(world)
}

pub async fn update_form(world: &mut World, fault: Fault) -> usize {
    world.types("bea", "general", "declare").await;
    lose(world, "views.update", fault);
    let chosen = "Payments are failing";
    let response = world.person("bea").act_in_modal("Template", chosen).await;
    assert!(response.is_ok_and(|response| response.is_ok()));
    world.settle().await;
    a_while(world).await;
    let form = world.person("bea").modal().expect("the form is open");
    let filled = form["blocks"].as_array().expect("a form has blocks").iter();
    let filled = filled.filter(|block| block["element"]["initial_value"] == chosen);
    assert_eq!(filled.count(), 1, "the template fills in its title: {form}");
    modals(world)
}

fn modals(world: &World) -> usize {
    let snapshot = world.slack.snapshot();
    snapshot
        .user("U0BEA")
        .map_or(0, |person| person.modals.len())
}

pub async fn stage_file(world: &mut World, fault: Fault) -> usize {
    postmortem(world, "files.getUploadURLExternal", fault).await
}

pub async fn stage_file_itself(world: &mut World, fault: Fault) -> usize {
    postmortem(world, "upload", fault).await
}

pub async fn share_file(world: &mut World, fault: Fault) -> usize {
    postmortem(world, "files.completeUploadExternal", fault).await
}

async fn postmortem(world: &mut World, method: &str, fault: Fault) -> usize {
    let channel = world.declared("bea", "P3 db Slow queries").await;
    world
        .types("bea", &channel, "resolved an index was missing")
        .await;
    world.skip_messages();
    lose(world, method, fault);
    world.types("bea", &channel, "postmortem").await;
    a_while(world).await;
    let channel = world.channel(&channel);
    channel
        .posts()
        .filter(|message| !message.files.is_empty())
        .count()
}

pub async fn update_notice(world: &mut World, fault: Fault) -> usize {
    let refused = FaultRule::once("statuspage", Fault::Status { status: 404 });
    let refused = world.slack.fault(refused.always());
    world.declared("bea", "P1 api Checkout returns 500s").await;
    lose_in(world, "chat.update", "@ada", fault);
    world.declared("bea", "P2 web shop The cart is empty").await;
    world.pass(Duration::seconds(15)).await;
    a_while(world).await;
    world.slack.lift_fault(refused);
    for row in world.effects("parked").await {
        let (id, now) = (EffectId(row.id), world.clock.now());
        let retried = world.store.retry_effect(id, Operator::Cli, now).await;
        assert!(retried.expect("it answers"));
    }
    a_while(world).await;
    let told = world.channel("@ada");
    told.posts()
        .filter(|message| message.words.contains("2 effects"))
        .count()
}

pub async fn update_component(world: &mut World, fault: Fault) -> usize {
    lose(world, "statuspage", fault);
    world.declared("bea", "P1 api Checkout returns 500s").await;
    a_while(world).await;
    // The same status again is nothing that a person could see.
    let mut changes = world.slack.component_changes();
    changes.dedup();
    changes.len()
}
