//! A catalogue of one's own, and ways to fill it.

use rmu_catalogue::{
    CatalogueError,
    migrations::{MIGRATIONS, SCHEMA},
    reviews::{self, Author, Review},
    search::{IndexedUnit, index_unit},
    units::{self, Identified, UnitDetail, UnitKey, identify},
};
use rmu_domain::{
    account::Nickname,
    credit_points::CreditPoints,
    facts::{FactName, Gap, Offering, Origin, UnitFacts, UnitRecord},
    ids::{AccountId, SourceId, UnitId, UniversityId},
    rating::Rating,
    review::{Ratings, ReviewDraft, SessionName, ShownAs, Taken},
    slug::Slug,
    unit_code::UnitCode,
    year::Year,
};
use rmu_postgres::{Database, DatabaseConfig, migrations};
use rmu_test_support::database::{Role, TestDatabase};
use std::{collections::BTreeMap, time::Duration};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

pub(crate) struct Catalogue {
    pub(crate) database: Database,
    /// As the service's own role, for what no use case does.
    pub(crate) client: Client,
    _lives_as_long: TestDatabase,
}

/// What the tests say of a unit; everything else is unknown.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Unit<'a> {
    pub(crate) code: &'a str,
    pub(crate) title: &'a str,
    pub(crate) description: Option<&'a str>,
    pub(crate) level: Option<u8>,
    pub(crate) credit_points: Option<&'a str>,
    pub(crate) year: Option<u16>,
    pub(crate) sessions: &'a [&'a str],
    pub(crate) modes: &'a [&'a str],
    /// "Engineering" when nothing is said.
    pub(crate) faculty: Option<&'a str>,
    pub(crate) requisite_free: Option<bool>,
    pub(crate) status: Option<&'a str>,
}

/// Settings for tests in which hundreds write at once: however slow the machine, nobody is turned away. That the limits
/// hold is tested where they are.
pub(crate) fn patient(url: &str) -> DatabaseConfig {
    let mut config = DatabaseConfig::new(url, "catalogue-tests", SCHEMA).unwrap();
    for limit in [
        &mut config.acquire_timeout,
        &mut config.statement_timeout,
        &mut config.lock_timeout,
        &mut config.idle_in_transaction_timeout,
        &mut config.transaction_timeout,
    ] {
        *limit = Duration::from_secs(60);
    }
    config
}

impl Catalogue {
    pub(crate) async fn start() -> Self {
        let database = TestDatabase::new(Role::Gateway, async |url| {
            migrations::run_pending(&DatabaseConfig::new(&url, "template", SCHEMA)?, MIGRATIONS).await.map(drop)
        })
        .await;
        let pool = Database::new(patient(&database.url())).await.unwrap();
        let (client, connection) = tokio_postgres::connect(&database.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("SET search_path = catalogue, public").await.unwrap();
        Self { database: pool, client, _lives_as_long: database }
    }

    pub(crate) async fn university(&self, slug: &str) -> UniversityId {
        let id = UniversityId::new();
        let name = format!("University of {slug}");
        let sql = "INSERT INTO universities (id, slug, name) VALUES ($1, $2, $3)";
        self.client.execute(sql, &[&id.as_uuid(), &slug, &name]).await.unwrap();
        let source = SourceId::new().as_uuid();
        let sql = "INSERT INTO sources (id, university_id, slug, current_version, dispatch_window)
                   VALUES ($1, $2, $3, 1, 1)";
        self.client.execute(sql, &[&source, &id.as_uuid(), &format!("{slug}-handbook")]).await.unwrap();
        let sql = "INSERT INTO source_versions (source_id, version, definition) VALUES ($1, 1, '{}')";
        self.client.execute(sql, &[&source]).await.unwrap();
        id
    }

    /// Stores a unit with one version and makes it findable.
    pub(crate) async fn unit(&self, university: UniversityId, unit: Unit<'_>) -> UnitId {
        let id = UnitId::new();
        let record = record(&unit);
        let thousandths = record.facts.credit_points.map(|points| i32::try_from(points.thousandths()).unwrap());
        let sql = "INSERT INTO units (id, university_id, code, code_normalised, title, description, level, faculty,
                       credit_points_thousandths, status, first_seen_at, last_seen_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $9, $8, $10, now(), now())";
        self.client
            .execute(
                sql,
                &[
                    &id.as_uuid(),
                    &university.as_uuid(),
                    &unit.code,
                    &record.facts.code.normalised(),
                    &unit.title,
                    &unit.description,
                    &unit.level.map(i16::from),
                    &thousandths,
                    &record.facts.faculty,
                    &unit.status,
                ],
            )
            .await
            .unwrap();
        self.version(id, 1, &record).await;
        self.index(id, university, &unit).await;
        id
    }

