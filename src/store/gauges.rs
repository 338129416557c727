//! What is true of the whole service, read at scrape: the same from every replica.

use super::database::Database;
use super::error::StoreError;
use crate::domain::incident::Severity;
use chrono::{DateTime, Utc};

/// A queue, as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct QueueGauge {
    /// Rows that wait or are in progress.
    pub length: i64,
    /// Age in seconds of the oldest since it was due for the first time.
    pub oldest_seconds: f64,
    /// Rows that are parked.
    pub parked: i64,
}

/// Everything read at scrape.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gauges {
    pub inbox: QueueGauge,
    pub outbox: QueueGauge,
    /// Effects under a lease now, on any replica.
    pub active: i64,
    /// Open incidents by severity, P1 first.
    pub incidents_open: [i64; Severity::ALL.len()],
}

impl Database {
    pub async fn gauges(&self, now: DateTime<Utc>) -> Result<Gauges, StoreError> {
        let queues = sqlx::query!(
            r#"select
                i.open as "inbox!", i.oldest as inbox_oldest,
                (select count(*) from inbox where state = 'parked') as "inbox_parked!",
                o.open as "outbox!", o.oldest as outbox_oldest,
                (select count(*) from outbox where state = 'parked') as "outbox_parked!",
                o.active as "active!"
               from (select count(*) as open, min(coalesce(due_since, received_at)) as oldest
                       from inbox where state = 'open') as i,
                    (select count(*) as open,
                            min(coalesce(due_since, created_at))
                                filter (where coalesce(due_since, created_at) <= $1) as oldest,
                            count(*) filter (where lease_until > clock_timestamp()) as active
                       from outbox where ended_at is null) as o"#,
            now,
        )
        .fetch_one(&mut self.single().await?)
        .await?;
        let incidents = sqlx::query!(
            r#"select severity,
                      count(*) as "open!"
                 from incidents
                where kind = 'real'
                  and status in ('declared', 'investigating', 'identified', 'monitoring')
                group by severity"#
        )
        .fetch_all(&mut self.single().await?)
        .await?;
        let mut gauges = Gauges {
            inbox: QueueGauge {
                length: queues.inbox,
                oldest_seconds: age(queues.inbox_oldest, now),
                parked: queues.inbox_parked,
            },
            outbox: QueueGauge {
                length: queues.outbox,
                oldest_seconds: age(queues.outbox_oldest, now),
                parked: queues.outbox_parked,
            },
            active: queues.active,
            ..Gauges::default()
        };
        for row in incidents {
            let place = Severity::parse(&row.severity);
            if let Some(place) = place {
                gauges.incidents_open[place as usize] = row.open;
            }
        }
        Ok(gauges)
    }
}

fn age(oldest: Option<DateTime<Utc>>, now: DateTime<Utc>) -> f64 {
    oldest.map_or(0.0, |at| (now - at).as_seconds_f64().max(0.0))
}
