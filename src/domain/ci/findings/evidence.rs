//! The excerpt that shows why.
//!
//! Secrets are removed before the text is cut: half a token is not recognized.

use crate::redact;

/// The longest excerpt, in bytes.
pub const EVIDENCE_BYTES: usize = 2048;
/// One line's share of it.
const LINE_BYTES: usize = 400;
const CUT: &str = "…";

/// The lines as one text.
pub(super) fn excerpt(lines: &[String]) -> String {
    let mut excerpt = String::new();
    // A key whose begin is not among the lines: the lines before its end may be part of it.
    let ends = lines.iter().position(|line| line.contains("-----END "));
    let begins = lines.iter().position(|line| line.contains("-----BEGIN "));
    let mut in_key = ends.is_some_and(|at| begins.is_none_or(|begin| begin > at));
    for line in lines {
        in_key |= line.contains("-----BEGIN ");
        let shown = match in_key {
            true => redact::REDACTED.into(),
            false => redact::scrub(line),
        };
        in_key &= !line.contains("-----END ");
        let mut end = shown.floor_char_boundary(LINE_BYTES);
        let cut = if end < shown.len() { CUT } else { "" };
        let left = EVIDENCE_BYTES.saturating_sub(excerpt.len() + cut.len() + 1);
        end = end.min(shown.floor_char_boundary(left));
        if left == 0 || (end == 0 && !shown.is_empty()) {
            break;
        }
        if !excerpt.is_empty() {
            excerpt.push('\n');
        }
        excerpt.push_str(&shown[..end]);
        excerpt.push_str(cut);
    }
    excerpt
}
