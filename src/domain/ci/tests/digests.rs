//! The digest of a week: which channel is told what, and when.

use super::super::digest::{Known, OfRepository, OfWorkflow, Week};
use super::super::record::{Kept, LastFailure, Mark, Record, Standing, Subject};
use super::*;
use crate::domain::rules::{Github, GithubAccess, ServiceRules};
use crate::domain::text::{Message, Part};
use crate::domain::weekly::Weekly;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

/// The story's weeks end on Mondays at 9:00 UTC.
fn monday(week: i64) -> DateTime<Utc> {
    dawn() + Duration::days(1 + 7 * week)
}

fn week() -> Week {
    Week {
        before: monday(-2),
        from: monday(-1),
        until: monday(0),
    }
}

/// `acme/api` is told in C1 and C2, `acme/web` in C2, others in C9.
fn rules() -> Rules {
    let service = |name: &str, channels: &[&str]| ServiceRules {
        name: name.to_owned(),
        owners: Vec::new(),
        statuspage_component: None,
        channels: channels.iter().map(|id| channel(id)).collect(),
    };
    let mut rules = Rules {
        services: vec![service("api", &["C1", "C2"]), service("web", &["C2"])],
        github: Github {
            repositories: vec!["acme/*".to_owned()],
            access: GithubAccess::App,
            digest: Some(Weekly {
                day: Weekday::Monday,
                hour: 9,
                zone: TimeZone::UTC,
            }),
            ..Github::default()
        },
        ..Rules::default()
    };
    rules.routes[crate::domain::severity::Severity::P2 as usize].channels = vec![channel("C9")];
    rules
}

fn of(repository: &str, runs: i64) -> OfWorkflow {
    OfWorkflow {
        repository: repository.to_owned(),
        workflow: 7,
        name: "CI".to_owned(),
        is_old: true,
        runs,
        ..OfWorkflow::default()
    }
}

fn known(now: Vec<OfWorkflow>) -> Known {
    Known {
        week: week(),
        now,
        before: Vec::new(),
        of_repositories: Vec::new(),
        records: Vec::new(),
    }
}

fn decided(known: Option<Known>, rules: &Rules, now: DateTime<Utc>) -> Decision {
    let context = Context {
        signal: SignalId(Uuid::from_u128(1)),
        at: now,
        now,
        rules,
    };
    let event = Event::TimerDue {
        timer: Timer::Digest,
        owner: "always".to_owned(),
        generation: 1,
    };
    let facts = Facts {
        digest: known,
        ..Facts::default()
    };
    let mut decision = Decision::on(context.signal);
    Ci::decide(&event, &facts, &context, &mut decision);
    decision
}

fn words(message: &Message) -> String {
    let parts = message.parts.iter().map(|part| match part {
        Part::Section(text) | Part::Context(text) => text.to_plain(),
        other => panic!("{other:?}"),
    });
    parts.collect::<Vec<_>>().join("\n")
}

/// What each channel is told.
fn told(known: Known, rules: &Rules) -> BTreeMap<String, String> {
    let decision = decided(Some(known), rules, monday(0));
    let effects = decision.effects.into_iter();
    let told = effects.map(|planned| match planned.effect {
        Effect::Slack(Slack::PostMessage { channel, message }) => {
            (channel.as_str().to_owned(), words(&message))
        }
        other => panic!("{other:?}"),
    });
    told.collect()
}

#[test]
fn each_channel_is_told_of_the_repositories_that_it_hears_of_and_of_no_others() {
    let mut known = known(vec![
        of("acme/api", 4),
        of("acme/web", 2),
        of("acme/other", 1),
        // It is not watched.
        of("else/api", 50),
    ]);
    known.of_repositories = vec![OfRepository {
        repository: "acme/web".to_owned(),
        issues_opened: 3,
        ..OfRepository::default()
    }];
    let told = told(known, &rules());
    let channels: Vec<&str> = told.keys().map(String::as_str).collect();
    assert_eq!(channels, ["C1", "C2", "C9"]);
    assert!(
        told["C1"].contains("4 failed runs in 1 repository"),
        "{told:#?}"
    );
    assert!(!told["C1"].contains("Issues"), "{told:#?}");
    assert!(
        told["C2"].contains("6 failed runs in 2 repositories"),
        "{told:#?}"
    );
    assert!(
        told["C2"].contains("Issues: 3 opened, 0 closed"),
        "{told:#?}"
    );
    assert!(
        told["C9"].contains("1 failed run in 1 repository"),
        "{told:#?}"
    );
}

#[test]
fn a_week_without_failures_or_that_was_told_posts_nothing_and_waits_for_a_day_at_most() {
    for (facts, saved) in [(None, false), (Some(known(Vec::new())), true)] {
        let decision = decided(facts, &rules(), monday(0));
        assert!(decision.effects.is_empty());
        let next = decision.timers.iter().map(|timer| timer.due);
        let tomorrow = monday(0) + Duration::days(1);
        assert_eq!(next.collect::<Vec<_>>(), [Some(tomorrow)]);
        let until = monday(0);
        let is_saved = decision.changes == [Change::Digest { until }];
        assert_eq!(is_saved, saved);
    }
    let decision = decided(None, &rules(), monday(1) - Duration::hours(1));
    assert_eq!(decision.timers[0].due, Some(monday(1)));
    // It is not configured any more.
    let mut off = rules();
    off.github.digest = None;
    let decision = decided(Some(known(vec![of("acme/api", 1)])), &off, monday(0));
    assert!(decision.effects.is_empty() && decision.timers.is_empty());
}

