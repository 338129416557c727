//! Decodes the rows of the inbox: by the decoder of their source, and the engine's own rows here.

use super::{Decoder, Engine};
use crate::domain::areas::{Event, Origin, Signal};
use crate::domain::rules::Rules;
use crate::domain::signal::{ParkedRow, Receipt, TimerDue};
use crate::domain::told::Told;
use crate::store::{Reads, StoredSignal, json_error};
use serde_json::error::Category;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why a row could not be decoded; words without anything of the body.
pub(super) enum Undecodable {
    Wrong(String),
    /// A row of ours that another version wrote, in a way that this one does not read.
    OtherVersion(String),
}

impl From<String> for Undecodable {
    fn from(why: String) -> Self {
        Self::Wrong(why)
    }
}

impl Engine {
    /// The signal of a row; `None`: not yet.
    pub(super) fn decode(
        &self,
        stored: &StoredSignal,
        rules: &Rules,
    ) -> Result<Option<Signal>, Undecodable> {
        let Some(body) = stored.body.as_deref() else {
            let why = "the body is deleted, or encrypted with another key";
            return Err(Undecodable::Wrong(why.to_owned()));
        };
        let event = match stored.source.as_str() {
            "receipt" => Event::of_receipt(
                serde_json::from_slice::<Receipt<Origin>>(body).map_err(unreadable)?,
            ),
            "timer" => {
                let due: TimerDue = serde_json::from_slice(body).map_err(unreadable)?;
                let unknown =
                    || Undecodable::OtherVersion("unreadable: an unknown timer".to_owned());
                Event::of_timer(&due).ok_or_else(unknown)?
            }
            "area" => Event::of_told(serde_json::from_slice::<Told>(body).map_err(unreadable)?),
            "engine" => {
                Event::of_parked(serde_json::from_slice::<ParkedRow>(body).map_err(unreadable)?)
            }
            source => {
                // Only what is read here is claimed.
                let decoder = self.parts.decoders.get(source);
                let decoder = decoder.ok_or_else(|| format!("no decoder for {source}"))?;
                return Ok((decoder.decode)(stored, body, rules)?);
            }
        };
        Ok(Some(Signal {
            id: stored.id,
            at: stored.at,
            event,
        }))
    }
}

/// What is read of the inbox: the engine's own sources, and those that have a decoder.
pub(super) fn reads(decoders: &HashMap<&'static str, Decoder>) -> Reads {
    let own = Event::own_kinds();
    let others = decoders
        .iter()
        .map(|(source, decoder)| (*source, decoder.kinds.clone()));
    Reads::new(own.into_iter().chain(others))
}

/// Why one of our own bodies cannot be read: JSON of another shape is another version's.
fn unreadable(error: serde_json::Error) -> Undecodable {
    let why = format!("unreadable: {}", json_error(&error));
    match error.classify() {
        Category::Data => Undecodable::OtherVersion(why),
        Category::Io | Category::Syntax | Category::Eof => Undecodable::Wrong(why),
    }
}

/// Runs our own pure code; a panic in it is a failure of this signal and of nothing else.
pub(super) fn guarded<T, E: From<String>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_panic| Err("panicked".to_owned().into()))
}
