//! Text in Slack's mrkdwn: escaped in one place, split without ever cutting a mark or an escape.
//!
//! `&`, `<` and `>` are all that can do harm (every mention and link needs `<`), so plain text is
//! escaped and otherwise left as it was typed. Widths are counted in UTF-16 units after escaping,
//! the most that Slack may count. <https://docs.slack.dev/messaging/formatting-message-text>

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

/// Escapes plain text.
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

/// Plain text for an object that Slack calls plain too (a header, a button): what looks like a mark
/// of Slack's is taken apart by a space without width, should anybody ever read it as one.
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

/// Shortens plain text to at most `most` units, with an ellipsis in the place of what is gone.
pub(crate) fn cut(text: &str, most: usize) -> String {
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

/// Escapes plain text and shortens it to at most `most` units, never inside an escape.
pub(crate) fn cut_escaped(text: &str, most: usize) -> String {
    let whole = escape(text);
    if width(&whole) <= most {
        return whole;
    }
    let mut kept = String::new();
    let mut used = 1;
    for char in text.chars() {
        let mut one = String::new();
        push_escaped(&mut one, char);
        used += width(&one);
        if used > most {
            break;
        }
        kept.push_str(&one);
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
    let mut splitter = Splitter::new(most);
    for span in &text.0 {
        match span {
            Span::Text(plain) => splitter.text(plain),
            other => marked(other).for_each(|whole| splitter.whole(&whole)),
        }
    }
    splitter.finish()
}

/// Plain text in a fixed-width block, in pieces of at most `most` units.
pub(crate) fn split_preformatted(text: &str, most: usize) -> Vec<String> {
    let mut splitter = Splitter::new(most - 8);
    splitter.text(&text.replace("```", "ˋˋˋ"));
    let pieces = splitter.finish().into_iter();
    pieces.map(|piece| format!("```\n{piece}\n```")).collect()
}

/// A text in one piece of at most `most` units.
pub(crate) fn one(text: &Text, most: usize) -> String {
    let mut pieces = split(text, most - 1).into_iter();
    let first = pieces.next().unwrap_or_default();
    match pieces.next() {
        Some(_) => first + "…",
        None => first,
    }
}

/// A span that carries marks, in runs that must stay whole.
fn marked(span: &Span) -> impl Iterator<Item = String> {
    let runs: Vec<String> = match span {
        Span::Text(plain) => vec![escape(plain)],
        Span::Bold(plain) => wrapped(&plain.replace('*', "∗"), '*'),
        Span::Code(plain) => wrapped(&plain.replace('`', "ˋ"), '`'),
        Span::Person(id) => vec![format!("<@{}>", escape(id.as_str()))],
        Span::Room(id) => vec![format!("<#{}>", escape(id.as_str()))],
        Span::Time(at) => vec![time(*at)],
        Span::Link { url, label } => vec![link(url, label)],
    };
    runs.into_iter()
}

/// Slack wants no space just inside of a mark, and no line break within.
fn wrapped(plain: &str, mark: char) -> Vec<String> {
    let line: String = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut runs = Vec::new();
    let mut run = String::new();
    for char in line.chars() {
        push_escaped(&mut run, char);
        if width(&run) >= RUN {
            runs.push(std::mem::take(&mut run));
        }
    }
    runs.push(run);
    let marks = runs.iter().map(|run| run.trim());
    let marks = marks.filter(|run| !run.is_empty());
    marks.map(|run| format!("{mark}{run}{mark}")).collect()
}

fn time(at: DateTime<Utc>) -> String {
    let fallback = at.format("%Y-%m-%d %H:%M UTC");
    let seconds = at.timestamp();
    format!("<!date^{seconds}^{{date_short_pretty}} {{time}}|{fallback}>")
}

/// A link of ours; a label cannot hold `|` or a line break, an address no `|`, `<` or `>`.
fn link(url: &str, label: &str) -> String {
    let url = escape(&url.replace('|', "%7C").replace(['<', '>'], ""));
    let label = cut(label, RUN).replace(['|', '\n'], " ");
    format!("<{url}|{}>", escape(label.trim()))
}

struct Splitter {
    most: usize,
    pieces: Vec<String>,
    now: String,
    used: usize,
    /// Behind the last line break or space of `now`: where it may be cut.
    line: usize,
    space: usize,
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
        }
    }

    fn text(&mut self, plain: &str) {
        let mut one = String::new();
        for char in plain.chars() {
            one.clear();
            push_escaped(&mut one, char);
            self.whole(&one);
            if char == '\n' {
                self.line = self.now.len();
            }
            if char.is_whitespace() {
                self.space = self.now.len();
            }
        }
    }

    fn whole(&mut self, rendered: &str) {
        let more = width(rendered);
        if self.used + more > self.most && !self.now.is_empty() {
            self.cut_off();
        }
        self.now.push_str(rendered);
        self.used += more;
    }

    /// Ends a piece at its last line break, unless that leaves most of it behind.
    fn cut_off(&mut self) {
        let at = [self.line, self.space]
            .into_iter()
            .find(|at| *at > self.now.len() / 2)
            .unwrap_or(self.now.len());
        let rest = self.now.split_off(at);
        self.pieces.push(std::mem::replace(&mut self.now, rest));
        self.used = width(&self.now);
        self.line = 0;
        self.space = 0;
    }

    fn finish(mut self) -> Vec<String> {
        self.pieces.push(self.now);
        let trimmed = self.pieces.iter().map(|piece| piece.trim_matches('\n'));
        let said = trimmed.filter(|piece| !piece.trim().is_empty());
        said.map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{ChannelId, UserId};

    #[test]
    fn text_can_never_mention_or_link() {
        let hostile = Text::plain("<!channel> & <https://evil|x>")
            .bold("<@U1>*")
            .code("`<#C1>`");
        let words = one(&hostile, SECTION);
        assert!(!words.contains('<'), "{words}");
        assert!(words.starts_with("&lt;!channel&gt; &amp; "), "{words}");
        assert!(words.ends_with("*&lt;@U1&gt;∗*`ˋ&lt;#C1&gt;ˋ`"), "{words}");
    }

    #[test]
    fn marks_of_ours_become_slacks() {
        let text = Text(vec![
            Span::Person(UserId::new("U1").unwrap()),
            Span::Room(ChannelId::new("C1").unwrap()),
            Span::Time(DateTime::from_timestamp(1_700_000_000, 0).unwrap()),
            Span::Link {
                url: "https://a.b/?x=1&y=|".into(),
                label: "see | <here>".into(),
            },
        ]);
        let date = "<!date^1700000000^{date_short_pretty} {time}|2023-11-14 22:13 UTC>";
        let link = "<https://a.b/?x=1&amp;y=%7C|see   &lt;here&gt;>";
        assert_eq!(one(&text, SECTION), format!("<@U1><#C1>{date}{link}"));
    }

    #[test]
    fn a_long_text_is_split_within_the_limit_and_never_inside_an_escape_or_a_mark() {
        let person = Span::Person(UserId::new("U0123456789").unwrap());
        for filler in ["&", "a&b ", "🔥", "line\n", "word "] {
            let mut text = Text::plain(filler.repeat(2000));
            for _ in 0..200 {
                text.0.push(person.clone());
                text = text.and(filler.repeat(9)).bold("<b>".repeat(300));
            }
            let pieces = split(&text, SECTION);
            assert!(pieces.len() > 2);
            for piece in &pieces {
                assert!(width(piece) <= SECTION, "{} is too wide", width(piece));
                let after = piece
                    .replace("&amp;", "")
                    .replace("&lt;", "")
                    .replace("&gt;", "");
                assert!(!after.contains('&'), "cut inside an escape");
                assert_eq!(after.matches('<').count(), after.matches('>').count());
            }
        }
    }

    #[test]
    fn lines_stay_whole_where_they_fit() {
        let pieces = split(&Text::plain("one line\n".repeat(500)), 100);
        assert!(pieces.iter().all(|piece| piece.ends_with("one line")));
        assert_eq!(pieces.iter().map(|p| p.lines().count()).sum::<usize>(), 500);
    }

    #[test]
    fn what_is_cut_says_so_and_fits() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
        assert_eq!(cut_escaped("&&&&", 12), "&amp;&amp;…");
        assert!(width(&cut(&"🔥".repeat(50), 75)) <= 75);
    }

    #[test]
    fn blank_text_has_no_pieces() {
        assert_eq!(split(&Text::plain(" \n "), 100), Vec::<String>::new());
        assert_eq!(one(&Text::default(), 100), "");
    }
}
