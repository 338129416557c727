//! Receipts: how an effect's end becomes a signal, and how it stands in the row.

use super::append::{Arrival, append_all};
use crate::domain::areas::Origin;
use crate::domain::effect::{Answer, Effect};
use crate::domain::signal::{End, Receipt};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};

impl Store {
    /// A receipt is a signal: the only way back is the front door.
    pub(super) async fn append_receipt(
        &self,
        connection: &mut Session,
        receipt: &Receipt<Origin>,
        traceparent: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let body = serde_json::to_vec(receipt)
            .map_err(|error| StoreError::Unreadable(error.to_string()))?;
        let arrival = Arrival {
            source: "receipt",
            kind: receipt.origin.kind(),
            dedup_key: format!("{}@{}", receipt.effect_id, receipt.generation),
            subject: receipt
                .origin
                .subject()
                .unwrap_or_else(|| format!("effect:{}", receipt.effect_id)),
            headers: serde_json::json!({}),
            body: self.sealed(body).into(),
            traceparent,
            at: now,
        };
        append_all(connection, &[&arrival], self.seal.is_some()).await?;
        Ok(())
    }
}

/// How an end stands in the row. A refusal that its area answers by another way is `dropped`. Any other
/// is parked, with the provider's code, to be retried by hand.
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
