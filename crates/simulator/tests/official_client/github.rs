//! GitHub's own client octokit, with GitHub's description of its API, and PyGithub.

use crate::clients;
use simulator::Options;
use std::path::Path;
use std::sync::Arc;

/// The last two describe all bodies: responses and webhooks are checked against them.
const PACKAGES: &[&str] = &[
    "@octokit/rest@22.0.1",
    "@octokit/auth-app@8.3.1",
    "@octokit/plugin-throttling@11.0.5",
    "@octokit/webhooks-methods@6.0.0",
    "@octokit/openapi@23.0.2",
    "ajv@8.20.0",
    "ajv-formats@3.0.1",
];

fn options() -> Options {
    Options::new(Arc::new(chrono::Utc::now))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "tools: needs npm and its registry; .ci/run brings it"]
async fn octokit_is_served_and_refused_as_github_would() {
    let get = || clients::node_modules("octokit-22.0.1", PACKAGES);
    let modules = tokio::task::spawn_blocking(get).await.unwrap();
    let script = "octokit/octokit_rules.mjs";
    clients::check(options(), Path::new("node"), script, &modules, 40).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "tools: needs Python and its package index; .ci/run brings it"]
async fn pygithub_in_python_is_served_and_refused_as_github_would() {
    let get = || clients::python("PyGithub==2.10.0");
    let python = tokio::task::spawn_blocking(get).await.unwrap();
    let script = "pygithub/pygithub_rules.py";
    clients::check(options(), &python, script, Path::new("."), 15).await;
}
