//! Reads what addresses an arrival and nothing else: its kind, the key by which a second delivery
//! is known, what it must stay in order with.
//!
//! Pure, and total over bytes. Slack wants some answers in the HTTP response itself (a challenge,
//! the field errors of a modal): these are given here, and nothing of them is kept. What nobody
//! uses gets no row, only a count; kinds are a bounded set, because they are labels of metrics.

use super::interaction::Interaction;
use super::unchecked::without_token;
use super::whose::{Installation, Says, whose};
pub use super::whose::{Ourselves, Team};
use super::wire::{self, digest, key, lenient_or_default};
use crate::domain::act::Membership;
use crate::domain::ids::{ChannelId, UserId};
use crate::domain::incident::declare_form;
use crate::domain::rules::Rules;
use serde::Deserialize;
use serde_json::{Value, json};

/// The three ways in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// `/slack/commands`
    Commands,
    /// `/slack/interactions`
    Interactions,
    /// `/slack/events`
    Events,
}

/// How a row of the inbox is addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressed {
    /// `command`, `click`, `submission`, `shortcut`, `app_rate_limited`, `event:<type>`.
    pub kind: String,
    /// A second arrival with this key is the same one.
    pub dedup_key: String,
    /// Arrivals of one subject are taken in order.
    pub subject: String,
    /// Whose workspace its person is of.
    pub membership: Membership,
}

/// What is to be done with an arrival.
#[derive(Debug, Clone, PartialEq)]
pub enum Address {
    /// Keep it, then answer 200 with nothing.
    Keep(Addressed),
    /// Answer 200 with this; nothing is kept.
    AnswerNow(AnswerNow),
    /// Answer 200 and count it; nothing is kept.
    Unused {
        /// What it was, from a bounded set.
        what: &'static str,
    },
    /// From another workspace: answer 200, count it, do nothing.
    Foreign {
        /// Which, for the log.
        team: Option<String>,
    },
    /// Answer 400.
    Unreadable {
        /// Why, for the log.
        reason: &'static str,
    },
}

/// An answer in the HTTP response itself.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswerNow {
    /// Nothing.
    Empty,
    /// Plain text.
    Text(String),
    /// JSON.
    Json(Value),
}

/// The events that somebody here acts on.
pub(crate) const USED_EVENTS: [&str; 8] = [
    "channel_archive",
    "group_archive",
    "channel_unarchive",
    "group_unarchive",
    "channel_deleted",
    "channel_rename",
    "group_rename",
    MOVED,
];

/// A room got another id: Slack moved it, or made it a shared one.
pub(crate) const MOVED: &str = "channel_id_changed";

/// The kinds that are kept beside the events.
const KEPT: [&str; 4] = ["command", "click", "submission", "app_rate_limited"];

/// Every kind that [`address`] keeps, and so every kind that the decoder reads.
pub fn kinds() -> Vec<String> {
    let events = USED_EVENTS.iter().map(|event| format!("event:{event}"));
    let kept = KEPT.iter().map(|kind| (*kind).to_owned());
    kept.chain(events).collect()
}

/// Addresses a body whose signature holds.
pub fn address(route: Route, body: &[u8], rules: &Rules, ourselves: &Ourselves) -> Address {
    let said = match route {
        Route::Commands => command(body, ourselves),
        Route::Interactions => interact(body, rules, ourselves),
        Route::Events => event(body, ourselves),
    };
    said.unwrap_or_else(|other| other)
}

type Said = Result<Address, Address>;

fn unreadable(reason: &'static str) -> Address {
    Address::Unreadable { reason }
}

fn keep(kind: &str, dedup_key: String, subject: &str, membership: Membership) -> Address {
    debug_assert!(kinds().iter().any(|known| known == kind), "{kind}");
    Address::Keep(Addressed {
        kind: kind.to_owned(),
        dedup_key,
        subject: key(&["slack", subject]),
        membership,
    })
}

