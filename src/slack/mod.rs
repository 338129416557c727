//! Everything about Slack.
//!
//! Requests from Slack, all pure: [`signature`] verifies them, [`address`] makes their row and, with
//! `installation`, refuses those for another installation; [`unchecked`] repeats that for rows that were
//! stored too early, and [`decode`] makes signals of rows. Calls to Slack: [`courier`] delivers effects
//! over [`client`], with blocks and modals from `render` and `views`, and `reconcile` finds out whether an
//! uncertain effect happened. An adapter uses neither the store nor another adapter.

pub mod address;
pub mod client;
pub mod courier;
pub mod decode;
pub mod signature;
pub mod typed;
pub mod unchecked;

mod allowed_urls;
mod call_error;
mod connector;
mod deliver;
pub mod identity;
mod installation;
mod interaction;
mod literal;
mod lookup;
mod lookup_channel;
mod mrkdwn;
mod reconcile;
mod render;
mod views;
mod wire;
