//! Text that comes from GitHub, in Markdown: in code only, where no markup, mention or reference counts.

use crate::{invisible, redact};

/// The longest name, in characters.
const LONGEST: usize = 200;

/// A name as a span of code, on one line.
pub fn code(text: &str) -> String {
    let text = one_line(text);
    let ticks = "`".repeat(longest_run(&text) + 1);
    // A span that begins or ends with a backtick needs a space, which is not shown.
    let space = match text.starts_with('`') || text.ends_with('`') || text.is_empty() {
        true => " ",
        false => "",
    };
    format!("{ticks}{space}{text}{space}{ticks}")
}

/// Lines as a block of code.
pub fn fenced(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = redact::scrub(line).replace(char::is_control, " ");
        invisible::without(&line).into_owned()
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    format!("{fence}text\n{text}\n{fence}")
}

/// A label of ours, which leads to a page of GitHub; without an address, the label alone.
pub fn link(label: &str, url: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#=&%".contains(c);
    let is_url = url.starts_with("https://") || url.starts_with("http://");
    match is_url && url.chars().all(is_plain) {
        true => format!("[{label}]({url})"),
        false => label.to_owned(),
    }
}

/// A name for a title, which has no markup.
pub(super) fn one_line(text: &str) -> String {
    let text = redact::scrub(text).replace(char::is_control, " ");
    let text = invisible::without(&text);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    let mut short: String = line.chars().take(LONGEST - 1).collect();
    short.push('…');
    short
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_holds_whatever_a_name_contains() {
        for (text, wanted) in [
            ("a::b", "`a::b`"),
            ("@ada #7\n<img src=x>", "`@ada #7 <img src=x>`"),
            ("`x` ``y``", "``` `x` ``y`` ```"),
            ("", "`  `"),
            ("ghp_0123456789abcdefghij0123456789abcdef", "`[redacted]`"),
        ] {
            assert_eq!(code(text), wanted);
        }
        assert_eq!(code(&"x".repeat(999)).chars().count(), LONGEST + 2);
    }

    #[test]
    fn a_block_ends_only_at_its_own_fence() {
        let block = fenced("a\n````\n@ada\u{1b}\u{202e}\n```");
        assert_eq!(block, "`````text\na\n````\n@ada \n```\n`````");
    }

    #[test]
    fn only_a_plain_address_becomes_a_link() {
        let page = "https://github.com/acme/api/actions/runs/7";
        assert_eq!(link("run #7", page), format!("[run #7]({page})"));
        for url in ["", "javascript:alert(1)", "https://x/) [y](https://evil"] {
            assert_eq!(link("run #7", url), "run #7");
        }
    }
}
