//! A gateway whose catalogue holds units of two universities, brought in the way results of workers come in.

use crate::{TestGateway, auth_service::claims};
use reqwest::{Response, StatusCode};
use rmu_api_gateway::cache;
use rmu_catalogue::{
    ingest::{TaskOutcome, TaskResult, UnitRead, apply_result},
    ledger::{DispatchLimits, DispatchOrder, Scope, StartScrape, TraceHeaders, dispatch_due, start_scrape},
    sources::create_source,
};
use rmu_domain::{
    credit_points::CreditPoints,
    facts::{Assessment, FactName, Gap, Offering, Origin, UnitFacts, UnitRecord, Weight},
    requisite::{Expression, Requisite, RequisiteKind},
    slug::Slug,
    unit_code::UnitCode,
    year::Year,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, ops::Deref, sync::Mutex};
use uuid::Uuid;

/// Northfield's 31251 and 09009, Southbank's 31251.
pub(crate) struct FilledGateway(TestGateway);

impl Deref for FilledGateway {
    type Target = TestGateway;

    fn deref(&self) -> &TestGateway {
        &self.0
    }
}

impl FilledGateway {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub(crate) async fn start_with(settings: &[(&str, &str)]) -> Self {
        // Only serving: the tests take the part of relay and workers.
        let settings = [&[("GATEWAY_ROLE", "serve")], settings].concat();
        let gateway = TestGateway::start_without_auth(&settings).await.with_auth().await;
        let filled = Self(gateway);
        let mut known = unit("31251", "Data Structures and Algorithms");
        known.facts.credit_points = CreditPoints::parse("6").ok();
        known.facts.level = Some(2);
        known.facts.description = Some("Lists, trees, <b>hashing</b> & graphs.".to_owned());
        known.facts.assessments = Some(vec![Assessment {
            name: "Project".to_owned(),
            kind: None,
            weight: Weight::parse("37.5").ok(),
            hurdle: Some(false),
        }]);
        known.facts.offerings =
            Some(vec![Offering { session: "Autumn".to_owned(), location: Some("City".to_owned()), mode: None }]);
        known.facts.requisites = Some(vec![Requisite {
            kind: RequisiteKind::Prerequisite,
            text: "31271 OR 48023".to_owned(),
            expression: Expression::parse("31271 OR 48023"),
        }]);
        known.facts.contacts = Some(Vec::new());
        known.gaps = BTreeMap::from([
            (FactName::School, Gap::Absent),
            (FactName::Workload, Gap::Unparsed { raw: "see timetable".to_owned() }),
        ]);
        let url = page("northfield", "31251");
        known.origins = BTreeMap::from([(FactName::Title, Origin { rule: "title[0]".to_owned(), url })]);
        filled.university("northfield", vec![known, unit("09009", "Café Management")]).await;
        filled.university("southbank", vec![unit("31251", "Quantum Physics"), unit("FIT2004", "Algorithms")]).await;
        filled
    }

    async fn university(&self, slug: &str, units: Vec<UnitRecord>) {
        let database = &self.state.database;
        self.add_university(slug, &format!("{slug}.example")).await;
        let university = Slug::parse(slug).unwrap();
        let source = Slug::parse(&format!("{slug}-handbook")).unwrap();
        let definition = json!({
            "origins": [format!("https://{slug}.example")],
            "start": [{ "kind": "sitemap", "url": format!("https://{slug}.example/sitemap.xml") }],
            "unitUrl": "/subject/(?<year>\\d{4})/(?<code>[A-Za-z0-9]+)$",
            "recognise": { "unit": [{ "css": "h1" }] },
            "facts": { "code": [{ "css": "h1" }], "title": [{ "css": "h2" }] }
        });
        create_source(database, &university, &source, &definition, None).await.unwrap();
        self.read(slug, &units).await;
    }

