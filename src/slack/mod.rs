//! All that knows Slack.
//!
//! Inwards, all pure: [`signature`] believes a request, [`address`] says which row it becomes,
//! [`decode`] says what the row means. Outwards: `render` and `views` make blocks of our messages
//! and forms. Adapters never touch the store nor each other.

pub mod address;
pub mod decode;
pub mod signature;
pub mod typed;

mod interaction;
mod mrkdwn;
mod pending;
mod render;
mod views;
mod wire;
