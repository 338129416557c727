//! What a word that is not known was probably meant to be.

use super::Text;

/// How many typing errors a word is away from a name, when they are few enough: one in three characters.
/// The beginning of a name is near too.
pub fn slips(word: &str, name: &str) -> Option<usize> {
    let length = word.chars().count();
    let slips = strsim::damerau_levenshtein(word, name);
    let begins = length >= 3 && name.starts_with(word);
    (begins || slips <= name.len().min(length) / 3).then_some(slips)
}

/// At most three of the names, those with the fewest slips first.
pub fn three<T>(mut near: Vec<(usize, T)>) -> Vec<T> {
    near.sort_by_key(|(slips, _)| *slips);
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Goes on with what could have been meant, if there is anything.
pub fn did_you_mean(text: Text, meant: impl IntoIterator<Item = String>) -> Text {
    let mut text = text;
    let mut between = " Did you mean ";
    for one in meant {
        text = text.and(between).code(one);
        between = " or ";
    }
    match between {
        " or " => text.and("?"),
        _ => text,
    }
}
