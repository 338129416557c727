//! Stand-ins for the domain's readers until they are there: same names, same shapes.

use crate::domain::act::{Act, Declaration, IncidentRef};
use crate::domain::form::{FieldErrors, Values};
use crate::domain::ids::UserId;
use crate::domain::incident::{Kind, Severity};
use crate::domain::rules::Rules;
use crate::domain::text::Typed;
use std::collections::BTreeMap;

pub(crate) struct Parsed {
    pub(crate) act: Act,
    pub(crate) target: Option<IncidentRef>,
}

pub(crate) fn parse(text: &Typed, _rules: &Rules) -> Parsed {
    let text = text.to_plain();
    let act = match text.trim() {
        "" => Act::Menu,
        "declare" => Act::OpenDeclareForm,
        other => Act::Update {
            text: other.to_owned(),
        },
    };
    Parsed { act, target: None }
}

pub(crate) fn act_of_button(action: &str, value: &str) -> Option<(Act, Option<IncidentRef>)> {
    let number = value.parse().ok().map(IncidentRef::Number);
    (action == "incident.timeline").then_some((Act::Timeline, number))
}

pub(crate) mod declare_form {
    use super::*;

    pub(crate) fn validate(
        values: &Values,
        _context: &BTreeMap<String, String>,
        _rules: &Rules,
    ) -> Result<Declaration, FieldErrors> {
        let title = values.get("title").filter(|title| title.len() >= 3);
        let title = title
            .cloned()
            .ok_or_else(|| FieldErrors::from([("title".to_owned(), "Say more.".to_owned())]))?;
        Ok(Declaration {
            title,
            severity: values
                .get("severity")
                .and_then(|text| Severity::parse(text))
                .unwrap_or(Severity::P2),
            service: values.get("service").cloned().unwrap_or_default(),
            commander: values.get("commander").and_then(|id| UserId::new(id).ok()),
            kind: Kind::Real,
            view: None,
        })
    }
}
