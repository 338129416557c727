//! The state that an effect showed last, as far as it is certain.
//!
//! It is a column of the effect that showed it, so that it ends with every later effect of the lane
//! whose end is not known to this version: one that failed, was dropped, may have arrived twice, or
//! was delivered by an older version that does not write the column. Then the state is sent again,
//! which is harmless.

use super::deliver::Claimed;
use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::session::Session;

impl Database {
    /// Whether this state is surely shown in the effect's lane already. If it is not, the remembered state
    /// is deleted: the attempt that follows may end in any way.
    pub async fn shows_already(&self, claimed: &Claimed) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let last = sqlx::query_scalar!(
            "select shown from outbox
              where lane between $1 and $1 and coalesce_key is not null and ended_at is not null
              order by lane desc, seq desc limit 1",
            claimed.lane,
        )
        .fetch_optional(&mut transaction)
        .await?;
        let already = claimed.shows.is_some() && claimed.shows == last.flatten().as_deref();
        if !already {
            forget_shown(&mut transaction, &claimed.lane).await?;
        }
        transaction.end().await?;
        Ok(already)
    }
}

/// Deletes what was shown last in a lane.
pub(super) async fn forget_shown(connection: &mut Session, lane: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "update outbox set shown = null
          where lane between $1 and $1 and coalesce_key is not null and ended_at is not null
            and shown is not null",
        lane,
    )
    .execute(connection)
    .await?;
    Ok(())
}
