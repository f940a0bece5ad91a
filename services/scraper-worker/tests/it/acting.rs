//! Typing, clicking one of several, scrolling: with a real browser, as a source's steps do.

use crate::{
    site::{Site, page},
    support::{limits, nothing_left, pool, scope},
};
use rmu_scraper_worker::browser::PageError;
use std::time::Duration;

const FIND: &str = r"<input id=box value='old'><form id=form><input id=code></form><ul id=view></ul><script>
    document.querySelector('#form').addEventListener('submit', (event) => {
        event.preventDefault();
        const typed = document.querySelector('#code').value;
        document.querySelector('#view').innerHTML =
            ['COMP200031 Other', 'COMP20003 Algorithms', 'COMP20003 again'].map(t => `<li class=result>${t} ${typed}</li>`).join('');
        for (const li of document.querySelectorAll('li'))
            li.onclick = () => { li.outerHTML = `<h1>${li.textContent}</h1>`; };
    });</script>";

const GROWS: &str = r"<ul></ul><script>
    let rows = 0;
    const add = () => { for (let i = 0; i < 40 && rows < 120; i++) document.querySelector('ul').insertAdjacentHTML('beforeend', `<li style='height:40px'>${++rows}</li>`); };
    add();
    addEventListener('scroll', () => { if (innerHeight + scrollY >= document.body.scrollHeight - 5) setTimeout(add, 50); });
    </script>";

const GROWS_FOR_EVER: &str = r"<div id=d style='height:3000px'></div><script>
    addEventListener('scroll', () => { d.style.height = (parseInt(d.style.height) + 3000) + 'px'; });</script>";

#[tokio::test]
async fn a_code_is_typed_and_its_own_result_is_clicked() {
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    site.on("/find", page(FIND));
    let pool = pool(state.path(), limits(1)).await;
    let mut lease = pool.lease(&scope(&site)).await.unwrap();
    lease.open(&site.url("/find")).await.unwrap();
    lease.type_into("#code", "first", false).await.unwrap();
    assert!(!lease.click_one(".result", None).await.unwrap(), "nothing is sent without Enter");
    lease.type_into("#code", "COMP20003", true).await.unwrap();
    lease.wait_for_any(&[".result".into()]).await.unwrap();
    assert!(!lease.click_one(".result", Some("COMP2000")).await.unwrap(), "part of a word is no word");
    assert!(!lease.click_one(".absent", None).await.unwrap());
    assert!(lease.click_one(".result", Some("comp20003 algorithms")).await.unwrap());
    let html = lease.snapshot().await.unwrap().html;
    assert!(html.contains("<h1>COMP20003 Algorithms COMP20003</h1>"), "what stood in the box was replaced: {html}");
    let failed = lease.type_into("#nowhere", "x", true).await;
    assert!(matches!(failed, Err(PageError::Refused(_))), "{failed:?}");
    drop(lease);
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}

#[tokio::test]
async fn a_page_is_scrolled_until_it_grows_no_more_or_often_enough() {
    let state = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    site.on("/grows", page(GROWS));
    site.on("/for-ever", page(GROWS_FOR_EVER));
    let pool = pool(state.path(), limits(1)).await;
    let mut lease = pool.lease(&scope(&site)).await.unwrap();
    lease.open(&site.url("/grows")).await.unwrap();
    assert_eq!(lease.scroll_to_end(20).await.unwrap(), 2);
    assert_eq!(lease.snapshot().await.unwrap().html.matches("<li").count(), 120 + 1, "all rows, and the script's own");
    lease.open(&site.url("/for-ever")).await.unwrap();
    assert_eq!(lease.scroll_to_end(4).await.unwrap(), 4);
    drop(lease);
    pool.drain(Duration::from_secs(10)).await;
    nothing_left(state.path()).await;
}
