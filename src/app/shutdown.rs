//! When to stop, and when to reload: SIGTERM, SIGINT; a second one does not wait; SIGUSR2.
//!
//! Listened to from the very start: before there is a handler, the system ends a process that is
//! merely asked to reload.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that the process was sent and has not heeded yet.
#[derive(Debug)]
pub struct Asked {
    /// SIGTERM and SIGINT.
    pub stop: ToStop,
    /// SIGUSR2.
    pub reload: Signal,
}

/// SIGTERM and SIGINT.
#[derive(Debug)]
pub struct ToStop {
    terminate: Signal,
    interrupt: Signal,
}

impl Asked {
    /// Begins to listen. Needs a tokio runtime with I/O.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            stop: ToStop {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
            },
            reload: signal(SignalKind::user_defined2())?,
        })
    }
}

impl ToStop {
    /// Waits for one of them; dropped and called again, it misses none. From then on a
    /// second one ends the process at once, with the exit code that shells expect (128 and the
    /// signal's number): what was acknowledged is durable anyway.
    pub async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        let second = (
            signal(SignalKind::terminate()),
            signal(SignalKind::interrupt()),
        );
        if let (Ok(mut terminate), Ok(mut interrupt)) = second {
            tokio::spawn(async move {
                let code = tokio::select! {
                    _ = terminate.recv() => 143,
                    _ = interrupt.recv() => 130,
                };
                std::process::exit(code);
            });
        }
    }
}

/// Waits for SIGTERM or SIGINT, for those who have nothing to reload.
pub async fn until_asked_to_stop() -> io::Result<()> {
    Asked::listen()?.stop.asked().await;
    Ok(())
}
