//! Starts a simulated workspace with people in it, and the server that they talk to.
//!
//! The server is the one of `serve`, configured by variables and a file; every secret is new in
//! each run. Server and simulator communicate over HTTP only.

use crate::app::database::Database;
use crate::app::{App, Listeners, RunningApp, logging};
use crate::cli::serve::{Running, open};
use crate::cli::{Ended, Stop};
use crate::config::{Config, Proxies, process_environment, report};
use crate::engine::clock::Clock;
use crate::http_client::HttpClient;
use crate::telemetry::health::Health;
use crate::telemetry::traces::Traces;
use private_postgres::Mode;
use simulator::{APP_KEY, AttemptPlan, ChannelType, JobPlan, Options, Workspace};
use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use url::Url;
use uuid::Uuid;

const OWNER: &str = "acme";
/// The repository of the service `api`.
pub(super) const REPOSITORY: &str = "acme/api";
/// The workflow that rolls a deployment back.
const ROLLBACK: &str = "rollback.yml";
/// The Statuspage component of the service `api`.
pub(super) const COMPONENT: &str = "kx1api";
/// A part of every simulated channel's id that no real id contains.
const SIMULATED: &str = "0SIM";
/// Variables that the demo takes from its environment; it sets all others itself.
const TAKEN_OVER: &[&str] = &[
    "LOG_",
    "RUST_LOG",
    "DATABASE_",
    "DB_",
    "WARDROOM_PG_BINDIR",
    "WARDROOM_TELEMETRY_",
    "OTEL_",
];
/// The log filter when no variable sets one; the story itself reports the forged requests.
const LOG: &str = "warn,wardroom::security=error";
/// How long the server may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A workspace and a server that run.
pub(super) struct Demo {
    pub(super) workspace: Workspace,
    /// `http://127.0.0.1:3000`.
    pub(super) url: String,
    pub(super) admin_token: String,
    /// A description of the database.
    pub(super) database: &'static str,
    /// Whether an earlier run left an incident of `api` open, which the Statuspage still shows.
    pub(super) left_open: bool,
    /// From the start to readiness.
    pub(super) ready_after: Duration,
    running: Running,
    traces: Traces,
}

/// A workspace in which this program is the app.
pub(super) fn options(clock: Clock) -> Options {
    let mut options = Options::new(Arc::new(move || clock.now()));
    "wardroom".clone_into(&mut options.app.name);
    "/slack/commands".clone_into(&mut options.app.commands_path);
    "/slack/interactions".clone_into(&mut options.app.interactions_path);
    "/slack/events".clone_into(&mut options.app.events_path);
    "/github/webhooks".clone_into(&mut options.app.github_path);
    options
}

/// Starts a workspace with four people, four channels and new secrets.
async fn workspace(statuspage_key: &str) -> Result<Workspace, Stop> {
    let mut options = options(Clock::System);
    // With a database that is used again, ids must not repeat.
    options.first_id = u64::from(rand::random::<u32>() % 1_000_000) * 1000;
    options.statuspage_key = statuspage_key.to_owned();
    options.app.token = format!("xoxb-{}", secret());
    options.app.signing_secret = secret();
    options.app.github_secret = secret();
    let workspace = Workspace::start(options)
        .await
        .map_err(|error| Stop::Unreachable(format!("cannot listen on loopback: {error}")))?;
    let [ada, bea, cem, dov] =
        ["ada", "bea", "cem", "dov"].map(|name| workspace.add_user(None, name));
    for name in ["ada", "bea", "cem", "dov"] {
        let _joined = workspace.person(name).join("#general");
    }
    for (name, members) in [
        ("engineering", vec![&ada, &bea, &cem]),
        ("incidents", vec![&ada, &bea, &cem, &dov]),
        ("ops", vec![&ada]),
    ] {
        let members: Vec<&str> = members.into_iter().map(String::as_str).collect();
        workspace.add_channel(None, name, ChannelType::Public, &members);
    }
    let github = workspace.github();
    github.install(OWNER);
    github.add_repository(REPOSITORY);
    let rolled_back = AttemptPlan::new(vec![JobPlan::passed("roll back")]);
    github.add_dispatch(REPOSITORY, "rollback", &[], rolled_back);
    // The bot can send ephemeral messages only to channels that it is a member of.
    let _joined = workspace
        .person("ada")
        .invite("#general", &workspace.bot_user());
    Ok(workspace)
}

fn secret() -> String {
    Uuid::new_v4().simple().to_string()
}

