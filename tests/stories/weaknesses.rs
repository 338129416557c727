//! The 34 weaknesses that a program with the same features was found to have, and where it is shown
//! that they are not ours. Those without a better place have their story below, under their number.
//!
//! `tests/rules` checks that each name exists, as a test or as a file.
//!
//! | No. | The weakness | What shows that it is not ours |
//! |---|---|---|
//! | 1 | settings of the environment that cannot be read at a real start | `weakness_01_lists_and_plain_values_of_the_environment_are_read_side_by_side` |
//! | 2 | direct messages that never arrive | `a_declaration_goes_to_the_route_of_its_severity_and_to_nobody_else` |
//! | 3 | a throttle that forgets | `a_person_is_written_to_once_in_five_minutes_also_after_a_restart_and_by_another_replica` |
//! | 4 | one failing target that stops the others | `one_target_that_cannot_be_told_keeps_it_from_nobody_else` |
//! | 5 | a fall that is told as a rise | `a_rise_is_told_and_a_fall_is_not_and_the_end_is_heard_by_who_heard_the_beginning` |
//! | 6 | a resolution that misses who heard the declaration | `a_rise_is_told_and_a_fall_is_not_and_the_end_is_heard_by_who_heard_the_beginning` |
//! | 7 | details posted twice, and the pinned one not recorded | `weakness_07_the_details_stand_once_in_the_channel_and_the_pinned_card_is_on_record` |
//! | 8 | jobs in memory, without order or second try | `weakness_08_the_status_page_ends_on_the_truth_through_failures_and_a_restart` |
//! | 9 | work that is lost between the answer and the doing | `weakness_09_a_command_that_was_answered_is_done_by_the_process_that_comes_after` |
//! | 10 | double delivery, double incident | `events_of_every_kind_delivered_often_and_in_any_order_end_in_the_same_state` |
//! | 11 | a form's errors that are not shown | `a_wrong_field_is_told_in_the_form_and_the_corrected_form_is_the_first_that_counts` |
//! | 12 | a form that waits behind other work until its trigger is dead | `weakness_12_a_form_is_opened_before_everything_else_that_waits` |
//! | 13 | a template whose choice is ignored | `a_template_fills_in_the_form_and_what_it_asks_stands_on_the_timeline` |
//! | 14 | a change without its timeline or audit | `weakness_14_a_change_its_timeline_and_its_audit_stand_together_or_not_at_all` |
//! | 15 | two who resolve at once, and changes after the end | `two_people_resolving_at_once_on_two_replicas_end_it_once_and_it_is_told_once`, `what_is_over_stays_over_whoever_asks` |
//! | 16 | a declaration in the name of the chosen commander | `a_form_declares_what_was_filled_in_and_the_answer_comes_where_it_was_asked_for` |
//! | 17 | people who are not asked in, because of one bad id or at all | `one_person_who_cannot_be_asked_in_keeps_nobody_else_out`, `an_incident_lives_from_one_line_to_its_postmortem_and_everybody_hears_once` |
//! | 18 | a commander who cannot be replaced | `an_admin_may_what_the_commander_may_and_hands_an_orphaned_incident_over` |
//! | 19 | long timelines and postmortems that Slack refuses | `a_long_incident_is_read_whole_on_its_timeline_and_in_its_postmortem` |
//! | 20 | typed text that calls and links | `what_somebody_typed_never_calls_anybody_or_links_anywhere` |
//! | 21 | messages without words for notifications | `every_message_has_words_for_those_who_see_no_blocks` |
//! | 22 | an end without its hour | `weakness_22_the_database_itself_keeps_an_end_and_its_hour_together` |
//! | 23 | a service shown as well while another incident burns | `weakness_23_a_shared_component_is_well_only_when_no_incident_hits_it` |
//! | 24 | a status page that is on with empty credentials | `weakness_24_empty_credentials_are_none` |
//! | 25 | a database that is away and restarts every process | `liveness_needs_nothing_and_readiness_needs_the_database` |
//! | 26 | `HOST` ignored, and a database client without TLS | `weakness_26_the_address_is_the_configured_one_and_the_database_is_asked_for_tls` |
//! | 27 | no limits, no figures, no request ids | `an_address_has_its_minutes_worth_unless_it_proves_who_it_is`, `a_body_that_is_too_large_is_413`, `every_promised_family_has_a_series_from_the_first_scrape`, `a_span_goes_on_with_the_trace_that_its_row_kept`, `every_answer_has_an_id_and_the_careful_headers` |
//! | 28 | people's words in the log | `weakness_28_no_log_line_of_any_level_holds_what_people_said` |
//! | 29 | a way to wipe the audit | `a_migration_protects_the_history_from_everybody` |
//! | 30 | a timeline that does not say on which day | `a_timeline_of_several_days_has_full_dates_and_is_for_the_one_who_asks` |
//! | 31 | manifests and pages that name what does not exist | `tests/manifests/check.py`, `the_example_environment_is_every_variable_and_nothing_else` |
//! | 32 | an image whose health check and build rely on what is not there | `the_image_needs_nothing_that_it_does_not_have` |
//! | 33 | queries that are checked in the pages only | `queries_are_checked_when_they_are_compiled` |
//! | 34 | Slack's own checks unanswered, and any workspace served | `checks_and_challenges_are_answered_at_once_and_not_stored`, `a_request_for_another_installation_is_not_stored` |

