//! What makes real pages heavy: menus, translations, styles and related items that say nothing of the unit.

use crate::{
    catalogue::Catalogue,
    html::json_in_script,
    random::{Stream, hash},
    words::faculties::FACULTIES,
};
use serde_json::{Value, json};

/// The part that is the same on all pages of the site: about 70 KB of JSON members, ending in a comma.
pub(crate) fn site() -> String {
    let menus: Vec<Value> = FACULTIES
        .iter()
        .map(|faculty| {
            let entries = faculty.disciplines.iter().flat_map(|discipline| {
                discipline.topics.iter().map(move |topic| {
                    json!({
                        "label": format!("{} in {}", topic, discipline.field),
                        "href": format!("/browse/{}", discipline.prefix.to_lowercase()),
                        "id": format!("{:016x}", hash(topic)),
                        "target": "_self", "icon": Value::Null, "visible": true,
                    })
                })
            });
            json!({"title": faculty.name, "entries": entries.collect::<Vec<_>>()})
        })
        .collect();
    let translations: serde_json::Map<String, Value> = (0..420)
        .map(|number| {
            let key = format!("handbook.labels.section_{number:03}");
            (key, json!(format!("Label {number} of the handbook’s interface")))
        })
        .collect();
    let config =
        json!({"menus": menus, "translations": translations, "features": {"comparison": false, "print": true}});
    format!("\"siteConfig\":{},", json_in_script(&config))
}

/// The part that differs: items said to be related, 10 to 90 KB.
pub(crate) fn related(catalogue: &Catalogue, index: usize) -> Value {
    let mut stream = Stream::of(catalogue.seed, "related", index as u64);
    let count = stream.between(30, 260);
    let items = (0..count).map(|_| {
        let other = &catalogue.entries[stream.below(catalogue.entries.len())];
        json!({
            "itemCode": other.code,
            "itemUrl": format!("/subject/current/{}", other.code),
            "itemType": {"label": "Unit", "value": "unit", "cl_id": format!("{:016x}", hash(&other.code))},
            "itemField": other.discipline().field,
            "ranking": stream.below(1000).to_string(),
            "lastPublished": "2025-11-03T04:12:09.000Z",
            "flags": {"hidden": false, "featured": stream.chance(30), "archived": false},
        })
    });
    items.collect::<Vec<_>>().into()
}
