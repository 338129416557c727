//! A request to the API: credentials, quota, permissions, the endpoint, and the headers of the response.
//!
//! It runs in one step under the lock of the state; only faults wait.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};

use super::call::{Answer, Call, Outcome};
use super::endpoint::{self, Endpoint, Found};
use super::hosts::API;
use super::pages::{self, Page};
use super::permissions::Needs;
use super::quota::{self, Seen};
use super::refusal::{Refusal, refuse};
use super::state::GitHubState;
use super::wording::fault_response;
use crate::args::Args;
use crate::server::{MAX_BODY_BYTES, hang_up, text_header, under_faults};
use crate::state::Moment;
use crate::workspace::Workspace;

/// The prefix of the API at GitHub Enterprise.
const ENTERPRISE: &str = "/api/v3";
const VERSIONS: [&str; 2] = ["2022-11-28", "2026-03-10"];
/// Endpoints whose contents notify people; they have limits of their own.
const CREATES: [&str; 5] = [
    "issues/create",
    "issues/create-comment",
    "pulls/create",
    "pulls/create-review",
    "repos/create-commit-status",
];

struct Asked {
    verb: String,
    prefix: &'static str,
    path: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Vec<u8>,
    found: Option<(&'static Endpoint, Found)>,
}

impl Asked {
    fn header(&self, name: &str) -> String {
        text_header(&self.headers, name)
    }

    fn part(&self, name: &str) -> Option<&str> {
        let (_, found) = self.found.as_ref()?;
        found
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, value)| value.as_str())
    }

    fn repository(&self) -> Option<String> {
        Some(format!("{}/{}", self.part("owner")?, self.part("repo")?))
    }

    /// What is recorded of the request.
    fn args(&self) -> Args {
        let mut args = Map::new();
        let parts = self.found.iter().flat_map(|(_, found)| found);
        args.extend(parts.map(|(name, value)| ((*name).to_owned(), json!(value))));
        args.extend(
            self.query
                .iter()
                .map(|(name, value)| (name.clone(), json!(value))),
        );
        args.insert("verb".to_owned(), json!(self.verb));
        args.insert("path".to_owned(), json!(self.path));
        let body = serde_json::from_slice::<Value>(&self.body);
        args.insert("body".to_owned(), body.unwrap_or(Value::Null));
        Args(args)
    }
}

pub(crate) async fn handle(State(workspace): State<Workspace>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY_BYTES).await else {
        return hang_up();
    };
    let whole = parts.uri.path();
    let (prefix, path) = match whole.strip_prefix(ENTERPRISE) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => (ENTERPRISE, rest),
        _ => ("", whole),
    };
    let _counted = InFlight::new(&workspace);
    let path = workspace.github_state().named(path);
    let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let found = endpoint::find(parts.method.as_str(), &path);
    let asked = Asked {
        verb: parts.method.to_string(),
        prefix,
        path,
        query: query.into_owned().collect(),
        headers: parts.headers,
        body: body.to_vec(),
        found,
    };
    let name = asked
        .found
        .as_ref()
        .map_or("unknown", |(endpoint, _)| endpoint.id);
    let name = format!("github/{name}");
    let number = workspace.record(&name, &asked.args());
    let repository = asked.repository();
    let there = workspace.clone();
    let perform = move || {
        let response = perform(&there, number, asked);
        there.changed();
        response
    };
    under_faults(
        &workspace,
        number,
        &name,
        repository.as_deref(),
        fault_response,
        perform,
    )
    .await
}

/// Counts a request until it is answered, or until the caller disconnects.
struct InFlight<'a>(&'a Workspace);

impl<'a> InFlight<'a> {
    fn new(workspace: &'a Workspace) -> Self {
        workspace.github_state().in_flight += 1;
        Self(workspace)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.github_state().in_flight -= 1;
    }
}

impl GitHubState {
    /// `/repositories/{id}/…`, as the links of lists name it, as `/repos/{owner}/{name}/…`.
    fn named(&self, path: &str) -> String {
        let named = path.strip_prefix("/repositories/").and_then(|rest| {
            let (id, rest) = rest.split_once('/').unwrap_or((rest, ""));
            let repository = self.repositories.get(&id.parse().ok()?)?;
            let slash = if rest.is_empty() { "" } else { "/" };
            Some(format!("/repos/{}{slash}{rest}", repository.full_name()))
        });
        named.unwrap_or_else(|| path.to_owned())
    }
}

