//! What `/metrics` promises: every family from the first scrape, exactly these labels, and never a
//! series that a stranger's text made.

use super::*;

fn scrape() -> String {
    Metrics::new("0.1.0", "abc").render(None)
}

#[test]
fn every_promised_family_has_a_series_from_the_first_scrape() {
    let text = scrape();
    for family in FAMILIES {
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
    metrics.http_began();
    metrics.http_ended("GET", "/version", 200, Duration::from_millis(3));
    let text = metrics.render(None);
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
    let text = metrics.render(None);
    for (seconds, count) in [("30", 0), ("60", 1)] {
        let labels = format!(r#"{{event_type="slack_command",le="{seconds}"}}"#);
        let line = format!("bot_event_processing_duration_seconds_bucket{labels} {count}");
        assert!(text.contains(&line), "{line} not in\n{text}");
    }
}

#[test]
fn an_unknown_label_counts_as_other_and_makes_no_series_of_its_own() {
    let metrics = Metrics::new("0.1.0", "abc");
    for n in 0..100 {
        metrics.slack_command(&format!("verb{n}"), "done");
        metrics.signal_decided(&format!("kind{n}"), "?", Duration::ZERO);
    }
    let text = metrics.render(None);
    assert!(!text.contains("verb7") && !text.contains("kind7"));
    let other = r#"wardroom_slack_commands_total{command="other",result="done"} 100"#;
    assert!(text.contains(other), "{text}");
}

#[test]
fn without_the_database_the_last_gauges_stand() {
    let metrics = Metrics::new("0.1.0", "abc");
    let service = ServiceGauges {
        incidents_open: vec![("P1", 2)],
        ..ServiceGauges::default()
    };
    metrics.render(Some(&service));
    let text = metrics.render(None);
    assert!(text.contains(r#"wardroom_incidents_open{severity="P1"} 2"#));
}
