//! The source of a page, small enough to be kept.

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use std::{
    borrow::Cow,
    io::{self, Read, Write},
};

/// More of a page is not compressed at all.
pub const MOST_SOURCE_BYTES: usize = 4 << 20;
/// Nothing larger is kept, and nothing larger read.
pub const MOST_PACKED_BYTES: usize = 1 << 20;

/// Compresses a page, of which `whole` bytes there were. What does not fit is cut off, and the last line then says so.
pub fn pack(source: &str, whole: u64) -> io::Result<Vec<u8>> {
    pack_within(start_of(source, MOST_SOURCE_BYTES), whole, MOST_PACKED_BYTES)
}

fn pack_within(mut kept: &str, whole: u64, most: usize) -> io::Result<Vec<u8>> {
    loop {
        let text = if u64::try_from(kept.len()).unwrap_or(u64::MAX) < whole {
            Cow::Owned(format!("{kept}\n<!-- RateMyUnit: cut here, {} of {whole} bytes were kept -->\n", kept.len()))
        } else {
            Cow::Borrowed(kept)
        };
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes())?;
        let packed = encoder.finish()?;
        if packed.len() <= most || kept.is_empty() {
            return Ok(packed);
        }
        // Noise, or something that pretends to be a page; its beginning tells that as well. As much less as it was too
        // much, and a little more.
        kept = start_of(kept, kept.len().saturating_mul(most) / packed.len() * 9 / 10);
    }
}

/// The page again. Whoever can write to the store may have put a bomb there: no more is unpacked than is ever packed.
pub fn unpack(packed: &[u8]) -> io::Result<Vec<u8>> {
    let most = u64::try_from(MOST_SOURCE_BYTES).unwrap_or(u64::MAX).saturating_add(1024);
    let mut source = Vec::new();
    GzDecoder::new(packed).take(most).read_to_end(&mut source)?;
    Ok(source)
}

fn start_of(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(source: &str, whole: u64) -> (usize, String) {
        let packed = pack(source, whole).unwrap();
        (packed.len(), String::from_utf8(unpack(&packed).unwrap()).unwrap())
    }

    #[test]
    fn a_page_comes_back_as_it_was() {
        let page = "<h1>Ünit</h1>".repeat(1000);
        assert_eq!(round(&page, u64::try_from(page.len()).unwrap()).1, page);
    }

    #[test]
    fn a_page_of_which_only_the_beginning_was_taken_says_so() {
        let (_, text) = round("<h1>Unit", 20_000_000);
        assert_eq!(text, "<h1>Unit\n<!-- RateMyUnit: cut here, 8 of 20000000 bytes were kept -->\n");
    }

    #[test]
    fn what_does_not_compress_is_cut_until_it_fits() {
        // Every character of it as unlikely as the next.
        let mut state = 1_u64;
        let noise: String = (0..200_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                char::from(b' ' + u8::try_from(state >> 33 & 63).unwrap())
            })
            .collect();
        let packed = pack_within(&noise, 200_000, 50_000).unwrap();
        assert!(packed.len() <= 50_000 && packed.len() > 25_000, "{}", packed.len());
        let text = String::from_utf8(unpack(&packed).unwrap()).unwrap();
        let cut = text.lines().last().unwrap();
        assert!(cut.contains("cut here") && cut.ends_with("of 200000 bytes were kept -->"), "{cut}");
    }

    #[test]
    fn no_more_than_the_beginning_of_a_large_page_is_compressed() {
        let large = "<p>words</p>".repeat(MOST_SOURCE_BYTES / 10);
        let text = round(&large, u64::try_from(large.len()).unwrap()).1;
        assert!(text.len() < MOST_SOURCE_BYTES + 100 && text.ends_with("bytes were kept -->\n"), "{}", text.len());
    }

    #[test]
    fn a_bomb_is_not_unpacked_in_full() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let zeros = vec![0_u8; 1 << 20];
        for _ in 0..64 {
            encoder.write_all(&zeros).unwrap();
        }
        let unpacked = unpack(&encoder.finish().unwrap()).unwrap();
        assert_eq!(unpacked.len(), MOST_SOURCE_BYTES + 1024);
        assert!(unpack(b"no gzip").is_err());
    }
}
