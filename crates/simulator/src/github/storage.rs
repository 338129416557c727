//! The storage of logs and artifacts: another host, with signed URLs that are valid for a minute.
//!
//! As at Azure, a request that carries an `Authorization` header beside the signature is refused, and
//! only ranges with a start are served.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use uuid::Uuid;

use super::hosts::STORAGE;
use super::state::GitHubState;
use super::wording::fault_response;
use crate::args::Args;
use crate::server::{text_header, under_faults};
use crate::state::Moment;
use crate::workspace::Workspace;

/// How many are kept; older ones are gone before their time.
const MOST_BLOBS: usize = 256;

#[derive(Clone)]
pub(crate) struct Blob {
    kind: &'static str,
    content: Vec<u8>,
    valid_until: Moment,
}

impl GitHubState {
    /// A URL under which the content is served for a short time.
    pub(crate) fn signed_url(
        &mut self,
        name: &str,
        kind: &'static str,
        content: Vec<u8>,
        now: Moment,
    ) -> String {
        let signature = Uuid::new_v4().simple().to_string();
        let valid_until = now + self.behaviour.signed_for;
        let blob = Blob {
            kind,
            content,
            valid_until,
        };
        self.blobs.push_back((signature.clone(), blob));
        let many = self.blobs.len().saturating_sub(MOST_BLOBS);
        self.blobs.drain(..many);
        let ends = valid_until.format("%Y-%m-%dT%H%%3A%M%%3A%SZ");
        let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        format!("{STORAGE}/results/{name}?rsct={kind}&se={ends}&sig={signature}&sp=r")
    }
}

pub(crate) async fn handle(State(workspace): State<Workspace>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let mut args = Args::default();
    args.0.insert("path".to_owned(), json!(parts.uri.path()));
    let authorized = parts.headers.contains_key(header::AUTHORIZATION);
    args.0.insert("authorization".to_owned(), json!(authorized));
    let number = workspace.record("github/storage", &args);
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let there = workspace.clone();
    let perform = move || {
        let (response, why) = serve(&there, &query, &parts.headers);
        there.note_outcome(number, why);
        response
    };
    under_faults(
        &workspace,
        number,
        "github/storage",
        None,
        fault_response,
        perform,
    )
    .await
}

fn serve(workspace: &Workspace, query: &str, headers: &HeaderMap) -> (Response, &'static str) {
    if headers.contains_key(header::AUTHORIZATION) {
        return denied(StatusCode::UNAUTHORIZED, "InvalidAuthenticationInfo");
    }
    let now = workspace.now();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let signature = pairs
        .find(|(name, _)| name == "sig")
        .map(|(_, value)| value.into_owned());
    let state = workspace.github_state();
    let mut blobs = state.blobs.iter();
    let blob = signature.and_then(|signature| blobs.find(|(s, _)| *s == signature));
    let blob = blob.map(|(_, blob)| blob.clone());
    drop(state);
    let Some(blob) = blob.filter(|blob| blob.valid_until > now) else {
        return denied(StatusCode::FORBIDDEN, "AuthenticationFailed");
    };
    let length = blob.content.len();
    let kind = [
        (header::CONTENT_TYPE, blob.kind),
        (header::ACCEPT_RANGES, "bytes"),
    ];
    let Some((from, to)) = range(&text_header(headers, "range"), length) else {
        return ((StatusCode::OK, kind, blob.content).into_response(), "ok");
    };
    if from >= length {
        return denied(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange");
    }
    let part = blob.content[from..to].to_vec();
    let shown = format!("bytes {from}-{}/{length}", to - 1);
    let extra = [(header::CONTENT_RANGE, shown)];
    (
        (StatusCode::PARTIAL_CONTENT, kind, extra, part).into_response(),
        "ok",
    )
}

/// `bytes=a-` and `bytes=a-b`. A range from the end is not supported, and all is served.
fn range(header: &str, length: usize) -> Option<(usize, usize)> {
    let (from, to) = header.strip_prefix("bytes=")?.split_once('-')?;
    let from: usize = from.parse().ok()?;
    let to = to
        .parse::<usize>()
        .map_or(length, |to| to.saturating_add(1).min(length));
    (to > from || from >= length).then_some((from, to))
}

fn denied(status: StatusCode, code: &'static str) -> (Response, &'static str) {
    let body =
        format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code></Error>");
    let kind = [(header::CONTENT_TYPE, "application/xml")];
    ((status, kind, body).into_response(), code)
}
