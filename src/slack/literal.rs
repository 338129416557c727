//! What a person typed, so that Slack shows it literally.
//!
//! Slack formats `*x*`, `_x_`, `~x~` and `` `x` `` when the first mark can open (no letter or digit
//! before it, no space behind it) and the second can close (no letter or digit behind it). A typed
//! mark that could pair with another one, typed or ours, is shown as a lookalike; all others stay as
//! they are, such as those of `snake_case` and `2 * 3`. A space without width next to a mark does
//! not help: Slack formats across it. Slack's documentation does not state these rules; they were
//! measured: <https://github.com/pocka/slack-message-parser/issues/34>

/// The marks that Slack formats by, with what looks like them and means nothing.
const LOOKALIKES: [(char, char); 4] = [
    ('*', '\u{2217}'),
    ('_', '\u{2cd}'),
    ('~', '\u{223c}'),
    ('`', '\u{2cb}'),
];

/// A piece of a text in the order in which it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unit {
    /// A character of plain text, not escaped yet.
    Typed(char),
    /// Slack's own markup, sent whole: a mention, a moment, a link.
    Tag(String),
    /// Text between two marks of ours, sent whole.
    Marked(String),
}

/// The character next to a mark.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Space,
    Word,
    Other,
}

impl Side {
    fn of(unit: Option<&Unit>) -> Self {
        match unit {
            None => Self::Space,
            Some(Unit::Typed(char)) if char.is_whitespace() => Self::Space,
            Some(Unit::Typed(char)) if char.is_alphanumeric() => Self::Word,
            Some(Unit::Typed(_) | Unit::Tag(_) | Unit::Marked(_)) => Self::Other,
        }
    }
}

/// Shows every typed mark that could pair with another one as its lookalike.
pub(super) fn shield(units: &mut [Unit]) {
    for (mark, _) in LOOKALIKES {
        // Marks in code or in a URL count too: not every client reads those first.
        let holds = |unit: &Unit| match unit {
            Unit::Typed(_) => false,
            Unit::Tag(whole) | Unit::Marked(whole) => whole.contains(mark),
        };
        let roles: Vec<(usize, bool, bool)> = (0..units.len())
            .filter_map(|at| match &units[at] {
                Unit::Typed(char) if *char == mark => {
                    let (opens, closes) = roles(units, at);
                    Some((at, opens, closes))
                }
                unit => holds(unit).then_some((at, true, true)),
            })
            .collect();
        let first_opening = roles.iter().find(|role| role.1).map(|role| role.0);
        let last_closing = roles.iter().rfind(|role| role.2).map(|role| role.0);
        for (at, opens, closes) in roles {
            let pairs = (opens && last_closing.is_some_and(|last| last > at))
                || (closes && first_opening.is_some_and(|first| first < at));
            if let (Unit::Typed(char), true) = (&mut units[at], pairs) {
                *char = lookalike(*char);
            }
        }
    }
}

/// Whether the mark at this place can open, and whether it can close.
fn roles(units: &[Unit], at: usize) -> (bool, bool) {
    let before = Side::of(at.checked_sub(1).and_then(|at| units.get(at)));
    let behind = Side::of(units.get(at + 1));
    let is_code = units[at] == Unit::Typed('`');
    match (before, behind) {
        (Side::Space, Side::Space) => (false, false),
        // How Slack reads a grave accent within a word is not known.
        (Side::Word, Side::Word) => (is_code, is_code),
        (before, behind) => (
            before != Side::Word && behind != Side::Space,
            behind != Side::Word,
        ),
    }
}

/// Text between marks of ours: its own marks must not close them or open others.
pub(super) fn inside_marks(text: &str, mark: char) -> String {
    let shown = text.chars().map(|char| match mark {
        // Within code nothing is read but its end, and it is there to be copied.
        '`' if char != '`' => char,
        _ => lookalike(char),
    });
    shown.collect()
}

/// What looks like a mark and is none; every other character is itself.
pub(super) fn lookalike(char: char) -> char {
    let known = LOOKALIKES.iter().find(|(mark, _)| *mark == char);
    known.map_or(char, |(_, lookalike)| *lookalike)
}

/// Whether Slack reads a mark of ours behind this character as an opening one.
pub(super) fn may_open_behind(before: Option<char>) -> bool {
    before.is_none_or(|char| char.is_whitespace() || matches!(char, '(' | APART))
}

/// Whether Slack reads a mark of ours before this character as a closing one.
pub(super) fn may_close_before(behind: Option<char>) -> bool {
    behind.is_none_or(|char| char.is_whitespace() || ".,:;!?)\u{200b}".contains(char))
}

/// A zero-width space, which separates a mark of ours from the text next to it.
pub(super) const APART: char = '\u{200b}';
