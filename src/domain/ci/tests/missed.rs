//! What GitHub did not tell: webhooks that it could not deliver, and runs of which nothing is heard.

use super::super::deliveries::{Known, Listing, Redelivery, Walk};
use super::*;
use crate::domain::effect::github::{self, FailedDelivery, RunSeen};
use crate::domain::rules::GithubAccess;

fn at(minutes: i64) -> DateTime<Utc> {
    dawn() + Duration::minutes(minutes)
}

fn decided(event: &Event, facts: &Facts, access: GithubAccess, minutes: i64) -> Decision {
    let mut rules = Rules::default();
    rules.github.access = access;
    rules.github.channel = Some(channel("C0BUILDS"));
    let context = Context {
        signal: SignalId(Uuid::from_u128(1)),
        at: at(minutes),
        now: at(minutes),
        rules: &rules,
    };
    let mut decision = Decision::on(context.signal);
    Ci::decide(event, facts, &context, &mut decision);
    decision
}

fn due(timer: Timer) -> Event {
    Event::TimerDue {
        timer,
        owner: "always".to_owned(),
        generation: 1,
    }
}

fn ended(effect: github::Effect, origin: Purpose, end: End) -> Event {
    Event::Receipt(Box::new(Receipt {
        effect_id: EffectId(Uuid::from_u128(7)),
        generation: 0,
        effect: effect.into(),
        origin,
        end,
    }))
}

fn listed(end: End) -> Event {
    let list = github::Effect::ListFailedDeliveries {
        since: dawn(),
        cursor: None,
    };
    ended(list, Purpose::FailedDeliveries, end)
}

fn deliveries(failed: Vec<FailedDelivery>, next: Option<&str>) -> Event {
    let answer = github::Answer::Deliveries {
        failed,
        complete: next.is_none(),
        next: next.map(str::to_owned),
    };
    listed(End::Done(Answer::Github(answer)))
}

/// A list that was begun in this minute and goes on at this place.
fn walk(minutes: i64, cursor: Option<&str>) -> Option<Walk> {
    Some(Walk {
        begun_at: at(minutes),
        since: at(minutes) - Duration::days(3),
        cursor: cursor.map(str::to_owned),
    })
}

fn delivery(guid: &str) -> FailedDelivery {
    FailedDelivery {
        id: 9,
        guid: guid.to_owned(),
        event: "workflow_run".to_owned(),
        delivered_at: at(0),
        attempts: 1,
    }
}

fn known(listing: Listing) -> Facts {
    let deliveries = Known {
        listing,
        ..Known::default()
    };
    Facts {
        deliveries,
        ..Facts::default()
    }
}

fn read_to(minutes: i64) -> Listing {
    Listing {
        pending_since: None,
        read_to: Some(at(minutes)),
        walk: None,
    }
}

fn next(decision: &Decision) -> Option<i64> {
    let timer = decision.timers.last()?;
    timer.due.map(|due| (due - dawn()).num_minutes())
}

/// Since when the list is asked for, in minutes; `None`: it is not.
fn list_since(facts: &Facts, minutes: i64) -> Option<i64> {
    let decision = decided(
        &due(Timer::FailedDeliveries),
        facts,
        GithubAccess::App,
        minutes,
    );
    assert_eq!(next(&decision), Some(minutes + 5));
    match decision.effects.first().map(|plan| &plan.effect) {
        Some(Effect::Github(github::Effect::ListFailedDeliveries { since, .. })) => {
            Some((*since - dawn()).num_minutes())
        }
        _ => None,
    }
}

#[test]
fn a_round_lists_what_failed_since_the_last_complete_one_and_what_is_still_missing() {
    let three_days = 3 * 24 * 60;
    assert_eq!(list_since(&Facts::default(), 0), Some(-three_days));
    assert_eq!(list_since(&known(read_to(95)), 100), Some(80));
    assert_eq!(
        list_since(&known(read_to(0)), 5 * three_days),
        Some(4 * three_days)
    );
    let mut missing = known(read_to(95));
    missing.deliveries.missing_since = Some(at(60));
    assert_eq!(list_since(&missing, 100), Some(45));
    let half_read = |since| {
        known(Listing {
            pending_since: Some(at(since)),
            ..Listing::default()
        })
    };
    assert_eq!(list_since(&half_read(95), 100), None);
    // The answer was lost.
    assert!(list_since(&half_read(0), 360).is_some());
}

