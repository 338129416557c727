//! The HTTP client: the one policy by which providers, collectors and other addresses are called.
//!
//! HTTP/1.1 only: on HTTP/2 all calls share one connection, and one that no longer answers loses
//! all of them. When a call times out, the whole pool is dropped, because what has broken one idle
//! connection (a firewall, a proxy, a host that moved) has often broken the others.
//! Redirects are not followed: the answer would come from a host that no configuration names.
//! Every client has a pool of its own, so that one provider's calls never wait for another's.

use crate::config::Proxies;
use anyhow::{Context as _, bail};
use bytes::{Bytes, BytesMut};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, NoProxy, Proxy, RequestBuilder, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use std::error::Error as _;
use std::future::Future;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

const USER_AGENT: &str = concat!("wardroom/", env!("CARGO_PKG_VERSION"));
/// The name's resolution, the connection, and TLS.
const CONNECT: Duration = Duration::from_secs(3);
/// The whole exchange, for callers that have no deadline of their own.
const TOTAL: Duration = Duration::from_secs(10);
/// An idle connection is closed after this long.
const IDLE: Duration = Duration::from_secs(60);
/// The most that is read of an answer, for callers that have no limit of their own.
const ANSWER: usize = 16 * 1024 * 1024;
/// The code of an answer that is longer than the limit.
pub const TOO_LONG: &str = "answer_too_long";

struct Tls {
    config: ClientConfig,
    has_roots: bool,
}

/// With the machine's root certificates; read once, because there are many.
static TLS: LazyLock<Result<Tls, rustls::Error>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    // Unreadable certificates are left out; whether there are any is checked when HTTPS is needed.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let has_roots = !roots.is_empty();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Tls { config, has_roots })
});

#[derive(Debug)]
pub struct HttpClient {
    current: RwLock<Client>,
    proxies: Proxies,
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// No byte of the request was sent.
    #[error("{0}")]
    NeverSent(&'static str),
    /// All or a part of it was sent; its result is unknown.
    #[error("{0}")]
    Lost(&'static str),
    /// The request cannot be sent at all: an address or a header is invalid.
    #[error("bad_request")]
    Unsendable,
}

impl HttpClient {
    /// A client for the addresses below `base`. Without root certificates only plain ones work.
    pub fn new(base: &Url, proxies: &Proxies) -> anyhow::Result<Self> {
        let client = build(proxies)?;
        if base.scheme() == "https" && !tls()?.has_roots {
            bail!("no root certificates found: install ca-certificates, or set SSL_CERT_FILE");
        }
        Ok(Self {
            current: RwLock::new(client),
            proxies: proxies.clone(),
        })
    }

    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.request(method, url)
    }

    /// Sends a request and reads its answer.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, Unanswered> {
        self.send_limited(request, ANSWER).await
    }

    async fn send_limited(
        &self,
        request: RequestBuilder,
        most: usize,
    ) -> Result<Answer, Unanswered> {
        let answered = exchange(request, most).await;
        if answered.as_ref().err() == Some(&TIMEOUT) {
            self.renew();
        }
        answered
    }

    /// Awaits a call until a deadline. The pool is dropped when the call misses it.
    pub async fn within<T>(
        &self,
        until: Instant,
        call: impl Future<Output = T>,
    ) -> Result<T, Unanswered> {
        if until <= Instant::now() {
            return Err(Unanswered::NeverSent("no_time_left"));
        }
        let ended = tokio::time::timeout_at(until, call).await;
        ended.map_err(|_elapsed| {
            self.renew();
            TIMEOUT
        })
    }

    /// Sends a request and reads its answer until a deadline.
    pub async fn send_within(
        &self,
        until: Instant,
        request: RequestBuilder,
    ) -> Result<Answer, Unanswered> {
        self.within(until, self.send(request)).await?
    }

    /// The same for an answer of at most so many bytes.
    pub async fn send_at_most(
        &self,
        until: Instant,
        request: RequestBuilder,
        most: usize,
    ) -> Result<Answer, Unanswered> {
        self.within(until, self.send_limited(request, most)).await?
    }

    /// Replaces the pool; calls in progress keep theirs.
    fn renew(&self) {
        if let Ok(client) = build(&self.proxies) {
            *self.current.write().unwrap_or_else(PoisonError::into_inner) = client;
        }
    }
}

impl Answer {
    /// How long `Retry-After` asks to wait, where it is in seconds.
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get("retry-after")?.to_str().ok()?;
        Some(Duration::from_secs(value.trim().parse().ok()?))
    }
}

const TIMEOUT: Unanswered = Unanswered::Lost("timeout");

fn tls() -> anyhow::Result<&'static Tls> {
    TLS.as_ref().map_err(Clone::clone).context("preparing TLS")
}

fn build(proxies: &Proxies) -> anyhow::Result<Client> {
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls()?.config.clone())
        .http1_only()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .timeout(TOTAL)
        .pool_idle_timeout(IDLE)
        // Only the configuration's proxies are used, not those that reqwest finds in the environment.
        .no_proxy();
    let except = proxies.except.as_deref().and_then(NoProxy::from_string);
    if let Some(proxy) = &proxies.http {
        let proxy = Proxy::http(proxy.expose()).context("HTTP_PROXY")?;
        builder = builder.proxy(proxy.no_proxy(except.clone()));
    }
    if let Some(proxy) = &proxies.https {
        let proxy = Proxy::https(proxy.expose()).context("HTTPS_PROXY")?;
        builder = builder.proxy(proxy.no_proxy(except));
    }
    builder.build().context("building the HTTP client")
}

async fn exchange(request: RequestBuilder, most: usize) -> Result<Answer, Unanswered> {
    let mut answer = request.send().await.map_err(|error| unanswered(&error))?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut body = BytesMut::new();
    // A body that breaks off is no answer: the rest of it is unknown.
    while let Some(chunk) = answer.chunk().await.map_err(|error| match () {
        () if error.is_timeout() => TIMEOUT,
        () => Unanswered::Lost("broken_off"),
    })? {
        body.extend_from_slice(&chunk);
        if body.len() > most {
            return Err(Unanswered::Lost(TOO_LONG));
        }
    }
    Ok(Answer {
        status,
        headers,
        body: body.freeze(),
    })
}

fn unanswered(error: &reqwest::Error) -> Unanswered {
    if error.is_builder() {
        Unanswered::Unsendable
    } else if error.is_connect() {
        Unanswered::NeverSent("connect")
    } else if was_canceled(error) {
        Unanswered::NeverSent("connection_closed")
    } else if error.is_timeout() {
        TIMEOUT
    } else {
        Unanswered::Lost("broken_off")
    }
}

/// Whether the connection ended before the request was begun.
fn was_canceled(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<hyper::Error>() {
            return cause.is_canceled();
        }
        source = cause.source();
    }
    false
}
