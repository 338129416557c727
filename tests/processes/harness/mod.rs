//! A deployment with real processes: the binary as child processes, a Slack workspace on the real clock, a
//! database of its own.
//!
//! Unlike the stories' world nothing is stepped: loops run, time passes, processes are killed.
//! Waiting is always for something, with a limit, and says what did arrive when it never came.

pub mod cluster;
pub mod collector;
pub mod command_load;
#[path = "../../stories/world/database.rs"]
mod database;
pub mod moment;
pub mod mutate;
pub mod signed;
#[path = "../../support/simulated.rs"]
mod simulated;
pub mod standby;
pub mod wardroom;

use ::simulator::{ChannelType, MessageView, Options, Workspace};
use database::Database;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wardroom::Env;

/// The bearer token of the API.
pub const ADMIN_TOKEN: &str = "an-admins-token";
/// What Slack signs with.
pub const SLACK_SECRET: &str = "a-signing-secret";
/// What GitHub signs with.
pub const GITHUB_SECRET: &str = "a-webhook-secret";

/// Slack, a database and the variables with which a child meets both.
pub struct Deployment {
    pub slack: Workspace,
    pub env: Env,
    pub folder: Folder,
    place: Place,
}

/// Whose database it is, and where.
enum Place {
    /// One of the tests' server.
    Ours(Database),
    /// The test's own server, which ends it itself.
    Cluster(PgConnectOptions),
    /// The private one, which the children start.
    Private(Private),
}

/// A private database below a folder.
struct Private(PathBuf);

impl Place {
    fn options(&self) -> PgConnectOptions {
        match self {
            Self::Ours(database) => database.options.clone(),
            Self::Cluster(options) => options.clone(),
            Self::Private(Private(data)) => {
                let socket = std::fs::read_to_string(data.join("socket-folder"));
                PgConnectOptions::new()
                    .socket(socket.expect("it runs").trim())
                    .username("wardroom")
                    .database("wardroom")
            }
        }
    }
}

impl Drop for Private {
    /// A private PostgreSQL outlives a wardroom that was killed.
    fn drop(&mut self) {
        let number = std::fs::read_to_string(self.0.join("postgres/postmaster.pid"));
        let number = number
            .ok()
            .and_then(|text| text.lines().next()?.parse().ok());
        if let Some(pid) = number.and_then(Pid::from_raw) {
            let _already_gone = kill_process(pid, Signal::QUIT);
        }
    }
}

/// A temporary folder that ends with the test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("wardroom-proc-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file and gives its path.
    pub fn write(&self, name: &str, content: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_string_lossy().into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _what_is_left_is_in_tmp = std::fs::remove_dir_all(&self.0);
    }
}

/// The configuration of every child.
pub const CONFIG: &str = "
services:
  api: { owners: [U0BEA] }
  db: {}
admins: [U0ADA]
routing:
  P1: { channels: [C0OPS], users: [U0DAN] }
  P2: { channels: [C0ENG] }
";

impl Deployment {
    /// A deployment on a database of the tests' server.
    pub async fn new() -> Self {
        let database = Database::fresh().await;
        Self::build(database.url(), Place::Ours(database)).await
    }

    /// A deployment on a server of the test's own.
    pub async fn on(cluster: &cluster::Cluster) -> Self {
        Self::build(cluster.url(), Place::Cluster(cluster.options())).await
    }

    /// The database is on this server from now on.
    pub fn move_to(&mut self, cluster: &cluster::Cluster) {
        self.place = Place::Cluster(cluster.options());
    }

    /// A deployment whose children start a private database of their own, in its folder.
    pub async fn embedded() -> Self {
        let unknown = Place::Cluster(PgConnectOptions::new());
        let mut deployment = Self::build(String::new(), unknown).await;
        let data = deployment.folder.path().join("data");
        deployment.place = Place::Private(Private(data.clone()));
        deployment.env.remove("DATABASE_URL");
        let data = data.to_string_lossy().into_owned();
        deployment.env.insert("WARDROOM_DATA_DIR".to_owned(), data);
        deployment
    }

    async fn build(url: String, place: Place) -> Self {
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let slack = workspace().await;
        let folder = Folder::new();
        let mut env = variables(&slack);
        env.insert("DATABASE_URL".to_owned(), url);
        env.insert(
            "WARDROOM_CONFIG".to_owned(),
            folder.write("wardroom.yaml", CONFIG),
        );
        Self {
            slack,
            env,
            folder,
            place,
        }
    }

    /// Starts a child, sends Slack's requests to it, and waits until it is ready.
    pub async fn start(&self) -> wardroom::Wardroom {
        let child = wardroom::Wardroom::start(&self.env).await;
        self.slack.set_app_url(Some(&child.url));
        ready(&child.url).await;
        child
    }

    /// A number that the database counts.
    pub async fn count(&self, question: &'static str) -> i64 {
        let mut connection = self
            .place
            .options()
            .connect()
            .await
            .expect("the database answers");
        let number = sqlx::query_scalar(question)
            .fetch_one(&mut connection)
            .await;
        let _closed = connection.close().await;
        number.expect(question)
    }

