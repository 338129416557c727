//! GitHub's webhooks: whether they are genuine, what addresses their row, what they mean.
//!
//! Knows GitHub's wire and the domain's words, nothing else. Little is decided on webhooks yet;
//! they are kept as they came and read tolerantly, so that what is built later can replay them.

pub mod address;
pub mod decode;
pub mod signature;
