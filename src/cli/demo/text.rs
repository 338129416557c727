//! Slack's messages and modals as lines of text.
//!
//! It reads what the workspace holds, so that the demo shows what Slack received. Names come from
//! [`Names`]; no id is shown.

use serde_json::Value;
use simulator::Snapshot;
use std::collections::HashMap;

/// The names of users and channels, by id.
#[derive(Default)]
pub(super) struct Names(HashMap<String, String>);

impl Names {
    pub(super) fn of(now: &Snapshot) -> Self {
        let users = now.users.iter().map(|user| (&user.id, &user.name));
        let channels = now.channels.iter().map(|one| (&one.id, &one.name));
        let named = users.chain(channels).filter(|(_, name)| !name.is_empty());
        Self(named.map(|(id, name)| (id.clone(), name.clone())).collect())
    }

    pub(super) fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.0.get(id).map_or(id, String::as_str)
    }
}

/// A message's lines, its buttons in the last one.
pub(super) fn message(blocks: &[Value], text: &str, names: &Names) -> Vec<String> {
    if blocks.is_empty() {
        return plain(text, names).lines().map(str::to_owned).collect();
    }
    blocks
        .iter()
        .flat_map(|block| lines(block, names))
        .collect()
}

fn lines(block: &Value, names: &Names) -> Vec<String> {
    let objects = |key: &str| block[key].as_array().cloned().unwrap_or_default();
    let texts = |objects: Vec<Value>| objects.into_iter().map(|one| of(&one, names));
    let all: Vec<String> = match block["type"].as_str() {
        Some("header") => vec![of(&block["text"], names)],
        Some("section") => {
            let fields = texts(objects("fields")).map(|field| field.replacen('\n', ": ", 1));
            let text = block.get("text").map(|text| of(text, names));
            text.into_iter().chain(fields).collect()
        }
        Some("context") => texts(objects("elements")).collect(),
        Some("actions") => {
            let elements = objects("elements").into_iter();
            let labels = elements.map(|element| format!("[{}]", of(&element["text"], names)));
            vec![labels.collect::<Vec<_>>().join(" ")]
        }
        Some("input") => vec![input(block, names)],
        _ => Vec::new(),
    };
    let all = all.iter().flat_map(|text| text.lines());
    all.map(str::to_owned).collect()
}

/// An input of a modal on one line: its label, its value, its options.
fn input(block: &Value, names: &Names) -> String {
    let (element, label) = (&block["element"], plain_text(&block["label"]));
    let value = ["initial_value", "initial_user"]
        .iter()
        .find_map(|key| element[*key].as_str())
        .map(|value| plain(names.name(value), names))
        .unwrap_or_else(|| plain_text(&element["initial_option"]["text"]));
    let optional = match block["optional"] == true {
        true => " (optional)",
        false => "",
    };
    let options = match options(element) {
        options if options.is_empty() => String::new(),
        options if options.len() > 4 => format!("({} options)", options.len()),
        options => format!("(one of: {})", options.join("; ")),
    };
    let parts = [format!("{label}{optional}:"), value, options];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" ")
}

pub(super) fn modal(view: &Value, names: &Names) -> Vec<String> {
    let blocks = view["blocks"].as_array().into_iter().flatten();
    let title = [plain_text(&view["title"])].into_iter();
    let buttons = ["submit", "close"].map(|key| format!("[{}]", plain_text(&view[key])));
    title
        .chain(blocks.flat_map(|block| lines(block, names)))
        .chain([buttons.join(" ")])
        .collect()
}

pub(super) fn inputs(view: &Value) -> impl Iterator<Item = &Value> {
    let blocks = view["blocks"].as_array().into_iter().flatten();
    blocks.filter(|block| block["type"] == "input")
}

pub(super) fn has_button(block: &Value, label: &str) -> bool {
    let mut elements = block["elements"].as_array().into_iter().flatten();
    elements.any(|element| element["type"] == "button" && element["text"]["text"] == label)
}

/// The labels of an input's options.
pub(super) fn options(element: &Value) -> Vec<String> {
    let groups = element["option_groups"].as_array().into_iter().flatten();
    let grouped = groups.flat_map(|group| group["options"].as_array().into_iter().flatten());
    let alone = element["options"].as_array().into_iter().flatten();
    let all = alone.chain(grouped);
    all.map(|option| plain_text(&option["text"])).collect()
}

