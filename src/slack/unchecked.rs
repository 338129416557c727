//! What was kept before anybody had said who we are: asked once more when it is decided.
//!
//! The edge loses nothing while `auth.test` is unanswered, yet a command of another workspace must
//! not be acted on. So the row bears a mark, waits until the question is settled, and is addressed
//! again: in whichever process, and after whatever restart.

use super::address::{Address, Ourselves, Route, Team, address};
use super::interaction::Interaction;
use super::views;
use crate::domain::act::{Act, AnswerTo, Membership, Request};
use crate::domain::incident::declare_form;
use crate::domain::rules::Rules;
use crate::domain::signal::{Event, Signal};
use crate::domain::text::{Message, Text};
use serde_json::{Value, json};

const MARK: &str = "unchecked";
/// Its person is of a partner's workspace.
const OUTSIDER: &str = "outsider";

/// What is kept beside the body of an arrival.
pub fn headers(ourselves: &Ourselves, membership: Membership) -> Value {
    match (&ourselves.team, membership) {
        (Team::NotYet | Team::NoToken, _) => json!({ MARK: true }),
        (Team::Untold | Team::Known(_), Membership::Ours) => json!({}),
        (Team::Untold | Team::Known(_), Membership::Outsider) => json!({ OUTSIDER: true }),
    }
}

/// Whose a kept row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// Nobody can say yet: it waits.
    NotYet,
    /// Nobody here can do anything in Slack: its person is told so, see [`refused`].
    NoToken,
    /// Ours: to be decided, as asked by such a person.
    Ours(Membership),
    /// Nothing that we act on.
    Nothing {
        /// What it was, from a bounded set.
        what: &'static str,
    },
}

/// Looks once more at a row, if it bears the mark.
pub fn check(
    headers: &Value,
    kind: &str,
    body: &[u8],
    rules: &Rules,
    ourselves: &Ourselves,
) -> Checked {
    if headers[MARK] != true {
        return Checked::Ours(match headers[OUTSIDER] == true {
            true => Membership::Outsider,
            false => Membership::Ours,
        });
    }
    match ourselves.team {
        Team::NotYet => return Checked::NotYet,
        Team::NoToken => return Checked::NoToken,
        Team::Untold | Team::Known(_) => {}
    }
    let route = match kind {
        "command" => Route::Commands,
        "click" | "submission" => Route::Interactions,
        _ => Route::Events,
    };
    match address(route, body, rules, ourselves) {
        Address::Foreign { team } => {
            log_foreign(team.as_deref());
            Checked::Nothing { what: "foreign" }
        }
        Address::Unused { what } => Checked::Nothing { what },
        Address::Keep(addressed) => Checked::Ours(addressed.membership),
        Address::AnswerNow(_) | Address::Unreadable { .. } => Checked::Ours(Membership::Ours),
    }
}

/// What becomes of a signal while there is no token: whoever asked is told so, by the one way that
/// needs none, and nothing of it is left for when there is one.
pub fn refused(signal: Signal) -> Signal {
    let event = match signal.event {
        Event::Asked(request) if answerable(&request) => Event::Asked(Box::new(Request {
            act: Act::Misunderstood {
                refusal: Message::said(no_token()),
            },
            target: None,
            elsewhere: None,
            ..*request
        })),
        _ => Event::Unused {
            what: "no_token".to_owned(),
        },
    };
    Signal { event, ..signal }
}

fn answerable(request: &Request) -> bool {
    matches!(&request.answer_to, AnswerTo::Person(to) if to.response_url.is_some())
}

/// A submission has no address for an answer: it is given in the form, which stays open.
pub(super) fn without_token(payload: &Interaction) -> Option<Value> {
    let view = payload.view()?;
    let filled = view.filled();
    let key = view.state().first_key().unwrap_or(declare_form::TITLE);
    let key = key.to_owned();
    let errors = [(key, no_token().to_plain())].into();
    Some(views::errors_answer(&filled, view.state(), &errors))
}

fn no_token() -> Text {
    Text::plain("Nothing was done: this bot has no token for Slack. Ask an admin to set ")
        .code("SLACK_BOT_TOKEN")
        .and(" and restart it, then try again.")
}

/// The line about a request of another workspace.
pub(crate) fn log_foreign(team: Option<&str>) {
    // Signed or not, what somebody else wrote gets into the log only when it looks like an id.
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

    fn we_are(team: Team) -> Ourselves {
        Ourselves {
            team,
            ..Ourselves::default()
        }
    }

    #[test]
    fn a_marked_row_waits_until_its_question_is_settled() {
        let nothing = |what| Checked::Nothing { what };
        let ours = Checked::Ours;
        let known = |team: &str| Team::Known(team.to_owned());
        let marked = headers(&we_are(Team::NotYet), Membership::Ours);
        let plain = headers(&we_are(known("T1")), Membership::Ours);
        let partners = headers(&we_are(known("T1")), Membership::Outsider);
        for (headers, team, checked) in [
            (&marked, Team::NotYet, Checked::NotYet),
            (&marked, Team::Untold, ours(Membership::Ours)),
            (&marked, known("T1"), ours(Membership::Ours)),
            (&marked, known("T2"), nothing("foreign")),
            (&plain, Team::NotYet, ours(Membership::Ours)),
            (&plain, known("T2"), ours(Membership::Ours)),
            (&partners, Team::NotYet, ours(Membership::Outsider)),
        ] {
            let we = we_are(team.clone());
            let said = check(headers, "command", COMMAND, &Rules::default(), &we);
            assert_eq!(said, checked, "{headers} {team:?}");
        }
    }

    #[test]
    fn every_kind_that_is_kept_is_addressed_again_by_its_own_way_in() {
        let marked = headers(&Ourselves::default(), Membership::Ours);
        let click = "payload=%7B%22type%22%3A%22block_actions%22%2C%22team%22%3A%7B%22id%22%3A%22T2%22%7D%7D";
        let view = "payload=%7B%22type%22%3A%22view_submission%22%2C%22team%22%3A%7B%22id%22%3A%22T2%22%7D%7D";
        let event = r#"{"type":"event_callback","team_id":"T2","event_id":"E","event":{"type":"channel_archive"}}"#;
        let ours = we_are(Team::Known("T1".to_owned()));
        for (kind, body) in [
            ("click", click),
            ("submission", view),
            ("event:channel_archive", event),
        ] {
            let said = check(&marked, kind, body.as_bytes(), &Rules::default(), &ours);
            assert_eq!(said, Checked::Nothing { what: "foreign" }, "{kind}");
        }
    }

    #[test]
    fn a_form_with_an_empty_input_shows_that_there_is_no_token() {
        let payload = r#"{"type":"view_submission","view":{"private_metadata":"{}","state":{"values":
            {"note~0":{"note":{"type":"plain_text_input","value":null}}}}}}"#;
        let payload = Interaction::read(payload).unwrap();
        let answer = without_token(&payload).unwrap();
        let shown = answer["errors"]["note~0"].as_str().unwrap_or_default();
        assert!(shown.contains("SLACK_BOT_TOKEN"), "{answer}");
    }
}
