//! What a press means: the button's name and value back into an act.
//!
//! A press takes the same way as a typed command and meets the same refusals, so a button that
//! has outlived its state, or is pressed twice, does no harm.

use super::super::text::{Button, ButtonStyle, Typed};
use super::act::{Act, IncidentRef};
use super::words::{self, button};
use super::{Incident, Status};
use serde::{Deserialize, Serialize};

/// The name of a button that says which incident was meant; its number follows, because two
/// buttons of one row must not have the same name.
const PICK: &str = "pick:";
/// The longest value that a button carries, in UTF-16 units (Slack's limit is 2,000).
const LONGEST_VALUE: usize = 1900;

#[derive(Serialize, Deserialize)]
struct Picked {
    number: i64,
    act: Act,
}

/// The act and the incident that a press of one of our buttons asks for; `None`: not ours.
pub fn act_of_button(action: &str, value: &str) -> Option<(Act, Option<IncidentRef>)> {
    if action.starts_with(PICK) {
        let picked: Picked = serde_json::from_str(value).ok()?;
        let target = Some(IncidentRef::Number(picked.number));
        return may_be_picked(&picked.act).then(|| (asking_first(picked.act), target));
    }
    let alone = match action {
        "declare" => Some(Act::OpenDeclareForm),
        "list" => Some(Act::List),
        "help" => Some(Act::Help { verb: None }),
        _ => None,
    };
    if let Some(act) = alone {
        return Some((act, None));
    }
    let act = match action {
        "timeline" => Act::Timeline,
        "postmortem" => Act::Postmortem,
        "resolved" => Act::OpenResolveForm { note: None },
        step => Act::Advance {
            to: Status::parse(step).filter(|to| {
                matches!(
                    to,
                    Status::Investigating | Status::Identified | Status::Monitoring
                )
            })?,
            text: None,
        },
    };
    let number = value.parse().ok()?;
    Some((act, Some(IncidentRef::Number(number))))
}

/// A button that does `act` to this incident; `None`: it has to be typed.
pub(crate) fn pick(incident: &Incident, act: &Act, label: &str) -> Option<Button> {
    if !may_be_picked(act) {
        return None;
    }
    let act = match act {
        Act::Update { text, .. } => Act::Update {
            text: text.clone(),
            unless_last: true,
        },
        other => other.clone(),
    };
    let number = incident.number;
    let picked = Picked { number, act };
    let value = serde_json::to_string(&picked).ok()?;
    let action = format!("{PICK}{}", incident.number);
    let fits = value.encode_utf16().count() <= LONGEST_VALUE;
    fits.then(|| button(label, &action, &value, ButtonStyle::Plain))
}

/// A press that would end an incident opens the form that resolves it.
fn asking_first(act: Act) -> Act {
    match act {
        Act::Resolve { note } => Act::OpenResolveForm { note },
        other => other,
    }
}

/// Acts that a second press does not do a second time.
fn may_be_picked(act: &Act) -> bool {
    match act {
        Act::Menu
        | Act::Update { .. }
        | Act::Advance { .. }
        | Act::SetSeverity { .. }
        | Act::Assign { .. }
        | Act::Resolve { .. }
        | Act::Timeline
        | Act::Postmortem => true,
        Act::OpenDeclareForm
        | Act::OpenResolveForm { .. }
        | Act::ChooseTemplate { .. }
        | Act::Declare(_)
        | Act::List
        | Act::Help { .. }
        | Act::Misunderstood { .. } => false,
    }
}

fn in_place_of(words: Option<&Typed>) -> &'static str {
    match words {
        Some(words) if !words.is_empty() => " <text>",
        _ => "",
    }
}

/// The line to type that does `act` to an incident.
pub(crate) fn as_typed(act: &Act, number: i64) -> String {
    let rest = match act {
        // The words themselves stand below, once.
        Act::Update { .. } => " status <text>".to_owned(),
        Act::Advance { to, text } => format!(" {to}{}", in_place_of(text.as_ref())),
        Act::SetSeverity { to, reason } => {
            format!(" severity {to}{}", in_place_of(reason.as_ref()))
        }
        Act::Resolve { note } | Act::OpenResolveForm { note } => {
            format!(" resolved{}", in_place_of(note.as_ref()))
        }
        Act::Assign { role, .. } => format!(" assign {} @user", role.as_str()),
        Act::Timeline => " timeline".to_owned(),
        Act::Postmortem => " postmortem".to_owned(),
        Act::Menu
        | Act::OpenDeclareForm
        | Act::ChooseTemplate { .. }
        | Act::Declare(_)
        | Act::List
        | Act::Help { .. }
        | Act::Misunderstood { .. } => String::new(),
    };
    let line = format!("/incident #{number}{rest}");
    words::shortened(line.trim_end(), 1000)
}

#[cfg(test)]
mod tests {
    use super::super::{card, fixtures};
    use super::*;

    #[test]
    fn every_button_of_a_card_comes_back_as_the_act_that_it_names() {
        for status in Status::ALL {
            let incident = Incident {
                status,
                ..fixtures::incident()
            };
            for button in card::buttons(&incident) {
                let (_, target) = act_of_button(&button.action, &button.value)
                    .unwrap_or_else(|| panic!("{} is dead", button.action));
                assert_eq!(target, Some(IncidentRef::Number(incident.number)));
            }
        }
    }

    #[test]
    fn a_choice_carries_the_whole_act_and_an_update_too_long_for_it_is_typed() {
        let incident = fixtures::incident();
        let act = Act::Resolve {
            note: Some("rolled back".into()),
        };
        let button = pick(&incident, &act, "label").unwrap();
        let asks = Act::OpenResolveForm {
            note: Some("rolled back".into()),
        };
        assert_eq!(
            act_of_button(&button.action, &button.value),
            Some((asks, Some(IncidentRef::Number(7))))
        );
        let update = |text: &str, unless_last| Act::Update {
            text: text.into(),
            unless_last,
        };
        let button = pick(&incident, &update("x", false), "label").unwrap();
        let (act, _) = act_of_button(&button.action, &button.value).unwrap();
        assert_eq!(act, update("x", true), "a second press says nothing new");
        let update = update(&"x".repeat(2000), false);
        assert!(pick(&incident, &update, "label").is_none());
        assert_eq!(as_typed(&update, 7), "/incident #7 status <text>");
    }

    #[test]
    fn what_is_not_ours_is_not_taken() {
        for (action, value) in [
            ("resolved", "seven"),
            ("resolve_all", "7"),
            ("merged", "7"),
            ("pick:7", "{}"),
            ("pick:7", r#"{"number":7,"act":"list"}"#),
            ("", ""),
        ] {
            assert_eq!(act_of_button(action, value), None, "{action} {value}");
        }
    }
}
