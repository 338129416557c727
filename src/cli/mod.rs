//! The command line: what each command is called, what it takes, and which exit code it ends with.
//!
//! 0: fine. 1: it ran and the answer is no. 2: usage or configuration is wrong. 3: a dependency
//! cannot be reached. Answers go to stdout, everything else to stderr (`output`).

mod demo;
mod healthcheck;
mod migrate;
mod output;
mod queues;
mod serve;
mod validate;

use crate::config::{
    Ask, Config, Notice, SlackNeed, process_environment, process_variables, report,
};
use crate::domain::ids::{EffectId, SignalId};
use crate::telemetry::stderr::FlushAtEnd;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use uuid::Uuid;

/// The operations bot: incidents from Slack, and nothing lost.
///
/// Without a command: the same as `serve`.
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
    /// Runs the server
    Serve(ServeArgs),
    /// Runs the server against a simulated Slack and GitHub and plays one incident
    Demo(DemoArgs),
    /// Checks a configuration and prints every problem
    Validate(ConfigArgs),
    /// Applies the migrations
    Migrate {
        /// Only says what is missing; exit 1 when something is
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// What came in
    Inbox {
        #[command(subcommand)]
        command: InboxCommand,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// What goes out, and what is stuck
    Outbox {
        #[command(subcommand)]
        command: OutboxCommand,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Asks the local server how it is, for a container's HEALTHCHECK
    Healthcheck,
    /// Prints a shell's completions
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Runs the simulated providers alone
    #[command(hide = true)]
    Simulator {
        /// The port on loopback
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
}

#[derive(Debug, Args, Default, Clone)]
struct ConfigArgs {
    /// The configuration; else WARDROOM_CONFIG, else ./wardroom.yaml if there is one
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args, Default, Clone)]
struct ServeArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Reloads the configuration when it changes
    #[arg(long)]
    watch: bool,
    /// Refuses to start without Slack's credentials
    #[arg(long)]
    slack: bool,
    /// The address to listen on; else HOST
    #[arg(long, value_name = "H")]
    host: Option<String>,
    /// The port to listen on; else PORT
    #[arg(long, value_name = "N")]
    port: Option<u16>,
}

#[derive(Debug, Args, Clone)]
struct DemoArgs {
    /// The port to listen on
    #[arg(long, default_value_t = 3000, value_name = "N")]
    port: u16,
    /// End after the incident, without pauses, instead of staying up
    #[arg(long)]
    once: bool,
    /// Do not pause between the steps
    #[arg(long)]
    fast: bool,
}

#[derive(Debug, Subcommand)]
enum InboxCommand {
    /// Lists signals, newest first
    List {
        /// Only rows in this state
        #[arg(long, value_parser = ["open", "done", "parked"])]
        state: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Shows one signal
    Show {
        /// Its id
        id: Uuid,
    },
    /// Has signals decided again; what was done is not repeated
    Replay {
        /// Their ids
        #[arg(required = true)]
        ids: Vec<Uuid>,
    },
}

#[derive(Debug, Subcommand)]
enum OutboxCommand {
    /// Lists effects, newest first
    List {
        /// Only rows in this state
        #[arg(long, value_parser = ["open", "done", "uncertain", "parked", "dropped"])]
        state: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Shows one effect
    Show {
        /// Its id
        id: Uuid,
    },
    /// Tries parked, dropped or uncertain effects again
    Retry {
        /// Their ids
        #[arg(required = true)]
        ids: Vec<Uuid>,
    },
    /// Gives an effect up
    Drop {
        /// Its id
        id: Uuid,
        /// Why, for the record
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        why: String,
    },
}

#[derive(Debug, Args, Clone)]
struct PageArgs {
    /// At most this many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=200))]
    limit: i64,
    /// Where the last page ended; it says so itself
    #[arg(long, value_name = "N")]
    cursor: Option<i64>,
    /// As JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// Why a command ends otherwise than with 0.
pub(crate) enum Stop {
    /// It ran and the answer is no.
    No(String),
    /// Usage or configuration is wrong.
    Wrong(String),
    /// A dependency cannot be reached.
    Unreachable(String),
}

impl Stop {
    /// Says it as one line of the log, where each line is JSON; nothing is left to be printed.
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

type Ended = Result<(), Stop>;

/// What a command has left running is given this long.
const LEFTOVERS: Duration = Duration::from_millis(500);

/// Runs the command line of this process.
pub fn main() -> ExitCode {
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
        Command::Migrate { dry_run, config } => migrate::run(&config, dry_run),
        Command::Inbox { command, config } => queues::inbox(command, &config),
        Command::Outbox { command, config } => queues::outbox(command, &config),
        Command::Healthcheck => healthcheck::run(),
        Command::Completions { shell } => {
            // Into memory first: it panics on a writer that fails.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "wardroom", &mut script);
            output::bytes(&script);
            Ok(())
        }
        Command::Simulator { port } => demo::simulator_alone(port),
    }
}

/// A reason that says something.
fn reason(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("say why: whoever reads the row later has nothing else"),
        why => Ok(why.to_owned()),
    }
}

/// Runs a command on a runtime of two threads and more, as the machine has. What it leaves behind,
/// such as the resolution of a name that is never answered, does not keep the process.
fn run_to_end<T>(command: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::Unreachable(format!("cannot start: {error}")))?;
    let ended = runtime.block_on(command);
    runtime.shutdown_timeout(LEFTOVERS);
    ended
}

/// The configuration, or all of its problems.
fn load(args: &ConfigArgs, slack: SlackNeed) -> Result<(Config, Vec<Notice>), Stop> {
    let names = process_variables();
    let ask = Ask {
        names: &names,
        file: args.config.as_deref(),
        slack,
    };
    let loaded = Config::load_as_asked(ask, &process_environment);
    match loaded {
        Ok(loaded) => Ok(loaded),
        Err(_) => Err(Stop::Wrong(report(&loaded))),
    }
}

fn signal_ids(ids: &[Uuid]) -> impl Iterator<Item = SignalId> + '_ {
    ids.iter().copied().map(SignalId)
}

fn effect_ids(ids: &[Uuid]) -> impl Iterator<Item = EffectId> + '_ {
    ids.iter().copied().map(EffectId)
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
    fn an_effect_is_given_up_for_a_reason() {
        let id = "01930000-0000-7000-8000-000000000901";
        for (why, taken) in [("its room is gone", true), ("", false), (" ", false)] {
            let cli = Cli::try_parse_from(["wardroom", "outbox", "drop", id, "--why", why]);
            assert_eq!(cli.is_ok(), taken, "{why:?}");
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
