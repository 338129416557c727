//! Webhooks at the rate of a large organisation, while all of them are decided and what failed is inspected.
//!
//! Two thirds are of kinds that are not used, and one in a hundred is a failed run, whose jobs, log and test
//! reports are read from the simulated GitHub, and which is told in Slack. Bodies of 25 MiB come in between.
//! The times of the answers count from when each webhook was due. The backlog consists only of webhooks that are
//! stored, so one in 27 of it is inspected.

use super::client::{Client, Make, Request, paced};
use super::fixture::Fixture;
use super::intake::{arrival, decided, waits};
use super::payload::{self, Run};
use super::report::{Report, millis};
use anyhow::ensure;
use simulator::{APP_KEY, AttemptPlan, GitHub, JobPlan, RunPlan};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;
use wardroom::store::Arrival;

const RATE: u64 = 200;
const SECONDS: u64 = 30;
const CLIENTS: u64 = 32;
/// GitHub sends at most 25 MiB.
const LARGE: usize = 25 * 1024 * 1024;
/// The commits of a push of nearly that size.
const LARGE_COMMITS: u64 = 50_000;
const EVERY: Duration = Duration::from_secs(5);
/// Stored webhooks, a multiple of 27.
const BACKLOG: u64 = 27 * 150;
/// One in so many of the backlog has a large body.
const LARGE_ONE_IN: u64 = 27 * 25;
const REPOSITORIES: u64 = 20;

const CONFIG: &str = "github: { repositories: ['acme/*'], channel: C0BENCH }\n";

/// A webhook of the mix.
struct Webhook {
    event: &'static str,
    body: Vec<u8>,
    /// What orders it among others.
    subject: String,
}

pub async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    let github = fixture.slack.github();
    let variables = installed(&fixture, &github)?;
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();

    let failing = Arc::new(failing(&github, RATE * SECONDS / 100));
    let server = fixture.serve(&variables).await?;
    let sends: Make = {
        let failing = failing.clone();
        Arc::new(move |_client, number| {
            let webhook = any(number, &failing);
            Request::webhook(webhook.event, &Uuid::new_v4().to_string(), webhook.body)
        })
    };
    let large = (0..SECONDS / EVERY.as_secs()).map(large_request);
    let large: Vec<Request> = large.collect::<anyhow::Result<_>>()?;
    let large = tokio::spawn(large_ones(server.address, large));
    let load = paced(server.address, CLIENTS, RATE, RATE * SECONDS, sends).await?;
    let ended = Instant::now();
    let large = large.await??;
    let what = "webhooks/s that are answered, all decided along";
    report.at_least(what, load.rate(), "/s", RATE as f64 * 0.99);
    let figures = format!(
        "p50 {:.1} ms, p99 {:.0} ms; of 25 MiB {:.0} ms",
        millis(load.within(0.5)),
        millis(load.within(0.99)),
        millis(large)
    );
    report.figure("  answers", figures);
    report.at_most(
        "  the slowest answer",
        millis(load.within(1.0)),
        "ms",
        1_000.0,
    );
    inspected(&fixture, &failing).await?;
    let after = format!(
        "{:.1} s after the last webhook",
        ended.elapsed().as_secs_f64()
    );
    report.figure("  all failed runs inspected", after);
    report.at_most(
        "  memory, with bodies of 25 MiB",
        server.memory("VmHWM")?,
        "MB",
        150.0,
    );
    let cpu = millis(server.cpu()?) / (RATE * SECONDS) as f64;
    report.figure(
        "  CPU time of the server for a webhook",
        format!("{cpu:.2} ms"),
    );
    drop(server);

    let failing = self::failing(&github, BACKLOG / 27);
    let backlog = (0..BACKLOG).map(|number| waiting(number, &failing));
    let count = waits(&fixture, backlog.collect()).await?;
    let server = fixture.serve(&variables).await?;
    let began = Instant::now();
    let rate = decided(&fixture, count).await?;
    report.at_least(
        "webhooks of a backlog decided per second",
        rate,
        "/s",
        500.0,
    );
    inspected(&fixture, &failing).await?;
    let after = format!("{:.1} s after the start", began.elapsed().as_secs_f64());
    report.figure("  all failed runs inspected", after);
    report.at_most(
        "  memory, with bodies of 25 MiB",
        server.memory("VmHWM")?,
        "MB",
        150.0,
    );
    drop(server);
    fixture.remove().await
}

/// The App is installed, and sends no webhooks of its own.
fn installed(fixture: &Fixture, github: &GitHub) -> anyhow::Result<Vec<(&'static str, String)>> {
    github.behave(|behaviour| behaviour.hold_webhooks = true);
    github.install("acme");
    for number in 0..REPOSITORIES {
        github.add_repository(&repository(number));
        github.push(&repository(number), "refund", "src/refund.rs", "…", "ada");
    }
    Ok(vec![
        ("GITHUB_API_URL", github.api_url()),
        ("GITHUB_APP_ID", github.app_id().to_string()),
        ("GITHUB_APP_PRIVATE_KEY", APP_KEY.to_owned()),
        ("WARDROOM_CONFIG", fixture.write("wardroom.yaml", CONFIG)?),
    ])
}

fn repository(number: u64) -> String {
    format!("acme/service-{}", number % REPOSITORIES)
}

fn branch(number: u64) -> &'static str {
    if number.is_multiple_of(3) {
        "main"
    } else {
        "refund"
    }
}

