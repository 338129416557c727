//! The form that declares: what it asks, what a template fills in, and whether what comes back
//! makes a declaration.
//!
//! [`validate`] is the one judge for the form, the API and the one-line command alike, and runs
//! again when the declaration is decided, because the configuration may have changed meanwhile.

use super::super::effect::slack::Effect;
use super::super::ids::UserId;
use super::super::rules::Rules;
use super::super::text::Text;
use super::super::text::form::{FieldErrors, Form, Input, InputKind, Tells, Values};
use super::act::{AnswerTo, Request};
use super::ask::{Refusal, Scene, Verdict};
use super::{Decision, Declaration, Kind, Purpose, Severity, answer, templates};
use crate::invisible;
use std::collections::BTreeMap;

/// The form's name: its submission and its choices come back under it.
pub const FORM: &str = "declare";
/// The context's key for the channel in which the form was asked for.
pub const CHANNEL: &str = "room";
/// The inputs' keys.
pub const TEMPLATE: &str = "template";
/// The title's key.
pub const TITLE: &str = "title";
/// The severity's key.
pub const SEVERITY: &str = "severity";
/// The service's key.
pub const SERVICE: &str = "service";
/// The commander's key.
pub const COMMANDER: &str = "commander";

/// The shortest and the longest title, in characters.
const TITLE_LENGTH: std::ops::RangeInclusive<usize> = 3..=100;
/// What the severities mean, in few words.
const MEANINGS: &str = "P1: critical, most users affected. P2: major, many affected. \
                        P3: minor, some affected. P4: low, few affected.";
/// The severity that stands in the form until somebody chooses.
pub(crate) const USUAL: Severity = Severity::P2;
/// The longest name of a service that nobody configured.
const LONGEST_SERVICE: usize = 75;

/// The form as it is asked, with `values` standing in it.
pub fn form(
    rules: &Rules,
    context: BTreeMap<String, String>,
    values: &Values,
    revision: u32,
) -> Form {
    let initial = |key: &str| values.get(key).cloned();
    let mut inputs = Vec::new();
    if !rules.templates.is_empty() {
        inputs.push(Input {
            key: TEMPLATE.into(),
            label: "Template".into(),
            hint: Some("Fills in the other fields; you can still change them.".into()),
            optional: true,
            kind: InputKind::Select {
                options: rules
                    .templates
                    .iter()
                    .map(|template| (template.name.clone(), template.title.clone()))
                    .collect(),
                initial: initial(TEMPLATE),
                tells: Tells::AtOnce,
            },
        });
    }
    inputs.push(Input {
        key: TITLE.into(),
        label: "Title".into(),
        hint: Some("What is broken, in 3 to 100 characters.".into()),
        optional: false,
        kind: InputKind::Text {
            initial: initial(TITLE),
            max: 100,
        },
    });
    inputs.push(Input {
        key: SEVERITY.into(),
        label: "Severity".into(),
        hint: Some(MEANINGS.into()),
        optional: false,
        kind: InputKind::Select {
            options: Severity::ALL
                .map(|severity| (severity.to_string(), severity.to_string()))
                .to_vec(),
            initial: initial(SEVERITY).or_else(|| Some(USUAL.as_str().to_owned())),
            tells: Tells::OnSubmit,
        },
    });
    inputs.push(Input {
        key: SERVICE.into(),
        label: "Service".into(),
        hint: None,
        optional: false,
        kind: service_input(rules, initial(SERVICE)),
    });
    inputs.push(Input {
        key: COMMANDER.into(),
        label: "Commander".into(),
        hint: Some("Leave empty to lead it yourself.".into()),
        optional: true,
        kind: InputKind::Person {
            initial: initial(COMMANDER).and_then(|id| UserId::new(id).ok()),
        },
    });
    Form {
        name: FORM.into(),
        title: "Declare an incident".into(),
        submit: "Declare".into(),
        inputs,
        context,
        revision,
    }
}

/// A select of the configured services; a line of text where none is.
fn service_input(rules: &Rules, initial: Option<String>) -> InputKind {
    if rules.services.is_empty() {
        return InputKind::Text {
            initial,
            max: LONGEST_SERVICE as u16,
        };
    }
    let names = || rules.services.iter().map(|service| service.name.clone());
    InputKind::Select {
        options: names().map(|name| (name.clone(), name)).collect(),
        initial: initial.filter(|chosen| names().any(|name| name == *chosen)),
        tells: Tells::OnSubmit,
    }
}

/// Makes a declaration of what was filled in, or says per input what to mend. The view is the
/// caller's to add.
pub fn validate(values: &Values, rules: &Rules) -> Result<Declaration, FieldErrors> {
    let mut errors = FieldErrors::new();
    let mut wrong = |key: &str, sentence: String| {
        errors.insert(key.to_owned(), sentence);
    };
    let value = |key: &str| values.get(key).map_or("", |value| invisible::trim(value));
    // The template's own, when the form was sent before it could show it.
    let typed = tidy(value(TITLE));
    let title = match templates::title_of(value(TEMPLATE), rules) {
        Some(proposed) if typed.is_empty() => proposed,
        _ => typed,
    };
    if let Err(sentence) = check_title(&title) {
        wrong(TITLE, sentence);
    }
    let severity = Severity::parse(&invisible::without(value(SEVERITY)));
    if severity.is_none() {
        wrong(SEVERITY, "Choose a severity from P1 (worst) to P4.".into());
    }
    let service = check_service(value(SERVICE), rules);
    if let Err(sentence) = &service {
        wrong(SERVICE, sentence.clone());
    }
    let commander = match value(COMMANDER) {
        "" => None,
        id => match UserId::new(invisible::without(id)) {
            Ok(id) => Some(id),
            Err(_) => {
                wrong(COMMANDER, "Choose a person, or leave it empty.".into());
                None
            }
        },
    };
    match (severity, service) {
        (Some(severity), Ok(service)) if errors.is_empty() => Ok(Declaration {
            title,
            severity,
            service,
            commander,
            kind: Kind::Real,
            view: None,
            template: Some(value(TEMPLATE).to_owned()).filter(|name| !name.is_empty()),
        }),
        _ => Err(errors),
    }
}

