//! Keyset cursors: where a list goes on, opaque to clients and checked when they come back.
//!
//! A cursor belongs to a scope (the list, its order and its filters) and says so, so that one list's cursor
//! given to another is refused instead of giving a wrong page. The check sum is no signature: a cursor grants
//! nothing that the list itself does not.

use crate::{ErrorCode, Problem};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

const SUM: usize = 6;
const MAX_LENGTH: usize = 2048;

/// The cursor for `position` in the list `scope`.
pub fn encode<T: Serialize>(scope: &str, position: &T) -> Result<String, Problem> {
    let payload = serde_json::to_vec(position).map_err(Problem::internal)?;
    let mut bytes = sum(scope, &payload).to_vec();
    bytes.extend_from_slice(&payload);
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The position that [`encode`] wrote for the same `scope`.
pub fn decode<T: DeserializeOwned>(scope: &str, cursor: &str) -> Result<T, Problem> {
    if cursor.len() > MAX_LENGTH {
        return Err(broken());
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| broken())?;
    let (found, payload) = bytes.split_at_checked(SUM).ok_or_else(broken)?;
    if found != sum(scope, payload) {
        return Err(broken());
    }
    serde_json::from_slice(payload).map_err(|_| broken())
}

fn sum(scope: &str, payload: &[u8]) -> [u8; SUM] {
    let digest = Sha256::new().chain_update(scope).chain_update([0]).chain_update(payload).finalize();
    let mut sum = [0; SUM];
    sum.copy_from_slice(&digest[..SUM]);
    sum
}

fn broken() -> Problem {
    Problem::new(ErrorCode::BadCursor, "The cursor was not made by this list. Begin again without it.")
        .with_error("cursor", "is not a cursor of this list")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let cursor = encode("units:code", &("31251", 7)).unwrap();
        assert_eq!(decode::<(String, u32)>("units:code", &cursor).unwrap(), ("31251".to_owned(), 7));
    }

    #[test]
    fn a_broken_or_foreign_cursor_is_the_clients_mistake() {
        let cursor = encode("units:code", &("31251", 7)).unwrap();
        let foreign = decode::<(String, u32)>("units:score", &cursor).unwrap_err();
        assert!(foreign.status().is_client_error());
        let mut changed = cursor.clone().into_bytes();
        changed[9] ^= 1;
        let changed = String::from_utf8(changed).unwrap();
        for broken in ["", "a", "%%%", "äöü", &cursor[1..], &changed, &"A".repeat(4000)] {
            let refused = decode::<(String, u32)>("units:code", broken).unwrap_err();
            assert_eq!(refused.code(), ErrorCode::BadCursor, "{broken:?}");
        }
        // The right sum over a position of another shape.
        let other = encode("units:code", &"text").unwrap();
        assert!(decode::<(String, u32)>("units:code", &other).is_err());
    }
}
