//! The courier of GitHub against a simulated GitHub with rules and faults: each kind of effect is delivered,
//! refused, limited, and when its answer is lost, a lookup finds whether it happened.
//!
//! Everything goes over HTTP. The tests check what is on GitHub, not only the courier's answer.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod changing;
mod credentials;
mod deliveries;
mod dispatch;
mod every_kind;
mod limits;
mod reading;
mod rerun;
#[path = "../support/simulated.rs"]
mod simulated;
mod writing;

use chrono::{DateTime, TimeDelta, Utc};
use simulator::{APP_KEY, AttemptPlan, Fault, FaultRule, GitHub, JobPlan, RunPlan, Workspace};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use url::Url;
use uuid::Uuid;
use wardroom::config::Proxies;
use wardroom::courier::{Courier, Lookup, Outcome, Parcel};
use wardroom::domain::effect::Answer;
use wardroom::domain::effect::github::{self, Effect};
use wardroom::domain::ids::{EffectId, SignalId};
use wardroom::github::app_key::AppKey;
use wardroom::github::client::{Access, Credentials};
use wardroom::github::courier::GithubCourier;
use wardroom::http_client::HttpClient;
use wardroom::telemetry::metrics::Metrics;

const API: &str = "acme/api";

/// A GitHub with the App on `acme`, and its repository `acme/api`.
struct World {
    sim: Workspace,
    github: GitHub,
    installation: u64,
    courier: GithubCourier,
    metrics: Arc<Metrics>,
    /// Seconds after [`start`].
    passed: Arc<AtomicI64>,
}

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn app(github: &GitHub) -> Credentials {
    Credentials::App {
        id: github.app_id(),
        key: Box::new(AppKey::from_pem(APP_KEY).unwrap()),
    }
}

fn courier(api_url: &str, credentials: Credentials) -> (GithubCourier, Arc<Metrics>) {
    let access = Access {
        api_url: Url::parse(api_url).unwrap(),
        credentials,
    };
    let http = || HttpClient::new(&access.api_url, &Proxies::default()).unwrap();
    let (http, storage) = (http(), http());
    let metrics = Arc::new(Metrics::new("test", "test"));
    let courier = GithubCourier::new(access, http, storage, metrics.clone());
    (courier, metrics)
}

async fn world() -> World {
    let passed = Arc::new(AtomicI64::new(0));
    let clock = passed.clone();
    let now = move || start() + TimeDelta::seconds(clock.load(Ordering::Relaxed));
    let sim = Workspace::start(simulated::options(Arc::new(now)))
        .await
        .unwrap();
    let github = sim.github();
    let installation = github.install("acme");
    github.add_repository(API);
    let (courier, metrics) = courier(&github.api_url(), app(&github));
    World {
        courier,
        metrics,
        installation,
        github,
        sim,
        passed,
    }
}

fn parcel(now: DateTime<Utc>) -> Parcel {
    Parcel {
        id: EffectId::of(SignalId(Uuid::nil()), 1, "test"),
        first_attempt_at: now,
        mark: None,
        after_uncertain: false,
        looked_to: None,
        delayed_from: None,
        now,
        deadline: Duration::from_secs(8),
    }
}

impl World {
    fn now(&self) -> DateTime<Utc> {
        start() + TimeDelta::seconds(self.passed.load(Ordering::Relaxed))
    }

    fn pass(&self, seconds: i64) {
        self.passed.fetch_add(seconds, Ordering::Relaxed);
    }

    async fn deliver(&self, effect: &Effect) -> Outcome {
        self.courier.deliver(effect, &parcel(self.now())).await
    }

    async fn again(&self, effect: &Effect) -> Outcome {
        let mut parcel = parcel(self.now());
        parcel.after_uncertain = true;
        self.courier.deliver(effect, &parcel).await
    }

    async fn find(&self, effect: &Effect) -> Lookup {
        self.courier.reconcile(effect, &parcel(self.now())).await
    }

    /// The same with an answer that does not come in time.
    async fn hasty(&self, effect: &Effect) -> Outcome {
        let mut parcel = parcel(self.now());
        parcel.deadline = Duration::from_millis(300);
        self.courier.deliver(effect, &parcel).await
    }

    /// A run whose only job failed with this log; its id.
    fn failed_run(&self, log: &str) -> i64 {
        let run = RunPlan::new("CI", vec![JobPlan::failed("test", log)]);
        self.run(run.then(AttemptPlan::new(vec![JobPlan::passed("test")])))
    }

    fn run(&self, plan: RunPlan) -> i64 {
        i64::try_from(self.github.run(API, plan)).unwrap()
    }

    fn fault(&self, endpoint: &str, fault: Fault) {
        self.sim
            .fault(FaultRule::once(&format!("github/{endpoint}"), fault));
    }
}

fn api() -> String {
    API.to_owned()
}

fn answered(outcome: Outcome) -> github::Answer {
    match outcome {
        Outcome::Done(Answer::Github(answer)) => answer,
        other => panic!("not done: {other:?}"),
    }
}

/// Whether it may have happened.
fn is_uncertain(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Uncertain { .. } | Outcome::ServerError { .. }
    )
}

fn refused(code: &str) -> Outcome {
    Outcome::Refused { code: code.into() }
}

/// Refused without asking GitHub.
fn refused_here(code: &str) -> Outcome {
    Outcome::Elsewhere {
        outcome: Box::new(refused(code)),
        answered: false,
    }
}

/// No run is listed for the dispatch: it may have been lost, or is not listed yet.
fn not_listed() -> Lookup {
    Lookup::Unreadable {
        code: "no_run_listed".to_owned(),
    }
}

fn repository(world: &World) -> simulator::RepositoryView {
    world.github.repository(API)
}
