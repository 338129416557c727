//! The signals that stop (SIGTERM, SIGINT; a second SIGINT at once) and reload (SIGUSR2, SIGHUP).
//!
//! Handled from the very start: without a handler, the system ends a process that is asked to reload.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that the process has received and not handled yet.
#[derive(Debug)]
pub struct Asked {
    pub stop: ToStop,
    pub reload: ToReload,
}

/// SIGUSR2 and SIGHUP.
#[derive(Debug)]
pub struct ToReload(Signal, Signal);

/// SIGTERM and SIGINT.
#[derive(Debug)]
pub struct ToStop(Signal, Signal);

impl Asked {
    /// Installs the handlers. Needs a tokio runtime with I/O.
    pub fn listen() -> io::Result<Self> {
        let user = signal(SignalKind::user_defined2())?;
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self {
            stop: ToStop(terminate, signal(SignalKind::interrupt())?),
            reload: ToReload(user, signal(SignalKind::hangup())?),
        })
    }
}

impl ToReload {
    pub async fn asked(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

impl ToStop {
    /// Waits for one of them; dropped and called again, it misses none. From then on a SIGINT ends the
    /// process at once, with the exit code that shells expect: what was acknowledged is durable. A second
    /// SIGTERM changes nothing, because supervisors repeat it.
    pub async fn asked(&mut self) {
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
pub async fn until_asked_to_stop() -> io::Result<()> {
    Asked::listen()?.stop.asked().await;
    Ok(())
}
