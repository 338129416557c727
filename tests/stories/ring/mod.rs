//! The ring at its joints, where a story of people would be too coarse: appends, turns, leases,
//! timers, what is parked, what is deleted. Always against a real database, by the store's and
//! the engine's own doors.

mod append;
mod areas;
mod batches;
mod clocks;
mod conflicts;
mod lanes;
mod lease;
mod parked;
mod pauses;
mod retention;
mod seal;
mod silent;
mod standing;
mod timers;
mod turns;
mod unreadable;
mod versions;
mod writer;

use crate::world::{Database, story_start};
use sqlx::{AssertSqlSafe, Row as _};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use wardroom::courier::{Courier, Lookup, Outcome, Parcel};
use wardroom::domain::areas::{Event, Signal};
use wardroom::domain::effect::Answer;
use wardroom::domain::effect::slack::Effect;
use wardroom::domain::rules::Rules;
use wardroom::engine::clock::Clock;
use wardroom::engine::{Decode, Decoder, Engine, Parts};
use wardroom::store::{Arrival, Batching, Seal, Settings, Store, Way};
use wardroom::telemetry::health::Health;
use wardroom::telemetry::metrics::Metrics;

/// What was decided, in the order in which it was: subject and body.
type Decided = Arc<Mutex<Vec<(String, String)>>>;

/// A database, and a source whose signals mean nothing but are noted when they are decided. A body
/// that says `poison` cannot be read as long as the decoder is not fixed.
struct Ring {
    database: Database,
    clock: Clock,
    decided: Decided,
    mended: Arc<AtomicBool>,
    _rules: watch::Sender<Arc<Rules>>,
    rules: watch::Receiver<Arc<Rules>>,
}

/// One of the processes that share the database.
#[derive(Clone)]
struct Replica {
    store: Store,
    engine: Arc<Engine>,
}

impl Ring {
    async fn new() -> Self {
        let (sender, rules) = watch::channel(Arc::new(Rules::default()));
        Self {
            database: Database::fresh().await,
            clock: Clock::manual(story_start()),
            decided: Decided::default(),
            mended: Arc::default(),
            _rules: sender,
            rules,
        }
    }

    fn replica(&self) -> Replica {
        self.replica_with(None)
    }

    fn replica_with(&self, key: Option<[u8; 32]>) -> Replica {
        self.replica_on(Way::Direct, key, &["noted"])
    }

    /// One of a version that reads these kinds.
    fn replica_that_reads(&self, kinds: &[&str]) -> Replica {
        self.replica_on(Way::Direct, None, kinds)
    }

    /// One that speaks as behind a transaction pooler.
    fn pooled_replica(&self) -> Replica {
        self.replica_on(Way::Pooled, None, &["noted"])
    }

    fn replica_on(&self, way: Way, key: Option<[u8; 32]>, kinds: &[&str]) -> Replica {
        let store = Store::connect(Settings {
            servers: self.database.options.clone().into(),
            max_connections: 6,
            way,
            batching: Batching::On,
            seal: key.map(|key| Arc::new(Seal::new(&key))),
        });
        let (decided, mended) = (self.decided.clone(), self.mended.clone());
        let decode: Decode = Arc::new(move |row, body, _rules| {
            let body = String::from_utf8_lossy(body).into_owned();
            if body.contains("poison") && !mended.load(Ordering::SeqCst) {
                return Err("unreadable: poison".to_owned());
            }
            assert!(body != "panic", "this decoder panics");
            let mut decided = decided.lock().unwrap_or_else(PoisonError::into_inner);
            decided.push((row.subject.clone(), body.clone()));
            Ok(Some(Signal {
                id: row.id,
                at: row.at,
                event: Event::Unused { what: body },
            }))
        });
        let decoder = Decoder {
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            decode,
        };
        let engine = Engine::new(Parts {
            store: store.clone(),
            clock: self.clock.clone(),
            rules: self.rules.clone(),
            decoders: HashMap::from([("test", decoder)]),
            couriers: vec![Arc::new(ToNowhere)],
            metrics: Arc::new(Metrics::new("0", "0")),
            health: Arc::new(Health::new()),
            concurrency: 4,
        });
        Replica { store, engine }
    }

    fn arrival(&self, key: &str, subject: &str) -> Arrival {
        Arrival {
            source: "test",
            kind: "noted".to_owned(),
            dedup_key: key.to_owned(),
            subject: subject.to_owned(),
            headers: serde_json::json!({}),
            body: key.to_owned().into(),
            traceparent: None,
            at: self.clock.now(),
        }
    }

    /// The bodies decided so far, of all subjects or of one.
    fn decided(&self, subject: Option<&str>) -> Vec<String> {
        let decided = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |name: &str| subject.is_none_or(|subject| subject == name);
        decided
            .iter()
            .filter(|(name, _)| fits(name))
            .map(|(_, body)| body.clone())
            .collect()
    }

    /// One number that the database counts.
    async fn number(&self, query: &str) -> i64 {
        let mut connection = self.database.connection().await;
        let row = sqlx::query(AssertSqlSafe(query.to_owned()))
            .fetch_one(&mut connection)
            .await;
        row.expect("the query is right").get(0)
    }

    /// Does statements, as an operator with a console would.
    async fn does(&self, statement: &str) {
        let mut connection = self.database.connection().await;
        let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
            .execute(&mut connection)
            .await;
        done.expect("the statement is right");
    }

    async fn end(self, replicas: &[Replica]) {
        for replica in replicas {
            replica.store.close().await;
        }
        self.database.drop_now().await;
    }
}

/// Carries whatever it is given, at once, and reports it nowhere: these rings are about turns.
struct ToNowhere;

#[async_trait::async_trait]
impl Courier for ToNowhere {
    type Effect = Effect;

    fn pause_scopes(&self, _effect: &Effect) -> Vec<String> {
        Vec::new()
    }

    fn reconcile_scopes(&self, _effect: &Effect) -> Vec<String> {
        Vec::new()
    }

    async fn deliver(&self, _effect: &Effect, _parcel: &Parcel) -> Outcome {
        Outcome::Done(Answer::Nothing)
    }

    async fn reconcile(&self, _effect: &Effect, _parcel: &Parcel) -> Lookup {
        Lookup::Absent
    }
}

impl Replica {
    /// Decides until nothing is due at this moment.
    async fn decide_all(&self) {
        while self.engine.intake_step().await.expect("it answers") {}
    }
}
