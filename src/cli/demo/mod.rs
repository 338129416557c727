//! `wardroom demo`: the server, a simulated workspace, and the story of one incident.
//!
//! The story is printed to stdout, the server's log (warnings only, unless LOG_LEVEL is set) to
//! stderr. When a step of the story fails, the exit code is 1. `wardroom simulator`, the workspace
//! alone for clients in other languages, is here too.

mod draw;
mod house;
mod input;
mod prompt;
mod screen;
mod script;

use super::{Ended, Stop, output, run_to_end};
use crate::app::{Asked, until_asked_to_stop};
use crate::engine::clock::Clock;
use clap::Args;
use draw::Ink;
use house::House;
use screen::Screen;
use serde_json::json;
use simulator::{self, Limits, Options};
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

/// The pause before each step, when a person reads along.
const PACE: Duration = Duration::from_millis(1500);

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
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

pub(super) fn run(args: &DemoArgs) -> Ended {
    run_to_end(demo(args))
}

async fn demo(args: &DemoArgs) -> Ended {
    let mut asked = Asked::listen()
        .map_err(|error| Stop::Unreachable(format!("cannot install signal handlers: {error}")))?;
    let house = tokio::select! {
        house = house::start(args.port) => house?,
        () = asked.stop.asked() => return Ok(()),
    };
    let terminal = terminal();
    let mut screen = Screen::new(&house.workspace, terminal, pace(args, terminal));
    welcome(&house, &screen);
    let told = tokio::select! {
        told = script::play(&house, &mut screen) => Some(told),
        () = asked.stop.asked() => None,
    };
    let ended = match told {
        None if args.once => Err(Stop::No(
            "demo: stopped before the end of the story".to_owned(),
        )),
        None => Ok(()),
        Some(Err(what)) => Err(Stop::No(format!("demo: {what}"))),
        Some(Ok(())) => {
            the_end(&house, &mut screen).await;
            match args.once {
                true => Ok(()),
                false => stay(&house, &mut screen, &mut asked, terminal).await,
            }
        }
    };
    let stopped = house.stop().await;
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
async fn stay(house: &House, screen: &mut Screen, asked: &mut Asked, terminal: bool) -> Ended {
    let prompt = terminal && std::io::stdin().is_terminal();
    what_to_try(house, screen, prompt);
    if prompt {
        let ended = prompt::go_on(house, screen, asked).await;
        ended.map_err(|error| Stop::No(format!("cannot read the terminal: {error}")))?;
    } else {
        asked.stop.asked().await;
    }
    screen.line("", Ink::Plain, "Stopping.");
    Ok(())
}

fn welcome(house: &House, screen: &Screen) {
    let ready = house.ready_after.as_secs_f64();
    screen.line(
        "",
        Ink::Bold,
        "Wardroom: one incident, from the declaration to the postmortem",
    );
    screen.line("", Ink::Plain, "");
    for (what, words) in [
        ("server", format!("{}, ready after {ready:.1} s", house.url)),
        ("database", house.database.to_owned()),
        (
            "providers",
            format!(
                "simulated Slack, GitHub and Statuspage, {}",
                house.workspace.base_url()
            ),
        ),
        (
            "people",
            "ada owns the service api; bea and cem are engineers;".to_owned(),
        ),
        (
            "",
            "dov is notified of every P1. All times are UTC.".to_owned(),
        ),
    ] {
        screen.line(&format!("  {what:<10} "), Ink::Plain, &words);
    }
}

async fn the_end(house: &House, screen: &mut Screen) {
    screen.pause().await;
    screen.chapter("The end");
    let posts = house.workspace.snapshot().all_posts().count();
    screen.remark(&format!(
        "{posts} messages are in the channels; the forged requests caused none of them"
    ));
}

fn what_to_try(house: &House, screen: &Screen, prompt: bool) {
    let (url, token) = (&house.url, &house.admin_token);
    let curl = format!("curl -s -H \"Authorization: Bearer {token}\"");
    screen.line("", Ink::Plain, "");
    let running = format!("The server keeps running at {url}. In another terminal, try:");
    screen.line("", Ink::Plain, &running);
    // Not through the screen, which would cut a command at its spaces.
    output::line(format_args!(
        "\n  {curl} {url}/api/v1/incidents\n  curl -s {url}/health/ready\n"
    ));
    if !prompt {
        screen.line("", Ink::Plain, "Ctrl-C stops it.");
        return;
    }
    screen.line("", Ink::Plain, "Here, try:");
    screen.line("", Ink::Plain, "");
    for (typed, words) in [
        ("/incident help", "list the commands"),
        (
            "/incident declare P2 api Search is slow",
            "declare an incident",
        ),
        ("/incident declare", "declare one in a form"),
        ("help", "list what else you can type"),
        ("quit", "stop the demo, as Ctrl-C does"),
    ] {
        screen.line(&format!("  {typed:<40} "), Ink::Plain, words);
    }
    screen.line("", Ink::Plain, "");
}

/// `wardroom simulator`: prints one line of JSON, and serves until it is asked to stop.
pub(super) fn simulator_alone(port: u16) -> Ended {
    run_to_end(async {
        let clock = Clock::System;
        let mut options = Options::new(Arc::new(move || clock.now()));
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
            _signal = until_asked_to_stop() => Ok(()),
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