/// A title or a name on one line, without anything at its ends that nobody sees.
pub(crate) fn tidy(title: &str) -> String {
    let line: String = title
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    invisible::trim(&line).to_owned()
}

pub(crate) fn check_title(title: &str) -> Result<(), String> {
    let length = title.chars().count();
    if TITLE_LENGTH.contains(&length) {
        return Ok(());
    }
    Err(format!("Use 3 to 100 characters; this title has {length}."))
}

/// The service as the configuration spells it.
pub(crate) fn check_service(name: &str, rules: &Rules) -> Result<String, String> {
    if rules.services.is_empty() {
        let name = tidy(name);
        return match name.chars().count() {
            1..=LONGEST_SERVICE => Ok(name),
            _ => Err(format!(
                "Name the affected service, in 1 to {LONGEST_SERVICE} characters."
            )),
        };
    }
    match rules.service(name) {
        Some(service) => Ok(service.name.clone()),
        None => Err(format!(
            "Choose one of these services: {}.",
            near(name, rules)
        )),
    }
}

/// The services' names, as many as one reads: of more than that, the nearest to what was typed.
pub(crate) fn near(typed: &str, rules: &Rules) -> String {
    const SHOWN: usize = 20;
    let typed = typed.to_lowercase();
    let mut names: Vec<&str> = rules
        .services
        .iter()
        .map(|service| service.name.as_str())
        .collect();
    if names.len() <= SHOWN {
        return names.join(", ");
    }
    let far = |name: &str| 1.0 - strsim::jaro_winkler(&typed, &name.to_lowercase());
    names.sort_by(|a, b| far(a).total_cmp(&far(b)));
    names.truncate(SHOWN);
    names.push("…");
    names.join(", ")
}

/// Opens the form, or says the words that take its place when there is no time left for it.
pub(crate) fn open(decision: &mut Decision, request: &Request, scene: &Scene<'_>) -> Verdict {
    let (AnswerTo::Person(to), Some(trigger)) = (&request.answer_to, &request.trigger) else {
        return Err(too_late());
    };
    if trigger.expires <= scene.now {
        return Err(too_late());
    }
    let mut context = BTreeMap::new();
    if let Some(channel) = &request.channel {
        context.insert(CHANNEL.to_owned(), channel.to_string());
    }
    let effect = Effect::OpenForm {
        trigger: trigger.clone(),
        form: form(scene.rules, context, &Values::new(), 0),
    };
    let answer_to = to.clone();
    decision.effect(effect, Purpose::Form { answer_to });
    Ok(None)
}

fn too_late() -> Refusal {
    Refusal {
        status: 422,
        code: "no_trigger",
        message: answer::by_words(answer::TOO_LATE),
    }
}

/// The errors as one paragraph, for those who did not fill in a form.
pub(crate) fn in_words(errors: &FieldErrors) -> Text {
    let sentences: Vec<&str> = errors.values().map(String::as_str).collect();
    Text::plain(sentences.join(" "))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    fn filled(pairs: &[(&str, &str)]) -> Values {
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        pairs.iter().map(own).collect()
    }

    #[test]
    fn each_input_that_is_wrong_is_told_what_to_mend() {
        let rules = fixtures::rules();
        for (title, severity, service, wrong) in [
            ("Checkout is down", "P1", "api", &[][..]),
            ("  Checkout  ", "p4", "API", &[]),
            ("ab", "P1", "api", &[TITLE]),
            (" a ", "P1", "api", &[TITLE]),
            ("", "", "", &[SERVICE, SEVERITY, TITLE]),
            ("Checkout", "P5", "nope", &[SERVICE, SEVERITY]),
        ] {
            let values = filled(&[(TITLE, title), (SEVERITY, severity), (SERVICE, service)]);
            let errors = match validate(&values, &rules) {
                Ok(declaration) => {
                    assert_eq!(declaration.service, "api");
                    FieldErrors::new()
                }
                Err(errors) => errors,
            };
            assert_eq!(errors.keys().collect::<Vec<_>>(), wrong, "{title:?}");
        }
        let name = &rules.templates[0].name;
        let left_to_it = filled(&[(TEMPLATE, name), (SEVERITY, "P1"), (SERVICE, "api")]);
        let declaration = validate(&left_to_it, &rules).unwrap();
        assert_eq!(declaration.title, rules.templates[0].title);
        for (length, fits) in [(2, false), (3, true), (100, true), (101, false)] {
            assert_eq!(check_title(&"é".repeat(length)).is_ok(), fits, "{length}");
        }
    }

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
            assert!(MEANINGS.contains(&format!("{severity}: ")));
        }
    }
}
