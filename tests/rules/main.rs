//! Rules about the repository that the compiler does not check: imports between modules, the structure
//! of files, and the consistency of docs and code.
//!
//! The tests read the repository's files and the `--help` of the binary; they need no database and no
//! network. A violation is reported with file and line.

mod circles;
mod crates;
mod documents;
mod imports;
mod pages;
mod paths;
mod rights;
mod shape;
mod tree;
mod weaknesses;
mod words;
