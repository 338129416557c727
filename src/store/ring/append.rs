//! Rows into the inbox: one statement for a batch, from every source.

use super::turns::SUBJECTS;
use crate::domain::ids::SignalId;
use crate::store::error::StoreError;
use crate::store::seal::Seal;
use crate::store::session::Session;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sqlx::types::Json;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Something that arrived, as it came.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// `slack`, `github`, `api`, `receipt`, `timer`, `engine`: chooses the decoder.
    pub source: &'static str,
    /// What it is called there; tells the decoder what to expect.
    pub kind: String,
    /// Two arrivals of one source with one key are one.
    pub dedup_key: String,
    /// Arrivals of one subject are decided in order.
    pub subject: String,
    /// What the decoder needs beside the body; small, and no secrets.
    pub headers: Value,
    /// The body, byte for byte.
    pub body: Bytes,
    /// W3C trace context of the request.
    pub traceparent: Option<String>,
    pub at: DateTime<Utc>,
}

impl Arrival {
    /// One that comes from within: a receipt, a timer, what one area tells another.
    pub(super) fn own(
        source: &'static str,
        kind: String,
        dedup_key: String,
        subject: String,
        body: &impl Serialize,
        at: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            source,
            kind,
            dedup_key,
            subject,
            headers: serde_json::json!({}),
            body: serde_json::to_vec(body)?.into(),
            traceparent: None,
            at,
        })
    }

    /// The same arrival with a key and a subject that PostgreSQL can keep and index: they are made
    /// of what a sender wrote, and neither a zero byte nor a name of a megabyte is a reason to say
    /// that the database is away.
    pub(super) fn fitted(mut self) -> Self {
        for text in [&mut self.dedup_key, &mut self.subject] {
            if text.len() > LONGEST_KEY || text.contains('\0') {
                *text = format!("sha256:{}", hex::encode(Sha256::digest(text.as_bytes())));
            }
        }
        self
    }
}

/// A row of an index holds 2.7 KB.
const LONGEST_KEY: usize = 500;

/// What became of an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is a row of its own.
    New(SignalId),
    /// It was here before: this row.
    Duplicate(SignalId),
}

impl Appended {
    /// The row, new or old.
    pub fn id(self) -> SignalId {
        match self {
            Self::New(id) | Self::Duplicate(id) => id,
        }
    }
}

/// One column of rows, for `unnest`.
pub(super) fn column<'a, R, T>(rows: &'a [R], pick: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(pick).collect()
}

/// Writes arrivals from within, in the caller's transaction.
pub(super) async fn append_own(
    connection: &mut Session,
    mut arrivals: Vec<Arrival>,
    seal: Option<&Seal>,
) -> Result<(), StoreError> {
    if arrivals.is_empty() {
        return Ok(());
    }
    if let Some(seal) = seal {
        for arrival in &mut arrivals {
            arrival.body = seal.close(&arrival.body).into();
        }
    }
    let arrivals: Vec<&Arrival> = arrivals.iter().collect();
    append_all(connection, &arrivals, seal.is_some()).await?;
    Ok(())
}

/// Writes arrivals, in the caller's transaction if there is one: locks their subjects and inserts the
/// rows by one statement, which is `append_signals` of the migrations. The answer has the order of
/// the arrivals. Bodies are encrypted or plain already (`sealed` says which).
pub(super) async fn append_all(
    connection: &mut Session,
    arrivals: &[&Arrival],
    sealed: bool,
) -> Result<Vec<Appended>, StoreError> {
    let ids: Vec<Uuid> = column(arrivals, |_| Uuid::now_v7());
    let sources: Vec<&str> = column(arrivals, |row| row.source);
    let keys: Vec<&str> = column(arrivals, |row| &*row.dedup_key);
    let inserted = sqlx::query_scalar!(
        r#"select id as "id!" from append_signals($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) as id"#,
        SUBJECTS,
        &ids,
        &sources as &[&str],
        &column(arrivals, |row| &*row.kind) as &[&str],
        &keys as &[&str],
        &column(arrivals, |row| &*row.subject) as &[&str],
        &column(arrivals, |row| Json(&row.headers)) as &[Json<&Value>],
        &column(arrivals, |row| &*row.body) as &[&[u8]],
        &column(arrivals, |row| row.traceparent.as_deref()) as &[Option<&str>],
        &column(arrivals, |row| row.at),
        sealed,
    )
    .fetch_all(&mut *connection)
    .await?;
    if inserted.len() == arrivals.len() {
        return Ok(ids
            .into_iter()
            .map(|id| Appended::New(SignalId(id)))
            .collect());
    }

    let inserted: BTreeSet<Uuid> = inserted.into_iter().collect();
    let known = look_up(connection, &sources, &keys).await?;
    Ok(arrivals
        .iter()
        .zip(ids)
        .map(|(arrival, id)| {
            if inserted.contains(&id) {
                return Appended::New(SignalId(id));
            }
            let key = (arrival.source.to_owned(), arrival.dedup_key.clone());
            Appended::Duplicate(SignalId(known.get(&key).copied().unwrap_or(id)))
        })
        .collect())
}

/// The rows that hold these keys.
pub(super) async fn look_up(
    connection: &mut Session,
    sources: &[&str],
    keys: &[&str],
) -> Result<HashMap<(String, String), Uuid>, StoreError> {
    let rows = sqlx::query!(
        r#"select found.id, found.source, found.dedup_key
             from unnest($1::text[], $2::text[]) as wanted(source, dedup_key),
                  lateral (select i.id, i.source, i.dedup_key from inbox i
                            where i.source = wanted.source and i.dedup_key = wanted.dedup_key
                           offset 0) as found"#,
        sources as &[&str],
        keys as &[&str],
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| ((row.source, row.dedup_key), row.id))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(key: &str) -> Arrival {
        Arrival {
            source: "github",
            kind: "push".to_owned(),
            dedup_key: key.to_owned(),
            subject: key.to_owned(),
            headers: serde_json::json!({}),
            body: Bytes::new(),
            traceparent: None,
            at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_key_is_kept_as_it_is_unless_postgresql_could_not_keep_it() {
        let longest = "x".repeat(LONGEST_KEY);
        let (longer, zero) = (format!("{longest}x"), "a\0b");
        for (key, kept) in [
            ("github:a/b", true),
            ("日本", true),
            (&longest, true),
            (&longer, false),
            (zero, false),
        ] {
            let fitted = arrival(key).fitted();
            assert_eq!(fitted.dedup_key == key, kept, "{key:?}");
            assert_eq!(fitted.subject, fitted.dedup_key);
            assert!(fitted.subject.len() <= LONGEST_KEY && !fitted.subject.contains('\0'));
        }
        assert_ne!(
            arrival("a\0b").fitted().subject,
            arrival("a\0c").fitted().subject
        );
    }
}
