//! Settings of each session: libpq's `options`, and `options[NAME]`.

use super::parameters::{Judge, is_option};

/// Settings that Wardroom makes itself, on each connection.
const OURS: [&str; 8] = [
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "enable_seqscan",
    "jit",
    "timezone",
    "datestyle",
    "client_encoding",
];

impl Judge<'_> {
    pub(super) fn settings(&mut self) -> Vec<(String, String)> {
        let mut settings = Vec::new();
        if let Some((from, text)) = self.obeyed("options") {
            match options(&text) {
                Some(found) => settings.extend(found.into_iter().map(|pair| (from, pair))),
                None => {
                    let hint = "settings are written -c name=value, with %20 for the space";
                    self.refuse::<()>(from, "has options that cannot be read", hint);
                }
            }
        }
        self.said.others.retain(|name, value| {
            let setting = is_option(name);
            settings.extend(setting.map(|setting| (None, (setting.to_owned(), value.clone()))));
            setting.is_none()
        });
        for (from, (name, _)) in &settings {
            if OURS.contains(&name.to_ascii_lowercase().as_str()) {
                let message = format!("sets {name}, which Wardroom sets itself");
                self.refuse::<()>(*from, message, "leave it out");
            }
        }
        settings.into_iter().map(|(_, pair)| pair).collect()
    }
}

/// The settings in `-c name=value` and `--name=value`, with libpq's backslashes.
fn options(text: &str) -> Option<Vec<(String, String)>> {
    let mut words = vec![String::new()];
    let mut escaped = false;
    for c in text.chars() {
        let word = words.last_mut().expect("there is one at least");
        match c {
            '\\' if !escaped => escaped = true,
            c if c.is_whitespace() && !escaped => words.push(String::new()),
            c => {
                word.push(c);
                escaped = false;
            }
        }
    }
    let mut words = words.into_iter().filter(|word| !word.is_empty());
    let mut settings = Vec::new();
    while let Some(word) = words.next() {
        let pair = match (word.strip_prefix("--"), word.strip_prefix("-c")) {
            (Some(pair), _) => pair.to_owned(),
            (None, Some("")) => words.next()?,
            (None, Some(pair)) => pair.to_owned(),
            (None, None) => return None,
        };
        let (name, value) = pair.split_once('=')?;
        settings.push((name.replace('-', "_"), value.to_owned()));
    }
    Some(settings)
}
