//! `wardroom github redeliver`: what GitHub could not deliver is asked for from the command line.

use crate::harness::Deployment;
use crate::harness::wardroom::{Ended, run};
use simulator::{APP_KEY, JobPlan, RunPlan};

/// A deployment with the App's credentials, and a run whose webhooks were lost.
async fn after_a_loss() -> Deployment {
    let mut deployment = Deployment::new().await;
    let github = deployment.slack.github();
    github.behave(|behaviour| behaviour.hold_webhooks = true);
    github.install("acme");
    github.rearrange_webhooks(Vec::clear);
    github.add_repository("acme/api");
    for (name, value) in [
        ("GITHUB_API_URL", github.api_url()),
        ("GITHUB_APP_ID", github.app_id().to_string()),
        ("GITHUB_APP_PRIVATE_KEY", APP_KEY.to_owned()),
    ] {
        deployment.env.insert(name.to_owned(), value);
    }
    github.run(
        "acme/api",
        RunPlan::new("CI", vec![JobPlan::passed("test")]),
    );
    github.lose_webhooks();
    let migrated = run(&deployment.env, &["migrate"]).await;
    assert_eq!(migrated.code, Some(0), "{migrated:?}");
    deployment
}

async fn redelivers(deployment: &Deployment, more: &[&str]) -> Ended {
    run(&deployment.env, &[&["github", "redeliver"], more].concat()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_is_shown_and_sent_again_and_what_is_here_is_left_out() {
    let deployment = after_a_loss().await;
    let github = deployment.slack.github();
    let asked = || github.calls("apps/redeliver-webhook-delivery");
    let shown = redelivers(&deployment, &["--dry-run"]).await;
    assert_eq!((shown.code, asked()), (Some(0), 0), "{shown:?}");
    let lines: Vec<&str> = shown.stdout.lines().collect();
    let is_run = |line: &&str| line.contains(" workflow_run: would be sent again");
    assert!(!lines.is_empty() && lines.iter().all(is_run), "{lines:#?}");
    // One of them has come meanwhile.
    let here = lines[0].split(' ').next().expect("a guid");
    let mut connection = deployment.connection().await;
    let inserted = sqlx::query(
        "insert into inbox (id, source, kind, dedup_key, subject, received_at, run_at)
         values (gen_random_uuid(), 'github', 'workflow_run', $1, 's', now(), now())",
    );
    let inserted = inserted.bind(here).execute(&mut connection).await;
    inserted.expect("the row is as the table wants it");
    let sent = redelivers(&deployment, &[]).await;
    assert_eq!(sent.code, Some(0), "{sent:?}");
    assert_eq!(
        (sent.stdout.lines().count(), asked()),
        (lines.len() - 1, lines.len() - 1)
    );
    assert!(!sent.stdout.contains(here) && sent.stderr.contains("1 are here already"));
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_app_the_usage_is_wrong_and_without_github_it_cannot_be_reached() {
    let mut deployment = after_a_loss().await;
    let nowhere = "http://127.0.0.1:1".to_owned();
    deployment.env.insert("GITHUB_API_URL".to_owned(), nowhere);
    let ended = redelivers(&deployment, &[]).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    deployment.env.remove("GITHUB_APP_ID");
    let ended = redelivers(&deployment, &[]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("GITHUB_APP_ID"), "{ended:?}");
    deployment.close().await;
}
