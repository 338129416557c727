//! The courier of Statuspage: it shows what it is given, and says what came of it.

use super::*;
use wardroom::domain::effect::statuspage::{ComponentStatus, Effect as OnThePage};
use wardroom::statuspage::{Access as Page, StatuspageCourier};

fn courier(world: &World, key: &str) -> StatuspageCourier {
    courier_at(&world.slack.base_url(), key)
}

pub(super) fn courier_at(url: &str, key: &str) -> StatuspageCourier {
    let access = Page {
        api_url: Url::parse(url).unwrap(),
        page_id: "p1".into(),
        api_key: key.into(),
    };
    let http = HttpClient::new(&access.api_url, &Proxies::default()).unwrap();
    StatuspageCourier::new(access, http)
}

pub(super) fn shown(status: ComponentStatus) -> Sent<OnThePage> {
    parcel(OnThePage::UpdateComponent {
        component: "kx1".to_owned(),
        status: Some(status),
    })
}

#[tokio::test]
async fn a_component_shows_what_it_was_given_and_a_wrong_key_is_refused() {
    let world = world().await;
    let page = courier(&world, "sim-statuspage-key");
    let parcel = shown(ComponentStatus::PartialOutage);
    assert_eq!(done(page.sends(&parcel).await), Answer::Nothing);
    let status = world.slack.component_status("kx1");
    assert_eq!(status.as_deref(), Some("partial_outage"));
    let stranger = courier(&world, "wrong");
    assert_eq!(stranger.sends(&parcel).await, refused("http_401"));
}

#[tokio::test]
async fn a_page_that_is_busy_or_broken_is_asked_again() {
    let world = world().await;
    let page = courier(&world, "sim-statuspage-key");
    let busy = Fault::RateLimited { retry_after: 9 };
    world.slack.fault(FaultRule::once("statuspage", busy));
    let later = page.sends(&shown(ComponentStatus::Operational)).await;
    assert!(matches!(later, Outcome::Later { after, .. } if after.as_secs() == 9));
    for fault in [Fault::LoseAnswer, Fault::Status { status: 503 }] {
        world.slack.fault(FaultRule::once("statuspage", fault));
        let outcome = page.sends(&shown(ComponentStatus::Operational)).await;
        assert!(uncertain(&outcome), "{outcome:?}");
    }
}
