//! Who may do what, and what those who may not are told.

use crate::world::World;
use reqwest::Method;
use serde_json::json;
use simulator::Submitted;
use wardroom::domain::incident::Status;

const CHANNEL: &str = "inc-20260301-db";
const CHANGES: [&str; 7] = [
    "status we look at it",
    "investigating",
    "identified a bad deploy",
    "monitoring",
    "severity P1",
    "assign scribe @cem",
    "resolved",
];

#[tokio::test]
async fn who_does_not_lead_an_incident_changes_nothing_of_it_and_is_told_whom_to_ask() {
    let mut world = World::new().await;
    world.declared("bea", "P3 db The disk is full").await;
    let before = world.newest().await;
    let lines = world.timeline(&before).await.len();
    for line in CHANGES {
        world.types("cem", CHANNEL, line).await;
        let no = world.expect_ephemeral("cem", "is the commander. Ask them");
        assert!(no.words.contains("<@U0BEA>"), "{}", no.words);
        assert!(
            no.words.contains("/incident #1 assign commander @you"),
            "{}",
            no.words
        );
        world.expect_no_message();
    }
    assert_eq!(world.newest().await, before);
    assert_eq!(world.timeline(&before).await.len(), lines);
    let audit = world.audit().await;
    let refused: Vec<(&str, &str)> = audit
        .iter()
        .filter(|row| row.outcome == "refused")
        .map(|row| (row.action.as_str(), row.by.as_str()))
        .collect();
    let actions = [
        "status",
        "investigating",
        "identified",
        "monitoring",
        "severity",
        "assign",
        "resolved",
    ];
    let expected: Vec<(String, &str)> = actions
        .iter()
        .map(|one| (format!("incident.{one}"), "U0CEM"))
        .collect();
    let expected: Vec<(&str, &str)> = expected
        .iter()
        .map(|(action, by)| (action.as_str(), *by))
        .collect();
    assert_eq!(refused, expected);
    let why = &audit.last().unwrap().details["why"];
    assert_eq!(why, "not_the_commander");
    world.finish().await;
}

