//! A university added through the API alone: from a preset to its units, without a line of code.

use crate::{
    own_site::{COURSES, OwnSite},
    preview::tried,
    world::World,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// The facts as the site means them, besides code and title.
const GIVEN: [&str; 5] = ["year", "creditPoints", "school", "description", "requisites"];

async fn draft_from_a_preset(world: &mut World, site: &OwnSite) -> Value {
    let presets = world.admin.get("/api/admin/sources/presets").await.unwrap();
    let preset = presets.as_array().unwrap().iter().find(|preset| preset["name"] == "courseleaf").unwrap();
    let mut draft = preset["definition"].clone();
    let schema = world.admin.get("/api/admin/sources/schema").await.unwrap();
    let fields = schema["properties"].as_object().unwrap();
    assert!(draft.as_object().unwrap().keys().all(|key| fields.contains_key(key)), "the schema says what each is");
    draft["origins"] = json!([site.origin]);
    draft["start"] = json!([{"kind": "sitemap", "url": format!("{}/sitemap.xml", site.origin)}]);
    draft["politeness"] = json!({"minGapMs": 20});
    draft["recognise"]["whole"] = json!([{"css": "body > .courseblock + footer"}]);
    draft
}

fn fact<'a>(preview: &'a Value, name: &str) -> &'a Value {
    preview["facts"].as_array().unwrap().iter().find(|fact| fact["fact"] == name).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_university_is_added_through_the_api_alone() {
    let site = OwnSite::start().await;
    let mut world = World::bare().await;
    let worker = world.worker(1).await;
    let university = json!({"slug": "hillside", "name": "Hillside University", "emailDomains": ["hillside.example"]});
    world.post("/api/admin/universities", &university).await;
    let mut draft = draft_from_a_preset(&mut world, &site).await;

    // A first guess where this site keeps its credit points is wrong, and the preview says so.
    draft["facts"]["creditPoints"] = json!([{"css": ".courseblock .detail-weight", "regex": "^Points: (\\d+)$"}]);
    let url = format!("{}{}", site.origin, COURSES[0].path());
    let preview = tried(&world, &json!({"url": url, "definition": draft})).await;
    assert_eq!(preview["verdict"]["kind"], "unit", "{preview}");
    let points = fact(&preview, "creditPoints");
    assert_eq!((&points["value"], &points["gap"]), (&Value::Null, &json!("unparsed")), "{points}");
    assert_eq!(
        points["tried"][0]["found"][0]["raw"], "Weight: 10 points",
        "the preview shows what stands there: {points}"
    );
    draft["facts"]["creditPoints"] =
        json!([{"css": ".courseblock .detail-weight", "regex": "^Weight: (\\d+) points$"}]);
    let preview = tried(&world, &json!({"url": url, "definition": draft})).await;
    assert_eq!(fact(&preview, "creditPoints")["value"], "10", "{preview}");

    let body =
        |definition: &Value| json!({"university": "hillside", "slug": "hillside-handbook", "definition": definition});
    a_bad_source_is_refused(&world, &body, &draft).await;
    world.post("/api/admin/sources", &body(&draft)).await;
    let job = world.post("/api/admin/scrapes", &json!({"source": "hillside-handbook"})).await;
    let job = world.ended(&[job["id"].as_str().unwrap().to_owned()]).await.remove(0);
    let counts = &job["counts"];
    assert_eq!(
        (&job["state"], &counts["dead"], &counts["notFound"]),
        (&json!("completed"), &json!(0), &json!(1)),
        "{job}"
    );

    every_unit_is_there(&world).await;
    assert!(worker.service.terminate().await.success(), "a drained worker ends well");
}

async fn a_bad_source_is_refused(world: &World, body: &impl Fn(&Value) -> Value, draft: &Value) {
    for (place, wrong) in [
        ("/unitUrl", json!("/subject-details/[a-z0-9]+/$")),
        ("/facts/title/0/css", json!("h1[[")),
        ("/facts/creditPoints/0/regex", json!("(\\d+")),
        ("/origins/0", json!("not an origin")),
        ("/start/0/url", json!("http://elsewhere.example/sitemap.xml")),
    ] {
        let mut bad = draft.clone();
        *bad.pointer_mut(place).unwrap() = wrong;
        let mut admin = world.admin.clone();
        let answer = admin.call(Method::POST, "/api/admin/sources", Some(&body(&bad))).await.unwrap();
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{place}: {answer:?}");
        let mistakes = answer.body["errors"].as_array().unwrap();
        let told = mistakes.iter().find(|mistake| mistake["field"].as_str().unwrap().ends_with(place));
        assert!(told.is_some_and(|told| !told["detail"].as_str().unwrap().is_empty()), "{place}: {mistakes:?}");
    }
    let sources = world.admin.clone().get("/api/admin/sources").await.unwrap();
    assert_eq!(sources, json!([]), "nothing of it was stored");
}

async fn every_unit_is_there(world: &World) {
    let mut reader = world.anybody();
    let listed = reader.get("/api/units?university=hillside&limit=50").await.unwrap();
    assert_eq!(listed.as_array().unwrap().len(), COURSES.len(), "{listed}");
    for course in &COURSES {
        let path = format!("/api/units/{}?university=hillside", course.code.replace(' ', ""));
        let unit = reader.get(&path).await.unwrap();
        assert_eq!((&unit["code"], &unit["title"]), (&json!(course.code), &json!(course.title)));
        let found: Vec<_> = GIVEN.iter().map(|name| unit[name].clone()).collect();
        let points: f64 = course.points.parse().unwrap();
        assert_eq!(
            found[..4],
            [json!(2026), json!(points), json!(course.school), json!(format!("What {} is about.", course.title)),]
        );
        assert_eq!(found[4][0]["text"], json!(course.prerequisite), "{unit}");
        assert_eq!(unit["gaps"]["faculty"]["reason"], "absent", "what the site does not say is a gap: {unit}");
    }
}
