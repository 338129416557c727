//! Renders Slack's blocks and modals as lines of text.
//!
//! Pure: JSON in, lines out. It reads what the workspace holds, never our own document model, so
//! that the demo shows what Slack received. Names come from a [`Names`]; no id is shown.

use serde_json::Value;
use std::collections::HashMap;

/// The widest line.
pub(super) const WIDTH: usize = 80;

/// The names that belong to ids.
#[derive(Default)]
pub(super) struct Names {
    pub(super) people: HashMap<String, String>,
    pub(super) rooms: HashMap<String, String>,
}

/// How a line looks on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Bold,
    Faint,
}

/// A line as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) ink: Ink,
    pub(super) text: String,
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pressable {
    pub(super) label: String,
    pub(super) action: String,
}

/// A message's body: its lines, and its buttons.
pub(super) fn message(blocks: &[Value], text: &str, names: &Names) -> (Vec<Line>, Vec<Pressable>) {
    let mut lines = Vec::new();
    let mut buttons = Vec::new();
    if blocks.is_empty() {
        put(&mut lines, Ink::Plain, &plain(text, names));
    }
    for block in blocks {
        match block["type"].as_str().unwrap_or_default() {
            "header" => put(&mut lines, Ink::Bold, &plain_text(&block["text"])),
            "section" => section(&mut lines, block, names),
            "context" => {
                for element in block["elements"].as_array().into_iter().flatten() {
                    put(&mut lines, Ink::Faint, &mrkdwn(element, names));
                }
            }
            "actions" => {
                let elements = block["elements"].as_array().into_iter().flatten();
                buttons.extend(elements.map(|element| Pressable {
                    label: plain_text(&element["text"]),
                    action: text_of(&element["action_id"]),
                }));
            }
            _ => {}
        }
    }
    (lines, buttons)
}

fn section(lines: &mut Vec<Line>, block: &Value, names: &Names) {
    if block.get("text").is_some() {
        put(lines, Ink::Plain, &mrkdwn(&block["text"], names));
    }
    for field in block["fields"].as_array().into_iter().flatten() {
        let words = mrkdwn(field, names);
        match words.split_once('\n') {
            Some((label, value)) => put(lines, Ink::Plain, &format!("{label:<13} {value}")),
            None => put(lines, Ink::Plain, &words),
        }
    }
}

/// A modal, with the values of its inputs.
pub(super) fn modal(view: &Value, names: &Names) -> Vec<Line> {
    let mut lines = Vec::new();
    put(&mut lines, Ink::Bold, &plain_text(&view["title"]));
    for block in view["blocks"].as_array().into_iter().flatten() {
        match block["type"].as_str().unwrap_or_default() {
            "section" => section(&mut lines, block, names),
            "input" => {
                let label = plain_text(&block["label"]);
                let optional = match block["optional"] == true {
                    true => "  (optional)",
                    false => "",
                };
                let shown = match entry(view, block, names) {
                    Some(value) => format!("[ {value} ]"),
                    None if block["element"]["type"] == "plain_text_input" => "[ … ]".to_owned(),
                    None => "[ choose ]".to_owned(),
                };
                put(
                    &mut lines,
                    Ink::Plain,
                    &format!("{label:<11} {shown}{optional}"),
                );
                let hint = plain_text(&block["hint"]);
                if !hint.is_empty() {
                    put(&mut lines, Ink::Faint, &format!("{:<11} {hint}", ""));
                }
                let options = options(&block["element"]).join("; ");
                if !options.is_empty() {
                    let options = format!("{:<11} one of: {options}", "");
                    put(&mut lines, Ink::Faint, &options);
                }
            }
            _ => {}
        }
    }
    let close = plain_text(&view["close"]);
    let submit = plain_text(&view["submit"]);
    put(&mut lines, Ink::Plain, &format!("[{close}]  [{submit}]"));
    lines
}

/// The inputs of a modal.
pub(super) fn inputs(view: &Value) -> impl Iterator<Item = &Value> {
    let blocks = view["blocks"].as_array().into_iter().flatten();
    blocks.filter(|block| block["type"] == "input")
}

/// An input's value: what was typed or chosen, else its initial value.
fn entry(view: &Value, block: &Value, names: &Names) -> Option<String> {
    let element = &block["element"];
    let (id, action) = (block["block_id"].as_str()?, element["action_id"].as_str()?);
    let typed = &view["state"]["values"][id][action];
    let of = |held: &Value, text: &str, option: &str, person: &str| {
        let chosen = &held[option]["text"]["text"];
        let person = held[person].as_str().map(|id| mention('@', id, names));
        let text = held[text].as_str().map(unescape);
        text.or(person)
            .or_else(|| chosen.as_str().map(str::to_owned))
            .filter(|value| !value.is_empty())
    };
    match typed.is_object() {
        true => of(typed, "value", "selected_option", "selected_user"),
        false => of(element, "initial_value", "initial_option", "initial_user"),
    }
}

/// The labels of an input's options, if it has options.
pub(super) fn options(element: &Value) -> Vec<String> {
    let groups = element["option_groups"].as_array().into_iter().flatten();
    let grouped = groups.flat_map(|group| group["options"].as_array().into_iter().flatten());
    let alone = element["options"].as_array().into_iter().flatten();
    let all = alone.chain(grouped);
    all.map(|option| plain_text(&option["text"])).collect()
}

