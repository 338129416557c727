//! `wardroom migrate`: applies the migrations without running the server.

use super::{ConfigArgs, Ended, Stop, output, with_database};

pub(super) fn run(args: &ConfigArgs, dry_run: bool) -> Ended {
    with_database(args, async |_config, database| {
        let (what, names) = match dry_run {
            true => ("missing", database.missing().await?),
            false => ("applied", database.migrate().await?),
        };
        for name in &names {
            output::line(format_args!("{what} {name}"));
        }
        if names.is_empty() {
            output::line("the database is up to date");
        } else if dry_run {
            return Ok(Err(Stop::No(String::new())));
        }
        Ok(Ok(()))
    })
}
