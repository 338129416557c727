//! How long a provider is left alone.

use super::Ring;
use chrono::Duration;

#[tokio::test]
async fn a_provider_that_fails_is_not_asked_before_the_time_that_it_named() {
    let ring = Ring::new().await;
    let replica = ring.replica();
    let (store, now) = (&replica.store, ring.clock.now());
    let named = now + Duration::minutes(10);
    let scope = ["slack".to_owned()];
    store.pause(&scope, named, "http_429").await.expect("saved");
    // Several calls are in progress when it goes down.
    for seconds in [1, 2] {
        let at = now + Duration::seconds(seconds);
        let failed = store.provider_failed("slack", "http_503", at).await;
        failed.expect("saved");
        let pauses = store.pauses(at).await.expect("it answers");
        assert_eq!(pauses["slack"].until, named);
        assert!(pauses["slack"].down_since.is_some());
    }
    // Later the pause is as long as ever.
    let later = named + Duration::seconds(1);
    let failed = store.provider_failed("slack", "http_503", later).await;
    failed.expect("saved");
    let pauses = store.pauses(later).await.expect("it answers");
    assert_eq!(pauses["slack"].until, later + Duration::minutes(1));
    ring.end(&[replica]).await;
}
