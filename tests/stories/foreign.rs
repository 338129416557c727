//! Requests of other workspaces, above all while it is not known yet which one is ours.

use crate::world::World;
use chrono::Duration;
use simulator::{Fault, FaultRule};

const COMMAND: &str = "/slack/commands";

/// A world whose process has just started, and whom Slack does not tell who it is.
async fn not_introduced(fault: Fault) -> World {
    let mut world = World::new().await;
    let rule = FaultRule::once("auth.test", fault).always();
    world.slack.fault(rule);
    world.restart().await;
    world
}

/// A command as another workspace sends it, signed by Slack.
fn of_another_workspace(world: &World, line: &str) -> String {
    let form = world
        .person("cem")
        .command_form("general", "/incident", line);
    let (path, form, _channel) = form.expect("Cem is in #general");
    assert_eq!(path, COMMAND);
    let foreign = form.replace("team_id=T0SIMTEAM1", "team_id=T0OTHER");
    assert_ne!(form, foreign);
    foreign
}

async fn introduced(world: &mut World) {
    world.slack.lift_faults();
    let known = world.app.identify_bot().await;
    known.expect("Slack says who we are");
    world.pass(Duration::seconds(5)).await;
}

fn ignored(world: &World) -> usize {
    let line = "a request of another Slack workspace is ignored";
    let log = world.log();
    let lines = log.iter().filter(|response| response.contains(line));
    lines
        .filter(|response| response.contains("T0OTHER"))
        .count()
}

async fn outcomes(world: &World) -> Vec<String> {
    let sql = "select state || ' ' || coalesce(outcome, '-') from inbox
                where source = 'slack' order by seq";
    let rows = world.query(sql).await;
    rows.into_iter().map(|mut row| row.remove(0)).collect()
}

#[tokio::test]
async fn a_command_of_another_workspace_is_ignored_though_we_did_not_know_yet() {
    let mut world = not_introduced(Fault::Status { status: 500 }).await;
    let form = of_another_workspace(&world, "declare P1 db Another workspace's");
    world.sends_form(COMMAND, &form, 0).await;
    world.pass(Duration::seconds(5)).await;
    assert_eq!(outcomes(&world).await, ["open -"], "kept, and not decided");
    // The mark is in the row: who starts now knows no more.
    world.restart().await;
    world.pass(Duration::seconds(5)).await;
    assert_eq!(outcomes(&world).await, ["open -"]);
    assert_eq!(ignored(&world), 0);
    introduced(&mut world).await;
    assert_eq!(outcomes(&world).await, ["done ignored"]);
    assert_eq!(world.incidents().await, 0);
    assert_eq!(ignored(&world), 1);
    world.finish().await;
}

#[tokio::test]
async fn our_own_commands_are_carried_out_in_order_once_we_know() {
    let mut world = not_introduced(Fault::Code {
        code: "fatal_error".to_owned(),
    })
    .await;
    world.types("ada", "general", "declare P3 db First").await;
    let foreign = of_another_workspace(&world, "declare P1 db Another workspace's");
    world.sends_form(COMMAND, &foreign, 0).await;
    world.types("bea", "general", "declare P3 api Second").await;
    world.pass(Duration::seconds(5)).await;
    assert_eq!(outcomes(&world).await, ["open -"; 3]);
    assert_eq!(world.incidents().await, 0, "nothing is decided before");
    world.expect_no_message();
    introduced(&mut world).await;
    let done = ["done done", "done ignored", "done done"];
    assert_eq!(outcomes(&world).await, done);
    assert_eq!(world.incidents().await, 2);
    assert_eq!(world.incident(1).await.title, "First");
    assert_eq!(world.incident(2).await.title, "Second");
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn what_stands_in_for_slack_and_knows_no_such_question_is_believed() {
    for fault in [
        Fault::Status { status: 404 },
        Fault::Code {
            code: "unknown_method".to_owned(),
        },
    ] {
        let mut world = not_introduced(fault).await;
        world
            .types("ada", "general", "declare P3 db It burns")
            .await;
        assert_eq!(world.incidents().await, 1);
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn a_known_foreigner_is_answered_200_and_leaves_a_line_in_the_log_and_no_row() {
    let world = World::new().await;
    let form = of_another_workspace(&world, "declare P1 db Another workspace's");
    world.sends_form(COMMAND, &form, 0).await;
    assert_eq!(world.rows_from("slack").await, 0);
    assert_eq!(ignored(&world), 1);
    world.finish().await;
}
