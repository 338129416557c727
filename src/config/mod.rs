//! The configuration: the environment and `wardroom.yaml`, read once and validated as a whole.
//!
//! Either everything is right and there is a `Config`, or there is a list of every problem with
//! its place and a hint; nothing starts on half a configuration. Nothing else in the crate reads a
//! variable. It reads files, never the network: whether a token works is `doctor`'s question.

mod database;
mod difference;
mod environment;
#[cfg(test)]
mod examples;
mod expand;
mod file;
mod later;
mod leftovers;
mod logging;
mod mangled;
mod problem;
mod proxies;
mod read;
mod rules;
mod secret;
mod sections;
mod server;
mod settings;
#[cfg(test)]
mod tests;
mod tracing_export;
mod values;
mod variables;
mod yaml;

use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

pub use database::{Database, names_a_server};
pub use difference::Difference;
pub use problem::{Notice, Place, Problem, Severity};
pub use proxies::Proxies;
pub use rules::{Outsiders, Route, Routing, Rules, Service, Template, built_in_templates};
pub use secret::{EncryptionKey, Secret};
pub use server::{At, Host, Server, Target, Tls, TlsMode};
pub use tracing_export::{ParentDecision, Sampler, Telemetry, TelemetrySink};
pub(crate) use values::duration;
pub use variables::{LEFT_OUT, LIBPQ, VARIABLES, Variable};

use environment::Environment;
use problem::Findings;

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "wardroom.yaml";

/// Everything that a running server is configured with.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file that was read, when there was one.
    pub file: Option<PathBuf>,
    /// What decisions look at.
    pub rules: Rules,
    /// The listeners and who may use them.
    pub http: Http,
    /// Where everything is kept.
    pub database: Database,
    /// Slack, when it is configured.
    pub slack: Option<Slack>,
    /// GitHub: without a webhook secret its route answers 404.
    pub github: Github,
    /// Statuspage, when it is configured.
    pub statuspage: Option<Statuspage>,
    /// Language models; the product works whole without any.
    pub llm: Llm,
    /// How calls to others leave.
    pub proxies: Proxies,
    /// The log.
    pub log: Log,
    /// Traces.
    pub telemetry: Telemetry,
    /// The deployment's name in every log line and trace.
    pub environment: String,
    /// Signals and effects that are worked on at the same time.
    pub worker_concurrency: u32,
    /// Whether signals that arrive together share a commit; off only to measure what it brings.
    pub inbox_batching: bool,
    /// How long a graceful end may take.
    pub shutdown_grace: Duration,
    /// Asked for while the engine makes progress; the address is itself a secret.
    pub deadman_url: Option<Secret>,
    /// Bodies at rest are sealed with it, when it is set.
    pub encryption_key: Option<EncryptionKey>,
    /// Whether anything may be written to GitHub.
    pub self_healing: bool,
}

/// The listeners and who may use them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// An address or a host's name, without brackets.
    pub host: String,
    /// The app's port; 0 takes any free one.
    pub port: u16,
    /// The second listener.
    pub metrics_port: MetricsPort,
    /// Bearer of `/metrics` on the app's port, when it is set.
    pub metrics_token: Option<Secret>,
    /// Bearer of `/api/v1`; without it the API answers 404.
    pub admin_token: Option<Secret>,
    /// Bearer of `/alerts` and `/heartbeats`.
    pub alerts_token: Option<Secret>,
    /// Requests per minute, client address and process; 0: no limit.
    pub rate_limit_per_minute: u32,
    /// Networks whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpNet>,
}

/// The port of the second listener, and what it means when it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsPort {
    /// Nobody asked: when it is taken, a warning and on without it.
    Default(u16),
    /// Asked for: when it is taken, exit 3.
    Asked(u16),
    /// No second listener.
    Off,
}

/// How to talk with Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slack {
    /// The bot's token; without it nothing is sent.
    pub bot_token: Option<Secret>,
    /// What requests are signed with; without it nothing is taken.
    pub signing_secret: Option<Secret>,
    /// The one before, taken while it is rotated.
    pub signing_secret_previous: Option<Secret>,
    /// For Socket Mode, whose part is not built yet.
    pub app_token: Option<Secret>,
    /// The API's address, without a last slash.
    pub api_url: String,
    /// Hosts that a `response_url` may name, lower case, with `:port` where one was given.
    pub response_url_hosts: Vec<String>,
}

/// How to talk with GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Github {
    /// What webhooks are signed with; `None`: none are taken.
    pub webhook_secret: Option<Secret>,
    /// The one before, taken while it is rotated.
    pub webhook_secret_previous: Option<Secret>,
    /// The App.
    pub app: Option<GithubApp>,
    /// A token for one account.
    pub token: Option<Secret>,
    /// The API's address, without a last slash.
    pub api_url: String,
}

/// A GitHub App.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubApp {
    /// Its number.
    pub id: u64,
    /// Its key as PEM.
    pub private_key: Secret,
}

/// How to talk with Statuspage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statuspage {
    /// The API's key.
    pub api_key: Secret,
    /// The page.
    pub page_id: String,
    /// The API's address, without a last slash.
    pub api_url: String,
}

/// Language models by provider.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Llm {
    /// Anthropic.
    pub anthropic: Option<LlmProvider>,
    /// OpenAI.
    pub openai: Option<LlmProvider>,
    /// Gemini.
    pub gemini: Option<LlmProvider>,
}

