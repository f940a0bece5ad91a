//! `/api/moderation`, `/api/takedowns` and what authors are told.

use crate::{
    TestGateway,
    auth_service::claims,
    filled::{FilledGateway, answer},
};
use insta::assert_json_snapshot;
use reqwest::{Method, RequestBuilder, StatusCode};
use rmu_api_gateway::{auth::Access, routes::access_table};
use serde_json::{Value, json};
use uuid::Uuid;

/// Somebody with a role, and their token.
struct Person {
    id: String,
    token: String,
}

impl Person {
    fn new(gateway: &TestGateway, role: &str) -> Self {
        let id = Uuid::new_v4().to_string();
        let mut claims = claims(role, true);
        claims["sub"] = id.clone().into();
        Self { token: gateway.key.sign(&claims), id }
    }

    async fn send(&self, request: RequestBuilder) -> (StatusCode, Value) {
        answer(request.bearer_auth(&self.token).send().await.unwrap()).await
    }

    async fn get(&self, gateway: &TestGateway, path: &str) -> Value {
        let (status, body) = self.send(gateway.get(path)).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    async fn post(&self, gateway: &TestGateway, path: &str, body: &Value) -> (StatusCode, Value) {
        self.send(gateway.post(path, body)).await
    }
}

/// Reports as so many accounts, whose ids nobody may ever see.
async fn report(gateway: &FilledGateway, review: &str, count: usize) -> Vec<String> {
    let reporters: Vec<String> = (0..count).map(|_| Uuid::new_v4().to_string()).collect();
    for reporter in &reporters {
        let sql = format!(
            "INSERT INTO review_reports (review_id, reporter_id, reason, detail, revision)
             VALUES ('{review}', '{reporter}', 'other', 'It names a tutor.', 1)"
        );
        gateway.sql(&sql).await;
    }
    reporters
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_goes_from_the_queue_over_an_appeal_to_its_end() {
    let gateway = FilledGateway::start().await;
    let author = Person::new(&gateway, "student");
    let (first, second) = (Person::new(&gateway, "moderator"), Person::new(&gateway, "admin"));
    let review = gateway.review("31251", &author.token).await;
    report(&gateway, &review, 2).await;
    let (status, opened) = first.post(&gateway, "/api/moderation/cases", &json!({ "reviewId": review })).await;
    assert_eq!(status, StatusCode::CREATED, "{opened}");
    let case = format!("/api/moderation/cases/{}", opened["data"]["id"].as_str().unwrap());
    let queue = first.get(&gateway, "/api/moderation/cases?university=northfield&sort=mostReported").await;
    assert_json_snapshot!(queue, {
        ".**.id" => "[id]", ".**.reviewId" => "[id]", ".**.openedAt" => "[time]", ".**.since" => "[time]",
    }, @r#"
    {
      "data": [
        {
          "cause": "moderator",
          "claim": null,
          "id": "[id]",
          "needsAnother": false,
          "openedAt": "[time]",
          "reports": 2,
          "reviewId": "[id]",
          "revision": 1,
          "since": "[time]",
          "state": "open",
          "unit": {
            "code": "31251",
            "id": "[id]",
            "title": "Data Structures and Algorithms",
            "university": {
              "id": "[id]",
              "name": "northfield",
              "slug": "northfield"
            }
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
    assert_eq!(first.get(&gateway, "/api/moderation/cases?cause=burst").await["data"], json!([]));

    let (status, claim) = first.post(&gateway, &format!("{case}/claim"), &json!({})).await;
    assert_eq!((status, &claim["data"]["own"]), (StatusCode::OK, &json!(true)), "{claim}");
    let decisions = format!("{case}/decisions");
    let hide = json!({ "decision": "hide", "reason": "names_staff", "message": "Leave out the name.", "revision": 1 });
    let (status, refused) = second.post(&gateway, &decisions, &hide).await;
    assert_eq!((status, &refused["reason"]), (StatusCode::CONFLICT, &json!("claimed_by_another")), "{refused}");
    for (body, field) in [
        (json!({ "decision": "hide", "reason": "spam", "revision": 1 }), "message"),
        (json!({ "decision": "burn", "reason": "spam", "revision": 1 }), "decision"),
        (json!({ "decision": "keep", "reason": "spam", "revision": 1 }), "reason"),
        (json!({ "decision": "hide", "reason": "spam", "message": " ", "revision": 1 }), "message"),
    ] {
        let (status, refused) = first.post(&gateway, &decisions, &body).await;
        assert_eq!(
            (status, &refused["errors"][0]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
            "{refused}"
        );
    }
    let (status, decided) = first.post(&gateway, &decisions, &hide).await;
    assert_eq!((status, &decided["data"]["state"]), (StatusCode::CREATED, &json!("decided")), "{decided}");
    assert_json_snapshot!(decided["data"], {
        ".**.id" => "[id]", ".**.reviewId" => "[id]", ".**.openedAt" => "[time]", ".**.since" => "[time]",
        ".**.at" => "[time]", ".**.writtenAt" => "[time]", ".**.decidedBy" => "[id]",
    }, @r#"
    {
      "appeal": null,
      "cause": "moderator",
      "claim": null,
      "decisions": [
        {
          "appealGranted": null,
          "at": "[time]",
          "decidedBy": "[id]",
          "decision": "hide",
          "id": "[id]",
          "message": "Leave out the name.",
          "reason": "names_staff"
        }
      ],
      "earlier": [],
      "id": "[id]",
      "needsAnother": false,
      "openedAt": "[time]",
      "reportTexts": [
        "It names a tutor.",
        "It names a tutor."
      ],
      "reports": 2,
      "reportsByReason": {
        "other": 2
      },
      "review": {
        "ratings": {
          "difficulty": 3,
          "overall": 4,
          "teaching": 4,
          "usefulness": 5,
          "workload": 2
        },
        "state": "hidden",
        "text": null,
        "wouldRecommend": true,
        "writtenAt": "[time]"
      },
      "reviewId": "[id]",
      "revision": 2,
      "since": "[time]",
      "state": "decided",
      "unit": {
        "code": "31251",
        "id": "[id]",
        "title": "Data Structures and Algorithms",
        "university": {
          "id": "[id]",
          "name": "northfield",
          "slug": "northfield"
        }
      }
    }
    "#);
    let (status, again) = first.post(&gateway, &decisions, &hide).await;
    assert_eq!((status, &again["reason"]), (StatusCode::CONFLICT, &json!("already_decided")), "{again}");

    let told = author.get(&gateway, "/api/notifications").await;
    assert_eq!(told["data"]["notifications"][0]["reason"], "Leave out the name.", "{told}");
    let appeal = format!("/api/reviews/{review}/appeal");
    let text = json!({ "text": "The name is that of the textbook's author." });
    assert_eq!(second.post(&gateway, &appeal, &text).await.0, StatusCode::NOT_FOUND, "it is not theirs");
    let (_, short) = author.post(&gateway, &appeal, &json!({ "text": "No." })).await;
    assert_eq!(short["errors"][0]["field"], "text", "{short}");
    let keyed = || gateway.post(&appeal, &text).header("idempotency-key", "appeal-1");
    assert_eq!(author.send(keyed()).await.0, StatusCode::CREATED);
    let (status, view) = author.send(keyed()).await;
    assert_eq!((status, &view["data"]["caseState"]), (StatusCode::CREATED, &json!("appealed")), "{view}");
    let (status, twice) = author.post(&gateway, &appeal, &text).await;
    assert_eq!((status, &twice["reason"]), (StatusCode::CONFLICT, &json!("already_appealed")), "{twice}");

    let revision = &second.get(&gateway, &case).await["data"]["revision"];
    let restore = json!({ "decision": "restore", "reason": "within_rules", "revision": revision });
    assert_eq!(first.post(&gateway, &decisions, &restore).await.0, StatusCode::FORBIDDEN);
    assert_eq!(second.post(&gateway, &decisions, &restore).await.0, StatusCode::CREATED);
    let view = author.get(&gateway, &format!("/api/reviews/{review}/decisions")).await;
    assert_json_snapshot!(view["data"], {
        ".reviewId" => "[id]", ".**.at" => "[time]", ".**.madeAt" => "[time]",
    }, @r#"
    {
      "appeal": {
        "madeAt": "[time]",
        "text": "The name is that of the textbook's author."
      },
      "caseState": "decided",
      "decisions": [
        {
          "appealGranted": null,
          "at": "[time]",
          "decision": "hide",
          "message": "Leave out the name.",
          "reason": "names_staff"
        },
        {
          "appealGranted": true,
          "at": "[time]",
          "decision": "restore",
          "message": "The review is within the rules.",
          "reason": "within_rules"
        }
      ],
      "mayAppeal": false,
      "reviewId": "[id]",
      "state": "visible"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_take_down_is_asked_for_followed_and_decided_without_an_account() {
    let gateway = FilledGateway::start_with(&[("TAKEDOWN_LIMIT_PER_DAY", "3")]).await;
    let author = Person::new(&gateway, "student");
    let moderator = Person::new(&gateway, "moderator");
    let review = gateway.review("31251", &author.token).await;
    let body = json!({
        "reviewId": review, "name": "Dr. R. Ellis", "contact": "r.ellis@northfield.example",
        "grounds": "It gives my private telephone number.",
    });
    let ask = async || answer(gateway.post("/api/takedowns", &body).send().await.unwrap()).await;
    let (status, received) = ask().await;
    assert_eq!((status, &received["data"]["state"]), (StatusCode::CREATED, &json!("received")), "{received}");
    let token = received["data"]["token"].as_str().unwrap().to_owned();
    let id = received["data"]["id"].as_str().unwrap().to_owned();
    let look = async |token: &str| {
        let request = gateway.get(&format!("/api/takedowns/{id}")).header("takedown-token", token);
        answer(request.send().await.unwrap()).await
    };
    assert_eq!(look("guessed").await.0, StatusCode::NOT_FOUND);
    assert_eq!(look(&token).await.1["data"]["state"], "received");

    let of_moderator = format!("/api/moderation/takedowns/{id}");
    let list = moderator.get(&gateway, "/api/moderation/takedowns?university=northfield").await;
    assert_eq!(list["data"][0]["contact"], "r.ellis@northfield.example", "{list}");
    let (_, taken) = moderator.post(&gateway, &format!("{of_moderator}/claim"), &json!({})).await;
    assert_eq!(taken["data"]["takenBy"], json!(moderator.id), "{taken}");
    assert_eq!(look(&token).await.1["data"]["state"], "under_review");
    let decisions = format!("{of_moderator}/decisions");
    let (_, bare) = moderator.post(&gateway, &decisions, &json!({ "decision": "uphold", "answer": "Yes." })).await;
    assert_eq!(bare["errors"][0]["field"], "effect", "{bare}");
    let uphold = json!({
        "decision": "uphold", "answer": "It is no longer shown.", "effect": "remove",
        "reason": "personal_information", "message": "It gave a private number.",
    });
    let (status, decided) = moderator.post(&gateway, &decisions, &uphold).await;
    assert_eq!((status, &decided["data"]["state"]), (StatusCode::CREATED, &json!("upheld")), "{decided}");
    assert_json_snapshot!(look(&token).await.1["data"], {
        ".id" => "[id]", ".receivedAt" => "[time]", ".closedAt" => "[time]",
    }, @r#"
    {
      "answer": "It is no longer shown.",
      "closedAt": "[time]",
      "effect": "remove",
      "id": "[id]",
      "receivedAt": "[time]",
      "state": "upheld"
    }
    "#);
    let (_, shown) = answer(gateway.get("/api/units/31251/reviews?university=northfield").send().await.unwrap()).await;
    assert_eq!(shown["data"], json!([]), "{shown}");
    let withdrawal = gateway.post(&format!("/api/takedowns/{id}/withdrawal"), &json!({}));
    let (status, _) = answer(withdrawal.header("takedown-token", &token).send().await.unwrap()).await;
    assert_eq!(status, StatusCode::CONFLICT, "it is closed");

    // The limit is strict, and what is refused for its fields does not use it up.
    let mut wrong = body.clone();
    wrong["contact"] = json!("x");
    let (status, refused) = answer(gateway.post("/api/takedowns", &wrong).send().await.unwrap()).await;
    assert_eq!(
        (status, &refused["errors"][0]["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("contact")),
        "{refused}"
    );
    assert_eq!(ask().await.0, StatusCode::CREATED);
    assert_eq!(ask().await.0, StatusCode::CREATED);
    let (status, refused) = ask().await;
    assert_eq!((status, &refused["error"]), (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limited")), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_names_a_reporter() {
    let gateway = FilledGateway::start().await;
    let author = Person::new(&gateway, "student");
    let (moderator, other) = (Person::new(&gateway, "moderator"), Person::new(&gateway, "moderator"));
    let admin = Person::new(&gateway, "admin");
    let review = gateway.review("31251", &author.token).await;
    let reporters = report(&gateway, &review, 3).await;
    let (_, opened) = moderator.post(&gateway, "/api/moderation/cases", &json!({ "reviewId": review })).await;
    let case = opened["data"]["id"].as_str().unwrap().to_owned();
    let asked = json!({
        "reviewId": review, "name": "Dr. R. Ellis", "contact": "r.ellis@northfield.example",
        "grounds": "It gives my private telephone number.",
    });
    let (_, request) = moderator.post(&gateway, "/api/moderation/takedowns", &asked).await;
    let request = request["data"]["id"].as_str().unwrap().to_owned();

    // Everything that can be said to a step, the refusals included.
    let mut answers: Vec<(String, bool, Value)> = Vec::new();
    let hide = json!({ "decision": "hide", "reason": "abusive", "message": "It insults a tutor.", "revision": 1 });
    for path in [format!("/api/moderation/cases/{case}/claim"), format!("/api/moderation/cases/{case}/decisions")] {
        for who in [&author, &moderator, &other, &moderator] {
            let (_, body) = who.post(&gateway, &path, &hide).await;
            answers.push((path.clone(), who.id == author.id, body));
        }
    }
    let appeal = format!("/api/reviews/{review}/appeal");
    let text = json!({ "text": "The name is that of the textbook's author." });
    for who in [&author, &author, &moderator] {
        answers.push((appeal.clone(), who.id == author.id, who.post(&gateway, &appeal, &text).await.1));
    }
    // Every read there is, of what the case is about.
    for row in access_table().filter(|row| row.method == "GET" && !row.path.ends_with("/events")) {
        let id = match row.path {
            path if path.starts_with("/api/moderation/takedowns") => &request,
            path if path.starts_with("/api/moderation") => &case,
            _ => &review,
        };
        let segments = row.path.split('/').map(|segment| match segment {
            "{unit}" => "31251",
            "{slug}" => "northfield",
            segment if segment.starts_with('{') => id,
            segment => segment,
        });
        let path = segments.collect::<Vec<_>>().join("/");
        let path = if row.path.contains("{unit}") { format!("{path}?university=northfield") } else { path };
        for who in [&author, &moderator, &other, &admin] {
            // What only admins may read is not asked of them here: they look after accounts.
            if row.access == Access::Admin && row.path != "/api/admin/audit" {
                continue;
            }
            let response = gateway.call(Method::GET, &path).bearer_auth(&who.token).send().await.unwrap();
            let text = response.text().await.unwrap();
            answers.push((path.clone(), who.id == author.id, Value::from(text)));
        }
    }
    assert!(answers.iter().any(|(_, _, body)| body.to_string().contains("It names a tutor.")), "reports are shown");
    for (path, is_author, body) in answers {
        let body = body.to_string();
        for reporter in &reporters {
            assert!(!body.contains(reporter), "{path} names a reporter: {body}");
        }
        if is_author {
            assert!(!body.contains(&moderator.id) && !body.contains(&other.id), "{path} names a moderator: {body}");
            assert!(!body.contains("It names a tutor."), "{path} shows the author what reporters wrote: {body}");
        } else {
            assert!(!body.contains(&author.id), "{path} names the author: {body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_figures_show_no_small_number() {
    let gateway = FilledGateway::start().await;
    let author = Person::new(&gateway, "student");
    let review = gateway.review("31251", &author.token).await;
    report(&gateway, &review, 7).await;
    gateway
        .sql(
            "WITH numbered AS (SELECT reporter_id, row_number() OVER () AS number FROM review_reports)
             UPDATE review_reports SET reported_at = date_trunc('month', now(), 'UTC')
                 - CASE WHEN number <= 5 THEN interval '1 day' ELSE interval '40 days' END
             FROM numbered WHERE numbered.reporter_id = review_reports.reporter_id",
        )
        .await;
    let response = gateway.get("/api/moderation/figures").send().await.unwrap();
    assert_eq!(response.headers()["cache-control"], "public, max-age=3600");
    let (status, body) = answer(response).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let months = body["data"]["months"].as_array().unwrap();
    assert_eq!((months.len(), &body["data"]["smallestShown"]), (24, &json!(5)));
    assert_eq!((&months[0]["reports"], &months[1]["reports"]), (&json!(5), &Value::Null), "two are too few to tell");
    assert_eq!((&months[0]["kept"], &months[0]["medianSecondsToDecision"]), (&json!(0), &Value::Null));
}
