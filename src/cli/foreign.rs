//! libpq's variables, which sqlx takes from the process's environment without being asked.
//!
//! `PGOPTIONS` in the shell that starts the private database would change every session of ours, and beside
//! an address with `options` it would be added to them, where libpq ignores it. sqlx offers no way to leave
//! it out. Changing the environment of a running process needs unsafe code, so the program starts itself
//! again without them, once, before anything else; the number of the process stays the same.

use super::output;
use crate::config::{KEPT_OPTIONS, LEFT_OUT, LIBPQ, names_a_server, process_environment};
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Starts the program again when variables must be left out; returns when there are none. Where a server
/// is named they supply what its address leaves out, and stay; the configuration adds `PGOPTIONS` itself.
pub(super) fn leave_out_libpq() {
    if names_a_server(&process_environment) {
        if let Some(options) = std::env::var_os("PGOPTIONS") {
            start_again(&["PGOPTIONS"], KEPT_OPTIONS, options);
        }
        return;
    }
    let names = LIBPQ.iter().filter(|name| std::env::var_os(name).is_some());
    let names: Vec<&str> = names.copied().collect();
    if !names.is_empty() {
        // The new start names them where it names the others.
        start_again(&names, LEFT_OUT, names.join(",").into());
    }
}

/// Returns only when that fails, after it has said so.
fn start_again(without: &[&str], variable: &str, value: OsString) {
    let mut arguments = std::env::args_os();
    let name = arguments.next();
    let failed = match std::env::current_exe() {
        Ok(program) => {
            let mut again = Command::new(program);
            if let Some(name) = name {
                again.arg0(name);
            }
            without.iter().for_each(|name| {
                again.env_remove(name);
            });
            again.args(arguments).env(variable, value).exec()
        }
        Err(error) => error,
    };
    let names = without.join(", ");
    output::aside(format_args!("{names} cannot be left out: {failed}"));
}
