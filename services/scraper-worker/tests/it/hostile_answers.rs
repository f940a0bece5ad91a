//! Answers made to harm a plain client: cut while they stream, so that neither memory nor time is theirs.

use crate::site::{Site, page, status};
use flate2::{Compression, write::GzEncoder};
use rmu_scraper_worker::fetch::{FetchError, Fetched, Fetcher, Origins, address::AddressPolicy};
use std::{io::Write, time::Duration};
use url::Url;

const MOST_BYTES: usize = 10 << 20;
const DEVELOPMENT: AddressPolicy = AddressPolicy { allow_loopback: true };

async fn get(site: &Site, path: &str, limit: Duration) -> Result<Fetched, FetchError> {
    let fetcher = Fetcher::new("RateMyUnitBot/test", DEVELOPMENT, MOST_BYTES).unwrap();
    let origins = Origins::parse(std::slice::from_ref(&site.origin)).unwrap();
    fetcher.get(&Url::parse(&site.url(path)).unwrap(), &origins, limit).await
}

/// The most memory this process has held, in bytes.
fn peak_memory() -> u64 {
    procfs::process::Process::myself().unwrap().status().unwrap().vmhwm.unwrap() << 10
}

#[tokio::test]
async fn a_body_of_a_gibibyte_is_cut_while_it_streams() {
    let site = Site::start().await;
    site.on("/large", page("").then(vec![b'x'; 1 << 16], 1 << 14, Duration::ZERO));
    let before = peak_memory();
    let failed = get(&site, "/large", Duration::from_secs(30)).await.unwrap_err();
    assert!(matches!(failed, FetchError::TooLarge(MOST_BYTES)), "{failed:?}");
    // What is on its way is in the kernel's buffers, not in ours.
    assert!(site.sent() < 64 << 20, "{} bytes were taken", site.sent());
    assert!(peak_memory() - before < 64 << 20, "{} bytes were held", peak_memory() - before);
    site.on("/good", page("good"));
    assert_eq!(get(&site, "/good", Duration::from_secs(5)).await.unwrap().body, b"good");
}

#[tokio::test]
async fn a_bomb_of_gzip_is_cut_while_it_unfolds() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..1024 {
        bomb.write_all(&[0; 1 << 20]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < MOST_BYTES, "as sent it is small: {}", bomb.len());
    let site = Site::start().await;
    site.on("/bomb", page("").header("Content-Encoding: gzip").body(bomb));
    site.on("/not-gzip", page("plain").header("Content-Encoding: gzip"));
    let before = peak_memory();
    let failed = get(&site, "/bomb", Duration::from_secs(30)).await.unwrap_err();
    assert!(matches!(failed, FetchError::TooLarge(MOST_BYTES)), "{failed:?}");
    assert!(peak_memory() - before < 64 << 20, "{} bytes were held", peak_memory() - before);
    let failed = get(&site, "/not-gzip", Duration::from_secs(5)).await.unwrap_err();
    assert!(matches!(failed, FetchError::Unreachable(_)), "{failed:?}");
}

#[tokio::test]
async fn redirects_without_end_and_bodies_that_drip_end_at_their_limits() {
    let site = Site::start().await;
    for step in 0..50 {
        site.on(&format!("/step{step}"), status("302 Found").header(&format!("Location: /step{}", step + 1)));
    }
    site.on("/round", status("301 Moved").header("Location: /round"));
    site.on("/drip", page("").then(*b"x", 1 << 20, Duration::from_millis(20)));
    site.on("/headers", page("x").header(&format!("X-Long: {}", "x".repeat(2 << 20))));
    for path in ["/step0", "/round"] {
        let failed = get(&site, path, Duration::from_secs(10)).await.unwrap_err();
        assert!(matches!(failed, FetchError::TooManyRedirects), "{path}: {failed:?}");
    }
    assert_eq!(site.requests("/step6"), 0, "five hops and no more");
    // Each byte comes in time for the limit of one read; the limit of the whole is what ends it.
    let failed = get(&site, "/drip", Duration::from_secs(1)).await.unwrap_err();
    assert!(matches!(failed, FetchError::TimedOut(_)), "{failed:?}");
    assert!(get(&site, "/headers", Duration::from_secs(10)).await.is_err());
}

#[tokio::test]
async fn names_and_numbers_that_lead_inside_are_refused_at_every_hop() {
    let site = Site::start().await;
    site.on("/secret", page("secret"));
    let origins = |list: &[String]| Origins::parse(list).unwrap();
    let get = async |addresses: AddressPolicy, from: &str, list: &[String]| {
        let fetcher = Fetcher::new("RateMyUnitBot/test", addresses, MOST_BYTES).unwrap();
        fetcher.get(&Url::parse(from).unwrap(), &origins(list), Duration::from_secs(5)).await
    };
    // A name of the source's own that resolves to this machine, as strangers may make it do.
    let named = format!("http://localhost:{}", site.port);
    let production = AddressPolicy { allow_loopback: false };
    let failed = get(production, &format!("{named}/secret"), std::slice::from_ref(&named)).await.unwrap_err();
    assert!(failed.to_string().contains("not public"), "{failed}");
    assert_eq!(site.connections(), 0);
    assert_eq!(get(DEVELOPMENT, &format!("{named}/secret"), &[named]).await.unwrap().body, b"secret");

    // Even a source that lists them cannot be led to addresses of clouds and offices.
    for inner in ["http://169.254.169.254", "http://10.0.0.1", "http://[fd00:ec2::254]", "http://[::ffff:a9fe:a9fe]"] {
        site.on("/in", status("302 Found").header(&format!("Location: {inner}/latest/meta-data/")));
        let failed = get(DEVELOPMENT, &site.url("/in"), &[site.origin.clone(), inner.to_owned()]).await.unwrap_err();
        assert!(matches!(failed, FetchError::NotAllowed(_)), "{inner}: {failed:?}");
    }
    for scheme in ["file:///etc/passwd", "ftp://127.0.0.1/", "data:text/plain,x", "//127.0.0.1:9/"] {
        site.on("/in", status("302 Found").header(&format!("Location: {scheme}")));
        let failed = get(DEVELOPMENT, &site.url("/in"), std::slice::from_ref(&site.origin)).await.unwrap_err();
        assert!(matches!(failed, FetchError::NotAllowed(_)), "{scheme}: {failed:?}");
    }
}
