//! Rows that were stored before `auth.test` was answered: they are checked when they are decided.
//!
//! The edge stores requests while our workspace is not known, but a command for another installation must
//! not be carried out. Such a row has a mark in its headers, waits until `auth.test` is answered, and
//! is then addressed again, in this or another process.

use super::address::{Addressed, Endpoint, Installation, Team, address};
use super::interaction::Interaction;
use super::views;
use crate::domain::areas::{Event, Signal};
use crate::domain::ci;
use crate::domain::ids::Membership;
use crate::domain::incident::act::{Act, Request};
use crate::domain::incident::{self, validate};
use crate::domain::rules::Rules;
use crate::domain::text::{Message, Text};
use serde_json::{Value, json};

const MARK: &str = "unchecked";
/// The user is from a partner's workspace.
const OUTSIDER: &str = "outsider";

/// The headers that are stored with a row.
pub fn headers(installation: &Installation, membership: Membership) -> Value {
    match (&installation.team, membership) {
        (Team::Pending | Team::NoToken, _) => json!({ MARK: true }),
        (Team::Unreported | Team::Known(_), Membership::Ours) => json!({}),
        (Team::Unreported | Team::Known(_), Membership::Outsider) => json!({ OUTSIDER: true }),
    }
}

/// The result of the check of a stored row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// `auth.test` is not answered yet: the row waits.
    Pending,
    /// The bot cannot act in Slack: the user is told so, see [`refuse_without_token`].
    NoToken,
    Ours(Membership),
    Ignored {
        /// What it was, from a bounded set.
        what: &'static str,
    },
}

/// Checks a row that has the mark; all others were checked at the edge.
pub fn check(
    headers: &Value,
    kind: &str,
    body: &[u8],
    rules: &Rules,
    installation: &Installation,
) -> Checked {
    if headers[MARK] != true {
        return Checked::Ours(match headers[OUTSIDER] == true {
            true => Membership::Outsider,
            false => Membership::Ours,
        });
    }
    match installation.team {
        Team::Pending => return Checked::Pending,
        Team::NoToken => return Checked::NoToken,
        Team::Unreported | Team::Known(_) => {}
    }
    let endpoint = match kind {
        "command" => Endpoint::Commands,
        "click" | "submission" => Endpoint::Interactions,
        _ => Endpoint::Events,
    };
    match address(endpoint, body, rules, installation) {
        Addressed::OtherInstallation { team } => {
            log_other_installation(team.as_deref());
            Checked::Ignored { what: "foreign" }
        }
        Addressed::Ignored { what } => Checked::Ignored { what },
        Addressed::Stored(addressed) => Checked::Ours(addressed.membership),
        Addressed::Answered(_) | Addressed::Unreadable { .. } => Checked::Ours(Membership::Ours),
    }
}

/// Refuses a signal while there is no token. A user with a `response_url` is told so, because a
/// `response_url` needs no token; the signal is not carried out later.
pub fn refuse_without_token(signal: Signal) -> Signal {
    let answerable = signal.event.reply_to();
    let answerable = answerable.is_some_and(|to| to.response_url.is_some());
    let refusal = Message::said(no_token());
    let event = match signal.event {
        Event::Incident(incident::Event::Asked(request)) if answerable => {
            incident::Event::Asked(Box::new(Request {
                act: Act::Misunderstood { refusal },
                target: None,
                outside_channel: None,
                ..*request
            }))
            .into()
        }
        Event::Ci(ci::Event::Asked(request)) if answerable => {
            ci::Event::refused(request.by, refusal).into()
        }
        Event::Ci(ci::Event::Pressed(press)) if answerable => {
            ci::Event::refused(press.by, refusal).into()
        }
        _ => Event::Unused {
            what: "no_token".to_owned(),
        },
    };
    Signal { event, ..signal }
}

