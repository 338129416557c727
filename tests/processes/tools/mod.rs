//! What others' programs say of ours: Prometheus' checker, PgBouncer, GitHub's examples, Slack's own
//! client.
//!
//! They need promtool, pgbouncer, npm and Python, and the package registries once; the suite must
//! pass on a machine with nothing but Rust and PostgreSQL. So they are left to `.ci/run`, which
//! brings the programs along, and where one is missing they fail and say so.

#[allow(dead_code, reason = "the rules take more of it than the steps do")]
#[path = "../../../crates/simulator/tests/official_client/clients.rs"]
mod clients;
mod octokit;
mod octokit_first_run;
mod pgbouncer;
mod promtool;