fn command(body: &[u8], ourselves: &Ourselves) -> Said {
    if is_certificate_check(body) {
        return Ok(Address::AnswerNow(AnswerNow::Empty));
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
    person(user.as_deref())?;
    let room = room(channel.as_deref())?;
    let trigger = trigger.ok_or(unreadable("no trigger_id"))?;
    let says = Says {
        team: team.as_deref(),
        enterprise: enterprise.as_deref(),
        shared: matches!(shared.as_deref(), Some("true" | "1")),
        ..Says::default()
    };
    let membership = whose(ourselves, &says)?;
    let dedup = key(&["command", &trigger]);
    Ok(keep("command", dedup, &room, membership))
}

/// Whether a form is Slack's check of a certificate and nothing else: `ssl_check=1`, perhaps with
/// the old `token`. It comes without a signature, so any other field makes it an ordinary request.
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

fn person(id: Option<&str>) -> Result<String, Address> {
    let id = id.ok_or(unreadable("no user"))?;
    let id = UserId::new(id).map_err(|_| unreadable("not a user's id"))?;
    Ok(id.as_str().to_owned())
}

fn room(id: Option<&str>) -> Result<String, Address> {
    let id = id.ok_or(unreadable("no channel"))?;
    let id = ChannelId::new(id).map_err(|_| unreadable("not a channel's id"))?;
    Ok(id.as_str().to_owned())
}

fn interact(body: &[u8], rules: &Rules, ourselves: &Ourselves) -> Said {
    if is_certificate_check(body) {
        return Ok(Address::AnswerNow(AnswerNow::Empty));
    }
    let text = wire::payload(body).ok_or(unreadable("no payload"))?;
    let payload = Interaction::read(&text).ok_or(unreadable("the payload is not JSON"))?;
    let kind = payload.kind().ok_or(unreadable("no type"))?;
    let membership = whose(ourselves, &payload.says())?;
    match kind {
        "block_actions" => click(&payload, membership),
        "view_submission" if ourselves.team == Team::NoToken => without_token(&payload)
            .map(|answer| Address::AnswerNow(AnswerNow::Json(answer)))
            .ok_or(unreadable("no view")),
        "view_submission" => submission(&payload, rules, membership),
        "block_suggestion" => Ok(Address::AnswerNow(AnswerNow::Json(json!({"options": []})))),
        "view_closed" => Ok(Address::Unused {
            what: "view_closed",
        }),
        "shortcut" | "message_action" => Ok(Address::Unused { what: "shortcut" }),
        _ => Ok(Address::Unused {
            what: "interaction",
        }),
    }
}

fn click(payload: &Interaction, membership: Membership) -> Said {
    let person = person(payload.user())?;
    let click = payload.click().ok_or(unreadable("no action"))?;
    let subject = payload.place().ok_or(unreadable("a click from nowhere"))?;
    if click.action_id.is_empty() || click.action_ts.is_empty() {
        return Err(unreadable("an action without id or time"));
    }
    let dedup = key(&["click", &person, &click.action_ts, &click.action_id]);
    Ok(keep("click", dedup, subject, membership))
}

fn submission(payload: &Interaction, rules: &Rules, membership: Membership) -> Said {
    person(payload.user())?;
    let view = payload.view().ok_or(unreadable("no view"))?;
    let id = view.id().ok_or(unreadable("a view without an id"))?;
    let filled = view.filled();
    // A form that we do not know is kept too: its person is told so.
    if filled.luggage.form == declare_form::FORM
        && let Err(errors) = declare_form::validate(&filled.values, rules)
    {
        let answer = super::views::errors_answer(&filled, view.state(), &errors);
        return Ok(Address::AnswerNow(AnswerNow::Json(answer)));
    }
    // The hash does not change when a person corrects an entry: the values make the difference.
    let values = serde_json::to_vec(&filled.values).expect("strings become JSON");
    let dedup = key(&["submission", id.as_str(), view.hash(), &digest(&values)]);
    Ok(keep("submission", dedup, id.as_str(), membership))
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default, rename = "type", deserialize_with = "lenient_or_default")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    challenge: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    team_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    enterprise_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    api_app_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    event_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    context_team_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    is_ext_shared_channel: bool,
    #[serde(default, deserialize_with = "lenient_or_default")]
    authorizations: Vec<Authorization>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    event: Option<Inner>,
}

/// For which installation an event was sent. Slack sends one, of as many as may see the event.
#[derive(Deserialize)]
struct Authorization {
    #[serde(default, deserialize_with = "lenient_or_default")]
    team_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    enterprise_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    user_id: Option<String>,
}

