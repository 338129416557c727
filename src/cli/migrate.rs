//! `wardroom migrate`: applies the migrations without running the server.

use super::serve::open_error;
use super::{ConfigArgs, Ended, Stop, load, output, run_to_end};
use crate::app::database::Database;
use crate::config::SlackNeed;
use private_postgres::Mode;

pub(super) fn run(args: &ConfigArgs, dry_run: bool) -> Ended {
    let (config, _notices) = load(args, SlackNeed::Optional)?;
    run_to_end(async {
        let opened = Database::open(&config, Mode::Command)
            .await
            .map_err(open_error)?;
        let names = if dry_run {
            opened.missing().await
        } else {
            opened.migrate().await
        };
        let closed = opened.close().await;
        let names = names.map_err(open_error)?;
        closed.map_err(|error| Stop::Unreachable(format!("{error:#}")))?;
        for name in &names {
            let what = if dry_run { "missing" } else { "applied" };
            output::line(format_args!("{what} {name}"));
        }
        if names.is_empty() {
            output::line("the database is up to date");
        } else if dry_run {
            return Err(Stop::No(String::new()));
        }
        Ok(())
    })
}
