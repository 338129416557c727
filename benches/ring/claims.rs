//! How long a claim takes when few rows wait, and when very many do.
//!
//! Through the store itself. Three ways of waiting, for each has spoilt another queue: all due at
//! once; nearly all in the back of a lane; all but a few for later, as behind a long pause, where a
//! claim that looks for more than is due must not read through the rest. What a claim took is
//! given back after each, so that the next finds the same. And how long it takes to end one, with
//! the flush to the disk, when all wait in one lane behind it.

use super::house::House;
use super::report::{Report, median, millis};
use anyhow::{Context as _, ensure};
use sqlx::PgConnection;
use std::time::Instant;
use wardroom::domain::decision::Decision;
use wardroom::domain::effect::{Effect, Priority, Provider};
use wardroom::domain::ids::{ChannelId, MessageTs};
use wardroom::domain::signal::{Answer, End};
use wardroom::store::{Batching, Claim, Decided, Ending, Reads, Settings, Store, Way, Which};

const FEW: i64 = 1_000;
const MANY: i64 = 100_000;
const CLAIMS: usize = 60;
/// As many as a server asks for at once.
const LIMIT: i64 = 16;

/// How rows wait: what their lane or subject is, whether it is held up, and when they are due.
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

/// All behind the first.
const ONE_LANE: Waiting = Waiting {
    how: "one lane",
    lane: "1",
    blocked: "n > 1",
    later: "false",
};

/// Measures.
pub async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let house = House::build().await?;
    let store = Store::connect(Settings {
        servers: house.options.clone().into(),
        max_connections: 4,
        way: Way::Direct,
        batching: Batching::On,
        seal: None,
    });
    let mut connection = house.connection().await?;
    for way in &WAYS {
        let mut found = Vec::new();
        for rows in [FEW, MANY] {
            house.clear().await?;
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
        house.clear().await?;
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
    store.close().await;
    house.raze().await
}

async fn end_effects(store: &Store) -> anyhow::Result<f64> {
    let mut took = Vec::new();
    for _ in 0..CLAIMS {
        let now = chrono::Utc::now();
        let claimed = store
            .claim_effects(now, 1, Provider::Slack, Priority::InTurn, Which::All)
            .await?;
        let claimed = claimed.first().context("the lane's next is free")?;
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
        } = claimed.context("the next is free")?;
        let signal = signals.first().context("a signal")?;
        let began = Instant::now();
        let decided = Decided {
            signal,
            decision: &Decision::on(signal.id),
            traceparent: None,
        };
        intake.save(&[decided], now).await?;
        intake.commit().await?;
        took.push(millis(began.elapsed()));
    }
    Ok(median(took))
}

async fn fill(connection: &mut PgConnection, way: &Waiting, rows: i64) -> anyhow::Result<()> {
    let effect = Effect::Pin {
        room: ChannelId::new("C0BENCH")?,
        ts: MessageTs::new("1772355600.000100")?,
    };
    let Waiting {
        lane,
        blocked,
        later,
        ..
    } = way;
    let outbox = format!(
        "insert into outbox (id, signal, lane, provider, kind, effect, priority, run_at, created_at, blocked)
         select gen_random_uuid(), gen_random_uuid(), 'lane ' || ({lane}), 'slack', 'pin', $2, 1,
                now() + case when {later} then interval '1 day' else interval '-1 second' end,
                now(), {blocked}
           from generate_series(1, $1) as n"
    );
    sqlx::query(sqlx::AssertSqlSafe(outbox))
        .bind(rows)
        .bind(serde_json::to_value(effect)?)
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

/// As many kinds as the product reads; the rows' own is the last.
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
        // Dropped: it is free again.
    }
    Ok(median(took))
}
