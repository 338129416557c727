//! Why the private PostgreSQL could not be started, in messages for the operator.
//!
//! Each message ends with what to do, because it is the last line that the operator sees. Every
//! variant means that a dependency cannot be reached, so all have the same exit code.

use std::path::PathBuf;

use super::names::Names;

/// Why the private PostgreSQL could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// PostgreSQL is not installed, or is too old.
    #[error(
        "there is no {}, and no PostgreSQL server to run privately was found ({searched}).\n\
         Install one:  {install}\n\
         or set {} to the directory of initdb and postgres, or set {}.",
        .names.url, .names.bindir, .names.url
    )]
    NoBinaries {
        /// The directories that were searched.
        searched: String,
        /// The exact command for this system.
        install: String,
        /// The program's names, which the message contains.
        names: &'static Names,
    },
    /// It cannot be installed either, as in a container's image.
    #[error(
        "{} is not set: set it to a PostgreSQL server (this system has none to run, and no package manager)",
        .names.url
    )]
    NoneHere {
        /// The program's names, which the message contains.
        names: &'static Names,
    },
    /// The major version that wrote the data is not installed.
    #[error(
        "the database in {data} was written by PostgreSQL {wanted}, and this host has {found}.\n\
         Install PostgreSQL {wanted} beside it ({} can be set to its directory), \
         or dump the database with the old version and restore it into an empty {}.",
        .names.bindir, .names.data_dir
    )]
    OtherVersion {
        /// The PostgreSQL data directory.
        data: PathBuf,
        /// The major version in its `PG_VERSION`.
        wanted: String,
        /// The major versions that are installed.
        found: String,
        /// The program's names, which the message contains.
        names: &'static Names,
    },
    /// Another server uses this directory.
    #[error(
        "another {} server uses {home}{}.\n\
         Stop it first, or set another {} for this one; \
         several servers share a database through {}.",
        .names.program,
        .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default(),
        .names.data_dir, .names.url
    )]
    AlreadyServed {
        /// The directory.
        home: PathBuf,
        /// The other process, if known.
        pid: Option<u32>,
        /// The program's names, which the message contains.
        names: &'static Names,
    },
    /// The directory cannot be used as it is.
    #[error("{problem}\n{fix}")]
    Directory {
        /// What is wrong with which path.
        problem: String,
        /// What to do.
        fix: String,
    },
    /// A system call failed.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, to which path.
        doing: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// PostgreSQL ended, or did not become ready in time.
    #[error("{what}{}\nThe log: {}", if .output.is_empty() { String::new() } else { format!(":\n{}", .output) }, .log.display())]
    Failed {
        /// Which step failed.
        what: String,
        /// The last lines of its output.
        output: String,
        /// The log file.
        log: PathBuf,
    },
}

impl StartError {
    /// The exit code of a command that ends with this error.
    pub fn exit_code(&self) -> u8 {
        3
    }
}

/// Adds what was being done to a failed system call.
pub(super) trait Doing<T> {
    /// `what` describes the step, for the error.
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
