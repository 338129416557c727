//! The command line: commands, arguments and exit codes.
//!
//! 0: success. 1: the command ran and the answer is no. 2: the usage or the configuration is wrong.
//! 3: a dependency cannot be reached. Answers go to stdout (`output`), everything else to stderr.

mod bulk;
#[cfg_attr(not(feature = "demo"), path = "no_demo.rs")]
mod demo;
mod foreign;
mod github;
mod healthcheck;
mod migrate;
mod output;
mod plan;
mod plan_reader;
mod queues;
mod rows;
mod serve;
mod validate;

use crate::app::database::{Database, OpenError};
use crate::config::{Config, process_environment, report};
use crate::telemetry::stderr::FlushAtEnd;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use private_postgres::Mode;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Operations bot for incidents in Slack.
///
/// Without a command, wardroom runs `serve`.
#[derive(Debug, Parser)]
#[command(name = "wardroom", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(ServeArgs),
    /// Run the server against simulated providers and play a story
    #[cfg_attr(not(feature = "demo"), command(hide = true))]
    Demo(demo::DemoArgs),
    /// Check a configuration and print every problem
    Validate(ConfigArgs),
    /// Print the JSON Schema of wardroom.yaml, for editors
    Schema,
    /// Apply the migrations
    Migrate {
        /// Only print what is missing; exit 1 if anything is
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// List, replay and drop what came in
    Inbox {
        #[command(subcommand)]
        command: queues::InboxCommand,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// List, retry and drop what goes out
    Outbox {
        #[command(subcommand)]
        command: queues::OutboxCommand,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Ask GitHub for what it could not deliver, and for what happened
    Github {
        #[command(subcommand)]
        command: github::GithubCommand,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Check that the local server is alive, for a container's HEALTHCHECK
    Healthcheck,
    /// Print shell completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Run the simulated providers alone
    #[cfg(feature = "demo")]
    #[command(hide = true)]
    Simulator {
        /// The port on loopback
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
}

#[derive(Debug, Args, Default, Clone)]
struct ConfigArgs {
    /// The configuration [default: WARDROOM_CONFIG, or ./wardroom.yaml if it exists]
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args, Default, Clone)]
struct ServeArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Reload the configuration when it changes
    #[arg(long)]
    watch: bool,
    /// Refuse to start without Slack credentials
    #[arg(long)]
    slack: bool,
    /// The address to listen on [default: HOST]
    #[arg(long, value_name = "H")]
    host: Option<String>,
    /// The port to listen on [default: PORT]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
}

/// Why a command ends with an exit code other than 0.
pub(crate) enum Stop {
    /// The command ran and the answer is no.
    No(String),
    /// The usage or the configuration is wrong.
    Wrong(String),
    /// A dependency cannot be reached.
    Unreachable(String),
}

impl Stop {
    /// Logs the message, because every line of the log is JSON, and leaves nothing to print.
    fn logged(self) -> Self {
        let say = |words: String| {
            if words.is_empty() || !tracing::enabled!(tracing::Level::ERROR) {
                return words;
            }
            tracing::error!("{words}");
            String::new()
        };
        match self {
            Self::No(words) => Self::No(say(words)),
            Self::Wrong(words) => Self::Wrong(say(words)),
            Self::Unreachable(words) => Self::Unreachable(say(words)),
        }
    }
}

impl From<OpenError> for Stop {
    fn from(error: OpenError) -> Self {
        Self::Unreachable(error.to_string())
    }
}

type Ended = Result<(), Stop>;

/// How long tasks that a command has not ended may still run.
const LEFTOVERS: Duration = Duration::from_millis(500);

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    foreign::leave_out_pgoptions();
    let _last_lines = FlushAtEnd;
    // One TLS provider for all clients; a second installation is no failure.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let printed = error.print();
            if error.use_stderr() {
                return ExitCode::from(2);
            }
            output::note(printed);
            return answered();
        }
    };
    let (code, words) = match run(cli) {
        Ok(()) => return answered(),
        Err(Stop::No(words)) => (1, words),
        Err(Stop::Wrong(words)) => (2, words),
        Err(Stop::Unreachable(words)) => (3, words),
    };
    if !words.is_empty() {
        output::aside(words);
    }
    ExitCode::from(code)
}

/// 0 when the answer could be written.
fn answered() -> ExitCode {
    match output::finish() {
        None => ExitCode::SUCCESS,
        Some(words) => {
            output::aside(words);
            ExitCode::from(1)
        }
    }
}