#[test]
fn a_digest_is_due_for_a_day_after_its_moment() {
    let rules = rules();
    let due = |now| {
        let context = Context {
            signal: SignalId(Uuid::from_u128(1)),
            at: now,
            now,
            rules: &rules,
        };
        super::super::digest::due(&context)
    };
    assert_eq!(due(monday(0)), Some(week()));
    assert_eq!(due(monday(0) + Duration::days(1)), Some(week()));
    assert_eq!(
        due(monday(0) + Duration::days(1) + Duration::seconds(1)),
        None
    );
    assert_eq!(due(monday(0) - Duration::seconds(1)), None);
}

#[test]
fn re_runs_of_people_are_those_that_wardroom_did_not_make() {
    let mut known = known(vec![OfWorkflow {
        excused: 3,
        lost_seconds: 3 * 3600 + 90,
        reruns: 5,
        healed: 2,
        given_up: 1,
        pulls: vec!["#1".to_owned(), "#2".to_owned()],
        ..of("acme/api", 4)
    }]);
    // Another workflow that hit a pull request which was hit already.
    known.now.push(OfWorkflow {
        workflow: 8,
        excused: 1,
        pulls: vec!["#2".to_owned()],
        ..of("acme/api", 1)
    });
    known.of_repositories = vec![OfRepository {
        repository: "acme/api".to_owned(),
        reruns: 3,
        ..OfRepository::default()
    }];
    let told = told(known, &rules());
    for says in [
        "4 failed attempts because of infrastructure or flaky tests: 2 pull requests hit, 3 h 1 min lost",
        "Re-runs: 3 by Wardroom, 2 by people",
        "2 runs healed, 1 given up",
    ] {
        assert!(told["C1"].contains(says), "{says}: {}", told["C1"]);
    }
}

#[test]
fn what_got_worse_is_what_failed_clearly_more_often_and_had_a_week_before() {
    let named = |name: &str, runs| OfWorkflow {
        name: name.to_owned(),
        workflow: i64::try_from(name.len()).unwrap(),
        ..of("acme/api", runs)
    };
    let mut known = known(vec![
        named("a", 4),
        named("bb", 4),
        named("ccc", 9),
        OfWorkflow {
            is_old: false,
            ..named("dddd", 30)
        },
    ]);
    known.before = vec![named("a", 1), named("bb", 2)];
    let told = told(known, &rules());
    let (_, worse) = told["C1"].split_once("Worse than the week before").unwrap();
    let first = worse.find("ccc: 9 failed runs, 0 the week before").unwrap();
    let second = worse.find("a: 4 failed runs, 1 the week before").unwrap();
    assert!(first < second, "{worse}");
    assert!(!worse.contains("bb") && !worse.contains("dddd"), "{worse}");
    assert!(told["C1"].contains("47 failed runs in 1 repository, 3 the week before"));
}

fn flaky(repository: &str, name: &str, marks: &[(&str, i64)]) -> Kept {
    let marks = marks.iter().map(|(change, days)| Mark {
        change: (*change).to_owned(),
        at: monday(0) - Duration::days(*days),
        is_flaky: true,
        tree: None,
        passed_before: false,
    });
    Kept {
        repository: repository.to_owned(),
        subject: Subject::Test(reports::TestId::from_text(name)),
        record: Record {
            marks: marks.collect(),
            flaky_since: Some(monday(0) - Duration::days(2)),
            ..Record::default()
        },
        standing: Standing::Flaky {
            left_to_people: false,
        },
        last: LastFailure::default(),
        seen_at: monday(0),
    }
}

#[test]
fn the_flakiest_tests_are_those_that_hit_the_most_pull_requests_in_the_week() {
    let mut known = known(vec![of("acme/api", 1), of("acme/web", 1)]);
    known.records = vec![
        flaky(
            "acme/api",
            "cart::few",
            &[("#1", 1), ("#2", 8), ("#3", 9), ("#4", 9)],
        ),
        flaky(
            "acme/web",
            "shop::many",
            &[("#1", 1), ("#2", 2), ("0a1b", 1)],
        ),
        flaky("acme/web", "shop::old", &[("#1", 8)]),
    ];
    let told = told(known, &rules());
    assert!(
        told["C1"].contains("hit 1 pull request, new this week"),
        "{told:#?}"
    );
    assert!(!told["C1"].contains("shop::"), "{told:#?}");
    let (few, many) = (told["C2"].find("cart::few"), told["C2"].find("shop::many"));
    assert!(many.is_some() && many < few, "{told:#?}");
    assert!(told["C2"].contains("hit 2 pull requests") && !told["C2"].contains("old"));
}

#[test]
fn hundreds_of_repositories_with_long_names_make_one_short_message() {
    let long = "x".repeat(400);
    let names = (0..400).map(|at| format!("acme/{at}-{long}"));
    let rows = names.clone().map(|name| OfWorkflow {
        name: long.clone(),
        pulls: (0..50).map(|pull| format!("#{pull}")).collect(),
        ..of(&name, 9)
    });
    let mut known = known(rows.collect());
    known.records = names
        .map(|name| flaky(&name, &long, &[("#1", 1)]))
        .collect();
    let told = told(known, &rules());
    let words = told["C9"].chars().count();
    assert!(words < 4000, "{words}");
    assert!(told["C9"].contains("3600 failed runs in 400 repositories"));
}
