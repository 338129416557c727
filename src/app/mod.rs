//! Assembles the application: the only module that knows all others.
//!
//! [`App::assemble`] makes every part and starts none, so that a test can run the same parts step by step;
//! [`App::run`] starts the loops and the listeners, [`RunningApp::stop`] stops them in order.

pub mod couriers;
pub mod database;
mod decoders;
mod healing;
pub mod logging;
mod process_signals;
mod reload;
pub mod rules;
pub mod sources;
mod watchdog;

pub use process_signals::{ProcessSignals, until_stop_signal};
pub use reload::Watching;

use crate::config::{self, Config, MetricsPort};
use crate::domain::effect::Provider;
use crate::domain::rules::Rules;
use crate::edge::server::{Stage, serve};
use crate::edge::{Build, ConnectionLimit, EdgeSettings, EdgeState, app_router, metrics_router};
use crate::engine::clock::Clock;
use crate::engine::{Engine, Parts, Process, Running};
use crate::slack::address::{Installation, Team};
use crate::slack::courier::SlackCourier;
use crate::store::Store;
use crate::telemetry::health::{Condition, Health};
use crate::telemetry::metrics::Metrics;
use anyhow::Context as _;
use axum::Router;
use rustix::process::{Resource, getrlimit, setrlimit};
use rustix::system::uname;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The parts of a running Wardroom.
pub struct App {
    pub engine: Arc<Engine>,
    pub store: Store,
    pub health: Arc<Health>,
    pub router: Router,
    pub metrics_router: Router,
    pub metrics: Arc<Metrics>,
    /// Sending new rules is a reload.
    pub rules: watch::Sender<Arc<Rules>>,
    slack: Option<Arc<SlackCourier>>,
    installation: watch::Sender<Installation>,
    clock: Clock,
    config: Config,
}

/// The listeners: bound, and not served yet.
pub struct Listeners {
    pub app: TcpListener,
    pub metrics: Option<TcpListener>,
}

#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct ListenError {
    address: String,
    source: std::io::Error,
}

impl Listeners {
    /// Binds what the configuration asks for.
    pub async fn bind(http: &config::Http) -> Result<Self, ListenError> {
        let app = bind(&http.host, http.port).await?;
        let metrics = match http.metrics_port {
            MetricsPort::Off => None,
            MetricsPort::Asked(port) => Some(bind(&http.host, port).await?),
            MetricsPort::Default(port) => bind(&http.host, port).await.inspect_err(|error| {
                tracing::warn!(error = %error, "no metrics listener: set METRICS_PORT to another port, or to 0");
            }).ok(),
        };
        Ok(Self { app, metrics })
    }

    /// Logs the addresses: with port 0 they are known here only.
    pub fn log_addresses(&self) {
        let at = |listener: &TcpListener| listener.local_addr().ok().map(tracing::field::display);
        let metrics = self.metrics.as_ref().and_then(at);
        tracing::info!(address = at(&self.app), metrics, "listening");
    }
}

async fn bind(host: &str, port: u16) -> Result<TcpListener, ListenError> {
    TcpListener::bind((host, port))
        .await
        .map_err(|source| ListenError {
            address: format!("{host}:{port}"),
            source,
        })
}

impl App {
    /// Makes every part and starts none. `health` is made before, together with the log.
    pub fn assemble(
        config: Config,
        store: Store,
        clock: Clock,
        health: Arc<Health>,
    ) -> anyhow::Result<Self> {
        let build = Build::current();
        let metrics = Arc::new(Metrics::new(build.version, build.commit));
        let rules = rules::from_config(&config).context("the rules of the configuration")?;
        let (rules, rules_seen) = watch::channel(Arc::new(rules));
        let (installation, installation_seen) = watch::channel(installation(&config));
        let slack = couriers::slack(&config, &metrics)?;
        let slack = slack.map(|slack| Arc::new(slack.with_rules(rules_seen.clone())));
        let no_token = installation.borrow().team == Team::NoToken;
        if no_token {
            let why = "SLACK_BOT_TOKEN is not set".to_owned();
            health.set(Provider::Slack.as_str(), Condition::Degraded(why));
        }
        let engine = Engine::new(Parts {
            store: store.clone(),
            clock: clock.clone(),
            rules: rules_seen.clone(),
            decoders: decoders::all(installation_seen.clone()),
            couriers: couriers::all(&config, slack.clone(), &metrics)?,
            metrics: metrics.clone(),
            health: health.clone(),
            concurrency: usize::try_from(config.process.worker_concurrency).unwrap_or(16),
        });
        let now = clock.clone();
        let edge = EdgeState::new(
            store.clone(),
            metrics.clone(),
            health.clone(),
            rules_seen,
            installation_seen,
            edge_settings(&config),
            Arc::new(move || now.now()),
        );
        Ok(Self {
            engine,
            store,
            health,
            router: app_router(edge.clone()),
            metrics_router: metrics_router(edge),
            metrics,
            rules,
            slack: slack.filter(|_| !no_token),
            installation,
            clock,
            config,
        })
    }

    /// Asks Slack for the bot's identity, as the watchdog does once the loops run; the error is a code.
    /// Before the answer, nothing that came from Slack is decided.
    pub async fn identify_bot(&self) -> Result<(), String> {
        match &self.slack {
            Some(slack) => watchdog::identify_bot(slack, &self.installation).await,
            None => Err("no_token".to_owned()),
        }
    }

