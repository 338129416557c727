//! The address of a request's row: whether it is stored, its kind, its key and its subject.
//!
//! Pure, and total over bytes. Slack expects some answers in the HTTP response itself (a challenge, the
//! field errors of a modal): these are made here, and nothing is stored. An event that is not used gets
//! no row and is only counted. Kinds are a bounded set, because they are labels of metrics.

pub use super::installation::{Installation, Team};
use super::installation::{OtherInstallation, PayloadContext, check_installation};
use super::interaction::{Interaction, non_empty};
use super::unchecked::no_token_errors;
use super::wire::{self, digest, key};
use crate::domain::ids::{ChannelId, Membership, UserId};
use crate::domain::incident::{declare_form, validate};
use crate::domain::rules::Rules;
use serde::Deserialize;
use serde_json::{Value, json};

/// One of the three request URLs of a Slack app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `/slack/commands`
    Commands,
    /// `/slack/interactions`
    Interactions,
    /// `/slack/events`
    Events,
}

/// The row of the inbox that a request becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxRow {
    /// `command`, `click`, `submission`, `app_rate_limited`, `event:<type>`.
    pub kind: String,
    /// A second request with this key is a duplicate.
    pub dedup_key: String,
    /// Rows of one subject are decided in order.
    pub subject: String,
    /// Whether the user is from our workspace.
    pub membership: Membership,
}

/// What to do with a request whose signature is valid.
#[derive(Debug, Clone, PartialEq)]
pub enum Addressed {
    /// Store the row, then answer 200 with an empty body.
    Stored(InboxRow),
    /// Answer 200 with this body; nothing is stored.
    Answered(ResponseBody),
    /// Answer 200 and count it; nothing is stored.
    Ignored {
        /// What it was, from a bounded set.
        what: &'static str,
    },
    /// Meant for another installation of the app: answer 200 and count it.
    OtherInstallation {
        /// Its workspace or organisation, for the log.
        team: Option<String>,
    },
    /// Answer 400.
    Unreadable {
        /// The reason, for the log.
        reason: &'static str,
    },
}

impl From<OtherInstallation> for Addressed {
    fn from(other: OtherInstallation) -> Self {
        Self::OtherInstallation { team: other.team }
    }
}

/// The body of an HTTP response.
#[derive(Debug, Clone, PartialEq)]
pub enum ResponseBody {
    Text(String),
    Json(Value),
}

/// The events that are stored.
pub(crate) const USED_EVENTS: [&str; 8] = [
    "channel_archive",
    "group_archive",
    "channel_unarchive",
    "group_unarchive",
    "channel_deleted",
    "channel_rename",
    "group_rename",
    CHANNEL_ID_CHANGED,
];

/// A channel got another id: it was moved to another workspace, or is shared now.
pub(crate) const CHANNEL_ID_CHANGED: &str = "channel_id_changed";

/// The stored kinds beside the events.
const OTHER_KINDS: [&str; 4] = ["command", "click", "submission", "app_rate_limited"];

/// Every kind that [`address`] stores, and so every kind that the decoder reads.
pub fn kinds() -> Vec<String> {
    let events = USED_EVENTS.iter().map(|event| format!("event:{event}"));
    let others = OTHER_KINDS.iter().map(|kind| (*kind).to_owned());
    others.chain(events).collect()
}

/// Addresses a body whose signature is valid.
pub fn address(
    endpoint: Endpoint,
    body: &[u8],
    rules: &Rules,
    installation: &Installation,
) -> Addressed {
    let addressed = match endpoint {
        Endpoint::Commands => command(body, installation),
        Endpoint::Interactions => interaction(body, rules, installation),
        Endpoint::Events => event(body, installation),
    };
    addressed.unwrap_or_else(|other| other)
}

/// The error is a result too, so that `?` returns it early.
type Addressing<T = Addressed> = Result<T, Addressed>;

fn unreadable(reason: &'static str) -> Addressed {
    Addressed::Unreadable { reason }
}

fn ignored(what: &'static str) -> Addressing {
    Ok(Addressed::Ignored { what })
}

fn stored(kind: &str, dedup_key: String, subject: &str, membership: Membership) -> Addressing {
    debug_assert!(kinds().iter().any(|known| known == kind), "{kind}");
    Ok(Addressed::Stored(InboxRow {
        kind: kind.to_owned(),
        dedup_key,
        subject: key(&["slack", subject]),
        membership,
    }))
}

