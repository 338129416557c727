//! Receipts: how an effect's end becomes a signal, and what the row says of it.

use super::append::{Arrival, append_own};
use crate::domain::areas::Origin;
use crate::domain::effect::{Answer, Effect};
use crate::domain::signal::{End, Receipt};
use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};

impl Database {
    /// A receipt is a signal: the only way back is the front door.
    pub(super) async fn append_receipt(
        &self,
        connection: &mut Session,
        receipt: &Receipt<Origin>,
        traceparent: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let subject = receipt.origin.subject();
        let subject = subject.unwrap_or_else(|| format!("effect:{}", receipt.effect_id));
        let key = format!("{}@{}", receipt.effect_id, receipt.generation);
        let arrival = Arrival {
            traceparent,
            ..Arrival::own("receipt", receipt.origin.kind(), key, subject, receipt, now)?
        };
        append_own(connection, vec![arrival], self.seal.as_deref()).await
    }
}

/// What a row says of an end. A refusal that its area answers by another way is `dropped`. Any other
/// is parked, with the provider's code, to be retried by an operator.
pub(super) fn row_of<'a>(
    origin: &Origin,
    effect: &Effect,
    end: &'a End,
) -> (&'static str, Option<&'a str>, Option<&'a Answer>) {
    match end {
        End::Done(answer) => ("done", None, Some(answer)),
        End::Refused { code } if origin.has_another_way(effect, code) => {
            ("dropped", Some(code), None)
        }
        End::Refused { code } | End::Parked { code } => ("parked", Some(code), None),
        End::Expired => ("dropped", Some("expired"), None),
        End::Uncertain { code } => ("uncertain", Some(code), None),
        End::Dropped { why } => ("dropped", Some(why), None),
    }
}
