//! Slack's own Python client.

use crate::clients;
use simulator::{Limits, Options};
use std::path::Path;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "tools: needs Python and its package index; .ci/run brings it"]
async fn slack_sdk_in_python_is_served_and_refused_as_slack_would() {
    let get = || clients::python("slack-sdk==3.47.0");
    let python = tokio::task::spawn_blocking(get).await.unwrap();
    let mut options = Options::new(Arc::new(chrono::Utc::now));
    options.limits = Limits::Slack;
    let script = "slack/slack_sdk_rules.py";
    clients::check(options, &python, script, Path::new("."), 41).await;
}
