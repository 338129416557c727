//! What runs beside the ring: asking Slack how it is, and the dead man's switch.
//!
//! Neither is needed for the work: what they find only degrades, and nothing waits for them.

use crate::config::{Proxies, Secret};
use crate::courier::Outcome;
use crate::domain::effect::Provider;
use crate::domain::ids::ChannelId;
use crate::domain::rules::Rules;
use crate::engine::Engine;
use crate::http_client::HttpClient;
use crate::slack::address::{Ourselves, Team};
use crate::slack::courier::{NO_IDENTITY, SlackCourier};
use crate::telemetry::health::{Condition, Health};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use url::Url;

const ASK_EVERY: Duration = Duration::from_secs(60);
const ASK_SOON: Duration = Duration::from_secs(5);
/// While nobody knows who we are, nothing of Slack is decided.
const ASK_AT_FIRST: Duration = Duration::from_secs(1);

/// Asks Slack who we are, joins the rooms that we tell things to, and keeps asking.
pub(super) async fn slack(
    courier: Arc<SlackCourier>,
    ourselves: watch::Sender<Ourselves>,
    health: Arc<Health>,
    engine: Arc<Engine>,
    mut rules: watch::Receiver<Arc<Rules>>,
) {
    let mut rooms = Rooms::default();
    let mut complaint = String::new();
    loop {
        // The first is remembered; `probe` asks again, which is how a revoked token shows.
        let answer = match learn(&courier, &ourselves).await {
            Ok(()) => courier.probe().await.map(|_still| ()),
            Err(code) => Err(code),
        };
        let again = match answer {
            Ok(()) => {
                complaint.clear();
                health.set("slack", Condition::Ok);
                engine.provider_answered(Provider::Slack).await;
                let told = rooms_to_read(&rules.borrow_and_update());
                rooms.join(&courier, told).await
            }
            Err(code) => {
                if code != complaint {
                    tracing::warn!(error = %code, "Slack does not answer as it should");
                    complaint.clone_from(&code);
                }
                // Who is told to wait is not the sooner heard for asking more often.
                let at_first = ourselves.borrow().team == Team::NotYet && code != "ratelimited";
                health.set("slack", Condition::Degraded(code));
                if at_first { ASK_AT_FIRST } else { ASK_SOON }
            }
        };
        tokio::select! {
            () = tokio::time::sleep(again) => {}
            // After a reload there may be other rooms, and a refusal may be mended.
            Ok(()) = rules.changed() => rooms.refused.clear(),
        }
    }
}

/// Asks Slack who we are unless it is known, and tells the edge and the decoders.
pub(super) async fn learn(
    courier: &SlackCourier,
    ourselves: &watch::Sender<Ourselves>,
) -> Result<(), String> {
    match courier.identity().await {
        Ok(_known) => {
            ourselves.send_replace(courier.ourselves());
            Ok(())
        }
        Err(code) => {
            if SAYS_NO_SUCH_THING.contains(&code.as_str()) {
                ourselves.send_modify(|ours| ours.team = Team::Untold);
            }
            Err(code)
        }
    }
}

/// Answers of something that stands in for Slack and never says who we are.
const SAYS_NO_SUCH_THING: [&str; 3] = ["unknown_method", "http_404", NO_IDENTITY];

/// Rooms of which we know that we are in, or may not be.
#[derive(Debug, Default)]
struct Rooms {
    joined: BTreeSet<ChannelId>,
    refused: BTreeSet<ChannelId>,
}

impl Rooms {
    /// Joins those that are not settled; says when to come back.
    async fn join(&mut self, courier: &SlackCourier, mut rooms: BTreeSet<ChannelId>) -> Duration {
        rooms.retain(|room| !self.joined.contains(room) && !self.refused.contains(room));
        let mut again = ASK_EVERY;
        for (room, outcome) in courier.join_rooms(&Vec::from_iter(rooms)).await {
            match outcome {
                Outcome::Done(_) => {
                    self.joined.insert(room);
                }
                Outcome::Refused { code } => {
                    tracing::info!(room = %room, error = %code, "not a member of a channel that is notified of incidents; invite the bot, so that uncertain posts can be looked up");
                    self.refused.insert(room);
                }
                Outcome::Later { after, .. } | Outcome::Partly { after, .. } => {
                    again = again.min(after.max(Duration::from_secs(1)));
                }
                Outcome::Failed { .. }
                | Outcome::Unauthorized { .. }
                | Outcome::ServerError { .. }
                | Outcome::Uncertain { .. } => again = again.min(ASK_SOON),
            }
        }
        again
    }
}

/// Rooms that we post into: joined where we may, so that their history can be read.
fn rooms_to_read(rules: &Rules) -> BTreeSet<ChannelId> {
    let routes = [&rules.p1, &rules.p2, &rules.p3, &rules.p4];
    let of_routes = routes.iter().flat_map(|route| &route.channels);
    let of_services = rules.services.iter().flat_map(|service| &service.channels);
    of_routes
        .chain(of_services)
        .chain(&rules.ops_channel)
        .cloned()
        .collect()
}

/// Calls `DEADMAN_URL` each minute while the engine makes progress; whoever listens there raises
/// the alarm when the calls stop.
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
        // At the start the engine needs a moment; the first call is not put off for a minute by it.
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
