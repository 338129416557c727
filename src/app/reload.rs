//! New rules without a restart: on SIGUSR2, and with `--watch` when the file changes.
//!
//! The configuration is read and validated as a whole; a wrong one changes nothing and is logged
//! with all of its problems. Only the rules change under way: what listeners, secrets and the
//! database are made of needs a restart, and the log says so.

use super::{App, rules};
use crate::config::{Config, Loaded};
use std::path::PathBuf;
use std::time::Duration;
use tokio::signal::unix::Signal;

/// How often a watched file is looked at. Editors and ConfigMaps replace files in their own ways:
/// reading what is there now is right for all of them.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Whether the file is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watching {
    /// This one.
    File(PathBuf),
    /// None: SIGUSR2 alone reloads.
    Nothing,
}

impl App {
    /// Reloads when asked to; never ends.
    pub async fn reload_when_asked(
        &self,
        asked: &mut Signal,
        watching: Watching,
        load: impl Fn() -> Loaded,
    ) {
        let mut seen = content(&watching);
        loop {
            tokio::select! {
                _ = asked.recv() => self.reload(load()),
                () = tokio::time::sleep(LOOK_EVERY), if watching != Watching::Nothing => {
                    let now = content(&watching);
                    // A file that is away for a moment is being replaced.
                    if now.is_some() && now != seen {
                        seen = now;
                        self.reload(load());
                    }
                }
            }
        }
    }

    fn reload(&self, loaded: Loaded) {
        match loaded {
            Ok((config, _notices)) => match rules::of(&config) {
                Ok(rules) => {
                    self.rules.send_replace(std::sync::Arc::new(rules));
                    self.metrics
                        .config_reloaded(Ok(self.clock.now().timestamp()));
                    tracing::info!("the configuration was reloaded");
                    if needs_restart(&self.config, &config) {
                        tracing::warn!(
                            "more than the rules has changed: the rest takes effect after a restart"
                        );
                    }
                }
                Err(error) => {
                    self.metrics.config_reloaded(Err(()));
                    tracing::error!(error = %error, "the configuration was not reloaded");
                }
            },
            Err(problems) => {
                self.metrics.config_reloaded(Err(()));
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                tracing::error!(problems = %problems.join("; "), "the configuration is wrong and was not reloaded");
            }
        }
    }
}

fn content(watching: &Watching) -> Option<Vec<u8>> {
    match watching {
        Watching::File(path) => std::fs::read(path).ok(),
        Watching::Nothing => None,
    }
}

fn needs_restart(before: &Config, after: &Config) -> bool {
    let without_rules = |config: &Config| Config {
        rules: before.rules.clone(),
        ..config.clone()
    };
    without_rules(before) != without_rules(after)
}
