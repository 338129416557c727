//! The functions that read bytes from outside, one for each fuzz target.
//!
//! Each accepts any bytes and must not panic. What is stored must be readable by its decoder. The fuzz
//! targets call these functions, and so does a short seeded test.

use chrono::DateTime;
use wardroom::config::Config;
use wardroom::domain::ids::SignalId;
use wardroom::domain::incident::command;
use wardroom::domain::rules::{Rules, ServiceRules};
use wardroom::slack::address::{Addressed, Endpoint, Installation};
use wardroom::{edge, github, slack};

/// Reads bytes and returns.
pub type Entry = fn(&[u8]);

/// All of them, by the name of the fuzz target.
pub const ENTRIES: [(&str, Entry); 8] = [
    ("slack_command", slack_command),
    ("slack_interaction", slack_interaction),
    ("slack_event", slack_event),
    ("slack_signature", slack_signature),
    ("typed_command", typed_command),
    ("github_webhook", github_webhook),
    ("api_call", api_call),
    ("config_file", config_file),
];

fn rules() -> Rules {
    let service = |name: &str| ServiceRules {
        name: name.to_owned(),
        owners: Vec::new(),
        statuspage_component: None,
        channels: Vec::new(),
    };
    Rules {
        services: vec![service("api"), service("web shop")],
        ..Rules::default()
    }
}

fn slack(endpoint: Endpoint, body: &[u8]) {
    let rules = rules();
    let at = DateTime::UNIX_EPOCH;
    if let Addressed::Stored(row) =
        slack::address::address(endpoint, body, &rules, &Installation::default())
    {
        let id = SignalId(uuid::Uuid::nil());
        let decoded = slack::decode::decode(&row.kind, body, row.membership, id, at, &rules);
        assert!(decoded.is_ok(), "row, and not to be read: {decoded:?}");
        assert!(!row.dedup_key.contains('\0') && !row.subject.contains('\0'));
    }
}

/// The body of a slash command.
pub fn slack_command(body: &[u8]) {
    slack(Endpoint::Commands, body);
}

/// The body of a click, a submission, a shortcut.
pub fn slack_interaction(body: &[u8]) {
    slack(Endpoint::Interactions, body);
}

/// The body of an event.
pub fn slack_event(body: &[u8]) {
    slack(Endpoint::Events, body);
}

/// The two headers of Slack's signature, separated by a newline.
pub fn slack_signature(headers: &[u8]) {
    let (timestamp, signature) = split(headers, b'\n');
    let timestamp = std::str::from_utf8(timestamp).ok();
    let signature = std::str::from_utf8(signature).ok();
    let secrets = ["a secret".to_owned(), "the one before".to_owned()];
    let at = DateTime::UNIX_EPOCH;
    let held = slack::signature::verify(&secrets, timestamp, signature, b"body", at);
    assert!(held.is_err(), "random bytes are not a valid signature");
}

/// What a person types after `/incident`.
pub fn typed_command(text: &[u8]) {
    let typed = slack::typed::read(&String::from_utf8_lossy(text));
    let _any_answer = command::parse(&typed, &rules());
}

/// The event's name and the body of a webhook, separated by a newline; a form when the name ends in " form".
pub fn github_webhook(webhook: &[u8]) {
    let (event, body) = split(webhook, b'\n');
    let event = String::from_utf8_lossy(event);
    let (event, content_type) = match event.strip_suffix(" form") {
        Some(event) => (event, "application/x-www-form-urlencoded"),
        None => (&*event, "application/json"),
    };
    if let Ok(github::address::Addressed::Stored { kind, .. }) =
        github::address::address(event, content_type, body)
    {
        let id = SignalId(uuid::Uuid::nil());
        let decoded = github::decode::decode(kind, content_type, body, id, DateTime::UNIX_EPOCH);
        assert!(decoded.is_ok(), "row, and not to be read: {decoded:?}");
    }
}

/// An API call, as it is stored in the inbox.
pub fn api_call(body: &[u8]) {
    let id = SignalId(uuid::Uuid::nil());
    let _any_answer = edge::api::wire::decode_api(body, id, DateTime::UNIX_EPOCH);
}

/// A configuration file.
pub fn config_file(text: &[u8]) {
    // The file must not read other files.
    if text.windows(7).any(|word| word == b"extends") {
        return;
    }
    let path = std::env::temp_dir().join(format!("wardroom-fuzz-{}.yaml", std::process::id()));
    if std::fs::write(&path, text).is_ok() {
        let _any_answer = Config::load(Some(&path), &|_| None);
    }
    let _gone = std::fs::remove_file(&path);
}

fn split(bytes: &[u8], at: u8) -> (&[u8], &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == at);
    (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    )
}
