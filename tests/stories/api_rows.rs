//! `/api/v1` and its rows: lists, keys of idempotency, the queues, the audit, and a second try.

use crate::api::{disk, get, is_problem, post};
use crate::world::{ADMIN_TOKEN, World, answered};
use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Encoding, Signing};
use wardroom::domain::ids::EffectId;
use wardroom::store::Operator;

const CHANNEL: &str = "inc-20260301-db";

#[tokio::test]
async fn lists_are_walked_by_their_cursors_and_filtered_by_what_is_asked() {
    let mut world = World::new().await;
    for (severity, service) in [
        ("P3", "db"),
        ("P4", "db"),
        ("P3", "api"),
        ("P3", "web shop"),
        ("P4", "api"),
    ] {
        let body = json!({"title": "The disk is full", "severity": severity, "service": service});
        assert_eq!(post(&mut world, "/incidents", body).await.0, 201);
    }
    post(&mut world, "/incidents/2/resolve", json!({})).await;
    for path in ["/incidents", "/inbox", "/outbox", "/audit"] {
        let (_, whole) = get(&mut world, &format!("{path}?limit=200")).await;
        assert_eq!(whole["next_cursor"], json!(null));
        let (mut walked, mut cursor) = (Vec::new(), String::new());
        loop {
            let (status, page) = get(&mut world, &format!("{path}?limit=2&cursor={cursor}")).await;
            assert_eq!(status, 200, "{page}");
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 2);
            walked.extend(items.clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(Value::from(walked), whole["items"], "{path}");
    }
    for (query, numbers) in [
        ("", vec![5, 4, 3, 2, 1]),
        ("severity=P4", vec![5, 2]),
        ("status=resolved", vec![2]),
        ("status=declared&service=db", vec![1]),
        ("service=web+shop", vec![4]),
        ("service=none", vec![]),
    ] {
        let (_, page) = get(&mut world, &format!("/incidents?{query}")).await;
        let found: Vec<i64> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["number"].as_i64().unwrap())
            .collect();
        assert_eq!(found, numbers, "{query}");
    }
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_call_with_a_key_is_done_once_however_often_and_however_closely_it_is_made() {
    let mut world = World::new().await;
    let key = [("idempotency-key", "deploy-7")];
    let first = world
        .calls(Method::POST, "/incidents", Some(disk()), &key)
        .await;
    let again = world
        .calls(Method::POST, "/incidents", Some(disk()), &key)
        .await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body["id"], again.body["id"]);
    // At the same moment, at two replicas.
    let (other, url) = world.replica().await;
    let call = |url: &str| {
        let request = reqwest::Client::new()
            .post(format!("{url}/api/v1/incidents"))
            .bearer_auth(ADMIN_TOKEN);
        tokio::spawn(answered(
            request.header("idempotency-key", "deploy-8").json(&disk()),
        ))
    };
    let calls = [call(&world.url), call(&url), call(&world.url), call(&url)];
    while !calls.iter().all(tokio::task::JoinHandle::is_finished) {
        world.settle_beside(&other).await;
        tokio::task::yield_now().await;
    }
    for call in calls {
        let answer = call.await.unwrap();
        assert_eq!((answer.status, &answer.body["number"]), (201, &json!(2)));
    }
    // A key belongs to what is asked for: the same one of another incident is another call.
    for number in [1, 2] {
        let path = format!("/incidents/{number}/status");
        for _ in 0..2 {
            let body = json!({"text": "keyed words"});
            assert_eq!(
                world.api(Method::POST, &path, Some(body), &key).await.0,
                200
            );
        }
    }
    assert_eq!(world.count("keyed words"), 2);
    // It identifies what was asked, too: other words under it are refused, not taken for done.
    let other_words = world
        .calls(
            Method::POST,
            "/incidents/1/status",
            Some(json!({"text": "other words"})),
            &key,
        )
        .await;
    is_problem(&other_words, 422, "another body");
    assert_eq!(world.count("other words"), 0);
    // Without a key each call counts.
    for number in [3, 4] {
        assert_eq!(
            post(&mut world, "/incidents", disk()).await.1["number"],
            number
        );
    }
    let bad = world
        .calls(
            Method::POST,
            "/incidents",
            Some(disk()),
            &[("idempotency-key", &"x".repeat(201))],
        )
        .await;
    is_problem(&bad, 400, "Idempotency-Key");
    world.settle_beside(&other).await;
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn the_queues_and_the_audit_say_who_did_what_and_what_became_of_it_without_any_body() {
    let mut world = World::new().await;
    world
        .types("bea", "general", "declare P3 db The secret word")
        .await;
    world.types("cem", CHANNEL, "resolved").await;
    let body = json!({"repository": {"full_name": "acme/db"}});
    world
        .slack
        .github_webhook("push", Some("d-1"), &body, Encoding::Json, Signing::Good)
        .await;
    world.settle().await;
    let (_, audit) = get(&mut world, "/audit").await;
    let rows: Vec<(&str, &str, &str)> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["action"].as_str().unwrap(),
                row["by"].as_str().unwrap(),
                row["outcome"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("incident.resolved", "U0CEM", "refused"),
            ("incident.declare", "U0BEA", "done")
        ]
    );
    let (_, inbox) = get(&mut world, "/inbox?state=done&limit=200").await;
    let kinds: Vec<String> = inbox["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {}", row["source"], row["kind"]).replace('"', ""))
        .collect();
    for kind in ["slack command", "github push", "receipt incident_channel"] {
        assert!(kinds.iter().any(|one| one == kind), "{kind}: {kinds:?}");
    }
    let (_, outbox) = get(&mut world, "/outbox?state=done&limit=200").await;
    for key in [
        "id",
        "lane",
        "kind",
        "state",
        "attempts",
        "error",
        "created_at",
    ] {
        assert!(outbox["items"][0].get(key).is_some(), "{key}");
    }
    let all = format!("{inbox}{outbox}");
    assert!(
        !all.contains("secret word") && !all.contains("response/"),
        "bodies are never listed"
    );
    let id = outbox["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(get(&mut world, &format!("/outbox/{id}")).await.1["id"], id);
    let done = world
        .calls(Method::POST, &format!("/outbox/{id}/retry"), None, &[])
        .await;
    is_problem(&done, 409, "needs no retry");
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_post_into_an_archived_channel_is_told_of_and_tried_again_it_stands_there_once() {
    let mut world = World::new().await;
    world.declared("bea", "P3 db The disk is full").await;
    world.slack.configure_app(|app| app.events.clear());
    world.person("ada").archive(CHANNEL).unwrap();
    world.settle().await;
    world.skip_messages();
    let (status, _) = post(
        &mut world,
        "/incidents/1/status",
        json!({"text": "the words"}),
    )
    .await;
    assert_eq!(status, 200, "the timeline has it");
    world.settle_with_events().await;
    let told = world.channel("@bea");
    let told: Vec<&str> = told.posts().map(|post| post.words.as_str()).collect();
    assert_eq!(
        told.iter()
            .filter(|words| words.contains("is archived, so nothing can be posted"))
            .count(),
        1,
        "{told:#?}"
    );
    let (_, parked) = get(&mut world, "/outbox?state=parked").await;
    let row = parked["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["kind"] == "post_message");
    let row = row.unwrap_or_else(|| panic!("{parked}"));
    assert_eq!(row["error"], "is_archived");
    let retry = format!("/outbox/{}/retry", row["id"].as_str().unwrap());

    // Too early: it is parked again, and no person is told a second time.
    assert_eq!(world.api(Method::POST, &retry, None, &[]).await.0, 200);
    assert_eq!(world.count("the words"), 0);
    assert_eq!(world.channel("@bea").posts().count(), told.len());
    world.person("ada").unarchive(CHANNEL).unwrap();
    let (status, row) = world.api(Method::POST, &retry, None, &[]).await;
    assert_eq!((status, &row["state"]), (200, &json!("open")));
    assert_eq!(world.count("the words"), 1);
    let again = world.calls(Method::POST, &retry, None, &[]).await;
    is_problem(&again, 409, "needs no retry");
    assert_eq!(world.count("the words"), 1);
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn what_an_operator_does_to_a_row_is_in_the_audit_and_the_providers_code_stays() {
    let mut world = World::new().await;
    world.declared("bea", "P3 db The disk is full").await;
    world.slack.configure_app(|app| app.events.clear());
    world.person("ada").archive(CHANNEL).unwrap();
    world.settle().await;
    let words = json!({"text": "the words"});
    post(&mut world, "/incidents/1/status", words).await;
    let parked = world.effects("parked").await;
    let line = parked.iter().find(|row| row.kind == "post_message");
    let line = line.expect("the line is parked").clone();
    let incident = line.incident;
    let before = world.audit().await.len();

    let retry = format!("/outbox/{}/retry", line.id);
    assert_eq!(world.api(Method::POST, &retry, None, &[]).await.0, 200);
    let (why, now) = ("the channel is gone", world.clock.now());
    let (id, by) = (EffectId(line.id), Operator::Cli);
    assert!(world.store.drop_effect(id, why, by, now).await.unwrap());
    assert!(!world.store.drop_effect(id, why, by, now).await.unwrap());
    let row = world.store.outbox_row(id).await.unwrap().unwrap();
    let shown = (row.state.as_str(), row.error.as_deref());
    assert_eq!(shown, ("dropped", Some("is_archived")));
    // One that has not failed has no code: its row says why.
    let bea = world.person("bea");
    assert!(bea.command("general", "/incident", "help").await.is_ok());
    while world.app.engine.intake_step().await.unwrap() {}
    let open = world.effects("open").await;
    let answer = EffectId(open[0].id);
    assert!(world.store.drop_effect(answer, why, by, now).await.unwrap());
    let row = world.store.outbox_row(answer).await.unwrap().unwrap();
    assert_eq!(row.error.as_deref(), Some(why));
    world.settle().await;
    // Twice: the audit's line does not count as what the signal has changed.
    let rows = world.store.inbox_rows(None, 200, None).await.unwrap().items;
    let receipt = rows.iter().find(|row| row.source == "receipt").unwrap();
    let replay = format!("/inbox/{}/replay", receipt.id);
    for _ in 0..2 {
        assert_eq!(world.api(Method::POST, &replay, None, &[]).await.0, 200);
    }

    let audit = world.audit().await;
    let said: Vec<_> = audit[before..]
        .iter()
        .map(|row| {
            (
                row.action.as_str(),
                row.by.as_str(),
                row.incident,
                &row.details,
            )
        })
        .collect();
    let (retried, replayed) = (json!({"effect": line.id}), json!({"signal": receipt.id}));
    let dropped = json!({"effect": line.id, "why": why});
    let unsent = json!({"effect": answer, "why": why});
    assert_eq!(
        said,
        [
            ("outbox.retry", "api", incident, &retried),
            ("outbox.drop", "cli", incident, &dropped),
            ("outbox.drop", "cli", None, &unsent),
            ("inbox.replay", "api", None, &replayed),
            ("inbox.replay", "api", None, &replayed),
        ]
    );
    assert!(incident.is_some() && audit[before..].iter().all(|row| row.outcome == "done"));
    world.skip_messages();
    world.finish_after_faults().await;
}
