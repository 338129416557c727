//! A workflow that is started, and the run that it is.

use super::*;

#[tokio::test]
async fn a_persons_run_is_not_taken_for_a_dispatch() {
    let world = world().await;
    world.github.add_dispatch(
        API,
        "Rollback",
        &[],
        AttemptPlan::new(vec![JobPlan::passed("run")]),
    );
    let dispatch = Effect::DispatchWorkflow {
        repository: api(),
        workflow: "rollback.yml".to_owned(),
        reference: "refs/heads/main".to_owned(),
        inputs: Default::default(),
    };
    world.github.add_collaborator(API, "bea", "write");
    let path = "/repos/acme/api/actions/workflows/rollback.yml/dispatches";
    let by_bea = world
        .github
        .act("bea", "POST", path, serde_json::json!({"ref": "main"}));
    assert!(by_bea.is_ok(), "{by_bea:?}");
    assert_eq!(world.find(&dispatch).await, not_listed());
    assert!(matches!(world.deliver(&dispatch).await, Outcome::Done(_)));
    assert!(matches!(world.find(&dispatch).await, Lookup::Found(_)));
    // A later effect does not find this run either.
    world.pass(61);
    assert_eq!(world.find(&dispatch).await, not_listed());
}

#[tokio::test]
async fn a_dispatch_names_its_run_where_github_can() {
    for (enterprise, named) in [(None, true), (Some("3.17.0".to_owned()), false)] {
        let world = world().await;
        world
            .github
            .behave(|behaviour| behaviour.enterprise = enterprise);
        let passed = AttemptPlan::new(vec![JobPlan::passed("run")]);
        world.github.add_dispatch(API, "Rollback", &[], passed);
        let dispatch = Effect::DispatchWorkflow {
            repository: api(),
            workflow: "rollback.yml".to_owned(),
            reference: "main".to_owned(),
            inputs: Default::default(),
        };
        let answer = answered(world.deliver(&dispatch).await);
        let [run] = &repository(&world).runs[..] else {
            panic!("one run is started");
        };
        let run = i64::try_from(run.id).unwrap();
        let found = github::Answer::Dispatched { run: Some(run) };
        let wanted = github::Answer::Dispatched {
            run: named.then_some(run),
        };
        assert_eq!(answer, wanted);
        let found = Lookup::Found(Answer::Github(found));
        assert_eq!(world.find(&dispatch).await, found);
    }
}
