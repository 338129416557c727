//! What a provider does to our request URLs beside sending what happened.

use super::{edge, everything_on, get, github, send, slack};
use crate::edge::EdgeSettings;
use http::Request;

#[tokio::test]
async fn slacks_own_check_of_the_certificate_is_answered_and_is_no_forgery() {
    let edge = edge(everything_on());
    let form = "application/x-www-form-urlencoded";
    let forged = async |body: &'static str| {
        let request = Request::post("/slack/commands")
            .header("content-type", form)
            .header("content-length", body.len());
        send(&edge.app, request, body).await.status.as_u16()
    };
    let failures = async || {
        let scraped = send(&edge.metrics_port, get("/metrics"), "").await.body;
        let name = "wardroom_slack_signature_failures_total ";
        let line = scraped.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in {scraped}"));
        line.rsplit(' ').next().unwrap().to_owned()
    };
    assert_eq!(forged("ssl_check=1&token=abc").await, 200);
    assert_eq!(forged("ssl_check=1").await, 200);
    assert_eq!(failures().await, "0");
    let smuggled = "ssl_check=1&command=%2Fincident&text=declare&user_id=U1&channel_id=C1\
                    &trigger_id=1.2.x&team_id=T1";
    assert_eq!(forged(smuggled).await, 401);
    assert_eq!(forged("ssl_check=2").await, 401);
    assert_eq!(failures().await, "2");
    let wrong = slack("/slack/commands", "other", 0).header("content-length", 11);
    let wrong = send(&edge.app, wrong, "ssl_check=1").await;
    assert_eq!(wrong.status, 401, "a signature that is there must hold");
    let elsewhere = Request::post("/slack/interactions").header("content-length", 11);
    let elsewhere = send(&edge.app, elsewhere, "ssl_check=1").await;
    assert_eq!(
        elsewhere.status, 401,
        "Slack checks the URL of commands only"
    );
}

#[tokio::test]
async fn a_slash_at_the_end_of_a_request_url_changes_nothing() {
    let edge = edge(EdgeSettings {
        rate_limit_per_minute: 1,
        ..everything_on()
    });
    let hello = r#"{"type":"url_verification","challenge":"abc"}"#;
    for _ in 0..3 {
        let answer = send(&edge.app, slack("/slack/events/", hello, 0), hello).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "abc"));
    }
    for path in ["/slack/commands/", "/slack/interactions/"] {
        let odd = send(&edge.app, slack(path, "x=1", 0), "x=1").await;
        assert_eq!(odd.status, 400, "{path}: signed, and nothing in it");
    }
    for path in ["/github/webhooks/", "/webhooks/github/", "/webhook/"] {
        let mut request = github("{}").header("x-github-event", "ping");
        request = request.uri(path);
        let answer = send(&edge.app, request, "{}").await;
        assert_eq!(answer.status, 200, "{path}");
    }
    let scraped = send(&edge.metrics_port, get("/metrics"), "").await.body;
    assert!(scraped.contains(r#"path="/slack/events",status="200"} 3"#));
    assert!(!scraped.contains("/slack/events/"), "one label for both");
}
