//! Lost answers: a lookup finds whether the effect happened, and nothing is done twice.

use super::*;

#[tokio::test]
async fn an_effect_whose_answer_was_lost_is_found_and_not_done_twice() {
    for fault in [Fault::LoseAnswer, Fault::DoneButStatus { status: 502 }] {
        let world = world().await;
        let direct = Effect::DirectMessage {
            person: world.bea.clone(),
            message: message(),
        };
        let id = uploaded(done(
            world
                .deliver(Effect::StageFile {
                    name: "a.md".into(),
                    content: "x".into(),
                })
                .await,
        ));
        for (method, effect) in [
            ("chat.postMessage", world.post(message())),
            ("chat.postMessage", direct),
            ("conversations.create", create("inc-2")),
            ("files.completeUploadExternal", share(&world, id)),
        ] {
            assert_eq!(effect.repeat(), Repeat::LookUpFirst);
            let first = parcel(effect);
            let lookup = world.courier.finds(&first).await;
            assert!(is_sent_again(&lookup), "{method}: {lookup:?}");
            world.slack.fault(FaultRule::once(method, fault.clone()));
            let outcome = world.courier.sends(&first).await;
            assert!(uncertain(&outcome), "{method}: {outcome:?}");
            let found = world.courier.finds(&again(&first)).await;
            assert!(matches!(found, Lookup::Found(_)), "{method}: {found:?}");
        }
        assert_eq!(world.posts(&world.channel).len(), 2);
    }
}

#[tokio::test]
async fn an_effect_whose_request_was_lost_is_absent() {
    let world = world().await;
    for (method, effect) in [
        ("chat.postMessage", world.post(message())),
        ("conversations.create", create("inc-3")),
    ] {
        let first = parcel(effect);
        world
            .slack
            .fault(FaultRule::once(method, Fault::LoseRequest));
        assert!(uncertain(&world.courier.sends(&first).await));
        let lookup = world.courier.finds(&again(&first)).await;
        assert!(is_sent_again(&lookup), "{lookup:?}");
        done(world.courier.sends(&again(&first)).await);
    }
    assert_eq!(world.posts(&world.channel).len(), 1);
}

#[tokio::test]
async fn an_incomplete_long_message_is_completed_and_not_posted_again() {
    let world = world().await;
    let first = parcel(world.post(long()));
    let limited = Fault::RateLimited { retry_after: 1 };
    let rule = FaultRule::once("chat.postMessage", limited).every(2);
    world.slack.fault(rule);
    let half = world.courier.sends(&first).await;
    assert!(
        matches!(&half, Outcome::Partly { pauses, .. } if !pauses.is_empty()),
        "{half:?}"
    );
    assert_eq!(world.posts(&world.channel).len(), 1);
    let lookup = world.courier.finds(&again(&first)).await;
    assert!(is_sent_again(&lookup), "{lookup:?}");
    world.slack.lift_faults();
    let answer = done(world.courier.sends(&again(&first)).await);
    let posts = world.posts(&world.channel);
    let pages: Vec<_> = posts
        .iter()
        .map(|post| post.metadata.as_ref().unwrap()["event_payload"]["page"].clone())
        .collect();
    assert!(pages.len() > 1);
    assert_eq!(
        pages,
        (0..pages.len())
            .map(|at| json!(at.to_string()))
            .collect::<Vec<_>>()
    );
    let found = world.courier.finds(&again(&first)).await;
    assert_eq!(found, Lookup::Found(answer));
}

#[tokio::test]
async fn an_exchange_ends_at_its_deadline_and_is_then_uncertain() {
    let world = world().await;
    let first = parcel(world.post(message()));
    world
        .slack
        .fault(FaultRule::once("chat.postMessage", Fault::DoneAfterHangUp));
    let begun = std::time::Instant::now();
    let outcome = world.courier.sends(&first).await;
    assert!(begun.elapsed() < Duration::from_secs(3));
    let timeout = Outcome::Uncertain {
        code: "timeout".into(),
    };
    assert_eq!(outcome, timeout);
    let patience = Duration::from_secs(5);
    let stands = |slack: &Workspace| {
        let snapshot = slack.snapshot();
        let said = snapshot
            .channel("ops")?
            .messages
            .iter()
            .any(|m| m.metadata.is_some());
        said.then_some(())
    };
    world.slack.wait_until(patience, stands).await.unwrap();
    let found = world.courier.finds(&again(&first)).await;
    assert!(matches!(found, Lookup::Found(_)), "{found:?}");
}

