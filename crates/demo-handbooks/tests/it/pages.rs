//! Pages without a server: they follow from the seed, and what they link exists.

use rmu_demo_handbooks::Site;
use std::collections::HashSet;

fn links(html: &str, before: &str, after: &str) -> Vec<String> {
    html.split(before).skip(1).filter_map(|rest| rest.split(after).next()).map(str::to_owned).collect()
}

#[test]
fn the_same_seed_writes_the_same_pages_and_another_seed_others() {
    for make in [Site::courseloop, Site::legacy, Site::elements, Site::search_first, Site::feed] {
        let (site, again, other) = (make(9, 40), make(9, 40), make(10, 40));
        let codes: Vec<&str> = site.codes(2026).collect();
        assert!(codes.len() > 30);
        for code in &codes {
            assert_eq!(site.unit_page(2026, code), again.unit_page(2026, code));
            assert_eq!(site.rendered_page(2026, code, true), again.rendered_page(2026, code, true));
        }
        let codes_of = |site: &Site| site.codes(2026).map(str::to_owned).collect::<Vec<_>>();
        assert_ne!(codes_of(&site), codes_of(&other));
    }
}

#[test]
fn a_page_of_site_a_weighs_what_real_ones_do_and_shows_only_its_title() {
    let site = Site::courseloop(1, 300);
    let mut sizes: Vec<usize> = Vec::new();
    for code in site.codes(2026) {
        let page = site.unit_page(2026, code);
        let body = page.split("<body>").nth(1).unwrap().split("<script").next().unwrap();
        assert!(body.len() < 400, "{body}");
        sizes.push(page.len());
    }
    assert!(sizes.iter().all(|size| (60_000..220_000).contains(size)));
    let typical = sizes.iter().filter(|size| (100_000..200_000).contains(*size)).count();
    assert!(typical * 2 > sizes.len(), "{typical} of {}", sizes.len());
}

#[test]
fn every_link_to_a_unit_leads_to_one_or_is_deliberately_dead() {
    for (site, before, after) in [
        (Site::legacy(1, 300), "href=\"/subjects/", ".html\""),
        (Site::elements(1, 300), "href=\"/programs-courses/course.html?course_code=", "\""),
    ] {
        let (alive, dead): (HashSet<&str>, HashSet<&str>) =
            (site.codes(2026).collect(), site.dead_codes().iter().map(String::as_str).collect());
        let (mut found, mut lost) = (0, 0);
        for code in site.codes(2026) {
            for linked in links(&site.unit_page(2026, code), before, after) {
                assert!(alive.contains(linked.as_str()) || dead.contains(linked.as_str()), "{code} links {linked}");
                found += 1;
                lost += usize::from(dead.contains(linked.as_str()));
            }
        }
        assert!(found > 200 && lost > 0 && lost * 10 < found, "{found} links, {lost} dead");
    }
    let site = Site::courseloop(1, 300);
    for year in site.years() {
        let alive: HashSet<&str> = site.codes(*year).collect();
        for code in site.codes(*year) {
            let page = site.unit_page(*year, code);
            let named = links(&page, "\"academic_item_code\":\"", "\"");
            let linked = links(&page, &format!("href=\\\"/subject/{year}/"), "\\\"");
            for other in named.into_iter().chain(linked) {
                assert!(alive.contains(other.as_str()) || site.dead_codes().contains(&other), "{code} names {other}");
            }
        }
    }
}

#[test]
fn units_change_over_the_years_of_site_a() {
    let site = Site::courseloop(1, 300);
    let facts = |year, code: &str| site.truth_of(year, code).map(|truth| truth.facts);
    let (mut renamed, mut reassessed, mut gone, mut new, mut retired) = (0, 0, 0, 0, 0);
    let codes: HashSet<&str> = site.years().iter().flat_map(|year| site.codes(*year)).collect();
    for code in codes {
        match (facts(2024, code), facts(2026, code)) {
            (Some(before), Some(after)) => {
                renamed += usize::from(before.title != after.title);
                reassessed += usize::from(before.assessments != after.assessments);
                retired += usize::from(after.status.as_deref() == Some("Retired"));
            }
            (Some(_), None) => gone += 1,
            (None, _) => new += 1,
        }
    }
    assert!(renamed > 2 && reassessed > 10 && gone > 2 && new > 2 && retired > 2);
}

#[test]
fn twenty_thousand_units_need_no_more_than_their_codes() {
    let site = Site::courseloop(1, 20_000);
    assert!(site.codes(2026).count() > 18_000);
    let last = site.codes(2026).last().unwrap();
    assert!(site.unit_page(2026, last).contains(last));
    let site = Site::legacy(1, 20_000);
    assert_eq!(site.codes(2026).count(), 20_000);
}