/// A submission has no `response_url`: the form shows the refusal and stays open.
pub(super) fn no_token_errors(interaction: &Interaction) -> Value {
    let state = &interaction.view["state"];
    let key = views::first_key(state).unwrap_or(validate::TITLE);
    let errors = [(key.to_owned(), no_token().to_plain())].into();
    views::errors_answer(&interaction.input(), state, &errors)
}

fn no_token() -> Text {
    Text::plain("Nothing was done: this bot has no token for Slack. Ask an admin to set ")
        .code("SLACK_BOT_TOKEN")
        .and(" and restart it, then try again.")
}

/// Logs a request for another installation.
pub(crate) fn log_other_installation(team: Option<&str>) {
    // Text from outside gets into the log only when it looks like an id.
    let is_id = |team: &&str| {
        (1..=32).contains(&team.len()) && team.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let team = team.filter(is_id).unwrap_or("unknown");
    tracing::info!(
        target: "wardroom::security",
        team,
        "a request of another Slack workspace is ignored"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMAND: &[u8] =
        b"command=%2Fincident&team_id=T1&user_id=U1&channel_id=C1&trigger_id=1.2.x";

    fn installation(team: Team) -> Installation {
        Installation {
            team,
            ..Installation::default()
        }
    }

    #[test]
    fn a_marked_row_waits_until_our_workspace_is_known() {
        let ignored = |what| Checked::Ignored { what };
        let checked_ours = Checked::Ours;
        let known = |team: &str| Team::Known(team.to_owned());
        let marked = headers(&installation(Team::Pending), Membership::Ours);
        let plain = headers(&installation(known("T1")), Membership::Ours);
        let partners = headers(&installation(known("T1")), Membership::Outsider);
        for (headers, team, checked) in [
            (&marked, Team::Pending, Checked::Pending),
            (&marked, Team::Unreported, checked_ours(Membership::Ours)),
            (&marked, known("T1"), checked_ours(Membership::Ours)),
            (&marked, known("T2"), ignored("foreign")),
            (&plain, Team::Pending, checked_ours(Membership::Ours)),
            (&plain, known("T2"), checked_ours(Membership::Ours)),
            (&partners, Team::Pending, checked_ours(Membership::Outsider)),
        ] {
            let ours = installation(team.clone());
            let said = check(headers, "command", COMMAND, &Rules::default(), &ours);
            assert_eq!(said, checked, "{headers} {team:?}");
        }
    }

    #[test]
    fn every_stored_kind_is_addressed_again_by_its_own_endpoint() {
        let marked = headers(&Installation::default(), Membership::Ours);
        let click = "payload=%7B%22type%22%3A%22block_actions%22%2C%22team%22%3A%7B%22id%22%3A%22T2%22%7D%7D";
        let view = "payload=%7B%22type%22%3A%22view_submission%22%2C%22team%22%3A%7B%22id%22%3A%22T2%22%7D%7D";
        let event = r#"{"type":"event_callback","team_id":"T2","event_id":"E","event":{"type":"channel_archive"}}"#;
        let ours = installation(Team::Known("T1".to_owned()));
        for (kind, body) in [
            ("click", click),
            ("submission", view),
            ("event:channel_archive", event),
        ] {
            let said = check(&marked, kind, body.as_bytes(), &Rules::default(), &ours);
            assert_eq!(said, Checked::Ignored { what: "foreign" }, "{kind}");
        }
    }

    #[test]
    fn a_form_with_an_empty_input_shows_that_there_is_no_token() {
        let payload = r#"{"type":"view_submission","view":{"private_metadata":"{}","state":{"values":
            {"note~0":{"note":{"type":"plain_text_input","value":null}}}}}}"#;
        let answer = no_token_errors(&serde_json::from_str(payload).unwrap());
        let shown = answer["errors"]["note~0"].as_str().unwrap_or_default();
        assert!(shown.contains("SLACK_BOT_TOKEN"), "{answer}");
    }
}
