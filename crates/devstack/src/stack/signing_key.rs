//! A new Ed25519 key, as `JWT_SIGNING_KEY` wants it.

use aws_lc_rs::{rand::SystemRandom, signature::Ed25519KeyPair};
use base64::{Engine, engine::general_purpose::STANDARD};

const PEM_COLUMNS: usize = 64;

/// Generates a key and writes it as PKCS#8 in PEM.
pub fn generate() -> anyhow::Result<String> {
    let document = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new())
        .map_err(|_| anyhow::anyhow!("no signing key could be generated"))?;
    Ok(pem(document.as_ref()))
}

fn pem(document: &[u8]) -> String {
    let encoded = STANDARD.encode(document);
    let mut text = String::from("-----BEGIN PRIVATE KEY-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(PEM_COLUMNS));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END PRIVATE KEY-----\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_one_that_can_sign() {
        let text = generate().unwrap();
        let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
        let key = Ed25519KeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()).unwrap();
        assert_eq!(key.sign(b"message").as_ref().len(), 64);
    }

    #[test]
    fn lines_are_as_long_as_pem_allows() {
        let text = pem(&[7; 100]);
        assert!(text.lines().all(|line| line.len() <= PEM_COLUMNS));
        assert!(text.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    }
}
