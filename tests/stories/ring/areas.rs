//! Areas at the ring's joints: what one tells another, and what a decision locks.

use crate::world::World;
use wardroom::domain::decision::Decision;
use wardroom::domain::declaration::Declaration;
use wardroom::domain::incident::act::IncidentRef;
use wardroom::domain::incident::{Incidents, Kind, Needs, Severity, Source};
use wardroom::domain::told::Told;
use wardroom::store::{Arrival, Claim, Decided, Reads, Ready};

/// A signal on which the test decides in the place of an area.
async fn claimed(world: &World) -> Claim {
    let now = world.clock.now();
    let arrival = Arrival {
        source: "test",
        kind: "noted".to_owned(),
        dedup_key: "once".to_owned(),
        subject: "s".to_owned(),
        headers: serde_json::json!({}),
        body: "x".into(),
        traceparent: None,
        at: now,
    };
    world.store.append(arrival).await.expect("durable");
    let reads = Reads::new([("test", vec!["noted".to_owned()])]);
    let claim = world.store.claim_signals(now, &reads, 1).await;
    claim.expect("it answers").expect("it is due")
}

#[tokio::test]
async fn what_one_area_tells_another_stands_with_the_decision_or_not_at_all() {
    let mut world = World::new().await;
    for commits in [false, true] {
        let Claim {
            mut intake,
            signals,
        } = claimed(&world).await;
        let mut decision = Decision::on(signals[0].id);
        decision.tell(Told::DeclareIncident {
            declaration: Declaration {
                title: "The nightly build fails".to_owned(),
                severity: Severity::P3,
                service: "db".to_owned(),
                commander: None,
                kind: Kind::Real,
                view: None,
                template: None,
            },
            source: Source::Github,
        });
        let ready = Ready::plain(decision);
        let decided = Decided {
            signal: &signals[0],
            ready: &ready,
            traceparent: None,
        };
        let saved = intake.save(&[decided], world.clock.now()).await;
        saved.expect("it is saved");
        match commits {
            true => intake.commit().await.expect("it commits"),
            false => intake.undo().await,
        }
        world.settle().await;
        let declared = "select from incidents where source = 'github' and declared_by = 'wardroom'";
        assert_eq!(world.sql(declared).await, u64::from(commits));
    }
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_decision_may_lock_several_incidents_and_has_them_in_the_order_in_which_it_asked() {
    let mut world = World::new().await;
    world.declared("bea", "P3 db Slow queries").await;
    world.declared("bea", "P3 db Slower queries").await;
    let number = IncidentRef::Number;
    for (asked, found) in [
        (vec![number(2), number(1)], vec![2, 1]),
        (vec![number(1), number(2)], vec![1, 2]),
        (vec![number(9), number(2), number(2)], vec![2]),
        (vec![number(9)], vec![]),
    ] {
        let needs = Needs {
            incidents: asked,
            ..Needs::default()
        };
        let Claim { mut intake, .. } = claimed(&world).await;
        let facts = intake.load::<Incidents>(&needs, world.clock.now()).await;
        let facts = facts.expect("it answers");
        let numbers: Vec<i64> = facts.incidents.iter().map(|one| one.number).collect();
        assert_eq!(numbers, found);
        intake.undo().await;
    }
    world.sql("delete from inbox where source = 'test'").await;
    world.skip_messages();
    world.finish().await;
}
