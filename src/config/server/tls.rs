//! How a connection is protected: `sslmode`, `ssl` and the certificates' files.

use super::parameters::Judge;
use super::{Tls, TlsMode};
use std::path::PathBuf;

impl Judge {
    pub(super) fn tls(&mut self) -> Option<Tls> {
        let mut mode = None;
        if let Some(word) = self.take("sslmode") {
            mode = Some(match word.as_str() {
                "disable" => TlsMode::Disable,
                "allow" | "prefer" => TlsMode::Prefer,
                "require" => TlsMode::Require,
                "verify-ca" => TlsMode::VerifyCa,
                "verify-full" => TlsMode::VerifyFull,
                _ => {
                    let hint = "one of disable, allow, prefer, require, verify-ca, verify-full";
                    return self.refuse("sslmode", "has an unknown sslmode", hint);
                }
            });
        }
        if let Some(word) = self.take("ssl") {
            if word != "true" || mode.is_some_and(|mode| mode < TlsMode::Require) {
                let message = "has an ssl that is weaker than sslmode";
                return self.refuse("ssl", message, "use sslmode alone");
            }
            mode = mode.or(Some(TlsMode::Require));
        }
        let mut root_cert = None;
        match self.take("sslrootcert") {
            None => {}
            // As in libpq: the system's authorities are trusted for a name and not without one.
            Some(path) if path == "system" => {
                if mode.is_some_and(|mode| mode < TlsMode::VerifyFull) {
                    let message = "has sslrootcert=system with a weaker sslmode";
                    return self.refuse("sslrootcert", message, "write sslmode=verify-full");
                }
                mode = Some(TlsMode::VerifyFull);
            }
            Some(path) => {
                root_cert = Some(self.file("sslrootcert", path)?);
                // As in libpq: who names an authority wants it to be asked.
                if mode == Some(TlsMode::Require) {
                    mode = Some(TlsMode::VerifyCa);
                }
            }
        }
        let client = match (self.take("sslcert"), self.take("sslkey")) {
            (None, None) => None,
            (Some(cert), Some(key)) => {
                Some((self.file("sslcert", cert)?, self.file("sslkey", key)?))
            }
            (Some(_), None) | (None, Some(_)) => {
                return self.refuse("sslcert", "has one of sslcert and sslkey", "name both");
            }
        };
        Some(Tls {
            mode: mode.unwrap_or(TlsMode::Prefer),
            root_cert,
            client,
        })
    }

    /// A file that can be read: found wrong at the first connect, it would look like a server that
    /// is away.
    fn file(&mut self, name: &str, path: String) -> Option<PathBuf> {
        match std::fs::File::open(&path) {
            Ok(_) => Some(path.into()),
            Err(error) => {
                let message = format!("has an {name} that cannot be read: {}", error.kind());
                self.refuse(name, message, "name a file that this user may read")
            }
        }
    }
}
