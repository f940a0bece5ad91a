//! Tokens that mean nothing by themselves: random, known in clear only to whom they were given.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

const BYTES: usize = 32;

/// A fresh token and what is stored of it.
pub(crate) struct OpaqueToken {
    pub(crate) text: String,
    pub(crate) hash: Vec<u8>,
}

impl OpaqueToken {
    pub(crate) fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)?;
        let text = URL_SAFE_NO_PAD.encode(bytes);
        let hash = hash(&text);
        Ok(Self { text, hash })
    }
}

/// A plain digest is enough: 256 random bits cannot be guessed, so that nothing has to be slow.
pub(crate) fn hash(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_their_hash_is_found_again() {
        let (first, second) = (OpaqueToken::generate().unwrap(), OpaqueToken::generate().unwrap());
        assert_ne!(first.text, second.text);
        assert_eq!(first.text.len(), 43);
        assert_eq!(hash(&first.text), first.hash);
        assert!(!first.hash.windows(4).any(|part| first.text.as_bytes().windows(4).any(|clear| clear == part)));
    }
}
