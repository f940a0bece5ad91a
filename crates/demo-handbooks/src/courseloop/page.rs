//! The page as served: the title, the JSON and the address of the script.

use super::{assets, ballast, content};
use crate::{
    html::{escape, json_in_script},
    site::Site,
    unit::Unit,
};
use serde_json::{Value, json};

pub(crate) fn served(site: &Site, unit: Option<&Unit>, year: u16, code: &str) -> String {
    let title = heading(unit);
    let title = escape(&title);
    document(site, unit, year, code, &format!("<h1 class=\"{}\">{title}</h1>", assets::class("title")))
}

/// What stands between the heading of the browser's window and its foot; `body` is the content of `#__next`.
pub(super) fn document(site: &Site, unit: Option<&Unit>, year: u16, code: &str, body: &str) -> String {
    let title = escape(&heading(unit));
    let (style, script) = (assets::STYLE_PATH, assets::SCRIPT_PATH);
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} | Northfield Handbook</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"icon\" href=\"data:,\">\
         <link rel=\"stylesheet\" href=\"{style}\"><script src=\"{script}\" defer></script></head>\
         <body><div id=\"__next\">{body}</div>\
         <script id=\"__NEXT_DATA__\" type=\"application/json\">{}</script></body></html>\n",
        next_data(site, unit, year, code)
    )
}

fn heading(unit: Option<&Unit>) -> String {
    unit.map_or_else(|| "Page not found".to_owned(), |unit| format!("{} - {}", unit.code, unit.title))
}

/// `{"props":{"pageProps":{…}},…}`, put together as text because most of it is the same on every page.
fn next_data(site: &Site, unit: Option<&Unit>, year: u16, code: &str) -> String {
    let query = json_in_script(&json!({"year": year.to_string(), "code": code}));
    let page = match unit {
        Some(unit) => format!(
            "\"pageContent\":{},\"pageType\":\"AIPage\",\"related\":{}",
            json_in_script(&content::page_content(site, unit)),
            json_in_script(&ballast::related(&site.catalogue, unit.index))
        ),
        None => {
            let errors: Value = json!([{"status": 404, "code": "content_not_found"}]);
            format!("\"pageErrors\":{},\"pageType\":\"ErrorPage404\"", json_in_script(&errors))
        }
    };
    format!(
        "{{\"props\":{{\"pageProps\":{{{}\"university\":\"{}\",\"classes\":{},{page}}}}},\
         \"page\":\"/subject/[year]/[code]\",\"query\":{query},\"buildId\":\"kX3v9\",\"isFallback\":false}}",
        site.ballast,
        site.university_name(),
        assets::class_names(),
    )
}

/// The start page: a handbook one can look around in.
pub(crate) fn home(site: &Site) -> String {
    let year = site.current_year();
    let mut faculties = String::new();
    for faculty in &crate::words::faculties::FACULTIES {
        let mut entries =
            site.catalogue.in_year(year).filter(|index| site.catalogue.entries[*index].faculty().name == faculty.name);
        let units: String = entries
            .by_ref()
            .take(12)
            .map(|index| {
                let code = &site.catalogue.entries[index].code;
                let title = escape(&Unit::title_of(&site.catalogue, index, year));
                let path = site.unit_path(year, code);
                format!("<tr><td><a href=\"{path}\">{code}</a></td><td>{title}</td></tr>")
            })
            .collect();
        let more = entries.count();
        faculties.push_str(&format!(
            "<div class=\"{}\"><h3>{}</h3><table>{units}</table><p>and {more} more</p></div>",
            assets::class("section"),
            escape(faculty.name)
        ));
    }
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Northfield University Handbook {year}</title>\
         <link rel=\"icon\" href=\"data:,\"><link rel=\"stylesheet\" href=\"{}\"></head><body><header class=\"{}\">\
         <a href=\"/\">Northfield University</a><nav><a href=\"/sitemap.xml\">Sitemap</a></nav></header>\
         <main class=\"{}\"><h2 class=\"{}\">Handbook {year}</h2><p>Northfield University is a synthetic university; \
         every unit here is invented.</p>{faculties}</main></body></html>\n",
        assets::STYLE_PATH,
        assets::class("header"),
        assets::class("page"),
        assets::class("title"),
    )
}
