//! `wardroom serve`: runs the server until a signal stops it.

use super::{Ended, ServeArgs, Stop, run_to_end};
use crate::app::database::Database;
use crate::app::{App, Listeners, ProcessSignals, RunningApp, Watching, logging, sources};
use crate::config::{
    Ask, Config, Loaded, LogFormat, Notice, SlackNeed, process_environment, process_variables,
    report,
};
use crate::engine::clock::Clock;
use crate::store::Batching;
use crate::telemetry::health::Health;
use crate::telemetry::traces::Traces;
use private_postgres::Mode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The longest and the shortest time for sending the last traces.
const LAST_TRACES: Duration = Duration::from_secs(3);
const LAST_MOMENT: Duration = Duration::from_millis(250);

pub(super) fn run(args: &ServeArgs) -> Ended {
    let loaded = load_for(args);
    let (config, notices) = match loaded {
        Ok(loaded) => loaded,
        Err(_) => return Err(Stop::Wrong(report(&loaded))),
    };
    run_to_end(begin(config, &notices, args))
}

/// Loads the configuration and applies the flags, at start and at each reload.
fn load_for(args: &ServeArgs) -> Loaded {
    let names = process_variables();
    let ask = Ask {
        names: &names,
        file: args.config.config.as_deref(),
        slack: if args.slack {
            SlackNeed::Required
        } else {
            SlackNeed::Optional
        },
    };
    let (mut config, notices) = Config::load_as_asked(ask, &process_environment)?;
    if let Some(host) = &args.host {
        config.http.host.clone_from(host);
    }
    if let Some(port) = args.port {
        config.http.port = port;
    }
    Ok((config, notices))
}

/// Starts logging. From here on, every message is logged, a fatal error included.
async fn begin(config: Config, notices: &[Notice], args: &ServeArgs) -> Ended {
    let health = Arc::new(Health::new());
    let (traces, format) =
        logging::start(&config, &health).map_err(|error| Stop::Wrong(format!("{error:#}")))?;
    let ended = serve(config, notices, args, health, traces).await;
    match format {
        LogFormat::Json => ended.map_err(Stop::logged),
        LogFormat::Pretty => ended,
    }
}

async fn serve(
    config: Config,
    notices: &[Notice],
    args: &ServeArgs,
    health: Arc<Health>,
    traces: Traces,
) -> Ended {
    for notice in notices {
        tracing::warn!("{notice}");
    }
    let mut signals = ProcessSignals::listen()
        .map_err(|error| Stop::Unreachable(format!("cannot install signal handlers: {error}")))?;
    let database = open(&config, Mode::Serve).await?;
    let started = tokio::select! {
        started = start(&config, &database, &health) => started.map(Some),
        () = signals.stop.received() => Ok(None),
    };
    let app = match started {
        Ok(Some(app)) => app,
        stopped => {
            let _tried = database.close().await;
            stopped?;
            tracing::info!("stopped during the start");
            return Ok(());
        }
    };
    let grace = config.process.shutdown_grace;
    let running = Running::new(app, database, grace);
    let watching = if args.watch {
        Watching::On
    } else {
        Watching::Off
    };
    let reload = || load_for(args);
    tokio::select! {
        () = signals.stop.received() => {}
        () = running.server.app.reload_on_signals(&mut signals.reload, watching, reload) => {}
    }
    tracing::info!("stopping");
    let ends = Instant::now() + grace;
    if let Err(error) = running.stop().await {
        tracing::warn!(error = %format!("{error:#}"), "the private PostgreSQL did not stop cleanly");
    }
    tracing::info!("stopped");
    // Within the grace period, but not less than the minimum.
    let left = ends.saturating_duration_since(Instant::now());
    traces.stop(left.clamp(LAST_MOMENT, LAST_TRACES)).await;
    Ok(())
}

/// A server that runs, and its database.
pub(super) struct Running {
    server: RunningApp,
    pub(super) database: Database,
    /// Restarts the private PostgreSQL when it ends.
    watch: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    grace: Duration,
}

impl Running {
    pub(super) fn new(server: RunningApp, database: Database, grace: Duration) -> Self {
        let watch = database.private.as_ref().map(|private| {
            let (cancel, cancelled) = oneshot::channel::<()>();
            let watching = private.watch(async {
                let _either = cancelled.await;
            });
            (cancel, tokio::spawn(watching))
        });
        Self {
            server,
            database,
            watch,
            grace,
        }
    }

    /// Stops the server within its grace period, then the private PostgreSQL.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.server.stop(self.grace).await;
        if let Some((cancel, watch)) = self.watch {
            drop(cancel);
            let _ended = watch.await;
        }
        self.database.close().await
    }
}

pub(super) async fn open(config: &Config, mode: Mode) -> Result<Database, Stop> {
    let opened = Database::open(config, mode).await?;
    for notice in opened.private.iter().flat_map(|private| private.notices()) {
        tracing::warn!("{notice}");
    }
    Ok(opened)
}

/// Migrates, assembles, binds and runs.
async fn start(
    config: &Config,
    opened: &Database,
    health: &Arc<Health>,
) -> Result<RunningApp, Stop> {
    let wrong = |error: anyhow::Error| Stop::Wrong(format!("{error:#}"));
    if config.database.migrate {
        for name in opened.migrate().await? {
            tracing::info!(migration = %name, "applied");
        }
    } else {
        let missing = opened.missing_after_a_while().await?;
        if !missing.is_empty() {
            let names = missing.join(", ");
            let words = format!(
                "migrations are missing: {names}; run `wardroom migrate` or unset WARDROOM_MIGRATE"
            );
            return Err(Stop::Unreachable(words));
        }
    }
    let store = opened.connect(config, config.inbox_batching());
    opened.check(&store).await?;
    let listeners = Listeners::bind(&config.http)
        .await
        .map_err(|error| Stop::Unreachable(error.to_string()))?;
    let app = App::assemble(config.clone(), store, Clock::System, health.clone()).map_err(wrong)?;
    listeners.log_addresses();
    sources::log(config);
    Ok(app.run(listeners))
}

impl Config {
    /// Whether concurrent appends share a commit.
    pub(crate) fn inbox_batching(&self) -> Batching {
        if self.process.inbox_batching {
            Batching::On
        } else {
            Batching::Off
        }
    }
}
