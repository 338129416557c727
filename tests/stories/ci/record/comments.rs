//! A pull request in which something failed gets one comment, which is edited.

use crate::ci::inspected::ends;
use crate::world::World;
use simulator::{AttemptPlan, CommentView, Fault, FaultRule, JobPlan, PullFrom, RunPlan};

const CONFIG: &str = "
services: { api: { owners: [U0BEA] } }
admins: [U0ADA]
slack: { ops_channel: C0OPS }
github: { repositories: ['acme/*'], channel: C0BUILDS, comment: true }
";

const REPORT: &str = r#"<testsuite name="shop" tests="2" failures="1"><testcase classname="shop.Basket" name="adds"/>
<testcase classname="shop.Basket" name="pays | `x` @ada"><failure message="expected 200, got 500"/></testcase>
</testsuite>"#;

/// A run in the pull request of the branch `fix`: it fails, and passes when it is repeated.
fn plan(world: &World, from: PullFrom) -> RunPlan {
    let github = world.github();
    let sha = github.push("acme/api", "fix", "src/shop.rs", "fixed", "ada");
    github.open_pull("acme/api", "fix", "Fix the shop", "ada", from);
    let failed = AttemptPlan::new(vec![JobPlan::failed(
        "test",
        crate::ci::inspected::ASSERTION,
    )]);
    let failed = failed.artifact("junit-report", &[("TEST-shop.xml", REPORT)]);
    let passed = AttemptPlan::new(vec![JobPlan::passed("test")]);
    RunPlan {
        fork: from == PullFrom::Fork,
        attempts: vec![failed, passed],
        ..RunPlan::new("CI", Vec::new())
            .on_branch("fix")
            .at(&sha)
            .for_event("pull_request")
    }
}

fn comments(world: &World) -> Vec<CommentView> {
    world.github().repository("acme/api").comments
}

async fn repeats(world: &mut World, run: u64) {
    world.github().rerun_by_person(run, "ada");
    world.github().finish_run(run);
    world.settle_with_github().await;
}

#[tokio::test]
async fn a_failed_pull_request_has_one_comment_that_says_so_and_then_that_it_passes() {
    for from in [PullFrom::Repository, PullFrom::Fork] {
        let mut world = World::with_github(CONFIG, &[]).await;
        let plan = plan(&world, from);
        let run = ends(&mut world, plan).await;
        let [comment] = comments(&world).try_into().expect("one comment");
        for said in [
            "❌ CI failed",
            "1 job failed, 1 of 2 tests failed",
            "`test",
            "a failed test",
            "``shop.Basket::pays | `x` @ada``: not known to be flaky",
        ] {
            let said = said.replace("a failed test", "test failure");
            assert!(
                comment.body.contains(&said),
                "{said:?} is not in {}",
                comment.body
            );
        }
        repeats(&mut world, run).await;
        let [comment] = comments(&world).try_into().expect("one comment");
        assert!(
            comment.body.contains("✅ CI passes again"),
            "{}",
            comment.body
        );
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn a_comment_is_made_once_whatever_is_lost_and_none_where_all_is_green_or_not_asked_for() {
    for fault in [
        Fault::LoseAnswer,
        Fault::LoseRequest,
        Fault::Status { status: 502 },
    ] {
        let mut world = World::with_github(CONFIG, &[]).await;
        for endpoint in [
            "github/issues/create-comment",
            "github/issues/update-comment",
        ] {
            world.slack.fault(FaultRule::once(endpoint, fault.clone()));
        }
        let plan = plan(&world, PullFrom::Repository);
        let run = ends(&mut world, plan).await;
        world.restart().await;
        world.pass_in_steps(chrono::Duration::seconds(5), 20).await;
        repeats(&mut world, run).await;
        world.pass_in_steps(chrono::Duration::seconds(5), 20).await;
        let [comment] = comments(&world).try_into().expect("one comment");
        assert!(
            comment.body.contains("✅ CI passes again"),
            "{fault:?}: {}",
            comment.body
        );
        world.skip_messages();
        world.finish_after_faults().await;
    }
    let mut world = World::with_github(crate::ci::WATCHED, &[]).await;
    let failed = plan(&world, PullFrom::Repository);
    ends(&mut world, failed).await;
    assert_eq!(comments(&world), []);
    world.skip_messages();
    world.finish().await;
}
