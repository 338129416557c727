//! Calls to GitHub with the App's credentials or a token, each with a deadline.
//!
//! The calls go through our HTTP client and are not repeated, with one exception: a token that GitHub does
//! not accept any more is replaced once, because such a call is surely not done. Addresses, bodies and
//! tokens are never logged. See docs/adr/0019-github-without-octocrab.md.

use super::accounts::{Account, Accounts, Token};
use super::app_key::AppKey;
use super::call_error::{CallError, check, header};
use super::permission::Need;
use super::quota::Quotas;
use crate::http_client::{Answer, HttpClient};
use crate::telemetry::metrics::Metrics;
use chrono::{DateTime, Utc};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::time::Instant;
use url::Url;

const ACCEPT: &str = "application/vnd.github+json";
const VERSION: &str = "2022-11-28";
/// A renamed repository redirects to its new name, and that one perhaps to another.
const REDIRECTS: usize = 3;
const NEEDS_AN_APP: &str = "needs_an_app";

/// The address of GitHub and the credentials. Contains secrets: not to be printed.
pub struct Access {
    /// `https://api.github.com`, or that of an Enterprise server with its path, `/api/v3`.
    pub api_url: Url,
    pub credentials: Credentials,
}

pub enum Credentials {
    App {
        id: u64,
        key: Box<AppKey>,
    },
    /// A person's token, for what that person can reach.
    Token(String),
}

pub(super) struct Client {
    access: Access,
    http: HttpClient,
    /// For the storages of logs and artifacts: what happens there does not touch the connections to the API.
    storage: HttpClient,
    pub(super) accounts: Accounts,
    pub(super) quotas: Quotas,
}

#[derive(Deserialize)]
struct Installation {
    id: u64,
}

/// By whom a call is made, what its path begins with, until when, and the present time.
#[derive(Clone, Copy)]
pub(super) struct Session<'a> {
    pub(super) client: &'a Client,
    /// Whose installation makes the calls; `None`: the App itself.
    pub(super) account: Option<&'a str>,
    /// The name of the account's repository below whose path they are.
    pub(super) name: Option<&'a str>,
    pub(super) until: Instant,
    pub(super) now: DateTime<Utc>,
}

