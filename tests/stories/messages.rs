//! What people read: whole at any length, with words for those who hear it read out.

use crate::world::World;
use serde_json::Value;
use wardroom::domain::incident::verbs::VERBS;

const CHANNEL: &str = "inc-20260301-db";

/// Text of many different words, so that a missing piece shows.
fn many_words(count: usize) -> String {
    (0..count)
        .map(|at| format!("wörd{at}🔥"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Everything that one person alone was told and has not heard, as one text; with how many
/// messages it took.
fn ephemeral_text(world: &mut World, person: &str) -> (String, usize) {
    let id = format!("U0{}", person.to_uppercase());
    let new_messages: Vec<String> = world.new_ephemeral_texts(&id);
    world.skip_messages_in(person);
    (new_messages.join("\n"), new_messages.len())
}

#[tokio::test]
async fn an_update_of_any_length_stands_whole_in_the_channel_and_on_the_timeline() {
    let mut world = World::new().await;
    world.declared("bea", "P3 db The disk is full").await;
    let long = many_words(3000);
    world.types("bea", CHANNEL, &format!("status {long}")).await;
    world.skip_messages_in("bea");
    let channel = world.channel(CHANNEL);
    let said: Vec<String> = channel
        .posts()
        .filter(|message| message.words.contains("🔥"))
        .map(|message| message.words.clone())
        .collect();
    assert!(said.len() > 1, "it took one message only");
    let all = said.join(" ");
    for word in long.split(' ') {
        assert!(all.contains(word), "{word} is missing");
    }
    let incident = world.newest().await;
    let lines = world.timeline(&incident).await;
    assert!(lines.iter().any(|line| line.text == long));
    assert_eq!(channel.pins.len(), 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_long_incident_is_read_whole_on_its_timeline_and_in_its_postmortem() {
    let mut world = World::new().await;
    world.declared("bea", "P4 db The disk is full").await;
    let mut said = Vec::new();
    for hour in 0..60 {
        world.clock.advance(chrono::Duration::hours(1));
        let text = format!("update {hour} {}", many_words(80));
        world.types("bea", CHANNEL, &format!("status {text}")).await;
        said.push(text);
    }
    world.skip_messages();
    world.types("bea", CHANNEL, "timeline").await;
    let (all, messages) = ephemeral_text(&mut world, "bea");
    assert!(messages > 4, "{messages} messages");
    // Cem is not in the channel, and a response_url takes five answers: his come as direct messages.
    world.types("cem", CHANNEL, "timeline").await;
    let direct = world.channel("@cem");
    let direct: Vec<&str> = direct.posts().map(|post| post.words.as_str()).collect();
    let direct = direct.join("\n");
    for hour in 0..60 {
        let update = format!("update {hour} ");
        assert!(
            all.contains(&update) && direct.contains(&update),
            "{update}is missing"
        );
    }
    world.skip_messages();
    assert!(
        all.contains("2026-03-01 10:00:00 UTC") && all.contains("2026-03-03 21:00:00 UTC"),
        "full dates"
    );
    world.types("bea", CHANNEL, "resolved").await;
    world.types("bea", CHANNEL, "postmortem").await;
    let file = world.slack.snapshot().files.remove(0).content.unwrap();
    for text in &said {
        assert!(file.contains(text), "{text} is missing");
    }
    assert!(file.contains("2 d 12 h"), "{file}");
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_postmortem_without_a_channel_is_read_whole_in_the_answer() {
    let mut world = World::new().await;
    world.declared("bea", "P4 db The disk is full").await;
    world
        .types("bea", CHANNEL, &format!("status {}", many_words(2500)))
        .await;
    world.types("bea", CHANNEL, "resolved").await;
    world.skip_messages();
    world.person("ada").archive(CHANNEL).unwrap();
    world.settle_with_events().await;
    world.types("cem", "general", "#1 postmortem").await;
    let (all, _) = ephemeral_text(&mut world, "cem");
    for at in 0..2500 {
        assert!(all.contains(&format!("wörd{at}🔥")), "word {at} is missing");
    }
    assert!(all.contains("Lessons learned"));
    world.finish_after_faults().await;
}

#[tokio::test]
async fn a_card_is_one_message_and_one_pin_however_much_happens_to_it() {
    let mut world = World::new().await;
    let title = "<&>".repeat(33);
    world
        .types("bea", "general", &format!("declare P1 web shop {title}"))
        .await;
    let channel = "inc-20260301-web-shop";
    let pinned = world.channel(channel).pins;
    for line in [
        "assign comms @cem",
        "assign scribe @dan",
        "sev P4",
        "investigating",
        "identified",
        "sev P1",
        "monitoring",
        "status halfway there",
        "resolved",
    ] {
        world.pass(chrono::Duration::minutes(10)).await;
        world.types("bea", channel, line).await;
    }
    let stands = world.channel(channel);
    assert_eq!(stands.pins, pinned);
    assert_eq!(pinned.len(), 1);
    let cards: Vec<_> = stands
        .posts()
        .filter(|message| message.ts == pinned[0])
        .collect();
    let [card] = cards[..] else {
        panic!("{cards:?}")
    };
    assert!(card.blocks.len() <= 50 && card.edits > 0);
    for sign in [
        "Resolved",
        "P1",
        "<@U0CEM>",
        "<@U0DAN>",
        "Postmortem",
        "1 h 30 min",
    ] {
        assert!(
            card.words.contains(sign),
            "{sign} is missing: {}",
            card.words
        );
    }
    assert!(
        !card.words.contains("halfway"),
        "an update's words are posted once"
    );
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn every_message_has_words_for_those_who_see_no_blocks() {
    let mut world = World::new().await;
    for line in [
        "",
        "help",
        "list",
        "nonsense",
        "declare P1",
        "declare P1 db The disk is full",
    ] {
        world.types("bea", "general", line).await;
    }
    for line in [
        "",
        "timeline",
        "investigating",
        "status words",
        "sev P2",
        "sev P1 worse",
        "assign scribe @cem",
        "postmortem",
        "resolved",
        "postmortem",
        "status late",
    ] {
        world.types("bea", CHANNEL, line).await;
    }
    let snapshot = world.slack.snapshot();
    let bot = world.slack.bot_user();
    let mut seen = 0;
    for (channel, message) in snapshot
        .all_posts()
        .filter(|(_, message)| message.user == bot)
    {
        // A shared file's line is Slack's own and has its comment as text.
        assert!(
            !message.text.trim().is_empty(),
            "{}: {}",
            channel.name,
            message.words
        );
        assert!(
            !message.text.contains("A message from"),
            "{}",
            message.words
        );
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn each_verb_has_its_help_and_its_example_is_understood() {
    let mut world = World::new().await;
    for verb in VERBS {
        for name in verb.names {
            world.types("cem", "general", &format!("help {name}")).await;
            let help = world.expect_ephemeral("cem", verb.does);
            assert!(help.words.contains(verb.example), "{}", help.words);
            assert!(help.words.contains(&verb.who.to_string()), "{}", help.words);
        }
    }
    world.types("cem", "general", "help").await;
    let all = world.expect_ephemeral("cem", "Shows what is open");
    for verb in VERBS {
        assert!(
            all.words.contains(&format!("/incident {}", verb.names[0])),
            "{} is missing",
            verb.names[0]
        );
    }
    world
        .types("cem", "general", "help nothing-of-the-kind")
        .await;
    let none = world.expect_ephemeral("cem", "Unknown command");
    assert!(none.words.contains("/incident help"), "{}", none.words);
    world.declared("bea", "P3 db The disk is full").await;
    let unknown = world.count("Unknown command");
    for verb in VERBS {
        let line = verb.example.trim_start_matches("/incident").trim();
        world.types("bea", CHANNEL, line).await;
        assert_eq!(world.count("Unknown command"), unknown, "{line}");
    }
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn an_unknown_verb_is_answered_with_the_nearest_ones() {
    let mut world = World::new().await;
    for (typed, near) in [
        ("declair P1 db The disk is full", "/incident declare"),
        ("stauts all is well", "/incident status"),
        ("RESOLV", "/incident resolved"),
        ("timline", "/incident timeline"),
        ("postmorten", "/incident postmortem"),
        ("<!channel>", "/incident help"),
        ("🔥🔥🔥", "/incident help"),
    ] {
        world.types("cem", "general", typed).await;
        let told = world.expect_ephemeral("cem", "Unknown command");
        assert!(told.words.contains(near), "{typed}: {}", told.words);
        let raw = Value::from(told.words.as_str()).to_string();
        assert!(!raw.contains("<!channel"), "{raw}");
    }
    assert_eq!(world.incidents().await, 0);
    world.finish().await;
}
