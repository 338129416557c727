//! GitHub's webhooks: their signature, the address of their row, their meaning.
//!
//! Knows GitHub's format and the domain, nothing else. Little is decided on webhooks yet; they are stored
//! as they came and read tolerantly, so that later versions can replay them.

pub mod address;
pub mod decode;
pub mod events;
mod payload;
pub mod signature;
mod workflow_run;
