//! Receipts: how an effect's end becomes a signal, and how it stands in the row.

use super::append::{Arrival, append_all};
use super::session::Session;
use super::{Store, StoreError};
use crate::domain::effect::Effect;
use crate::domain::ids::{EffectId, IncidentId};
use crate::domain::signal::{Answer, End, Receipt};
use chrono::{DateTime, Utc};

impl Store {
    /// A receipt is a signal: the only way back is the front door.
    pub(super) async fn append_receipt(
        &self,
        connection: &mut Session,
        receipt: &Receipt,
        traceparent: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let body = serde_json::to_vec(receipt)
            .map_err(|error| StoreError::Unreadable(error.to_string()))?;
        let arrival = Arrival {
            source: "receipt",
            kind: receipt.effect.kind().to_owned(),
            dedup_key: format!("{}@{}", receipt.effect_id, receipt.generation),
            subject: subject(receipt.effect.incident(), receipt.effect_id),
            headers: serde_json::json!({}),
            body: self.sealed(body).into(),
            traceparent,
            at: now,
        };
        append_all(connection, &[&arrival], self.seal.is_some()).await?;
        Ok(())
    }
}

fn subject(incident: Option<IncidentId>, effect: EffectId) -> String {
    incident.map_or_else(|| format!("effect:{effect}"), |id| format!("incident:{id}"))
}

/// How an end stands in the row. A refusal that the domain answers by another way is `dropped`:
/// nobody need look at it. Any other is parked, with the provider's code, to be retried by hand.
pub(super) fn row_of<'a>(
    effect: &Effect,
    end: &'a End,
) -> (&'static str, Option<&'a str>, Option<&'a Answer>) {
    match end {
        End::Done(answer) => ("done", None, Some(answer)),
        End::Refused { code } if effect.has_another_way(code) => ("dropped", Some(code), None),
        End::Refused { code } | End::Parked { code } => ("parked", Some(code), None),
        End::Expired => ("dropped", Some("expired"), None),
        End::Uncertain { code } => ("uncertain", Some(code), None),
        End::Dropped { why } => ("dropped", Some(why), None),
    }
}
