//! The App's deliveries: which failed, and asking for one again.
//!
//! Attempts of a delivery share a guid. It failed when none of its attempts was answered with 2xx. Those that
//! would not be stored are left out: asked for again, they would never be found in the inbox.
//!
//! GitHub's filter `status=failure` is not used: it is documented for answers of 400 to 599, and so not for a
//! redirect, nor for a host that was not reached. Instead, a long list is read in several calls.

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
/// Entries of a page, and how many pages a call reads.
const PAGE: usize = 100;
const PAGES: usize = 10;
/// The longest cursor that is kept.
const CURSOR: usize = 200;

#[derive(Deserialize)]
struct Attempt {
    id: i64,
    guid: String,
    delivered_at: DateTime<Utc>,
    status_code: Option<u16>,
    event: Option<String>,
    action: Option<String>,
}

/// The attempts of a delivery.
struct Delivery {
    newest: FailedDelivery,
    arrived: bool,
    is_stored: bool,
}

impl Session<'_> {
    pub(super) async fn list_failed_deliveries(
        &self,
        since: DateTime<Utc>,
        from: Option<&str>,
    ) -> Result<Answer, CallError> {
        let mut deliveries: BTreeMap<String, Delivery> = BTreeMap::new();
        let mut cursor = from.map(str::to_owned);
        let per_page = PAGE.to_string();
        for number in 1.. {
            let mut query = vec![("per_page", per_page.as_str())];
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
            let next = header(&page, "link").and_then(next_cursor);
            cursor = next.filter(|_| !is_past).map(kept).transpose()?;
            let failed = deliveries.values().filter(|one| one.has_failed()).count();
            let is_late = Instant::now() + RESERVE > self.until;
            if cursor.is_none() || number == PAGES || failed + PAGE > DELIVERIES || is_late {
                break;
            }
        }
        let failed = deliveries.into_values().filter(Delivery::has_failed);
        let mut failed: Vec<FailedDelivery> = failed.map(|delivery| delivery.newest).collect();
        failed.sort_by_key(|delivery| delivery.delivered_at);
        Ok(Answer::Github(github::Answer::Deliveries {
            failed,
            complete: cursor.is_none(),
            next: cursor,
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

impl Delivery {
    fn has_failed(&self) -> bool {
        !self.arrived && self.is_stored
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
    let event = attempt.event.unwrap_or_default();
    let is_stored = events::stored(&event, attempt.action.as_deref()).is_some();
    let newest = FailedDelivery {
        id: attempt.id,
        guid: untrusted::name(&attempt.guid),
        event: untrusted::name(&event),
        delivered_at: attempt.delivered_at,
        attempts: 1,
    };
    let delivery = Delivery {
        newest,
        arrived,
        is_stored,
    };
    deliveries.insert(attempt.guid, delivery);
}

/// A cursor that is too long to keep is not taken for the end of the list.
fn kept(cursor: String) -> Result<String, CallError> {
    match cursor.len() <= CURSOR {
        true => Ok(cursor),
        false => Err(CallError::refused("cursor_too_long")),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_that_is_too_long_is_an_error_and_not_the_end_of_the_list() {
        let link = |cursor: &str| {
            let url = format!("https://example.test/app/hook/deliveries?cursor={cursor}");
            next_cursor(&format!("<{url}>; rel=\"next\"")).map(kept)
        };
        let longest = "v".repeat(CURSOR);
        assert_eq!(link(&longest), Some(Ok(longest.clone())));
        let too_long = Err(CallError::refused("cursor_too_long"));
        assert_eq!(link(&format!("{longest}1")), Some(too_long));
    }
}
