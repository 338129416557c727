//! mrkdwn: what is sent of a text, and that Slack reads it as it was meant.

use super::*;
use crate::domain::ids::{ChannelId, UserId};

#[test]
fn text_can_never_mention_or_link() {
    let hostile = Text::plain("<!channel> & <https://evil|x>")
        .bold("<@U1>*")
        .code("`<#C1>`");
    let words = truncate(&hostile, SECTION);
    assert!(!words.contains('<'), "{words}");
    assert!(words.starts_with("&lt;!channel&gt; &amp; "), "{words}");
    let marked = "\u{200b}*&lt;@U1&gt;∗*\u{200b}`ˋ&lt;#C1&gt;ˋ`";
    assert!(words.ends_with(marked), "{words}");
}

#[test]
fn marks_of_ours_become_slacks() {
    let text = Text(vec![
        Span::Person(UserId::new("U1").unwrap()),
        Span::Channel(ChannelId::new("C1").unwrap()),
        Span::Time(DateTime::from_timestamp(1_700_000_000, 0).unwrap()),
        Span::Link {
            url: "https://a.b/?x=1&y=|".into(),
            label: "see | <here>".into(),
        },
    ]);
    let date = "<!date^1700000000^{date_short_pretty} {time}|2023-11-14 22:13 UTC>";
    let link = "<https://a.b/?x=1&amp;y=%7C|see   &lt;here&gt;>";
    assert_eq!(truncate(&text, SECTION), format!("<@U1><#C1>{date}{link}"));
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
    assert_eq!(truncate_plain("abcdef", 4), "abc…");
    assert_eq!(truncate_plain("abcd", 4), "abcd");
    assert_eq!(truncate(&Text::plain("&&&&"), 12), "&amp;&amp;…");
    assert!(width(&truncate_plain(&"🔥".repeat(50), 75)) <= 75);
}

#[test]
fn blank_text_has_no_pieces() {
    assert_eq!(split(&Text::plain(" \n "), 100), Vec::<String>::new());
    assert_eq!(truncate(&Text::default(), 100), "");
}

#[test]
fn what_no_mark_can_pair_with_is_sent_as_it_was_typed() {
    for typed in [
        "snake_case and another_one",
        "2 * 3 * 4",
        "2*3*4",
        "~5 min, then ~3 min",
        "* one\n* two",
        "f(*args",
        "5* at best",
        "it costs _",
    ] {
        assert_eq!(truncate(&Text::plain(typed), SECTION), typed);
    }
    let text = Text::default().bold("Last update: ").and("hello_world");
    assert_eq!(truncate(&text, SECTION), "*Last update:* hello_world");
    let text = Text::plain("(").bold("note").and("), ").code("/incident");
    assert_eq!(truncate(&text, SECTION), "(*note*), `/incident`");
}

#[test]
fn what_was_typed_is_never_read_as_a_quotation() {
    assert_eq!(truncate(&Text::plain("> so"), SECTION), "\u{200b}&gt; so");
    assert_eq!(truncate(&Text::plain("a > b"), SECTION), "a &gt; b");
}

mod reading {
    //! Slack's rules as a reader of its own, and random texts that must come back as they were.

    use super::*;
    use rand::rngs::StdRng;
    use rand::seq::IndexedRandom;
    use rand::{Rng, SeedableRng};