fn put(lines: &mut Vec<Line>, ink: Ink, text: &str) {
    lines.extend(text.lines().map(|line| Line {
        ink,
        text: line.trim_end().to_owned(),
    }));
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The words of a plain text object.
pub(super) fn plain_text(object: &Value) -> String {
    text_of(&object["text"])
}

fn mrkdwn(object: &Value, names: &Names) -> String {
    plain(object["text"].as_str().unwrap_or_default(), names)
}

fn mention(mark: char, id: &str, names: &Names) -> String {
    let known = match mark {
        '@' => names.people.get(id),
        _ => names.rooms.get(id),
    };
    format!("{mark}{}", known.map_or(id, String::as_str))
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Slack's mrkdwn as plain text: mentions by name, dates by their fallback, without bold marks.
pub(super) fn plain(text: &str, names: &Names) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        shown.push_str(&unbold(&rest[..at]));
        let Some(end) = rest[at..].find('>').map(|end| at + end) else {
            rest = &rest[at..];
            break;
        };
        shown.push_str(&marked(&rest[at + 1..end], names));
        rest = &rest[end + 1..];
    }
    shown.push_str(&unbold(rest));
    unescape(&shown)
}

fn marked(inside: &str, names: &Names) -> String {
    let (target, label) = match inside.rsplit_once('|') {
        Some((target, label)) => (target, Some(label)),
        None => (inside, None),
    };
    if let Some(id) = target.strip_prefix('@') {
        return mention('@', id, names);
    }
    if let Some(id) = target.strip_prefix('#') {
        return mention('#', id, names);
    }
    match (target.starts_with('!'), label) {
        (true, Some(fallback)) => fallback.to_owned(),
        (true, None) => format!("@{}", &target[1..]),
        (false, Some(label)) => format!("{label} ({target})"),
        (false, None) => target.to_owned(),
    }
}

/// Removes the asterisks around bold words, where Slack would read them as bold marks.
fn unbold(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let at = |index: usize| letters.get(index).copied();
    let opens = |i: usize| {
        let before = i.checked_sub(1).and_then(at);
        letters[i] == '*'
            && before.is_none_or(|c| !c.is_alphanumeric())
            && at(i + 1).is_some_and(|c| !c.is_whitespace() && c != '*')
    };
    let closes = |i: usize| {
        letters[i] == '*'
            && !letters[i - 1].is_whitespace()
            && at(i + 1).is_none_or(|c| !c.is_alphanumeric())
    };
    let mut kept = String::new();
    let mut i = 0;
    while i < letters.len() {
        let line_end = (i..letters.len()).find(|j| letters[*j] == '\n');
        let line_end = line_end.unwrap_or(letters.len());
        let close = match opens(i) {
            true => (i + 2..line_end).find(|j| closes(*j)),
            false => None,
        };
        match close {
            Some(close) => {
                kept.extend(&letters[i + 1..close]);
                i = close + 1;
            }
            None => {
                kept.push(letters[i]);
                i += 1;
            }
        }
    }
    kept
}

/// A line in pieces of at most `most` characters, cut at spaces, each indented like the line.
pub(super) fn wrapped(line: &str, most: usize) -> Vec<String> {
    let indent: String = line.chars().take_while(|c| *c == ' ').collect();
    let mut pieces = Vec::new();
    let mut now = indent.clone();
    let mut empty = true;
    for word in line.trim_start().split(' ') {
        let width = now.chars().count() + usize::from(!empty) + word.chars().count();
        if width > most && !empty {
            pieces.push(std::mem::replace(&mut now, indent.clone()));
            empty = true;
        }
        if !empty {
            now.push(' ');
        }
        now.push_str(word);
        empty = false;
    }
    pieces.push(now);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn names() -> Names {
        let one = |id: &str, name: &str| HashMap::from([(id.to_owned(), name.to_owned())]);
        Names {
            people: one("U1", "bea"),
            rooms: one("C1", "general"),
        }
    }

    #[test]
    fn text_is_read_as_a_person_reads_it() {
        for (sent, read) in [
            ("*Update* from <@U1>: a &lt; b", "Update from @bea: a < b"),
            ("in <#C1|x>, <@U9>", "in #general, @U9"),
            ("<!date^17^{time}|09:00 UTC> now", "09:00 UTC now"),
            ("<https://e.org|the page>", "the page (https://e.org)"),
            ("2 * 3 * 4", "2 * 3 * 4"),
            ("a*b", "a*b"),
            ("*open", "*open"),
            ("broken <@U1", "broken <@U1"),
        ] {
            assert_eq!(plain(sent, &names()), read, "{sent}");
        }
    }

    #[test]
    fn a_message_shows_all_its_words_and_its_buttons() {
        let blocks = [
            json!({"type": "header", "text": {"type": "plain_text", "text": "P1 #1"}}),
            json!({"type": "section", "fields": [{"type": "mrkdwn", "text": "*Service*\napi"}]}),
            json!({"type": "actions", "elements": [
                {"type": "button", "action_id": "resolved", "text": {"text": "Resolve"}}]}),
        ];
        let (lines, buttons) = message(&blocks, "", &names());
        let words: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(words, ["P1 #1", "Service       api"]);
        assert_eq!(buttons[0].action, "resolved");
    }

    #[test]
    fn a_long_line_is_cut_at_spaces_and_keeps_its_indent() {
        assert_eq!(wrapped("  one two three", 9), ["  one two", "  three"]);
        assert_eq!(wrapped("abcdefghij k", 4), ["abcdefghij", "k"]);
        assert_eq!(wrapped("", 4), [""]);
    }
}
