//! Logs at the start which sources and providers are on or off, and why: a server without Slack should say
//! so, and not only that it is listening.

use crate::config::Config;

/// Logs a line for each source.
pub fn log(config: &Config) {
    for (source, state, why) in of(config) {
        tracing::info!(source, state, "{source} is {state}: {why}");
    }
}

/// Whether each repository has a channel that is told.
fn ci_is_told(config: &Config) -> bool {
    let rules = &config.rules;
    rules.github.channel.is_some() || !rules.routing.p2.channels.is_empty()
}

/// Each source with its state, and why.
fn of(config: &Config) -> [(&'static str, &'static str, &'static str); 6] {
    let slack = config.slack.as_ref();
    let bot = slack.is_some_and(|slack| slack.bot_token.is_some());
    let signed = slack.is_some_and(|slack| slack.signing_secret.is_some());
    let (slack, slack_why) = match (bot, signed) {
        (true, true) => ("on", "requests are taken and answered"),
        (true, false) => (
            "half on",
            "messages are sent; without SLACK_SIGNING_SECRET nothing is taken",
        ),
        (false, true) => (
            "half on",
            "without SLACK_BOT_TOKEN every request is refused at once, and nothing else is sent",
        ),
        (false, false) => (
            "off",
            "SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET are not set",
        ),
    };
    let (github, github_why) = match (config.github.webhook_secret.is_some(), ci_is_told(config)) {
        (true, true) => ("on", "webhooks are taken"),
        (true, false) => (
            "on",
            "webhooks are taken; without github.channel, or channels of P2, no channel is told when CI fails",
        ),
        (false, _) => ("off", "GITHUB_WEBHOOK_SECRET is not set"),
    };
    let (page, page_why) = match config.statuspage {
        Some(_) => ("on", "components are shown"),
        None => (
            "off",
            "STATUSPAGE_API_KEY and STATUSPAGE_PAGE_ID are not both set",
        ),
    };
    let (api, api_why) = match config.http.admin_token {
        Some(_) => ("on", "ADMIN_TOKEN opens /api/v1"),
        None => ("off", "ADMIN_TOKEN is not set"),
    };
    [
        ("slack", slack, slack_why),
        ("github", github, github_why),
        ("statuspage", page, page_why),
        ("api", api, api_why),
        ("alerts", "off", "not built yet"),
        ("heartbeats", "off", "not built yet"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(variables: &[(&str, &str)]) -> Vec<String> {
        let set = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let (config, _notices) = Config::load(None, &set).expect("a fine environment");
        let states = of(&config).map(|(source, state, _why)| format!("{source} {state}"));
        states.to_vec()
    }

    #[test]
    fn every_source_is_said_to_be_on_or_off() {
        let off = ["slack off", "github off", "statuspage off", "api off"];
        assert_eq!(states(&[])[..4], off);
        let on = ["slack on", "github on", "statuspage on", "api on"];
        let all = [
            ("SLACK_BOT_TOKEN", "xoxb-1"),
            ("SLACK_SIGNING_SECRET", "s"),
            ("GITHUB_WEBHOOK_SECRET", "s"),
            ("STATUSPAGE_API_KEY", "k"),
            ("STATUSPAGE_PAGE_ID", "p"),
            ("ADMIN_TOKEN", "t"),
        ];
        assert_eq!(states(&all)[..4], on);
        for one in &all[..2] {
            assert_eq!(states(&[*one])[0], "slack half on");
        }
    }
}
