//! What runs beside the ring: asking Slack how it is, and the dead man's switch.
//!
//! Neither is needed for the work: what they find only degrades, and nothing waits for them.

use crate::config::Secret;
use crate::domain::ids::ChannelId;
use crate::slack::address::Ourselves;
use crate::slack::courier::SlackCourier;
use crate::telemetry::health::{Condition, Health};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const ASK_EVERY: Duration = Duration::from_secs(60);
const ASK_SOON: Duration = Duration::from_secs(5);

/// Asks Slack who we are, joins the rooms that we tell things to, and keeps asking.
pub(super) async fn slack(
    courier: Arc<SlackCourier>,
    ourselves: watch::Sender<Ourselves>,
    health: Arc<Health>,
    rooms: Vec<ChannelId>,
) {
    let mut to_join = rooms;
    loop {
        // `identity` remembers; `probe` asks again, which is how a revoked token shows.
        let answer = match courier.identity().await {
            Ok(_known) => courier.probe().await.map(|_still| ()),
            Err(code) => Err(code),
        };
        match answer {
            Ok(()) => {
                ourselves.send_replace(courier.ourselves());
                health.set("slack", Condition::Ok);
                for (room, joined) in courier.join_rooms(&std::mem::take(&mut to_join)).await {
                    if let Err(code) = joined {
                        tracing::info!(room = %room, error = %code, "not a member of a room that incidents are told in; posts there cannot be looked for");
                    }
                }
                tokio::time::sleep(ASK_EVERY).await;
            }
            Err(code) => {
                tracing::warn!(error = %code, "Slack does not answer as it should");
                health.set("slack", Condition::Degraded(code));
                tokio::time::sleep(ASK_SOON).await;
            }
        }
    }
}

/// Calls `DEADMAN_URL` each minute while the engine makes progress; whoever listens there raises
/// the alarm when the calls stop.
pub(super) async fn deadman(url: Secret, health: Arc<Health>) {
    let Ok(web) = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .build()
    else {
        return;
    };
    loop {
        if health.engine_moves() {
            // The address is a secret, and so is the error that names it.
            let called = web
                .get(url.expose())
                .send()
                .await
                .and_then(reqwest::Response::error_for_status);
            match called {
                Ok(_) => health.set("deadman", Condition::Ok),
                Err(_) => health.set("deadman", Condition::Degraded("not reached".to_owned())),
            }
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}
