//! New rules without a restart: on SIGUSR2, and with `--watch` when the configuration changes.
//!
//! The configuration is read and validated as a whole; a wrong one changes nothing and is logged
//! with all of its problems. Only the rules change under way: what listeners, secrets and the
//! database are made of needs a restart, and the log says so.
//!
//! What is compared is what was read, not a file's bytes or its date: so it holds for every file
//! that is extended, for one that is made later, and however editors and ConfigMaps replace them.

use super::shutdown::ToReload;
use super::{App, rules};
use crate::config::{Config, Loaded};
use std::sync::Arc;
use std::time::Duration;

/// How often a watched configuration is read.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Whether the configuration is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watching {
    /// It is.
    On,
    /// Signals alone reload.
    Off,
}

impl App {
    /// Reloads when asked to; never ends. `load` reads what there is now, as the start did.
    pub async fn reload_when_asked(
        &self,
        asked: &mut ToReload,
        watching: Watching,
        load: impl Fn() -> Loaded,
    ) {
        let mut taken = Seen::of(Ok((self.config.clone(), Vec::new())));
        let mut last_look = taken.clone();
        let mut had_file = self.config.file.is_some();
        let mut applied = Box::new(self.config.clone());
        loop {
            tokio::select! {
                () = asked.asked() => {
                    let now = Seen::of(load());
                    if now == taken {
                        now.say_again();
                    } else {
                        self.take(&now, &mut applied);
                        taken = now;
                    }
                }
                () = tokio::time::sleep(LOOK_EVERY), if watching == Watching::On => {
                    let now = Seen::of(load());
                    // What is being written is not read half: it must stand still for a look. And a
                    // file that is away is being replaced, or somebody asks for it by SIGUSR2.
                    let away = had_file && now.has_file() == Some(false);
                    if now == last_look && now != taken && !away {
                        self.take(&now, &mut applied);
                        taken = now.clone();
                    }
                    last_look = now;
                }
            }
            had_file = taken.has_file().unwrap_or(had_file);
        }
    }

    /// One change: applied, or refused. `applied` is the configuration whose rules hold.
    fn take(&self, seen: &Seen, applied: &mut Box<Config>) {
        let refused = match &seen.0 {
            Ok(config) => match rules::of(config) {
                Ok(rules) => {
                    self.rules.send_replace(Arc::new(rules));
                    let at = self.clock.now().timestamp();
                    self.metrics.config_reloaded(Ok(at));
                    let changed = applied.difference(config).rules.join(", ");
                    let shown = if changed.is_empty() {
                        "no rule"
                    } else {
                        changed.as_str()
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
        self.metrics.config_reloaded(Err(()));
        self.metrics.error("config");
        say_wrong(&refused);
    }
}

/// What a look found: a configuration, or all of its problems in words.
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

    /// The answer to whoever asks for a reload when there is nothing new.
    fn say_again(&self) {
        match &self.0 {
            Ok(_) => tracing::info!("the configuration has not changed"),
            Err(problems) => say_wrong(problems),
        }
    }

    /// `None`: it could not be read.
    fn has_file(&self) -> Option<bool> {
        self.0.as_ref().ok().map(|config| config.file.is_some())
    }
}

fn say_wrong(problems: &str) {
    tracing::error!(problems, "the configuration is wrong and was not reloaded");
}
