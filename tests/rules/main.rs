//! What holds for the house as a whole and no compiler sees: who may import whom, the shape of
//! files, that the docs and the code say the same.
//!
//! Everything here reads the repository's files and the built binary's `--help`; nothing needs a
//! database or a network. A rule that is broken names file and line, so that mending needs no search.

mod crates;
mod documents;
mod imports;
mod pages;
mod shape;
mod tree;
mod weaknesses;
mod words;
