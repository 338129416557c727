//! Rows of the queues replayed, retried and dropped from the command line, one by one and all that
//! match.

use crate::harness::Deployment;
use crate::harness::wardroom::{Ended, command, run};
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::{Read as _, Write as _};

/// Three parked signals and one that is done, three parked effects and one that is done. Their ids
/// end in the digit of their place; the first of each is a week old.
const ROWS: &str = "
    insert into inbox (id, source, kind, dedup_key, subject, body, received_at, run_at, state, ended_at, error)
    select ('00000000-0000-4000-8000-00000000000' || n)::uuid, 'slack',
           case when n = 2 then 'event' else 'command' end, n::text, 's' || n, 'x',
           now() - case when n = 1 then interval '7 days' else interval '1 hour' end, now(),
           case when n = 4 then 'done' else 'parked' end, now(), 'panicked'
      from generate_series(1, 4) as n;
    insert into outbox (id, signal, lane, provider, kind, effect, priority, run_at, created_at, state, ended_at, error)
    select ('00000000-0000-4000-8000-00000000000' || n)::uuid, gen_random_uuid(), 'l' || n, 'slack',
           case when n = 2 then 'show_card' else 'post_message' end, '{}', 1, now(),
           now() - case when n = 1 then interval '7 days' else interval '1 hour' end,
           case when n = 4 then 'done' else 'parked' end, now(), 'is_archived'
      from generate_series(1, 4) as n";

const SIGNALS: &str = "select right(id::text, 1) || ' ' || state from inbox order by id";
const EFFECTS: &str = "select right(id::text, 1) || ' ' || state from outbox order by id";
const AUDIT: &str = "select action || ' ' || coalesce(details ->> 'why', '-') || ' ' ||
                            right(coalesce(details ->> 'signal', details ->> 'effect'), 1)
                       from audit_log order by id";
const NOTHING_CHANGED: [&str; 4] = ["1 parked", "2 parked", "3 parked", "4 done"];

async fn deployment() -> Deployment {
    let deployment = Deployment::new().await;
    let migrated = run(&deployment.env, &["migrate"]).await;
    assert_eq!(migrated.code, Some(0), "{migrated:?}");
    let mut connection = deployment.connection().await;
    let inserted = sqlx::raw_sql(ROWS).execute(&mut connection).await;
    inserted.expect("the rows are as the tables want them");
    deployment
}

async fn says(deployment: &Deployment, words: &str) -> Ended {
    let args: Vec<&str> = words.split(' ').collect();
    run(&deployment.env, &args).await
}

