//! Stories: what people do, what they see, and that nothing else happens.
//!
//! One binary, so that it is linked once. Each file tells of one part of the product; the world in
//! which they happen is `world`.

mod api;
mod api_rows;
mod changes;
mod channels;
mod ci;
mod components;
mod declare;
mod duplicates;
mod faults;
mod foreign;
mod github;
mod half;
mod incident;
mod lead;
mod messages;
mod notices;
mod organisation;
mod partners;
mod permissions;
mod replay;
mod resolve_form;
mod ring;
mod routing;
#[path = "../support/github_scenes.rs"]
mod scenes;
mod tokenless;
mod typed;
mod wardroom;
mod weaknesses;
#[allow(dead_code, reason = "a world offers more than each story takes")]
mod world;
