//! What the variables mean: from the environment to the sections of `Config`, but the database's.
//!
//! Half of a pair is never guessed at: what it would be for stays off, with a warning, unless
//! somebody insists on it (`--slack`).

use std::time::Duration;

use base64::Engine as _;
use ipnet::IpNet;

use super::environment::Environment;
use super::problem::Place;
use super::secret::{EncryptionKey, Secret};
use super::values;
use super::yaml::short;
use super::{Github, GithubApp, Http, Llm, LlmProvider, MetricsPort, Slack, SlackNeed, Statuspage};

pub(super) fn http(env: &Environment<'_>) -> Http {
    let metrics_port = match env.port("METRICS_PORT") {
        None => MetricsPort::Default(9090),
        Some(0) => MetricsPort::Off,
        Some(port) => MetricsPort::Asked(port),
    };
    let (host, port) = listener(env);
    Http {
        host,
        port,
        metrics_port,
        metrics_token: env.secret("METRICS_TOKEN"),
        admin_token: env.secret("ADMIN_TOKEN"),
        alerts_token: env.secret("ALERTS_TOKEN"),
        rate_limit_per_minute: env.number("RATE_LIMIT_PER_MINUTE", 0..=10_000_000, 1000),
        trusted_proxies: trusted_proxies(env),
    }
}

/// Where the app listens.
pub(super) fn listener(env: &Environment<'_>) -> (String, u16) {
    (host(env), env.port("PORT").unwrap_or(3000))
}

fn host(env: &Environment<'_>) -> String {
    const ALL: &str = "0.0.0.0";
    let Some(given) = env.get("HOST") else {
        return ALL.to_owned();
    };
    let bare = given.text.trim_matches(['[', ']']);
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if bare.parse::<std::net::IpAddr>().is_ok() || bare.chars().all(name) {
        return bare.to_owned();
    }
    env.error(
        &given.place,
        "HOST must be an address or a host's name",
        "the port goes in PORT",
    );
    ALL.to_owned()
}

fn trusted_proxies(env: &Environment<'_>) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for item in env.list("TRUSTED_PROXIES").unwrap_or_default() {
        let alone = item.text.parse::<std::net::IpAddr>().map(IpNet::from);
        match item.text.parse::<IpNet>().or(alone) {
            Ok(network) => networks.push(network.trunc()),
            Err(_) => {
                let message = format!("`{}` is not a network", short(&item.text));
                env.error(&item.place, message, "as in 10.0.0.0/8 or 2001:db8::1");
            }
        }
    }
    networks
}

/// Slack, as far as it is configured. Half of it is told; an error where Slack is insisted on.
pub(super) fn slack(env: &Environment<'_>, need: SlackNeed) -> Option<Slack> {
    let bot = env.get("SLACK_BOT_TOKEN").map(|given| given.place);
    let bot_token = env.secret("SLACK_BOT_TOKEN");
    let app_token = env.secret("SLACK_APP_TOKEN");
    let signing = env.get("SLACK_SIGNING_SECRET").map(|given| given.place);
    let signing_secret = env.secret("SLACK_SIGNING_SECRET");
    let previous = env
        .get("SLACK_SIGNING_SECRET_PREVIOUS")
        .map(|given| given.place);
    let signing_secret_previous = env.secret("SLACK_SIGNING_SECRET_PREVIOUS");
    let api_url = env.base_url("SLACK_API_URL", "https://slack.com/api");
    let response_url_hosts = response_url_hosts(env);

    swapped(env, "SLACK_BOT_TOKEN", bot_token.as_ref(), "xoxb-", "xapp-");
    swapped(env, "SLACK_APP_TOKEN", app_token.as_ref(), "xapp-", "xox");
    let lacks = |place: &Place, message: &str, hint: &str| match need {
        SlackNeed::Required => env.error(place, message, hint),
        SlackNeed::Optional => env.warning(place, message, hint),
    };
    if let (Some(place), None) = (&previous, &signing) {
        let hint = "it is only taken beside the present one: set SLACK_SIGNING_SECRET";
        let message = "SLACK_SIGNING_SECRET_PREVIOUS without SLACK_SIGNING_SECRET: ignored";
        lacks(place, message, hint);
    }
    match (&bot, &signing) {
        (Some(_), Some(_)) => {}
        (Some(bot), None) => {
            let hint = match app_token {
                Some(_) => "Socket Mode is not built yet: set SLACK_SIGNING_SECRET as well",
                None => "set SLACK_SIGNING_SECRET (Basic Information of the Slack app)",
            };
            let message = "SLACK_BOT_TOKEN without a way in: nothing is taken from Slack";
            lacks(bot, message, hint);
        }
        (None, Some(signing)) => {
            let message = "SLACK_SIGNING_SECRET without SLACK_BOT_TOKEN: every command is refused";
            let hint = "set SLACK_BOT_TOKEN (OAuth & Permissions of the Slack app)";
            lacks(signing, message, hint);
        }
        (None, None) if app_token.is_some() => {
            let place = Place::variable("SLACK_APP_TOKEN");
            let message = "SLACK_APP_TOKEN alone: Socket Mode is not built yet";
            lacks(
                &place,
                message,
                "set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET",
            );
        }
        (None, None) if need == SlackNeed::Required => {
            let place = Place::variable("SLACK_BOT_TOKEN");
            let message = "--slack was given and Slack's credentials are missing";
            lacks(
                &place,
                message,
                "set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET",
            );
        }
        (None, None) => {}
    }
    if bot_token.is_none() && signing_secret.is_none() {
        return None;
    }
    Some(Slack {
        bot_token,
        signing_secret,
        signing_secret_previous,
        app_token,
        api_url,
        response_url_hosts,
    })
}

