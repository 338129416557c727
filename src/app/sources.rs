//! Logs at the start which sources and providers are on or off, and why: a server without Slack should say
//! so, and not only that it is listening.

use crate::config::Config;

struct Source {
    name: &'static str,
    state: &'static str,
    why: &'static str,
}

/// Logs a line for each source.
pub fn log(config: &Config) {
    for Source { name, state, why } in of(config) {
        tracing::info!(source = name, state, "{name} is {state}: {why}");
    }
}

/// Whether each repository has a channel that is told.
fn ci_is_told(config: &Config) -> bool {
    let rules = &config.rules;
    rules.github.channel.is_some() || !rules.routing.p2.channels.is_empty()
}

fn of(config: &Config) -> [Source; 6] {
    let source = |name, (state, why)| Source { name, state, why };
    let on_if = |on: bool, why, why_not| if on { ("on", why) } else { ("off", why_not) };
    let slack = config.slack.as_ref();
    let bot = slack.is_some_and(|slack| slack.bot_token.is_some());
    let signed = slack.is_some_and(|slack| slack.signing_secret.is_some());
    let slack = match (bot, signed) {
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
    [
        source("slack", slack),
        source(
            "github",
            on_if(
                config.github.webhook_secret.is_some(),
                if ci_is_told(config) {
                    "webhooks are taken"
                } else {
                    "webhooks are taken; without github.channel, or channels of P2, no channel is told when CI fails"
                },
                "GITHUB_WEBHOOK_SECRET is not set",
            ),
        ),
        source(
            "statuspage",
            on_if(
                config.statuspage.is_some(),
                "components are shown",
                "STATUSPAGE_API_KEY and STATUSPAGE_PAGE_ID are not both set",
            ),
        ),
        source(
            "api",
            on_if(
                config.http.admin_token.is_some(),
                "ADMIN_TOKEN opens /api/v1",
                "ADMIN_TOKEN is not set",
            ),
        ),
        source("alerts", ("off", "not built yet")),
        source("heartbeats", ("off", "not built yet")),
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
        let states = of(&config).map(|source| format!("{} {}", source.name, source.state));
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
