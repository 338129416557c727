//! `wardroom demo` in a build without the feature `demo`, such as the image: says where to get it.

use super::{Ended, Stop};
use clap::Args;
use std::ffi::OsString;

/// The same whatever follows, so that no flag of the demo is answered as unknown.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(super) struct DemoArgs {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    _any: Vec<OsString>,
}

pub(super) fn run(_args: &DemoArgs) -> Ended {
    Err(Stop::Wrong(
        "wardroom: this build has no demo; run scripts/demo in a checkout of the source".to_owned(),
    ))
}
