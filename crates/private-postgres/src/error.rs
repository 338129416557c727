//! Why the private PostgreSQL could not be had, in words for the person at the terminal.
//!
//! Each message ends with the way out, because it is the last line that person sees. All of them
//! mean "a dependency cannot be reached": the command line maps every variant to one exit code,
//! so that nobody has to sort them again.

use std::path::PathBuf;

/// Why the private PostgreSQL could not be had.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No usable PostgreSQL server binaries are on this machine.
    #[error(
        "there is no DATABASE_URL, and no PostgreSQL server to run privately was found ({searched}).\n\
         Install one:  {install}\n\
         or name the folder of initdb and postgres in WARDROOM_PG_BINDIR, or set DATABASE_URL."
    )]
    NoBinaries {
        /// The directories that were searched.
        searched: String,
        /// The exact command for this system.
        install: String,
    },
    /// Nor can there be any: a container's image, mostly. One line, with the one thing to do.
    #[error(
        "DATABASE_URL is not set: set it to a PostgreSQL server (this system has none to run, and no package manager)"
    )]
    NoneHere,
    /// The data were written by a major version that is not installed.
    #[error(
        "the database in {data} was written by PostgreSQL {wanted}, and this machine has {found}.\n\
         Install PostgreSQL {wanted} beside it (WARDROOM_PG_BINDIR may name its folder), \
         or take a backup with the old version and restore it into an empty WARDROOM_DATA_DIR."
    )]
    OtherVersion {
        /// The PostgreSQL data directory.
        data: PathBuf,
        /// The major version in its `PG_VERSION`.
        wanted: String,
        /// The major versions that are installed.
        found: String,
    },
    /// Another server owns this directory.
    #[error(
        "another wardroom serves from {home}{}.\n\
         Stop that one first, or give this one a WARDROOM_DATA_DIR of its own; \
         several servers share a database through DATABASE_URL.",
        .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    AlreadyServed {
        /// The directory.
        home: PathBuf,
        /// The owner's process id, when it could be read.
        pid: Option<u32>,
    },
    /// The directory cannot be used as it is.
    #[error("{problem}\n{way_out}")]
    Directory {
        /// What is wrong with which path.
        problem: String,
        /// What to do about it.
        way_out: String,
    },
    /// A system call failed.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, to which path.
        doing: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// PostgreSQL was run and gave up, or did not become ready in time.
    #[error("{what}{}\nIts log: {}", if .said.is_empty() { String::new() } else { format!(":\n{}", .said) }, .log.display())]
    Failed {
        /// Which step failed.
        what: String,
        /// The last lines PostgreSQL wrote.
        said: String,
        /// Where the rest is.
        log: PathBuf,
    },
}

impl StartError {
    /// The exit code of a command that ends with this: a dependency cannot be reached.
    pub fn exit_code(&self) -> u8 {
        3
    }
}

/// Adds what was being done to a failed system call.
pub(super) trait Doing<T> {
    /// Names the step, lazily.
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, StartError>;
}

impl<T> Doing<T> for std::io::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, StartError> {
        self.map_err(|source| StartError::Io {
            doing: what(),
            source,
        })
    }
}