    /// How a character is shown.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Style {
        Plain,
        Bold,
        Code,
        /// What no text of ours is ever to be.
        Italic,
        Struck,
        Quoted,
    }

    /// What a person sees: characters and tags, each with its style.
    type Seen = Vec<(Style, String)>;

    /// Which characters may stand beside a mark that formats.
    #[derive(Debug, Clone, Copy)]
    enum Reader {
        /// As few as were measured: our own marks must be read even then.
        Strict,
        /// As many as possible: no typed mark may be read even then.
        Lenient,
    }

    impl Reader {
        fn opens(self, before: Option<char>, behind: Option<char>) -> bool {
            let apart = match (self, before) {
                (_, None) => true,
                (Self::Strict, Some(c)) => c.is_whitespace() || c == '(' || c == '\u{200b}',
                (Self::Lenient, Some(c)) => !c.is_alphanumeric(),
            };
            apart && behind.is_some_and(|c| !c.is_whitespace())
        }

        fn closes(self, before: char, behind: Option<char>) -> bool {
            let apart = match (self, behind) {
                (_, None) => true,
                (Self::Strict, Some(c)) => c.is_whitespace() || ".,:;!?)\u{200b}".contains(c),
                (Self::Lenient, Some(c)) => !c.is_alphanumeric(),
            };
            apart && !before.is_whitespace()
        }

        fn read(self, sent: &str) -> Seen {
            let mut seen = Seen::new();
            for (number, line) in sent.split('\n').enumerate() {
                if number > 0 {
                    seen.push((Style::Plain, "\n".into()));
                }
                let style = match line.starts_with("&gt;") {
                    true => Style::Quoted,
                    false => Style::Plain,
                };
                let chars: Vec<char> = line.chars().collect();
                self.line(&chars, style, &mut seen);
            }
            seen
        }

        fn line(self, line: &[char], style: Style, seen: &mut Seen) {
            let at = |i: usize| line.get(i).copied();
            let mut i = 0;
            while i < line.len() {
                let c = line[i];
                if c == '<' {
                    let end = (i..line.len())
                        .find(|j| line[*j] == '>')
                        .expect("a tag ends");
                    seen.push((style, line[i..=end].iter().collect()));
                    i = end + 1;
                    continue;
                }
                let inner = match c {
                    '*' => Some(Style::Bold),
                    '_' => Some(Style::Italic),
                    '~' => Some(Style::Struck),
                    '`' => Some(Style::Code),
                    _ => None,
                };
                let before = i.checked_sub(1).and_then(at);
                let end = inner
                    .filter(|_| self.opens(before, at(i + 1)))
                    .and_then(|_| {
                        let mut ends = i + 2..line.len();
                        ends.find(|j| line[*j] == c && self.closes(line[*j - 1], at(*j + 1)))
                    });
                match (inner, end) {
                    (Some(Style::Code), Some(end)) => {
                        plainly(&line[i + 1..end], Style::Code, seen);
                        i = end + 1;
                    }
                    (Some(inner), Some(end)) => {
                        self.line(&line[i + 1..end], inner, seen);
                        i = end + 1;
                    }
                    _ => i += plainly_one(line, i, style, seen),
                }
            }
        }
    }

    fn plainly(line: &[char], style: Style, seen: &mut Seen) {
        let mut i = 0;
        while i < line.len() {
            i += plainly_one(line, i, style, seen);
        }
    }

    /// Reads one character or one escape. Returns how many characters it consists of.
    fn plainly_one(line: &[char], i: usize, style: Style, seen: &mut Seen) -> usize {
        for (escape, char) in [("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] {
            if line[i..]
                .iter()
                .take(escape.len())
                .copied()
                .eq(escape.chars())
            {
                seen.push((style, char.into()));
                return escape.len();
            }
        }
        assert!(line[i] != '&', "a bare ampersand");
        seen.push((style, line[i].into()));
        1
    }

    /// What is to be seen of a text.
    fn meant(text: &Text) -> Seen {
        let mut seen = Seen::new();
        for span in &text.0 {
            let (style, plain) = match span {
                Span::Text(plain) => (Style::Plain, plain),
                Span::Bold(plain) => (Style::Bold, plain),
                Span::Code(plain) => (Style::Code, plain),
                tag => {
                    let tag = truncate(&Text(vec![tag.clone()]), SECTION);
                    seen.push((Style::Plain, tag));
                    continue;
                }
            };
            seen.extend(plain.chars().map(|c| (style, c.to_string())));
        }
        seen
    }

    /// Without what has no width or is white space, and with lookalikes as what they stand for.
    fn compared(seen: Seen) -> Seen {
        let alike = |text: String| match text.as_str() {
            "∗" => "*".to_owned(),
            "\u{2cd}" => "_".to_owned(),
            "∼" => "~".to_owned(),
            "ˋ" => "`".to_owned(),
            _ => text,
        };
        let seen = seen.into_iter().map(|(style, text)| (style, alike(text)));
        let blank = |text: &str| text.trim().is_empty() || text == "\u{200b}";
        seen.filter(|(_, text)| !blank(text)).collect()
    }

    fn words(random: &mut StdRng, longest: usize) -> String {
        const LETTERS: &[&str] = &[
            "a",
            "b",
            "é",
            "決",
            "7",
            " ",
            " ",
            "\n",
            "*",
            "*",
            "_",
            "_",
            "~",
            "`",
            "```",
            ".",
            ":",
            "(",
            ")",
            "&",
            "<",
            ">",
            "|",
            "#",
            "@",
            "snake_case",
            "🔥",
            "e\u{301}",
        ];
        let length = random.random_range(0..=longest);
        let letters = (0..length).map(|_| *LETTERS.choose(random).unwrap());
        letters.collect()
    }

    fn text(random: &mut StdRng) -> Text {
        let spans = (0..random.random_range(1..9)).map(|_| match random.random_range(0..9) {
            0..4 => Span::Text(words(random, 12)),
            4 | 5 => Span::Bold(words(random, 6)),
            6 => Span::Code(words(random, 6)),
            7 => Span::Person(UserId::new("U1").unwrap()),
            _ => Span::Link {
                url: "https://e.org/a_b".into(),
                label: words(random, 4),
            },
        });
        Text(spans.collect())
    }

    #[test]
    fn random_parts_are_read_back_as_they_were_by_any_reader_of_slacks_rules() {
        for seed in 0..6_000 {
            let text = text(&mut StdRng::seed_from_u64(seed));
            let sent = truncate(&text, SECTION);
            for reader in [Reader::Strict, Reader::Lenient] {
                let (seen, meant) = (compared(reader.read(&sent)), compared(meant(&text)));
                assert_eq!(
                    seen, meant,
                    "{seed}, {reader:?}: {text:?} was sent as {sent:?}"
                );
            }
        }
    }

    #[test]
    fn parts_stay_what_they_are_where_a_long_text_is_cut() {
        for seed in 0..2_000 {
            let mut random = StdRng::seed_from_u64(seed);
            let text = Text((0..6).flat_map(|_| text(&mut random).0).collect());
            let pieces = split(&text, 90);
            assert!(pieces.iter().all(|piece| width(piece) <= 90), "{pieces:?}");
            for reader in [Reader::Strict, Reader::Lenient] {
                let seen = pieces.iter().flat_map(|piece| reader.read(piece)).collect();
                let (seen, meant) = (compared(seen), compared(meant(&text)));
                assert_eq!(
                    seen, meant,
                    "{seed}, {reader:?}: {text:?} was sent as {pieces:?}"
                );
            }
        }
    }
}
