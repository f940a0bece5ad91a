//! Source documents: what is accepted, and what each mistake is told.

use crate::support::{ORIGIN, courseloop};
use rmu_extraction::{PRESETS, Source, preset, preset_at, source_schema};
use serde_json::{Value, json};
use url::Url;

fn errors(document: &Value) -> Vec<String> {
    let errors = Source::parse(document).expect_err("a mistake").0;
    errors.into_iter().map(|error| format!("{}: {}", error.path, error.message)).collect()
}

/// The paths of all mistakes of a preset in which `pointer` was replaced.
fn places_after(pointer: &str, value: Value) -> Vec<String> {
    let mut document = preset_at("courseloop", &[ORIGIN]).unwrap();
    *document.pointer_mut(pointer).unwrap() = value;
    Source::parse(&document).expect_err(pointer).0.into_iter().map(|error| error.path).collect()
}

#[test]
fn presets_are_valid_once_an_origin_is_filled_in() {
    for name in PRESETS {
        assert!(Source::parse(&preset(name).unwrap()).is_err(), "{name} has no origin of its own");
        let document = preset_at(name, &[ORIGIN, "https://rules.example.edu/"]).unwrap();
        let source = Source::parse(&document).unwrap_or_else(|errors| panic!("{name}: {errors}"));
        assert_eq!(source.origins().len(), 2);
        assert!(source.document().start[0].url().unwrap().starts_with(ORIGIN));
    }
    assert_eq!(preset("unheard-of"), None);
}

#[test]
fn the_published_schema_accepts_presets_and_refuses_unknown_fields() {
    let validator = jsonschema::validator_for(&source_schema()).unwrap();
    for name in PRESETS {
        let mut document = preset_at(name, &[ORIGIN]).unwrap();
        assert!(validator.is_valid(&document), "{name}");
        document["facts"]["title"][0]["xpath"] = json!("//h1");
        assert!(!validator.is_valid(&document), "{name}");
    }
}

#[test]
fn a_document_survives_being_written_again() {
    let source = courseloop();
    let written = serde_json::to_value(source.document()).unwrap();
    assert_eq!(Source::parse(&written).unwrap().document(), source.document());
}

