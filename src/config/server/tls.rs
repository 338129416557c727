//! How a connection is protected: `sslmode`, `ssl` and the certificates' files.

use super::parameters::Judge;
use super::{Tls, TlsMode};
use std::path::PathBuf;

impl Judge<'_> {
    pub(super) fn tls(&mut self) -> Option<Tls> {
        let mode = match self.obeyed("sslmode") {
            None => None,
            Some((from, word)) => {
                let hint = "one of disable, allow, prefer, require, verify-ca, verify-full";
                let refuse = || self.refuse(from, "has an unknown sslmode", hint);
                Some(mode(&word).or_else(refuse)?)
            }
        };
        let mode = match self.obeyed("ssl") {
            None => mode,
            Some((from, word)) => {
                let weaker = matches!(mode, Some(TlsMode::Disable | TlsMode::Prefer));
                if word != "true" || weaker {
                    let message = "has an ssl that is weaker than sslmode";
                    return self.refuse(from, message, "use sslmode alone");
                }
                mode.or(Some(TlsMode::Require))
            }
        };
        let (mode, root_cert) = match self.obeyed("sslrootcert") {
            None => (mode.unwrap_or(TlsMode::Prefer), None),
            // As in libpq: the system's authorities are trusted for a name and not without one.
            Some((from, path)) if path == "system" => match mode {
                None | Some(TlsMode::VerifyFull) => (TlsMode::VerifyFull, None),
                Some(_) => {
                    let message = "has sslrootcert=system with a weaker sslmode";
                    return self.refuse(from, message, "write sslmode=verify-full");
                }
            },
            Some((from, path)) => {
                let mode = match mode.unwrap_or(TlsMode::Prefer) {
                    // As in libpq: who names an authority wants it to be asked.
                    TlsMode::Require => TlsMode::VerifyCa,
                    mode => mode,
                };
                (mode, Some(self.file(from, "sslrootcert", path)?))
            }
        };
        let client = match (self.obeyed("sslcert"), self.obeyed("sslkey")) {
            (None, None) => None,
            (Some((from, cert)), Some((key_from, key))) => Some((
                self.file(from, "sslcert", cert)?,
                self.file(key_from, "sslkey", key)?,
            )),
            (Some((from, _)), None) | (None, Some((from, _))) => {
                return self.refuse(from, "has one of sslcert and sslkey", "name both");
            }
        };
        Some(Tls {
            mode,
            root_cert,
            client,
        })
    }

    /// A file that can be read: found wrong at the first connect, it would look like a server that
    /// is away.
    fn file(&mut self, from: Option<&'static str>, name: &str, path: String) -> Option<PathBuf> {
        match std::fs::File::open(&path) {
            Ok(_) => Some(path.into()),
            Err(error) => {
                let message = format!("has an {name} that cannot be read: {}", error.kind());
                self.refuse(from, message, "name a file that this user may read")
            }
        }
    }
}

fn mode(word: &str) -> Option<TlsMode> {
    match word {
        "disable" => Some(TlsMode::Disable),
        "allow" | "prefer" => Some(TlsMode::Prefer),
        "require" => Some(TlsMode::Require),
        "verify-ca" => Some(TlsMode::VerifyCa),
        "verify-full" => Some(TlsMode::VerifyFull),
        _ => None,
    }
}
