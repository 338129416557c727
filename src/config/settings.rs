//! What several variables mean together.
//!
//! Half of a feature is never guessed at: it stays off, with a warning, or with an error where `--slack`
//! requires it.

use super::environment::Environment;
use super::problem::Place;
use super::secret::Secret;
use super::variables::{Github, LogVariables, Slack, StatuspageVariables};
use super::{Log, SlackNeed, Statuspage};

/// A variable, the one that it needs, what happens without it, and where that one is found.
#[rustfmt::skip]
const NEEDS: [(&str, &str, &str, &str); 9] = [
    ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "no request from Slack is accepted", "Basic Information of the Slack app"),
    ("SLACK_SIGNING_SECRET", "SLACK_BOT_TOKEN", "every command is refused", "OAuth & Permissions of the Slack app"),
    ("SLACK_SIGNING_SECRET_PREVIOUS", "SLACK_SIGNING_SECRET", "ignored", "Basic Information of the Slack app"),
    ("SLACK_APP_TOKEN", "SLACK_BOT_TOKEN", "Slack stays off", "OAuth & Permissions of the Slack app"),
    ("GITHUB_WEBHOOK_SECRET_PREVIOUS", "GITHUB_WEBHOOK_SECRET", "ignored", "the webhook's settings"),
    ("GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY", "the App stays off", "the App's settings"),
    ("GITHUB_APP_PRIVATE_KEY", "GITHUB_APP_ID", "the App stays off", "the App's settings"),
    ("STATUSPAGE_API_KEY", "STATUSPAGE_PAGE_ID", "Statuspage stays off", "Statuspage's administration"),
    ("STATUSPAGE_PAGE_ID", "STATUSPAGE_API_KEY", "Statuspage stays off", "Statuspage's administration"),
];

pub(super) fn halves(env: &Environment<'_>, need: SlackNeed) {
    let place = |name| env.get(name).map(|given| given.place);
    for (name, missing, consequence, found_in) in NEEDS {
        let (Some(place), None) = (place(name), place(missing)) else {
            continue;
        };
        let message = format!("{name} without {missing}: {consequence}");
        let hint = format!("set {missing} ({found_in})");
        match need {
            SlackNeed::Required if name.starts_with("SLACK_") => {
                env.found.error(&place, message, hint);
            }
            SlackNeed::Required | SlackNeed::Optional => env.found.warning(&place, message, hint),
        }
    }
    let slack = ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN"];
    if need == SlackNeed::Required && slack.into_iter().all(|name| place(name).is_none()) {
        let message = "--slack was given and Slack's credentials are missing";
        let hint = "set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET";
        let place = Place::variable("SLACK_BOT_TOKEN");
        env.found.error(&place, message, hint);
    }
}

impl Slack {
    /// Slack, when either of its two secrets is set; without the previous signing secret, where there is no
    /// present one.
    pub(super) fn if_configured(&self) -> Option<Self> {
        let present = self.signing_secret.is_some();
        let previous = self.signing_secret_previous.clone().filter(|_| present);
        (present || self.bot_token.is_some()).then(|| Self {
            signing_secret_previous: previous,
            ..self.clone()
        })
    }
}

impl Github {
    /// Without the previous secret, where there is no present one.
    pub(super) fn checked(&self) -> Self {
        let present = self.webhook_secret.is_some();
        let previous = self.webhook_secret_previous.clone().filter(|_| present);
        Self {
            webhook_secret_previous: previous,
            ..self.clone()
        }
    }

    /// The App's id and private key, when both are set.
    #[must_use]
    pub fn app(&self) -> Option<(u64, &Secret)> {
        self.app_id.zip(self.app_private_key.as_ref())
    }
}

impl Statuspage {
    pub(super) fn of(given: &StatuspageVariables) -> Option<Self> {
        Some(Self {
            api_key: given.api_key.clone()?,
            page_id: given.page_id.clone()?,
            api_url: given.api_url.clone(),
        })
    }
}

impl Log {
    pub(super) fn of(given: &LogVariables) -> Self {
        let default = if given.debug { "debug" } else { "info" };
        let level = given.level.unwrap_or(default).to_owned();
        Self {
            filter: given.directives.clone().unwrap_or(level),
            format: given.format,
        }
    }
}
