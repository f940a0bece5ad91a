//! The source documents that read these sites, as an administrator would write them.

use crate::Site;
use serde_json::{Value, json};

/// The university and its source, given the origins a crawler may contact (the handbook's own host first).
pub fn of(site: &Site, origins: &[String], min_gap_ms: u64) -> Value {
    let slug = site.slug();
    let handbook = origins.first().map(String::as_str).unwrap_or_default();
    let definition = match slug {
        "northfield" => northfield(handbook, origins, min_gap_ms),
        "westhaven" => settled(include_str!("../assets/westhaven-source.json"), handbook, origins, min_gap_ms),
        "southmere" => settled(include_str!("../assets/southmere-source.json"), handbook, origins, min_gap_ms),
        "harbourview" => harbourview(handbook, &site.feed_paths(), min_gap_ms),
        _ => eastmoor(handbook, min_gap_ms),
    };
    json!({
        "university": {"slug": slug, "name": site.university_name(), "emailDomains": [format!("{slug}.example")]},
        "source": {"slug": format!("{slug}-handbook"), "name": format!("{} handbook", site.university_name()), "definition": definition},
    })
}

/// Site A, of which only the newest year is read; earlier ones are there for whoever adds them to `years`. `origins` are the handbook's own and that of the second host.
pub fn northfield(handbook: &str, origins: &[String], min_gap_ms: u64) -> Value {
    settled(include_str!("../assets/northfield-source.json"), handbook, origins, min_gap_ms)
}

/// Site B.
pub fn eastmoor(handbook: &str, min_gap_ms: u64) -> Value {
    settled(include_str!("../assets/eastmoor-source.json"), handbook, &[handbook.to_owned()], min_gap_ms)
}

fn settled(written: &str, handbook: &str, origins: &[String], min_gap_ms: u64) -> Value {
    let mut document: Value = serde_json::from_str(written).unwrap_or_default();
    settle(&mut document, handbook, origins, min_gap_ms);
    document
}

/// Site D by its other way in: units are found by typing their codes, and have the address of the box.
pub fn southmere_find(handbook: &str, min_gap_ms: u64) -> Value {
    let origins = [handbook.to_owned()];
    let mut document = settled(include_str!("../assets/southmere-source.json"), handbook, &origins, min_gap_ms);
    // Of these codes a few lead to a unit and most to none, as templates have it.
    document["start"] = json!([{"kind": "codes", "codes": {"kind": "pattern", "pattern": "COMP[1-2]000#"}}]);
    document["unitAddress"] = json!(format!("{handbook}/find?unit={{code}}"));
    document["unitUrl"] = json!("/find\\?unit=(?<code>[A-Z]{4}\\d{5,7})$");
    document["page"] = json!({
        "ready": ["#find-box"],
        "steps": [
            {"kind": "type", "selector": "#find-box", "text": "{code}", "enter": true},
            {"kind": "waitFor", "selector": ".find-result", "unless": ".find-none"},
            {"kind": "click", "selector": ".find-result", "text": "{code}"},
            {"kind": "waitFor", "selector": "#subject", "unless": ".find-none"},
            {"kind": "follow", "selector": "a.eligibility-link", "name": "requisites", "ready": "#eligibility"},
        ],
    });
    document["recognise"]["notFound"] = json!([{"css": ".find-none"}, {"css": "#page-not-found"}]);
    if let Some(whole) = document["recognise"]["whole"].as_array_mut() {
        whole.push(json!({"css": "body > #banner + main + script + #footer"}));
    }
    document
}

/// Site E, which has a feed for every so many units.
pub fn harbourview(handbook: &str, feeds: &[String], min_gap_ms: u64) -> Value {
    let mut document: Value =
        serde_json::from_str(include_str!("../assets/harbourview-source.json")).unwrap_or_default();
    let start = document["start"][0].clone();
    let starts = feeds.iter().map(|path| {
        let mut start = start.clone();
        start["url"] = json!(path);
        start
    });
    document["start"] = starts.collect();
    settle(&mut document, handbook, &[handbook.to_owned()], min_gap_ms);
    document
}

/// Fills in what depends on where the site is served.
fn settle(document: &mut Value, handbook: &str, origins: &[String], min_gap_ms: u64) {
    document["origins"] = json!(origins);
    document["politeness"] = json!({"minGapMs": min_gap_ms});
    for start in document["start"].as_array_mut().into_iter().flatten() {
        if let Some(path) = start["url"].as_str() {
            start["url"] = json!(format!("{handbook}{path}"));
        }
    }
    if let Some(path) = document["unitAddress"].as_str() {
        document["unitAddress"] = json!(format!("{handbook}{path}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_names_its_hosts_and_where_to_start() {
        let origins = ["http://127.0.0.1:1".to_owned(), "http://127.0.0.1:2".to_owned()];
        let document = of(&Site::courseloop(1, 3), &origins, 15);
        assert_eq!(document["university"]["emailDomains"][0], "northfield.example");
        let definition = &document["source"]["definition"];
        assert_eq!(definition["start"][0]["url"], "http://127.0.0.1:1/sitemap.xml");
        assert_eq!(definition["origins"][1], "http://127.0.0.1:2");
        assert_eq!(definition["politeness"]["minGapMs"], 15);
        let document = of(&Site::legacy(1, 3), &origins[..1], 15);
        assert_eq!(document["source"]["definition"]["start"][0]["url"], "http://127.0.0.1:1/numerical.html");
        let document = of(&Site::feed(1, 1000), &origins[..1], 15);
        let starts = document["source"]["definition"]["start"].as_array().unwrap();
        assert_eq!(starts.len(), 2, "a feed for every so many units: {starts:?}");
        assert_eq!(starts[1]["url"], "http://127.0.0.1:1/feeds/xcri-2.xml");
    }
}
