//! Stories with the real binary in processes of its own: killed, stopped, cut off from its
//! database, flooded with rubbish.
//!
//! What the other stories call step by step happens here by itself and in real time, so there
//! are few of these and each waits for something. One binary, so that it is linked once. The long
//! forms are marked `#[ignore = "long: …"]`; `scripts/stress` runs them. What needs others' programs is
//! marked `#[ignore = "tools: …"]`; `.ci/run` runs it.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

mod beside;
mod bulkheads;
mod crowds;
mod doors;
mod embedded;
mod failover;
mod github;
mod github_kills;
#[allow(dead_code, reason = "a deployment offers more than each story takes")]
mod harness;
mod intake_abuse;
mod kills;
mod operator;
mod outputs;
mod plan;
mod postgres;
mod proxies;
mod reload;
mod replicas;
#[allow(dead_code, reason = "a scene says more than the kills ask")]
#[path = "../support/github_scenes.rs"]
mod scenes;
mod shutdown;
mod silence;

mod starting;
mod tools;
mod traces;
mod unfit;

mod unsigned;
