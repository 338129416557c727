//! Standard output and standard error of the commands: nothing else in this crate prints.
//!
//! A reader that closes its end (`wardroom inbox list | head -1`) is not a failure: the rest of the
//! output is discarded, and the exit code does not change. Any other failed write (a full disk) ends
//! the command with exit code 1 and a message. Neither stops a command halfway: `outbox retry ID…`
//! retries all ids, even when its output cannot be written.

use crate::telemetry::stderr;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;

/// The first write that failed; nothing is written after it.
static FAILED: OnceLock<io::Error> = OnceLock::new();

/// Prints a line of the answer.
pub(super) fn line(text: impl Display) {
    bytes(format!("{text}\n").as_bytes());
}

/// Prints a part of the answer as it is.
pub(super) fn bytes(bytes: &[u8]) {
    if FAILED.get().is_none() {
        note(io::stdout().lock().write_all(bytes));
    }
}

/// Records the result of a write to standard output by other code.
pub(super) fn note(written: io::Result<()>) {
    if let Err(error) = written {
        let _only_the_first = FAILED.set(error);
    }
}

/// Writes out what is buffered.
pub(super) fn flush() {
    note(io::stdout().lock().flush());
}

/// Flushes the output; returns why the answer is incomplete, if that is a failure.
pub(super) fn finish() -> Option<String> {
    flush();
    let error = FAILED.get()?;
    (error.kind() != ErrorKind::BrokenPipe)
        .then(|| format!("cannot write to standard output: {error}"))
}

/// Prints a line that is not part of the answer.
pub(super) fn aside(words: impl Display) {
    stderr::write(format!("{words}\n").as_bytes());
}
