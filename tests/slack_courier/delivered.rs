//! Each kind of effect without faults: what is in the channels after it.

use super::*;

#[tokio::test]
async fn a_message_is_posted_escaped_and_marked_with_its_effect() {
    let world = world().await;
    let answer = done(world.deliver(world.post(message())).await);
    let posts = world.posts(&world.channel);
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0].text, "Checkout is down &amp; out");
    let shown = posts[0].blocks[0]["text"]["text"].as_str().unwrap();
    assert_eq!(shown, "a &lt; b &amp; &lt;!channel&gt; 🔥 *∗bold∗*");
    let metadata = posts[0].metadata.as_ref().unwrap();
    let id = EffectId::of(SignalId(Uuid::nil()), 1, "test").to_string();
    assert_eq!(metadata["event_payload"], json!({"id": id, "page": "0"}));
    let ts = MessageTs::new(posts[0].ts.clone()).unwrap();
    assert_eq!(posted(answer), (world.channel.clone(), ts));
}

#[tokio::test]
async fn the_bot_joins_a_public_channel_again_after_it_was_removed() {
    let world = world().await;
    let bot = world.slack.bot_user();
    let channel = world.channel.to_string();
    world
        .slack
        .set_scopes("xoxb-sim-bot-token", &["chat:write", "channels:join"]);
    world
        .slack
        .person(world.bea.as_str())
        .kick(&channel, &bot)
        .unwrap();
    done(world.deliver(world.post(message())).await);
    assert_eq!(world.posts(&world.channel).len(), 1);
    // Without the scope it is refused.
    world
        .slack
        .set_scopes("xoxb-sim-bot-token", &["chat:write"]);
    world
        .slack
        .person(world.bea.as_str())
        .kick(&channel, &bot)
        .unwrap();
    let Outcome::Refused { code } = world.deliver(world.post(message())).await else {
        panic!("posted in a channel that the bot is not in")
    };
    assert_eq!(code, "not_in_channel");
}

#[tokio::test]
async fn every_effect_with_a_visible_result_has_it() {
    let world = world().await;
    let (channel, name) = created(done(world.deliver(create("inc-1")).await));
    assert_eq!(name, "inc-1");
    let invite = Effect::Invite {
        channel: channel.clone(),
        person: world.bea.clone(),
    };
    assert_eq!(done(world.deliver(invite.clone()).await), Answer::Nothing);
    assert_eq!(done(world.deliver(invite).await), Answer::Nothing);
    let topic = Effect::SetTopic {
        channel: channel.clone(),
        topic: "P1: checkout".into(),
    };
    done(world.deliver(topic).await);
    let card = Effect::PostMessage {
        channel: channel.clone(),
        message: message(),
    };
    let (_, ts) = posted(done(world.deliver(card).await));
    let pin = Effect::Pin {
        channel: channel.clone(),
        ts: ts.clone(),
    };
    done(world.deliver(pin.clone()).await);
    done(world.deliver(pin).await);
    let edit = Edit {
        channel: channel.clone(),
        ts: ts.clone(),
        message: Message::line("All is well"),
    };
    let update = Effect::UpdateMessage {
        shows: "card:1".into(),
        edit: Some(Box::new(edit)),
    };
    done(world.deliver(update).await);
    let ephemeral = Effect::Ephemeral {
        to: world.to_bea(Some(&channel), None),
        message: Message::line("For you alone"),
    };
    done(world.deliver(ephemeral).await);
    let snapshot = world.slack.snapshot();
    let seen = snapshot.channel("inc-1").unwrap();
    assert!(seen.members.contains(&world.bea.to_string()));
    assert_eq!(seen.topic, "P1: checkout");
    assert_eq!(seen.pins, [ts.to_string()]);
    let posts = world.posts(&channel);
    let told: Vec<_> = posts.iter().map(|post| (&*post.text, post.edits)).collect();
    assert_eq!(told, [("All is well", 1), ("For you alone", 0)]);
    assert!(posts[0].blocks.is_empty());
    assert_eq!(posts[1].ephemeral_to.as_deref(), Some(world.bea.as_str()));
}

#[tokio::test]
async fn a_direct_message_reaches_one_person_in_its_own_channel() {
    let world = world().await;
    let effect = Effect::DirectMessage {
        person: world.bea.clone(),
        message: message(),
    };
    let (channel, _) = posted(done(world.deliver(effect).await));
    assert_eq!(world.posts(&channel).len(), 1);
    assert!(world.posts(&world.channel).is_empty());
}

#[tokio::test]
async fn a_file_is_staged_and_then_shared() {
    let world = world().await;
    let stage = Effect::StageFile {
        name: "postmortem.md".into(),
        content: "# Ümlauts & all".into(),
    };
    let id = uploaded(done(world.deliver(stage).await));
    assert!(world.posts(&world.channel).is_empty());
    done(world.deliver(share(&world, id)).await);
    let snapshot = world.slack.snapshot();
    assert_eq!(
        snapshot.files[0].content.as_deref(),
        Some("# Ümlauts & all")
    );
    assert_eq!(snapshot.files[0].shared_in, [world.channel.to_string()]);
}
