//! What a process can read of the inbox: pairs of source and kind.
//!
//! Old and new versions run side by side, so a claim takes only what its process can read.

/// Pairs of source and kind, as the claims compare them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reads(Vec<String>);

impl Reads {
    /// Of sources and their kinds.
    pub fn new<'a>(sources: impl IntoIterator<Item = (&'a str, Vec<String>)>) -> Self {
        let pairs = sources.into_iter().flat_map(|(source, kinds)| {
            let pair = move |kind: String| format!("{source}/{kind}");
            kinds.into_iter().map(pair)
        });
        let mut pairs: Vec<String> = pairs.collect();
        pairs.sort();
        Self(pairs)
    }

    /// The kinds of one source.
    pub fn kinds_of(&self, source: &str) -> Vec<String> {
        let pairs = self.0.iter().filter_map(|pair| pair.split_once('/'));
        let own = pairs.filter(|(from, _)| *from == source);
        own.map(|(_, kind)| kind.to_owned()).collect()
    }

    pub(super) fn as_slice(&self) -> &[String] {
        &self.0
    }
}
