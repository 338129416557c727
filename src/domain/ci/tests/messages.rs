//! What a message says, and what follows from how its effect ended.

use super::*;
use strum::VariantNames;

#[test]
fn what_happened_while_the_message_was_on_its_way_is_shown_by_an_edit() {
    let mut area = Fixture::new();
    area.sees(failed(1, 1));
    area.sees(failed(2, 1));
    area.sees(green(3, 1));
    assert_eq!(area.told(), ["post_message"]);
    area.stands();
    assert_eq!(area.told(), ["update_message"]);
    area.stands();
    assert!(area.told().is_empty(), "the same receipt again");
}

#[test]
fn a_message_that_was_deleted_is_posted_anew_while_it_fails() {
    let mut area = Fixture::new();
    area.sees(failed(1, 1));
    area.stands();
    area.told();
    let update = |area: &mut Fixture, code: &str| {
        let failure = area.failures[0].id;
        let purpose = Purpose::Update {
            failure,
            channel: channel("C0BUILDS"),
        };
        let effect = Slack::UpdateMessage {
            shows: "x".to_owned(),
            edit: None,
        };
        area.ends(effect, purpose, refused(code));
    };
    update(&mut area, "message_not_found");
    assert_eq!(area.told(), ["post_message"]);
    update(&mut area, "message_not_found");
    assert!(area.told().is_empty(), "the new one is on its way");
    area.stands();
    area.sees(green(2, 1));
    area.told();
    update(&mut area, "message_not_found");
    assert!(area.told().is_empty(), "it is over");
}

#[test]
fn what_a_channel_could_not_be_told_is_told_to_the_operators() {
    for end in [
        refused("is_archived"),
        End::Parked {
            code: "internal_error".to_owned(),
        },
        End::Uncertain {
            code: "not_in_channel".to_owned(),
        },
    ] {
        let mut area = Fixture::new();
        area.sees(failed(1, 1));
        area.told();
        area.post_ends(end.clone());
        assert!(area.told().is_empty());
        let [Told::EffectStuck { message, .. }] = area.told_areas.as_slice() else {
            panic!("{end:?}: {:?}", area.told_areas)
        };
        let words = message.in_words();
        assert!(words.contains("wardroom outbox retry"), "{words}");
        assert!(words.contains("acme/api"), "{words}");
    }
}

#[test]
fn a_message_says_what_failed_where_and_how_to_get_there() {
    let mut area = Fixture::new();
    let mut first = failed(1, 1);
    first.run.workflow_name = "<!channel> *CI*\n".to_owned();
    area.sees(first);
    let words = message(&area.failures[0], &Shown::default()).in_words();
    for said in ["🔴 acme/api", "<!channel> *CI* failed on main"] {
        assert!(words.contains(said), "{words}");
    }
    let parts = format!("{:?}", message(&area.failures[0], &Shown::default()).parts);
    for said in [
        "abcdef1",
        "octocat",
        "Run #1",
        "actions/runs/1001",
        "1 failed run since",
    ] {
        assert!(parts.contains(said), "{said}: {parts}");
    }
}

#[test]
fn a_purpose_is_called_as_it_is_stored() {
    let (failure, inspection) = (FailureId(Uuid::nil()), InspectionId(Uuid::nil()));
    let all = [
        Purpose::Message {
            failure,
            channel: channel("C1"),
        },
        Purpose::Update {
            failure,
            channel: channel("C1"),
        },
        Purpose::Digest {
            channel: channel("C1"),
        },
        Purpose::Answer,
        Purpose::ListJobs { inspection },
        Purpose::JobLog { inspection, job: 5 },
        Purpose::TestReports {
            inspection,
            artifact: 9,
        },
        Purpose::Issue {
            issue: issues::IssueId(Uuid::nil()),
        },
        Purpose::PullComment {
            repository: "acme/api".to_owned(),
            change: "#7".to_owned(),
        },
        Purpose::FailedDeliveries,
        Purpose::Redelivery {
            guid: "0d6f2a60-1b0e-11f1-8f0b-7f1a2f4c9d10".to_owned(),
        },
        Purpose::OverdueRun {
            repository: "acme/api".to_owned(),
            run: 1005,
        },
        Purpose::OwnRules { inspection },
        Purpose::Repair {
            inspection,
            step: RepairId(Uuid::nil()),
        },
        Purpose::Changes(changes::Purpose::Rollback {
            deployment: changes::DeploymentId(Uuid::nil()),
        }),
    ];
    let kinds: Vec<&str> = all.iter().map(Into::into).collect();
    assert_eq!(kinds, Purpose::VARIANTS);
    for (purpose, kind) in all.into_iter().zip(kinds) {
        let stored = serde_json::to_value(&purpose).unwrap();
        assert_eq!(stored["kind"], kind);
        assert_eq!(serde_json::from_value::<Purpose>(stored).unwrap(), purpose);
    }
}
