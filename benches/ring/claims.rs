//! The time of a claim when few rows wait, and when many do.
//!
//! Calls the store directly. There are three distributions, because each of them can make claims slow:
//! all rows due at once; nearly all rows behind the first of their lane; all but a few due later, as
//! during a long pause, where a claim must not read the rows that are not due. The claimed rows are
//! returned after each claim, so that every claim finds the same rows. Also the time of ending a row,
//! including the flush to disk, when all others wait in the same lane.

use super::fixture::Fixture;
use super::report::{Report, median, millis};
use anyhow::{Context as _, ensure};
use sqlx::PgConnection;
use std::time::Instant;
use wardroom::domain::areas::Origin;
use wardroom::domain::decision::Decision;
use wardroom::domain::effect::{Answer, Effect, Priority, Provider, slack};
use wardroom::domain::ids::{ChannelId, MessageTs};
use wardroom::domain::incident::Why;
use wardroom::domain::signal::End;
use wardroom::store::{
    Batching, Claim, Decided, Ending, Reads, Ready, Settings, Store, Way, Which,
};

const FEW: i64 = 1_000;
const MANY: i64 = 100_000;
const CLAIMS: usize = 60;
/// The most rows that a server claims at once.
const LIMIT: i64 = 16;

/// A distribution of waiting rows: SQL for their lane or subject, whether they are blocked, and when they are due.
struct Waiting {
    how: &'static str,
    lane: &'static str,
    blocked: &'static str,
    later: &'static str,
}

const WAYS: [Waiting; 3] = [
    Waiting {
        how: "all due",
        lane: "n",
        blocked: "false",
        later: "false",
    },
    Waiting {
        how: "100 lanes",
        lane: "n % 100",
        blocked: "n > 100",
        later: "false",
    },
    Waiting {
        how: "all but 8 for later",
        lane: "n",
        blocked: "false",
        later: "n <= $1 - 8",
    },
];

/// All rows wait behind the first.
const ONE_LANE: Waiting = Waiting {
    how: "one lane",
    lane: "1",
    blocked: "n > 1",
    later: "false",
};

pub async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    let store = Store::connect(Settings {
        servers: fixture.options.clone().into(),
        max_connections: 4,
        way: Way::Direct,
        batching: Batching::On,
        seal: None,
    });
    let mut connection = fixture.connection().await?;
    for way in &WAYS {
        let mut found = Vec::new();
        for rows in [FEW, MANY] {
            fixture.clear().await?;
            fill(&mut connection, way, rows).await?;
            found.push((
                effects(&store, &mut connection).await?,
                signals(&store).await?,
            ));
        }
        let [few, many] = found.as_slice() else {
            continue;
        };
        for (what, few, many) in [("effects", few.0, many.0), ("a signal", few.1, many.1)] {
            let name = format!("claim of {what}, {}", way.how);
            report.figure(
                &name,
                format!("{few:.2} ms with 1,000, {many:.2} ms with 100,000"),
            );
            report.at_most("  100,000 over 1,000", many / few, "×", 2.0);
        }
    }
    let mut found = Vec::new();
    for rows in [FEW, MANY] {
        fixture.clear().await?;
        fill(&mut connection, &ONE_LANE, rows).await?;
        found.push((end_effects(&store).await?, end_signals(&store).await?));
    }
    if let [few, many] = found.as_slice() {
        for (what, few, many) in [("an effect", few.0, many.0), ("a signal", few.1, many.1)] {
            report.figure(
                &format!("ending {what}, {}", ONE_LANE.how),
                format!("{few:.2} ms with 1,000, {many:.2} ms with 100,000"),
            );
            report.at_most("  100,000 over 1,000", many / few, "×", 2.0);
        }
    }
    behind_a_snapshot(report, &fixture, &store, &mut connection).await?;
    lists(report, &fixture, &store, &mut connection).await?;
    store.close().await;
    fixture.remove().await
}

/// Rows that end while a snapshot is held keep their index entries until it is released, and a claim reads past
/// them.
const ENDED: i64 = 20_000;

async fn behind_a_snapshot(
    report: &mut Report,
    fixture: &Fixture,
    store: &Store,
    connection: &mut PgConnection,
) -> anyhow::Result<()> {
    fixture.clear().await?;
    fill(connection, &WAYS[0], ENDED).await?;
    let mut holder = fixture.connection().await?;
    for sql in [
        "begin isolation level repeatable read",
        "select count(*) from inbox",
    ] {
        sqlx::query(sql).execute(&mut holder).await?;
    }
    for sql in [
        "update inbox set state = 'done', ended_at = now(), dedup_key = 'ended ' || dedup_key",
        "update outbox set state = 'done', ended_at = now()",
    ] {
        sqlx::query(sql).execute(&mut *connection).await?;
    }
    fill(connection, &WAYS[0], FEW).await?;
    let thousands = ENDED as f64 / 1_000.0;
    for (what, took) in [
        ("effects", effects(store, connection).await?),
        ("a signal", signals(store).await?),
    ] {
        let name = format!("claim of {what}, 20,000 rows ended under a held snapshot");
        report.figure(&name, format!("{took:.2} ms"));
        let what = "  per 1,000 ended rows";
        report.at_most(what, took / thousands, "ms", 0.5);
    }
    sqlx::query("rollback").execute(&mut holder).await?;
    Ok(())
}

