//! `PGOPTIONS`, which sqlx takes from the process's environment without being asked.
//!
//! It would change every session of the private database, and beside an address with `options` it would be
//! added to them, where libpq ignores it. sqlx offers no way to leave it out, and changing the environment
//! of a running process needs unsafe code. So the program starts itself again without it, once, before
//! anything else; the process id stays the same. The configuration reads the kept value.

use super::output;
use crate::config::KEPT_OPTIONS;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Starts the program again when `PGOPTIONS` is set. Returns when it is not, or when that fails.
pub(super) fn leave_out_pgoptions() {
    let Some(options) = std::env::var_os("PGOPTIONS") else {
        return;
    };
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let failed = match std::env::current_exe() {
        Ok(program) => Command::new(program)
            .arg0(name)
            .args(arguments)
            .env_remove("PGOPTIONS")
            .env(KEPT_OPTIONS, options)
            .exec(),
        Err(error) => error,
    };
    output::aside(format_args!("PGOPTIONS cannot be left out: {failed}"));
}
