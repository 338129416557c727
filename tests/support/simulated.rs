//! A simulated workspace in which Wardroom is the app: its name and its request URLs.

use simulator::{Now, Options};

/// Without people, on a free port.
pub fn options(now: Now) -> Options {
    let mut options = Options::new(now);
    "wardroom".clone_into(&mut options.app.name);
    "/slack/commands".clone_into(&mut options.app.commands_path);
    "/slack/interactions".clone_into(&mut options.app.interactions_path);
    "/slack/events".clone_into(&mut options.app.events_path);
    "/github/webhooks".clone_into(&mut options.app.github_path);
    options
}