fn run(cli: Cli) -> Ended {
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => serve::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Validate(args) => validate::run(&args),
        Command::Schema => {
            output::bytes(crate::config::schema().as_bytes());
            Ok(())
        }
        Command::Migrate { dry_run, config } => migrate::run(&config, dry_run),
        Command::Inbox { command, config } => queues::inbox(command, &config),
        Command::Outbox { command, config } => queues::outbox(command, &config),
        Command::Github { command, config } => github::run(&command, &config),
        Command::Healthcheck => healthcheck::run(),
        Command::Completions { shell } => {
            // Into memory, because it panics when a write fails.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "wardroom", &mut script);
            output::bytes(&script);
            Ok(())
        }
        #[cfg(feature = "demo")]
        Command::Simulator { port } => demo::simulator_alone(port),
    }
}

/// Runs a command on a runtime of two threads and more, as the machine has. What it leaves behind,
/// such as the resolution of a name that is never answered, does not keep the process.
fn run_to_end<T>(command: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::Unreachable(format!("cannot start the async runtime: {error}")))?;
    let ended = runtime.block_on(command);
    runtime.shutdown_timeout(LEFTOVERS);
    ended
}

/// Runs a command against the database, with or without a running server.
fn with_database(
    args: &ConfigArgs,
    command: impl AsyncFnOnce(&Config, &Database) -> Result<Ended, OpenError>,
) -> Ended {
    let loaded = Config::load(args.config.as_deref(), &process_environment);
    let Ok((config, _notices)) = &loaded else {
        return Err(Stop::Wrong(report(&loaded)));
    };
    run_to_end(async {
        let database = Database::open(config, Mode::Command).await?;
        let done = command(config, &database).await;
        let closed = database.close().await;
        done??;
        closed.map_err(|error| Stop::Unreachable(format!("{error:#}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn only_states_that_a_queues_rows_can_have_are_asked_for() {
        for (queue, state, known) in [
            ("inbox", "parked", true),
            ("inbox", "uncertain", false),
            ("inbox", "dropped", false),
            ("outbox", "uncertain", true),
            ("outbox", "lost", false),
        ] {
            let cli = Cli::try_parse_from(["wardroom", queue, "list", "--state", state]);
            assert_eq!(cli.is_ok(), known, "{queue} {state}");
        }
    }

    #[test]
    fn a_row_is_dropped_for_a_reason() {
        let id = "01930000-0000-7000-8000-000000000901";
        for queue in ["inbox", "outbox"] {
            for (why, taken) in [("the channel is gone", true), ("", false), (" ", false)] {
                let cli = Cli::try_parse_from(["wardroom", queue, "drop", id, id, "--why", why]);
                assert_eq!(cli.is_ok(), taken, "{queue} {why:?}");
            }
            let cli = Cli::try_parse_from(["wardroom", queue, "drop", id]);
            assert!(cli.is_err(), "{queue}");
        }
    }

    #[test]
    fn rows_are_named_or_all_that_match_and_not_both() {
        let id = "01930000-0000-7000-8000-000000000901";
        for (queue, verb) in [("inbox", "replay"), ("outbox", "retry")] {
            for (args, taken) in [
                (&["--all"][..], true),
                (
                    &[
                        "--all", "--state", "parked", "--kind", "k", "--since", "72h", "--yes",
                    ],
                    true,
                ),
                (&[id], true),
                (&[], false),
                (&[id, "--all"], false),
                (&[id, "--state", "parked"], false),
                (&[id, "--kind", "k"], false),
                (&[id, "--since", "72h"], false),
                (&[id, "--yes"], false),
                (&["--state", "parked"], false),
                (&["--kind", "k", "--yes"], false),
                (&["--all", "--since", "72"], false),
                (&["--all", "--state", "open"], false),
            ] {
                let args = [&["wardroom", queue, verb], args].concat();
                assert_eq!(Cli::try_parse_from(&args).is_ok(), taken, "{args:?}");
            }
        }
    }

    #[test]
    fn flags_alone_mean_serve() {
        let cli = Cli::try_parse_from(["wardroom", "--slack", "--config", "f.yaml", "--watch"]);
        let cli = cli.unwrap();
        assert!(cli.command.is_none() && cli.serve.slack && cli.serve.watch);
        assert_eq!(cli.serve.config.config, Some(PathBuf::from("f.yaml")));
        assert!(Cli::try_parse_from(["wardroom"]).unwrap().command.is_none());
    }
}
