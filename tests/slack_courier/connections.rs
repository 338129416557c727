//! Connections that take data and never answer again: the next exchange uses a new one.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use wardroom::domain::effect::statuspage::ComponentStatus;

/// A forwarder in front of the workspace. What it swallowed stays open and says nothing more.
struct Forwarder {
    url: String,
    swallow: watch::Sender<usize>,
    accepted: Arc<AtomicUsize>,
}

impl Forwarder {
    async fn before(slack: &Workspace) -> Self {
        let target = slack.base_url().replace("http://", "");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let accepted = Arc::new(AtomicUsize::new(0));
        // Connections up to this number are swallowed.
        let (swallow, swallowed) = watch::channel(0);
        let counter = accepted.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let number = counter.fetch_add(1, Ordering::SeqCst) + 1;
                let far = TcpStream::connect(&target).await.unwrap();
                let mut swallowed = swallowed.clone();
                tokio::spawn(async move {
                    let (mut near, mut far) = (near, far);
                    tokio::select! {
                        _ended = tokio::io::copy_bidirectional(&mut near, &mut far) => return,
                        _asked = swallowed.wait_for(|upto| number <= *upto) => {}
                    }
                    // Open on both sides, for as long as the test runs.
                    let _ = far.flush().await;
                    std::future::pending::<()>().await;
                });
            }
        });
        Self {
            url,
            swallow,
            accepted,
        }
    }

    fn swallow_all(&self) {
        let so_far = self.accepted.load(Ordering::SeqCst);
        self.swallow.send_replace(so_far);
    }
}

#[tokio::test]
async fn slack_is_reached_again_after_its_connections_fell_silent() {
    let world = world().await;
    let between = Forwarder::before(&world.slack).await;
    let mut near = access(&world.slack);
    near.api_url = Url::parse(&format!("{}/api", between.url)).unwrap();
    let courier = courier(near);
    // Several at once, so that several connections stay idle.
    let wait = Fault::Delay { millis: 50 };
    let slow = FaultRule::once("chat.postMessage", wait).times(4);
    world.slack.fault(slow);
    let parcels: Vec<Sent> = (0..4).map(|_| parcel(world.post(message()))).collect();
    let all = futures_util::future::join_all(parcels.iter().map(|one| courier.sends(one)));
    for outcome in all.await {
        done(outcome);
    }
    let idle = between.accepted.load(Ordering::SeqCst);
    assert!(idle > 1, "{idle} connections");

    between.swallow_all();
    let lost = courier.sends(&parcel(world.post(message()))).await;
    let timeout = Outcome::Uncertain {
        code: "timeout".into(),
    };
    assert_eq!(lost, timeout);
    done(courier.sends(&parcel(world.post(message()))).await);
    assert_eq!(between.accepted.load(Ordering::SeqCst), idle + 1);
    assert_eq!(world.posts(&world.channel).len(), 5);
}

#[tokio::test]
async fn statuspage_is_reached_again_after_its_connection_fell_silent() {
    let world = world().await;
    let between = Forwarder::before(&world.slack).await;
    let page = statuspage::courier_at(&between.url, "sim-statuspage-key");
    done(
        page.sends(&statuspage::shown(ComponentStatus::PartialOutage))
            .await,
    );
    between.swallow_all();
    let lost = page
        .sends(&statuspage::shown(ComponentStatus::Operational))
        .await;
    assert!(uncertain(&lost), "{lost:?}");
    done(
        page.sends(&statuspage::shown(ComponentStatus::Operational))
            .await,
    );
    assert_eq!(between.accepted.load(Ordering::SeqCst), 2);
    let status = world.slack.component_status("kx1");
    assert_eq!(status.as_deref(), Some("operational"));
}
