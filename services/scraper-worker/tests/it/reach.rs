//! What a page can reach: the hosts of its source, by no trick anything else.

use crate::{
    site::{Site, page, status},
    support::{limits, nothing_left, pool, read},
};
use rmu_scraper_worker::browser::{BrowserPool, PageError, Pin, Scope};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};
use tokio::net::UdpSocket;

/// The source's host has a name that no resolver knows: it is reached by its pin alone.
const HOST: &str = "handbook.test";

fn scope(site: &Site) -> Scope {
    Scope::new([Pin { host: HOST.into(), port: site.port, address: [127, 0, 0, 1].into() }])
}

fn url(site: &Site, path: &str) -> String {
    format!("http://{HOST}:{}{path}", site.port)
}

/// All ways of writing addresses of this machine, and names that might lead to it.
fn ways_to(stranger: &Site) -> Vec<String> {
    let hosts =
        ["127.0.0.1", "127.0.0.2", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f.1", "localhost"];
    let names = ["x.localhost", "stranger.test", "handbook.test", "handbook.test.stranger.test"];
    hosts.iter().chain(&names).map(|host| format!("{host}:{}", stranger.port)).collect()
}

/// Tries everything a page has to make a browser talk to somebody, and says in its text what it got.
fn prying_page(hosts: &[String], stun_port: u16) -> String {
    let mut embedded = String::new();
    for host in hosts {
        let at = |path: &str| format!("http://{host}/{path}");
        embedded.push_str(&format!(
            "<img src='{img}'><iframe src='{frame}'></iframe><link rel=stylesheet href='{css}'><script src='{js}'></script>
             <link rel=preconnect href='{img}'><link rel=prefetch href='{img}'><link rel=preload as=image href='{img}'>
             <video src='{img}'></video><object data='{frame}'></object><embed src='{frame}'>
             <form action='{frame}' target=_blank></form>",
            img = at("img"),
            frame = at("frame"),
            css = at("css"),
            js = at("js"),
        ));
    }
    let hosts = serde_json::to_string(hosts).unwrap();
    format!(
        "<!doctype html><h1>Unit</h1><img src='/own.png'>{embedded}<pre id=got></pre><script>
        const hosts = {hosts}, got = [];
        const asked = hosts.flatMap(host => [
            fetch('http://' + host + '/fetch').then(() => got.push(host + ' fetch')),
            fetch('http://' + host + '/blind', {{ mode: 'no-cors' }}).then(() => got.push(host + ' blind fetch')),
            new Promise((ok, no) => {{ const x = new XMLHttpRequest(); x.onload = ok; x.onerror = no;
                x.open('POST', 'http://' + host + '/xhr'); x.send('x'); }}).then(() => got.push(host + ' xhr')),
            new Promise((ok, no) => {{ const s = new WebSocket('ws://' + host + '/socket'); s.onopen = ok; s.onerror = no; }})
                .then(() => got.push(host + ' socket')),
            new Promise((ok, no) => {{ const s = new EventSource('http://' + host + '/events'); s.onopen = ok; s.onerror = no; }})
                .then(() => got.push(host + ' events')),
            import('http://' + host + '/module.js').then(() => got.push(host + ' module')),
        ]);
        for (const address of ['file:///etc/hostname', 'chrome://version', 'view-source:http://{HOST}/'])
            asked.push(fetch(address).then(() => got.push(address)));
        for (const host of hosts) {{
            navigator.sendBeacon('http://' + host + '/beacon', 'x');
            window.open('http://' + host + '/window');
        }}
        for (const form of document.forms) form.submit();
        const peer = new RTCPeerConnection({{ iceServers: [
            {{ urls: 'stun:127.0.0.1:{stun_port}' }},
            {{ urls: hosts.slice(0, 3).map(host => 'turn:' + host + '?transport=tcp'), username: 'u', credential: 'c' }},
            {{ urls: 'turn:127.0.0.1:{stun_port}?transport=udp', username: 'u', credential: 'c' }},
        ] }});
        peer.createDataChannel('x');
        asked.push(peer.createOffer().then(offer => peer.setLocalDescription(offer)).then(() => new Promise(done => {{
            peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && done();
            setTimeout(done, 3000);
        }})));
        Promise.allSettled(asked).then(() => {{
            document.querySelector('#got').textContent = got.join('\\n');
            document.body.className = 'done';
        }});
        </script>"
    )
}

#[tokio::test]
async fn nothing_in_a_page_reaches_anybody_but_its_source() {
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    let stranger = Site::start_on(&[Ipv4Addr::new(127, 0, 0, 2).into(), IpAddr::V6(Ipv6Addr::LOCALHOST)]).await;
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    site.on("/", page(&prying_page(&ways_to(&stranger), udp.local_addr().unwrap().port())));
    let pool = pool(state.path(), limits(1)).await;
    let mut lease = pool.lease(&scope(&site)).await.unwrap();
    lease.open(&url(&site, "/")).await.unwrap();
    assert_eq!(lease.wait_for_any(&["body.done".into()]).await.unwrap(), Some(0));
    let html = lease.snapshot().await.unwrap().html;
    assert!(html.contains("<pre id=\"got\"></pre>"), "the page got through: {html}");
    assert_eq!(site.requests("/own.png"), 1, "what is the source's own is loaded");
    assert_eq!(stranger.connections(), 0);
    let mut datagram = [0_u8; 64];
    assert!(udp.try_recv(&mut datagram).is_err(), "a datagram came");
    drop(lease);
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}

#[tokio::test]
async fn no_redirect_leads_to_a_stranger() {
    let state = tempfile::tempdir().unwrap();
    let (site, stranger) = (Site::start().await, Site::start().await);
    stranger.on("/secret", page("<h1>secret</h1>"));
    let to = stranger.url("/secret");
    site.on("/status", status("302 Found").header(&format!("Location: {to}")));
    site.on("/refresh", page(&format!("<meta http-equiv=refresh content='0;url={to}'><h1>Unit</h1>")));
    site.on("/script", page(&format!("<h1>Unit</h1><script>location = '{to}'</script>")));
    site.on("/file", status("302 Found").header("Location: file:///etc/passwd"));
    site.on("/good", page("<h1>Unit</h1>"));
    let pool = pool(state.path(), limits(1)).await;
    for path in ["/status", "/refresh", "/script", "/file"] {
        let answer = open(&pool, &site, &url(&site, path)).await;
        assert!(answer.as_ref().map_or(true, |html| html.contains("Unit")), "{path}: {answer:?}");
    }
    assert_eq!(stranger.connections(), 0);
    assert!(open(&pool, &site, &url(&site, "/good")).await.unwrap().contains("Unit"));
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}

/// Not even looked up or connected to: the browser's resolver is told that they do not exist.
#[tokio::test]
async fn inner_addresses_do_not_exist_for_a_browser() {
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    let pool = pool(state.path(), limits(1)).await;
    for inner in
        ["169.254.169.254", "10.0.0.1", "[fd00:ec2::254]", "[fe80::1]", "localhost", "metadata.google.internal"]
    {
        let failed = open(&pool, &site, &format!("http://{inner}/latest/meta-data/")).await.unwrap_err();
        let PageError::Unreachable(reason) = &failed else { panic!("{inner}: {failed:?}") };
        assert!(reason.contains("ERR_NAME_NOT_RESOLVED"), "{inner}: {reason}");
    }
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}

async fn open(pool: &BrowserPool, site: &Site, url: &str) -> Result<String, PageError> {
    let mut lease = pool.lease(&scope(site)).await.unwrap();
    read(&mut lease, url).await
}
