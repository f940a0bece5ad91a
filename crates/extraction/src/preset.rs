//! Presets: source documents for the common handbook systems, to start from.

use serde_json::Value;

/// The names of all presets.
pub const PRESETS: [&str; 8] =
    ["courseloop", "legacy-static", "element-id", "search-first", "tables", "courseleaf", "meta-tags", "xcri-cap"];

/// A preset as it is written: without origins, with addresses relative to the first origin.
pub fn preset(name: &str) -> Option<Value> {
    let text = match name {
        "courseloop" => include_str!("../presets/courseloop.json"),
        "legacy-static" => include_str!("../presets/legacy-static.json"),
        "element-id" => include_str!("../presets/element-id.json"),
        "search-first" => include_str!("../presets/search-first.json"),
        "xcri-cap" => include_str!("../presets/xcri-cap.json"),
        "tables" => include_str!("../presets/tables.json"),
        "courseleaf" => include_str!("../presets/courseleaf.json"),
        "meta-tags" => include_str!("../presets/meta-tags.json"),
        _ => return None,
    };
    serde_json::from_str(text).ok()
}

/// A preset for a site: `origins` filled in, addresses made absolute against the first of them.
pub fn preset_at(name: &str, origins: &[&str]) -> Option<Value> {
    let mut document = preset(name)?;
    let base = origins.first()?.trim_end_matches('/').to_owned();
    for start in document.get_mut("start")?.as_array_mut()? {
        let Some(url) = start.get_mut("url") else { continue };
        *url = Value::from(format!("{base}{}", url.as_str()?));
    }
    if let Some(address) = document.get_mut("unitAddress") {
        *address = Value::from(format!("{base}{}", address.as_str()?));
    }
    *document.get_mut("origins")? = Value::from(origins.iter().map(|o| o.trim_end_matches('/')).collect::<Vec<_>>());
    Some(document)
}
