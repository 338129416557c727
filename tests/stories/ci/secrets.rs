//! Secrets in everything that GitHub tells: they are nowhere afterwards.

use super::repairs::{ASSERTION, ends, seconds, waits};
use super::{EDIT, WATCHED};
use crate::world::{ADMIN_TOKEN, World};
use chrono::Duration;
use reqwest::Method;
use serde_json::json;
use simulator::{AttemptPlan, JobPlan, PullFrom, RunPlan};

/// Each in the form in which it is found in a text.
const SECRETS: [(&str, &str); 9] = [
    ("ghp_0123456789abcdefghijABCDEFGHIJ012345", ""),
    ("github_pat_11ABCDEFG0aBcDeFgHiJkL_mNoPqRsTuVwXyZ012345", ""),
    ("ghs_16C7e42F292c6912E7710c838347Ae178B4a", ""),
    ("xoxb-123456789012-abcdefghijkl", ""),
    ("AKIAIOSFODNN7EXAMPLE", ""),
    (
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
        "",
    ),
    (
        "hunter2hunter2",
        "https://bot:hunter2hunter2@registry.example/v2/",
    ),
    ("correcthorsebattery", "password=correcthorsebattery"),
    (
        "MIIEowIBAAKCAQEAx7x",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAx7x\n-----END RSA PRIVATE KEY-----",
    ),
];

/// All of them, in one text.
fn planted(between: &str) -> String {
    let shown = SECRETS.map(|(secret, shown)| match shown {
        "" => secret,
        shown => shown,
    });
    shown.join(between)
}

/// Every row of every table as text; of GitHub's deliveries not the body, which is what GitHub sent.
async fn database(world: &World) -> Vec<String> {
    let rows = world.query(
        "select query_to_xml(
                    case relname::text
                        when 'inbox' then 'select id, source, kind, dedup_key, subject, headers, error, case when source <> ''github'' then convert_from(body, ''UTF8'') end from inbox'
                        else format('select t::text from %I t', relname) end,
                    true, false, '')::text
           from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'",
    );
    rows.await.into_iter().flatten().collect()
}

async fn asked(world: &mut World) -> Vec<String> {
    let mut seen = Vec::new();
    let incident = world.newest().await.id.0;
    let timeline = format!("/incidents/{incident}/timeline");
    for path in [
        "/findings",
        "/repairs",
        "/incidents",
        "/audit",
        "/inbox",
        "/outbox",
        timeline.as_str(),
    ] {
        let (status, body) = world.api(Method::GET, path, None, &[]).await;
        assert_eq!(status, 200, "{path}: {body}");
        seen.push(body.to_string());
    }
    let metrics = reqwest::Client::new().get(format!("{}/metrics", world.url));
    let metrics = metrics.bearer_auth(ADMIN_TOKEN).send().await;
    let metrics = metrics.expect("it answers").text().await;
    seen.push(metrics.expect("it is text"));
    seen
}

#[tokio::test]
async fn secrets_in_all_that_github_tells_are_nowhere() {
    let config = WATCHED.replace("channel: C0BUILDS", "channel: C0BUILDS, comment: true");
    let mut world = World::with_github(&config, &[]).await;
    world.declared("bea", "P2 api Checkout fails").await;
    let github = world.github();
    let [
        (token, _),
        (fine, _),
        (app, _),
        (slack, _),
        (key, _),
        (jwt, _),
        ..,
    ] = SECRETS;
    // A branch, a commit and the title of a pull request, which is merged.
    let branch = format!("fix/{token}");
    github.push("acme/api", &branch, &format!("{fine}.txt"), "1", "ada");
    let title = format!("Fix {fine} {jwt} password=correcthorsebattery");
    let number = github.open_pull("acme/api", &branch, &title, "ada", PullFrom::Repository);
    // A workflow, a job, its log, an annotation, an artifact, and a report.
    let log = format!("{}\n{ASSERTION}\n{}", planted("\n"), planted(" and "));
    let job = JobPlan::failed(&format!("deploy {key} {jwt}"), &log)
        .annotation("a.txt", 1, &planted(" "))
        .step(&format!("test with {slack}"), "failure");
    let report = format!(
        "<testsuite><testcase classname='{app}' name='pays {slack}'><failure message='{}'>{}</failure></testcase></testsuite>",
        planted(" ").replace('\n', " "),
        planted("\n"),
    );
    let attempt =
        AttemptPlan::new(vec![job]).artifact(&format!("junit-{fine}"), &[("a.xml", &report)]);
    for event in ["pull_request", "push", "push", "push"] {
        let branch = if event == "push" {
            "main"
        } else {
            branch.as_str()
        };
        let plan = RunPlan {
            workflow: format!("Build {app}"),
            ..RunPlan::default()
        };
        let plan = plan
            .then(attempt.clone())
            .on_branch(branch)
            .for_event(event);
        ends(&mut world, plan).await;
        waits(&mut world, seconds(61)).await;
    }
    let path = format!("/repos/acme/api/pulls/{number}/merge");
    let merged = github.act("ada", "PUT", &path, json!({"commit_title": title}));
    merged.expect("it is merged");
    world.settle_with_github().await;
    let deployment = github.deploy("acme/api", "production", "main", None);
    github.deployment_status("acme/api", deployment, "failure");
    for _ in 0..4 {
        waits(&mut world, EDIT * 3).await;
    }
    waits(&mut world, Duration::hours(1)).await;
    world.asks("ada", "general", "ci").await;

    let mut seen = world.log();
    let snapshot = world.slack.snapshot();
    seen.extend(snapshot.all_posts().map(|(channel, message)| {
        format!("#{}: {} {}", channel.name, message.text, message.words)
    }));
    let all = seen.len();
    assert!(all > 5, "{seen:#?}");
    let repository = github.repository("acme/api");
    assert!(!repository.issues.is_empty() && !repository.comments.is_empty());
    let mut ours: Vec<String> = repository
        .issues
        .iter()
        .map(|one| format!("{one:?}"))
        .collect();
    ours.extend(repository.comments.iter().map(|one| format!("{one:?}")));
    seen.extend(ours);
    seen.extend(database(&world).await);
    seen.extend(asked(&mut world).await);
    for (secret, _) in SECRETS {
        let holds = |text: &&String| text.contains(secret);
        let found: Vec<String> = seen
            .iter()
            .filter(holds)
            .map(|text| around(text, secret))
            .collect();
        assert!(found.is_empty(), "{secret} is in {found:#?}");
    }
    let all = seen.concat();
    assert!(all.contains("[redacted]") && all.contains("a failed test"));
    world.skip_messages();
    world.finish_after_faults().await;
}

/// The place where it is.
fn around(text: &str, secret: &str) -> String {
    let at = text.find(secret).unwrap_or_default();
    let from = text.floor_char_boundary(at.saturating_sub(200));
    text[from..text.ceil_char_boundary(at + 60)].to_owned()
}
