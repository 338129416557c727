//! GitHub's own client octokit, with GitHub's description of its API, and PyGithub.

use crate::clients;
use simulator::Options;
use std::path::Path;
use std::sync::Arc;

fn options() -> Options {
    Options::new(Arc::new(chrono::Utc::now))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "tools: needs npm and its registry; .ci/run brings it"]
async fn octokit_is_served_and_refused_as_github_would() {
    let modules = tokio::task::spawn_blocking(clients::octokit).await.unwrap();
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
