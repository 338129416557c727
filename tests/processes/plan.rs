//! `wardroom github plan`: what would have been done about the runs of the past.

use crate::harness::Deployment;
use crate::harness::wardroom::{Ended, run};
use simulator::{APP_KEY, AttemptPlan, Fault, FaultRule, GitHub, JobPlan, RunPlan};
use std::time::Duration;

const RESET: &str = "fatal: unable to access 'https://x:ghp_0123456789abcdefghij0123456789abcdef@github.com/acme/api/': \
                     Connection reset by peer";
const ASSERTION: &str = "test basket::adds ... FAILED\n\ntest result: FAILED. 10 passed; 1 failed";

/// A deployment with the App's credentials, and a database that nothing reaches.
async fn with_an_app() -> Deployment {
    let mut deployment = Deployment::new().await;
    let github = deployment.slack.github();
    github.behave(|behaviour| behaviour.hold_webhooks = true);
    github.install("acme");
    github.add_repository("acme/api");
    for (name, value) in [
        ("GITHUB_API_URL", github.api_url()),
        ("GITHUB_APP_ID", github.app_id().to_string()),
        ("GITHUB_APP_PRIVATE_KEY", APP_KEY.to_owned()),
        (
            "DATABASE_URL",
            "postgres://wardroom@127.0.0.1:1/none".to_owned(),
        ),
    ] {
        deployment.env.insert(name.to_owned(), value);
    }
    deployment
}

async fn plans(deployment: &Deployment, more: &[&str]) -> Ended {
    run(&deployment.env, &[&["github", "plan"], more].concat()).await
}

fn fails(job: &str, log: &str) -> RunPlan {
    RunPlan::new("CI", vec![JobPlan::failed(job, log)])
}

/// The run was repeated by a person, and passed.
fn healed_by_a_person(github: &GitHub, days: i64) {
    let passes = AttemptPlan::new(vec![JobPlan::passed("fetch")]);
    let run = github.run(
        "acme/api",
        fails("fetch", RESET).then(passes).days_old(days),
    );
    github.rerun_by_person(run, "ada");
    github.finish_run(run);
}