#[tokio::test]
async fn a_channel_of_the_bot_is_adopted_only_when_it_is_new_and_free() {
    let world = world().await;
    let (id, _) = created(done(world.deliver(create("inc-6")).await));
    let first = parcel(create("inc-6"));
    let ours = again(&first);
    assert!(matches!(world.courier.finds(&ours).await, Lookup::Found(_)));
    sent_or_found(&world, &ours).await.unwrap();
    let mut taken = again(&first);
    taken.effect = Effect::CreateChannel {
        name: "inc-6".into(),
        team: None,
        private: false,
        taken: vec![id],
    };
    assert_eq!(world.courier.finds(&taken).await, Lookup::Absent);
    let mut later = again(&first);
    later.parcel.first_attempt_at = now() + chrono::Duration::hours(1);
    assert_eq!(world.courier.finds(&later).await, Lookup::Absent);
    // It was archived meanwhile, so an incident cannot use it.
    let bea = world.slack.person(world.bea.as_str());
    bea.join("inc-6").unwrap();
    bea.archive("inc-6").unwrap();
    let lookup = world.courier.finds(&ours).await;
    assert!(is_sent_again(&lookup), "{lookup:?}");
    let name_taken = Err("name_taken".to_owned());
    assert_eq!(sent_or_found(&world, &ours).await, name_taken);
}

#[tokio::test]
async fn a_channel_that_cannot_be_read_is_reported() {
    let world = world().await;
    let bea = world.bea.to_string();
    let channel = world
        .slack
        .add_channel(None, "far", ChannelType::Public, &[&bea]);
    let channel = ChannelId::new(channel).unwrap();
    let effect = Effect::PostMessage {
        channel: channel.clone(),
        message: message(),
    };
    let first = parcel(effect);
    done(world.courier.sends(&first).await);
    let unreadable = Lookup::Unreadable {
        code: "not_in_channel".into(),
    };
    assert_eq!(world.courier.finds(&again(&first)).await, unreadable);
    let joined = world
        .courier
        .join_channels(std::slice::from_ref(&channel))
        .await;
    assert_eq!(joined, [(channel, Outcome::Done(Answer::Nothing))]);
    assert!(matches!(
        world.courier.finds(&again(&first)).await,
        Lookup::Found(_)
    ));
}

#[tokio::test]
async fn a_harmless_effect_is_repeated_and_shows_once() {
    let world = world().await;
    let (_, ts) = posted(done(world.deliver(world.post(message())).await));
    let cleo = UserId::new(world.slack.add_user(None, "cleo")).unwrap();
    let view = open_form(&world).await;
    let channel = || world.channel.clone();
    let pin = Effect::Pin {
        channel: channel(),
        ts: ts.clone(),
    };
    let invite = Effect::Invite {
        channel: channel(),
        person: cleo.clone(),
    };
    let topic = Effect::SetTopic {
        channel: channel(),
        topic: "P1".into(),
    };
    let edit = Edit {
        channel: channel(),
        ts: ts.clone(),
        message: Message::line("As it is now"),
    };
    let card = Effect::UpdateMessage {
        shows: "card:1".into(),
        edit: Some(Box::new(edit)),
    };
    let stage = Effect::StageFile {
        name: "a.md".into(),
        content: "x".into(),
    };
    let update = Effect::UpdateForm { view, form: form() };
    for (method, effect) in [
        ("pins.add", pin),
        ("conversations.invite", invite),
        ("conversations.setTopic", topic),
        ("chat.update", card),
        ("files.getUploadURLExternal", stage.clone()),
        ("upload", stage),
        ("views.update", update),
    ] {
        assert_eq!(effect.repeat(), Repeat::Harmless, "{method}");
        let first = parcel(effect);
        world
            .slack
            .fault(FaultRule::once(method, Fault::LoseAnswer));
        let lost = world.courier.sends(&first).await;
        let may_repeat = uncertain(&lost) || matches!(lost, Outcome::Failed { .. });
        assert!(may_repeat, "{method}: {lost:?}");
        done(world.courier.sends(&again(&first)).await);
    }
    let snapshot = world.slack.snapshot();
    let seen = snapshot.channel("ops").unwrap();
    assert_eq!(seen.pins, [ts.to_string()]);
    let cleos = seen
        .members
        .iter()
        .filter(|member| **member == cleo.to_string());
    assert_eq!(cleos.count(), 1);
    assert_eq!(world.posts(&world.channel).len(), 1);
    assert_eq!(world.posts(&world.channel)[0].text, "As it is now");
}

