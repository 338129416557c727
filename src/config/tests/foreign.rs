//! Promises about variables that other programs set or changed, and about half of a feature.

use super::super::*;
use super::*;

fn told(notices: &[Notice]) -> Vec<&str> {
    let told = notices.iter().map(|notice| notice.message.as_str());
    told.filter(|told| !told.contains("private PostgreSQL"))
        .collect()
}

#[test]
fn quotes_that_an_env_file_keeps_are_taken_off_and_named() {
    let yaml = "heartbeats: {a: {period: 1s, token: \"${BEAT}\"}}";
    let (config, notices) = loaded(
        yaml,
        &[
            ("SLACK_SIGNING_SECRET", "\"abc\""),
            ("SLACK_BOT_TOKEN", "'xoxb-1'"),
            ("PORT", "\"8080\""),
            ("ADMIN_TOKEN", "\"\""),
            ("SERVICE_OWNERS", "'{\"api\":[\"U1\"]}'"),
            ("SERVICES", "api"),
            ("BEAT", "\"beat\""),
        ],
    );
    let slack = config.slack.unwrap();
    assert_eq!(slack.signing_secret.unwrap().expose(), "abc");
    assert_eq!(slack.bot_token.unwrap().expose(), "xoxb-1");
    assert_eq!(config.http.port, 8080);
    assert!(config.http.admin_token.is_none(), "two quotes are empty");
    assert_eq!(config.rules.services[0].owners, ["U1"]);
    let told = told(&notices);
    for name in [
        "SLACK_SIGNING_SECRET",
        "SLACK_BOT_TOKEN",
        "PORT",
        "ADMIN_TOKEN",
        "SERVICE_OWNERS",
        "BEAT",
    ] {
        let words = format!("{name} is in quotes: they are removed");
        let times = told.iter().filter(|told| **told == words).count();
        assert_eq!(times, 1, "{name}: {told:?}");
    }
}

#[test]
fn what_kubernetes_sets_for_a_service_of_the_same_name_is_ignored_and_named() {
    let link = |name| (name, "tcp://10.0.0.1:9090");
    let variables = [link("METRICS_PORT"), link("DB_PORT"), link("PORT")];
    let (config, notices) = loaded("", &variables);
    assert_eq!(config.http.metrics_port, MetricsPort::Default(9090));
    assert_eq!(config.http.port, 3000);
    let expected = ["DB_PORT", "METRICS_PORT", "PORT"]
        .map(|name| format!("{name} holds the address of a Kubernetes Service: ignored"));
    assert_eq!(told(&notices), expected);
}

#[test]
fn opentelemetrys_switches_are_obeyed_and_what_is_not_spoken_is_named() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel:4318");
    let grpc = "cannot be `grpc`: no traces are sent";
    for (more, enabled, named) in [
        (&[][..], true, None),
        (&[("OTEL_SDK_DISABLED", "true")], false, None),
        (&[("OTEL_SDK_DISABLED", "false")], true, None),
        (&[("OTEL_TRACES_EXPORTER", "none")], false, None),
        (&[("OTEL_TRACES_EXPORTER", "otlp")], true, None),
        (
            &[("OTEL_TRACES_EXPORTER", "zipkin")],
            false,
            Some("OTEL_TRACES_EXPORTER cannot be `zipkin`: no traces are sent".to_owned()),
        ),
        (
            &[("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")],
            true,
            None,
        ),
        (
            &[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
            false,
            Some(format!("OTEL_EXPORTER_OTLP_PROTOCOL {grpc}")),
        ),
        (
            &[
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
                ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
            ],
            false,
            Some(format!("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL {grpc}")),
        ),
    ] {
        let (config, notices) = loaded("", &[&[endpoint], more].concat());
        assert_eq!(config.telemetry.enabled, enabled, "{more:?}");
        let named: Vec<String> = named.into_iter().collect();
        assert_eq!(told(&notices), named, "{more:?}");
    }
    let (config, _) = loaded("", &[("OTEL_TRACES_EXPORTER", "console")]);
    assert!(config.telemetry.enabled && config.telemetry.sink == TelemetrySink::Console);
    let alone = [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    assert!(
        told(&loaded("", &alone).1).is_empty(),
        "nothing is sent anyway"
    );
}

#[test]
fn half_of_a_feature_is_a_warning_and_stays_off() {
    for (name, value, message) in [
        (
            "GITHUB_APP_ID",
            "seven",
            "GITHUB_APP_ID without GITHUB_APP_PRIVATE_KEY: the App stays off",
        ),
        (
            "GITHUB_APP_PRIVATE_KEY",
            "hello",
            "GITHUB_APP_PRIVATE_KEY without GITHUB_APP_ID: the App stays off",
        ),
        (
            "GITHUB_WEBHOOK_SECRET_PREVIOUS",
            "old",
            "GITHUB_WEBHOOK_SECRET_PREVIOUS without GITHUB_WEBHOOK_SECRET: ignored",
        ),
        (
            "SLACK_SIGNING_SECRET_PREVIOUS",
            "old",
            "SLACK_SIGNING_SECRET_PREVIOUS without SLACK_SIGNING_SECRET: ignored",
        ),
        (
            "STATUSPAGE_PAGE_ID",
            "kx1",
            "STATUSPAGE_PAGE_ID without STATUSPAGE_API_KEY: Statuspage stays off",
        ),
    ] {
        let (config, notices) = loaded("", &[(name, value)]);
        assert!(told(&notices).contains(&message), "{notices:?}");
        assert!(config.github.app().is_none() && config.slack.is_none());
    }
    // Alone, the previous secret must not open Slack's routes.
    let only_previous = [
        ("SLACK_BOT_TOKEN", "xoxb-1"),
        (
            "SLACK_SIGNING_SECRET_PREVIOUS",
            "0123456789abcdef0123456789abcdef",
        ),
    ];
    let (config, _notices) = loaded("", &only_previous);
    let slack = config.slack.expect("it has a token");
    assert!(slack.signing_secret.is_none() && slack.signing_secret_previous.is_none());
}