fn command(body: &[u8], installation: &Installation) -> Addressing {
    if is_certificate_check(body) {
        return Ok(Addressed::Answered(ResponseBody::Text(String::new())));
    }
    let [command, user, channel, trigger, team, enterprise, shared] = wire::fields(
        body,
        [
            "command",
            "user_id",
            "channel_id",
            "trigger_id",
            "team_id",
            "enterprise_id",
            "is_ext_shared_channel",
        ],
    );
    if command.is_none() {
        return Err(unreadable("no command"));
    }
    user_id(user.as_deref())?;
    let channel = channel.and_then(|id| ChannelId::new(id).ok());
    let channel = channel.ok_or(unreadable("no channel"))?;
    let trigger = trigger.ok_or(unreadable("no trigger_id"))?;
    let context = PayloadContext {
        team: team.as_deref(),
        enterprise: enterprise.as_deref(),
        is_shared: matches!(shared.as_deref(), Some("true" | "1")),
        ..PayloadContext::default()
    };
    let membership = check_installation(installation, &context)?;
    let dedup_key = key(&["command", &trigger]);
    stored("command", dedup_key, channel.as_str(), membership)
}

/// Whether a form is Slack's check of a certificate and nothing else: `ssl_check=1`, with or without
/// the deprecated `token`. The check is not signed, so any other field makes it an ordinary request.
pub fn is_certificate_check(body: &[u8]) -> bool {
    let mut checks = 0;
    for (name, value) in form_urlencoded::parse(body) {
        match (&*name, &*value) {
            ("ssl_check", "1") => checks += 1,
            ("token", _) => {}
            _ => return false,
        }
    }
    checks == 1
}

fn user_id(id: Option<&str>) -> Addressing<UserId> {
    let id = id.and_then(|id| UserId::new(id).ok());
    id.ok_or(unreadable("no user"))
}

fn interaction(body: &[u8], rules: &Rules, installation: &Installation) -> Addressing {
    if is_certificate_check(body) {
        return Ok(Addressed::Answered(ResponseBody::Text(String::new())));
    }
    let interaction = Interaction::of_form(body).map_err(unreadable)?;
    let kind = interaction.kind.as_str().ok_or(unreadable("no type"))?;
    let membership = check_installation(installation, &interaction.context())?;
    let answered = |body| Ok(Addressed::Answered(ResponseBody::Json(body)));
    match kind {
        "block_actions" => block_actions(&interaction, membership),
        "view_submission" if installation.team == Team::NoToken => {
            answered(no_token_errors(&interaction))
        }
        "view_submission" => view_submission(&interaction, rules, membership),
        "block_suggestion" => answered(json!({"options": []})),
        "view_closed" => ignored("view_closed"),
        "shortcut" | "message_action" => ignored("shortcut"),
        _ => ignored("interaction"),
    }
}

fn block_actions(interaction: &Interaction, membership: Membership) -> Addressing {
    let user = user_id(interaction.user["id"].as_str())?;
    let subject = interaction.view["id"].as_str().or(interaction.channel());
    let subject = subject.ok_or(unreadable("an action without a view or a channel"))?;
    let (Some(id), Some(ts)) = (
        interaction.action("action_id"),
        interaction.action("action_ts"),
    ) else {
        return Err(unreadable("an action without id or time"));
    };
    let dedup_key = key(&["click", user.as_str(), ts, id]);
    stored("click", dedup_key, subject, membership)
}

fn view_submission(interaction: &Interaction, rules: &Rules, membership: Membership) -> Addressing {
    user_id(interaction.user["id"].as_str())?;
    let view = interaction.view_id();
    let view = view.ok_or(unreadable("a view without an id"))?;
    let input = interaction.input();
    // An unknown form is stored too: the user is told about it.
    if input.private_metadata.form == declare_form::FORM
        && let Err(errors) = validate::declaration(&input.values, rules)
    {
        let state = &interaction.view["state"];
        let answer = super::views::errors_answer(&input, state, &errors);
        return Ok(Addressed::Answered(ResponseBody::Json(answer)));
    }
    // The hash does not change when a person corrects an entry: the values make the difference.
    let values = serde_json::to_vec(&input.values).expect("strings become JSON");
    let hash = interaction.view["hash"].as_str().unwrap_or_default();
    let dedup_key = key(&["submission", view.as_str(), hash, &digest(&values)]);
    stored("submission", dedup_key, view.as_str(), membership)
}

