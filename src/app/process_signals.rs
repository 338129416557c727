//! The signals that stop (SIGTERM, SIGINT; a second SIGINT at once) and reload (SIGUSR2, SIGHUP).
//!
//! Handled from the very start: without a handler, the system ends a process that is asked to reload.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that the process has received and not handled yet.
#[derive(Debug)]
pub struct ProcessSignals {
    pub stop: StopSignals,
    pub reload: ReloadSignals,
}

/// SIGUSR2 and SIGHUP.
#[derive(Debug)]
pub struct ReloadSignals(Signal, Signal);

/// SIGTERM and SIGINT.
#[derive(Debug)]
pub struct StopSignals(Signal, Signal);

impl ProcessSignals {
    /// Installs the handlers. Needs a tokio runtime with I/O.
    pub fn listen() -> io::Result<Self> {
        let user = signal(SignalKind::user_defined2())?;
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self {
            stop: StopSignals(terminate, signal(SignalKind::interrupt())?),
            reload: ReloadSignals(user, signal(SignalKind::hangup())?),
        })
    }
}

impl ReloadSignals {
    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

impl StopSignals {
    /// Waits for one of them; dropped and called again, it misses none. From then on a SIGINT ends the
    /// process at once, with the exit code that shells expect: what was acknowledged is durable. A second
    /// SIGTERM changes nothing, because supervisors repeat it.
    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
        if let Ok(mut interrupt) = signal(SignalKind::interrupt()) {
            tokio::spawn(async move {
                let _again = interrupt.recv().await;
                std::process::exit(130);
            });
        }
    }
}

/// Waits for SIGTERM or SIGINT, for commands that reload nothing.
pub async fn until_stop_signal() -> io::Result<()> {
    ProcessSignals::listen()?.stop.received().await;
    Ok(())
}