/// Failed runs on GitHub, of a network, of a test with its report, and of a compiler. The place of a run in the
/// list gives its repository and branch.
fn failing(github: &GitHub, count: u64) -> Vec<u64> {
    let report = "<testsuite tests=\"2\"><testcase classname=\"refund\" name=\"rounds\"><failure message=\"12 is not 13\"/>\
                  </testcase><testcase classname=\"refund\" name=\"adds\"/></testsuite>";
    let run = |number: u64| {
        let lines = "Compiling refund v1.0.0\n".repeat(200);
        let log = match number % 3 {
            0 => "fatal: unable to access 'https://github.com/acme/lib/': Connection reset by peer",
            1 => "test refund::rounds ... FAILED\nassertion `left == right` failed",
            _ => "error[E0308]: mismatched types",
        };
        let attempt = AttemptPlan::new(vec![JobPlan::failed("test", &format!("{lines}{log}"))]);
        let attempt = match number % 3 {
            1 => attempt.artifact("junit", &[("report.xml", report)]),
            _ => attempt,
        };
        let plan = RunPlan::default().then(attempt).on_branch(branch(number));
        let id = github.run(&repository(number), plan);
        github.rearrange_webhooks(Vec::clear);
        id
    };
    (0..count).map(run).collect()
}

/// The mix: of each hundred, 73 are not stored. The places are taken in an order that scatters the kinds.
fn any(number: u64, failing: &[u64]) -> Webhook {
    let repository = repository(number);
    let unused = |event| Webhook {
        event,
        body: payload::unused(event, &repository, number, 1),
        subject: String::new(),
    };
    match number * 37 % 100 {
        0..28 => unused("check_run"),
        28..52 => unused("workflow_job"),
        52..60 => unused("check_suite"),
        60..66 => unused("status"),
        66..73 => pull(&repository, number, false),
        place => stored(number / 100, place - 73, failing),
    }
}

/// Of each 27 that are stored: 10 pushes, a merge, and 16 about six runs, of which one fails.
fn stored(round: u64, place: u64, failing: &[u64]) -> Webhook {
    let number = round * 27 + place;
    let repository = repository(number);
    match place {
        0..10 => Webhook {
            event: "push",
            body: payload::push(&repository, branch(number), number, 12),
            subject: format!("github:{repository}"),
        },
        10 => pull(&repository, number, true),
        11..16 => run(round * 5 + place - 11, "requested", ""),
        16..21 => run(round * 5 + place - 16, "in_progress", ""),
        21..26 => run(round * 5 + place - 21, "completed", "success"),
        _ => {
            let id = failing.get(round as usize).copied().unwrap_or_default();
            about_run(round, round * 5 + 4, id, "completed", "failure")
        }
    }
}

fn pull(repository: &str, number: u64, merged: bool) -> Webhook {
    Webhook {
        event: "pull_request",
        body: payload::pull_request(repository, number, merged),
        subject: format!("github:{repository}#{number}"),
    }
}

/// A run that no other part knows.
fn run(number: u64, action: &str, conclusion: &str) -> Webhook {
    about_run(number, number, 9_000_000_000 + number, action, conclusion)
}

fn about_run(line: u64, number: u64, id: u64, action: &str, conclusion: &str) -> Webhook {
    let repository = repository(line);
    let about = Run {
        repository: &repository,
        id,
        number,
        branch: branch(line),
        action,
        conclusion,
    };
    Webhook {
        event: "workflow_run",
        body: payload::run(&about),
        subject: format!("github:{repository}:run:{id}"),
    }
}

/// Stored ones only; now and then a push of 25 MiB.
fn waiting(number: u64, failing: &[u64]) -> Arrival {
    let Webhook {
        event,
        body,
        subject,
    } = if number.is_multiple_of(LARGE_ONE_IN) {
        large_push(number)
    } else {
        stored(number / 27, number % 27, failing)
    };
    arrival("github", event, subject, body)
}

fn large_push(number: u64) -> Webhook {
    let repository = repository(number);
    Webhook {
        event: "push",
        body: payload::push(&repository, "main", number, LARGE_COMMITS),
        subject: format!("github:{repository}"),
    }
}

/// A body of 25 MiB, of a kind that is stored or of one that is not.
fn large_request(number: u64) -> anyhow::Result<Request> {
    let event = if number.is_multiple_of(2) {
        "push"
    } else {
        "check_run"
    };
    let body = large_push(number).body;
    ensure!(
        body.len() > LARGE * 9 / 10 && body.len() < LARGE,
        "{} bytes",
        body.len()
    );
    Request::webhook(event, &Uuid::new_v4().to_string(), body)
}

/// Returns the time of the slowest answer.
async fn large_ones(address: SocketAddr, requests: Vec<Request>) -> anyhow::Result<Duration> {
    let mut client = Client::connect(address).await?;
    let mut slowest = Duration::ZERO;
    let mut beat = tokio::time::interval(EVERY);
    for request in requests {
        beat.tick().await;
        let began = Instant::now();
        let status = client.send(&request).await?;
        ensure!(status == 202, "a body of 25 MiB was answered {status}");
        slowest = slowest.max(began.elapsed());
    }
    Ok(slowest)
}

/// Waits until these failed runs have a finding, each by what was read of GitHub.
async fn inspected(fixture: &Fixture, failing: &[u64]) -> anyhow::Result<()> {
    let mut connection = fixture.connection().await?;
    let runs: Vec<i64> = failing.iter().map(|id| *id as i64).collect();
    for _ in 0..600 {
        let (found, unknown): (i64, i64) = sqlx::query_as(
            "select count(distinct run_id), count(*) filter (where class = 'unknown')
               from ci_findings where run_id = any($1)",
        )
        .bind(&runs)
        .fetch_one(&mut connection)
        .await?;
        ensure!(
            unknown == 0,
            "{unknown} findings without a cause:\n{}",
            fixture.log()
        );
        if found as usize == runs.len() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!(
        "the failed runs were not inspected in time:\n{}",
        fixture.log()
    )
}
