//! Reloads the rules: on SIGUSR2, and with `--watch` when the configuration changes.
//!
//! The configuration is read and validated as a whole; an invalid one changes nothing and is logged with
//! all of its problems. Only the rules are reloaded: listeners, secrets and the database need a restart,
//! and the log says so.
//!
//! Configurations are compared, not the bytes or dates of files: this covers every file that is
//! extended, one that is created later, and each way in which editors and ConfigMaps replace files.

use super::process_signals::ReloadSignals;
use super::{App, rules};
use crate::config::{Config, Loaded};
use std::sync::Arc;
use std::time::Duration;

/// How often a watched configuration is read.
const READ_EVERY: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watching {
    On,
    Off,
}

impl App {
    /// Reloads when asked to; never ends. `load` reads the configuration as the start did.
    pub async fn reload_on_signals(
        &self,
        signals: &mut ReloadSignals,
        watching: Watching,
        load: impl Fn() -> Loaded,
    ) {
        let mut current = Seen::of(Ok((self.config.clone(), Vec::new())));
        let mut last_read = current.clone();
        let mut had_file = self.config.file.is_some();
        let mut applied = Box::new(self.config.clone());
        loop {
            tokio::select! {
                () = signals.received() => {
                    let now = Seen::of(load());
                    if now == current {
                        now.log_unchanged();
                    } else {
                        self.take(&now, &mut applied);
                        current = now;
                    }
                }
                () = tokio::time::sleep(READ_EVERY), if watching == Watching::On => {
                    let now = Seen::of(load());
                    // A file may be half written: it must be the same twice. And one that is missing is being
                    // replaced, or SIGUSR2 asks for a configuration without it.
                    let missing = had_file && now.has_file() == Some(false);
                    if now == last_read && now != current && !missing {
                        self.take(&now, &mut applied);
                        current = now.clone();
                    }
                    last_read = now;
                }
            }
            had_file = current.has_file().unwrap_or(had_file);
        }
    }

    /// Applies a change or refuses it. `applied` is the configuration whose rules are in force.
    fn take(&self, seen: &Seen, applied: &mut Box<Config>) {
        let refused = match &seen.0 {
            Ok(config) => match rules::from_config(config) {
                Ok(rules) => {
                    self.rules.send_replace(Arc::new(rules));
                    self.metrics.config_reloads.inc(["applied"]);
                    let now = self.clock.now().timestamp();
                    self.metrics.config_last_reload.set([], now as f64);
                    let changed = applied.difference(config).rules.join(", ");
                    let shown = match changed.as_str() {
                        "" => "no rule",
                        changed => changed,
                    };
                    tracing::info!(changed, "the configuration was reloaded: {shown} changed");
                    let changed = self.config.difference(config).restart.join(", ");
                    if !changed.is_empty() {
                        tracing::warn!(
                            changed,
                            "{changed} changed since the start: takes effect after a restart"
                        );
                    }
                    applied.clone_from(config);
                    return;
                }
                Err(error) => error.to_string(),
            },
            Err(problems) => problems.clone(),
        };
        self.metrics.config_reloads.inc(["failed"]);
        self.metrics.error("config");
        log_invalid(&refused);
    }
}

/// What was read: a configuration, or the text of all its problems.
#[derive(Debug, Clone, PartialEq)]
struct Seen(Result<Box<Config>, String>);

impl Seen {
    fn of(loaded: Loaded) -> Self {
        Self(match loaded {
            Ok((config, _notices)) => Ok(Box::new(config)),
            Err(problems) => {
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                Err(problems.join("; "))
            }
        })
    }

    /// Answers a signal when nothing has changed.
    fn log_unchanged(&self) {
        match &self.0 {
            Ok(_) => tracing::info!("the configuration has not changed"),
            Err(problems) => log_invalid(problems),
        }
    }

    /// `None`: it is invalid.
    fn has_file(&self) -> Option<bool> {
        self.0.as_ref().ok().map(|config| config.file.is_some())
    }
}

fn log_invalid(problems: &str) {
    tracing::error!(problems, "the configuration is wrong and was not reloaded");
}
