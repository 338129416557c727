//! Answers to one person, and forms: by addresses and permissions that do not live long.

use super::*;

#[tokio::test]
async fn an_answer_is_for_one_persons_eyes_until_its_address_is_used_up() {
    let world = world().await;
    let (_, url) = command(&world);
    let reply = |url: &str, message: Message| Effect::Reply {
        to: world.to_bea(None, Some(url.to_owned())),
        message,
    };
    for _ in 0..5 {
        done(world.deliver(reply(&url, message())).await);
    }
    let posts = world.posts(&world.channel);
    assert_eq!(posts.len(), 5);
    let bea = Some(world.bea.to_string());
    assert!(posts.iter().all(|post| post.ephemeral_to == bea));
    let outcome = world.deliver(reply(&url, message())).await;
    assert_eq!(outcome, refused("used_url"));
    let gone = format!("{}/response/R0", world.slack.base_url());
    let outcome = world.deliver(reply(&gone, message())).await;
    assert_eq!(outcome, refused("expired_url"));
    let outcome = world
        .deliver(reply("https://evil.example/x", message()))
        .await;
    assert_eq!(outcome, refused("response_url_host_not_allowed"));
    let (_, url) = command(&world);
    done(world.deliver(reply(&url, long())).await);
    let outcome = Effect::Reply {
        to: world.to_bea(None, None),
        message: message(),
    };
    assert_eq!(world.deliver(outcome).await, refused("no_response_url"));
}

#[tokio::test]
async fn an_answer_that_got_lost_is_uncertain_and_never_looked_for() {
    let world = world().await;
    let (_, url) = command(&world);
    let effect = Effect::Reply {
        to: world.to_bea(None, Some(url)),
        message: message(),
    };
    let rule = FaultRule::once("response_url", Fault::LoseAnswer);
    world.slack.fault(rule);
    assert!(uncertain(&world.deliver(effect.clone()).await));
    let limited = Fault::RateLimited { retry_after: 3 };
    world.slack.fault(FaultRule::once("response_url", limited));
    let later = Outcome::Later {
        after: Duration::from_secs(3),
        pauses: vec![],
        code: "ratelimited".into(),
    };
    assert_eq!(world.deliver(effect).await, later);
    assert_eq!(world.posts(&world.channel).len(), 1);
}

#[tokio::test]
async fn a_form_is_opened_within_three_seconds_and_replaced_by_its_id() {
    let world = world().await;
    let open = |id: &str| Effect::OpenForm {
        trigger: trigger(id),
        form: form(),
    };
    let (id, _) = command(&world);
    done(world.deliver(open(&id)).await);
    let outcome = world.deliver(open(&id)).await;
    assert_eq!(outcome, refused("exchanged_trigger_id"));
    let snapshot = world.slack.snapshot();
    let modal = &snapshot.user(world.bea.as_str()).unwrap().modals[0];
    assert_eq!(modal["title"]["text"], "Declare an incident");
    let mut asks_more = form();
    asks_more.revision = 2;
    let update = Effect::UpdateForm {
        view: ViewId::new(modal["id"].as_str().unwrap()).unwrap(),
        form: asks_more,
    };
    done(world.deliver(update).await);
    let snapshot = world.slack.snapshot();
    let modal = &snapshot.user(world.bea.as_str()).unwrap().modals[0];
    assert_eq!(modal["blocks"][0]["block_id"], "title~2");
    let (id, _) = command(&world);
    world.slack.advance(Duration::from_secs(4));
    assert_eq!(
        world.deliver(open(&id)).await,
        refused("expired_trigger_id")
    );
}

#[tokio::test]
async fn a_form_whose_trigger_is_gone_is_refused() {
    let world = world().await;
    let open = |id: &str| Effect::OpenForm {
        trigger: trigger(id),
        form: form(),
    };
    let said = world.deliver(open("1.2.nonsense")).await;
    assert!(matches!(said, Outcome::Refused { .. }), "{said:?}");
    let update = Effect::UpdateForm {
        view: ViewId::new("V0NOWHERE").unwrap(),
        form: form(),
    };
    assert_eq!(world.deliver(update).await, refused("not_found"));
}
