//! The HTTP server: routes, and the effect of faults on a connection.
//!
//! It has its own accept loop, because a lost response must close the connection: a response with
//! `HangUp` becomes an error of the connection. A method runs under the lock of the state, in one step;
//! only faults wait.

use axum::Router;
use axum::body::{Body as AxumBody, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, patch, post};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use super::args::{Args, Body};
use super::auth;
use super::error::Refused;
use super::faults::{Fault, millis};
use super::web_api::{self, Call, Method};
use super::workspace::Workspace;
use super::{control, github, response_url, statuspage};

/// Marks a response that is not sent: the connection is closed instead.
#[derive(Clone, Copy)]
struct HangUp;

pub(crate) const MAX_BODY_BYTES: usize = 64 << 20;

pub(crate) fn routes(workspace: Workspace) -> Router {
    Router::new()
        .route("/api/{method}", any(api))
        .route("/upload/{id}", post(upload).put(upload))
        .route("/response/{id}", post(response_url::receive))
        .route(
            "/v1/pages/{page}/components/{component}",
            patch(statuspage::patch),
        )
        .route(
            "/v1/pages/{page}/components",
            axum::routing::get(statuspage::list),
        )
        .nest("/__sim", control::routes())
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(workspace)
}

/// The API of GitHub, which has a port of its own.
pub(crate) fn github_routes(workspace: Workspace) -> Router {
    Router::new()
        .fallback(github::serve_api)
        .with_state(workspace)
}

/// The storage of GitHub's logs and artifacts, on another port.
pub(crate) fn storage_routes(workspace: Workspace) -> Router {
    Router::new()
        .fallback(github::serve_storage)
        .with_state(workspace)
}

/// Accepts connections until the workspace stops.
pub(crate) async fn serve(listener: TcpListener, workspace: Workspace, router: Router) {
    let mut stop = workspace.stopping();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => continue,
            },
            _ = stop.wait_for(|s| *s) => return,
        };
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let mut stop = workspace.stopping();
        tokio::spawn(async move {
            let service =
                hyper::service::service_fn(move |request| answer(router.clone(), request));
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                _ = connection => {}
                _ = stop.wait_for(|s| *s) => {}
            }
        });
    }
}

async fn answer(
    router: Router,
    request: hyper::Request<hyper::body::Incoming>,
) -> Result<Response, std::io::Error> {
    let Ok(response) = router.oneshot(request.map(AxumBody::new)).await;
    if response.extensions().get::<HangUp>().is_some() {
        return Err(std::io::Error::other("the simulator hangs up here"));
    }
    Ok(response)
}

pub(crate) fn hang_up() -> Response {
    let mut response = Response::default();
    response.extensions_mut().insert(HangUp);
    response
}

pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    (status, kind, body.to_string()).into_response()
}

pub(crate) fn too_many(retry_after: u64) -> Response {
    let body = json!({"ok": false, "error": "ratelimited"});
    let mut response = json_response(StatusCode::TOO_MANY_REQUESTS, &body);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, retry_after.into());
    response
}

fn plain_status(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, "the simulator was told to fail\n").into_response()
}

/// How a provider words a fault that is a response.
pub(crate) type Wording = fn(&Workspace, &Fault) -> Response;

/// The wording of Slack, and of Statuspage as far as a status goes.
pub(crate) fn slack_response(_workspace: &Workspace, fault: &Fault) -> Response {
    match fault {
        Fault::RateLimited { retry_after: wait }
        | Fault::QuotaSpent {
            reset_after: wait, ..
        } => too_many(*wait),
        Fault::SecondaryLimit { retry_after, .. } => too_many(retry_after.unwrap_or(60)),
        Fault::Status { status } | Fault::Refused { status, .. } => plain_status(*status),
        Fault::Code { code } => json_response(StatusCode::OK, &Refused::new(code).body()),
        Fault::DoneButStatus { .. }
        | Fault::LoseRequest
        | Fault::LoseAnswer
        | Fault::HoldRequest
        | Fault::HoldAnswer
        | Fault::Delay { .. }
        | Fault::DoneAfterHangUp => plain_status(500),
    }
}

/// Runs a request with its fault, if there is one.
pub(crate) async fn under_faults<F>(
    workspace: &Workspace,
    number: usize,
    method: &str,
    channel: Option<&str>,
    wording: Wording,
    perform: F,
) -> Response
where
    F: FnOnce() -> Response + Send + 'static,
{
    let fault = workspace.take_fault(method, channel);
    workspace.note_fault(number, fault.as_ref());
    match fault {
        None => perform(),
        Some(
            fault @ (Fault::RateLimited { .. }
            | Fault::Status { .. }
            | Fault::QuotaSpent { .. }
            | Fault::SecondaryLimit { .. }
            | Fault::Refused { .. }
            | Fault::Code { .. }),
        ) => wording(workspace, &fault),
        Some(Fault::DoneButStatus { status }) => {
            perform();
            wording(workspace, &Fault::Status { status })
        }
        Some(Fault::LoseRequest) => hang_up(),
        Some(Fault::LoseAnswer) => {
            perform();
            hang_up()
        }
        Some(Fault::HoldRequest) => {
            workspace.hold().await;
            perform()
        }
        Some(Fault::HoldAnswer) => {
            let response = perform();
            workspace.hold().await;
            response
        }
        // A task of its own: the caller's going away must not undo what Slack would still do.
        Some(Fault::Delay { millis: wait }) => {
            let late = tokio::spawn(async move {
                tokio::time::sleep(millis(wait)).await;
                perform()
            });
            late.await.unwrap_or_else(|_| plain_status(500))
        }
        Some(Fault::DoneAfterHangUp) => {
            let (mut caller, never) = tokio::sync::oneshot::channel::<()>();
            tokio::spawn(async move {
                caller.closed().await;
                perform();
            });
            let _ = never.await;
            hang_up()
        }
    }
}