fn perform(workspace: &Workspace, number: usize, asked: Asked) -> Response {
    let now = workspace.now();
    let mut state = workspace.github_state();
    let (outcome, seen, who) = answer(&mut state, &asked, now);
    let response = respond(&mut state, &asked, outcome, seen, now);
    drop(state);
    let (response, why) = response;
    if let Some(who) = who {
        workspace.note_caller(number, &who);
    }
    workspace.note_outcome(number, &why);
    response
}

/// The outcome, the quota, and who called.
fn answer(
    state: &mut GitHubState,
    asked: &Asked,
    now: Moment,
) -> (Outcome, Option<Seen>, Option<String>) {
    if asked.header("user-agent").is_empty() {
        let words = "Request forbidden by administrative rules. Please make sure your request has a \
            User-Agent header.";
        return (refuse(StatusCode::FORBIDDEN, words), None, None);
    }
    let app_now = state.app_clock.as_ref().map_or(now, |clock| clock());
    let caller = match state.identify(&asked.header("authorization"), now, app_now) {
        Ok(caller) => caller,
        Err(refusal) => return (Err(refusal), None, None),
    };
    let key = quota::key(&caller);
    let found = asked.found.as_ref();
    let resource = found.map_or("core", |(endpoint, _)| endpoint.resource());
    let id = found.map_or("", |(endpoint, _)| endpoint.id);
    if id != "rate-limit/get" {
        let creates = CREATES.contains(&id);
        let (verb, at_once) = (&asked.verb, state.in_flight);
        let admitted = state
            .quota
            .admit(&key, resource, verb, creates, at_once, now);
        if let Err(refusal) = admitted {
            let seen = state.quota.seen(&key, resource, now);
            return (Err(refusal), Some(seen), Some(key));
        }
    }
    let seen = state.quota.seen(&key, resource, now);
    let outcome = run(state, asked, caller, now);
    (outcome, Some(seen), Some(key))
}

fn run(
    state: &mut GitHubState,
    asked: &Asked,
    caller: super::permissions::Caller,
    now: Moment,
) -> Outcome {
    let version = asked.header("x-github-api-version");
    if !version.is_empty() && !VERSIONS.contains(&version.as_str()) {
        let words = format!("\"{version}\" is not a supported version.");
        return refuse(StatusCode::BAD_REQUEST, &words);
    }
    let (endpoint, path) = asked.found.as_ref().ok_or_else(Refusal::not_found)?;
    let repository = match asked.repository() {
        Some(name) => match state.repository_id(&name) {
            Some(id) => id,
            None => return Err(state.moved(&name, &asked.path)),
        },
        None => 0,
    };
    match state.repositories.get(&repository) {
        Some(found) => {
            caller.check(found, endpoint.needs)?;
            if found.archived && endpoint.verb != "GET" {
                return refuse(
                    StatusCode::FORBIDDEN,
                    "Repository was archived so is read-only.",
                );
            }
        }
        None => endpoint.needs.check(&caller)?,
    }
    let body = if asked.body.is_empty() {
        Value::Null
    } else {
        let parsed = serde_json::from_slice(&asked.body);
        parsed.map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "Problems parsing JSON"))?
    };
    let mut call = Call {
        state,
        caller,
        now,
        path: path.clone(),
        query: asked.query.clone(),
        body,
        accept: asked.header("accept"),
        repository,
    };
    (endpoint.run)(&mut call)
}

