//! The couriers of the providers that are configured.

use crate::config::Config;
use crate::courier::Courier;
use crate::slack::client::{Access, Observer};
use crate::slack::courier::SlackCourier;
use crate::statuspage::{self, StatuspageCourier};
use crate::telemetry::metrics::Metrics;
use anyhow::Context as _;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

pub(super) struct Couriers {
    pub(super) all: Vec<Arc<dyn Courier>>,
    pub(super) slack: Option<Arc<SlackCourier>>,
}

struct Counted(Arc<Metrics>);

impl Observer for Counted {
    fn exchanged(&self, method: &'static str, result: &'static str, _took: Duration) {
        self.0.slack_call(method, result);
    }
}

pub(super) fn of(config: &Config, metrics: &Arc<Metrics>) -> anyhow::Result<Couriers> {
    let mut couriers = Couriers {
        all: Vec::new(),
        slack: None,
    };
    if let Some(slack) = &config.slack {
        let access = Access {
            api_url: Url::parse(&slack.api_url).context("SLACK_API_URL")?,
            token: slack.bot_token.expose().to_owned(),
            response_url_hosts: slack.response_url_hosts.clone(),
        };
        let courier = Arc::new(SlackCourier::new(
            access,
            Arc::new(Counted(metrics.clone())),
        )?);
        couriers.all.push(courier.clone());
        couriers.slack = Some(courier);
    }
    if let Some(page) = &config.statuspage {
        couriers
            .all
            .push(Arc::new(StatuspageCourier::new(statuspage::Access {
                api_url: Url::parse(&page.api_url).context("STATUSPAGE_API_URL")?,
                page_id: page.page_id.clone(),
                api_key: page.api_key.expose().to_owned(),
            })?));
    }
    Ok(couriers)
}
