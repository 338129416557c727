//! Slack refuses a call, limits its rate, or cannot be reached: the outcome of the effect.

use super::*;
use wardroom::slack::address::Team;

#[tokio::test]
async fn a_rate_limit_says_how_long_and_what_waits() {
    let world = world().await;
    let limited = Fault::RateLimited { retry_after: 7 };
    let pin = Effect::Pin {
        channel: world.channel.clone(),
        ts: MessageTs::new("1.2").unwrap(),
    };
    for (method, effect, scope) in [
        (
            "chat.postMessage",
            world.post(message()),
            format!("slack:chat.postMessage:{}", world.channel),
        ),
        ("pins.add", pin, "slack:pins.add".to_owned()),
        (
            "conversations.create",
            create("inc-4"),
            "slack:conversations.create".to_owned(),
        ),
    ] {
        world.slack.fault(FaultRule::once(method, limited.clone()));
        let scopes = world.courier.pause_scopes(&effect);
        assert!(scopes.contains(&scope), "{scope} holds nothing back");
        let expected = Outcome::Later {
            after: Duration::from_secs(7),
            pauses: vec![scope],
            code: "ratelimited".into(),
        };
        assert_eq!(world.deliver(effect).await, expected);
    }
    assert!(world.posts(&world.channel).is_empty());
}

#[tokio::test]
async fn a_rate_limited_call_is_counted_as_such() {
    let world = world().await;
    let metrics = Arc::new(Metrics::new("test", "test"));
    let courier = counted_courier(access(&world.slack), metrics.clone());
    let limited = Fault::RateLimited { retry_after: 7 };
    world
        .slack
        .fault(FaultRule::once("chat.postMessage", limited));
    courier.sends(&parcel(world.post(message()))).await;
    let shown = metrics.render();
    for line in [
        "wardroom_slack_api_rate_limited_total{method=\"chat.postMessage\"} 1",
        "wardroom_slack_api_requests_total{method=\"chat.postMessage\",result=\"later\"} 1",
    ] {
        assert!(shown.contains(line), "{line} is not in {shown}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_surely_not_done() {
    let world = world().await;
    let mut nowhere = access(&world.slack);
    nowhere.api_url = Url::parse("http://127.0.0.1:1/api").unwrap();
    let courier = courier(nowhere);
    let outcome = courier.sends(&parcel(world.post(message()))).await;
    let failed = Outcome::Failed {
        code: "connect".into(),
    };
    assert_eq!(outcome, failed);
}

#[tokio::test]
async fn errors_of_slack_are_uncertain_refused_or_wait_for_a_new_token() {
    let world = world().await;
    let code = |code: &str| Fault::Code { code: code.into() };
    for (fault, expected) in [
        (Fault::Status { status: 500 }, "server error http_500"),
        (Fault::Status { status: 504 }, "uncertain http_504"),
        (code("internal_error"), "server error internal_error"),
        (code("is_archived"), "refused is_archived"),
        (code("token_revoked"), "unauthorized token_revoked"),
    ] {
        world
            .slack
            .fault(FaultRule::once("chat.postMessage", fault));
        let said = match world.deliver(world.post(message())).await {
            Outcome::Uncertain { code } => format!("uncertain {code}"),
            Outcome::Refused { code } => format!("refused {code}"),
            Outcome::ServerError { code } => format!("server error {code}"),
            Outcome::Unauthorized { code } => format!("unauthorized {code}"),
            other => format!("{other:?}"),
        };
        assert_eq!(said, expected);
    }
    assert!(world.posts(&world.channel).is_empty());
}

#[tokio::test]
async fn a_channel_of_another_creator_is_never_adopted() {
    let world = world().await;
    let bea = world.bea.to_string();
    world
        .slack
        .add_channel(None, "inc-5", ChannelType::Public, &[&bea]);
    let first = parcel(create("inc-5"));
    assert_eq!(world.courier.sends(&first).await, refused("name_taken"));
    let lookup = world.courier.finds(&again(&first)).await;
    assert!(is_sent_again(&lookup), "{lookup:?}");
    let name_taken = Err("name_taken".to_owned());
    assert_eq!(sent_or_found(&world, &first).await, name_taken);
}

#[tokio::test]
async fn the_identity_is_known_and_a_revoked_token_is_noticed() {
    let world = world().await;
    let identity = world.courier.identity().await.unwrap();
    assert_eq!(identity.user_id.as_str(), world.slack.bot_user());
    assert_eq!(
        world.courier.installation().team,
        Team::Known("T0SIMTEAM1".to_owned())
    );
    world.slack.revoke("xoxb-sim-bot-token", "token_revoked");
    assert_eq!(world.courier.probe().await.unwrap_err(), "token_revoked");
}