use crate::world::World;
use chrono::Duration;
use simulator::{Fault, FaultRule};
use sqlx::ConnectOptions as _;
use std::collections::HashMap;
use wardroom::app::Listeners;
use wardroom::config::Config;

const CHANNEL: &str = "inc-20260301-db";

// 1
#[tokio::test]
async fn weakness_01_lists_and_plain_values_of_the_environment_are_read_side_by_side() {
    let environment = [
        ("SERVICES", "db, web shop"),
        ("SERVICE_OWNERS", r#"{"db": ["U0CEM"]}"#),
        ("P1_CHANNELS", "C0BUILDS,C0ENG"),
        ("P1_USERS", "U0CEM"),
        ("SHUTDOWN_GRACE_SECONDS", "7"),
    ];
    let mut world = World::with_config("version: \"1\"", &environment).await;
    world
        .types("bea", "general", "declare P1 db The disk is full")
        .await;
    for place in ["builds", "engineering", "@cem"] {
        world.expect_message(place, "P1 incident #1");
    }
    world.expect_message(CHANNEL, "The disk is full");
    world.skip_messages_in("bea");
    let members = world.channel(CHANNEL).members;
    assert!(members.iter().any(|one| one == "U0CEM"), "{members:?}");
    world.finish().await;
}

// 7
#[tokio::test]
async fn weakness_07_the_details_stand_once_in_the_channel_and_the_pinned_card_is_on_record() {
    let mut world = World::new().await;
    world
        .types("bea", "general", "declare P1 db The disk is full")
        .await;
    let channel = world.channel(CHANNEL);
    let posts: Vec<_> = channel
        .posts()
        .filter(|post| post.ephemeral_to.is_none())
        .collect();
    let [card] = posts[..] else {
        panic!("{posts:#?}")
    };
    assert_eq!(channel.pins, [card.ts.as_str()]);
    assert_eq!(world.newest().await.card_ts.unwrap().as_str(), card.ts);
    world.skip_messages();
    world.finish().await;
}

// 8
#[tokio::test]
async fn weakness_08_the_status_page_ends_on_the_truth_through_failures_and_a_restart() {
    let mut world = World::new().await;
    for fault in [Fault::Status { status: 500 }, Fault::DoneAfterHangUp] {
        world.slack.fault(FaultRule::once("statuspage", fault));
    }
    let channel = world.declared("bea", "P1 api Checkout returns 500s").await;
    world.restart().await;
    world.pass(Duration::seconds(1)).await;
    world.types("bea", &channel, "resolved").await;
    world.restart().await;
    world.pass_in_steps(Duration::seconds(5), 12).await;
    assert_eq!(
        world.slack.component_status("kx1").as_deref(),
        Some("operational")
    );
    let open = world.effects("open").await;
    assert!(open.is_empty(), "{open:#?}");
    world.skip_messages();
    world.finish().await;
}

// 9
#[tokio::test]
async fn weakness_09_a_command_that_was_answered_is_done_by_the_process_that_comes_after() {
    let mut world = World::new().await;
    let bea = world.person("bea");
    let form = bea.command_form("general", "/incident", "declare P3 db The disk is full");
    let (path, form, _) = form.unwrap();
    world.sends_form(&path, &form, 0).await;
    world.restart().await;
    world.settle().await;
    world.expect_ephemeral("bea", "Declared incident *#1*");
    world.expect_message(CHANNEL, "The disk is full");
    world.finish().await;
}

// 12
#[tokio::test]
async fn weakness_12_a_form_is_opened_before_everything_else_that_waits() {
    let mut world = World::new().await;
    for _ in 0..40 {
        let form = world
            .person("cem")
            .command_form("general", "/incident", "help");
        let (path, form, _) = form.unwrap();
        world.sends_form(&path, &form, 0).await;
    }
    let form = world
        .person("bea")
        .command_form("general", "/incident", "declare");
    let (path, form, _) = form.unwrap();
    world.sends_form(&path, &form, 0).await;
    while world.app.engine.intake_step().await.unwrap() {}
    let waiting = world.effects("open").await.len();
    assert_eq!(waiting, 41);
    let asked = world.slack.requests().len();
    let first = world.app.engine.delivery_step().await.unwrap();
    assert!(
        first < waiting,
        "all of them go at once, so this shows nothing"
    );
    let requests = world.slack.requests();
    assert!(
        requests[asked..]
            .iter()
            .any(|call| call.method == "views.open")
    );
    assert!(world.person("bea").modal().is_some());
    world.settle().await;
    world.skip_messages();
    world.finish().await;
}

// 14
#[tokio::test]
async fn weakness_14_a_change_its_timeline_and_its_audit_stand_together_or_not_at_all() {
    for table in ["audit_log", "incident_timeline", "outbox", "notifications"] {
        let mut world = World::new().await;
        world.declared("bea", "P3 db The disk is full").await;
        let before = world.newest().await;
        let refuse = format!("alter table {table} add constraint away check (false) not valid");
        world.database.execute(&refuse).await.unwrap();
        world.types("bea", CHANNEL, "severity P2 it grows").await;
        assert_eq!(world.newest().await, before, "{table} failed");
        assert_eq!(world.timeline(&before).await.len(), 1, "{table} failed");
        assert_eq!(world.audit().await.len(), 1, "{table} failed");
        world.expect_no_message();
        let mend = format!("alter table {table} drop constraint away");
        world.database.execute(&mend).await.unwrap();
        world.pass_in_steps(Duration::seconds(5), 3).await;
        assert_eq!(
            world.newest().await.severity.as_str(),
            "P2",
            "{table} is repaired"
        );
        world.expect_message(CHANNEL, "Severity P3 → 🟠 P2");
        world.expect_message("engineering", "P2 now, incident #1");
        world.skip_messages_in("bea");
        world.finish().await;
    }
}

// 22
#[tokio::test]
async fn weakness_22_the_database_itself_keeps_an_end_and_its_hour_together() {
    let mut world = World::new().await;
    world.declared("bea", "P3 db The disk is full").await;
    for sql in [
        "update incidents set status = 'resolved'",
        "update incidents set resolved_at = now()",
    ] {
        let refused = world.database.execute(sql).await;
        let error = refused.expect_err(sql).to_string();
        assert!(error.contains("incidents_resolved"), "{error}");
    }
    world.types("bea", CHANNEL, "resolved").await;
    world.skip_messages();
    let refused = world
        .database
        .execute("update incidents set resolved_at = null")
        .await;
    assert!(refused.is_err());
    world.finish().await;
}

// 23
#[tokio::test]
async fn weakness_23_a_shared_component_is_well_only_when_no_incident_hits_it() {
    let mut world = World::new().await;
    let shown = |world: &World| world.slack.component_status("kx1").unwrap();
    let api = world.declared("bea", "P1 api Checkout returns 500s").await;
    assert_eq!(shown(&world), "major_outage");
    let shop = world
        .declared("bea", "P2 web shop The basket is empty")
        .await;
    assert_eq!(shown(&world), "major_outage");
    let again = world.declared("bea", "P3 api Slow").await;
    world.types("bea", &api, "resolved").await;
    assert_eq!(shown(&world), "partial_outage");
    world.types("bea", &shop, "resolved").await;
    assert_eq!(shown(&world), "degraded_performance");
    world.types("bea", &again, "resolved").await;
    assert_eq!(shown(&world), "operational");
    world.skip_messages();
    world.finish().await;
}

// 24
#[tokio::test]
async fn weakness_24_empty_credentials_are_none() {
    let off = [("STATUSPAGE_API_KEY", ""), ("STATUSPAGE_PAGE_ID", "  ")];
    let mut world = World::with(&off).await;
    let channel = world.declared("bea", "P1 api Checkout returns 500s").await;
    world.types("bea", &channel, "resolved").await;
    world.skip_messages();
    assert_eq!(world.slack.calls("statuspage"), 0);
    world.finish().await;
}

// 26
#[tokio::test]
async fn weakness_26_the_address_is_the_configured_one_and_the_database_is_asked_for_tls() {
    let env: HashMap<&str, &str> = [
        ("HOST", "127.0.0.2"),
        ("PORT", "0"),
        ("METRICS_PORT", "0"),
        ("DATABASE_URL", "postgres://someone@localhost/wardroom"),
    ]
    .into();
    let empty = std::env::temp_dir().join(format!("wardroom-{}.yaml", uuid::Uuid::new_v4()));
    std::fs::write(&empty, "version: \"1\"\n").unwrap();
    let loaded = Config::load(Some(&empty), &|name| {
        env.get(name).map(|&value| value.to_owned())
    });
    let (config, _) = loaded.unwrap_or_else(|problems| panic!("{problems:#?}"));
    std::fs::remove_file(&empty).unwrap();
    let listeners = Listeners::bind(&config.http).await.unwrap();
    let address = listeners.app.local_addr().unwrap();
    assert_eq!(address.ip().to_string(), "127.0.0.2");

    let require = crate::world::server().ssl_mode(sqlx::postgres::PgSslMode::Require);
    match require.connect().await {
        Ok(_) => {}
        Err(error) => assert!(!error.to_string().contains("built without TLS"), "{error}"),
    }
}

// 28
#[tokio::test]
async fn weakness_28_no_log_line_of_any_level_holds_what_people_said() {
    let mut world = World::new().await;
    world
        .types("bea", "general", "declare P1 db unspeakable title")
        .await;
    for line in [
        "status unspeakable",
        "investigating unspeakable",
        "sev P2 unspeakable",
        "unspeakable",
        "declare",
    ] {
        world.types("bea", CHANNEL, line).await;
    }
    let fields = [
        ("Title", "unspeakable"),
        ("Severity", "P3"),
        ("Service", "db"),
    ];
    world.submits("bea", &fields).await;
    world.types("bea", CHANNEL, "resolved unspeakable").await;
    world.types("bea", CHANNEL, "postmortem").await;
    let lines = world.log();
    assert!(
        lines.iter().any(|line| line.contains("decided")),
        "nothing is logged at all"
    );
    for secret in ["unspeakable", "xoxb-", "a-signing-secret", "/response/"] {
        let told: Vec<&String> = lines.iter().filter(|line| line.contains(secret)).collect();
        assert!(told.is_empty(), "{told:#?}");
    }
    world.skip_messages();
    world.finish().await;
}
