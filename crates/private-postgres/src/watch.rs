//! Restarts PostgreSQL when it ends while a server uses it.
//!
//! The socket stays the same, so the connection pools of this process reconnect. It retries without
//! a limit: readiness reports the outage, and the cause, such as a full disk, may be temporary.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Inner, StartError, lock, postmaster, ready};

/// A check costs one system call.
const CHECK: Duration = Duration::from_millis(200);
const FIRST_RETRY: Duration = Duration::from_millis(250);
const MAX_RETRY: Duration = Duration::from_secs(5);
const LOG_CHECK: Duration = Duration::from_secs(60);

/// Watches until it is cancelled, or until PostgreSQL is being stopped. A restart that has begun is
/// finished first: otherwise it would leave a PostgreSQL that no process stops.
pub(super) async fn run(inner: Arc<Inner>, cancel: impl Future<Output = ()>) {
    let mut cancel = std::pin::pin!(cancel);
    let mut ending = inner.ending.subscribe();
    let mut retry = Duration::ZERO;
    loop {
        tokio::select! {
            () = &mut cancel => return,
            _ = ending.wait_for(|ending| *ending) => return,
            () = death(&inner, retry) => {}
        }
        retry = match restart(&inner).await {
            Ok(()) => Duration::ZERO,
            Err(error) => {
                tracing::error!(%error, "the private PostgreSQL could not be restarted");
                (retry * 2).clamp(FIRST_RETRY, MAX_RETRY)
            }
        };
    }
}

/// Waits for the given time, and then until PostgreSQL is dead.
async fn death(inner: &Inner, wait: Duration) {
    tokio::time::sleep(wait).await;
    let mut log_seen = Instant::now();
    while inner.running.lock().await.is_alive() {
        if log_seen.elapsed() > LOG_CHECK {
            log_seen = Instant::now();
            postmaster::limit_log(&inner.home);
        }
        tokio::time::sleep(CHECK).await;
    }
}

async fn restart(inner: &Inner) -> Result<(), StartError> {
    let began = Instant::now();
    tracing::warn!("the private PostgreSQL has ended: restarting it");
    let _start_lock = lock::start_lock(&inner.home).await?;
    let running = ready::bring_up(&inner.home, &inner.binaries).await?;
    *inner.running.lock().await = running;
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::warn!(duration_ms, "the private PostgreSQL was restarted");
    Ok(())
}