#[test]
fn without_an_app_no_deliveries_are_listed_and_the_timer_ends() {
    for access in [GithubAccess::None, GithubAccess::Token] {
        let decision = decided(&due(Timer::FailedDeliveries), &Facts::default(), access, 0);
        assert_eq!(decision, Decision::on(SignalId(Uuid::from_u128(1))));
    }
}

#[test]
fn a_list_goes_on_where_it_ended_and_counts_from_when_it_was_begun() {
    let half_read = Listing {
        pending_since: Some(at(99)),
        read_to: Some(at(60)),
        walk: walk(95, Some("v1_7")),
    };
    let begun = known(Listing {
        pending_since: None,
        ..half_read.clone()
    });
    let round = due(Timer::FailedDeliveries);
    let goes_on = decided(&round, &begun, GithubAccess::App, 100);
    let list = github::Effect::ListFailedDeliveries {
        since: at(95) - Duration::days(3),
        cursor: Some("v1_7".to_owned()),
    };
    assert_eq!(goes_on.effects[0].effect, list.into());
    let all = Listing {
        pending_since: Some(at(100)),
        walk: walk(95, Some("v1_8")),
        ..read_to(60)
    };
    for (next_place, wanted, effects) in [
        (None, read_to(95), vec!["redeliver"]),
        (
            Some("v1_8"),
            all,
            vec!["list_failed_deliveries", "redeliver"],
        ),
    ] {
        let event = deliveries(vec![delivery("lost")], next_place);
        let decision = decided(&event, &known(half_read.clone()), GithubAccess::App, 100);
        assert!(decision.changes.contains(&Change::Listing(wanted)));
        let asked = Redelivery {
            guid: "lost".to_owned(),
            failed_at: at(0),
            attempts: 1,
            asked_at: at(100),
            given_up: false,
        };
        assert!(decision.changes.contains(&Change::Redelivery(asked)));
        let kinds: Vec<_> = decision
            .effects
            .iter()
            .map(|plan| plan.effect.kind())
            .collect();
        assert_eq!((kinds, next(&decision)), (effects, None));
    }
    // More than a round asks for: the same place again.
    let many = (0..150)
        .map(|number| delivery(&number.to_string()))
        .collect();
    let event = deliveries(many, Some("v1_8"));
    let decision = decided(&event, &known(half_read.clone()), GithubAccess::App, 100);
    assert_eq!(decision.effects.len(), 100);
    let same = Listing {
        pending_since: None,
        ..half_read.clone()
    };
    assert!(decision.changes.contains(&Change::Listing(same)));
    assert_eq!(next(&decision), Some(101));
    // A place that GitHub no longer knows is given up, and operators need not know.
    let event = listed(refused("invalid"));
    let decision = decided(&event, &known(half_read), GithubAccess::App, 100);
    assert!(decision.changes.contains(&Change::Listing(read_to(60))));
    assert_eq!((decision.signals.len(), next(&decision)), (0, Some(101)));
}

#[test]
fn a_list_whose_place_gets_no_answer_or_that_takes_hours_begins_with_the_newest_again() {
    let half_read = Listing {
        pending_since: Some(at(99)),
        read_to: Some(at(60)),
        walk: walk(95, Some("v1_7")),
    };
    let parked = listed(End::Parked {
        code: "http_502".to_owned(),
    });
    let decision = decided(&parked, &known(half_read.clone()), GithubAccess::App, 100);
    assert!(decision.changes.contains(&Change::Listing(read_to(60))));
    assert_eq!((decision.signals.len(), next(&decision)), (1, Some(160)));
    let hours = 95 + 6 * 60;
    let goes_on = deliveries(vec![delivery("lost")], Some("v1_8"));
    let decision = decided(
        &goes_on,
        &known(half_read.clone()),
        GithubAccess::App,
        hours,
    );
    assert!(decision.changes.contains(&Change::Listing(read_to(60))));
    assert_eq!(next(&decision), Some(hours + 1));
    let waits = known(Listing {
        pending_since: None,
        ..half_read
    });
    let round = due(Timer::FailedDeliveries);
    let decision = decided(&round, &waits, GithubAccess::App, hours);
    let begins = github::Effect::ListFailedDeliveries {
        since: at(45),
        cursor: None,
    };
    assert_eq!(decision.effects[0].effect, begins.into());
}