    /// Lines of text that the database lists.
    pub async fn list(&self, question: &'static str) -> Vec<String> {
        let mut connection = self
            .place
            .options()
            .connect()
            .await
            .expect("the database answers");
        let lines = sqlx::query_scalar(question)
            .fetch_all(&mut connection)
            .await;
        let _closed = connection.close().await;
        lines.expect(question)
    }

    /// A connection to the database.
    pub async fn connection(&self) -> sqlx::PgConnection {
        self.place
            .options()
            .connect()
            .await
            .expect("the database answers")
    }

    /// Waits until nothing is open in the inbox and the outbox.
    pub async fn settle(&self, limit: Duration) {
        const OPEN: &str = "select (select count(*) from inbox where state = 'open')
                                 + (select count(*) from outbox where ended_at is null)";
        const WHAT: &str = "select format('%s %s %s run_at %s lease %s: %s', lane, kind, state,
                                          run_at, lease_until, error)
                              from outbox where ended_at is null order by seq";
        let until = Instant::now() + limit;
        while self.count(OPEN).await > 0 {
            if Instant::now() > until {
                panic!(
                    "still open after {limit:?}:\n{}",
                    self.list(WHAT).await.join("\n")
                );
            }
            crate::harness::moment::pass(Duration::from_millis(100)).await;
        }
    }

    /// Every message of the bot that all members of its channel can read.
    pub fn public_messages(&self) -> Vec<(String, MessageView)> {
        let bot = self.slack.bot_user();
        let snapshot = self.slack.snapshot();
        let ours = snapshot
            .all_posts()
            .filter(|(_, message)| message.user == bot && message.ephemeral_to.is_none());
        ours.map(|(channel, message)| (channel.id.clone(), message.clone()))
            .collect()
    }

    /// How many messages that all members can read hold these words.
    pub fn count_public_messages(&self, words: &str) -> usize {
        let said = self.public_messages();
        let holds = said
            .iter()
            .filter(|(_, message)| message.words.contains(words));
        holds.count()
    }

    /// Ends the workspace and the database.
    pub async fn close(self) {
        self.slack.stop();
        if let Place::Ours(database) = self.place {
            database.drop_now().await;
        }
    }
}

async fn workspace() -> Workspace {
    let mut options = simulated::options(Arc::new(chrono::Utc::now));
    options.app.signing_secret = SLACK_SECRET.to_owned();
    options.app.github_secret = GITHUB_SECRET.to_owned();
    let slack = Workspace::start(options).await.unwrap();
    let people = [
        ("ada", "U0ADA"),
        ("bea", "U0BEA"),
        ("cem", "U0CEM"),
        ("dan", "U0DAN"),
    ];
    let people = people.map(|(name, id)| slack.add_user(Some(id), name));
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    for (id, name) in [
        ("C0OPS", "ops"),
        ("C0ENG", "engineering"),
        ("C0BUILDS", "builds"),
    ] {
        slack.add_channel(Some(id), name, ChannelType::Public, &people);
    }
    for person in people {
        slack.person(person).join("general").unwrap();
    }
    slack
}

fn variables(slack: &Workspace) -> Env {
    let host = slack.base_url().replace("http://", "");
    let token = Options::new(Arc::new(chrono::Utc::now)).app.token;
    [
        ("SLACK_API_URL", slack.api_url()),
        ("SLACK_BOT_TOKEN", token),
        ("SLACK_SIGNING_SECRET", SLACK_SECRET.to_owned()),
        ("SLACK_RESPONSE_URL_HOSTS", host),
        ("GITHUB_WEBHOOK_SECRET", GITHUB_SECRET.to_owned()),
        ("ADMIN_TOKEN", ADMIN_TOKEN.to_owned()),
        ("RATE_LIMIT_PER_MINUTE", "0".to_owned()),
        ("METRICS_PORT", "0".to_owned()),
        ("LOG_FORMAT", "json".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// The status of a GET, none without an answer.
pub async fn status(url: &str) -> Option<u16> {
    let answer = reqwest::Client::new()
        .get(url)
        .timeout(Duration::from_secs(5))
        .send()
        .await;
    answer.ok().map(|answer| answer.status().as_u16())
}

/// Waits until a child is ready.
pub async fn ready(url: &str) {
    becomes(url, 200, Duration::from_secs(20)).await;
}

/// Waits until readiness answers so; gives how long it took.
pub async fn becomes(url: &str, wanted: u16, limit: Duration) -> Duration {
    let began = Instant::now();
    let address = format!("{url}/health/ready");
    loop {
        let now = status(&address).await;
        if now == Some(wanted) {
            return began.elapsed();
        }
        assert!(
            began.elapsed() < limit,
            "{address} says {now:?} after {limit:?}"
        );
        crate::harness::moment::pass(Duration::from_millis(50)).await;
    }
}

/// Waits until something holds.
pub async fn until<F: Future<Output = bool>>(limit: Duration, what: &str, holds: impl Fn() -> F) {
    let end = Instant::now() + limit;
    while !holds().await {
        assert!(Instant::now() < end, "not within {limit:?}: {what}");
        crate::harness::moment::pass(Duration::from_millis(50)).await;
    }
}

/// A folder beside the build, for what is fetched once.
pub fn built_beside(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}