/// Names the usual mistake: the one token in the other's variable.
fn swapped(env: &Environment<'_>, name: &str, token: Option<&Secret>, own: &str, other: &str) {
    if token.is_some_and(|token| token.expose().starts_with(other)) {
        let message = format!("{name} holds a token of another kind");
        env.error(
            &Place::variable(name),
            message,
            &format!("this one begins with {own}"),
        );
    }
}

fn response_url_hosts(env: &Environment<'_>) -> Vec<String> {
    let Some(list) = env.list("SLACK_RESPONSE_URL_HOSTS") else {
        return vec![
            "hooks.slack.com".to_owned(),
            "hooks.slack-gov.com".to_owned(),
        ];
    };
    let mut hosts = Vec::new();
    for item in list {
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']');
        if item.text.chars().all(fine) {
            hosts.push(item.text.to_ascii_lowercase());
        } else {
            let message = format!("`{}` is not a host", short(&item.text));
            env.error(
                &item.place,
                message,
                "hosts without scheme and path, comma separated",
            );
        }
    }
    hosts
}

pub(super) fn github(env: &Environment<'_>) -> Github {
    let webhook_secret = env.secret("GITHUB_WEBHOOK_SECRET");
    let webhook_secret_previous = env.secret("GITHUB_WEBHOOK_SECRET_PREVIOUS");
    if let (Some(_), None) = (&webhook_secret_previous, &webhook_secret) {
        let place = Place::variable("GITHUB_WEBHOOK_SECRET_PREVIOUS");
        let hint = "it is only taken beside the present one: set GITHUB_WEBHOOK_SECRET";
        let message = "GITHUB_WEBHOOK_SECRET_PREVIOUS without GITHUB_WEBHOOK_SECRET: ignored";
        env.warning(&place, message, hint);
    }
    Github {
        webhook_secret_previous: webhook_secret_previous.filter(|_| webhook_secret.is_some()),
        webhook_secret,
        app: github_app(env),
        token: env.secret("GITHUB_TOKEN"),
        api_url: env.base_url("GITHUB_API_URL", "https://api.github.com"),
    }
}

