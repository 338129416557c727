//! Checks Slack, and calls the dead man's switch.
//!
//! Both run beside the engine: their results only degrade the health, and nothing waits for them.

use crate::config::{Proxies, Secret};
use crate::courier::Outcome;
use crate::domain::effect::Provider;
use crate::domain::ids::ChannelId;
use crate::domain::rules::Rules;
use crate::engine::Engine;
use crate::http_client::HttpClient;
use crate::slack::address::{Installation, Team};
use crate::slack::courier::SlackCourier;
use crate::slack::identity::NO_IDENTITY;
use crate::telemetry::health::{Condition, Health};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use url::Url;

const ASK_EVERY: Duration = Duration::from_secs(60);
const ASK_SOON: Duration = Duration::from_secs(5);
/// Until `auth.test` has answered, nothing that came from Slack is decided.
const ASK_AT_FIRST: Duration = Duration::from_secs(1);

/// Asks Slack for the bot's identity, joins the channels that it posts to, and keeps checking.
pub(super) async fn slack(
    courier: Arc<SlackCourier>,
    installation: watch::Sender<Installation>,
    health: Arc<Health>,
    engine: Arc<Engine>,
    mut rules: watch::Receiver<Arc<Rules>>,
) {
    let mut settled = BTreeMap::new();
    let mut complaint = String::new();
    loop {
        // The identity is asked for once; `probe` asks again, and so finds a revoked token.
        let answer = match identify_bot(&courier, &installation).await {
            Ok(()) => courier.probe().await.map(|_still| ()),
            Err(code) => Err(code),
        };
        let again = match answer {
            Ok(()) => {
                complaint.clear();
                health.set("slack", Condition::Ok);
                engine.provider_answered(Provider::Slack).await;
                let channels = channels_of(&rules.borrow_and_update());
                join(&courier, &channels, &mut settled).await
            }
            Err(code) => {
                if code != complaint {
                    tracing::warn!(error = %code, "Slack does not answer as it should");
                    complaint.clone_from(&code);
                }
                // Slack asks to wait: asking sooner does not help.
                let at_first = installation.borrow().team == Team::Pending && code != "ratelimited";
                health.set("slack", Condition::Degraded(code));
                if at_first { ASK_AT_FIRST } else { ASK_SOON }
            }
        };
        tokio::select! {
            () = tokio::time::sleep(again) => {}
            // After a reload there may be other channels, and a refusal may be obsolete.
            Ok(()) = rules.changed() => settled.retain(|_, joined| *joined),
        }
    }
}

/// Asks Slack for the bot's identity unless it is known, and passes it to the edge and the decoders.
pub(super) async fn identify_bot(
    courier: &SlackCourier,
    installation: &watch::Sender<Installation>,
) -> Result<(), String> {
    match courier.identity().await {
        Ok(_known) => {
            installation.send_replace(courier.installation());
            Ok(())
        }
        Err(code) => {
            if NO_AUTH_TEST.contains(&code.as_str()) {
                installation.send_modify(|ours| ours.team = Team::Unreported);
            }
            Err(code)
        }
    }
}

/// Answers of a service in Slack's place that has no `auth.test`.
const NO_AUTH_TEST: [&str; 3] = ["unknown_method", "http_404", NO_IDENTITY];

/// Joins the channels that are not `settled` yet, and settles those that it joined (`true`) or may not
/// join; returns when to try the others again.
async fn join(
    courier: &SlackCourier,
    channels: &BTreeSet<ChannelId>,
    settled: &mut BTreeMap<ChannelId, bool>,
) -> Duration {
    let mut again = ASK_EVERY;
    let unsettled = channels
        .iter()
        .filter(|channel| !settled.contains_key(*channel));
    let unsettled: Vec<ChannelId> = unsettled.cloned().collect();
    for (channel, outcome) in courier.join_channels(&unsettled).await {
        match outcome {
            Outcome::Done(_) => {
                settled.insert(channel, true);
            }
            Outcome::Refused { code } => {
                tracing::info!(channel = %channel, error = %code, "not a member of a channel that is notified of incidents; invite the bot, so that uncertain posts can be looked up");
                settled.insert(channel, false);
            }
            Outcome::Later { after, .. } | Outcome::Partly { after, .. } => {
                again = again.min(after.max(Duration::from_secs(1)));
            }
            Outcome::Failed { .. }
            | Outcome::Unauthorized { .. }
            | Outcome::ServerError { .. }
            | Outcome::Uncertain { .. }
            | Outcome::Elsewhere { .. } => again = again.min(ASK_SOON),
        }
    }
    again
}

/// The channels that the bot posts to. It joins those that it may, so that it can read their history.
fn channels_of(rules: &Rules) -> BTreeSet<ChannelId> {
    let of_routes = rules.routes.iter().flat_map(|route| &route.channels);
    let of_services = rules.services.iter().flat_map(|service| &service.channels);
    of_routes
        .chain(of_services)
        .chain(&rules.ops_channel)
        .cloned()
        .collect()
}

/// Calls `DEADMAN_URL` each minute while the engine makes progress; the service there alerts when the calls
/// stop.
pub(super) async fn deadman(url: Secret, proxies: Proxies, health: Arc<Health>) {
    // The address is a secret, and so is the error that names it.
    let client = Url::parse(url.expose())
        .map_err(anyhow::Error::from)
        .and_then(|url| Ok((HttpClient::new(&url, &proxies)?, url)));
    let Ok((http, url)) = client else {
        health.set(
            "deadman",
            Condition::Degraded("cannot be called".to_owned()),
        );
        return;
    };
    loop {
        // The engine needs a moment at the start, which must not delay the first call by a minute.
        if !health.engine_moves() {
            tokio::time::sleep(ASK_SOON).await;
            continue;
        }
        let ping = http.request(reqwest::Method::GET, url.clone());
        let condition = match http.send(ping).await {
            Ok(answer) if answer.status.is_success() => Condition::Ok,
            Ok(answer) => Condition::Degraded(format!("http_{}", answer.status.as_u16())),
            Err(_) => Condition::Degraded("not reached".to_owned()),
        };
        health.set("deadman", condition);
        tokio::time::sleep(ASK_EVERY).await;
    }
}