    /// Adds a version to a unit and shows it.
    pub(crate) async fn version(&self, unit: UnitId, number: i32, record: &UnitRecord) {
        let version = Uuid::now_v7();
        let year = record.facts.year.map(|year| i16::try_from(year.get()).unwrap());
        let sql = "INSERT INTO unit_versions (id, unit_id, number, year, content_hash, facts, gaps, origins,
                       source_id, source_version, url, fetched_at, confirmed_at)
                   SELECT $1, $2, $3, $4, repeat('0', 64), $5::text::jsonb, $6::text::jsonb, $7::text::jsonb,
                          source.id, 1, 'https://handbook.example/' || unit.code,
                          '2026-03-01T10:00:00Z', '2026-03-02T10:00:00Z'
                   FROM units AS unit JOIN sources AS source ON source.university_id = unit.university_id
                   WHERE unit.id = $2";
        let json = |value: serde_json::Result<String>| value.unwrap();
        self.client
            .execute(
                sql,
                &[
                    &version,
                    &unit.as_uuid(),
                    &number,
                    &year,
                    &json(serde_json::to_string(&record.facts)),
                    &json(serde_json::to_string(&record.gaps)),
                    &json(serde_json::to_string(&record.origins)),
                ],
            )
            .await
            .unwrap();
        let sql = "UPDATE units SET current_version = $2 WHERE id = $1";
        self.client.execute(sql, &[&unit.as_uuid(), &version]).await.unwrap();
    }

    pub(crate) async fn index(&self, id: UnitId, university: UniversityId, unit: &Unit<'_>) {
        let code = UnitCode::parse(unit.code).unwrap();
        let mut connection = self.database.connection().await.unwrap();
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (sessions, modes) = (owned(unit.sessions), owned(unit.modes));
        let indexed = IndexedUnit {
            id,
            university,
            code: &code,
            title: unit.title,
            description: unit.description,
            level: unit.level,
            credit_points: unit.credit_points.map(|points| CreditPoints::parse(points).unwrap()),
            faculty: unit.faculty.or(Some("Engineering")),
            sessions: &sessions,
            modes: &modes,
            requisite_free: unit.requisite_free,
            status: unit.status,
        };
        index_unit(&mut connection, indexed).await.unwrap();
    }
}

pub(crate) fn record(unit: &Unit<'_>) -> UnitRecord {
    let offerings: Vec<Offering> = unit
        .sessions
        .iter()
        .map(|session| Offering { session: (*session).to_owned(), location: None, mode: None })
        .collect();
    let facts = UnitFacts {
        code: UnitCode::parse(unit.code).unwrap(),
        title: unit.title.to_owned(),
        year: unit.year.map(|year| Year::new(year).unwrap()),
        status: unit.status.map(str::to_owned),
        credit_points: unit.credit_points.map(|points| CreditPoints::parse(points).unwrap()),
        level: unit.level,
        study_level: None,
        faculty: Some(unit.faculty.unwrap_or("Engineering").to_owned()),
        school: None,
        description: unit.description.map(str::to_owned),
        workload: None,
        outcomes: None,
        assessments: None,
        offerings: (!offerings.is_empty()).then_some(offerings),
        requisites: None,
        contacts: None,
    };
    let origin = Origin { rule: "title[0]".to_owned(), url: format!("https://handbook.example/{}", unit.code) };
    UnitRecord {
        facts,
        gaps: BTreeMap::from([(FactName::School, Gap::Absent)]),
        origins: BTreeMap::from([(FactName::Title, origin)]),
    }
}

/// Without a key: every call is a request of its own.
/// The one unit of a key, with everything known of it.
pub(crate) async fn detail(catalogue: &Catalogue, key: &UnitKey, university: Option<&Slug>) -> UnitDetail {
    match identify(&catalogue.database, key, university).await.unwrap() {
        Identified::One(unit) => units::detail(&catalogue.database, unit.id).await.unwrap(),
        Identified::Ambiguous(candidates) => panic!("{key:?} is ambiguous: {candidates:?}"),
    }
}

pub(crate) async fn write_review(
    database: &Database,
    unit: UnitId,
    author: &Author,
    draft: &ReviewDraft,
) -> Result<Review, CatalogueError> {
    reviews::create(database, unit, author, draft, None).await
}

pub(crate) fn author(nickname: &str) -> Author {
    Author { account: AccountId::new(), nickname: Nickname::parse(nickname).unwrap(), university: None }
}

pub(crate) fn draft(overall: i64, session: &str, year: u16) -> ReviewDraft {
    let rating = |stars| Rating::new(stars).unwrap();
    ReviewDraft {
        ratings: Ratings {
            overall: rating(overall),
            teaching: rating(overall),
            difficulty: rating(3),
            workload: rating(6 - overall),
            usefulness: rating(5),
        },
        would_recommend: overall >= 3,
        taken: Taken { session: SessionName::parse(session).unwrap(), year: Year::new(year).unwrap() },
        text: None,
        shown_as: ShownAs::Anonymous,
    }
}
