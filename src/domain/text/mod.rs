//! Words for people, without saying how they look, and what people say in return.
//!
//! The domain composes a [`Message`] or a [`form::Form`]; an adapter renders it within its provider's
//! limits and escapes every [`Span::Text`] in one place, so that no decision can inject a mention or a
//! link. What a person typed comes in as [`Typed`].

pub mod form;
mod message;
pub mod nearest;
mod reply;
mod span;
mod typed;

pub use message::{Button, ButtonStyle, Message, Part};
pub use reply::{ReplyTo, Trigger};
pub use span::{Span, Text};
pub use typed::{Piece, Typed};
pub(super) use typed::{Word, Words};
