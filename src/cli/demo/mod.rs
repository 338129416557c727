//! `wardroom demo`: the server, a simulated workspace, and one incident told as it happens.
//!
//! The story goes to stdout, the server's log (warnings only, unless LOG_LEVEL says otherwise) to
//! stderr. When a step does not happen the exit code is 1. `wardroom simulator` is here too: the
//! workspace alone, for clients in other languages.

mod draw;
mod house;
mod prompt;
mod questions;
mod screen;
mod script;

use super::{DemoArgs, Ended, Stop, output, run_to_end};
use crate::app::{Asked, until_asked_to_stop};
use crate::engine::clock::Clock;
use crate::simulator::{self, Limits, Options};
use draw::Ink;
use house::House;
use screen::Screen;
use serde_json::json;
use std::io::IsTerminal as _;
use std::sync::Arc;

pub(super) fn run(args: &DemoArgs) -> Ended {
    run_to_end(demo(args))
}

async fn demo(args: &DemoArgs) -> Ended {
    let mut asked = Asked::listen()
        .map_err(|error| Stop::Unreachable(format!("cannot listen to signals: {error}")))?;
    let house = tokio::select! {
        house = house::start(args.port) => house?,
        () = asked.stop.asked() => return Ok(()),
    };
    let mut screen = Screen::new(&house.workspace);
    welcome(&house, &screen);
    let told = tokio::select! {
        told = script::play(&house, &mut screen) => Some(told),
        () = asked.stop.asked() => None,
    };
    let ended = match told {
        None if args.once => Err(Stop::No("demo: stopped before its end".to_owned())),
        None => Ok(()),
        Some(Err(what)) => Err(Stop::No(format!("demo: {what}"))),
        Some(Ok(())) => {
            goodbye(&house, &screen, args.once);
            if !args.once {
                stay(&house, &mut screen, &mut asked).await;
            }
            Ok(())
        }
    };
    let stopped = house.stop().await;
    ended.and(stopped)
}

/// With a terminal a person goes on; without one the server just stays up.
async fn stay(house: &House, screen: &mut Screen, asked: &mut Asked) {
    if std::io::stdin().is_terminal() {
        prompt::go_on(house, screen, asked).await;
        screen.clear_question();
    } else {
        asked.stop.asked().await;
    }
    screen.line("", Ink::Plain, "Stopping.");
}

fn welcome(house: &House, screen: &Screen) {
    let ready = house.ready_after.as_secs_f64();
    screen.line(
        "",
        Ink::Bold,
        "Wardroom: one incident, from declaration to postmortem",
    );
    screen.line("", Ink::Plain, "");
    for (what, words) in [
        ("server", format!("{}, ready after {ready:.1} s", house.url)),
        ("database", house.database.to_owned()),
        (
            "outside",
            format!(
                "Slack, GitHub, Statuspage: simulated, {}",
                house.workspace.base_url()
            ),
        ),
        (
            "people",
            "ada owns the service api; bea and cem are engineers;".to_owned(),
        ),
        ("", "dov is told of every P1. All times are UTC.".to_owned()),
    ] {
        screen.line(&format!("  {what:<9} "), Ink::Plain, &words);
    }
}

fn goodbye(house: &House, screen: &Screen, once: bool) {
    screen.chapter("The end");
    let posts = house.workspace.snapshot().all_posts().count();
    screen.remark(&format!(
        "{posts} messages stand in the rooms; the forged ones are not among them"
    ));
    if once {
        return;
    }
    let (url, token) = (&house.url, &house.admin_token);
    screen.line("", Ink::Plain, "");
    screen.line(
        "",
        Ink::Plain,
        "The server stays up; Ctrl-C ends it. Its API's token, and two things to try:",
    );
    screen.line("", Ink::Plain, "");
    for line in [
        format!("TOKEN={token}"),
        format!("curl -s -H \"Authorization: Bearer $TOKEN\" {url}/api/v1/incidents"),
        format!("curl -s {url}/health/ready"),
    ] {
        output::line(format_args!("  {line}"));
    }
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
