//! What a press means: the button's name and value back into an act.
//!
//! A press takes the same way as a typed command and meets the same refusals, so a button that
//! has outlived its state, or is pressed twice, does no harm.

use super::super::text::{Button, ButtonStyle};
use super::act::{Act, IncidentRef};
use super::model::{Incident, Status};
use super::words::button;
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
        let act = match picked.act {
            // A press that would end an incident opens the form that resolves it.
            Act::Resolve { note } => Act::OpenResolveForm { note },
            act => act,
        };
        let target = Some(IncidentRef::Number(picked.number));
        return act.may_be_picked().then_some((act, target));
    }
    let act = match action {
        "declare" => return Some((Act::OpenDeclareForm, None)),
        "list" => return Some((Act::List, None)),
        "help" => return Some((Act::Help { verb: None }, None)),
        "timeline" => Act::Timeline,
        "postmortem" => Act::Postmortem,
        "resolved" => Act::OpenResolveForm { note: None },
        step => Act::Advance {
            to: Status::parse(step).filter(|to| Status::STEPS.contains(to))?,
            text: None,
        },
    };
    let number = value.parse().ok()?;
    Some((act, Some(IncidentRef::Number(number))))
}

/// A button that does `act` to this incident; `None`: it has to be typed.
pub(super) fn pick(incident: &Incident, act: &Act, label: &str) -> Option<Button> {
    if !act.may_be_picked() {
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
    let value = serde_json::to_string(&Picked { number, act }).ok()?;
    let action = format!("{PICK}{number}");
    let fits = value.encode_utf16().count() <= LONGEST_VALUE;
    fits.then(|| button(label, &action, &value, ButtonStyle::Plain))
}

#[cfg(test)]
mod tests {
    use super::super::{card, fixtures};
    use super::*;

    #[test]
    fn every_button_of_a_card_comes_back_as_the_act_that_it_names() {
        for &status in Status::ALL {
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
        assert_eq!(update.command(7), "/incident #7 status <text>");
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