/// How often each endpoint was called by this verb.
fn calls(deployment: &Deployment, verb: &str) -> Vec<String> {
    let all = deployment.slack.requests().into_iter();
    let own = all.filter(|call| call.args["verb"] == verb);
    let mut names: Vec<String> = own.map(|call| call.method).collect();
    names.sort();
    names.dedup();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_past_is_read_decided_and_printed_and_nothing_is_written_anywhere() {
    let deployment = with_an_app().await;
    let github = deployment.slack.github();
    github.run("acme/api", fails("fetch", RESET).days_old(20));
    github.run("acme/api", fails("test", ASSERTION).days_old(3));
    healed_by_a_person(&github, 2);
    github.run(
        "acme/api",
        fails("fetch", RESET).for_event("issue_comment").days_old(1),
    );
    let before = github.repository("acme/api");
    let ended = plans(&deployment, &[]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let lines: Vec<&str> = ended.stdout.lines().collect();
    let wanted = [
        ("acme/api CI #2 on main", "failure"),
        ("  test: a failed test", ""),
        ("    > Current runner version: '2.330.0'", ""),
        ("    > Runner image: ubuntu-latest", ""),
        ("    > test basket::adds ... FAILED", ""),
        ("    > test result: FAILED.", ""),
        ("  No re-run: “test” failed because of a failed test", "."),
        ("  Actual: it was not re-run.", ""),
        ("acme/api CI #3 on main", "failure"),
        ("  fetch: a network error", ""),
        ("    > Current runner version: '2.330.0'", ""),
        ("    > Runner image: ubuntu-latest", ""),
        ("    > fatal: unable to access", "Connection reset by peer"),
        ("  Dry run: would have re-run the failed jobs (1 of 2).", ""),
        ("  Actual: ada re-ran it at ", ", and it passed."),
        ("", ""),
        ("4 attempts ended; 2 of 2 runs failed", ""),
        ("runs that failed, by class: network 1, test_failure 1", ""),
        (
            "would have been re-run: 1; actually re-run and passed 1,",
            "",
        ),
        ("not re-run, by reason: not_excused 1", ""),
    ];
    for (line, (begin, end)) in lines.iter().zip(wanted) {
        assert!(
            line.contains(begin) && line.ends_with(end),
            "{line}\n{lines:#?}"
        );
    }
    assert!(!ended.stdout.contains("ghp_"), "a secret is shown");
    let posts = calls(&deployment, "POST");
    assert_eq!(posts, ["github/apps/create-installation-access-token"]);
    for verb in ["PUT", "PATCH", "DELETE"] {
        assert_eq!(calls(&deployment, verb), Vec::<String>::new());
    }
    assert_eq!(github.repository("acme/api"), before);
    // The same as JSON.
    let json = plans(&deployment, &["--json", "--repo", "acme/api"]).await;
    let lines: Vec<serde_json::Value> = json
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is an object"))
        .collect();
    assert_eq!(lines.len(), 3, "{json:?}");
    assert_eq!(lines[1]["rerun"], true);
    assert_eq!(lines[1]["found"][0]["class"], "network");
    assert_eq!(lines[1]["actual"]["by"], "ada");
    assert_eq!(lines[2]["summary"]["reruns_that_passed"], 1);
    assert_eq!(lines[2]["complete"], true);
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_of_more_runs_than_github_lists_is_read_whole() {
    let deployment = with_an_app().await;
    let github = deployment.slack.github();
    for number in 0..1050 {
        let green = RunPlan::new("CI", vec![JobPlan::passed("test")]);
        github.run("acme/api", green.days_old(1 + number / 80));
        github.lose_webhooks();
    }
    github.run("acme/api", fails("fetch", RESET).days_old(13));
    let ended = plans(&deployment, &["--since", "15d"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended
            .stdout
            .contains("\n1051 attempts ended; 1 of 1 runs failed\n"),
        "{}",
        ended.stdout
    );
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_that_github_no_longer_has_are_said_so() {
    let deployment = with_an_app().await;
    deployment
        .slack
        .github()
        .run("acme/api", fails("fetch", RESET).days_old(100));
    let ended = plans(&deployment, &["--since", "120d"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for wanted in [
        "  fetch: an unknown error",
        "  GitHub no longer has a log (410 Gone).",
        "  No re-run: the cause of the failure of “fetch” is unknown.",
        "\nlogs that GitHub no longer has: 1\n",
    ] {
        assert!(ended.stdout.contains(wanted), "{wanted}\n{}", ended.stdout);
    }
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_that_runs_low_ends_the_reading_and_a_short_pause_is_waited_for() {
    let deployment = with_an_app().await;
    let github = deployment.slack.github();
    let installation = github.installation("acme").expect("it is installed");
    for (number, job) in [4, 3, 2, 1].into_iter().zip(["a", "b", "c", "d"]) {
        github.run("acme/api", fails(job, RESET).days_old(number));
    }
    github.set_quota(installation, 512, Duration::from_secs(1800));
    let ended = plans(&deployment, &[]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("500 requests of GitHub's quota are left to the server until"),
        "{ended:?}"
    );
    assert!(ended.stderr.contains("what was read before"), "{ended:?}");
    assert!(
        ended.stdout.contains("\n2 attempts ended; 2 of 2"),
        "{ended:?}"
    );
    github.set_quota(installation, 512, Duration::from_secs(3));
    let ended = plans(&deployment, &[]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.stderr.contains("are left to the server until"),
        "{ended:?}"
    );
    assert!(
        ended.stdout.contains("\n4 attempts ended; 4 of 4"),
        "{ended:?}"
    );
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_plans_too_and_without_credentials_or_github_nothing_is_planned() {
    let mut deployment = with_an_app().await;
    let github = deployment.slack.github();
    github.run("acme/api", fails("fetch", RESET).days_old(1));
    github.add_personal_token("ghp_of_ada", "ada");
    github.add_collaborator("acme/api", "ada", "write");
    deployment.env.remove("GITHUB_APP_ID");
    deployment.env.remove("GITHUB_APP_PRIVATE_KEY");
    let wrong = plans(&deployment, &[]).await;
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(wrong.stderr.contains("GITHUB_TOKEN"), "{wrong:?}");
    let token = "ghp_of_ada".to_owned();
    deployment.env.insert("GITHUB_TOKEN".to_owned(), token);
    let planned = plans(&deployment, &[]).await;
    assert_eq!(planned.code, Some(0), "{planned:?}");
    assert!(planned.stdout.contains("would have re-run"), "{planned:?}");
    let missing = plans(&deployment, &["--repo", "acme/none"]).await;
    assert_eq!(missing.code, Some(1), "{missing:?}");
    let nowhere = "http://127.0.0.1:1".to_owned();
    deployment.env.insert("GITHUB_API_URL".to_owned(), nowhere);
    let ended = plans(&deployment, &[]).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_github_refuses_is_named_and_the_plan_is_incomplete() {
    let deployment = with_an_app().await;
    let github = deployment.slack.github();
    github.run("acme/api", fails("fetch", RESET).days_old(1));
    github.add_repository("acme/tools");
    for owner in ["beta", "gamma"] {
        github.install(owner);
        github.add_repository(&format!("{owner}/app"));
        github.run(&format!("{owner}/app"), fails("fetch", RESET).days_old(1));
    }
    let beta = github.installation("beta").expect("it is installed");
    github.suspend(beta, true);
    let forbidden = |method, repository| {
        let rule = FaultRule::once(method, Fault::Status { status: 403 }).always();
        deployment.slack.fault(rule.in_repository(repository))
    };
    forbidden("github/actions/list-workflow-runs-for-repo", "acme/tools");
    forbidden("github/repos/get-content", "gamma/app");
    let ended = plans(&deployment, &["--json"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for note in [
        "acme/tools: GitHub refused the list of runs (forbidden",
        "beta: the App's installation is suspended",
    ] {
        assert!(ended.stderr.contains(note), "{ended:?}");
    }
    let lines: Vec<serde_json::Value> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is an object"))
        .collect();
    let [first, second, summary] = &lines[..] else {
        panic!("{ended:?}");
    };
    let mut reruns = [first, second].map(|one| {
        let name = one["repository"].as_str().expect("a name");
        (name, one["rerun"].as_bool(), one["prevented"].to_string())
    });
    reruns.sort();
    assert_eq!(reruns[0], ("acme/api", Some(true), "[]".to_owned()));
    // Live, nothing is done either while its own file cannot be read.
    let unread = "[\"own_file_unread\"]".to_owned();
    assert_eq!(reruns[1], ("gamma/app", Some(false), unread));
    assert_eq!(summary["complete"], false);
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_error_is_retried_and_more_attempts_than_allowed_are_not_read() {
    let deployment = with_an_app().await;
    let github = deployment.slack.github();
    for days in [3, 2, 1] {
        github.run("acme/api", fails("fetch", RESET).days_old(days));
    }
    let runs = "github/actions/list-workflow-runs-for-repo";
    let down = FaultRule::once(runs, Fault::Status { status: 502 });
    deployment.slack.fault(down.clone().times(2));
    let ended = plans(&deployment, &[]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("\n3 attempts ended; "), "{ended:?}");
    deployment.slack.fault(down.always());
    let ended = plans(&deployment, &[]).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    deployment.slack.lift_faults();
    let ended = plans(&deployment, &["--most", "2"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("more than 2 attempts"), "{ended:?}");
    assert!(ended.stdout.is_empty(), "{ended:?}");
    deployment.close().await;
}
