//! The couriers of the providers that are configured.

use crate::config::Config;
use crate::courier::{AnyCourier, Lookup, Outcome, Parcel};
use crate::domain::effect::{Effect, Provider};
use crate::domain::rules::Rules;
use crate::http_client::HttpClient;
use crate::slack::client::Access;
use crate::slack::courier::SlackCourier;
use crate::statuspage::{self, StatuspageCourier};
use crate::telemetry::health::{Condition, Health};
use crate::telemetry::metrics::Metrics;
use anyhow::Context as _;
use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::watch;
use url::Url;

pub(super) struct Couriers {
    pub(super) all: Vec<Arc<dyn AnyCourier>>,
    pub(super) slack: Option<Arc<SlackCourier>>,
}

/// A courier whose exchanges report the health of its provider.
struct Reporting {
    courier: Arc<dyn AnyCourier>,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
}

#[async_trait]
impl AnyCourier for Reporting {
    fn provider(&self) -> Provider {
        self.courier.provider()
    }

    fn only(&self) -> Option<&'static [&'static str]> {
        self.courier.only()
    }

    fn pause_scopes(&self, effect: &Effect) -> Vec<String> {
        self.courier.pause_scopes(effect)
    }

    fn reconcile_scopes(&self, effect: &Effect) -> Vec<String> {
        self.courier.reconcile_scopes(effect)
    }

    async fn deliver(&self, effect: &Effect, parcel: &Parcel) -> Outcome {
        let outcome = self.courier.deliver(effect, parcel).await;
        let provider = self.provider().as_str();
        if let Some(condition) = condition(self.provider(), &outcome) {
            self.health.set(provider, condition);
        }
        match &outcome {
            Outcome::Failed { .. }
            | Outcome::Unauthorized { .. }
            | Outcome::ServerError { .. }
            | Outcome::Uncertain { .. } => self.metrics.error(provider),
            Outcome::Done(_)
            | Outcome::Refused { .. }
            | Outcome::Later { .. }
            | Outcome::Partly { .. } => {}
        }
        outcome
    }

    async fn reconcile(&self, effect: &Effect, parcel: &Parcel) -> Lookup {
        self.courier.reconcile(effect, parcel).await
    }
}

/// What an exchange says about the provider's health, if anything. Slack refuses and limits requests for
/// many reasons. Statuspage's refusals degrade it too: an operator must act when a key is invalid or a
/// component is deleted.
fn condition(provider: Provider, outcome: &Outcome) -> Option<Condition> {
    match (outcome, provider) {
        (Outcome::Done(_), _) => Some(Condition::Ok),
        (
            Outcome::Failed { code }
            | Outcome::Unauthorized { code }
            | Outcome::ServerError { code }
            | Outcome::Uncertain { code },
            _,
        )
        | (
            Outcome::Refused { code } | Outcome::Later { code, .. } | Outcome::Partly { code, .. },
            Provider::Statuspage,
        ) => Some(Condition::Degraded(code.clone())),
        (
            Outcome::Refused { .. } | Outcome::Later { .. } | Outcome::Partly { .. },
            Provider::Slack,
        ) => None,
    }
}

pub(super) fn from_config(
    config: &Config,
    metrics: &Arc<Metrics>,
    health: &Arc<Health>,
    rules: &watch::Receiver<Arc<Rules>>,
) -> anyhow::Result<Couriers> {
    let mut couriers = Couriers {
        all: Vec::new(),
        slack: None,
    };
    let slack = config.slack.as_ref();
    if slack.is_some_and(|slack| slack.bot_token.is_none()) {
        let why = "SLACK_BOT_TOKEN is not set".to_owned();
        health.set(Provider::Slack.as_str(), Condition::Degraded(why));
    }
    if let Some(slack) = slack {
        let token = slack
            .bot_token
            .as_ref()
            .map(|token| token.expose().to_owned());
        let has_token = token.is_some();
        let access = Access {
            api_url: Url::parse(&slack.api_url).context("SLACK_API_URL")?,
            token,
            response_url_hosts: slack.response_url_hosts.clone(),
        };
        let http = HttpClient::new(&access.api_url, &config.proxies);
        let http = http.context("preparing to call Slack")?;
        let courier = SlackCourier::new(access, http, metrics.clone()).with_rules(rules.clone());
        let courier = Arc::new(courier);
        if has_token {
            couriers.all.push(Arc::new(Reporting {
                courier: courier.clone(),
                metrics: metrics.clone(),
                health: health.clone(),
            }));
            couriers.slack = Some(courier);
        } else {
            // Its results say nothing about Slack's health.
            couriers.all.push(courier);
        }
    }
    if let Some(page) = &config.statuspage {
        let access = statuspage::Access {
            api_url: Url::parse(&page.api_url).context("STATUSPAGE_API_URL")?,
            page_id: page.page_id.clone(),
            api_key: page.api_key.expose().to_owned(),
        };
        let http = HttpClient::new(&access.api_url, &config.proxies);
        let http = http.context("preparing to call Statuspage")?;
        couriers.all.push(Arc::new(Reporting {
            courier: Arc::new(StatuspageCourier::new(access, http)),
            metrics: metrics.clone(),
            health: health.clone(),
        }));
    }
    Ok(couriers)
}
