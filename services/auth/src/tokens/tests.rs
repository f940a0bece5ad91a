//! Signing and checking as the gateway does it.

use super::TokenSigner;
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use rmu_messaging::contracts::{Contract, auth::AccountV1};
use serde_json::Value;

/// A new key each time. PKCS#8 for Ed25519 is a fixed head (RFC 8410) and 32 random bytes.
fn key() -> String {
    let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    der.extend(rand::random::<[u8; 32]>());
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
}

fn signer() -> TokenSigner {
    TokenSigner::new(&key(), "ratemyunit-auth".into(), "ratemyunit".into()).unwrap()
}

fn check(signer: &TokenSigner, token: &str) -> Result<Value, jsonwebtoken::errors::Error> {
    let keys: JwkSet = serde_json::from_value(signer.key_set().unwrap()).unwrap();
    let header = jsonwebtoken::decode_header(token)?;
    assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::EdDSA, Some("at+jwt")));
    let key = keys.find(&header.kid.unwrap()).expect("the key is published under its name");
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&["ratemyunit-auth"]);
    validation.set_audience(&["ratemyunit"]);
    Ok(jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(key)?, &validation)?.claims)
}

#[test]
fn a_signed_token_passes_with_the_published_key_and_says_who_it_is() {
    let (signer, account) = (signer(), AccountV1::example());
    let claims = check(&signer, &signer.sign(&account).unwrap()).unwrap();
    assert_eq!(claims["sub"], account.account_id.to_string());
    assert_eq!(claims["role"], "student");
    assert_eq!(claims["email_verified"], true);
    assert_eq!(claims["university_id"], account.university_id.unwrap().to_string());
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
}

#[test]
fn a_changed_token_does_not_pass() {
    let signer = signer();
    let token = signer.sign(&AccountV1::example()).unwrap();
    let (head, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let other = signer.sign(&AccountV1 { role: "admin".into(), ..AccountV1::example() }).unwrap();
    let payload = other.split('.').nth(1).unwrap();
    assert!(check(&signer, &format!("{header}.{payload}.{signature}")).is_err());
}

#[test]
fn only_ed25519_keys_in_pkcs8_are_taken() {
    for wrong in ["", "secret", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] {
        assert!(TokenSigner::new(wrong, "i".into(), "a".into()).is_err(), "{wrong:?}");
    }
    let on_one_line = key().replace('\n', "\\n");
    assert!(TokenSigner::new(&on_one_line, "i".into(), "a".into()).is_ok());
}

#[test]
fn the_published_keys_hold_nothing_private() {
    let keys = signer().key_set().unwrap();
    let key = keys["keys"][0].as_object().unwrap();
    assert_eq!(key["kty"], "OKP");
    assert_eq!(key["crv"], "Ed25519");
    assert!(!key.contains_key("d"), "{key:?}");
}