#[test]
fn operators_hear_of_a_refused_list_and_once_of_a_webhook_that_is_given_up() {
    let decision = decided(
        &listed(refused("404")),
        &known(read_to(0)),
        GithubAccess::App,
        0,
    );
    assert_eq!(decision.signals.len(), 1);
    assert_eq!(next(&decision), Some(60));
    let mut facts = known(read_to(0));
    let spent = Redelivery {
        guid: "lost".to_owned(),
        failed_at: at(0),
        attempts: 5,
        asked_at: at(0),
        given_up: false,
    };
    facts
        .deliveries
        .asked
        .insert("lost".to_owned(), spent.clone());
    let event = deliveries(vec![delivery("lost")], None);
    let told = |facts: &Facts| {
        decided(&event, facts, GithubAccess::App, 2000)
            .signals
            .len()
    };
    assert_eq!(told(&facts), 1);
    let given_up = Redelivery {
        given_up: true,
        ..spent
    };
    facts.deliveries.asked.insert("lost".to_owned(), given_up);
    assert_eq!(told(&facts), 0);
}

#[test]
fn a_run_without_news_is_read_and_what_is_read_counts_as_a_webhook() {
    let facts = Facts {
        overdue: vec![("acme/api".to_owned(), 1005)],
        ..Facts::default()
    };
    for access in [GithubAccess::Token, GithubAccess::App] {
        let decision = decided(&due(Timer::OverdueRuns), &facts, access, 0);
        let read = github::Effect::ReadRun {
            repository: "acme/api".to_owned(),
            run: 1005,
        };
        assert_eq!(decision.effects[0].effect, read.into());
        assert_eq!(next(&decision), Some(5));
    }
    let known = run(5, 2, Status::InProgress).run;
    let facts = Facts {
        run: Some(known.clone()),
        ..Facts::default()
    };
    let read = |attempt, status: &str, conclusion: Option<&str>| {
        let seen = RunSeen {
            attempt,
            number: 5,
            workflow: 7,
            workflow_name: "CI".to_owned(),
            trigger: "push".to_owned(),
            branch: "main".to_owned(),
            sha: known.sha.clone(),
            status: status.to_owned(),
            conclusion: conclusion.map(str::to_owned),
            actor: known.actor.clone(),
            url: known.url.clone(),
            started_at: known.started_at,
            updated_at: known.updated_at,
            default_branch: Some("main".to_owned()),
            workflow_file: Some("ci.yml".to_owned()),
        };
        let effect = github::Effect::ReadRun {
            repository: "acme/api".to_owned(),
            run: 1005,
        };
        let origin = Purpose::OverdueRun {
            repository: "acme/api".to_owned(),
            run: 1005,
        };
        let answer = github::Answer::Run(Box::new(seen));
        let event = ended(effect, origin, End::Done(Answer::Github(answer)));
        decided(&event, &facts, GithubAccess::App, 0)
    };
    let failed = read(2, "completed", Some("failure"));
    let mut then = known.clone();
    then.status = Status::Completed(Conclusion::Failure);
    assert!(failed.changes.contains(&Change::Run(Box::new(then))));
    assert!(!failed.effects.is_empty());
    for (attempt, status, conclusion) in [
        (2, "in_progress", None),
        (2, "queued", None),
        (1, "completed", Some("failure")),
        (2, "completed", None),
    ] {
        let decision = read(attempt, status, conclusion);
        assert!(decision.changes.is_empty(), "{attempt} {status}");
    }
}