fn github_app(env: &Environment<'_>) -> Option<GithubApp> {
    let id = env.get("GITHUB_APP_ID");
    let key = env.get("GITHUB_APP_PRIVATE_KEY");
    match (&id, &key) {
        (Some(id), None) => {
            let hint = "set GITHUB_APP_PRIVATE_KEY as well";
            let message = "GITHUB_APP_ID without GITHUB_APP_PRIVATE_KEY: the App stays off";
            env.warning(&id.place, message, hint);
        }
        (None, Some(key)) => {
            let hint = "set GITHUB_APP_ID as well";
            let message = "GITHUB_APP_PRIVATE_KEY without GITHUB_APP_ID: the App stays off";
            env.warning(&key.place, message, hint);
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    let (id, key) = (id?, key?);
    let number = id.text.parse::<u64>().ok();
    if number.is_none() {
        env.error(
            &id.place,
            "GITHUB_APP_ID must be a number",
            "it is on the App's first page",
        );
    }
    let pem = pem(&key.text);
    if pem.is_none() {
        let hint = "the .pem file's content, base64 of it, or GITHUB_APP_PRIVATE_KEY_FILE";
        env.error(
            &key.place,
            "GITHUB_APP_PRIVATE_KEY is neither PEM nor base64 of it",
            hint,
        );
    }
    Some(GithubApp {
        id: number?,
        private_key: Secret::new(pem?),
    })
}

/// PEM as it is, with `\n` written out (as some dashboards do), or as base64.
fn pem(text: &str) -> Option<String> {
    let is_pem = |text: &str| text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----");
    if is_pem(text) {
        return Some(text.replace("\\n", "\n"));
    }
    let packed: String = text.split_whitespace().collect();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(packed)
        .ok()?;
    String::from_utf8(bytes).ok().filter(|text| is_pem(text))
}

pub(super) fn statuspage(env: &Environment<'_>) -> Option<Statuspage> {
    let api_key = env.secret("STATUSPAGE_API_KEY");
    let page_id = env.text("STATUSPAGE_PAGE_ID");
    let api_url = env.base_url("STATUSPAGE_API_URL", "https://api.statuspage.io");
    let missing = match (&api_key, &page_id) {
        (Some(_), None) => Some(("STATUSPAGE_API_KEY", "STATUSPAGE_PAGE_ID")),
        (None, Some(_)) => Some(("STATUSPAGE_PAGE_ID", "STATUSPAGE_API_KEY")),
        (Some(_), Some(_)) | (None, None) => None,
    };
    if let Some((given, missing)) = missing {
        let message = format!("{given} without {missing}: Statuspage stays off");
        env.warning(
            &Place::variable(given),
            message,
            &format!("set {missing} as well"),
        );
    }
    Some(Statuspage {
        api_key: api_key?,
        page_id: page_id?,
        api_url,
    })
}

pub(super) fn llm(env: &Environment<'_>) -> Llm {
    let provider = |key: &str, base_url: &str, default: &str| {
        let base_url = env.base_url(base_url, default);
        env.secret(key)
            .map(|api_key| LlmProvider { api_key, base_url })
    };
    Llm {
        anthropic: provider(
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_BASE_URL",
            "https://api.anthropic.com",
        ),
        openai: provider(
            "OPENAI_API_KEY",
            "OPENAI_BASE_URL",
            "https://api.openai.com",
        ),
        gemini: provider(
            "GEMINI_API_KEY",
            "GEMINI_BASE_URL",
            "https://generativelanguage.googleapis.com",
        ),
    }
}

pub(super) fn shutdown_grace(env: &Environment<'_>) -> Duration {
    const DEFAULT: Duration = Duration::from_secs(25);
    let Some(given) = env.get("SHUTDOWN_GRACE_SECONDS") else {
        return DEFAULT;
    };
    match values::duration(&given.text) {
        Some(span) if span.duration <= Duration::from_secs(3600) => span.duration,
        _ => {
            let message = "SHUTDOWN_GRACE_SECONDS must be a number of seconds, at most 3600";
            env.error(&given.place, message, "write the digits alone");
            DEFAULT
        }
    }
}

pub(super) fn deadman_url(env: &Environment<'_>) -> Option<Secret> {
    let given = env.get("DEADMAN_URL")?;
    let fine = url::Url::parse(&given.text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !fine {
        let hint = "as in https://example.org/ping/…";
        env.error(
            &given.place,
            "DEADMAN_URL must be an http or https address",
            hint,
        );
        return None;
    }
    Some(Secret::new(given.text))
}

pub(super) fn encryption_key(env: &Environment<'_>) -> Option<EncryptionKey> {
    let given = env.get("ENCRYPTION_KEY")?;
    let key = EncryptionKey::from_hex(&given.text);
    if key.is_none() {
        let hint = "openssl rand -hex 32 prints one";
        env.error(
            &given.place,
            "ENCRYPTION_KEY must be 32 bytes in hex: 64 digits",
            hint,
        );
    }
    key
}
