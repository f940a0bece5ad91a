//! Answers that are no page at all.

use crate::faults::Spoil;
use actix_web::{
    HttpResponse,
    http::{
        Uri,
        header::{CONTENT_DISPOSITION, CONTENT_ENCODING, LOCATION},
    },
    web::Bytes,
};
use flate2::{Compression, write::GzEncoder};
use futures_util::stream;
use std::{io::Write, sync::OnceLock};

const FLOOD_CHUNKS: usize = 16 * 1024;
const CHUNK: usize = 64 * 1024;
const BOMB_BYTES: usize = 64 * 1024 * 1024;

/// `None` for what is done to a page.
pub(super) fn answer(spoil: Spoil, address: &Uri) -> Option<HttpResponse> {
    Some(match spoil {
        Spoil::Flood => {
            let chunk = Bytes::from(vec![b' '; CHUNK]);
            let chunks = (0..FLOOD_CHUNKS).map(move |_| Ok::<_, std::convert::Infallible>(chunk.clone()));
            HttpResponse::Ok().content_type("text/html; charset=utf-8").streaming(stream::iter(chunks))
        }
        Spoil::GzipBomb => HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header((CONTENT_ENCODING, "gzip"))
            .body(bomb()),
        // A name that is kept for examples, so that it leads nowhere.
        Spoil::OffSite => HttpResponse::Found().insert_header((LOCATION, "http://elsewhere.example/")).finish(),
        Spoil::RedirectLoop => {
            let times: u64 = address.query().and_then(|query| query.strip_prefix("again=")?.parse().ok()).unwrap_or(0);
            let next = format!("{}?again={}", address.path(), times + 1);
            HttpResponse::Found().insert_header((LOCATION, next)).finish()
        }
        Spoil::Download => HttpResponse::Ok()
            .content_type("application/octet-stream")
            .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"unit.bin\""))
            .body(vec![0; CHUNK]),
        Spoil::Huge | Spoil::Malformed | Spoil::ScriptLoop | Spoil::AlertLoop | Spoil::PopUps | Spoil::Nested => {
            return None;
        }
    })
}

/// Made once: it takes a moment.
fn bomb() -> Bytes {
    static BOMB: OnceLock<Bytes> = OnceLock::new();
    BOMB.get_or_init(|| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let chunk = vec![b' '; CHUNK];
        // Writing to memory does not fail; if it did, the page would be empty, which spoils it as well.
        let written = (0..BOMB_BYTES / CHUNK).try_for_each(|_| encoder.write_all(&chunk));
        written.and_then(|()| encoder.finish()).map(Bytes::from).unwrap_or_default()
    })
    .clone()
}