async fn api(
    State(workspace): State<Workspace>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY_BYTES).await else {
        return hang_up();
    };
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let kind = text_header(&parts.headers, header::CONTENT_TYPE.as_str());
    let method = web_api::method(&name);
    let accepts = method.map_or(Body::Json, |m| m.body);
    let read = Args::read(accepts, &kind, &query, &body);
    let args = read.clone().unwrap_or_default();
    let token = text_header(&parts.headers, "authorization")
        .strip_prefix("Bearer ")
        .map(str::to_owned)
        .or_else(|| {
            args.text("token")
                .filter(|_| !kind.starts_with("application/json"))
        });
    let channel = args.text("channel").or_else(|| args.text("channel_id"));
    let number = workspace.record(&name, &args);
    let bare = kind.starts_with("application/json") && !kind.contains("charset");
    let there = workspace.clone();
    let perform = move || {
        let result = read
            .map_err(Denied::from)
            .and_then(|args| perform(&there, number, method, token.as_deref(), args));
        let mut response = match result {
            Err(Denied::Slow(wait)) => {
                there.note_outcome(number, "ratelimited");
                return too_many(wait);
            }
            Err(Denied::Refused(refused)) => {
                there.note_outcome(number, &refused.code);
                json_response(StatusCode::OK, &refused.body())
            }
            Ok(mut body) => {
                there.note_outcome(number, "ok");
                body["ok"] = json!(true);
                if bare && accepts == Body::Json {
                    body["warning"] = json!("missing_charset");
                }
                json_response(StatusCode::OK, &body)
            }
        };
        there.sign_scopes(token.as_deref(), &mut response);
        there.changed();
        response
    };
    under_faults(
        &workspace,
        number,
        &name,
        channel.as_deref(),
        slack_response,
        perform,
    )
    .await
}

enum Denied {
    Slow(u64),
    Refused(Refused),
}

impl From<Refused> for Denied {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

fn perform(
    workspace: &Workspace,
    number: usize,
    method: Option<&'static Method>,
    token: Option<&str>,
    args: Args,
) -> Result<Value, Denied> {
    let method = method.ok_or_else(|| Refused::new("unknown_method"))?;
    let now = workspace.now();
    let mut state = workspace.state();
    let bot = auth::bot_of(&state, token)?;
    let channel = args.text("channel");
    workspace
        .admit(
            method.tier,
            &bot.token,
            method.name,
            channel.as_deref(),
            now,
        )
        .map_err(Denied::Slow)?;
    workspace.note_caller(number, &bot.user_id);
    let base = workspace.base_url();
    let max_block_text = workspace.max_block_text();
    let mut call = Call {
        state: &mut state,
        bot,
        args,
        now,
        base: &base,
        max_block_text,
    };
    Ok(method.run(&mut call)?)
}

async fn upload(
    State(workspace): State<Workspace>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let number = workspace.record("upload", &Args::default());
    let there = workspace.clone();
    let kind = text_header(&headers, header::CONTENT_TYPE.as_str());
    let perform = move || {
        let bytes = multipart_content(&kind, &body);
        let result = web_api::upload(&mut there.state(), &id, bytes);
        there.note_outcome(number, result.as_ref().err().copied().unwrap_or("ok"));
        there.changed();
        match result {
            Ok(text) => text.into_response(),
            Err(code) => (StatusCode::BAD_REQUEST, code).into_response(),
        }
    };
    under_faults(&workspace, number, "upload", None, slack_response, perform).await
}

/// The first part of a multipart body, or the body itself. Slack accepts both.
fn multipart_content<'a>(kind: &str, body: &'a [u8]) -> &'a [u8] {
    let Some((_, boundary)) = kind.split_once("boundary=") else {
        return body;
    };
    let find = |needle: &[u8], from: usize| {
        body.get(from..)?
            .windows(needle.len())
            .position(|w| w == needle)
            .map(|at| at + from)
    };
    let close = format!("\r\n--{}", boundary.trim_matches('"'));
    let Some(start) = find(b"\r\n\r\n", 0).map(|at| at + 4) else {
        return body;
    };
    let end = find(close.as_bytes(), start).unwrap_or(body.len());
    &body[start..end]
}

pub(crate) fn text_header(headers: &HeaderMap, name: &str) -> String {
    headers
        .get(name)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}
