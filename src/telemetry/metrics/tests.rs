//! What `/metrics` promises: every family from the first scrape, with exactly these labels.

use super::*;

fn scrape() -> String {
    Metrics::new("0.1.0", "abc").render()
}

#[test]
fn every_promised_family_has_a_series_from_the_first_scrape() {
    let text = scrape();
    let configured = ["bot_github_api_rate_limit_remaining"];
    for family in FAMILIES
        .iter()
        .filter(|family| !configured.contains(family))
    {
        let series = text.lines().any(|line| {
            let Some(rest) = line.strip_prefix(family) else {
                return false;
            };
            rest.starts_with(['{', ' ']) || rest.starts_with("_bucket{")
        });
        assert!(series, "{family} has no series in\n{text}");
    }
    assert!(text.contains("process_resident_memory_bytes"));
}

#[test]
fn labels_are_exactly_the_promised_ones() {
    let metrics = Metrics::new("0.1.0", "abc");
    metrics.http_answered("GET", "/version", 200, Duration::from_millis(3));
    let text = metrics.render();
    for series in [
        r#"http_requests_total{method="GET",path="/version",status="200"} 1"#,
        r#"bot_events_processed_total{event_type="slack_command",status="done"} 0"#,
        r#"bot_queue_length{queue="inbox"} 0"#,
        r#"bot_dead_letters{queue="outbox"} 0"#,
        r#"wardroom_slack_commands_total{command="declare",result="done"} 0"#,
        r#"wardroom_incidents_open{severity="P1"} 0"#,
        r#"wardroom_config_reloads_total{result="applied"} 0"#,
        r#"wardroom_build_info{commit="abc",version="0.1.0"} 1"#,
    ] {
        assert!(
            text.lines().any(|line| line == series),
            "{series} not in\n{text}"
        );
    }
}

#[test]
fn a_decision_that_takes_more_than_half_a_minute_is_told_from_one_that_takes_less() {
    let metrics = Metrics::new("0.1.0", "abc");
    metrics.signal_decided("slack_command", "done", Duration::from_secs(40));
    let text = metrics.render();
    for (seconds, count) in [("30", 0), ("60", 1)] {
        let labels = format!(r#"{{event_type="slack_command",le="{seconds}"}}"#);
        let line = format!("bot_event_processing_duration_seconds_bucket{labels} {count}");
        assert!(text.contains(&line), "{line} not in\n{text}");
    }
}

#[test]
fn every_verb_and_every_effect_has_a_series_of_its_own_from_the_first_scrape() {
    let text = scrape();
    let verbs = crate::domain::incident::verbs::VERBS.iter();
    let typed = verbs.map(|verb| {
        let typed = verb.example.trim_start_matches("/incident ").into();
        let command = crate::domain::incident::command::parse(
            &typed,
            &crate::domain::rules::Rules::default(),
        );
        let name = command.act.name();
        format!("wardroom_slack_commands_total{{command=\"{name}\",")
    });
    let effects = crate::domain::effect::Effect::kinds();
    let effects = effects.map(|kind| format!("wardroom_actions_total{{action=\"{kind}\","));
    for series in typed.chain(effects) {
        let found = text.lines().any(|line| line.starts_with(&series));
        assert!(found, "{series} not in\n{text}");
    }
}

#[test]
fn without_the_database_the_last_gauges_stand() {
    let metrics = Metrics::new("0.1.0", "abc");
    metrics.incidents_open.set(["P1"], 2.0);
    metrics.render();
    let text = metrics.render();
    assert!(text.contains(r#"wardroom_incidents_open{severity="P1"} 2"#));
}
