//! `wardroom demo`: the server, a simulated workspace, and a story.
//!
//! The story is printed to stdout, the server's log (warnings only, unless LOG_LEVEL is set) to
//! stderr. When a step of the story fails, the exit code is 1. `wardroom simulator`, the workspace
//! alone for clients in other languages, is here too.

mod github;
mod prompt;
mod setup;
mod story;
mod text;
mod transcript;

use super::{Ended, Stop, output, run_to_end};
use crate::app::{ProcessSignals, until_stop_signal};
use crate::engine::clock::Clock;
use clap::Args;
use serde_json::json;
use setup::Demo;
use simulator::{self, Limits};
use std::io::IsTerminal as _;
use std::time::Duration;
use transcript::Transcript;

/// The pause before each step, when a person reads along.
const PACE: Duration = Duration::from_millis(1500);

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// The port to listen on
    #[arg(long, default_value_t = 3000, value_name = "N")]
    port: u16,
    /// End after the story, without pauses, instead of staying up
    #[arg(long)]
    once: bool,
    /// Do not pause between the steps
    #[arg(long)]
    fast: bool,
}

const HERE: &str = "\
Here, try:

  /incident help                            list the commands
  /incident declare P2 api Search is slow   declare an incident
  /incident declare                         declare one in a form
  help                                      list what else you can type
  quit                                      stop the demo, as Ctrl-C does
";

pub(super) fn run(args: &DemoArgs) -> Ended {
    run_to_end(demo(args))
}

async fn demo(args: &DemoArgs) -> Ended {
    let mut signals = ProcessSignals::listen()
        .map_err(|error| Stop::Unreachable(format!("cannot install signal handlers: {error}")))?;
    let demo = tokio::select! {
        demo = setup::start(args.port) => demo?,
        () = signals.stop.received() => return Ok(()),
    };
    let terminal = terminal();
    let mut transcript = Transcript::new(&demo.workspace, pace(args, terminal));
    welcome(&demo, &transcript);
    let told = tokio::select! {
        told = story::play(&demo, &mut transcript) => Some(told),
        () = signals.stop.received() => None,
    };
    let ended = match told {
        None if args.once => Err(Stop::No(
            "demo: stopped before the end of the story".to_owned(),
        )),
        None => Ok(()),
        Some(Err(what)) => Err(Stop::No(format!("demo: {what}"))),
        Some(Ok(())) => {
            the_end(&demo, &mut transcript).await;
            match args.once {
                true => Ok(()),
                false => stay(&demo, &mut transcript, &mut signals, terminal).await,
            }
        }
    };
    let stopped = demo.stop().await;
    ended.and(stopped)
}

/// Whether a person reads standard output on a terminal that can redraw a line.
fn terminal() -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    !dumb && std::io::stdout().is_terminal()
}

fn pace(args: &DemoArgs, terminal: bool) -> Duration {
    match args.fast || args.once || !terminal {
        true => Duration::ZERO,
        false => PACE,
    }
}

/// Keeps the server running: with a prompt on a terminal, otherwise until a signal.
async fn stay(
    demo: &Demo,
    transcript: &mut Transcript,
    signals: &mut ProcessSignals,
    terminal: bool,
) -> Ended {
    let prompt = terminal && std::io::stdin().is_terminal();
    what_to_try(demo, transcript, prompt);
    if prompt {
        let ended = prompt::run(demo, transcript, signals).await;
        ended.map_err(|error| Stop::No(format!("cannot read the terminal: {error}")))?;
    } else {
        signals.stop.received().await;
    }
    transcript.line("Stopping.");
    Ok(())
}

fn welcome(demo: &Demo, transcript: &Transcript) {
    let providers = demo.workspace.base_url();
    transcript.line(&format!(
        "Wardroom: an incident from the declaration to the postmortem, and a repair of CI\n\n  \
           server     {}, ready after {:.1} s\n  \
           database   {}\n  \
           providers  simulated Slack, GitHub and Statuspage, {providers}\n  \
           people     ada owns the service api; bea and cem are engineers;\n             \
                      dov is notified of every P1",
        demo.url,
        demo.ready_after.as_secs_f64(),
        demo.database,
    ));
}

async fn the_end(demo: &Demo, transcript: &mut Transcript) {
    transcript.pause().await;
    transcript.chapter("The end");
    let posts = demo.workspace.snapshot().all_posts().count();
    transcript.line(&format!(
        "{posts} messages are in the channels; the forged requests caused none of them"
    ));
}

fn what_to_try(demo: &Demo, transcript: &Transcript, prompt: bool) {
    let (url, token) = (&demo.url, &demo.admin_token);
    let curl = format!("curl -s -H \"Authorization: Bearer {token}\"");
    transcript.line(&format!(
        "\nThe server keeps running at {url}. In another terminal, try:\n\n  \
           {curl} {url}/api/v1/incidents\n  curl -s {url}/health/ready\n"
    ));
    transcript.line(match prompt {
        true => HERE,
        false => "Ctrl-C stops it.",
    });
}

/// `wardroom simulator`: prints one line of JSON, and serves until it is asked to stop.
pub(super) fn simulator_alone(port: u16) -> Ended {
    run_to_end(async {
        let clock = Clock::System;
        let mut options = setup::options(clock);
        options.bind.set_port(port);
        options.limits = Limits::Slack;
        let statuspage_key = options.statuspage_key.clone();
        let serving = simulator::serve_standalone(options, |workspace| {
            let app = workspace.app().clone();
            let base = workspace.base_url();
            let line = json!({
                "api_url": workspace.api_url(),
                "base_url": base,
                "control_url": format!("{base}/__sim"),
                "token": app.token,
                "signing_secret": app.signing_secret,
                "github_secret": app.github_secret,
                "statuspage_key": statuspage_key,
                "bot_user": workspace.bot_user(),
            });
            output::line(line);
        });
        tokio::select! {
            served = serving => served.map_err(|error| {
                Stop::Unreachable(format!("cannot listen on 127.0.0.1:{port}: {error}"))
            }),
            _signal = until_stop_signal() => Ok(()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_story_pauses_only_for_a_person_who_reads_along() {
        let args = |fast, once| DemoArgs {
            port: 0,
            once,
            fast,
        };
        for (args, terminal, pauses) in [
            (args(false, false), true, true),
            (args(false, false), false, false),
            (args(true, false), true, false),
            (args(false, true), true, false),
        ] {
            assert_eq!(pace(&args, terminal) > Duration::ZERO, pauses, "{args:?}");
        }
    }
}