fn id(place: u8) -> String {
    format!("00000000-0000-4000-8000-00000000000{place}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_rows_are_dropped_by_their_ids_and_one_that_is_done_is_refused() {
    let deployment = deployment().await;
    for queue in ["inbox", "outbox"] {
        let words = format!("{queue} drop {} {} {} --why old", id(1), id(4), id(2));
        let ended = says(&deployment, &words).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let done = format!("{} is dropped\n{} is dropped\n", id(1), id(2));
        assert_eq!(ended.stdout, done);
        let refused = format!("{} is not dropped", id(4));
        assert!(ended.stderr.contains(&refused), "{}", ended.stderr);
    }
    let signals = deployment.list(SIGNALS).await;
    assert_eq!(signals, ["1 done", "2 done", "3 parked", "4 done"]);
    let effects = deployment.list(EFFECTS).await;
    assert_eq!(effects, ["1 dropped", "2 dropped", "3 parked", "4 done"]);
    let audit = deployment.list(AUDIT).await;
    let (of_signals, of_effects) = (
        ["inbox.drop old 1", "inbox.drop old 2"],
        ["outbox.drop old 1", "outbox.drop old 2"],
    );
    assert_eq!(audit, [of_signals, of_effects].concat());
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_match_and_only_they_are_replayed_retried_and_dropped() {
    let deployment = deployment().await;
    for (words, answer) in [
        (
            "inbox replay --all --kind slack/command --since 72h --yes",
            "1 signal matches.\n1 signal replayed\n",
        ),
        (
            "inbox drop --all --kind slack/event --yes --why old",
            "1 signal matches.\n1 signal dropped\n",
        ),
        (
            "outbox retry --all --kind post_message --since 72h --yes",
            "1 effect matches.\n1 effect retried\n",
        ),
        (
            "outbox drop --all --yes --why old",
            "2 effects match.\n2 effects dropped\n",
        ),
        (
            "outbox retry --all --state dropped --kind show_card --yes",
            "1 effect matches.\n1 effect retried\n",
        ),
        ("outbox drop --all --yes --why old", "0 effects match.\n"),
    ] {
        let ended = says(&deployment, words).await;
        assert_eq!(
            (ended.code, &*ended.stdout),
            (Some(0), answer),
            "{words}: {ended:?}"
        );
    }
    let signals = deployment.list(SIGNALS).await;
    assert_eq!(signals, ["1 parked", "2 done", "3 open", "4 done"]);
    let effects = deployment.list(EFFECTS).await;
    assert_eq!(effects, ["1 dropped", "2 open", "3 open", "4 done"]);
    let audit = deployment.list(AUDIT).await;
    let wanted = [
        "inbox.replay - 3",
        "inbox.drop old 2",
        "outbox.retry - 3",
        "outbox.drop old 1",
        "outbox.drop old 2",
        "outbox.retry - 2",
    ];
    assert_eq!(audit, wanted, "the oldest first");

    // What matches and cannot be replayed is refused, and the rest is done.
    let mut connection = deployment.connection().await;
    let forgotten = "update inbox set body = null where right(id::text, 1) = '4'";
    let forgotten = sqlx::raw_sql(forgotten).execute(&mut connection).await;
    forgotten.expect("the statement is right");
    let ended = says(&deployment, "inbox replay --all --state done --yes").await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(
        ended.stdout,
        "2 signals match.\n1 signal replayed, 1 refused\n"
    );
    assert!(ended.stderr.contains(&format!("{} is not replayed", id(4))));
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_terminal_and_without_yes_nothing_changes() {
    let deployment = deployment().await;
    for (words, told) in [
        (
            "inbox replay --all",
            "3 signals match; there is no terminal to ask on: add --yes\n",
        ),
        (
            "inbox drop --all --why old",
            "3 signals match; there is no terminal to ask on: add --yes\n",
        ),
        (
            "outbox retry --all",
            "3 effects match; there is no terminal to ask on: add --yes\n",
        ),
        (
            "outbox drop --all --why old",
            "3 effects match; there is no terminal to ask on: add --yes\n",
        ),
    ] {
        let ended = says(&deployment, words).await;
        assert_eq!((ended.code, &*ended.stderr), (Some(2), told), "{words}");
    }
    assert_eq!(deployment.list(SIGNALS).await, NOTHING_CHANGED);
    assert_eq!(deployment.list(EFFECTS).await, NOTHING_CHANGED);
    deployment.close().await;
}

/// Runs a command on a terminal at which this is typed; returns its exit code and its lines.
async fn typed(deployment: &Deployment, words: &str, answer: &str) -> (Option<i32>, String) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let mut terminal = File::from(master);
    terminal.write_all(answer.as_bytes()).unwrap();
    let args: Vec<&str> = words.split(' ').collect();
    let mut child = {
        let mut command = command(&deployment.env, &args, &std::env::temp_dir());
        let out = slave.try_clone().unwrap();
        let command = command.stdin(slave.try_clone().unwrap()).stdout(out);
        command.stderr(slave).spawn().unwrap()
    };
    let ended = child.wait().await.unwrap();
    // The end of a terminal that no process has open is an error.
    let mut screen = Vec::new();
    let _end = terminal.read_to_end(&mut screen);
    (ended.code(), String::from_utf8_lossy(&screen).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_terminal_it_says_how_many_and_asks() {
    let deployment = deployment().await;
    let question = "3 signals match. Replay them? [y/N] ";
    let (code, said) = typed(&deployment, "inbox replay --all", "\n").await;
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains(question) && said.contains("nothing is changed"),
        "{said}"
    );
    assert_eq!(deployment.list(SIGNALS).await, NOTHING_CHANGED);
    let (code, said) = typed(&deployment, "inbox replay --all", "y\n").await;
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains(question) && said.contains("3 signals replayed"),
        "{said}"
    );
    let signals = deployment.list(SIGNALS).await;
    assert_eq!(signals, ["1 open", "2 open", "3 open", "4 done"]);
    deployment.close().await;
}