    /// Has the page of a unit read as the handbook of another year has it: with fewer credit points and another task.
    pub(crate) async fn read_again(&self, university: &str, code: &str, year: u16) {
        let mut other = unit(code, "Algorithms, as they were");
        other.facts.year = Year::new(year).ok();
        other.facts.credit_points = CreditPoints::parse("3").ok();
        other.facts.contacts = Some(Vec::new());
        self.read(university, &[other]).await;
    }

    /// Scrapes pages of a university's handbook that say this.
    async fn read(&self, slug: &str, units: &[UnitRecord]) {
        let database = &self.state.database;
        let source = Slug::parse(&format!("{slug}-handbook")).unwrap();
        let urls = units.iter().map(|unit| page(slug, unit.facts.code.as_str())).collect();
        let wanted = StartScrape {
            source,
            scope: Scope::List { urls, codes: Vec::new() },
            priority: None,
            started_by: None,
            trace: TraceHeaders::new(),
            idempotency_key: None,
        };
        start_scrape(database, 1000, &wanted).await.unwrap();
        let sent = Mutex::new(Vec::new());
        dispatch_due(
            database,
            DispatchLimits { batch: 50, in_flight: 1000, order: DispatchOrder::ByPriority },
            |tasks| {
                let ids = tasks.iter().map(|task| task.id).collect();
                *sent.lock().unwrap() = tasks;
                async move { ids }
            },
        )
        .await
        .unwrap();
        for task in sent.into_inner().unwrap() {
            let url = task.target.url().to_owned();
            let record = units.iter().find(|unit| url.ends_with(unit.facts.code.as_str())).unwrap().clone();
            let fetched_at = "2026-03-01T10:00:00Z".parse().unwrap();
            let result = TaskResult {
                task: task.id,
                job: task.job,
                attempt: task.attempt,
                source: task.source.id,
                source_version: task.source.version,
                worker: "worker-1".to_owned(),
                outcome: TaskOutcome::Unit(Box::new(UnitRead { record, url, fetched_at })),
                artefacts: None,
            };
            apply_result(database, &result).await.unwrap();
        }
        // As the consumer of results does.
        self.state.cache.changed(&[cache::Scope::Everything]).await;
    }

    /// A verified student who has not been here before.
    pub(crate) fn student(&self) -> String {
        let mut claims = claims("student", true);
        claims["sub"] = Uuid::new_v4().to_string().into();
        self.key.sign(&claims)
    }

    /// Writes a review of Northfield's unit and gives its id.
    pub(crate) async fn review(&self, code: &str, student: &str) -> String {
        let review = json!({
            "unitId": self.id_of(&format!("{code}?university=northfield")).await,
            "ratings": { "overall": 4, "teaching": 4, "difficulty": 3, "workload": 2, "usefulness": 5 },
            "wouldRecommend": true, "session": "Autumn", "year": 2025,
        });
        let (status, body) =
            answer(self.post("/api/reviews", &review).bearer_auth(student).send().await.unwrap()).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        body["data"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn id_of(&self, key: &str) -> String {
        let (status, body) = answer(self.get(&format!("/api/units/{key}")).send().await.unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["data"]["id"].as_str().unwrap().to_owned()
    }
}

pub(crate) async fn answer(response: Response) -> (StatusCode, Value) {
    (response.status(), response.json().await.unwrap())
}

fn page(slug: &str, code: &str) -> String {
    format!("https://{slug}.example/subject/2026/{code}")
}

fn unit(code: &str, title: &str) -> UnitRecord {
    let facts = UnitFacts {
        code: UnitCode::parse(code).unwrap(),
        title: title.to_owned(),
        year: Year::new(2026).ok(),
        status: None,
        credit_points: None,
        level: None,
        study_level: None,
        faculty: None,
        school: None,
        description: None,
        workload: None,
        outcomes: None,
        assessments: None,
        offerings: None,
        requisites: None,
        contacts: None,
    };
    UnitRecord { facts, gaps: BTreeMap::new(), origins: BTreeMap::new() }
}
