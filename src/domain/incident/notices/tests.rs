//! Which rows share a message, until when, and what it says.

use super::super::fixtures::{channel, noon};
use super::*;
use uuid::Uuid;

fn cause() -> Cause {
    Cause::of(
        Rows::ParkedSignals,
        "github/push".into(),
        "unreadable: poison",
    )
}

fn notice(target: Target, since: DateTime<Utc>) -> Notice {
    Notice {
        effect: EffectId(Uuid::from_u128(7)),
        cause: cause(),
        target,
        since,
        count: 4,
        oldest: noon(),
    }
}

#[test]
fn a_message_says_how_many_since_when_and_the_commands_for_all_of_them() {
    for (rows, kind, commands) in [
        (
            Rows::ParkedSignals,
            "github/push",
            [
                "`wardroom inbox list --state parked`",
                "`wardroom inbox replay --all --kind github/push --state parked --since 2026-03-01T12:00:00Z`",
            ],
        ),
        (
            Rows::UncertainEffects,
            "post_message",
            [
                "`wardroom outbox list --state uncertain`",
                "`wardroom outbox retry --all --kind post_message --state uncertain --since 2026-03-01T12:00:00Z`",
            ],
        ),
    ] {
        let mut notice = notice(Target::Channel(channel("COPS")), noon());
        notice.cause = Cause::of(rows, kind.into(), "timeout");
        // Not after the row: the command leaves out what is older than its start.
        notice.oldest += Duration::milliseconds(900);
        let standing = Standing {
            notice,
            first: Message::said(Text::plain("The first row.")),
            channel: channel("COPS"),
            ts: MessageTs::new("1.2").unwrap(),
            stuck: 3,
        };
        let message = message(&standing, noon() + Duration::minutes(1));
        let words: Vec<String> = message
            .parts
            .iter()
            .map(|part| match part {
                Part::Section(text) => text.to_plain(),
                part => panic!("{part:?}"),
            })
            .collect();
        assert_eq!((words.len(), words[0].as_str()), (2, "The first row."));
        let state = if rows == Rows::UncertainEffects {
            "uncertain"
        } else {
            "parked"
        };
        for said in [
            &format!("were {state} since 2026-03-01 12:00:00 UTC for the same cause: `timeout`"),
            &format!("Of this kind, 3 are {state} as of 2026-03-01 12:01:00 UTC."),
            commands[0],
            commands[1],
        ] {
            assert!(words[1].contains(said), "{said}: {}", words[1]);
        }
        assert!(words[1].starts_with("4 "), "{}", words[1]);
    }
}

#[test]
fn what_is_not_counted_to_its_end_says_so() {
    for (stuck, said) in [
        (COUNTED, "10000 are parked"),
        (COUNTED + 1, "more than 10,000 are parked"),
    ] {
        let standing = Standing {
            notice: notice(Target::Channel(channel("COPS")), noon()),
            first: Message::said(Text::plain("The first row.")),
            channel: channel("COPS"),
            ts: MessageTs::new("1.2").unwrap(),
            stuck,
        };
        let message = message(&standing, noon());
        let Some(Part::Section(text)) = message.parts.last() else {
            panic!("{message:?}")
        };
        let said = format!("Of this kind, {said}");
        assert!(text.to_plain().contains(&said), "{}", text.to_plain());
    }
}

#[test]
fn a_cause_holds_nothing_that_differs_from_row_to_row() {
    let long = "so many words ".repeat(30);
    for (error, cause) in [
        ("is_archived", "is_archived"),
        ("http_503", "http_503"),
        ("", "unknown"),
        (
            "unreadable: data error at line 1, column 20",
            "unreadable: data error",
        ),
        (
            "missing field `action` at line 3 column 7",
            "missing field action",
        ),
        (
            "invalid type: string \"a secret\", expected u64",
            "invalid type: string …, expected …",
        ),
        (
            "unknown variant `a secret`, expected one",
            "unknown variant …, expected one",
        ),
        ("no run 4711 of acme/api", "no run … of acme/api"),
        (
            "no incident 0190-ab12 (again), 17é",
            "no incident … (again), …",
        ),
        (long.as_str(), &long[..CAUSE]),
    ] {
        assert_eq!(without_particulars(error), cause, "{error}");
    }
}