/// The oldest rows are parked, and all others are done.
async fn lists(
    report: &mut Report,
    fixture: &Fixture,
    store: &Store,
    connection: &mut PgConnection,
) -> anyhow::Result<()> {
    fixture.clear().await?;
    fill(connection, &WAYS[0], MANY).await?;
    for sql in [
        "update inbox set state = case when dedup_key::int <= 60 then 'parked' else 'done' end, ended_at = now()",
        "analyze inbox",
    ] {
        sqlx::query(sql).execute(&mut *connection).await?;
    }
    let (mut parked, mut all) = (Vec::new(), Vec::new());
    for _ in 0..CLAIMS {
        let began = Instant::now();
        let page = store.inbox_rows(Some("parked"), 50, None).await?;
        parked.push(millis(began.elapsed()));
        ensure!(page.items.len() == 50, "a page of parked rows");
        let began = Instant::now();
        store.inbox_rows(None, 50, None).await?;
        all.push(millis(began.elapsed()));
    }
    let what = "list of parked signals, older than 100,000 others";
    report.at_most(what, median(parked), "ms", 5.0);
    report.at_most("  of signals in any state", median(all), "ms", 5.0);
    Ok(())
}

async fn end_effects(store: &Store) -> anyhow::Result<f64> {
    let mut took = Vec::new();
    for _ in 0..CLAIMS {
        let now = chrono::Utc::now();
        let claimed = store
            .claim_effects(now, 1, Provider::Slack, Priority::InTurn, Which::All)
            .await?;
        let claimed = claimed
            .first()
            .context("the next row of the lane can be claimed")?;
        let began = Instant::now();
        let done = Ending::Over(End::Done(Answer::Nothing));
        store.settle(claimed, &done, now).await?;
        took.push(millis(began.elapsed()));
    }
    Ok(median(took))
}

async fn end_signals(store: &Store) -> anyhow::Result<f64> {
    let mut took = Vec::new();
    for _ in 0..CLAIMS {
        let now = chrono::Utc::now();
        let claimed = store.claim_signals(now, &reads(), 1).await?;
        let Claim {
            mut intake,
            signals,
        } = claimed.context("the next row of the subject can be claimed")?;
        let signal = signals.first().context("a signal")?;
        let began = Instant::now();
        let decided = Decided {
            signal,
            ready: &Ready::plain(Decision::on(signal.id)),
            traceparent: None,
        };
        intake.save(&[decided], now).await?;
        intake.commit().await?;
        took.push(millis(began.elapsed()));
    }
    Ok(median(took))
}

async fn fill(connection: &mut PgConnection, way: &Waiting, rows: i64) -> anyhow::Result<()> {
    let effect = Effect::Slack(slack::Effect::Pin {
        channel: ChannelId::new("C0BENCH")?,
        ts: MessageTs::new("1772355600.000100")?,
    });
    let origin = Origin::Incident(Why::Notice.alone());
    let Waiting {
        lane,
        blocked,
        later,
        ..
    } = way;
    let outbox = format!(
        "insert into outbox (id, signal, lane, provider, kind, effect, priority, run_at, created_at, blocked,
                              area, purpose, origin)
         select gen_random_uuid(), gen_random_uuid(), 'lane ' || ({lane}), 'slack', 'pin', $2, 1,
                now() + case when {later} then interval '1 day' else interval '-1 second' end,
                now(), {blocked}, 'incident', 'notice', $3
           from generate_series(1, $1) as n"
    );
    sqlx::query(sqlx::AssertSqlSafe(outbox))
        .bind(rows)
        .bind(serde_json::to_value(effect)?)
        .bind(serde_json::to_value(origin)?)
        .execute(&mut *connection)
        .await?;
    let inbox = format!(
        "insert into inbox (id, source, kind, dedup_key, subject, body, received_at, run_at, blocked)
         select gen_random_uuid(), 'github', 'push', n::text, 'subject ' || ({lane}), '{{}}', now(),
                now() + case when {later} then interval '1 day' else interval '-1 second' end,
                {blocked}
           from generate_series(1, $1) as n"
    );
    sqlx::query(sqlx::AssertSqlSafe(inbox))
        .bind(rows)
        .execute(&mut *connection)
        .await?;
    for table in ["analyze inbox", "analyze outbox"] {
        sqlx::query(table).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn effects(store: &Store, connection: &mut PgConnection) -> anyhow::Result<f64> {
    let mut took = Vec::new();
    for _ in 0..CLAIMS {
        let began = Instant::now();
        let claimed = store
            .claim_effects(
                chrono::Utc::now(),
                LIMIT,
                Provider::Slack,
                Priority::InTurn,
                Which::All,
            )
            .await?;
        took.push(millis(began.elapsed()));
        ensure!(!claimed.is_empty(), "no effect was claimed");
        let ids: Vec<_> = claimed.iter().map(|effect| effect.id.0).collect();
        sqlx::query("update outbox set lease_until = null, lease_token = null where id = any($1)")
            .bind(ids)
            .execute(&mut *connection)
            .await?;
    }
    Ok(median(took))
}

/// As many kinds as Wardroom reads. The kind of the rows is the last one.
fn reads() -> Reads {
    let others = (0..45).map(|n| format!("kind_{n}")).collect();
    Reads::new([("github", others), ("github", vec!["push".to_owned()])])
}

async fn signals(store: &Store) -> anyhow::Result<f64> {
    let reads = reads();
    let mut took = Vec::new();
    for _ in 0..CLAIMS {
        let began = Instant::now();
        let claimed = store.claim_signals(chrono::Utc::now(), &reads, 1).await?;
        took.push(millis(began.elapsed()));
        ensure!(claimed.is_some(), "no signal was claimed");
        // Dropping the claim releases the row.
    }
    Ok(median(took))
}
