//! Whether what was entered makes a declaration.
//!
//! [`declaration`] is the one judge for the form, the API and the one-line command alike, and runs
//! again when the declaration is decided, because the configuration may have changed meanwhile.

use super::super::declaration::{Declaration, Kind};
use super::super::ids::UserId;
use super::super::rules::{Rules, Template};
use super::super::severity::Severity;
use super::super::text::form::{FieldErrors, Values};
use super::words;
use crate::invisible;

/// The keys of the form's inputs, and of the errors.
pub const TEMPLATE: &str = "template";
pub const TITLE: &str = "title";
pub const SEVERITY: &str = "severity";
pub const SERVICE: &str = "service";
pub const COMMANDER: &str = "commander";

/// In characters.
const TITLE_LENGTH: std::ops::RangeInclusive<usize> = 3..=100;
/// The longest name of a service that is not configured.
pub(super) const LONGEST_SERVICE: usize = 75;

/// Makes a declaration of what was entered, or says per input what to correct. The view is the
/// caller's to add.
pub fn declaration(values: &Values, rules: &Rules) -> Result<Declaration, FieldErrors> {
    let mut errors = FieldErrors::new();
    let mut wrong = |key: &str, sentence: String| {
        errors.insert(key.to_owned(), sentence);
    };
    let value = |key: &str| values.get(key).map_or("", |value| invisible::trim(value));
    // The template's own, when the form was sent before it could show it.
    let typed = tidy(value(TITLE));
    let title = match template(value(TEMPLATE), rules) {
        Some((_, template)) if typed.is_empty() => title_of(template),
        _ => typed,
    };
    if let Err(sentence) = check_title(&title) {
        wrong(TITLE, sentence);
    }
    let severity = Severity::parse(&invisible::without(value(SEVERITY)));
    if severity.is_none() {
        let range = Severity::worst_to_least();
        wrong(SEVERITY, format!("Choose a severity from {range}."));
    }
    let service = check_service(value(SERVICE), rules);
    if let Err(sentence) = &service {
        wrong(SERVICE, sentence.clone());
    }
    let commander = match value(COMMANDER) {
        "" => None,
        id => {
            let id = UserId::new(invisible::without(id)).ok();
            if id.is_none() {
                wrong(COMMANDER, "Choose a person, or leave it empty.".into());
            }
            id
        }
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

/// A template and its place among the others.
pub(super) fn template<'a>(name: &str, rules: &'a Rules) -> Option<(usize, &'a Template)> {
    let mut templates = rules.templates.iter().enumerate();
    templates.find(|(_, template)| template.name == name)
}

/// The title that a template proposes.
pub(super) fn title_of(template: &Template) -> String {
    words::shortened(&template.title, *TITLE_LENGTH.end())
}

/// A title or a name on one line, without invisible characters at its ends.
pub(super) fn tidy(title: &str) -> String {
    let line: String = title
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    invisible::trim(&line).to_owned()
}

pub(super) fn check_title(title: &str) -> Result<(), String> {
    let length = title.chars().count();
    if TITLE_LENGTH.contains(&length) {
        return Ok(());
    }
    Err(format!("Use 3 to 100 characters; this title has {length}."))
}

/// The service as the configuration spells it.
pub(super) fn check_service(name: &str, rules: &Rules) -> Result<String, String> {
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

/// The services' names, as many as can be read: of more than that, the nearest to what was typed.
pub(super) fn near(typed: &str, rules: &Rules) -> String {
    const SHOWN: usize = 20;
    let typed = typed.to_lowercase();
    let services = rules.services.iter();
    let mut names: Vec<&str> = services.map(|service| service.name.as_str()).collect();
    if names.len() > SHOWN {
        let far = |name: &str| 1.0 - strsim::jaro_winkler(&typed, &name.to_lowercase());
        names.sort_by(|a, b| far(a).total_cmp(&far(b)));
        names.truncate(SHOWN);
        names.push("…");
    }
    names.join(", ")
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
    fn each_wrong_input_is_told_what_to_correct() {
        let rules = fixtures::rules();
        for (title, severity, service, wrong) in [
            ("Checkout is down", "P1", "api", &[][..]),
            ("  Checkout  ", "p4", "API", &[]),
            ("ab", "P1", "api", &[TITLE]),
            (" a ", "P1", "api", &[TITLE]),
            ("", "", "", &[SERVICE, SEVERITY, TITLE]),
            ("Checkout", "P9", "nope", &[SERVICE, SEVERITY]),
        ] {
            let values = filled(&[(TITLE, title), (SEVERITY, severity), (SERVICE, service)]);
            let errors = match declaration(&values, &rules) {
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
        let declaration = declaration(&left_to_it, &rules).unwrap();
        assert_eq!(declaration.title, rules.templates[0].title);
        for (length, fits) in [(2, false), (3, true), (100, true), (101, false)] {
            assert_eq!(check_title(&"é".repeat(length)).is_ok(), fits, "{length}");
        }
    }
}