    pub fn run(self, listeners: Listeners) -> RunningApp {
        let process = Process {
            id: uuid::Uuid::now_v7(),
            host: uname().nodename().to_string_lossy().into_owned(),
            started_at: self.clock.now(),
        };
        // A decision holds a connection; two are left for probes and reads.
        let connections = usize::try_from(self.config.database.max_connections).unwrap_or(8);
        let deciders = connections.saturating_sub(5).clamp(1, 8);
        let engine = self.engine.start(process, deciders);
        let (stage, stages) = watch::channel(Stage::Serving);
        let mut serving = JoinSet::new();
        let [app, metrics] = connection_limits(&self.config);
        let router = self.router.clone();
        serving.spawn(serve(listeners.app, router, stages.clone(), app));
        if let Some(listener) = listeners.metrics {
            let router = self.metrics_router.clone();
            serving.spawn(serve(listener, router, stages, metrics));
        }
        let mut background = JoinSet::new();
        if let Some(slack) = &self.slack {
            background.spawn(watchdog::slack(
                slack.clone(),
                self.installation.clone(),
                self.health.clone(),
                self.engine.clone(),
                self.rules.subscribe(),
            ));
        }
        if let Some(url) = &self.config.process.deadman_url {
            let proxies = self.config.proxies.clone();
            background.spawn(watchdog::deadman(url.clone(), proxies, self.health.clone()));
        }
        RunningApp {
            app: self,
            engine,
            stage,
            serving,
            background,
        }
    }
}

pub struct RunningApp {
    pub app: App,
    engine: Running,
    stage: watch::Sender<Stage>,
    serving: JoinSet<()>,
    background: JoinSet<()>,
}

/// How long readiness is 503 while the listeners are still open, so that load balancers have noticed it
/// before a connection is refused.
const DRAINING: Duration = Duration::from_secs(3);

/// The part of the grace period for closing the database and sending the last traces.
const LAST_STEPS: Duration = Duration::from_secs(5);

impl RunningApp {
    /// Stops in order, within `grace`: not ready at once while the listeners stay open; nothing new is
    /// claimed; requests that have begun are finished; deliveries end or their leases expire; connections
    /// are closed.
    pub async fn stop(mut self, grace: Duration) {
        let last_steps = LAST_STEPS.min(grace / 3);
        let grace = grace.saturating_sub(last_steps);
        let deadline = tokio::time::Instant::now() + grace;
        self.app.health.begin_draining();
        self.stage.send_replace(Stage::Draining);
        let draining = DRAINING.min(grace / 4);
        let engine = self.engine.stop(grace.saturating_sub(draining));
        let listen_on = async {
            tokio::time::sleep(draining).await;
            self.stage.send_replace(Stage::Closing);
            let served = async { while self.serving.join_next().await.is_some() {} };
            if tokio::time::timeout_at(deadline, served).await.is_err() {
                tracing::warn!("connections were still open at the end of the grace period");
            }
        };
        tokio::join!(engine, listen_on);
        self.background.shutdown().await;
        let closed = tokio::time::timeout(last_steps / 2, self.app.store.close());
        if closed.await.is_err() {
            tracing::warn!("the database's connections did not close in time");
        }
    }
}

/// Connections on the app's port, of which one client address has half; fewer where the process may open
/// fewer files.
const MOST_CONNECTIONS: u64 = 1024;
/// Connections on the metrics port. They are limited separately, so that scrapes and probes are answered
/// however many there are on the other port.
const MOST_METRICS_CONNECTIONS: usize = 64;
/// Files besides connections: the database's, the providers', the log.
const OTHER_FILES: u64 = 192;

/// The limits of the app's and of the metrics port.
fn connection_limits(config: &Config) -> [ConnectionLimit; 2] {
    let files = raised_file_limit().saturating_sub(OTHER_FILES);
    let total = usize::try_from(files.clamp(64, MOST_CONNECTIONS)).unwrap_or(64);
    let limit = |total, per_client| ConnectionLimit {
        total,
        per_client,
        trusted: config.http.trusted_proxies.clone(),
    };
    [
        limit(total, total / 2),
        limit(MOST_METRICS_CONNECTIONS, MOST_METRICS_CONNECTIONS),
    ]
}

/// How many files the process may open, after raising the limit to what all connections need: the usual
/// limit is 1,024, which one listener's would use up.
fn raised_file_limit() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = 2 * MOST_CONNECTIONS;
    let wanted = limit.maximum.map_or(wanted, |most| most.min(wanted));
    if limit.current.is_some_and(|now| now < wanted) {
        limit.current = Some(wanted);
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "the limit of open files could not be raised");
        }
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// The identity in Slack, as far as the configuration says.
fn installation(config: &Config) -> Installation {
    let slack = config.slack.as_ref();
    let no_token = slack.is_some_and(|slack| slack.bot_token.is_none());
    Installation {
        team: match no_token {
            true => Team::NoToken,
            false => Team::Pending,
        },
        ..Installation::default()
    }
}

fn edge_settings(config: &Config) -> EdgeSettings {
    let exposed = |secret: &config::Secret| secret.expose().to_owned();
    let github = &config.github;
    EdgeSettings {
        slack: config.slack.as_ref().map_or_else(Vec::new, |slack| {
            let secrets = slack.signing_secret.iter();
            let secrets = secrets.chain(&slack.signing_secret_previous);
            secrets.map(exposed).collect()
        }),
        github: github
            .webhook_secret
            .iter()
            .chain(github.webhook_secret_previous.iter())
            .map(exposed)
            .collect(),
        admin_token: config.http.admin_token.as_ref().map(exposed),
        metrics_token: config.http.metrics_token.as_ref().map(exposed),
        rate_limit_per_minute: config.http.rate_limit_per_minute,
        trusted_proxies: config.http.trusted_proxies.clone(),
    }
}
