//! What the program that uses this crate is called, and what its users set.

/// The names of the program. An existing database opens only with the `program` that created it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names {
    /// The role, the database, the cluster, and the directories in `/run`, `/var/lib` and of demos.
    /// Lower-case letters, digits, `-` and `_`.
    pub program: &'static str,
    /// The setting of the data directory, as messages name it.
    pub data_dir: &'static str,
    /// The setting of the directory of PostgreSQL's programs, as messages name it.
    pub bindir: &'static str,
    /// The setting of the address of another server, as messages name it.
    pub url: &'static str,
}

impl Names {
    /// For a program without names of its own.
    pub const NEUTRAL: Names = Names {
        program: "private-postgres",
        data_dir: "the data directory",
        bindir: "bindir",
        url: "the address of a server",
    };
}
