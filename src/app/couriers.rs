//! The couriers of the providers that are configured.

pub use crate::github::history;

use crate::config::{self, Config};
use crate::courier::AnyCourier;
use crate::github;
use crate::github::app_key::AppKey;
use crate::github::client::Credentials;
use crate::github::courier::GithubCourier;
use crate::github::history::History;
use crate::http_client::HttpClient;
use crate::slack::client::Access;
use crate::slack::courier::SlackCourier;
use crate::statuspage::{self, StatuspageCourier};
use crate::telemetry::metrics::Metrics;
use anyhow::Context as _;
use std::sync::Arc;
use url::Url;

pub(super) fn all(
    config: &Config,
    slack: Option<Arc<SlackCourier>>,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<Vec<Arc<dyn AnyCourier>>> {
    let slack = slack.map(|courier| courier as Arc<dyn AnyCourier>);
    let page = config.statuspage.as_ref();
    let page = page.map(|page| statuspage(config, page)).transpose()?;
    Ok(slack
        .into_iter()
        .chain(github(config, metrics)?)
        .chain(page)
        .collect())
}

/// Without a token it delivers only what needs none.
pub(super) fn slack(
    config: &Config,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<Option<SlackCourier>> {
    let Some(slack) = &config.slack else {
        return Ok(None);
    };
    let token = slack.bot_token.as_ref();
    let access = Access {
        api_url: Url::parse(&slack.api_url).context("SLACK_API_URL")?,
        token: token.map(|token| token.expose().to_owned()),
        response_url_hosts: slack.response_url_hosts.clone(),
    };
    let http = HttpClient::new(&access.api_url, &config.proxies);
    let http = http.context("preparing to call Slack")?;
    Ok(Some(SlackCourier::new(access, http, metrics.clone())))
}

/// An App where both are configured.
pub fn github(
    config: &Config,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<Option<Arc<dyn AnyCourier>>> {
    let Some((access, http, storage)) = github_access(config)? else {
        return Ok(None);
    };
    let courier = GithubCourier::new(access, http, storage, metrics.clone());
    Ok(Some(Arc::new(courier)))
}

/// What reads the history of runs, with the same credentials.
pub fn github_history(config: &Config, metrics: &Arc<Metrics>) -> anyhow::Result<Option<History>> {
    let access = github_access(config)?;
    Ok(access.map(|(access, http, storage)| History::new(access, http, storage, metrics.clone())))
}

/// Access to GitHub, the client for the API, and the one for the storages of logs and artifacts.
fn github_access(
    config: &Config,
) -> anyhow::Result<Option<(github::client::Access, HttpClient, HttpClient)>> {
    let github = &config.github;
    let credentials = match (github.app(), &github.token) {
        (Some((id, key)), _) => Credentials::App {
            id,
            key: Box::new(AppKey::from_pem(key.expose()).context("GITHUB_APP_PRIVATE_KEY")?),
        },
        (None, Some(token)) => Credentials::Token(token.expose().to_owned()),
        (None, None) => return Ok(None),
    };
    let api_url = Url::parse(&github.api_url).context("GITHUB_API_URL")?;
    let http = || HttpClient::new(&api_url, &config.proxies).context("preparing to call GitHub");
    let (http, storage) = (http()?, http()?);
    let access = github::client::Access {
        api_url,
        credentials,
    };
    Ok(Some((access, http, storage)))
}

fn statuspage(config: &Config, page: &config::Statuspage) -> anyhow::Result<Arc<dyn AnyCourier>> {
    let access = statuspage::Access {
        api_url: Url::parse(&page.api_url).context("STATUSPAGE_API_URL")?,
        page_id: page.page_id.clone(),
        api_key: page.api_key.expose().to_owned(),
    };
    let http = HttpClient::new(&access.api_url, &config.proxies);
    let http = http.context("preparing to call Statuspage")?;
    Ok(Arc::new(StatuspageCourier::new(access, http)))
}
