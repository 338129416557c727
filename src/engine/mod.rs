//! Every transaction and every loop of the ring.
//!
//! Each loop is a step called again and again; a test calls the same steps itself. Nothing here
//! knows a provider: decoders and couriers are handed in. Nothing that was accepted lives in
//! memory: a process that dies between two lines loses no work.

mod areas;
mod batch;
mod breaker;
pub mod clock;
mod decode;
mod delivery;
mod exchange;
mod intake;
mod outcome;
mod pace;
pub mod plan;
mod probe;
mod run;
mod tick;

pub use run::Running;
pub use tick::{Duties, Process};

use crate::courier::AnyCourier;
use crate::domain::areas::Signal;
use crate::domain::effect::Provider;
use crate::domain::rules::Rules;
use crate::store::{Reads, Store, StoredSignal};
use crate::telemetry::health::Health;
use crate::telemetry::metrics::Metrics;
use breaker::Breakers;
use clock::Clock;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::sync::watch;

/// Makes a signal of what arrived from one source: the row and its body. `None`: what must be known
/// for that is not known yet, so the row waits a moment. An error's text is for the log and the
/// parked row: it must hold none of the body.
pub type Decode =
    Arc<dyn Fn(&StoredSignal, &[u8], &Rules) -> Result<Option<Signal>, String> + Send + Sync>;

/// The decoder of one source.
#[derive(Clone)]
pub struct Decoder {
    /// The kinds that it reads; rows of other kinds are left to processes that know them.
    pub kinds: Vec<String>,
    /// How it reads them.
    pub decode: Decode,
}

/// What the engine is made of.
pub struct Parts {
    pub store: Store,
    /// What time it is.
    pub clock: Clock,
    /// The team's rules; replaced whole on a reload.
    pub rules: watch::Receiver<Arc<Rules>>,
    /// A decoder for each source of the inbox that is not the engine's own.
    pub decoders: HashMap<&'static str, Decoder>,
    /// A courier for each provider that is configured.
    pub couriers: Vec<Arc<dyn AnyCourier>>,
    pub metrics: Arc<Metrics>,
    /// What the probes read.
    pub health: Arc<Health>,
    /// Effects of one provider that this process delivers at the same time.
    pub concurrency: usize,
}

pub struct Engine {
    parts: Parts,
    couriers: BTreeMap<Provider, Arc<dyn AnyCourier>>,
    breakers: Breakers,
    versions: run::Versions,
    batches: batch::Batches,
    /// Held while a large body is in memory: one in a process.
    large: tokio::sync::Mutex<()>,
    pace: pace::Pace,
    /// What this process can read of the inbox.
    reads: Reads,
}

impl Engine {
    /// Puts the parts together; nothing runs yet.
    pub fn new(parts: Parts) -> Arc<Self> {
        let couriers = parts
            .couriers
            .iter()
            .map(|courier| (courier.provider(), courier.clone()))
            .collect();
        let reads = decode::reads(&parts.decoders);
        Arc::new(Self {
            parts,
            reads,
            couriers,
            breakers: Breakers::default(),
            versions: run::Versions::default(),
            batches: batch::Batches::default(),
            large: tokio::sync::Mutex::default(),
            pace: pace::Pace::default(),
        })
    }

    fn rules(&self) -> Arc<Rules> {
        self.parts.rules.borrow().clone()
    }
}
