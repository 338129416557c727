//! One trace from Slack's request over its decision and the effect to the receipt, as a collector
//! sees it; and nothing for a collector that is not configured.

use crate::harness::collector::{Collector, Span};
use crate::harness::wardroom::Wardroom;
use crate::harness::{Deployment, until};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

fn set(deployment: &mut Deployment, variables: &[(&str, &str)]) {
    for (name, value) in variables {
        deployment
            .env
            .insert((*name).to_owned(), (*value).to_owned());
    }
}

async fn declare(deployment: &Deployment) {
    let ada = deployment.slack.person("ada");
    let response = ada.command(
        "builds",
        "/incident",
        "declare P1 api Checkout returns 500s",
    );
    assert!(response.await.is_ok());
    deployment.settle(LIMIT).await;
}

fn children<'s>(spans: &'s [Span], parent: &Span, name: &str) -> Vec<&'s Span> {
    let of = |span: &&Span| span.parent == parent.id && span.trace == parent.trace;
    let children = spans.iter().filter(of);
    children.filter(|span| span.name == name).collect()
}

fn outcome(span: &Span) -> Option<&str> {
    span.attributes.get("outcome").map(String::as_str)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_leads_from_the_request_to_the_receipt() {
    let mut deployment = Deployment::new().await;
    let collector = Collector::start().await;
    set(
        &mut deployment,
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url),
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "authorization=Bearer%20let-me-in",
            ),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "service.name=ops-bot,team=pay%20ments",
            ),
            // A quiet log loses no span.
            ("RUST_LOG", "error,wardroom::app=info,wardroom::cli=info"),
        ],
    );
    let child = deployment.start().await;
    declare(&deployment).await;
    // The end hands over what is left.
    child.stop().await;

    let spans = collector.spans();
    let names: Vec<_> = spans
        .iter()
        .map(|span| (&span.name, &span.parent))
        .collect();
    let request = spans
        .iter()
        .find(|span| span.name == "POST /slack/commands")
        .unwrap_or_else(|| panic!("no request among {names:?}"));
    assert_eq!(request.parent, "", "Slack's own trace is never continued");
    let decided = children(&spans, request, "decide");
    let [decided] = decided.as_slice() else {
        panic!("one decision of the command, not {decided:#?}")
    };
    assert_eq!(decided.attributes["signal.kind"], "command");
    let delivered = children(&spans, decided, "deliver");
    let channel = delivered
        .iter()
        .find(|span| span.attributes["effect.kind"] == "create_channel")
        .unwrap_or_else(|| panic!("no channel among {delivered:#?}"));
    // A signal that is left out of a batch has a span there too, which says so.
    let receipts = children(&spans, channel, "decide");
    assert!(
        receipts.iter().all(|span| outcome(span).is_some()),
        "{receipts:#?}"
    );
    let done = receipts.iter().filter(|span| outcome(span) == Some("done"));
    let [receipt] = done.collect::<Vec<_>>()[..] else {
        panic!("one receipt of the channel, not {receipts:#?}")
    };
    assert!(
        !children(&spans, receipt, "deliver").is_empty(),
        "what the channel's receipt brings about is in the same trace"
    );

    for (name, value) in [
        ("service.name", "ops-bot"),
        ("team", "pay ments"),
        ("deployment.environment.name", "production"),
    ] {
        assert_eq!(request.resource[name], value, "{name}");
    }
    let (_, headers) = collector.requests();
    assert_eq!(headers["authorization"], "Bearer let-me-in");
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_that_is_not_sampled_is_not_sent() {
    let mut deployment = Deployment::new().await;
    let collector = Collector::start().await;
    set(
        &mut deployment,
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url),
            ("OTEL_SERVICE_NAME", "quiet"),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0"),
        ],
    );
    let child = deployment.start().await;
    declare(&deployment).await;
    let log = child.stop().await;
    assert_eq!(collector.requests().0, 0, "{:#?}", collector.spans());
    // The log's lines say to which trace they belong all the same.
    let decided = log.iter().find(|line| line.contains("\"decided\""));
    let decided: serde_json::Value = serde_json::from_str(decided.unwrap()).unwrap();
    assert_eq!(decided["trace_id"].as_str().map(str::len), Some(32));
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_fails_degrades_and_one_that_is_back_does_not() {
    let mut deployment = Deployment::new().await;
    let collector = Collector::start().await;
    set(
        &mut deployment,
        &[
            (
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                &format!("{}/v1/traces", collector.url),
            ),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ],
    );
    collector.refuses(true);
    let child = deployment.start().await;
    becomes(&child, "degraded").await;
    child.says(0, "spans cannot be exported").await;
    collector.refuses(false);
    becomes(&child, "ok").await;
    child.says(0, "spans are exported again").await;
    child.stop().await;
    deployment.close().await;
}

/// Waits until readiness is 200 and says so of the collector.
async fn becomes(child: &Wardroom, wanted: &str) {
    let url = format!("{}/health/ready", child.url);
    until(LIMIT, wanted, || async {
        let answer = reqwest::get(&url).await.unwrap();
        assert_eq!(answer.status(), 200);
        let said: serde_json::Value = answer.json().await.unwrap();
        said["checks"]["otlp"]["status"] == wanted && (wanted == "ok" || said["status"] == wanted)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_start_writes_its_traces_into_a_file() {
    let mut deployment = Deployment::embedded().await;
    set(
        &mut deployment,
        &[
            ("WARDROOM_TELEMETRY_ENABLED", "true"),
            ("WARDROOM_TELEMETRY_SINK", "file"),
        ],
    );
    let child = deployment.start().await;
    declare(&deployment).await;
    child.stop().await;
    let data = &deployment.env["WARDROOM_DATA_DIR"];
    let lines = std::fs::read_to_string(format!("{data}/traces.ndjson")).unwrap();
    assert!(lines.contains("\"POST /slack/commands\""), "{lines}");
    deployment.close().await;
}