impl Authorization {
    fn installation(&self) -> Installation<'_> {
        Installation {
            team: self.team_id.as_deref(),
            enterprise: self.enterprise_id.as_deref(),
            bot_user: self.user_id.as_deref(),
        }
    }
}

impl Envelope {
    fn says(&self) -> Says<'_> {
        // The context is the workspace through whose eyes the event is seen.
        let context = self.context_team_id.as_deref().map(|team| Installation {
            team: Some(team),
            ..Installation::default()
        });
        Says {
            installations: self
                .authorizations
                .iter()
                .map(Authorization::installation)
                .chain(context)
                .collect(),
            team: self.team_id.as_deref(),
            enterprise: self.enterprise_id.as_deref(),
            shared: self.is_ext_shared_channel && self.authorizations.is_empty(),
            ..Says::default()
        }
    }
}

#[derive(Deserialize)]
struct Inner {
    #[serde(default, rename = "type", deserialize_with = "lenient_or_default")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    user: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    bot_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    app_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    bot_profile: Option<BotProfile>,
    #[serde(default)]
    channel: Value,
    #[serde(default, deserialize_with = "lenient_or_default")]
    old_channel_id: Option<String>,
}

#[derive(Deserialize)]
struct BotProfile {
    #[serde(default, deserialize_with = "lenient_or_default")]
    app_id: Option<String>,
}

fn event(body: &[u8], ourselves: &Ourselves) -> Said {
    let envelope: Envelope =
        serde_json::from_slice(body).map_err(|_| unreadable("the body is not a JSON object"))?;
    match envelope.kind.as_deref().ok_or(unreadable("no type"))? {
        "url_verification" => match envelope.challenge {
            Some(challenge) => Ok(Address::AnswerNow(AnswerNow::Text(challenge))),
            None => Err(unreadable("no challenge")),
        },
        // No event_id: two of the same minute are the same.
        "app_rate_limited" => {
            let dedup = key(&["app_rate_limited", &digest(body)]);
            Ok(keep("app_rate_limited", dedup, "app", Membership::Ours))
        }
        "event_callback" => callback(&envelope, body, ourselves),
        _ => Ok(Address::Unused { what: "event" }),
    }
}

fn callback(envelope: &Envelope, body: &[u8], ourselves: &Ourselves) -> Said {
    let event = envelope.event.as_ref().ok_or(unreadable("no event"))?;
    let kind = event
        .kind
        .as_deref()
        .ok_or(unreadable("an event without a type"))?;
    let membership = whose(ourselves, &envelope.says())?;
    if is_ours(event, envelope, ourselves) {
        return Ok(Address::Unused { what: "own_event" });
    }
    if !USED_EVENTS.contains(&kind) {
        return Ok(Address::Unused { what: "event" });
    }
    let event_id = match envelope.event_id.as_deref() {
        Some(id) if !id.is_empty() => id.to_owned(),
        Some(_) | None => digest(body),
    };
    let moved = event.old_channel_id.as_deref().filter(|_| kind == MOVED);
    let subject = moved.or_else(|| channel_of(&event.channel));
    // Half an event is kept too, in order with nothing: its decoder says what it lacks. A refusal
    // would only make Slack send it again.
    let subject = room(subject).unwrap_or_else(|_| event_id.clone());
    Ok(keep(
        &format!("event:{kind}"),
        key(&["event", &event_id]),
        &subject,
        membership,
    ))
}

/// The channel's id, whether it comes bare or as an object.
pub(crate) fn channel_of(channel: &Value) -> Option<&str> {
    channel.as_str().or_else(|| channel["id"].as_str())
}

/// What we did ourselves must not move us, or we would answer ourselves for ever.
fn is_ours(event: &Inner, envelope: &Envelope, ourselves: &Ourselves) -> bool {
    let same = |theirs: &Option<String>, ours: &Option<String>| theirs.is_some() && theirs == ours;
    let profile = event.bot_profile.as_ref();
    same(&event.user, &ourselves.user)
        || same(&event.bot_id, &ourselves.bot)
        || same(&event.app_id, &envelope.api_app_id)
        || profile.is_some_and(|profile| same(&profile.app_id, &envelope.api_app_id))
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
