//! When to stop: SIGTERM, SIGINT; a second one does not wait.

use tokio::signal::unix::{SignalKind, signal};

/// Waits for SIGTERM or SIGINT. From then on a second one ends the process at once, with the exit
/// code that shells expect (128 and the signal's number): what was acknowledged is durable anyway.
pub async fn until_asked_to_stop() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tokio::spawn(async move {
        let code = tokio::select! {
            _ = terminate.recv() => 143,
            _ = interrupt.recv() => 130,
        };
        std::process::exit(code);
    });
    Ok(())
}