/// The response, and the recorded outcome: `ok`, or the status and the message.
fn respond(
    state: &mut GitHubState,
    asked: &Asked,
    outcome: Outcome,
    seen: Option<Seen>,
    now: Moment,
) -> (Response, String) {
    let mut headers: Vec<(&'static str, String)> = Vec::new();
    let needs = asked
        .found
        .as_ref()
        .map_or(Needs::Nothing, |(endpoint, _)| endpoint.needs);
    if let Some(accepted) = needs.accepted() {
        headers.push(("x-accepted-github-permissions", accepted));
    }
    headers.extend(seen.iter().flat_map(Seen::headers));
    headers.push(("x-github-media-type", "github.v3; format=json".to_owned()));
    headers.push(("x-github-api-version-selected", VERSIONS[0].to_owned()));
    let mut why = "ok".to_owned();
    let list_path = state.numbered(&asked.path);
    let mut page = |page: Page| {
        headers.extend(page.link.map(|link| ("link", link)));
        (StatusCode::OK, Some(page.body))
    };
    let (status, body) = match outcome {
        Ok(Answer::Json(status, body)) => (status, Some(body)),
        Ok(Answer::List(items, key)) => page(pages::numbered(items, key, &list_path, &asked.query)),
        Ok(Answer::Cursor(items)) => page(pages::by_cursor(items, &list_path, &asked.query)),
        Ok(Answer::Page(body, link)) => page(Page { body, link }),
        Ok(Answer::Empty(status)) => (status, None),
        Ok(Answer::Redirect(url)) => {
            headers.push(("location", url));
            (StatusCode::FOUND, None)
        }
        Ok(Answer::Raw(bytes)) => {
            let kind = [(
                header::CONTENT_TYPE,
                "application/vnd.github.raw; charset=utf-8",
            )];
            let response = (StatusCode::OK, kind, bytes).into_response();
            return (with_headers(response, state, asked, &headers), why);
        }
        Err(refusal) => {
            why = format!("{} {}", refusal.status.as_u16(), refusal.message);
            headers.extend(refusal.headers.clone());
            (refusal.status, Some(refusal.body()))
        }
    };
    let text = body.map(|body| state.addresses.exchange(&body.to_string(), asked.prefix));
    let etag = text
        .as_ref()
        .filter(|_| asked.verb == "GET" && status == StatusCode::OK);
    if let Some(tag) =
        etag.map(|text| format!("W/\"{}\"", hex::encode(Sha1::digest(text.as_bytes()))))
    {
        let same = asked.header("if-none-match") == tag;
        headers.push(("etag", tag));
        if same {
            if let Some(seen) = &seen {
                let caller = state.identify(&asked.header("authorization"), now, now);
                if let Ok(caller) = caller {
                    state.quota.refund(&quota::key(&caller), seen.resource, now);
                }
            }
            let response = StatusCode::NOT_MODIFIED.into_response();
            return (with_headers(response, state, asked, &headers), why);
        }
    }
    let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    let response = match text {
        Some(text) => (status, kind, text).into_response(),
        None => status.into_response(),
    };
    (with_headers(response, state, asked, &headers), why)
}

impl GitHubState {
    /// 301 for a repository that has another name now, else 404.
    fn moved(&self, name: &str, path: &str) -> Refusal {
        let id = self.renamed.get(&name.to_lowercase());
        let rest = path.splitn(5, '/').nth(4).map(|rest| format!("/{rest}"));
        id.map_or_else(Refusal::not_found, |id| {
            let url = format!("{API}/repositories/{id}{}", rest.unwrap_or_default());
            let mut refusal = Refusal::new(StatusCode::MOVED_PERMANENTLY, "Moved Permanently");
            refusal.headers.push(("location", url));
            refusal
        })
    }

    /// The path of a list, with a repository by its id.
    fn numbered(&self, path: &str) -> String {
        let numbered = path.strip_prefix("/repos/").and_then(|rest| {
            let mut parts = rest.splitn(3, '/');
            let (owner, name, rest) = (parts.next()?, parts.next()?, parts.next()?);
            let id = self.repository_id(&format!("{owner}/{name}"))?;
            Some(format!("/repositories/{id}/{rest}"))
        });
        numbered.unwrap_or_else(|| path.to_owned())
    }
}

fn with_headers(
    mut response: Response,
    state: &GitHubState,
    asked: &Asked,
    headers: &[(&'static str, String)],
) -> Response {
    let map = response.headers_mut();
    for (name, value) in headers {
        let value = state.addresses.exchange(value, asked.prefix);
        if let Ok(value) = HeaderValue::from_str(&value) {
            map.insert(HeaderName::from_static(name), value);
        }
    }
    let version = state.behaviour.enterprise.as_ref();
    if let Some(Ok(version)) = version.map(|version| HeaderValue::from_str(version)) {
        map.insert(
            HeaderName::from_static("x-github-enterprise-version"),
            version,
        );
    }
    let id = uuid::Uuid::new_v4().simple().to_string();
    if let Ok(id) = HeaderValue::from_str(&id) {
        map.insert(HeaderName::from_static("x-github-request-id"), id);
    }
    response
}
