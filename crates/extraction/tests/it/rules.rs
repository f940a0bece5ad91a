//! What single rules do.

use crate::support::read_fact;
use serde_json::json;

#[test]
fn places_are_tried_in_order_and_a_gap_tells_the_strongest_reason() {
    let rules = json!([{"css": ".points"}, {"json": "/points"}, {"css": "p", "attribute": "data-points"}]);
    let read = |body: &str| read_fact("creditPoints", &rules, body);
    assert_eq!(read("<b class=points>6.0</b>"), "6");
    assert_eq!(read("<b class=points>six</b><script id=data>{\"points\": 3.2}</script>"), "3.2");
    assert_eq!(read("<p data-points=12>"), "12");
    assert_eq!(read("<p>12"), json!({"reason": "absent"}));
    assert_eq!(read("<b class=points> </b>"), json!({"reason": "empty"}));
    assert_eq!(read("<b class=points></b><script id=data>{\"points\": null}</script>"), json!({"reason": "empty"}));
    assert_eq!(read("<b class=points></b><p data-points=varies>"), json!({"reason": "unparsed", "raw": "varies"}));
    assert_eq!(read("<script id=data>{\"points\": {\"min\": 6}}</script>"), json!({"reason": "absent"}));
}

#[test]
fn what_is_no_number_as_a_whole_is_never_its_first_number() {
    let rules = json!([{"css": "i"}]);
    assert_eq!(read_fact("creditPoints", &rules, "<i>6 to 12</i>"), json!({"reason": "unparsed", "raw": "6 to 12"}));
    let rules = json!([{"css": "i", "transform": ["firstDecimal"]}]);
    assert_eq!(read_fact("creditPoints", &rules, "<i>6 cp</i>"), "6");
}

#[test]
fn a_runaway_expression_is_cut_and_the_text_not_understood() {
    let rules = json!([{"css": "p", "regex": "^(?:(a+)\\1?)+$"}]);
    let gap = read_fact("faculty", &rules, &format!("<p>{}!", "a".repeat(3000)));
    assert_eq!(gap["reason"], "unparsed");
    assert_eq!(gap["raw"].as_str().unwrap().len(), 200);
}

#[test]
fn sections_run_from_one_heading_to_the_next() {
    let rules = json!([{"css": "h3", "having": "^Description$", "until": "h3"}]);
    let read = |body: &str| read_fact("description", &rules, body);
    assert_eq!(read("<h3>Aims</h3><p>No<h3>Description</h3>bare<p>One<p>Two<h3>Other</h3><p>No"), "bare\nOne\nTwo");
    assert_eq!(read("<h3>Description</h3><h3>Other</h3><p>No"), json!({"reason": "empty"}));
    assert_eq!(read("<h3>Descriptions</h3><p>No"), json!({"reason": "absent"}));
}

#[test]
fn several_matches_become_lines_only_when_asked() {
    let one = json!([{"css": "li"}]);
    let all = json!([{"css": "li", "lines": true}]);
    let body = "<ul><li>a<li><li>b</ul>";
    assert_eq!(read_fact("workload", &one, body), "a");
    assert_eq!(read_fact("workload", &all, body), "a\nb");
}

#[test]
fn the_address_may_name_the_year() {
    let rules = json!([{"address": true, "regex": "/unit/(\\d{4})"}]);
    assert_eq!(read_fact("year", &rules, ""), json!({"reason": "unparsed", "raw": "3125"}));
}

#[test]
fn none_is_only_what_the_page_says_in_words() {
    let rules = json!([{
        "css": "li", "noneWhen": "(?i)^not offered",
        "each": {"session": [{"regex": "^([^,]+)"}], "location": [{"regex": ", (.+)$"}]},
    }, {"json": "/offerings", "each": {"session": [{}]}}]);
    let read = |body: &str| read_fact("offerings", &rules, body);
    assert_eq!(read("<ul><li>Not offered in 2026</ul>"), json!([]));
    assert_eq!(read("<ul></ul>"), json!({"reason": "absent"}));
    assert_eq!(read("<ul><li></ul>"), json!({"reason": "empty"}));
    assert_eq!(read("<script id=data>{\"offerings\": []}</script>"), json!({"reason": "empty"}));
    assert_eq!(read("<script id=data>{\"offerings\": [\"Autumn\"]}</script>")[0]["session"], "Autumn");
    let both = read("<ul><li>Autumn, City<li>Spring</ul>");
    assert_eq!(
        both,
        json!([
            {"session": "Autumn", "location": "City", "mode": null}, {"session": "Spring", "location": null, "mode": null},
        ])
    );
}

