//! What `/wardroom ci` shows: read only, and of watched repositories.

use super::failures;
use super::{findings, ignored, record};
use crate::domain::ci::list::{Chosen, Listing, Wanted};
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};

/// No more repositories are known here.
const REPOSITORIES: i64 = 2000;

pub(super) async fn load(
    session: &mut Session,
    wanted: &Wanted,
    now: DateTime<Utc>,
) -> Result<Listing, StoreError> {
    let known = wanted.known(repositories(session).await?);
    let chosen = wanted.choose(&known);
    let of = match &chosen {
        Chosen::All => known.clone(),
        Chosen::One(repository) => vec![repository.clone()],
        Chosen::Several(_) | Chosen::Unknown { .. } => Vec::new(),
    };
    let mut listing = Listing {
        chosen,
        known: known.len(),
        ..Listing::default()
    };
    if of.is_empty() {
        return Ok(listing);
    }
    for failure in failures::latest(session, &of).await? {
        let findings = findings::of_failure(session, failure.id, failure.last.place).await?;
        listing.failures.push((failure, findings));
    }
    let records = record::flaky(session, &of).await?;
    listing.flakiest = wanted.flakiest(&records, now);
    listing.ignored = ignored::in_repositories(session, &of, now).await?;
    Ok(listing)
}

/// Those that had a run, each by one step in the index: the runs of one may be many.
pub(super) async fn repositories(session: &mut Session) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"with recursive known as (
               select '' as repository
               union all
               select (select ci_runs.repository from ci_runs where ci_runs.repository > known.repository
                        order by ci_runs.repository limit 1)
                 from known where known.repository is not null)
           select repository as "repository!" from known where repository <> '' limit $1"#,
        REPOSITORIES,
    )
    .fetch_all(session)
    .await?)
}
