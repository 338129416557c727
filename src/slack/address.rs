//! The address of a request's row: whether it is stored, its kind, its key and its subject.
//!
//! Pure, and total over bytes. Slack expects some answers in the HTTP response itself (a challenge, the
//! field errors of a modal): these are made here, and nothing is stored. An event that is not used gets
//! no row and is only counted. Kinds are a bounded set, because they are labels of metrics.

use super::installation::{Authorization, PayloadContext, check_installation};
pub use super::installation::{Installation, Team};
use super::interaction::Interaction;
use super::unchecked::no_token_errors;
use super::wire::{self, digest, key};
use crate::domain::ids::{ChannelId, Membership, UserId};
use crate::domain::incident::declare_form;
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

/// The body of an HTTP response.
#[derive(Debug, Clone, PartialEq)]
pub enum ResponseBody {
    Empty,
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
        return Ok(Addressed::Answered(ResponseBody::Empty));
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
    let channel = channel_id(channel.as_deref())?;
    let trigger = trigger.ok_or(unreadable("no trigger_id"))?;
    let context = PayloadContext {
        team: team.as_deref(),
        enterprise: enterprise.as_deref(),
        is_shared: matches!(shared.as_deref(), Some("true" | "1")),
        ..PayloadContext::default()
    };
    let membership = check_installation(installation, &context)?;
    let dedup_key = key(&["command", &trigger]);
    stored("command", dedup_key, &channel, membership)
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

fn user_id(id: Option<&str>) -> Addressing<String> {
    let id = id.ok_or(unreadable("no user"))?;
    let id = UserId::new(id).map_err(|_| unreadable("not a user's id"))?;
    Ok(id.as_str().to_owned())
}

fn channel_id(id: Option<&str>) -> Addressing<String> {
    let id = id.ok_or(unreadable("no channel"))?;
    let id = ChannelId::new(id).map_err(|_| unreadable("not a channel's id"))?;
    Ok(id.as_str().to_owned())
}

fn interaction(body: &[u8], rules: &Rules, installation: &Installation) -> Addressing {
    if is_certificate_check(body) {
        return Ok(Addressed::Answered(ResponseBody::Empty));
    }
    let json = wire::field(body, "payload").ok_or(unreadable("no payload"))?;
    let interaction = Interaction::read(&json).ok_or(unreadable("the payload is not JSON"))?;
    let kind = interaction.kind().ok_or(unreadable("no type"))?;
    let membership = check_installation(installation, &interaction.context())?;
    match kind {
        "block_actions" => block_actions(&interaction, membership),
        "view_submission" if installation.team == Team::NoToken => no_token_errors(&interaction)
            .map(|errors| Addressed::Answered(ResponseBody::Json(errors)))
            .ok_or(unreadable("no view")),
        "view_submission" => view_submission(&interaction, rules, membership),
        "block_suggestion" => Ok(Addressed::Answered(ResponseBody::Json(
            json!({"options": []}),
        ))),
        "view_closed" => ignored("view_closed"),
        "shortcut" | "message_action" => ignored("shortcut"),
        _ => ignored("interaction"),
    }
}

fn block_actions(interaction: &Interaction, membership: Membership) -> Addressing {
    let user = user_id(interaction.user())?;
    let action = interaction.action().ok_or(unreadable("no action"))?;
    let subject = interaction.view_or_channel();
    let subject = subject.ok_or(unreadable("an action without a view or a channel"))?;
    if action.id.is_empty() || action.ts.is_empty() {
        return Err(unreadable("an action without id or time"));
    }
    let dedup_key = key(&["click", &user, action.ts, action.id]);
    stored("click", dedup_key, subject, membership)
}

fn view_submission(interaction: &Interaction, rules: &Rules, membership: Membership) -> Addressing {
    user_id(interaction.user())?;
    let view = interaction.view().ok_or(unreadable("no view"))?;
    let id = view.id().ok_or(unreadable("a view without an id"))?;
    let input = view.input();
    // An unknown form is stored too: the user is told about it.
    if input.private_metadata.form == declare_form::FORM
        && let Err(errors) = declare_form::validate(&input.values, rules)
    {
        let answer = super::views::errors_answer(&input, view.state(), &errors);
        return Ok(Addressed::Answered(ResponseBody::Json(answer)));
    }
    // The hash does not change when a person corrects an entry: the values make the difference.
    let values = serde_json::to_vec(&input.values).expect("strings become JSON");
    let dedup_key = key(&["submission", id.as_str(), view.hash(), &digest(&values)]);
    stored("submission", dedup_key, id.as_str(), membership)
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
        let listed = listed.filter(|authorization| authorization.is_object());
        let mut authorizations: Vec<_> = listed
            .map(|authorization| Authorization {
                team: authorization["team_id"].as_str(),
                enterprise: authorization["enterprise_id"].as_str(),
                bot_user: authorization["user_id"].as_str(),
            })
            .collect();
        let is_shared = self.is_ext_shared_channel == true && authorizations.is_empty();
        // The workspace from which the event was seen.
        authorizations.extend(self.context_team_id.as_str().map(Authorization::of_team));
        PayloadContext {
            authorizations,
            team: self.team_id.as_str(),
            enterprise: self.enterprise_id.as_str(),
            is_shared,
            ..PayloadContext::default()
        }
    }
}

fn event(body: &[u8], installation: &Installation) -> Addressing {
    let envelope: Envelope =
        serde_json::from_slice(body).map_err(|_| unreadable("the body is not a JSON object"))?;
    match envelope.kind.as_str().ok_or(unreadable("no type"))? {
        "url_verification" => match envelope.challenge.as_str() {
            Some(challenge) => Ok(Addressed::Answered(ResponseBody::Text(
                challenge.to_owned(),
            ))),
            None => Err(unreadable("no challenge")),
        },
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
    let event_id = match envelope.event_id.as_str() {
        Some(id) if !id.is_empty() => id.to_owned(),
        Some(_) | None => digest(body),
    };
    let old_id = event["old_channel_id"].as_str();
    let old_id = old_id.filter(|_| kind == CHANNEL_ID_CHANGED);
    let subject = old_id.or_else(|| channel_of(&event["channel"]));
    // An incomplete event is stored too, under a subject of its own: the decoder says what is missing. If
    // it were refused, Slack would only send it again.
    let subject = channel_id(subject).unwrap_or_else(|_| event_id.clone());
    let dedup_key = key(&["event", &event_id]);
    stored(&format!("event:{kind}"), dedup_key, &subject, membership)
}

/// The channel's id: events have either the id or an object with it.
pub(crate) fn channel_of(channel: &Value) -> Option<&str> {
    channel.as_str().or_else(|| channel["id"].as_str())
}

/// Whether the bot itself caused the event. If it reacted to its own actions, it could do so forever.
fn is_own(event: &Value, envelope: &Envelope, installation: &Installation) -> bool {
    let same = |theirs: &Value, ours: Option<&str>| ours.is_some() && theirs.as_str() == ours;
    let app = envelope.api_app_id.as_str();
    same(&event["user"], installation.bot_user.as_deref())
        || same(&event["bot_id"], installation.bot.as_deref())
        || same(&event["app_id"], app)
        || same(&event["bot_profile"]["app_id"], app)
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
