//! A database that vanishes without a word: connections that neither answer nor fail.
//!
//! The tests' server is reached through a door of ours. When it freezes, what is connected hangs
//! without a limit, as behind a host that died; a new connection is let through, as to its successor.

use super::Ring;
use futures_util::future::join_all;
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use std::collections::BTreeSet;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use wardroom::store::{Batching, Settings, Store, Way};

/// A door to the tests' server: its port, and what freezes those who are inside.
async fn door(server: PgConnectOptions) -> (u16, watch::Sender<u32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let (freeze, frozen) = watch::channel(0);
    tokio::spawn(async move {
        while let Ok((inside, _)) = listener.accept().await {
            let (server, mut frozen) = (server.clone(), frozen.clone());
            frozen.mark_unchanged();
            tokio::spawn(async move {
                match server.get_socket() {
                    Some(folder) => {
                        let path = folder.join(format!(".s.PGSQL.{}", server.get_port()));
                        let outside = UnixStream::connect(path)
                            .await
                            .expect("the server's socket");
                        through(inside, outside, frozen).await;
                    }
                    None => {
                        let address = (server.get_host(), server.get_port());
                        let outside = TcpStream::connect(address).await.expect("the server");
                        through(inside, outside, frozen).await;
                    }
                }
            });
        }
    });
    (port, freeze)
}

async fn through(
    mut inside: TcpStream,
    mut outside: impl AsyncRead + AsyncWrite + Unpin,
    mut frozen: watch::Receiver<u32>,
) {
    tokio::select! {
        _ended = copy_bidirectional(&mut inside, &mut outside) => {}
        _froze = frozen.changed() => std::future::pending().await,
    }
}

#[tokio::test]
async fn connections_that_hang_are_left_behind_and_what_was_refused_is_never_written() {
    let ring = Ring::new().await;
    let server = ring.database.options.clone();
    let (port, freeze) = door(server.clone()).await;
    let options = PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(port)
        .username(server.get_username())
        .database(server.get_database().expect("a database of its own"));
    let store = Store::connect(Settings {
        servers: options.into(),
        max_connections: 6,
        way: Way::Direct,
        batching: Batching::On,
        seal: None,
    });
    // Many at once, so that both of the writer's connections are open before they hang.
    let mut ids = BTreeSet::new();
    for round in 0..4 {
        let appends = (0..32).map(|at| {
            let key = format!("before-{round}-{at}");
            store.append(ring.arrival(&key, &key))
        });
        for appended in join_all(appends).await {
            ids.insert(appended.expect("it is durable").id().to_string());
        }
    }
    store.ping().await.expect("it answers");

    freeze.send_replace(1);
    let before = ids.len();
    for at in 0..10 {
        let key = format!("after-{at}");
        let begun = std::time::Instant::now();
        let appended = store.append(ring.arrival(&key, "one")).await;
        assert!(
            begun.elapsed().as_millis() < 2500,
            "an answer within the promise"
        );
        if let Ok(appended) = appended {
            ids.insert(appended.id().to_string());
        }
        if ids.len() == before + 2 {
            break;
        }
    }
    assert_eq!(ids.len(), before + 2, "the writer came back by itself");
    let asking = || store.within(std::time::Duration::from_secs(1), store.ping());
    for _ in 0..10 {
        if asking().await.is_ok() {
            break;
        }
    }
    let rows = store.inbox_rows(None, 200, None).await;
    let rows = rows.expect("it answers again").items;
    let written: BTreeSet<String> = rows.into_iter().map(|row| row.id.to_string()).collect();
    assert_eq!(written, ids, "exactly what was answered is there");
}

#[tokio::test]
async fn a_statement_that_its_caller_gives_up_ends_its_own_connection_and_no_other() {
    let ring = Ring::new().await;
    let options = ring.database.options.clone().application_name("hurried");
    let store = Store::connect(Settings {
        servers: options.into(),
        max_connections: 4,
        way: Way::Direct,
        batching: Batching::On,
        seal: None,
    });
    let writers = "select pid::text from pg_stat_activity
                    where application_name = 'hurried' and query like '%append_signals%'";
    let appended = store.append(ring.arrival("before", "one")).await;
    appended.expect("it is durable");
    let before = ring.database.query(writers).await;
    assert_eq!(before.len(), 1, "{before:?}");

    let mut locker = ring.database.options.connect().await.expect("it answers");
    let lock = "begin; lock table pauses in access exclusive mode";
    sqlx::raw_sql(lock)
        .execute(&mut locker)
        .await
        .expect("free");
    let now = ring.clock.now();
    // The first one's connection is tidied, in vain, while the second one waits.
    for millis in [100, 1500] {
        let limit = std::time::Duration::from_millis(millis);
        let asked = store.within(limit, store.pauses(now)).await;
        assert!(asked.is_err(), "the table is locked");
    }
    let appended = store.append(ring.arrival("after", "one")).await;
    appended.expect("it is durable");
    assert_eq!(ring.database.query(writers).await, before, "not renewed");
    sqlx::raw_sql("rollback")
        .execute(&mut locker)
        .await
        .expect("it answers");
    store.pauses(now).await.expect("it answers again");
    store.close().await;
}