/// Starts all of it.
pub(super) async fn start(port: u16) -> Result<Demo, Stop> {
    let began = Instant::now();
    let (admin_token, statuspage_key) = (secret(), secret());
    let workspace = workspace(&statuspage_key).await?;
    let config = config(&workspace, port, &admin_token, statuspage_key)?;
    let health = Arc::new(Health::new());
    let (traces, _format) =
        logging::start(&config, &health).map_err(|error| Stop::Wrong(format!("{error:#}")))?;
    let listeners = Listeners::bind(&config.http).await.map_err(|error| {
        Stop::Unreachable(format!(
            "{error}\nChoose another port with `wardroom demo --port N` (0: any free port)."
        ))
    })?;
    let address = listeners.app.local_addr();
    let address = address
        .map_err(|error| Stop::Unreachable(format!("the listener has no address: {error}")))?;
    let url = format!("http://{address}");
    let opened = open(&config, Mode::Throwaway).await?;
    let (app, left_open) = match run(&config, &opened, listeners, health).await {
        Ok(both) => both,
        Err(stop) => {
            let _tried = opened.close().await;
            return Err(stop);
        }
    };
    let running = Running::new(app, opened, config.process.shutdown_grace);
    workspace.set_app_url(Some(&url));
    let mut demo = Demo {
        database: match running.database.private {
            Some(_) => "a private PostgreSQL, removed at the end",
            None => "the one that DATABASE_URL names; it is kept",
        },
        workspace,
        url,
        admin_token,
        left_open,
        ready_after: Duration::ZERO,
        running,
        traces,
    };
    if let Err(stop) = demo.until_ready().await {
        let _the_first_counts = demo.stop().await;
        return Err(stop);
    }
    demo.ready_after = began.elapsed();
    Ok(demo)
}

/// Migrates and runs. True when the database already has an open incident of `api`.
async fn run(
    config: &Config,
    opened: &Database,
    listeners: Listeners,
    health: Arc<Health>,
) -> Result<(RunningApp, bool), Stop> {
    opened.migrate().await?;
    let store = opened.connect(config, config.inbox_batching());
    let reading = |error| Stop::Unreachable(format!("cannot read the incidents: {error}"));
    let channels = store.incident_channels().await.map_err(reading)?;
    if channels
        .iter()
        .any(|channel| !channel.as_str().contains(SIMULATED))
    {
        let words = "the database contains incidents of a real workspace, whose open effects the demo \
                     would send to a simulated one\nUnset DATABASE_URL, or set it to an empty database.";
        return Err(Stop::Wrong(words.to_owned()));
    }
    let open = store.open_of_services(&["api".to_owned()]).await;
    let left_open = !open.map_err(reading)?.is_empty();
    let app = App::assemble(config.clone(), store, Clock::System, health)
        .map_err(|error| Stop::Wrong(format!("{error:#}")))?;
    Ok((app.run(listeners), left_open))
}

impl Demo {
    /// Waits for `/health/ready`, and until the bot has joined the channels that it posts to.
    async fn until_ready(&self) -> Ended {
        let url = format!("{}/health/ready", self.url);
        // It is on this host, so no proxy is used.
        let client = Url::parse(&url)
            .map_err(anyhow::Error::from)
            .and_then(|url| Ok((HttpClient::new(&url, &Proxies::default())?, url)));
        let (http, address) = client.map_err(|error| Stop::No(format!("{error:#}")))?;
        let asking = async {
            let mut again = tokio::time::interval(Duration::from_millis(50));
            loop {
                again.tick().await;
                let request = http.request(reqwest::Method::GET, address.clone());
                let answer = http.send(request).await;
                if answer.is_ok_and(|answer| answer.status.is_success()) {
                    return;
                }
            }
        };
        if tokio::time::timeout(READY_WITHIN, asking).await.is_err() {
            let words = format!("{url} did not answer 200 within 30 s");
            return Err(Stop::No(words));
        }
        let bot = self.workspace.bot_user();
        let joined = self.workspace.wait_until(READY_WITHIN, |workspace| {
            let snapshot = workspace.snapshot();
            let told = ["#incidents", "#engineering", "#ops"].iter();
            told.map(|channel| snapshot.channel(channel))
                .all(|channel| channel.is_some_and(|channel| channel.members.contains(&bot)))
                .then_some(())
        });
        joined
            .await
            .map_err(|_state| Stop::No("the bot did not join its channels within 30 s".to_owned()))
    }

