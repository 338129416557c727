//! Text in Slack's mrkdwn: escaped here, and split without cutting a mark or an escape.
//!
//! `&`, `<` and `>` are escaped in plain text, because every mention and link needs `<`. No part of a text
//! can format another one: `literal` replaces marks that were typed, and every mark of ours is
//! between boundaries (docs/adr/0011-mrkdwn-between-boundaries.md). Widths are
//! counted in UTF-16 units after escaping, the most that Slack may count.
//! <https://docs.slack.dev/messaging/formatting-message-text>

use super::literal::{self, APART, Unit};
use crate::domain::text::{Span, Text};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// The longest text of a section or a context element.
pub(crate) const SECTION: usize = 3000;

/// The longest run that is kept together when it carries marks of its own, such as bold.
const RUN: usize = 500;

/// How wide Slack may count a text.
pub(crate) fn width(text: &str) -> usize {
    text.encode_utf16().count()
}

pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    text.chars()
        .for_each(|char| push_escaped(&mut escaped, char));
    escaped
}

fn push_escaped(to: &mut String, char: char) {
    match char {
        '&' => to.push_str("&amp;"),
        '<' => to.push_str("&lt;"),
        '>' => to.push_str("&gt;"),
        '\0' => to.push('\u{fffd}'),
        other => to.push(other),
    }
}

/// Plain text for a `plain_text` object. A zero-width space separates what looks like a mention or a
/// link, in case a client reads it as one.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        plain.push(char);
        if char == '<' && matches!(chars.peek(), Some('!' | '@' | '#' | 'h' | 'm')) {
            plain.push('\u{200b}');
        }
    }
    plain
}

/// A `plain_text` object of at most `most` units; Slack refuses an empty one.
pub(crate) fn plain_text(text: &str, most: usize) -> Value {
    let text = truncate_plain(text, most);
    let text = if text.trim().is_empty() { "–" } else { &text };
    json!({"type": "plain_text", "text": text, "emoji": true})
}

/// Shortens plain text to at most `most` units, with an ellipsis in the place of what is gone.
pub(crate) fn truncate_plain(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for char in text.chars() {
        used += char.len_utf16();
        if used > most {
            break;
        }
        kept.push(char);
    }
    kept.push('…');
    kept
}

/// A text object. `verbatim`: Slack makes no links and mentions of its own out of it.
pub(crate) fn object(mrkdwn: &str) -> Value {
    json!({"type": "mrkdwn", "text": mrkdwn, "verbatim": true})
}

/// A text in pieces of at most `most` units, cut at line breaks where there are any, else at
/// spaces, else between characters. Blank text has no pieces.
pub(crate) fn split(text: &Text, most: usize) -> Vec<String> {
    let mut units = Vec::new();
    for span in &text.0 {
        put(&mut units, span);
    }
    literal::shield(&mut units);
    let mut splitter = Splitter::new(most);
    for unit in &units {
        splitter.unit(unit);
    }
    splitter.finish()
}

/// Plain text in a fixed-width block, in pieces of at most `most` units.
pub(crate) fn split_preformatted(text: &str, most: usize) -> Vec<String> {
    let mut splitter = Splitter::new(most - 8);
    for char in text.replace("```", "ˋˋˋ").chars() {
        splitter.char(char);
    }
    let pieces = splitter.finish().into_iter();
    pieces.map(|piece| format!("```\n{piece}\n```")).collect()
}

/// A text in one piece of at most `most` units.
pub(crate) fn truncate(text: &Text, most: usize) -> String {
    let mut whole = split(text, most);
    if whole.len() > 1 {
        whole = split(text, most - 2);
        whole.truncate(1);
        // A closing mark must not be next to the ellipsis.
        let marked = whole[0].ends_with(['*', '`']);
        whole[0].push_str(if marked { " …" } else { "…" });
    }
    whole.pop().unwrap_or_default()
}

fn put(units: &mut Vec<Unit>, span: &Span) {
    match span {
        Span::Text(plain) => units.extend(plain.chars().map(Unit::Typed)),
        Span::Bold(plain) => put_marked(units, plain, '*'),
        Span::Code(plain) => put_marked(units, plain, '`'),
        Span::Person(id) => units.push(Unit::Tag(format!("<@{}>", escape(id.as_str())))),
        Span::Channel(id) => units.push(Unit::Tag(format!("<#{}>", escape(id.as_str())))),
        Span::Time(at) => units.push(Unit::Tag(time(*at))),
        Span::Link { url, label } => units.push(Unit::Tag(link(url, label))),
    }
}