#[test]
fn every_mistake_is_named_with_its_place() {
    let document = json!({
        "origins": ["https://a.example", "ftp://b.example", "https://c.example/path"],
        "start": [{"kind": "sitemap", "url": "https://elsewhere.example/sitemap.xml"}],
        "years": [1066],
        "unitUrl": "/unit/(\\d+)",
        "politeness": {"minGapMs": 10_000_000},
        "page": {"steps": [{"kind": "follow", "selector": "a[", "name": "two words"}]},
        "recognise": {"unit": []},
        "facts": {
            "code": [{"css": "h1 ~ p"}, {"json": "/code"}, {"xpath": "//h1"}],
            "titel": [],
            "year": [{}],
            "requisites": [{"css": "p"}, {"css": "p", "each": {"text": [{}], "kind": [{"constant": "friend"}], "weight": [{}]}}],
            "faculty": [{"constant": "Law"}, {"css": "p", "page": "elsewhere", "noneWhen": "("}],
        },
        "colour": "blue",
    });
    insta::assert_snapshot!(errors(&document).join("\n"), @r#"
    /colour: is no field of a source document
    /origins/1: must be an origin such as https://handbook.example.edu
    /origins/2: must be an origin such as https://handbook.example.edu
    /start/0/url: must be an address of one of the origins
    /years/0: must be a year from 1990 to 2100
    /unitUrl: must have a group (?<code>…)
    /politeness/minGapMs: must be at most 600000
    /page/steps/0/selector: is not a CSS selector that can be used: Unexpected EOL
    /page/steps/0/name: must be 1 to 40 letters or digits
    /recognise/unit: must name at least one sign of a unit's page
    /facts/code/2/xpath: unknown field `xpath`, expected one of `css`, `json`, `xml`, `address`, `constant`, `page`, `having`, `inside`, `until`, `attribute`, `regex`, `split`, `transform`, `lines`, `each`, `skipWhen`, `noneWhen`, `merge`
    /facts/code/0/css: must not use `~`, which looks at every earlier sibling of every element; use `until`
    /facts/code/1/json: needs embeddedJson
    /facts/faculty/0/constant: is for fields of entries only: facts have no defaults
    /facts/faculty/1/page: is the name of no follow step
    /facts/faculty/1/noneWhen: is for facts that are lists
    /facts/faculty/1/noneWhen: is not a regular expression that can be used: Parsing error at position 1: Opening parenthesis without closing parenthesis
    /facts/requisites/0/each: is missing: a list needs it, or noneWhen
    /facts/requisites/1/each/weight: is no field of an entry; the fields are kind, text, order
    /facts/requisites/1/each/kind/0/constant: must be prerequisite, corequisite or prohibition
    /facts/titel: is no fact
    /facts/year/0: must have one of css, json, xml, address or constant
    /facts/title: is missing
    "#);
}

#[test]
fn mistakes_deep_inside_are_found() {
    for (pointer, value, place) in [
        ("/facts/outcomes/0/each/code/0/json", json!("no/slash"), "/facts/outcomes/0/each/code/0/json"),
        ("/facts/offerings/1/skipWhen/0/matches", json!("["), "/facts/offerings/1/skipWhen/0/matches"),
        ("/facts/title/0", json!({"json": "/a", "css": "h1"}), "/facts/title/0"),
        ("/facts/title", json!([]), "/facts/title"),
        ("/facts/title/0", json!({"json": "/a", "transform": ["reverse"]}), "/facts/title/0/transform/0"),
        ("/facts/title/0", json!({"css": "p", "regex": "(?:\\w{1000}){1000}"}), "/facts/title/0/regex"),
        ("/facts/contacts/0", json!({"css": "p", "each": {"role": [{}]}}), "/facts/contacts/0/each/name"),
        ("/facts/contacts/0", json!({"css": "p", "merge": true, "each": {"name": [{}]}}), "/facts/contacts/0/merge"),
        (
            "/facts/contacts/0",
            json!({"css": "p", "each": {"name": [{"each": {"x": [{}]}}]}}),
            "/facts/contacts/0/each/name/0/each",
        ),
        (
            "/facts/offerings/0",
            json!({"css": "p", "each": {"session": [{}], "mode": [{"constant": "Online"}]}}),
            "/facts/offerings/0/each/mode/0/constant",
        ),
        ("/facts/offerings/0", json!({"css": "p", "each": {"mode": [{}]}}), "/facts/offerings/0/each/session"),
        (
            "/facts/offerings/0",
            json!({"css": "p", "each": {"name": [{"regex": "("}], "place": [{}]}}),
            "/facts/offerings/0/each/place",
        ),
        ("/facts/outcomes/0", json!({"css": "p", "each": {"name": [{}]}}), "/facts/outcomes/0/each/name"),
        ("/recognise/unit/0", json!({}), "/recognise/unit/0"),
        ("/page/steps/1/selector", json!("p:has(a:has(b))"), "/page/steps/1/selector"),
        ("/required", json!(["titel"]), "/required/0"),
        ("/embeddedJson", json!(null), "/facts/code/0/json"),
    ] {
        let places = places_after(pointer, value);
        assert!(places.iter().any(|found| found == place), "{pointer}: {places:?}");
    }
}

#[test]
fn rules_for_feeds_need_a_feed_and_feeds_have_no_pages() {
    let mut document = preset_at("xcri-cap", &[ORIGIN]).unwrap();
    let is_feed = |path: &str| {
        let source = Source::parse(&preset_at("xcri-cap", &[ORIGIN]).unwrap()).unwrap();
        source.is_feed(&Url::parse(&format!("{ORIGIN}{path}")).unwrap())
    };
    assert!(is_feed("/xcri.xml") && !is_feed("/xcri.xml?page=2"));
    document["facts"]["title"] =
        json!([{"css": "h1"}, {"xml": "dc:title"}, {"xml": "a", "json": "/b"}, {"xml": "a", "inside": "b"}]);
    document["recognise"]["unit"] = json!([{"css": "h1"}, {"xml": "a", "css": "b"}, {"xml": "a["}]);
    let start = document["start"][0].clone();
    document["start"] = json!([start, start, {"kind": "feed", "url": format!("{ORIGIN}/b.xml"), "entry": "course"},
        {"kind": "feed", "url": format!("{ORIGIN}/c.xml"), "entry": "/catalog/@id"}, {"kind": "feed", "url": "https://x.example/", "entry": "/a"}]);
    insta::assert_snapshot!(errors(&document).join("\n"), @r"
    /start/4/url: must be an address of one of the origins
    /start/1/url: is the address of an earlier feed
    /start/2/entry: must be a path of elements from the root, such as /catalog/provider/course
    /start/3/entry: must be a path of elements from the root, such as /catalog/provider/course
    /recognise/unit/0/css: finds nothing in a feed; use xml
    /recognise/unit/1: must have only one of css, json and xml
    /recognise/unit/2/xml: may have only [@name='value'] in brackets
    /facts/title/0/css: finds nothing in a feed; use xml
    /facts/title/1/xml: must name elements and attributes without a prefix, not dc:title
    /facts/title/2: must have one of css, json, xml, address or constant
    /facts/title/3: having, inside and until need css
    ");
    let mut document = preset_at("courseloop", &[ORIGIN]).unwrap();
    document["facts"]["title"][0] = json!({"xml": "title"});
    document["unitUrl"] = json!(null);
    assert_eq!(
        errors(&document),
        ["/unitUrl: invalid type: null, expected a string", "/facts/title/0/xml: needs a start of the kind feed"]
    );
}

#[test]
fn an_offering_may_be_worded_by_its_name_alone() {
    let mut document = preset_at("courseloop", &[ORIGIN]).unwrap();
    document["facts"]["offerings"] = json!([{"css": "li", "each": {"name": [{}]}}]);
    assert!(Source::parse(&document).is_ok());
    let schema = source_schema().to_string();
    assert!(schema.contains("S1-01-CLAYTON-ON-CAMPUS"), "what a name may be is documented");
}

#[test]
fn what_is_no_document_is_refused() {
    for wrong in [json!(null), json!([]), json!("x"), json!({}), json!({"origins": 5, "facts": []})] {
        assert!(!errors(&wrong).is_empty());
    }
}

#[test]
fn only_the_origins_of_the_source_are_allowed() {
    let source = courseloop();
    for (url, allowed) in [
        ("https://handbook.example.edu/x", true),
        ("https://handbook.example.edu:443/x", true),
        ("http://handbook.example.edu/x", false),
        ("https://handbook.example.edu:8443/x", false),
        ("https://handbook.example.edu.evil.example/x", false),
        ("https://user:pw@handbook.example.edu/x", false),
        ("file:///etc/passwd", false),
        ("data:text/html,x", false),
    ] {
        assert_eq!(source.allows(&Url::parse(url).unwrap()), allowed, "{url}");
    }
}

#[test]
fn unit_addresses_are_told_from_others() {
    let source = courseloop();
    for (path, unit) in [
        ("/subject/2026/31251", Some(("31251", 2026))),
        ("/2026/units/FIT2004", Some(("FIT2004", 2026))),
        ("/subject/2026/09009/", Some(("09009", 2026))),
        ("/undergraduate/units/2026/COMP1511", Some(("COMP1511", 2026))),
        ("/subject/current/31251", None),
        ("/2026/courses/B2001", None),
        ("/subject/1066/31251", None),
        ("/subject/2026/", None),
        ("/about", None),
    ] {
        let found = source.classify(&Url::parse(&format!("{ORIGIN}{path}")).unwrap());
        let found = found.map(|unit| (unit.code.as_str().to_owned(), unit.year.unwrap().get()));
        assert_eq!(found, unit.map(|(code, year)| (code.to_owned(), year)), "{path}");
    }
}

#[test]
fn sources_and_verdicts_can_be_sent_between_threads() {
    fn sendable<T: Send + Sync + 'static>() {}
    sendable::<Source>();
    sendable::<rmu_extraction::Verdict>();
}

#[test]
fn mistakes_in_listings_and_steps_are_named() {
    let mut document = preset_at("search-first", &[ORIGIN]).unwrap();
    let listing =
        |url: &str| json!({"kind": "paged", "url": url, "barrenPages": 0, "maxPages": 1_000_000, "firstPage": 5000});
    document["start"] = json!([
        listing("https://elsewhere.example/?page={page}"),
        {"kind": "paged", "url": format!("{ORIGIN}/{{year}}/search"), "links": "a[", "lastPage": {"css": "~", "regex": "("}},
        {"kind": "paged", "url": format!("{ORIGIN}/{{code}}/search")},
        {"kind": "paged", "url": format!("{ORIGIN}/{{page}}"), "pages": 3},
    ]);
    document["page"]["steps"] = json!([
        {"kind": "type", "selector": "#box[", "text": "{title}"},
        {"kind": "type", "selector": "#box", "text": "a\nb", "enter": true},
        {"kind": "click", "selector": ".result", "text": ""},
        {"kind": "scroll", "times": 0},
        {"kind": "follow", "selector": "a", "name": "requisites"},
    ]);
    insta::assert_snapshot!(errors(&document).join("\n"), @r#"
    /start/3: unknown field `pages`, expected one of `url`, `firstPage`, `links`, `lastPage`, `barrenPages`, `maxPages`
    /page/steps/0/selector: is not a CSS selector that can be used: Unexpected EOL
    /page/steps/0/text: may have no other places than {code}, {codeLower}, {year}
    /page/steps/1/text: must be plain text in one line
    /page/steps/2/text: must have 1 to 500 characters
    /page/steps/3/times: must be 1 to 50
    "#);
    document["start"].as_array_mut().unwrap().pop();
    insta::assert_snapshot!(errors(&document).join("\n"), @r#"
    /start/0/barrenPages: must be 1 to 20
    /start/0/maxPages: must be 1 to 10000
    /start/0/firstPage: must be at most 1000
    /start/0/url: must be an address of one of the origins
    /start/1/url: must have a place for {page}
    /start/1/url: has a place for {year}, so `years` must name some
    /start/1/links: is not a CSS selector that can be used: Unexpected EOL
    /start/1/lastPage/css: must not use `~`, which looks at every earlier sibling of every element; use `until`
    /start/1/lastPage/regex: is not a regular expression that can be used: Parsing error at position 1: Opening parenthesis without closing parenthesis
    /start/2/url: may have no other places than {page}, {year}
    /page/steps/0/selector: is not a CSS selector that can be used: Unexpected EOL
    /page/steps/0/text: may have no other places than {code}, {codeLower}, {year}
    /page/steps/1/text: must be plain text in one line
    /page/steps/2/text: must have 1 to 500 characters
    /page/steps/3/times: must be 1 to 50
    "#);
}