#[test]
fn one_text_may_hold_several_entries() {
    let rules = json!([{"json": "/terms", "each": {"session": [{"split": ",\\s*"}], "mode": [{"css": "x"}]}}]);
    let read = read_fact("offerings", &rules, "<script id=data>{\"terms\": \"Term 1, Term 2\"}</script>");
    let sessions: Vec<_> = read.as_array().unwrap().iter().map(|entry| &entry["session"]).collect();
    assert_eq!(sessions, ["Term 1", "Term 2"]);
}

#[test]
fn an_entry_that_is_not_understood_makes_the_list_unknown_and_a_heading_does_not() {
    let rules = json!([{"css": "tr", "each": {"name": [{"css": "td.name"}], "weight": [{"css": "td.weight"}]}}]);
    let read = |rows: &str| read_fact("assessments", &rules, &format!("<table>{rows}</table>"));
    let task = "<tr><td class=name>Exam<td class=weight>60%";
    assert_eq!(read(&format!("<tr><th>Name<th>Weight{task}")).as_array().unwrap().len(), 1);
    assert_eq!(read(&format!("{task}<tr><td class=weight>40%")), json!({"reason": "unparsed", "raw": "40%"}));
}

#[test]
fn rules_that_merge_add_to_what_is_there() {
    let rules = json!([
        {"css": ".pre", "each": {"kind": [{"constant": "prerequisite"}], "text": [{}]}},
        {"css": ".not", "merge": true, "each": {"kind": [{"constant": "prohibition"}], "text": [{}]}},
    ]);
    let both = read_fact("requisites", &rules, "<p class=pre>26012 AND 31271<p class=not>31252");
    assert_eq!(both[0]["expression"], json!({"all": [{"unit": "26012"}, {"unit": "31271"}]}));
    assert_eq!(both[1], json!({"kind": "prohibition", "text": "31252", "expression": {"unit": "31252"}}));
    let one = read_fact("requisites", &rules, "<p class=not>consent of the dean");
    assert_eq!(one, json!([{"kind": "prohibition", "text": "consent of the dean", "expression": null}]));
    assert_eq!(read_fact("requisites", &rules, "<p class=not>"), json!({"reason": "absent"}));
}

#[test]
fn one_text_may_word_requisites_of_several_kinds() {
    let rules = json!([{"css": "p", "each": {"kind": [{"constant": "prerequisite"}], "text": [{}]}}]);
    let read = read_fact(
        "requisites",
        &rules,
        "<p>26012 Statistics &amp; Data or 31251.<br>Prohibition: 31252, 48024<br>Co-requisite: 48730 if x &lt; y",
    );
    assert_eq!(
        read,
        json!([
            {
                "kind": "prerequisite", "text": "26012 Statistics & Data or 31251.",
                "expression": {"any": [{"unit": "26012"}, {"unit": "31251"}]},
            },
            {"kind": "prohibition", "text": "31252, 48024", "expression": {"any": [{"unit": "31252"}, {"unit": "48024"}]}},
            {"kind": "corequisite", "text": "48730 if x < y", "expression": null},
        ])
    );
}

#[test]
fn an_offerings_name_gives_what_its_fields_leave_out() {
    let rules = json!([{"css": "li", "each": {
        "name": [{}], "session": [{"css": "b"}], "mode": [{"css": "i", "regex": "^(\\w+)$"}],
    }}]);
    let read = |items: &str| read_fact("offerings", &rules, &format!("<ul>{items}</ul>"));
    let offering = |session: &str, location: Option<&str>, mode: Option<&str>| json!({"session": session, "location": location, "mode": mode});
    assert_eq!(
        read("<li>S1-01-CLAYTON-ON-CAMPUS<li>Term 1, Term 2<li>By arrangement, x &lt; y"),
        json!([
            offering("S1-01", Some("CLAYTON"), Some("ON-CAMPUS")),
            offering("Term 1", None, None),
            offering("Term 2", None, None),
            offering("By arrangement, x < y", None, None),
        ])
    );
    assert_eq!(
        read("<li><b>Autumn</b> session, City, standard mode")[0],
        offering("Autumn", Some("City"), Some("standard mode"))
    );
    assert_eq!(read("<li>Autumn session, City, <i>online</i>")[0]["mode"], "online");
    assert_eq!(read("<li> <li>Spring session").as_array().unwrap().len(), 1);
    assert_eq!(read(&format!("<li>{}", "x".repeat(600)))["reason"], "unparsed");
}

#[test]
fn lists_are_bounded() {
    let rules = json!([{"css": "li", "each": {"name": [{}]}}]);
    let gap = read_fact("contacts", &rules, &"<li>Somebody".repeat(600));
    assert_eq!(gap["reason"], "unparsed");
}
