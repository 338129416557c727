//! When to stop, and when to reload: SIGTERM, SIGINT; a second SIGINT does not wait; SIGUSR2, SIGHUP.
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
    /// SIGUSR2 and SIGHUP.
    pub reload: ToReload,
}

/// SIGUSR2, and SIGHUP as daemons are used to.
#[derive(Debug)]
pub struct ToReload {
    user: Signal,
    hangup: Signal,
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
            reload: ToReload {
                user: signal(SignalKind::user_defined2())?,
                hangup: signal(SignalKind::hangup())?,
            },
        })
    }
}

impl ToReload {
    /// Waits for one of them.
    pub async fn asked(&mut self) {
        tokio::select! {
            _ = self.user.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

impl ToStop {
    /// Waits for one of them; dropped and called again, it misses none. From then on a SIGINT ends the
    /// process at once, with the exit code that shells expect: a person who presses the keys twice
    /// means it, and what was acknowledged is durable anyway. A second SIGTERM changes nothing:
    /// supervisors repeat it.
    pub async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        if let Ok(mut interrupt) = signal(SignalKind::interrupt()) {
            tokio::spawn(async move {
                let _again = interrupt.recv().await;
                std::process::exit(130);
            });
        }
    }
}

/// Waits for SIGTERM or SIGINT, for those who have nothing to reload.
pub async fn until_asked_to_stop() -> io::Result<()> {
    Asked::listen()?.stop.asked().await;
    Ok(())
}
