//! The app's second command, `/wardroom`: each text is answered, to the person alone.

mod buttons;
mod list;

use crate::world::{SeenMessage, World};
use chrono::Duration;
use simulator::{Fault, FaultRule, JobPlan, RunPlan};
use wardroom::domain::ci::verbs::{LATER, VERBS};

/// #builds is told of acme's repositories.
const CI: &str = "
services: { api: { owners: [U0BEA] } }
admins: [U0ADA]
slack: { ops_channel: C0OPS }
github: { repositories: ['acme/*'], channel: C0BUILDS }
";

fn failing(workflow: &str, job: &str, log: &str) -> RunPlan {
    RunPlan::new(workflow, vec![JobPlan::failed(job, log)])
}

/// A run whose only job ends so.
fn ended(workflow: &str, conclusion: &str) -> RunPlan {
    let job = JobPlan {
        conclusion: conclusion.to_owned(),
        ..JobPlan::default()
    };
    RunPlan::new(workflow, vec![job])
}

/// A run ends, and what follows from it happens.
async fn ends(world: &mut World, plan: RunPlan) -> u64 {
    let run = world.github().run("acme/api", plan);
    world.settle_with_github().await;
    run
}

/// What a message says now, with its buttons.
fn message(world: &World, seen: &SeenMessage) -> String {
    let channel = world.channel(&seen.channel);
    let post = channel.posts().find(|post| post.ts == seen.ts);
    let post = post.expect("it is there");
    format!("{} {:?}", post.words, post.blocks)
}

#[tokio::test]
async fn help_names_every_verb_its_example_and_what_is_not_available_yet() {
    let mut world = World::new().await;
    for typed in ["", "help", "HELP"] {
        world.asks("cem", "general", typed).await;
        let all = world.expect_ephemeral("cem", "Not available yet");
        for verb in VERBS {
            assert!(all.words.contains(&verb.usage()), "{}", all.words);
        }
        for later in LATER {
            assert!(all.words.contains(later), "{}", all.words);
        }
        assert!(all.words.contains("/incident help"), "{}", all.words);
    }
    for verb in VERBS {
        world
            .asks("cem", "general", &format!("help {}", verb.name))
            .await;
        let help = world.expect_ephemeral("cem", verb.does);
        assert!(help.words.contains(verb.example), "{}", help.words);
    }
    world.finish().await;
}

#[tokio::test]
async fn an_unknown_verb_gets_the_nearest_and_one_of_later_what_is_available() {
    let mut world = World::new().await;
    world.asks("cem", "general", "hlep").await;
    world.expect_ephemeral("cem", "Did you mean `/wardroom help`?");
    world
        .asks("cem", "general", "<!channel> <@U0ADA|ada>")
        .await;
    let words = world.expect_ephemeral("cem", "Unknown command").words;
    assert!(!words.contains("<!channel>"), "{words}");
    for later in LATER {
        world
            .asks("cem", "general", &format!("{later} nightly"))
            .await;
        let words = world.expect_ephemeral("cem", "isn't available yet").words;
        assert!(words.contains("/wardroom ci [REPO]"), "{words}");
    }
    // The incident's command is as it was.
    world.types("cem", "general", "hlep").await;
    world.expect_ephemeral("cem", "Did you mean `/incident help`?");
    world.finish().await;
}

#[tokio::test]
async fn a_command_that_comes_twice_is_answered_once() {
    let mut world = World::new().await;
    let channel = world.channel_id("general");
    let form = world
        .person("cem")
        .command_form(&channel, "/wardroom", "ci");
    let (path, body, _) = form.expect("the app has the command");
    for retry in 0..3 {
        world.sends_form(&path, &body, retry).await;
    }
    world.settle().await;
    world.expect_ephemeral("cem", "");
    world.finish().await;
}

#[tokio::test]
async fn an_answer_that_is_lost_is_given_by_another_way() {
    for fault in [Fault::LoseRequest, Fault::Status { status: 404 }] {
        let mut world = World::new().await;
        let bot = world.slack.bot_user();
        world
            .person("ada")
            .invite("general", &bot)
            .expect("she may");
        world
            .slack
            .fault(FaultRule::once("response_url", fault.clone()));
        world.asks("cem", "general", "help ci").await;
        world.pass_in_steps(Duration::seconds(20), 6).await;
        world.expect_ephemeral("cem", "/wardroom ci [REPO]");
        world.finish().await;
    }
}

#[tokio::test]
async fn without_a_token_a_command_is_refused_where_that_needs_none() {
    let mut world = World::with(&[("SLACK_BOT_TOKEN", "")]).await;
    world.asks("ada", "general", "ci").await;
    world.expect_ephemeral("ada", "SLACK_BOT_TOKEN");
    world.finish().await;
}
