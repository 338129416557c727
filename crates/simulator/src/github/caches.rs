//! Caches: listed by the beginning of a key, deleted by a whole key or by id.

use serde_json::{Value, json};

use super::accounts::stamp;
use super::call::{Answer, Call, Outcome};
use super::endpoint::Endpoint;
use super::permissions::Needs;
use super::refusal::Refusal;
use crate::state::Moment;

const LIST: &str = "/repos/{owner}/{repo}/actions/caches";

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get(
        "actions/get-actions-cache-list",
        LIST,
        Needs::ACTIONS_READ,
        list,
    ),
    Endpoint::delete(
        "actions/delete-actions-cache-by-key",
        LIST,
        Needs::ACTIONS_WRITE,
        by_key,
    ),
    Endpoint::delete(
        "actions/delete-actions-cache-by-id",
        "/repos/{owner}/{repo}/actions/caches/{cache_id}",
        Needs::ACTIONS_WRITE,
        by_id,
    ),
];

#[derive(Clone)]
pub(crate) struct Cache {
    pub(crate) id: u64,
    pub(crate) key: String,
    /// Such as `refs/heads/main`.
    pub(crate) reference: String,
    pub(crate) bytes: u64,
    pub(crate) at: Moment,
}

impl Cache {
    fn json(&self) -> Value {
        let version = "73885106f58cc52a7df9ec4d4a5622a5614813162cb516c759a30af6bf56e6f0";
        json!({"id": self.id, "ref": self.reference, "key": self.key, "version": version,
               "last_accessed_at": stamp(self.at), "created_at": stamp(self.at),
               "size_in_bytes": self.bytes})
    }
}

fn list(call: &mut Call<'_>) -> Outcome {
    let key = call.query("key").unwrap_or_default();
    let reference = call.query("ref");
    let found = call.repo().caches.iter().filter(|cache| {
        cache.key.starts_with(key) && reference.is_none_or(|wanted| cache.reference == wanted)
    });
    Ok(Answer::counted(
        "actions_caches",
        found.map(Cache::json).collect(),
    ))
}

fn by_key(call: &mut Call<'_>) -> Outcome {
    let key = call.query("key").map(str::to_owned);
    let key =
        key.ok_or_else(|| Refusal::unprocessable("Invalid request.\n\n\"key\" wasn't supplied."))?;
    let reference = call.query("ref").map(str::to_owned);
    let fits = |cache: &Cache| {
        cache.key == key
            && reference
                .as_ref()
                .is_none_or(|wanted| cache.reference == *wanted)
    };
    let removed: Vec<Value> = call
        .repo()
        .caches
        .iter()
        .filter(|c| fits(c))
        .map(Cache::json)
        .collect();
    if removed.is_empty() {
        return Err(Refusal::not_found());
    }
    call.repo_mut().caches.retain(|cache| !fits(cache));
    Ok(Answer::ok(
        json!({"total_count": removed.len(), "actions_caches": removed}),
    ))
}

fn by_id(call: &mut Call<'_>) -> Outcome {
    let id = call.number("cache_id")?;
    if !call.repo().caches.iter().any(|cache| cache.id == id) {
        return Err(Refusal::not_found());
    }
    call.repo_mut().caches.retain(|cache| cache.id != id);
    Ok(Answer::none())
}
