//! What a template fills in, in the form that declares.
//!
//! Only what nobody entered is filled in: what a person typed stays, whatever they choose then.

use super::super::effect::slack::Effect;
use super::super::ids::ViewId;
use super::super::rules::{Rules, Template};
use super::super::text::form::Values;
use super::ask::{Scene, Verdict};
use super::declare_form::{SERVICE, SEVERITY, TEMPLATE, TITLE, USUAL, form};
use super::{Decision, Purpose, words};
use std::collections::BTreeMap;

/// Fills in what a template proposes, where nothing stands or where the template that was chosen
/// before has filled it in: what a person entered stays.
pub(crate) fn fill_in(
    decision: &mut Decision,
    scene: &Scene<'_>,
    view: &ViewId,
    values: &Values,
    context: &BTreeMap<String, String>,
    revision: u32,
) -> Verdict {
    let chosen = values.get(TEMPLATE).map(String::as_str);
    let Some((place, template)) = chosen.and_then(|name| template_named(scene.rules, name)) else {
        return Ok(None);
    };
    let before = context.get(TEMPLATE).map(String::as_str);
    let before = before.and_then(|name| template_named(scene.rules, name));
    let before = match before {
        Some((_, template)) => proposed(template, scene.rules),
        None => Values::from([(SEVERITY.to_owned(), USUAL.as_str().to_owned())]),
    };
    let mut filled = values.clone();
    for (key, value) in proposed(template, scene.rules) {
        let entered = values.get(&key);
        if entered.is_none_or(|entered| before.get(&key) == Some(entered)) {
            filled.insert(key, value);
        }
    }
    let mut context = context.clone();
    context.insert(TEMPLATE.to_owned(), template.name.clone());
    let effect = Effect::UpdateForm {
        view: view.clone(),
        form: form(
            scene.rules,
            context,
            &filled,
            revision_after(revision, place),
        ),
    };
    decision.effect(effect, Purpose::FormUpdate);
    Ok(None)
}

/// A template and its place among the others.
fn template_named<'a>(rules: &'a Rules, name: &str) -> Option<(usize, &'a Template)> {
    let mut templates = rules.templates.iter().enumerate();
    templates.find(|(_, template)| template.name == name)
}

/// The title that a template proposes.
pub(super) fn title_of(name: &str, rules: &Rules) -> Option<String> {
    let (_, template) = template_named(rules, name)?;
    Some(words::shortened(&template.title, 100))
}

/// What a template proposes, by the inputs' keys.
fn proposed(template: &Template, rules: &Rules) -> Values {
    let mut values = Values::from([
        (
            TITLE.to_owned(),
            title_of(&template.name, rules).unwrap_or_default(),
        ),
        (SEVERITY.to_owned(), template.severity.as_str().to_owned()),
    ]);
    let service = template.service.as_deref();
    if let Some(service) = service.and_then(|name| rules.service(name)) {
        values.insert(SERVICE.to_owned(), service.name.clone());
    }
    values
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
