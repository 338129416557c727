//! The App's deliveries: which failed, and asking for one again.
//!
//! Attempts of a delivery share a guid. It failed when none of its attempts was answered with 2xx. Those of
//! events that are not used are left out.

use super::call_error::{CallError, header};
use super::client::{Session, parsed};
use super::events;
use super::untrusted;
use crate::domain::effect::Answer;
use crate::domain::effect::github::{self, DELIVERIES, FailedDelivery};
use chrono::{DateTime, Utc};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// No further page is read when so little time is left.
const RESERVE: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
struct Attempt {
    id: i64,
    guid: String,
    delivered_at: DateTime<Utc>,
    status_code: Option<u16>,
    event: Option<String>,
}

/// The attempts of a delivery.
struct Delivery {
    newest: FailedDelivery,
    arrived: bool,
}

impl Session<'_> {
    pub(super) async fn list_failed_deliveries(
        &self,
        since: DateTime<Utc>,
    ) -> Result<Answer, CallError> {
        let mut deliveries: BTreeMap<String, Delivery> = BTreeMap::new();
        let mut cursor: Option<String> = None;
        let complete = loop {
            let mut query = vec![("per_page", "100")];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page = self.call(Method::GET, &["app", "hook", "deliveries"], &query, None);
            let page = page.await?;
            // The newest first.
            let attempts: Vec<Attempt> = parsed(&page)?;
            let is_past = attempts.iter().any(|attempt| attempt.delivered_at < since);
            let attempts = attempts.into_iter();
            for attempt in attempts.filter(|attempt| attempt.delivered_at >= since) {
                add(&mut deliveries, attempt);
            }
            cursor = header(&page, "link").and_then(next_cursor);
            if is_past || cursor.is_none() {
                break true;
            }
            if Instant::now() + RESERVE > self.until {
                break false;
            }
        };
        let failed = deliveries
            .into_values()
            .filter(|delivery| !delivery.arrived && events::is_used(&delivery.newest.event));
        let mut failed: Vec<FailedDelivery> = failed.map(|delivery| delivery.newest).collect();
        failed.sort_by_key(|delivery| delivery.delivered_at);
        let is_all = failed.len() <= DELIVERIES;
        failed.truncate(DELIVERIES);
        Ok(Answer::Github(github::Answer::Deliveries {
            failed,
            complete: complete && is_all,
        }))
    }

    pub(super) async fn redeliver(&self, delivery: i64) -> Result<Answer, CallError> {
        let path = [
            "app",
            "hook",
            "deliveries",
            &delivery.to_string(),
            "attempts",
        ];
        self.post(&path, &json!({})).await.map(|_| Answer::Nothing)
    }
}

fn add(deliveries: &mut BTreeMap<String, Delivery>, attempt: Attempt) {
    let arrived = attempt
        .status_code
        .is_some_and(|code| (200..300).contains(&code));
    if let Some(known) = deliveries.get_mut(&attempt.guid) {
        known.newest.attempts += 1;
        known.arrived |= arrived;
        return;
    }
    let newest = FailedDelivery {
        id: attempt.id,
        guid: untrusted::name(&attempt.guid),
        event: untrusted::name(&attempt.event.unwrap_or_default()),
        delivered_at: attempt.delivered_at,
        attempts: 1,
    };
    deliveries.insert(attempt.guid, Delivery { newest, arrived });
}

/// The cursor of the next page, from a `Link` header.
fn next_cursor(link: &str) -> Option<String> {
    let next = link.split(',').find(|part| part.contains("rel=\"next\""))?;
    let url = next.split_once('<')?.1.split_once('>')?.0;
    let url = Url::parse(url).ok()?;
    let mut pairs = url.query_pairs();
    let (_, cursor) = pairs.find(|(name, _)| name == "cursor")?;
    Some(cursor.into_owned())
}