/// One provider of language models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LlmProvider {
    /// Its key.
    pub api_key: Secret,
    /// Its address, without a last slash.
    pub base_url: String,
}

/// The log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Directives for the filter: a level, or what `RUST_LOG` says; they have been checked.
    pub filter: String,
    /// The format that was asked for; `None`: pretty on a terminal, else JSON.
    pub format: Option<LogFormat>,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For a person.
    Pretty,
}

/// Whether the start is refused without Slack's credentials (`--slack`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SlackNeed {
    /// Without them Slack is off.
    #[default]
    Optional,
    /// Without them nothing starts.
    Required,
}

/// What a command line asks of the configuration.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ask<'a> {
    /// `--config`; goes before `WARDROOM_CONFIG`.
    pub file: Option<&'a Path>,
    /// `--slack`.
    pub slack: SlackNeed,
    /// The names of all variables that there are, for a word about those of other programs.
    pub names: &'a [String],
}

/// A configuration with what is worth saying about it, or all that is wrong.
pub type Loaded = Result<(Config, Vec<Notice>), Vec<Problem>>;

impl Config {
    /// Reads the environment and the file at `path`, or the one that `WARDROOM_CONFIG` names, or
    /// `wardroom.yaml` where it is present.
    ///
    /// # Errors
    /// Every problem at once, warnings among them, in the order of their places.
    pub fn load(path: Option<&Path>, env: &dyn Fn(&str) -> Option<String>) -> Loaded {
        Self::load_as_asked(
            Ask {
                file: path,
                ..Ask::default()
            },
            env,
        )
    }

    /// As `load`, with what else a command line asks.
    ///
    /// # Errors
    /// As `load`.
    pub fn load_as_asked(ask: Ask<'_>, env: &dyn Fn(&str) -> Option<String>) -> Loaded {
        let env = Environment::new(env);
        let named = env.text("WARDROOM_CONFIG").map(PathBuf::from);
        let default = || Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists());
        let file = ask.file.map(Path::to_path_buf).or(named).or_else(default);
        let overrides = env.overrides();
        let mut in_file = Findings::default();
        let tree = match &file {
            Some(path) => file::load(path, &|name| env.reference(name), &mut in_file),
            None => Some(yaml::Node::empty_map(Place::top(DEFAULT_FILE))),
        };
        // Without a tree there is an error already: what the keys mean can wait.
        let rules = match &tree {
            Some(tree) => sections::rules(tree, &overrides, &mut in_file),
            None => Rules::default(),
        };
        let config = Self {
            rules,
            http: settings::http(&env),
            database: database::read(&env),
            slack: settings::slack(&env, ask.slack),
            github: settings::github(&env),
            statuspage: settings::statuspage(&env),
            llm: settings::llm(&env),
            proxies: proxies::read(&env),
            log: logging::read(&env),
            telemetry: tracing_export::read(&env),
            environment: env.text("ENVIRONMENT").unwrap_or("production".into()),
            worker_concurrency: env.number("WORKER_CONCURRENCY", 1..=1024, 16),
            inbox_batching: env.boolean("WARDROOM_INBOX_BATCHING").unwrap_or(true),
            shutdown_grace: settings::shutdown_grace(&env),
            deadman_url: settings::deadman_url(&env),
            encryption_key: settings::encryption_key(&env),
            self_healing: env.boolean("SELF_HEALING_ENABLED").unwrap_or(true),
            file,
        };
        env.tell_leftovers(ask.names);
        let mut found = env.found.into_inner();
        found.append(in_file);
        found.conclude().map(|notices| (config, notices))
    }
}

/// Where a server with this environment listens: host and port, and nothing else is looked at.
///
/// # Errors
/// What is wrong with the two.
pub fn listens_on(env: &dyn Fn(&str) -> Option<String>) -> Result<(String, u16), Vec<Problem>> {
    let env = Environment::new(env);
    let listener = settings::listener(&env);
    env.found.into_inner().conclude().map(|_notices| listener)
}

/// Looks a variable up in the process's environment: what `load` is given outside of tests.
#[must_use]
pub fn process_environment(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// The names of the process's variables.
#[must_use]
pub fn process_variables() -> Vec<String> {
    std::env::vars_os()
        .map(|(name, _)| name.to_string_lossy().into_owned())
        .collect()
}

/// What `wardroom validate` prints: every problem or notice, and a last line that sums up.
#[must_use]
pub fn report(loaded: &Loaded) -> String {
    let lines = |shown: Vec<String>, last: String| {
        shown
            .into_iter()
            .chain([last])
            .collect::<Vec<_>>()
            .join("\n")
    };
    match loaded {
        Ok((config, notices)) => {
            let what = match &config.file {
                Some(file) => file.display().to_string(),
                None => "the environment (there is no file)".to_owned(),
            };
            lines(
                notices.iter().map(Notice::to_string).collect(),
                format!("{what} is fine"),
            )
        }
        Err(problems) => {
            let errors = problems
                .iter()
                .filter(|p| p.severity == Severity::Error)
                .count();
            let noun = if errors == 1 { "error" } else { "errors" };
            lines(
                problems.iter().map(Problem::to_string).collect(),
                format!("{errors} {noun}"),
            )
        }
    }
}
