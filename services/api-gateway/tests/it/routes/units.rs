//! `/api/units`, `/api/units/search`, `/api/units/{unit}`.

mod compare;
mod history;
mod narrow;
mod requisites;
mod suggest;
mod wanted;

use crate::filled::{FilledGateway, answer};
use insta::assert_json_snapshot;
use reqwest::StatusCode;
use serde_json::Value;

async fn get(gateway: &FilledGateway, path: &str) -> (StatusCode, Value) {
    answer(gateway.get(path).send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_says_what_it_found_and_how() {
    let gateway = FilledGateway::start().await;
    let (status, body) = get(&gateway, "/api/units?search=data%20struct").await;
    assert_eq!(status, StatusCode::OK);
    assert_json_snapshot!(body, { ".data[].id" => "[id]", ".data[].university.id" => "[id]" }, @r#"
    {
      "data": [
        {
          "code": "31251",
          "creditPoints": 6.0,
          "id": "[id]",
          "level": 2,
          "match": {
            "highlights": {
              "title": "<mark>Data</mark> <mark>Structures</mark> and Algorithms"
            },
            "rung": "title"
          },
          "score": {
            "difficulty": null,
            "distribution": [
              0,
              0,
              0,
              0,
              0
            ],
            "overall": null,
            "recent": null,
            "reviews": 0,
            "teaching": null,
            "usefulness": null,
            "workload": null,
            "wouldRecommend": null
          },
          "standing": "current",
          "title": "Data Structures and Algorithms",
          "university": {
            "id": "[id]",
            "name": "northfield",
            "slug": "northfield"
          }
        }
      ],
      "meta": {
        "page": {
          "limit": 20,
          "total": "1"
        }
      },
      "success": true
    }
    "#);
    let (_, same) = get(&gateway, "/api/units/search?q=data+struct").await;
    assert_eq!(same, body);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rung_is_reached_over_http() {
    let gateway = FilledGateway::start().await;
    for (query, title, rung) in [
        ("FIT2004", "Algorithms", "exactCode"),
        ("fit%202004", "Algorithms", "normalisedCode"),
        ("0", "Café Management", "codePrefix"),
        ("caf%C3%A9", "Café Management", "title"),
        ("hashing", "Data Structures and Algorithms", "description"),
        ("DSA", "Data Structures and Algorithms", "abbreviation"),
        ("quantm%20fysics", "Quantum Physics", "typo"),
    ] {
        let (status, body) = get(&gateway, &format!("/api/units?search={query}")).await;
        assert_eq!(status, StatusCode::OK, "{query}");
        let first = &body["data"][0];
        assert_eq!((&first["title"], &first["match"]["rung"]), (&title.into(), &rung.into()), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_paged_and_narrowed() {
    let gateway = FilledGateway::start().await;
    let (_, first) = get(&gateway, "/api/units?limit=3").await;
    let cursor = first["meta"]["page"]["nextCursor"].as_str().unwrap();
    assert_eq!(first["meta"]["page"]["total"], "4");
    let (_, second) = get(&gateway, &format!("/api/units?limit=3&cursor={cursor}")).await;
    let codes: Vec<&Value> =
        [&first, &second].iter().flat_map(|page| page["data"].as_array().unwrap()).map(|unit| &unit["code"]).collect();
    assert_eq!(codes, ["09009", "31251", "31251", "FIT2004"]);
    assert!(second["meta"]["page"].get("nextCursor").is_none());
    for (filter, count) in [("university=southbank", 2), ("level=2", 1), ("creditPoints=6", 1), ("creditPoints=0", 0)] {
        let (_, body) = get(&gateway, &format!("/api/units?{filter}")).await;
        assert_eq!(body["data"].as_array().unwrap().len(), count, "{filter}");
    }
    let (_, emptied) = get(&gateway, "/api/units?search=").await;
    assert_eq!(emptied["meta"]["page"]["total"], "4", "an emptied search box lists everything");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_shows_everything_known_of_it() {
    let gateway = FilledGateway::start().await;
    let (status, body) = get(&gateway, "/api/units/31251?university=northfield").await;
    assert_eq!(status, StatusCode::OK);
    assert_json_snapshot!(body["data"], {
        ".id" => "[id]",
        ".university.id" => "[id]",
        ".source.confirmedAt" => "[time]",
        ".source.firstSeenAt" => "[time]",
        ".source.lastSeenAt" => "[time]",
    }, @r#"
    {
      "assessmentTotal": {
        "addsUp": false,
        "weight": 37.5
      },
      "assessments": [
        {
          "hurdle": false,
          "kind": null,
          "name": "Project",
          "weight": 37.5
        }
      ],
      "code": "31251",
      "contacts": [],
      "creditPoints": 6.0,
      "description": "Lists, trees, <b>hashing</b> & graphs.",
      "faculty": null,
      "formerly": [],
      "gaps": {
        "school": {
          "reason": "absent"
        },
        "workload": {
          "raw": "see timetable",
          "reason": "unparsed"
        }
      },
      "id": "[id]",
      "level": 2,
      "offerings": [
        {
          "location": "City",
          "mode": null,
          "session": "Autumn"
        }
      ],
      "outcomes": null,
      "provenance": {
        "title": {
          "rule": "title[0]",
          "url": "https://northfield.example/subject/2026/31251"
        }
      },
      "requisites": [
        {
          "expression": {
            "any": [
              {
                "unit": "31271"
              },
              {
                "unit": "48023"
              }
            ]
          },
          "kind": "prerequisite",
          "text": "31271 OR 48023"
        }
      ],
      "school": null,
      "score": {
        "difficulty": null,
        "distribution": [
          0,
          0,
          0,
          0,
          0
        ],
        "overall": null,
        "recent": null,
        "reviews": 0,
        "teaching": null,
        "usefulness": null,
        "workload": null,
        "wouldRecommend": null
      },
      "scoreBySession": [],
      "source": {
        "confirmedAt": "[time]",
        "fetchedAt": "2026-03-01T10:00:00Z",
        "firstSeenAt": "[time]",
        "lastSeenAt": "[time]",
        "rulesVersion": 1,
        "slug": "northfield-handbook",
        "url": "https://northfield.example/subject/2026/31251",
        "version": 1
      },
      "standing": "current",
      "status": null,
      "studyLevel": null,
      "title": "Data Structures and Algorithms",
      "university": {
        "id": "[id]",
        "name": "northfield",
        "slug": "northfield"
      },
      "workload": null,
      "year": 2026
    }
    "#);
    let id = body["data"]["id"].as_str().unwrap();
    let (_, by_id) = get(&gateway, &format!("/api/units/{id}")).await;
    assert_eq!(by_id, body);
    let (_, by_spelling) = get(&gateway, "/api/units/fit-2004").await;
    assert_eq!(by_spelling["data"]["code"], "FIT2004");
    let (_, with_zero) = get(&gateway, "/api/units/09009").await;
    assert_eq!(with_zero["data"]["code"], "09009");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ambiguous_code_is_a_409_with_the_candidates() {
    let gateway = FilledGateway::start().await;
    let (status, body) = get(&gateway, "/api/units/31251").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_json_snapshot!(body, {
        ".requestId" => "[id]", ".candidates[].id" => "[id]", ".candidates[].university.id" => "[id]",
    }, @r#"
    {
      "candidates": [
        {
          "code": "31251",
          "id": "[id]",
          "title": "Data Structures and Algorithms",
          "university": {
            "id": "[id]",
            "name": "northfield",
            "slug": "northfield"
          }
        },
        {
          "code": "31251",
          "id": "[id]",
          "title": "Quantum Physics",
          "university": {
            "id": "[id]",
            "name": "southbank",
            "slug": "southbank"
          }
        }
      ],
      "detail": "The code exists at several universities. Ask again with `university`, or by id.",
      "error": "ambiguous",
      "requestId": "[id]",
      "status": 409,
      "success": false,
      "title": "More than one fits",
      "type": "urn:ratemyunit:problem:ambiguous"
    }
    "#);
    let (status, reviews) = get(&gateway, "/api/units/31251/reviews").await;
    assert_eq!((status, &reviews["error"]), (StatusCode::CONFLICT, &body["error"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_client_has_is_not_sent_again() {
    let gateway = FilledGateway::start().await;
    for path in
        ["/api/units?search=algorithms", "/api/units/FIT2004", "/api/units/FIT2004/reviews", "/api/universities"]
    {
        let first = gateway.get(path).send().await.unwrap();
        let tag = first.headers()["etag"].to_str().unwrap().to_owned();
        let again = gateway.get(path).header("if-none-match", &tag).send().await.unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert_eq!(again.headers()["etag"], tag.as_str());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_and_names_the_parameter() {
    let gateway = FilledGateway::start().await;
    let long = "a".repeat(201);
    let endless = "A".repeat(5000);
    for (path, status, parameter) in [
        (format!("/api/units?search={long}"), 400, "search"),
        (format!("/api/units/search?q={long}"), 400, "q"),
        ("/api/units/search".to_owned(), 400, "q"),
        ("/api/units/search?q=%20".to_owned(), 400, "q"),
        ("/api/units?search=a&q=b".to_owned(), 400, "q"),
        ("/api/units?search=%FF%FE".to_owned(), 400, "search"),
        ("/api/units?search=a%00b".to_owned(), 400, "search"),
        ("/api/units?search=a%1Bb".to_owned(), 400, "search"),
        ("/api/units?limit=0".to_owned(), 400, "limit"),
        ("/api/units?limit=51".to_owned(), 400, "limit"),
        ("/api/units?limit=-1".to_owned(), 400, "limit"),
        ("/api/units?limit=ten".to_owned(), 400, "limit"),
        ("/api/units?limit=99999999999999999999".to_owned(), 400, "limit"),
        ("/api/units?level=300".to_owned(), 400, "level"),
        ("/api/units?level=1.5".to_owned(), 400, "level"),
        ("/api/units?creditPoints=six".to_owned(), 400, "creditPoints"),
        ("/api/units?creditPoints=1e9".to_owned(), 400, "creditPoints"),
        ("/api/units?creditPoints=6&minCreditPoints=3".to_owned(), 400, "creditPoints"),
        ("/api/units?minCreditPoints=6&maxCreditPoints=3".to_owned(), 400, "maxCreditPoints"),
        ("/api/units?minCreditPoints=-1".to_owned(), 400, "minCreditPoints"),
        ("/api/units?minScore=0".to_owned(), 400, "minScore"),
        ("/api/units?minScore=5.001".to_owned(), 400, "minScore"),
        ("/api/units?faculty=%20".to_owned(), 400, "faculty"),
        (format!("/api/units?session={long}"), 400, "session"),
        ("/api/units?mode=%25".to_owned(), 400, "mode"),
        ("/api/units?hasReviews=maybe".to_owned(), 400, "hasReviews"),
        ("/api/units?sort=best".to_owned(), 400, "sort"),
        ("/api/units/facets?university=nowhere".to_owned(), 400, "university"),
        ("/api/units?university=No%20Slug".to_owned(), 400, "university"),
        ("/api/units?university=nowhere".to_owned(), 400, "university"),
        ("/api/units?cursor=".to_owned(), 400, "cursor"),
        ("/api/units?cursor=nonsense!".to_owned(), 400, "cursor"),
        ("/api/units?cursor=e30".to_owned(), 400, "cursor"),
        (format!("/api/units?cursor={endless}"), 400, "cursor"),
        ("/api/units/!!!".to_owned(), 400, "unit"),
        (format!("/api/units/{long}"), 400, "unit"),
        ("/api/units/%FF".to_owned(), 400, "unit"),
        ("/api/units/3%001".to_owned(), 400, "unit"),
        ("/api/units/31251?university=%27".to_owned(), 400, "university"),
        ("/api/units/FIT2004/reviews?sort=best".to_owned(), 400, "sort"),
        ("/api/units/FIT2004/reviews?limit=1000".to_owned(), 400, "limit"),
        ("/api/units/FIT2004/reviews?cursor=e30".to_owned(), 400, "cursor"),
        ("/api/universities?cursor=e30".to_owned(), 400, "cursor"),
        ("/api/universities/A".to_owned(), 400, "slug"),
    ] {
        let (found, body) = get(&gateway, &path).await;
        assert_eq!(found, status, "{path}: {body}");
        assert_eq!(body["errors"][0]["field"], parameter, "{path}: {body}");
        assert_eq!(body["success"], false);
    }
    for path in [
        "/api/units/99999",
        "/api/units/99999/reviews",
        "/api/units/FIT2004?university=northfield",
        "/api/units/01920000-0000-7000-8000-00000000ffff",
        "/api/units/01920000-0000-7000-8000-00000000ffff/reviews",
        "/api/universities/nowhere",
    ] {
        let (status, body) = get(&gateway, path).await;
        assert_eq!((status, &body["error"]), (StatusCode::NOT_FOUND, &"not_found".into()), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_query_is_answered() {
    let gateway = FilledGateway::start().await;
    for query in
        ["%25", "%27", "%5C", "_", "%22", "%27%20OR%201=1%20--", "%F0%9F%A6%80", "a%27b", "(%26|!", "%E2%80%AE"]
    {
        let (status, _) = get(&gateway, &format!("/api/units?search={query}")).await;
        assert_eq!(status, StatusCode::OK, "{query}");
    }
}
