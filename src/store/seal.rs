//! Bodies at rest, sealed with `ENCRYPTION_KEY`: XChaCha20-Poly1305, a random nonce in front.
//!
//! Only bodies: keys, subjects and states stay readable, for the database must compare them.

use chacha20poly1305::aead::{Aead, AeadCore, KeyInit, OsRng};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use std::fmt;

const NONCE_BYTES: usize = 24;

/// The key, ready to use.
pub struct Seal(XChaCha20Poly1305);

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(***)")
    }
}

impl Seal {
    /// From 32 bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    /// Seals a body.
    pub fn close(&self, body: &[u8]) -> Vec<u8> {
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let mut sealed = nonce.to_vec();
        let text = self
            .0
            .encrypt(&nonce, body)
            .expect("a body in memory is far below the limit");
        sealed.extend_from_slice(&text);
        sealed
    }

    /// Opens a sealed body; `None` when the key is another one or the bytes were changed.
    pub fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_BYTES)?;
        self.0.decrypt(XNonce::from_slice(nonce), text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_body_opens_with_its_key_and_with_no_other() {
        let seal = Seal::new(&[7; 32]);
        let sealed = seal.close(b"the words of a person");
        assert!(!sealed.windows(5).any(|part| part == b"words"));
        assert_eq!(
            seal.open(&sealed).as_deref(),
            Some(&b"the words of a person"[..])
        );
        assert_eq!(Seal::new(&[8; 32]).open(&sealed), None);
        assert_eq!(seal.open(&sealed[..20]), None);
    }
}
