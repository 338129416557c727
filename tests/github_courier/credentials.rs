//! The App's tokens: cached, shared, replaced, refused; and a token instead of an App.

use super::*;

fn read(run: i64) -> Effect {
    Effect::ReadRun {
        repository: api(),
        run,
    }
}

#[tokio::test]
async fn a_token_serves_all_calls_until_five_minutes_before_its_end() {
    let world = world().await;
    let run = world.failed_run("x");
    for _ in 0..3 {
        answered(world.deliver(&read(run)).await);
    }
    assert_eq!(
        world.github.calls("apps/create-installation-access-token"),
        1
    );
    assert_eq!(world.github.calls("apps/get-repo-installation"), 1);
    world.pass(54 * 60);
    answered(world.deliver(&read(run)).await);
    assert_eq!(
        world.github.calls("apps/create-installation-access-token"),
        1
    );
    world.pass(2 * 60);
    answered(world.deliver(&read(run)).await);
    assert_eq!(
        world.github.calls("apps/create-installation-access-token"),
        2
    );
    assert_eq!(world.github.calls("apps/get-repo-installation"), 1);
}

#[tokio::test]
async fn calls_that_start_together_ask_for_one_token() {
    let world = world().await;
    let run = read(world.failed_run("x"));
    let (a, b, c) = tokio::join!(
        world.deliver(&run),
        world.deliver(&run),
        world.deliver(&run)
    );
    for outcome in [a, b, c] {
        answered(outcome);
    }
    assert_eq!(
        world.github.calls("apps/create-installation-access-token"),
        1
    );
}

#[tokio::test]
async fn a_token_that_ended_early_is_replaced_once() {
    let world = world().await;
    let run = world.failed_run("x");
    answered(world.deliver(&read(run)).await);
    world.github.expire_tokens();
    answered(world.deliver(&read(run)).await);
    assert_eq!(
        world.github.calls("apps/create-installation-access-token"),
        2
    );
    world.sim.fault(
        FaultRule::once(
            "github/actions/get-workflow-run",
            Fault::Status { status: 401 },
        )
        .always(),
    );
    let code = "bad_credentials".to_owned();
    assert_eq!(
        world.deliver(&read(run)).await,
        Outcome::Unauthorized { code }
    );
    assert_eq!(
        world.github.calls("apps/create-installation-access-token"),
        3
    );
}

#[tokio::test]
async fn a_removed_app_is_refused_and_one_that_was_installed_anew_is_found() {
    let world = world().await;
    let run = world.failed_run("x");
    answered(world.deliver(&read(run)).await);
    world.github.uninstall(world.installation);
    assert_eq!(world.deliver(&read(run)).await, refused("not_installed"));
    world.github.install("acme");
    answered(world.deliver(&read(run)).await);
}

#[tokio::test]
async fn a_suspended_installation_is_refused_as_such() {
    let world = world().await;
    let run = world.failed_run("x");
    answered(world.deliver(&read(run)).await);
    world.github.suspend(world.installation, true);
    let suspended = refused("installation_suspended");
    assert_eq!(world.deliver(&read(run)).await, suspended);
    world.pass(3600);
    assert_eq!(world.deliver(&read(run)).await, suspended);
    world.github.suspend(world.installation, false);
    answered(world.deliver(&read(run)).await);
}

#[tokio::test]
async fn an_app_with_another_id_is_not_let_in() {
    let world = world().await;
    let key = Box::new(AppKey::from_pem(APP_KEY).unwrap());
    let (stranger, _) = courier(&world.github.api_url(), Credentials::App { id: 1, key });
    let run = read(world.failed_run("x"));
    let outcome = stranger.deliver(&run, &parcel(world.now())).await;
    assert_eq!(outcome, refused("not_installed"));
}

#[tokio::test]
async fn a_personal_token_serves_instead_of_an_app() {
    let world = world().await;
    world.github.add_collaborator(API, "bea", "write");
    world.github.add_personal_token("ghp_beas", "bea");
    let token = Credentials::Token("ghp_beas".to_owned());
    let (courier, _) = courier(&world.github.api_url(), token);
    let run = read(world.failed_run("x"));
    answered(courier.deliver(&run, &parcel(world.now())).await);
    assert_eq!(world.github.tokens(), 0);
    assert_eq!(courier.pause_scopes(&run), ["github:token.holder"]);
}

#[tokio::test]
async fn an_enterprise_server_is_reached_below_its_path() {
    let world = world().await;
    let run = world.failed_run("connection reset by peer");
    let nowhere = format!("{}/api/v4", world.github.api_url());
    let (nowhere, _) = courier(&nowhere, app(&world.github));
    let outcome = nowhere.deliver(&read(run), &parcel(world.now())).await;
    assert_eq!(outcome, refused("not_installed"));
    let (courier, _) = courier(&world.github.enterprise_url(), app(&world.github));
    answered(courier.deliver(&read(run), &parcel(world.now())).await);
    let jobs = Effect::ListFailedJobs {
        repository: api(),
        run,
        attempt: 1,
        reports: vec!["*".to_owned()],
    };
    answered(courier.deliver(&jobs, &parcel(world.now())).await);
}

#[tokio::test]
async fn a_renamed_repository_is_followed_and_no_other_host() {
    let world = world().await;
    let run = world.failed_run("x");
    world.github.rename(API, "core");
    answered(world.deliver(&read(run)).await);
    let rerun = Effect::RerunFailedJobs {
        repository: api(),
        run,
        attempt: 1,
    };
    answered(world.deliver(&rerun).await);
    let id = u64::try_from(run).unwrap();
    assert_eq!(world.github.find_run(id).unwrap().reruns, 1);
}

#[tokio::test]
async fn a_permission_that_is_missing_is_named_and_nothing_is_sent() {
    let world = world().await;
    let run = world.failed_run("x");
    let rerun = Effect::RerunFailedJobs {
        repository: api(),
        run,
        attempt: 1,
    };
    let read_only = [("actions", simulator::Level::Read)];
    world.github.grant(world.installation, &read_only);
    assert_eq!(
        world.deliver(&rerun).await,
        refused_here("missing_permission:actions")
    );
    assert_eq!(world.github.calls("actions/re-run-workflow-failed-jobs"), 0);
    answered(world.deliver(&read(run)).await);
    // It is granted: the next effect finds out, though the old token is still valid.
    let both = [("actions", simulator::Level::Write)];
    world.github.grant(world.installation, &both);
    world.pass(61);
    answered(world.deliver(&rerun).await);
}

#[tokio::test]
async fn a_permission_that_github_misses_is_named_too() {
    let world = world().await;
    let run = world.failed_run("x");
    world.github.add_collaborator(API, "bea", "read");
    world.github.add_personal_token("ghp_beas", "bea");
    let fault = Fault::Refused {
        status: 403,
        message: "Resource not accessible by personal access token".to_owned(),
    };
    world.fault("actions/get-workflow-run", fault);
    let token = Credentials::Token("ghp_beas".to_owned());
    let (courier, _) = courier(&world.github.api_url(), token);
    let outcome = courier.deliver(&read(run), &parcel(world.now())).await;
    assert_eq!(outcome, refused("forbidden"));
}