/// The outer event. A field that is missing, or is of another type, counts as absent.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    #[serde(rename = "type")]
    kind: Value,
    challenge: Value,
    team_id: Value,
    enterprise_id: Value,
    api_app_id: Value,
    event_id: Value,
    context_team_id: Value,
    is_ext_shared_channel: Value,
    authorizations: Value,
    event: Value,
}

impl Envelope {
    fn context(&self) -> PayloadContext<'_> {
        // Slack lists one installation, even when several may see the event.
        let listed = self.authorizations.as_array().into_iter().flatten();
        let ids = ["team_id", "enterprise_id", "user_id"];
        let ids = listed.flat_map(|one| ids.map(|id| one[id].as_str()));
        let mut installed: Vec<_> = ids.flatten().collect();
        let is_shared = self.is_ext_shared_channel == true && installed.is_empty();
        // The workspace from which the event was seen.
        installed.extend(self.context_team_id.as_str());
        PayloadContext {
            installed,
            team: self.team_id.as_str(),
            enterprise: self.enterprise_id.as_str(),
            user_team: None,
            is_shared,
        }
    }
}

fn event(body: &[u8], installation: &Installation) -> Addressing {
    let envelope: Envelope =
        serde_json::from_slice(body).map_err(|_| unreadable("the body is not a JSON object"))?;
    match envelope.kind.as_str().ok_or(unreadable("no type"))? {
        "url_verification" => {
            let challenge = envelope.challenge.as_str();
            let challenge = challenge.ok_or(unreadable("no challenge"))?;
            let body = ResponseBody::Text(challenge.to_owned());
            Ok(Addressed::Answered(body))
        }
        // It has no event_id: two with the same minute are equal.
        "app_rate_limited" => {
            let dedup_key = key(&["app_rate_limited", &digest(body)]);
            stored("app_rate_limited", dedup_key, "app", Membership::Ours)
        }
        "event_callback" => event_callback(&envelope, body, installation),
        _ => ignored("event"),
    }
}

fn event_callback(envelope: &Envelope, body: &[u8], installation: &Installation) -> Addressing {
    let event = &envelope.event;
    let kind = event["type"].as_str();
    let kind = kind.ok_or(unreadable("an event without a type"))?;
    let membership = check_installation(installation, &envelope.context())?;
    if is_own(event, envelope, installation) {
        return ignored("own_event");
    }
    if !USED_EVENTS.contains(&kind) {
        return ignored("event");
    }
    let event_id = non_empty(&envelope.event_id);
    let event_id = event_id.map_or_else(|| digest(body), str::to_owned);
    let old_id = event["old_channel_id"].as_str();
    let old_id = old_id.filter(|_| kind == CHANNEL_ID_CHANGED);
    let subject = old_id.or_else(|| channel_of(&event["channel"]));
    // An incomplete event is stored too, under a subject of its own: the decoder says what is missing. If
    // it were refused, Slack would only send it again.
    let subject = subject.and_then(|id| ChannelId::new(id).ok());
    let subject = subject.as_ref().map_or(&*event_id, ChannelId::as_str);
    let dedup_key = key(&["event", &event_id]);
    stored(&format!("event:{kind}"), dedup_key, subject, membership)
}

/// The channel's id: events have either the id or an object with it.
pub(crate) fn channel_of(channel: &Value) -> Option<&str> {
    channel.as_str().or_else(|| channel["id"].as_str())
}

/// Whether the bot itself caused the event. If it reacted to its own actions, it could do so forever.
fn is_own(event: &Value, envelope: &Envelope, installation: &Installation) -> bool {
    let ours = [
        installation.bot_user.as_deref(),
        installation.bot.as_deref(),
        envelope.api_app_id.as_str(),
    ];
    let by = [
        &event["user"],
        &event["bot_id"],
        &event["app_id"],
        &event["bot_profile"]["app_id"],
    ];
    let mut by = by.into_iter().filter_map(Value::as_str);
    by.any(|id| ours.contains(&Some(id)))
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
