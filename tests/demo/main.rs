//! `wardroom demo`: the real binary as a new user runs it, and its absence from a build without it.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

#[cfg(not(feature = "demo"))]
mod absent;
#[cfg(feature = "demo")]
mod story;
#[cfg(feature = "demo")]
mod terminal;