impl Client {
    pub(super) fn new(
        access: Access,
        http: HttpClient,
        storage: HttpClient,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            access,
            http,
            storage,
            accounts: Accounts::default(),
            quotas: Quotas::new(metrics),
        }
    }

    /// A session in a repository, `owner/name`, or of the App itself.
    pub(super) fn session<'a>(
        &'a self,
        repository: Option<&'a str>,
        until: Instant,
        now: DateTime<Utc>,
    ) -> Result<Session<'a>, CallError> {
        let parts = |name: &'a str| {
            let parts = name.split_once('/');
            let parts = parts.filter(|(owner, name)| !owner.is_empty() && !name.is_empty());
            parts.ok_or_else(|| CallError::refused("bad_repository").here())
        };
        let (account, name) = repository.map(parts).transpose()?.unzip();
        Ok(Session {
            client: self,
            account,
            name,
            until,
            now,
        })
    }

    pub(super) fn is_app(&self) -> bool {
        matches!(self.access.credentials, Credentials::App { .. })
    }

    /// The scope of what limits the calls for a repository: an installation has a quota of its own.
    pub(super) fn scope(&self, repository: Option<&str>) -> String {
        self.scope_of(repository.and_then(|repository| repository.split('/').next()))
    }

    fn scope_of(&self, owner: Option<&str>) -> String {
        match (&self.access.credentials, owner) {
            (Credentials::App { .. }, Some(owner)) => {
                format!("github:{}", owner.to_ascii_lowercase())
            }
            // No login contains a dot.
            (Credentials::App { .. }, None) => "github:app.itself".to_owned(),
            (Credentials::Token(_), _) => "github:token.holder".to_owned(),
        }
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url, CallError> {
        let mut url = self.access.api_url.clone();
        let cannot = |()| CallError::refused("bad_address").here();
        url.path_segments_mut()
            .map_err(cannot)?
            .pop_if_empty()
            .extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    fn web_token(&self, now: DateTime<Utc>) -> Result<String, CallError> {
        let Credentials::App { id, key } = &self.access.credentials else {
            return Err(CallError::refused(NEEDS_AN_APP).here());
        };
        let token = key.web_token(*id, now);
        token.ok_or_else(|| CallError::refused("unusable_key").here())
    }

    fn request(&self, method: Method, url: Url, token: &str) -> RequestBuilder {
        let request = self.http.request(method, url).bearer_auth(token);
        request
            .header("accept", ACCEPT)
            .header("x-github-api-version", VERSION)
    }

    /// Sends a request, again where a renamed repository redirects to, but never to another host.
    async fn send(
        &self,
        method: &Method,
        mut url: Url,
        body: Option<&Value>,
        token: &str,
        until: Instant,
    ) -> Result<Answer, CallError> {
        let mut redirects = 0;
        loop {
            let mut request = self.request(method.clone(), url.clone(), token);
            if let Some(body) = body {
                request = request.json(body);
            }
            let answer = self.http.send_within(until, request).await?;
            if !matches!(answer.status.as_u16(), 301 | 307 | 308) {
                return Ok(answer);
            }
            let to = header(&answer, "location").and_then(|to| url.join(to).ok());
            let to = to.filter(|to| to.origin() == url.origin() && redirects < REDIRECTS);
            url = to.ok_or_else(|| CallError::refused("redirected"))?;
            redirects += 1;
        }
    }
}

impl Session<'_> {
    /// Reads. A failure leaves nothing uncertain.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, CallError> {
        let answer = self.call(Method::GET, path, query, None).await;
        let read = answer.and_then(|answer| parsed(&answer));
        read.map_err(CallError::unsent)
    }

    /// The answer, if it is a success.
    pub(super) fn checked(&self, answer: Answer) -> Result<Answer, CallError> {
        check(answer, self.now)
    }

    pub(super) fn storage(&self) -> &HttpClient {
        &self.client.storage
    }

    /// Whether an address may be read that an answer redirects to: none over which a log is read in clear
    /// text, unless the API itself is.
    pub(super) fn may_follow(&self, to: &Url) -> bool {
        let api = self.client.access.api_url.scheme();
        to.scheme() == "https" || to.scheme() == api
    }

    pub(super) async fn post(&self, path: &[&str], body: &Value) -> Result<Answer, CallError> {
        self.call(Method::POST, path, &[], Some(body)).await
    }

    /// Makes a call below the repository, and gives the answer if it is a success.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, CallError> {
        check(self.ask(method, path, query, body).await?, self.now)
    }

    /// The same, and gives the answer whatever it is.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, CallError> {
        let path = match (self.account, self.name) {
            (Some(owner), Some(name)) => [&["repos", owner, name], path].concat(),
            _ => path.to_vec(),
        };
        let url = self.client.url(&path, query)?;
        let mut refused = None;
        loop {
            let token = self.token(refused.as_deref()).await?;
            let sent = self
                .client
                .send(&method, url.clone(), body, &token, self.until);
            let answer = sent.await?;
            let quotas = &self.client.quotas;
            quotas.note(&self.scope(), &answer, self.now);
            let expired = answer.status == StatusCode::UNAUTHORIZED && self.is_installation();
            if !expired || refused.is_some() {
                return Ok(answer);
            }
            refused = Some(token);
        }
    }

    /// Refuses what the installation was not granted, before anything is sent.
    pub(super) async fn check_permissions(&self, needs: &[Need]) -> Result<(), CallError> {
        let (Some(owner), true) = (self.account, self.is_installation()) else {
            return Ok(());
        };
        let account = self.client.accounts.of(owner);
        let mut account = self.lock(&account).await?;
        let missing = |token: &Token| {
            let mut needs = needs.iter();
            let granted = |need: &&Need| need.iter().any(|(name, level)| token.has(name, *level));
            needs.find(|need| !granted(need)).map(|need| need[0].0)
        };
        let token = self.of_installation(&mut account, None).await?;
        let Some(name) = missing(&token) else {
            return Ok(());
        };
        let name = match token.is_new(self.now) {
            true => Some(name),
            false => missing(
                &self
                    .of_installation(&mut account, Some(&token.token))
                    .await?,
            ),
        };
        let refused = |name| CallError::refused(format!("missing_permission:{name}")).here();
        name.map_or(Ok(()), |name| Err(refused(name)))
    }

    fn scope(&self) -> String {
        self.client.scope_of(self.account)
    }

    /// What is left of the hourly quota.
    pub(super) fn quota_left(&self) -> Option<u32> {
        self.client.quotas.left_for(&self.scope(), self.now)
    }

    pub(super) fn owner(&self) -> &str {
        self.account.unwrap_or_default()
    }

    /// Whether the calls are made by an installation of the App.
    pub(super) fn is_installation(&self) -> bool {
        self.client.is_app() && self.account.is_some()
    }

    /// The token for a call; not the one that was refused.
    async fn token(&self, refused: Option<&str>) -> Result<String, CallError> {
        match (&self.client.access.credentials, self.account) {
            (Credentials::Token(token), Some(_)) => Ok(token.clone()),
            (Credentials::Token(_), None) => Err(CallError::refused(NEEDS_AN_APP).here()),
            (Credentials::App { .. }, None) => self.client.web_token(self.now),
            (Credentials::App { .. }, Some(owner)) => {
                let account = self.client.accounts.of(owner);
                let mut account = self.lock(&account).await?;
                let token = self.of_installation(&mut account, refused).await?;
                Ok(token.token)
            }
        }
    }

    async fn lock<'l>(
        &self,
        account: &'l tokio::sync::Mutex<Account>,
    ) -> Result<tokio::sync::MutexGuard<'l, Account>, CallError> {
        let locked = tokio::time::timeout_at(self.until, account.lock()).await;
        locked.map_err(|_elapsed| CallError::NeverSent("no_time_left".to_owned()))
    }

    /// The token of the account's installation, asked for when there is none.
    async fn of_installation(
        &self,
        account: &mut Account,
        refused: Option<&str>,
    ) -> Result<Token, CallError> {
        if let Some(token) = account.token(refused, self.now) {
            return Ok(token.clone());
        }
        let known = account.installation;
        let minted = match known {
            Some(id) => self.mint(id).await,
            None => self.find_and_mint(account).await,
        };
        let minted = match minted {
            // It was removed, and perhaps installed anew.
            Err(error) if error.is(404) && known.is_some() => self.find_and_mint(account).await,
            minted => minted,
        };
        let minted = minted.map_err(|error| match error {
            error if error.is(404) => CallError::refused("not_installed"),
            // A token that was not made is never used: nothing is done.
            error => error.unsent(),
        })?;
        Ok(account.keep(minted, self.now).clone())
    }

    async fn find_and_mint(&self, account: &mut Account) -> Result<Token, CallError> {
        account.installation = None;
        let (Some(owner), Some(name)) = (self.account, self.name) else {
            return Err(CallError::refused("not_installed"));
        };
        let path = ["repos", owner, name, "installation"];
        let found = self.as_app(Method::GET, &path, None).await?;
        let found: Installation = parsed(&found)?;
        let minted = self.mint(found.id).await?;
        account.installation = Some(found.id);
        Ok(minted)
    }

    async fn mint(&self, installation: u64) -> Result<Token, CallError> {
        let installation = installation.to_string();
        let path = ["app", "installations", &installation, "access_tokens"];
        parsed(&self.as_app(Method::POST, &path, Some(&json!({}))).await?)
    }

    /// Makes a call as the App itself.
    async fn as_app(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Answer, CallError> {
        let client = self.client;
        let (url, token) = (client.url(path, &[])?, client.web_token(self.now)?);
        let answer = client.send(&method, url, body, &token, self.until).await?;
        check(answer, self.now)
    }
}

pub(super) fn parsed<T: DeserializeOwned>(answer: &Answer) -> Result<T, CallError> {
    serde_json::from_slice(&answer.body).map_err(|_error| CallError::unreadable())
}