/// Between marks, in runs that must stay whole. Slack wants no space just inside of a mark and no
/// line break within: a space at an end moves outside.
fn put_marked(units: &mut Vec<Unit>, plain: &str, mark: char) {
    let line = plain.replace(char::is_whitespace, " ");
    let mut run = String::new();
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        push_escaped(&mut run, char);
        if width(&run) < RUN && chars.peek().is_some() {
            continue;
        }
        let text = run.trim_matches(' ');
        let ahead = run.len() - run.trim_start_matches(' ').len();
        let behind = run.len() - ahead - text.len();
        units.extend(std::iter::repeat_n(Unit::Typed(' '), ahead));
        if !text.is_empty() {
            let text = literal::inside_marks(text, mark);
            units.push(Unit::Marked(format!("{mark}{text}{mark}")));
            units.extend(std::iter::repeat_n(Unit::Typed(' '), behind));
        }
        run.clear();
    }
}

fn time(at: DateTime<Utc>) -> String {
    let fallback = at.format("%Y-%m-%d %H:%M UTC");
    let seconds = at.timestamp();
    format!("<!date^{seconds}^{{date_short_pretty}} {{time}}|{fallback}>")
}

/// A link of ours; a label cannot hold `|` or a line break, an address no `|`, `<` or `>`.
fn link(url: &str, label: &str) -> String {
    let url = escape(&url.replace('|', "%7C").replace(['<', '>'], ""));
    let label = truncate_plain(label, RUN).replace(['|', '\n'], " ");
    let label = literal::inside_marks(label.trim(), '*');
    format!("<{url}|{}>", escape(&label))
}

/// Where a piece was ended.
#[derive(PartialEq)]
enum Cut {
    AtASpace,
    WithinAWord,
}

struct Splitter {
    most: usize,
    pieces: Vec<String>,
    now: String,
    used: usize,
    /// Behind the last line break or space of `now`: where it may be cut.
    line: usize,
    space: usize,
    /// Whether `now` ends with a mark of ours that closes.
    closed: bool,
}

impl Splitter {
    fn new(most: usize) -> Self {
        Self {
            most,
            pieces: Vec::new(),
            now: String::new(),
            used: 0,
            line: 0,
            space: 0,
            closed: false,
        }
    }

    fn unit(&mut self, unit: &Unit) {
        match unit {
            Unit::Typed(char) => self.char(*char),
            Unit::Tag(whole) => {
                self.append(whole, |now| now.closed);
            }
            Unit::Marked(whole) => {
                self.append(whole, |now| {
                    let before = now.now.chars().next_back();
                    now.closed || !literal::may_open_behind(before)
                });
                self.closed = true;
            }
        }
    }

    fn char(&mut self, char: char) {
        let mut one = String::new();
        push_escaped(&mut one, char);
        self.append(&one, |now| {
            // At the beginning of a line Slack takes it for a quotation.
            let begins = now.now.is_empty() || now.now.ends_with('\n');
            let touches = now.closed && !literal::may_close_before(Some(char));
            touches || (begins && char == '>')
        });
        if char == '\n' {
            self.line = self.now.len();
        }
        if char.is_whitespace() {
            self.space = self.now.len();
        }
    }

    /// Adds what stays whole, in a piece of its own when this one cannot hold it.
    fn append(&mut self, rendered: &str, is_set_apart: impl Fn(&Self) -> bool) {
        let mut apart = is_set_apart(self);
        let mut is_within_a_word = false;
        let more = width(rendered) + usize::from(apart);
        if self.used + more > self.most && !self.now.is_empty() {
            is_within_a_word = self.cut_off() == Cut::WithinAWord;
            apart = is_set_apart(self);
        }
        if apart {
            self.now.push(APART);
        }
        match rendered.chars().next() {
            // What was in the middle of a word is at an end now.
            Some(char) if is_within_a_word && rendered.len() == 1 => {
                self.now.push(literal::lookalike(char));
            }
            _ => self.now.push_str(rendered),
        }
        self.used += width(rendered) + usize::from(apart);
        self.closed = false;
    }

    /// Ends a piece at its last line break, unless that leaves most of it behind.
    fn cut_off(&mut self) -> Cut {
        let mut places = [self.line, self.space].into_iter();
        let place = places.find(|at| *at > self.now.len() / 2);
        let mut rest = match place {
            Some(at) => self.now.split_off(at),
            None => String::new(),
        };
        if rest.starts_with("&gt;") {
            rest.insert(0, APART);
        }
        let mut piece = std::mem::replace(&mut self.now, rest);
        if place.is_none() && !self.closed {
            let last = piece.pop();
            piece.extend(last.map(literal::lookalike));
        }
        self.pieces.push(piece);
        self.used = width(&self.now);
        self.line = 0;
        self.space = 0;
        self.closed &= !self.now.is_empty();
        match place {
            Some(_) => Cut::AtASpace,
            None => Cut::WithinAWord,
        }
    }

    fn finish(mut self) -> Vec<String> {
        self.pieces.push(self.now);
        let trimmed = self.pieces.iter().map(|piece| piece.trim_matches('\n'));
        let said = trimmed.filter(|piece| !piece.trim().is_empty());
        said.map(str::to_owned).collect()
    }
}

#[cfg(test)]
#[path = "mrkdwn_tests.rs"]
mod tests;
