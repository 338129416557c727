//! What a person typed: kept as it is, in any script, and harmless wherever it is shown.

use crate::world::{ADMIN_TOKEN, World, answered};
use serde_json::Value;

#[tokio::test]
async fn services_and_titles_of_any_script_are_kept_as_they_were_typed() {
    let rules = "services: {決済サービス: {}, Zahlungsübersicht: {}, 🔥: {}}";
    let mut world = World::with_config(rules, &[]).await;
    for (line, title, channel) in [
        (
            "決済サービス 注文が通らない 🔥",
            "注文が通らない 🔥",
            "inc-20260301-決済サービス",
        ),
        (
            "zahlungsübersicht Straße gesperrt — ärgerlich",
            "Straße gesperrt — ärgerlich",
            "inc-20260301-zahlungsübersicht",
        ),
        ("🔥 עברית وعربي", "עברית وعربي", "inc-20260301-3"),
    ] {
        world
            .types("bea", "general", &format!("declare P4 {line}"))
            .await;
        world.expect_ephemeral("bea", "Declared incident");
        world.expect_message(channel, title);
        assert_eq!(world.newest().await.title, title);
        assert!(world.channel(channel).topic.contains(title));
    }
    world.finish().await;
}

#[tokio::test]
async fn what_somebody_typed_never_calls_anybody_or_links_anywhere() {
    let mut world = World::new().await;
    let typed = "<!channel> & <https://evil.example|click> *now*";
    world
        .types("bea", "general", &format!("declare P1 db {typed}"))
        .await;
    let channel = "inc-20260301-db";
    world
        .types("bea", channel, &format!("status {typed}"))
        .await;
    world
        .types("bea", channel, &format!("sev P2 {typed}"))
        .await;
    world
        .types("bea", channel, &format!("resolved {typed}"))
        .await;
    world.types("bea", channel, "timeline").await;
    world.types("bea", channel, "postmortem").await;

    let raw = |text: &str| text.contains("<!channel") || text.contains("<https://evil");
    let snapshot = world.slack.snapshot();
    let mut quoted = 0;
    for (channel, message) in snapshot.all_posts() {
        let blocks = Value::from(message.blocks.clone());
        let mrkdwn = blocks.to_string();
        for block in &message.blocks {
            assert!(!raw(&block.to_string()), "{}: {block}", channel.name);
        }
        assert!(!raw(&message.text), "{}: {}", channel.name, message.text);
        quoted += usize::from(
            mrkdwn.contains("&lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;"),
        );
    }
    assert!(quoted >= 6, "it is shown where it belongs, {quoted} times");
    assert!(
        !raw(&world.channel(channel).topic),
        "{}",
        world.channel(channel).topic
    );
    let draft = snapshot.files[0].content.clone().unwrap();
    assert!(
        !raw(&draft.replace("\\<", "")) && draft.contains("\\<!channel\\>"),
        "{draft}"
    );
    let incident = world.newest().await;
    assert_eq!(incident.title, typed);
    let (_, shown) = world
        .api(reqwest::Method::GET, "/incidents/1", None, &[])
        .await;
    assert_eq!(shown["title"], typed);
    let (_, lines) = world
        .api(reqwest::Method::GET, "/incidents/1/timeline", None, &[])
        .await;
    let update = lines["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["kind"] == "status_update");
    assert_eq!(update.unwrap()["text"], typed);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn what_nobody_sees_is_no_part_of_a_command_a_field_or_a_name() {
    let mut world = World::with_config("services: {\u{200b}api\u{200b}: {}}", &[]).await;
    let line = "\u{feff}declare P3\u{200b} \u{200e}api Checkout fails\u{200b}";
    world.types("bea", "general", line).await;
    let first = world.newest().await;
    assert_eq!((&*first.title, &*first.service), ("Checkout fails", "api"));
    let body = "\u{feff}{\"severity\": \"P2\u{200b}\", \"service\": \"\u{feff}api\", \
                \"title\": \"\u{2060}Payments fail\u{200b}\", \"actor\": \"ci\u{200b}\"}";
    let call = reqwest::Client::new()
        .post(format!("{}/api/v1/incidents", world.url))
        .bearer_auth(ADMIN_TOKEN)
        .body(body.to_owned());
    let call = tokio::spawn(answered(call));
    while !call.is_finished() {
        world.settle().await;
        tokio::task::yield_now().await;
    }
    let declared = call.await.expect("the call ends");
    assert_eq!(declared.status, 201, "{}", declared.body);
    let second = world.newest().await;
    assert_eq!((&*second.title, &*second.service), ("Payments fail", "api"));
    assert_eq!(second.declared_by.to_string(), "api:ci");
    let path = format!("/incidents/{}/severity", second.number);
    let body = serde_json::json!({"severity": "\u{feff}p1\u{ad}"});
    let raised = world
        .api(reqwest::Method::POST, &path, Some(body), &[])
        .await;
    assert_eq!(raised.0, 200, "{}", raised.1);
    assert_eq!(world.newest().await.severity.as_str(), "P1");
    world.skip_messages();
    world.finish().await;
}
