//! Whatever a page holds, reading it ends with a verdict, and text comes through as it was written.

use crate::support::{courseloop, legacy, page, read_fact};
use proptest::prelude::*;
use rmu_extraction::{Source, Verdict, discover, preset_at, read_page, survey_feed};
use serde_json::{Value, json};
use url::Url;

fn any_json() -> impl Strategy<Value = Value> {
    let keys = "code|title|credit_points|level|label|value|requisites|container|containers|relationships|order|assessments|\
                unit_offering|publish|academic_contact_roles|contacts|parent_connector|requisite_type";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[A-Z]{0,4}[0-9]{0,5}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(keys, inner, 0..6).prop_map(|map| map.into_iter().collect::<Value>()),
        ]
    })
}

/// Entries of feeds, with what rules look for in odd places.
fn any_xml() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "course",
        "identifier",
        "title",
        "credit",
        "level",
        "value",
        "description",
        "div",
        "presentation",
        "start",
        "prerequisite",
        "assessment",
        "contributor",
        "learningOutcome",
        "date",
    ]);
    let leaf = prop_oneof![
        "[A-Z]{0,4}[0-9]{0,5}",
        "<!\\[CDATA\\[[<a-z> ]{0,9}\\]\\]>",
        Just("None".to_owned()),
        Just(String::new())
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        (name.clone(), prop::collection::vec(inner, 0..5))
            .prop_map(|(name, inner)| format!("<{name} value=\"6\" recstatus=\"1\">{}</{name}>", inner.concat()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_page_gets_a_verdict(html in "(<[a-z/!?]{0,6}( [a-z]{1,5}=[\"'a-z]{0,5})?>?|[a-z<&;#0-9 ]{0,8}|\\PC{0,4}){0,60}") {
        let html = format!("<h1>31251 Something</h1>{html}");
        let _ = read_page(&legacy(), None, &page("/subjects/31251.html", &html));
    }

    #[test]
    fn any_embedded_document_gets_a_verdict_and_no_fact_both_has_a_value_and_a_gap(content in any_json()) {
        let data = json!({"props": {"pageProps": {"pageType": "AIPage", "pageContent": content}}});
        let data = data.to_string().replace("</", "<\\/");
        let html = format!("<p>x<script id=__NEXT_DATA__ type=application/json>{data}</script>");
        if let Verdict::Unit(record) = read_page(&courseloop(), None, &page("/subject/2026/31251", &html)) {
            prop_assert_eq!(record.gaps.len() + record.origins.len(), 16);
            prop_assert!(record.gaps.keys().all(|fact| !record.origins.contains_key(fact)));
        }
    }

    #[test]
    fn any_document_is_a_source_or_has_mistakes(document in any_json()) {
        prop_assert!(Source::parse(&document).is_err());
        let mixed = json!({"facts": document.clone(), "recognise": document, "origins": []});
        prop_assert!(Source::parse(&mixed).is_err());
    }

    #[test]
    fn any_body_of_discovery_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..300), xml in any::<bool>()) {
        let url = Url::parse("https://handbook.example.edu/sitemap.xml").unwrap();
        let _ = discover(&courseloop(), &url, xml.then_some("text/xml"), &body);
        let _ = discover(&courseloop(), &url, None, &[b"<urlset><url>".as_slice(), &body].concat());
    }

    #[test]
    fn any_feed_is_surveyed_or_refused(parts in prop::collection::vec(any_xml(), 0..20), raw in "[<>/a-c \"'=&;!?\\-\\[\\]]{0,60}") {
        let source = Source::parse(&preset_at("xcri-cap", &["https://handbook.example.edu"]).unwrap()).unwrap();
        let url = Url::parse("https://handbook.example.edu/xcri.xml").unwrap();
        for end in [String::new(), raw] {
            let feed = format!("<catalog><provider>{}{end}</provider></catalog>", parts.concat());
            if let Ok(survey) = survey_feed(&source, &url, feed.as_bytes()) {
                for part in survey.parts {
                    let read = rmu_extraction::read_entries(&source, &url, feed.as_bytes(), &part).unwrap();
                    prop_assert_eq!(read.len(), part.len());
                }
            }
        }
    }

    #[test]
    fn text_is_read_as_it_was_written(words in prop::collection::vec("[a-zA-Zäé0-9<>&\"';=/(){}-]{1,10}", 1..12)) {
        let text = words.join(" ");
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
        let from_element = read_fact("description", &json!([{"css": "article"}]), &format!("<article>{escaped}</article>"));
        prop_assert_eq!(from_element, text.clone());
        let data = json!({"text": format!("<p>{escaped}</p>")}).to_string().replace("</", "<\\/");
        let rules = json!([{"json": "/text", "transform": ["htmlToText"]}]);
        prop_assert_eq!(read_fact("description", &rules, &format!("<script id=data>{data}</script>")), text);
    }
}