#[tokio::test]
async fn an_effect_without_repetition_and_lookup_stays_uncertain() {
    let world = world().await;
    let (id, url) = command(&world);
    let open = Effect::OpenForm {
        trigger: trigger(&id),
        form: form(),
    };
    let ephemeral = Effect::Ephemeral {
        to: world.to_bea(Some(&world.channel), None),
        message: message(),
    };
    let reply = Effect::Reply {
        to: world.to_bea(None, Some(url)),
        message: message(),
    };
    for (method, effect) in [
        ("views.open", open),
        ("chat.postEphemeral", ephemeral),
        ("response_url", reply),
    ] {
        assert_eq!(effect.repeat(), Repeat::Never, "{method}");
        world
            .slack
            .fault(FaultRule::once(method, Fault::LoseAnswer));
        let lost = world.deliver(effect.clone()).await;
        assert!(uncertain(&lost), "{method}: {lost:?}");
        let lookup = world.courier.finds(&parcel(effect)).await;
        assert!(
            matches!(lookup, Lookup::Unreadable { .. }),
            "{method}: {lookup:?}"
        );
    }
}

#[tokio::test]
async fn a_message_is_found_below_all_later_messages() {
    let world = world().await;
    let first = parcel(world.post(message()));
    let rule = FaultRule::once("chat.postMessage", Fault::LoseAnswer);
    world.slack.fault(rule);
    assert!(uncertain(&world.courier.sends(&first).await));
    let bea = world.slack.person(world.bea.as_str());
    for at in 0..450 {
        bea.say("ops", &format!("line {at}")).unwrap();
    }
    let found = world.courier.finds(&again(&first)).await;
    assert!(matches!(found, Lookup::Found(_)), "{found:?}");
    assert_eq!(world.slack.calls("conversations.history"), 3);
    let mut another = again(&first);
    another.parcel.id = EffectId::of(SignalId(Uuid::nil()), 2, "test");
    assert_eq!(world.courier.finds(&another).await, Lookup::Absent);
}

#[tokio::test]
async fn a_taken_name_is_not_another_ones_when_slack_does_not_show_whose_it_is() {
    for (at, code) in ["missing_scope", "no_permission"].into_iter().enumerate() {
        let world = world().await;
        let name = format!("inc-2{at}");
        let first = parcel(create(&name));
        let lost = FaultRule::once("conversations.create", Fault::LoseAnswer);
        world.slack.fault(lost);
        assert!(uncertain(&world.courier.sends(&first).await));
        let bea = world.slack.person(world.bea.as_str());
        bea.join(&name).unwrap();
        bea.kick(&name, &world.slack.bot_user()).unwrap();
        let fault = Fault::Code { code: code.into() };
        world
            .slack
            .fault(FaultRule::once("conversations.list", fault).always());
        let mut sent = again(&first);
        let outcome = world.courier.sends(&sent).await;
        let Outcome::Partly { looked_to, .. } = outcome else {
            panic!("{outcome:?}")
        };
        sent.parcel.looked_to = looked_to;
        let unreadable = Lookup::Unreadable { code: code.into() };
        assert_eq!(world.courier.finds(&sent).await, unreadable);
    }
}
