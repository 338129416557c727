//! `wardroom validate`: prints every problem of a configuration with its position.

use super::{ConfigArgs, Ended, Stop, output};
use crate::config::{Config, process_environment, report};

pub(super) fn run(args: &ConfigArgs) -> Ended {
    let loaded = Config::load(args.config.as_deref(), &process_environment);
    let words = report(&loaded);
    if loaded.is_err() {
        return Err(Stop::Wrong(words));
    }
    output::line(words);
    Ok(())
}
