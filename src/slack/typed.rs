//! Reads text as Slack sends it: its escapes, mentions and links.
//!
//! Slack escapes `&`, `<` and `>`, and writes mentions of users and channels, and links, as `<…>`.
//! Everything is unescaped exactly once, here, so that the database has what was typed. A typed `<@U1>`
//! arrives escaped and stays text. No byte sequence may cause a panic.

use crate::domain::ids::{ChannelId, UserId};
use crate::domain::text::{Piece, Typed};

/// Unescapes `&amp;`, `&lt;` and `&gt;`, once; PostgreSQL's text holds no NUL, so it is replaced.
pub fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['&', '\0']) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = [
            ("&amp;", '&'),
            ("&lt;", '<'),
            ("&gt;", '>'),
            ("\0", '\u{fffd}'),
        ];
        let (width, meant) = known
            .into_iter()
            .find(|(mark, _)| rest.starts_with(mark))
            .map_or((1, '&'), |(mark, meant)| (mark.len(), meant));
        plain.push(meant);
        rest = &rest[width..];
    }
    plain.push_str(rest);
    plain
}

/// Reads text with Slack's mentions and links.
pub fn read(text: &str) -> Typed {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        plain.push_str(&unescape(&rest[..at]));
        rest = &rest[at..];
        // There is no second `<` before the `>`: without escaping, a single one is only a character.
        let end = rest[1..].find(['<', '>']).map(|end| end + 1);
        let Some(end) = end.filter(|end| rest.as_bytes()[*end] == b'>') else {
            plain.push('<');
            rest = &rest[1..];
            continue;
        };
        match mention_or_link(&rest[1..end]) {
            Some(Piece::Plain(words)) => plain.push_str(&words),
            Some(piece) => {
                flush(&mut plain, &mut pieces);
                pieces.push(piece);
            }
            None => plain.push_str(&unescape(&rest[..=end])),
        }
        rest = &rest[end + 1..];
    }
    plain.push_str(&unescape(rest));
    flush(&mut plain, &mut pieces);
    Typed(pieces)
}

fn flush(plain: &mut String, pieces: &mut Vec<Piece>) {
    if !plain.is_empty() {
        pieces.push(Piece::Plain(std::mem::take(plain)));
    }
}

/// Reads the text between `<` and `>`; `None` when it is neither a mention nor a link.
fn mention_or_link(inside: &str) -> Option<Piece> {
    let (head, label) = match inside.split_once('|') {
        Some((head, label)) => (head, unescape(label)),
        None => (inside, String::new()),
    };
    if let Some(id) = head.strip_prefix('@') {
        return UserId::new(id).ok().map(|id| Piece::Person(id, label));
    }
    if let Some(id) = head.strip_prefix('#') {
        return ChannelId::new(id).ok().map(|id| Piece::Channel(id, label));
    }
    if let Some(special) = head.strip_prefix('!') {
        return Some(Piece::Plain(special_mention(special, label)));
    }
    let begins = |schemes: [&str; 2]| schemes.iter().any(|scheme| head.starts_with(scheme));
    if begins(["http://", "https://"]) {
        return Some(Piece::Link(unescape(head), label));
    }
    // Not a web page: the person saw the label, or the address when there is none.
    begins(["mailto:", "tel:"]).then(|| match label.is_empty() {
        true => Piece::Plain(unescape(head)),
        false => Piece::Plain(label),
    })
}

/// `<!here>`, `<!subteam^S1|@oncall>`, `<!date^…|fallback>`: plain words, never a mention again.
fn special_mention(special: &str, label: String) -> String {
    if special.starts_with("date^") {
        return label;
    }
    let name = match special.split_once('^') {
        Some((_, id)) if label.is_empty() => unescape(id),
        Some(_) => label,
        None => unescape(special),
    };
    format!("@{}", name.trim_start_matches('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Piece {
        Piece::Plain(text.into())
    }

    #[test]
    fn what_was_typed_is_unescaped_exactly_once() {
        for (sent, typed) in [
            ("a &lt; b &amp; c &gt; d", "a < b & c > d"),
            ("&amp;lt;", "&lt;"),
            ("&", "&"),
            ("&nbsp;&amp", "&nbsp;&amp"),
            ("grün 日本 🔥", "grün 日本 🔥"),
            ("nul\0byte", "nul\u{fffd}byte"),
        ] {
            assert_eq!(unescape(sent), typed);
            assert_eq!(read(sent).to_plain(), typed);
        }
    }

    #[test]
    fn only_mentions_of_slack_become_people_and_channels() {
        let bea = Piece::Person(UserId::new("U1").unwrap(), "bea".into());
        let ops = Piece::Channel(ChannelId::new("C1").unwrap(), "ops".into());
        let table = [
            ("<@U1|bea> see", vec![bea.clone(), plain(" see")]),
            ("<#C1|ops>", vec![ops]),
            ("&lt;@U1&gt;", vec![plain("<@U1>")]),
            ("<!here> all", vec![plain("@here all")]),
            ("<!channel|channel>", vec![plain("@channel")]),
            ("<!subteam^S1|@oncall>", vec![plain("@oncall")]),
            ("<!subteam^S1>", vec![plain("@S1")]),
            (
                "<https://a.b/?x=1&amp;y=2>",
                vec![Piece::Link("https://a.b/?x=1&y=2".into(), String::new())],
            ),
            (
                "<http://a.b|a.b> ok",
                vec![Piece::Link("http://a.b".into(), "a.b".into()), plain(" ok")],
            ),
            (
                "<javascript:x|https://a.b>",
                vec![plain("<javascript:x|https://a.b>")],
            ),
            ("&lt;https://a.b|x&gt;", vec![plain("<https://a.b|x>")]),
            ("<mailto:a@b.c|a@b.c>", vec![plain("a@b.c")]),
            ("<@> <#> <x>", vec![plain("<@> <#> <x>")]),
            ("a < b <@U1|bea>", vec![plain("a < b "), bea]),
            ("<", vec![plain("<")]),
            ("<<>>", vec![plain("<<>>")]),
            ("", vec![]),
        ];
        for (sent, pieces) in table {
            assert_eq!(read(sent), Typed(pieces), "{sent}");
        }
    }
}