#[tokio::test]
async fn anybody_reads_an_incident_and_only_they_see_the_answer() {
    let mut world = World::new().await;
    world.declared("bea", "P3 db The disk is full").await;
    for (line, says) in [
        ("timeline", "Declared P3 on db: The disk is full"),
        ("list", "The disk is full"),
        ("help", "/incident status TEXT"),
        ("", "The disk is full"),
    ] {
        world.types("cem", CHANNEL, line).await;
        world.expect_ephemeral("cem", says);
    }
    world.types("cem", "general", "").await;
    world.expect_ephemeral("cem", "Open incidents");
    world.types("cem", "general", "timeline #1").await;
    world.expect_ephemeral("cem", "Declared P3 on db");
    assert!(
        world.audit().await.iter().all(|row| row.by != "U0CEM"),
        "reading is not audited"
    );
    world.types("cem", CHANNEL, "postmortem").await;
    world.expect_ephemeral("cem", "draft its postmortem once it's resolved");
    world.types("bea", CHANNEL, "resolved").await;
    world.types("cem", CHANNEL, "postmortem").await;
    assert_eq!(world.slack.snapshot().files.len(), 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn an_admin_may_what_the_commander_may_and_hands_an_orphaned_incident_over() {
    let mut world = World::new().await;
    world.declared("bea", "P3 db The disk is full").await;
    world.types("ada", CHANNEL, "status an admin speaks").await;
    world.expect_message(CHANNEL, "an admin speaks");
    world.types("ada", CHANNEL, "assign @cem").await;
    world.expect_message(CHANNEL, "is now the *commander*");
    assert!(
        world
            .channel(CHANNEL)
            .members
            .iter()
            .any(|one| one == "U0CEM"),
        "who leads is asked in"
    );
    world.types("bea", CHANNEL, "resolved").await;
    world.expect_ephemeral("bea", "<@U0CEM> is the commander");
    world.types("cem", CHANNEL, "resolved").await;
    world.expect_message(CHANNEL, "Resolved");
    assert_eq!(world.newest().await.status, Status::Resolved);
    world.finish().await;
}

#[tokio::test]
async fn a_button_grants_nobody_what_they_may_not_type() {
    let mut world = World::new().await;
    world
        .types("bea", "general", "declare P3 db The disk is full")
        .await;
    let card = world.expect_message(CHANNEL, "The disk is full");
    world.skip_messages();
    for button in ["Investigating", "Monitoring", "Resolve"] {
        world.presses("cem", &card, button).await;
        world.expect_ephemeral("cem", "is the commander. Ask them");
    }
    assert_eq!(world.newest().await.status, Status::Declared);
    world.presses("cem", &card, "Timeline").await;
    world.expect_ephemeral("cem", "Declared P3 on db");
    world.presses("bea", &card, "Identified").await;
    world.expect_message(CHANNEL, "Identified");
    // The card has lost the steps that lie behind; an old click comes too late.
    let gone = world
        .person("bea")
        .click_payload(&card.channel, &card.ts, "Investigating", "");
    assert!(gone.unwrap_err().contains("no `Investigating`"));
    world.finish().await;
}

#[tokio::test]
async fn what_is_over_stays_over_whoever_asks() {
    let mut world = World::new().await;
    world.declared("bea", "P3 db The disk is full").await;
    world.types("bea", CHANNEL, "resolved").await;
    world.skip_messages();
    let before = world.newest().await;
    for person in ["cem", "bea", "ada"] {
        for line in CHANGES {
            world.types(person, CHANNEL, line).await;
            let no = world.expect_ephemeral(person, "Incident #1 was resolved");
            assert!(
                no.words.contains("<@U0BEA>") && no.words.contains("/incident declare"),
                "{}",
                no.words
            );
        }
    }
    assert_eq!(world.newest().await, before);
    world.finish().await;
}

#[tokio::test]
async fn a_command_outside_of_a_room_names_its_incident_or_offers_them() {
    let mut world = World::new().await;
    world.declared("bea", "P3 db The disk is full").await;
    world.declared("bea", "P3 api Slow").await;
    world.types("bea", "general", "#1 status from before").await;
    world.expect_message(CHANNEL, "from before");
    world.expect_ephemeral("bea", "Update posted on #1: <#");
    world.types("bea", "general", "status #1 from behind").await;
    world.expect_message(CHANNEL, "from behind");
    world.expect_ephemeral("bea", "Update posted on #1: <#");
    world.types("bea", "general", "status which one").await;
    let which = world.expect_ephemeral("bea", "Which incident?");
    assert_eq!(
        which.words.matches("which one").count(),
        1,
        "{}",
        which.words
    );
    // A second press says nothing a second time.
    for told in ["Update posted on #2: <#", "already has this update"] {
        world.presses("bea", &which, "#2 Slow").await;
        world.expect_ephemeral("bea", told);
    }
    world.expect_message("inc-20260301-api", "which one");
    assert_eq!(world.count("Update* from <@U0BEA>: which one"), 1);
    world.types("bea", "general", "resolved rolled back").await;
    let which = world.expect_ephemeral("bea", "Which incident?");
    // Another person's picker helps no other person; a press counts as typed by the one who presses.
    world.presses("bea", &which, "#2 Slow").await;
    // What was typed is in the form that asks before it ends.
    assert_eq!(world.submits("bea", &[]).await, Submitted::Closed);
    world.expect_message("inc-20260301-api", "rolled back");
    world.expect_message("@bea", "#2 is resolved");
    assert!(world.incident(1).await.status.is_open());
    world.types("bea", "general", "#99 resolved").await;
    world.expect_ephemeral("bea", "There is no incident #99.");
    // A number of no incident is a word like any other.
    world
        .types("bea", "general", "status #500 errors are up")
        .await;
    let which = world.expect_ephemeral("bea", "Which incident?");
    world.presses("bea", &which, "#1 The disk is full").await;
    world.expect_message(CHANNEL, "#500 errors are up");
    world.expect_ephemeral("bea", "Update posted on #1: <#");
    world.finish().await;
}

#[tokio::test]
async fn in_an_incidents_channel_a_number_among_the_words_is_a_word() {
    let mut world = World::new().await;
    world.declared("bea", "P3 db The disk is full").await;
    world.declared("bea", "P3 api Slow").await;
    for (line, response) in [
        (
            "status #2 is a duplicate of this",
            "#2 is a duplicate of this",
        ),
        (
            "identified #2 and this share a cause",
            "#2 and this share a cause",
        ),
        ("status #500 errors are up", "#500 errors are up"),
        // Its own number is no word, and before the verb a number is meant.
        ("status #1 goes on", "from <@U0BEA>: goes on"),
        ("#1 status still goes on", "still goes on"),
    ] {
        world.types("bea", CHANNEL, line).await;
        world.expect_message(CHANNEL, response);
    }
    // Nothing but a number: it is not clear which one is to end.
    world.types("bea", CHANNEL, "resolved #2").await;
    world.expect_ephemeral("bea", "/incident #2 resolved");
    world.types("bea", CHANNEL, "status #2").await;
    world.expect_ephemeral("bea", "/incident #2 status &lt;text&gt;");
    assert!(world.incident(1).await.status.is_open());
    world
        .types("bea", CHANNEL, "resolved #2 covers the rest")
        .await;
    world.expect_message(CHANNEL, "#2 covers the rest");
    assert!(world.incident(2).await.status.is_open());
    world.types("bea", CHANNEL, "#2 resolved").await;
    assert!(!world.incident(2).await.status.is_open());
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_caller_of_the_api_acts_as_an_admin_and_is_named_as_what_it_is() {
    let mut world = World::new().await;
    let body =
        json!({"title": "The disk is full", "severity": "P2", "service": "db", "actor": "pager"});
    let (status, incident) = world.api(Method::POST, "/incidents", Some(body), &[]).await;
    assert_eq!(
        (status, &incident["declared_by"], &incident["source"]),
        (201, &json!("api:pager"), &json!("api"))
    );
    assert_eq!(incident["commander"], json!(null));
    world.expect_message("engineering", "P2 incident #1");
    let card = world.expect_message(CHANNEL, "The disk is full");
    assert!(card.words.contains("pager (API)"), "{}", card.words);

    // It has no commander: each person may take the lead, but not give it away.
    world.types("cem", CHANNEL, "resolved").await;
    world.expect_ephemeral("cem", "it has no commander yet. Take the lead first");
    world.types("cem", CHANNEL, "assign commander @bea").await;
    world.expect_ephemeral("cem", "it has no commander yet");
    world.types("cem", CHANNEL, "assign commander @cem").await;
    world.expect_message(CHANNEL, "is now the *commander*");

    let body = json!({"actor": "pager", "note": "the disk is larger"});
    let (status, incident) = world
        .api(Method::POST, "/incidents/1/resolve", Some(body), &[])
        .await;
    assert_eq!((status, &incident["status"]), (200, &json!("resolved")));
    world.expect_message(CHANNEL, "the disk is larger");
    world.expect_message("engineering", "pager (API)");
    let last = world.audit().await.pop().unwrap();
    assert_eq!(
        (last.by.as_str(), last.action.as_str()),
        ("api:pager", "incident.resolved")
    );
    world.finish().await;
}

#[tokio::test]
async fn a_list_counts_all_and_shows_the_worst_and_some_of_each_kind() {
    let mut world = World::new().await;
    world.declared("bea", "P1 db The disk is full").await;
    // 60 of each are newer, less bad or over.
    for (from, severity, status) in [(1, "P4", "declared"), (61, "P3", "resolved")] {
        world
            .sql(&format!(
                "insert into incidents (id, number, title, severity, status, service, channel_name,
                                        channel_try, declared_by, declared_at, resolved_at, kind,
                                        private, source)
                 select gen_random_uuid(), n + 1, 'Old', '{severity}', '{status}', 'db', 'inc-old-' || n, 1,
                        'U0BEA', i.declared_at,
                        case when '{status}' = 'resolved' then i.declared_at end, 'real', false, 'slack'
                   from incidents i, generate_series({from}, {from} + 59) n where i.number = 1"
            ))
            .await;
    }
    world.types("cem", "general", "list").await;
    let list = world.expect_ephemeral("cem", "Open incidents: 61; closed in the last 24 hours: 60");
    for words in ["The disk is full", "#121* ✅ P3", "21 more not shown"] {
        assert!(list.words.contains(words), "{words}: {}", list.words);
    }
    assert!(!list.words.contains("None."), "{}", list.words);
    world.finish().await;
}
