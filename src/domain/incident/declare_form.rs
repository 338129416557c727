//! The form that declares: what it asks, and what a template fills in.
//!
//! A template fills in only what no person entered: what was typed stays, whatever is chosen then.

use super::super::effect::slack::Effect;
use super::super::ids::{UserId, ViewId};
use super::super::rules::{Rules, Template};
use super::super::severity::Severity;
use super::super::text::Message;
use super::super::text::form::{Form, Input, InputKind, Tells, Values};
use super::act::Request;
use super::case::{Case, Verdict};
use super::purpose::Why;
use super::validate::{
    COMMANDER, LONGEST_SERVICE, SERVICE, SEVERITY, TEMPLATE, TITLE, template, title_of,
};
use super::{forms, words};
use std::collections::BTreeMap;

/// The form's name: its submission and its choices come back under it.
pub const FORM: &str = "declare";
/// The severity that is chosen in the form at first.
const USUAL: Severity = Severity::P2;

/// The form as it is asked, with `values` filled in.
pub(super) fn form(
    rules: &Rules,
    context: BTreeMap<String, String>,
    values: &Values,
    revision: u32,
) -> Form {
    let initial = |key: &str| values.get(key).cloned();
    let mut inputs = Vec::new();
    if !rules.templates.is_empty() {
        let templates = rules.templates.iter();
        let options = templates.map(|template| (template.name.clone(), template.title.clone()));
        let kind = InputKind::Select {
            options: options.collect(),
            initial: initial(TEMPLATE),
            tells: Tells::AtOnce,
        };
        let hint = "Fills in the other fields; you can still change them.";
        inputs.push(optional(input(TEMPLATE, "Template", hint, kind)));
    }
    let title = InputKind::Text {
        initial: initial(TITLE),
        max: 100,
    };
    let hint = "What is broken, in 3 to 100 characters.";
    inputs.push(input(TITLE, "Title", hint, title));
    let severities = Severity::ALL.iter().map(Severity::to_string);
    let severity = select(severities, initial(SEVERITY).or(Some(USUAL.to_string())));
    inputs.push(input(SEVERITY, "Severity", &meanings(), severity));
    let services = || rules.services.iter().map(|service| service.name.clone());
    let service = match rules.services.is_empty() {
        true => InputKind::Text {
            initial: initial(SERVICE),
            max: LONGEST_SERVICE as u16,
        },
        false => {
            let known = |chosen: &String| services().any(|name| name == *chosen);
            select(services(), initial(SERVICE).filter(known))
        }
    };
    inputs.push(input(SERVICE, "Service", "", service));
    let commander = InputKind::Person {
        initial: initial(COMMANDER).and_then(|id| UserId::new(id).ok()),
    };
    let hint = "Leave empty to lead it yourself.";
    inputs.push(optional(input(COMMANDER, "Commander", hint, commander)));
    Form {
        name: FORM.into(),
        title: "Declare an incident".into(),
        submit: "Declare".into(),
        inputs,
        context,
        revision,
    }
}

fn input(key: &str, label: &str, hint: &str, kind: InputKind) -> Input {
    Input {
        key: key.into(),
        label: label.into(),
        hint: Some(hint.to_owned()).filter(|hint| !hint.is_empty()),
        optional: false,
        kind,
    }
}

fn optional(input: Input) -> Input {
    Input {
        optional: true,
        ..input
    }
}

fn select(options: impl Iterator<Item = String>, initial: Option<String>) -> InputKind {
    InputKind::Select {
        options: options.map(|option| (option.clone(), option)).collect(),
        initial,
        tells: Tells::OnSubmit,
    }
}

/// What the severities mean, in few words.
fn meanings() -> String {
    let severities = Severity::ALL.iter();
    let meanings =
        severities.map(|severity| format!("{severity}: {}.", severity.profile().meaning));
    meanings.collect::<Vec<_>>().join(" ")
}

pub(super) fn open(case: &mut Case<'_>, request: &Request) -> Verdict {
    let form = form(case.rules, BTreeMap::new(), &Values::new(), 0);
    forms::open(case, request, form, |begin, _| by_words(begin))
}

/// How an incident is declared without the form.
pub(super) fn by_words(begin: &str) -> Message {
    forms::by_words(begin, words::BY_ONE_LINE)
}

/// Fills in what a template proposes, where the input is empty or has what the template proposed that
/// was chosen before.
pub(super) fn fill_in(
    case: &mut Case<'_>,
    view: &ViewId,
    values: &Values,
    context: &BTreeMap<String, String>,
    revision: u32,
) -> Verdict {
    let named = |name: Option<&String>| name.and_then(|name| template(name, case.rules));
    let Some((place, chosen)) = named(values.get(TEMPLATE)) else {
        return Ok(None);
    };
    let before = match named(context.get(TEMPLATE)) {
        Some((_, template)) => proposed(template, case.rules),
        None => Values::from([(SEVERITY.to_owned(), USUAL.to_string())]),
    };
    let mut filled = values.clone();
    for (key, value) in proposed(chosen, case.rules) {
        let entered = values.get(&key);
        if entered.is_none_or(|entered| before.get(&key) == Some(entered)) {
            filled.insert(key, value);
        }
    }
    let mut context = context.clone();
    context.insert(TEMPLATE.to_owned(), chosen.name.clone());
    let revision = revision_after(revision, place);
    let effect = Effect::UpdateForm {
        view: view.clone(),
        form: form(case.rules, context, &filled, revision),
    };
    case.effect(effect, Why::FormUpdate.alone());
    Ok(None)
}

/// What a template proposes, by the inputs' keys.
fn proposed(template: &Template, rules: &Rules) -> Values {
    let service = template.service.as_deref();
    let service = service.and_then(|name| rules.service(name));
    let values = [
        Some((TITLE, title_of(template))),
        Some((SEVERITY, template.severity.to_string())),
        service.map(|service| (SERVICE, service.name.clone())),
    ];
    let values = values.into_iter().flatten();
    values.map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Two choices may be made of one revision before the first one shows: their forms need ids that
/// differ, or Slack keeps what the first one filled in.
fn revision_after(revision: u32, place: usize) -> u32 {
    let place = u32::try_from(place).unwrap_or(u32::MAX);
    revision
        .wrapping_mul(31)
        .wrapping_add(1)
        .wrapping_add(place)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    #[test]
    fn the_form_is_labelled_as_promised_and_asks_for_a_template_only_where_there_are_some() {
        let mut rules = fixtures::rules();
        let labels = |rules: &Rules| -> Vec<String> {
            let form = form(rules, BTreeMap::new(), &Values::new(), 0);
            form.inputs.into_iter().map(|input| input.label).collect()
        };
        let rest = ["Title", "Severity", "Service", "Commander"];
        assert_eq!(labels(&rules)[0], "Template");
        assert_eq!(labels(&rules)[1..], rest);
        rules.templates.clear();
        assert_eq!(labels(&rules), rest);
        for severity in Severity::ALL {
            assert!(meanings().contains(&format!("{severity}: ")));
        }
    }
}
