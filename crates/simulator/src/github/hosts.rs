//! The hosts that URLs in bodies name, and their exchange for the simulator's addresses.
//!
//! Bodies are written with the hosts of this file. On the way out they are replaced by the address that
//! the caller used, with or without `/api/v3`, so that no other file carries addresses around.

pub(crate) const API: &str = "https://api.github.sim";
pub(crate) const HTML: &str = "https://github.sim";
pub(crate) const STORAGE: &str = "https://storage.github.sim";

/// Where the simulator listens.
#[derive(Clone, Default)]
pub(crate) struct Addresses {
    /// `http://127.0.0.1:port`, without `/api/v3`.
    pub(crate) api: String,
    /// The storage of logs and artifacts: another port.
    pub(crate) storage: String,
}

impl Addresses {
    /// `prefix` is empty, or `/api/v3` for a caller that uses GitHub Enterprise.
    pub(crate) fn exchange(&self, text: &str, prefix: &str) -> String {
        text.replace(API, &format!("{}{prefix}", self.api))
            .replace(STORAGE, &self.storage)
            .replace(HTML, &self.api)
    }
}