    /// Stops everything in order, and removes the private database.
    pub(super) async fn stop(self) -> Ended {
        let closed = self.running.stop().await;
        self.workspace.stop();
        self.traces.stop(Duration::from_secs(3)).await;
        closed.map_err(|error| Stop::No(format!("{error:#}")))
    }
}

/// Loads the configuration. `./wardroom.yaml` is the user's own and is not read.
fn config(
    workspace: &Workspace,
    port: u16,
    admin_token: &str,
    statuspage_key: String,
) -> Result<Config, Stop> {
    let app = workspace.app().clone();
    let base = workspace.base_url();
    let host = base.trim_start_matches("http://").to_owned();
    let folder = std::env::temp_dir();
    let own = HashMap::from([
        ("HOST", "127.0.0.1".to_owned()),
        ("PORT", port.to_string()),
        ("METRICS_PORT", "0".to_owned()),
        ("ADMIN_TOKEN", admin_token.to_owned()),
        ("ENVIRONMENT", "demo".to_owned()),
        ("SHUTDOWN_GRACE_SECONDS", "4".to_owned()),
        ("WARDROOM_DATA_DIR", folder.display().to_string()),
        ("WARDROOM_EMBEDDED", "true".to_owned()),
        ("SLACK_BOT_TOKEN", app.token),
        ("SLACK_SIGNING_SECRET", app.signing_secret),
        ("SLACK_API_URL", workspace.api_url()),
        ("SLACK_RESPONSE_URL_HOSTS", host),
        ("GITHUB_WEBHOOK_SECRET", app.github_secret),
        ("GITHUB_API_URL", workspace.github().api_url()),
        ("GITHUB_APP_ID", workspace.github().app_id().to_string()),
        ("GITHUB_APP_PRIVATE_KEY", APP_KEY.to_owned()),
        ("STATUSPAGE_API_KEY", statuspage_key),
        ("STATUSPAGE_PAGE_ID", "demopage".to_owned()),
        ("STATUSPAGE_API_URL", base),
    ]);
    let env = |name: &str| {
        let taken_over = TAKEN_OVER.iter().any(|prefix| name.starts_with(prefix));
        let given = taken_over.then(|| process_environment(name)).flatten();
        given.or_else(|| own.get(name).cloned()).or_else(|| {
            let quiet = name == "RUST_LOG" && process_environment("LOG_LEVEL").is_none();
            quiet.then(|| LOG.to_owned())
        })
    };
    let file = folder.join(format!("wardroom-demo-{}.yaml", secret()));
    let written = write(&file, &rules(workspace));
    let loaded = written.map(|()| Config::load(Some(&file), &env));
    let _removed = std::fs::remove_file(&file);
    let loaded = loaded.map_err(|error| {
        let folder = folder.display();
        Stop::Unreachable(format!(
            "demo: cannot write to {folder}: {error}\nSet TMPDIR to a directory that is writable."
        ))
    })?;
    match loaded {
        Ok((mut config, _notices)) => {
            config.file = None;
            Ok(config)
        }
        Err(_) => Err(Stop::Wrong(report(&loaded))),
    }
}

fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    options.open(file)?.write_all(text.as_bytes())
}

fn rules(workspace: &Workspace) -> String {
    let snapshot = workspace.snapshot();
    let person = |name: &str| {
        snapshot
            .user(name)
            .map_or("", |found| &*found.id)
            .to_owned()
    };
    let channel = |name: &str| {
        snapshot
            .channel(name)
            .map_or("", |found| &*found.id)
            .to_owned()
    };
    format!(
        "version: \"1\"\n\
         services:\n\
         \x20 api: {{ owners: [{ada}], statuspage_component: {COMPONENT} }}\n\
         \x20 web: {{ owners: [{cem}] }}\n\
         admins: [{ada}]\n\
         routing:\n\
         \x20 P1: {{ channels: [{incidents}], users: [{dov}] }}\n\
         \x20 P2: {{ channels: [{engineering}] }}\n\
         github:\n\
         \x20 channel: {engineering}\n\
         \x20 rerun_delays: [1s, 2s]\n\
         \x20 cooldown: 1s\n\
         \x20 rollback: {{ workflow: {ROLLBACK} }}\n\
         slack:\n\
         \x20 ops_channel: {ops}\n",
        ada = person("ada"),
        cem = person("cem"),
        dov = person("dov"),
        incidents = channel("#incidents"),
        engineering = channel("#engineering"),
        ops = channel("#ops"),
    )
}
