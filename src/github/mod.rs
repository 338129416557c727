//! GitHub: its webhooks, and the courier of what is read and done there.
//!
//! Webhooks are stored as they came and read tolerantly, so that later versions can replay them. Every text
//! that comes from a repository is untrusted (`untrusted`).

mod accounts;
pub mod address;
pub mod app_key;
mod call_error;
mod checks;
pub mod client;
mod conversation;
pub mod courier;
pub mod decode;
mod deliveries;
mod deployment_status;
mod download;
pub mod events;
mod fields;
mod files;
pub mod history;
mod issues;
mod job_log;
mod payload;
mod permission;
mod pull_request;
mod push;
mod quota;
mod runs;
pub mod signature;
mod test_reports;
mod untrusted;
mod workflow_run;
mod workflows;
