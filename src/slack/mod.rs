//! All that knows Slack.
//!
//! Inwards, all pure: [`signature`] believes a request, [`address`] says which row it becomes and (by `whose`) whether it is ours,
//! [`unchecked`] whether it is ours, [`decode`] what the row means. Outwards: `render` and `views` make blocks of our messages
//! and forms, [`courier`] carries effects over [`client`], and `look` finds out what became of
//! them. Adapters never touch the store nor each other.

pub mod address;
pub mod client;
pub mod courier;
pub mod decode;
pub mod methods;
pub mod signature;
pub mod typed;
pub mod unchecked;

mod classify;
mod connector;
mod deliver;
mod destinations;
mod interaction;
mod literal;
mod look;
mod lookup;
mod lookup_channel;
mod mrkdwn;
mod render;
mod views;
mod whose;
mod wire;