pub(super) fn plain_text(object: &Value) -> String {
    object["text"].as_str().unwrap_or_default().to_owned()
}

fn of(object: &Value, names: &Names) -> String {
    plain(object["text"].as_str().unwrap_or_default(), names)
}

/// Slack's mrkdwn as plain text: mentions by name, dates by their fallback, no bold marks.
pub(super) fn plain(text: &str, names: &Names) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<')
        && let Some((inside, behind)) = after.split_once('>')
    {
        shown.push_str(&without_bold(before));
        shown.push_str(&special(inside, names));
        rest = behind;
    }
    shown.push_str(&without_bold(rest));
    let shown = shown.replace("&lt;", "<").replace("&gt;", ">");
    shown.replace("&amp;", "&")
}

/// What is between `<` and `>`: a mention, a date, a link.
fn special(inside: &str, names: &Names) -> String {
    let (target, label) = match inside.rsplit_once('|') {
        Some((target, label)) => (target, Some(label)),
        None => (inside, None),
    };
    match (target.split_at_checked(1), label) {
        (Some((mark @ ("@" | "#"), id)), _) => format!("{mark}{}", names.name(id)),
        (Some(("!", _)), Some(fallback)) => fallback.to_owned(),
        (Some(("!", group)), None) => format!("@{group}"),
        (_, Some(label)) => format!("{label} ({target})"),
        (_, None) => target.to_owned(),
    }
}

/// Removes asterisks at the begin or the end of a word, and no others.
fn without_bold(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let ends = |neighbour: Option<&char>| neighbour.is_none_or(|c| !c.is_alphanumeric());
    let touches = |neighbour: Option<&char>| neighbour.is_some_and(|c| !c.is_whitespace());
    let is_mark = |at: usize| {
        let (before, after) = (
            at.checked_sub(1).map(|at| &letters[at]),
            letters.get(at + 1),
        );
        letters[at] == '*' && ((ends(before) && touches(after)) || (touches(before) && ends(after)))
    };
    let kept = (0..letters.len()).filter(|at| !is_mark(*at));
    kept.map(|at| letters[at]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn names() -> Names {
        let named = [("U1", "bea"), ("C1", "general")];
        Names(
            named
                .map(|(id, name)| (id.to_owned(), name.to_owned()))
                .into(),
        )
    }

    #[test]
    fn text_is_shown_with_names_and_without_marks() {
        for (sent, shown) in [
            ("*Update* from <@U1>: a &lt; b", "Update from @bea: a < b"),
            ("in <#C1|x>, <@U9>", "in #general, @U9"),
            ("<!date^17^{time}|09:00 UTC> now", "09:00 UTC now"),
            ("<https://e.org|the page>", "the page (https://e.org)"),
            ("2 * 3 * 4", "2 * 3 * 4"),
            ("a*b", "a*b"),
            ("broken <@U1", "broken <@U1"),
        ] {
            assert_eq!(plain(sent, &names()), shown, "{sent}");
        }
    }

    #[test]
    fn a_message_and_a_modal_are_shown_whole() {
        let actions = json!({"type": "actions", "elements": [{"text": {"text": "Resolve"}}]});
        let blocks = [
            json!({"type": "header", "text": {"text": "P1 #1"}}),
            json!({"type": "section", "fields": [{"type": "mrkdwn", "text": "*Service*\napi"}]}),
            actions,
        ];
        let shown = message(&blocks, "", &names());
        assert_eq!(shown, ["P1 #1", "Service: api", "[Resolve]"]);
        let option = |text: &str| json!({"text": {"text": text}});
        let view = json!({"title": {"text": "Declare"}, "submit": {"text": "Go"},
            "close": {"text": "Cancel"}, "blocks": [
            {"type": "input", "label": {"text": "Severity"}, "element":
                {"options": [option("P1"), option("P2")], "initial_option": option("P2")}},
            {"type": "input", "label": {"text": "Commander"}, "optional": true, "element": {}}]});
        let shown = modal(&view, &names());
        assert_eq!(shown[1], "Severity: P2 (one of: P1; P2)");
        assert_eq!(shown[2..], ["Commander (optional):", "[Go] [Cancel]"]);
    }
}
