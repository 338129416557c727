//! Removes private keys in the text form of PEM, whole ones and those of which a mark was cut off.

use super::REDACTED;

/// Without what is between the marks of private keys. Of a key that lacks one of its marks, the lines next to the other
/// that look like those of a key. `None`: there is no mark.
pub(super) fn without(text: &str) -> Option<String> {
    const MARK: &str = "PRIVATE KEY-----";
    text.contains(MARK).then_some(())?;
    let (mut clean, mut rest, mut inside) = (String::new(), text, false);
    while let Some(at) = rest.find(MARK) {
        let line = rest[..at].rfind('\n').map_or(0, |end| end + 1);
        let begins = rest[line..at].rfind("-----BEGIN ");
        let ends = rest[line..at].rfind("-----END ");
        let is_end = ends > begins;
        let mark = begins.max(ends).map_or(at, |mark| line + mark);
        let before = &rest[..mark];
        match (inside, is_end) {
            (true, true) => clean.push_str(REDACTED),
            (true, false) => clean.push_str(&without_key_after(before)),
            (false, true) => clean.push_str(&without_key_before(before)),
            (false, false) => clean.push_str(before),
        }
        clean.push_str(&rest[mark..at + MARK.len()]);
        inside = !is_end;
        rest = &rest[at + MARK.len()..];
    }
    match inside {
        true => clean.push_str(&without_key_after(rest)),
        false => clean.push_str(rest),
    }
    Some(clean)
}

fn without_key_after(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    let key: usize = lines.take_while(|line| is_of_key(line)).map(str::len).sum();
    let end = if text[..key].ends_with('\n') {
        "\n"
    } else {
        ""
    };
    format!("{REDACTED}{end}{}", &text[key..])
}

fn without_key_before(text: &str) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let last = lines.iter().rev();
    let key: usize = last
        .take_while(|line| is_of_key(line))
        .map(|line| line.len())
        .sum();
    format!("{}{REDACTED}", &text[..text.len() - key])
}

/// Whether a line looks like one of a private key: base64 or a header, also after a timestamp or a frame; or is empty.
fn is_of_key(line: &str) -> bool {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let is_stamp = |word: &str| word.ends_with('Z') && word.contains(':');
    let words = line.split(|c: char| c.is_whitespace() || "\"'\\,\u{1b}".contains(c));
    let words: Vec<&str> = words
        .map(|word| word.trim_matches(|c| !is_base64(c)))
        .filter(|word| word.contains(|c: char| c.is_alphanumeric()) && !is_stamp(word))
        .collect();
    let mut all = words.iter();
    line.contains("Proc-Type:")
        || line.contains("DEK-Info:")
        || all.any(|word| word.len() >= 40 && word.chars().all(is_base64))
        || words.len() < 2 && words.iter().all(|word| word.chars().all(is_base64))
}

#[cfg(test)]
mod tests {
    use super::super::{REDACTED, scrub};

    #[test]
    fn a_private_key_is_removed_also_when_one_of_its_marks_was_cut_off() {
        let key =
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----";
        let (begin, end) = (&key[..45], &key[35..]);
        for text in [
            format!("a\n{key}\nb {key} c"),
            format!("a {begin}"),
            format!("{end} c"),
        ] {
            let clean = scrub(&text);
            assert!(
                !clean.contains("MIIE") && !clean.contains("AQEA"),
                "{clean}"
            );
            assert!(clean.contains(REDACTED), "{clean}");
            for kept in ["a\n", "\nb ", " c", "a "] {
                assert_eq!(
                    text.contains(kept),
                    clean.contains(kept),
                    "{kept:?}: {clean}"
                );
            }
        }
    }

    #[test]
    fn each_of_several_private_keys_without_an_end_is_removed() {
        let line = "MIIEowIBAAKCAQEA0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL";
        let begin =
            format!("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{line}\n{line}");
        let stamped =
            format!("2026-03-01T09:00:00.1234567Z {line}\n2026-03-01T09:00:00.1234567Z AQEA==\n");
        for text in [
            format!("{begin}\n{begin}"),
            format!("{begin}\n{begin}\n-----END RSA PRIVATE KEY-----\n"),
            format!("-----BEGIN PRIVATE KEY-----\n{stamped}-----BEGIN PRIVATE KEY-----\n{stamped}"),
            format!("-----BEGIN PRIVATE KEY-----\\n{line}\\nx {begin}"),
            format!("-{line}\n+{line}\n> {line}\n-----END PRIVATE KEY-----"),
        ] {
            let clean = scrub(&text);
            assert!(!clean.contains("MIIE"), "{clean}");
            assert!(!clean.contains("AQEA"), "{clean}");
        }
    }

    #[test]
    fn a_mark_without_a_key_hides_no_other_lines() {
        let begin =
            "expected \"-----BEGIN RSA PRIVATE KEY-----…\" to be nil\n\n1 example, 1 failure\n";
        let end = "3 examples, 1 failure\ngot \"…-----END RSA PRIVATE KEY-----\"\nand more\n";
        for (text, kept) in [
            (begin, "1 example, 1 failure"),
            (begin, "to be nil"),
            (end, "3 examples, 1 failure"),
            (end, "and more"),
        ] {
            let clean = scrub(text);
            assert!(clean.contains(kept), "{clean}");
        }
    }
}
