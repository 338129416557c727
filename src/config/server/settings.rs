//! Settings of each session: libpq's `options`, and `options[NAME]`.

use super::parameters::Judge;

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

impl Judge {
    pub(super) fn settings(&mut self) -> Vec<(String, String)> {
        let mut settings = Vec::new();
        if let Some(text) = self.take("options") {
            let hint = "settings are written -c name=value, with %20 for the space";
            let refuse = || self.refuse("options", "has options that cannot be read", hint);
            settings = options(&text).or_else(refuse).unwrap_or_default();
        }
        let single = |name: &String| name.starts_with("options[") && name.ends_with(']');
        let names: Vec<String> = self
            .said
            .keys()
            .filter(|name| single(name))
            .cloned()
            .collect();
        for name in names {
            let value = self.take(&name).unwrap_or_default();
            settings.push((name["options[".len()..name.len() - 1].to_owned(), value));
        }
        for (name, _) in &settings {
            if OURS.contains(&name.to_ascii_lowercase().as_str()) {
                let message = format!("sets {name}, which Wardroom sets itself");
                self.refuse::<()>("options", message, "leave it out");
            }
        }
        settings
    }
}

/// The settings in `-c name=value` and `--name=value`, with libpq's backslashes.
fn options(text: &str) -> Option<Vec<(String, String)>> {
    let mut words = vec![String::new()];
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_whitespace() => words.push(String::new()),
            '\\' => words.last_mut()?.extend(rest.next()),
            c => words.last_mut()?.push(c),
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
