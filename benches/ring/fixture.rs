//! The benchmark's environment: the real binary as a child process with its own database and a simulated
//! Slack, and the CPU time and memory of that process.

use super::client::{Client, Request, SIGNING_SECRET, WEBHOOK_SECRET};
use super::naive;
use anyhow::{Context as _, bail, ensure};
use simulator::{ChannelType, Options, Workspace};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The path of the binary.
pub const BINARY: &str = env!("CARGO_BIN_EXE_wardroom");
/// The person who types the commands.
pub const PERSON: &str = "U0BENCH";
/// The channel that the person and the bot are members of.
pub const CHANNEL: &str = "C0BENCH";

/// A migrated database, a simulated workspace, and a temporary directory.
pub struct Fixture {
    /// The simulated Slack, without rate limits.
    pub slack: Workspace,
    pub options: PgConnectOptions,
    url: String,
    name: String,
    folder: PathBuf,
}

fn server_url() -> anyhow::Result<url::Url> {
    let text = std::env::var("TEST_DATABASE_URL")
        .context("TEST_DATABASE_URL is not set: run scripts/bench, or name a PostgreSQL server")?;
    url::Url::parse(&text).context("TEST_DATABASE_URL is an address")
}

impl Fixture {
    pub async fn new() -> anyhow::Result<Self> {
        let mut url = server_url()?;
        let name = format!("bench_{}", uuid::Uuid::new_v4().simple());
        let mut admin = PgConnectOptions::from_str(url.as_str())?.connect().await?;
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            let value: String = sqlx::query_scalar("select current_setting($1)")
                .bind(setting)
                .fetch_one(&mut admin)
                .await?;
            ensure!(
                value == "on",
                "{setting} is {value}: the figures would not be those of durable writes"
            );
        }
        let sql = format!("create database {name}");
        sqlx::query(AssertSqlSafe(sql)).execute(&mut admin).await?;
        admin.close().await?;
        url.set_path(&name);
        let options = PgConnectOptions::from_str(url.as_str())?;
        let mut connection: PgConnection = options.connect().await?;
        wardroom::store::MIGRATOR.run(&mut connection).await?;
        connection.close().await?;

        let slack_options = Options::new(Arc::new(chrono::Utc::now));
        let slack = Workspace::start(slack_options).await?;
        slack.add_user(Some(PERSON), "benny");
        slack.add_channel(
            Some(CHANNEL),
            "bench",
            ChannelType::Public,
            &[PERSON, &slack.bot_user()],
        );
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder)?;
        Ok(Self {
            slack,
            options,
            url: url.into(),
            name,
            folder,
        })
    }

    /// Stops Slack, and removes the database and the directory.
    pub async fn remove(self) -> anyhow::Result<()> {
        self.slack.stop();
        std::fs::remove_dir_all(&self.folder)?;
        let mut admin = PgConnectOptions::from_str(server_url()?.as_str())?
            .connect()
            .await?;
        let sql = format!("drop database if exists {} with (force)", self.name);
        sqlx::query(AssertSqlSafe(sql)).execute(&mut admin).await?;
        Ok(admin.close().await?)
    }

    pub async fn connection(&self) -> anyhow::Result<PgConnection> {
        Ok(self.options.connect().await?)
    }

    /// Writes a file for the server and returns its path.
    pub fn write(&self, name: &str, content: &str) -> anyhow::Result<String> {
        let path = self.folder.join(name);
        std::fs::write(&path, content)?;
        Ok(path.to_string_lossy().into_owned())
    }

    /// Empties inbox and outbox.
    pub async fn clear(&self) -> anyhow::Result<()> {
        let mut connection = self.connection().await?;
        for sql in ["truncate inbox, outbox, pauses, processes", "checkpoint"] {
            sqlx::query(sql).execute(&mut connection).await?;
        }
        Ok(connection.close().await?)
    }

    /// Starts the server and waits until it is ready.
    pub async fn serve(&self, variables: &[(&str, &str)]) -> anyhow::Result<Server> {
        self.serve_until("/health/ready", variables).await
    }

    /// Starts the server on tables that are marked as those of a newer version: it stores signals and
    /// decides none. It is then alive, but not ready.
    pub async fn serve_undecided(&self, variables: &[(&str, &str)]) -> anyhow::Result<Server> {
        let mut connection = self.connection().await?;
        let sql = "update modules set version = 1000";
        sqlx::query(sql).execute(&mut connection).await?;
        self.serve_until("/health/live", variables).await
    }

    /// Starts the naive server on the same tables.
    pub async fn serve_naive(&self) -> anyhow::Result<Server> {
        let port = free_port()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args([naive::ARGUMENT, &self.url, &port.to_string()]);
        self.started(command, port, "/health/live").await
    }

    async fn serve_until(&self, probe: &str, variables: &[(&str, &str)]) -> anyhow::Result<Server> {
        let port = free_port()?;
        let token = simulator::App::default().token;
        let host = self.slack.base_url().replace("http://", "");
        let port_text = port.to_string();
        let mut command = Command::new(BINARY);
        command
            .arg("serve")
            .current_dir(&self.folder)
            .env_clear()
            .env("DATABASE_URL", &self.url)
            .env("HOST", "127.0.0.1")
            .env("PORT", &port_text)
            .env("METRICS_PORT", "0")
            .env("SLACK_API_URL", self.slack.api_url())
            .env("SLACK_BOT_TOKEN", token)
            .env("SLACK_SIGNING_SECRET", SIGNING_SECRET)
            .env("SLACK_RESPONSE_URL_HOSTS", host)
            .env("GITHUB_WEBHOOK_SECRET", WEBHOOK_SECRET)
            .env("SERVICES", "api,web,db")
            // As in the image.
            .env("MALLOC_MMAP_THRESHOLD_", "1048576")
            .envs(variables.iter().copied());
        self.started(command, port, probe).await
    }

    async fn started(
        &self,
        mut command: Command,
        port: u16,
        probe: &str,
    ) -> anyhow::Result<Server> {
        let log = std::fs::File::create(self.folder.join("server.log"))?;
        let began = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("start the server")?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut server = Server {
            child,
            address,
            ready_after: Duration::ZERO,
        };
        let ready = Request::get(probe);
        while began.elapsed() < Duration::from_secs(15) {
            if let Some(status) = server.child.try_wait()? {
                bail!("the server ended with {status}:\n{}", self.log());
            }
            if let Ok(mut client) = Client::connect(address).await
                && matches!(client.send(&ready).await, Ok(200))
            {
                server.ready_after = began.elapsed();
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        bail!("the server was not ready in time:\n{}", self.log())
    }

    /// The log of the server.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }
}

/// The running server. It is killed when this is dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    /// The time from its start until it was first ready.
    pub ready_after: Duration,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Server {
    /// The CPU time that it has used.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, after) = text.rsplit_once(')').context("a line of /proc/…/stat")?;
        let fields: Vec<&str> = after.split_whitespace().collect();
        // Fields 14 and 15 of the line, counted from 1; the state after the name is field 3.
        let ticks = fields.get(11..13).context("utime and stime")?;
        let ticks: u64 = ticks
            .iter()
            .map(|n| n.parse::<u64>())
            .sum::<Result<_, _>>()?;
        // Linux reports it in hundredths of a second on every architecture.
        Ok(Duration::from_millis(ticks * 10))
    }

    /// `VmRSS` or `VmHWM`, in MB.
    pub fn memory(&self, name: &str) -> anyhow::Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .with_context(|| format!("{name} of the process"))?;
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib / 1024.0)
    }
}

fn free_port() -> anyhow::Result<u16> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
