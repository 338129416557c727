//! Invisible characters, which are copied along with words from a page or a chat.
//!
//! A byte order mark, a zero-width space or a mark of direction makes `declare` another word to a
//! computer and the same one to its reader. [`trim`] removes them at the ends of any text; inside,
//! several scripts need them (a ZWNJ in Persian, a ZWJ in an emoji), so [`without`] is only for
//! words that are compared with words of ours.

use std::borrow::Cow;

/// Whether a character shows nothing and is not a space: format characters of Unicode, the old
/// variation selectors, and control characters.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
        || c.is_control()
}

/// Whether a character at the end of a text acts on the character before it: a variation selector
/// chooses how an emoji looks, and a closing mark of direction ends what an opening one began.
fn acts_backwards(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{202c}' | '\u{2069}')
}

/// The text without white space and invisible characters at its ends; empty when nothing is visible.
pub(crate) fn trim(text: &str) -> &str {
    trim_end(trim_start(text))
}

/// [`trim`] at the beginning only.
pub(crate) fn trim_start(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// [`trim`] at the end only.
pub(crate) fn trim_end(text: &str) -> &str {
    text.trim_end_matches(|c: char| c.is_whitespace() || (is_invisible(c) && !acts_backwards(c)))
}

/// The text without invisible format characters at its ends, and without the white space among them.
pub(crate) fn trim_marks(text: &str) -> &str {
    let mark = |c: char| is_invisible(c) && !c.is_control();
    match text.starts_with(mark) || text.ends_with(mark) {
        true => trim(text),
        false => text,
    }
}

/// A word without invisible characters, for comparison with a word of ours.
pub(crate) fn without(word: &str) -> Cow<'_, str> {
    if word.contains(is_invisible) {
        return Cow::Owned(word.replace(is_invisible, ""));
    }
    Cow::Borrowed(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_are_removed_at_the_ends_and_left_inside() {
        for (text, left) in [
            ("\u{feff}declare", "declare"),
            ("P3\u{200b}", "P3"),
            ("\u{a0}\u{2003}P3\u{ad}\u{200d} \u{2060}", "P3"),
            ("\u{200e}\u{202a}api\u{200f}", "api"),
            ("\u{8}api\u{7f}", "api"),
            ("\u{200b} \u{fe0f}\u{2069}", ""),
            ("", ""),
            // A word of Persian, and two emoji that would look different without their ends.
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("fixed \u{2764}\u{fe0f}", "fixed \u{2764}\u{fe0f}"),
            ("👩\u{200d}🚒", "👩\u{200d}🚒"),
            ("a \u{2067}שלום\u{2069}", "a \u{2067}שלום\u{2069}"),
        ] {
            assert_eq!(trim(text), left, "{text:?}");
        }
        for (word, bare) in [
            ("de\u{ad}clare", "declare"),
            ("\u{feff}P1", "P1"),
            ("grün", "grün"),
        ] {
            assert_eq!(without(word), bare, "{word:?}");
        }
    }
}
