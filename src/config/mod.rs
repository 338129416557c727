//! The configuration: the environment and `wardroom.yaml`, read once and validated as a whole.
//!
//! Either everything is right and there is a `Config`, or there is a list of every problem with
//! its place and a hint; nothing starts on half a configuration. Nothing else in the crate reads a
//! variable. It reads files, never the network: whether a token works is `doctor`'s question.

mod database;
mod difference;
mod digest;
mod environment;
mod expand;
mod file;
mod healing;
mod leftovers;
mod problem;
mod proxies;
mod read;
mod readers;
mod rules;
mod schema;
mod secret;
mod sections;
mod server;
mod settings;
mod shapes;
mod single;
#[cfg(test)]
mod tests;
mod tracing_export;
mod variable;
mod variables;
mod yaml;

use std::path::{Path, PathBuf};

pub use database::Database;
pub use difference::Difference;
pub use digest::{Day, Digest};
pub use healing::{Action, BUILT_IN_PLAYBOOKS, Budgets, Flaky, On, Playbook, Step, Whom};
pub use problem::{Notice, Place, Problem, Severity};
pub use proxies::Proxies;
pub use readers::{LogFormat, MetricsPort};
pub use rules::{Outsiders, Route, Routing, Rules, Service, Template, Watched, built_in_templates};
pub use schema::published as schema;
pub use secret::{EncryptionKey, Secret};
pub use server::{At, Host, Server, Target, Tls, TlsMode};
pub use shapes::Span;
pub(crate) use shapes::duration;
pub use tracing_export::{ParentDecision, Sampler, Telemetry, TelemetrySink};
pub use variable::Variable;
pub use variables::{Github, Http, Process, Slack, VARIABLES};

use environment::Environment;
use variables::Variables;

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "wardroom.yaml";

/// Everything that a running server is configured with.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file that was read, when there was one.
    pub file: Option<PathBuf>,
    /// What decisions depend on.
    pub rules: Rules,
    /// The listeners and who may use them.
    pub http: Http,
    pub database: Database,
    pub slack: Option<Slack>,
    /// GitHub: without a webhook secret its route answers 404.
    pub github: Github,
    pub statuspage: Option<Statuspage>,
    pub proxies: Proxies,
    pub log: Log,
    pub telemetry: Telemetry,
    /// The deployment's name in every log line and trace.
    pub environment: String,
    /// Limits and switches of the process.
    pub process: Process,
    /// Everything as it was read, to name what a reload would change.
    variables: Variables,
}

/// How to talk with Statuspage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statuspage {
    pub api_key: Secret,
    pub page_id: String,
    /// The API's address, without a last slash.
    pub api_url: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Directives for the filter: a level, or what `RUST_LOG` says; they have been checked.
    pub filter: String,
    /// The format that was asked for; `None`: pretty on a terminal, else JSON.
    pub format: Option<LogFormat>,
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
        let (file, ask) = (path, Ask::default());
        Self::load_as_asked(Ask { file, ..ask }, env)
    }

    /// As `load`, with what else a command line asks.
    ///
    /// # Errors
    /// As `load`.
    pub fn load_as_asked(ask: Ask<'_>, env: &dyn Fn(&str) -> Option<String>) -> Loaded {
        let env = Environment::new(env, VARIABLES);
        let variables = Variables::read(&env);
        let named = variables.process.config.clone();
        let default = || Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists());
        let file = ask.file.map(Path::to_path_buf).or(named).or_else(default);
        let tree = match &file {
            Some(path) => file::load(path, &|name| env.reference(name), &env.found),
            None => Some(yaml::Node::empty_map(Place::top(DEFAULT_FILE))),
        };
        // Without a tree there is an error already: what the keys mean can wait.
        let rules = tree.map(|tree| sections::rules(&tree, &variables.overrides, &env.found));
        settings::halves(&env, ask.slack);
        let database = database::read(&env, &variables.database);
        leftovers::tell(&env, ask.names, database.server.is_some());
        let config = Self {
            rules: rules.unwrap_or_default(),
            http: variables.http.clone(),
            database,
            slack: variables.slack.if_configured(),
            github: variables.github.checked(),
            statuspage: Statuspage::of(&variables.statuspage),
            proxies: Proxies::of(&variables.proxies),
            log: Log::of(&variables.log),
            telemetry: tracing_export::read(&env, &variables.traces),
            environment: variables.log.environment.clone(),
            process: variables.process.clone(),
            variables,
            file,
        };
        env.found.conclude().map(|notices| (config, notices))
    }
}

/// Where a server with this environment listens: host and port, and nothing else is looked at.
///
/// # Errors
/// What is wrong with the two.
pub fn listens_on(env: &dyn Fn(&str) -> Option<String>) -> Result<(String, u16), Vec<Problem>> {
    let env = Environment::new(env, VARIABLES);
    let host = env.filled("HOST", "0.0.0.0", readers::host);
    let listener = (
        host,
        env.filled("PORT", "3000", readers::number(0..=u16::MAX)),
    );
    env.found.conclude().map(|_notices| listener)
}

/// Holds `PGOPTIONS`: sqlx would read that variable itself.
pub const KEPT_OPTIONS: &str = "WARDROOM_PGOPTIONS";

/// Looks a variable up in the process's environment: what `load` is given outside of tests.
#[must_use]
pub fn process_environment(name: &str) -> Option<String> {
    let kept = || std::env::var_os(KEPT_OPTIONS).filter(|_| name == "PGOPTIONS");
    let value = std::env::var_os(name).or_else(kept);
    value.map(|value| value.to_string_lossy().into_owned())
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
    let (problems, last) = match loaded {
        Ok((config, notices)) => {
            let file = config.file.as_ref().map(|file| file.display().to_string());
            let what = file.unwrap_or("the environment (there is no file)".to_owned());
            (notices, format!("{what} is fine"))
        }
        Err(problems) => {
            let error = |problem: &&Problem| problem.severity == Severity::Error;
            let errors = problems.iter().filter(error).count();
            let noun = if errors == 1 { "error" } else { "errors" };
            (problems, format!("{errors} {noun}"))
        }
    };
    let lines = problems.iter().map(Problem::to_string).chain([last]);
    lines.collect::<Vec<_>>().join("\n")
}
