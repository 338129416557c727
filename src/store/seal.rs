//! Bodies and effects at rest, encrypted with `ENCRYPTION_KEY`: XChaCha20-Poly1305, a random nonce in
//! front.
//!
//! Only those: keys, subjects, lanes and states stay readable, for the database must compare them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, AeadCore, KeyInit, OsRng};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde_json::Value;
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

    /// Opens an encrypted body; `None` when the key is another one or the bytes were changed.
    pub fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_BYTES)?;
        self.0.decrypt(XNonce::from_slice(nonce), text).ok()
    }
}

/// A JSON object as it is kept: as it is, or encrypted, as one text.
pub(super) fn kept(seal: Option<&Seal>, object: Value) -> Value {
    match seal {
        Some(seal) => STANDARD_NO_PAD
            .encode(seal.close(object.to_string().as_bytes()))
            .into(),
        None => object,
    }
}

/// What [`kept`] was given; `None`: it was encrypted with a key that we do not have.
pub(super) fn opened(seal: Option<&Seal>, kept: Value) -> Option<Value> {
    let Value::String(sealed) = kept else {
        return Some(kept);
    };
    let body = seal?.open(&STANDARD_NO_PAD.decode(sealed).ok()?)?;
    serde_json::from_slice(&body).ok()
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

    #[test]
    fn an_object_is_kept_readable_only_without_a_key() {
        let object = serde_json::json!({"words": "of a person"});
        let (seal, other) = (Seal::new(&[7; 32]), Seal::new(&[8; 32]));
        assert_eq!(kept(None, object.clone()), object);
        let sealed = kept(Some(&seal), object.clone());
        assert!(!sealed.to_string().contains("person"));
        assert_eq!(opened(Some(&seal), sealed.clone()), Some(object.clone()));
        assert_eq!(opened(Some(&other), sealed.clone()), None);
        assert_eq!(opened(None, sealed), None);
        // Rows from before there was a key stay readable.
        assert_eq!(opened(Some(&seal), object.clone()), Some(object));
    }
}
