//! A generated catalogue, and what is asked of it.

use rmu_catalogue::migrations::{MIGRATIONS, SCHEMA};
use rmu_domain::{
    facts::{Assessment, Offering, Outcome, UnitFacts, Weight},
    unit_code::UnitCode,
};
use rmu_postgres::{DatabaseConfig, migrations::run_pending};
use rmu_test_support::database::{Role, TestDatabase};
use std::time::{Duration, Instant};
use tokio_postgres::NoTls;

/// As many different ones of each kind, so that no answer is asked for twice within what is kept, where that is wanted.
const DIFFERENT: usize = 20_000;
/// So few that all of them are kept.
const REPEATED: usize = 50;

pub(crate) struct Catalogue {
    database: TestDatabase,
    units: u64,
    /// Unit ids, codes and titles, spread evenly over the catalogue.
    some: Vec<(String, String, String)>,
    took: Duration,
    bytes: i64,
}

impl Catalogue {
    pub(crate) async fn generate(units: u64) -> Self {
        let database = TestDatabase::new(Role::Gateway, |url| async move {
            run_pending(&DatabaseConfig::new(&url, "bench", SCHEMA)?, MIGRATIONS).await.map(|_| ())
        })
        .await;
        let (client, connection) = tokio_postgres::connect(&database.superuser_url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(&format!("SET search_path = {SCHEMA}, public")).await.unwrap();
        let started = Instant::now();
        let facts = serde_json::to_string(&facts()).unwrap().replace('\'', "''");
        let statements = include_str!("generate.sql").replace(":units", &units.to_string());
        // `VACUUM` stands alone.
        let (statements, vacuum) =
            statements.replace(":facts", &format!("'{facts}'")).split_once("VACUUM").map_or_else(
                || panic!("the script ends by a vacuum"),
                |(statements, rest)| (statements.to_owned(), format!("VACUUM{rest}")),
            );
        client.batch_execute(&statements).await.unwrap();
        client.batch_execute(&vacuum).await.unwrap();
        let took = started.elapsed();
        let bytes = client.query_one("SELECT pg_database_size(current_database())", &[]).await.unwrap().get(0);
        let step = i64::try_from(units / DIFFERENT as u64 + 1).unwrap();
        let rows = client
            .query("SELECT id::text, code, title FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM units) u WHERE n % $1 = 0", &[&step])
            .await
            .unwrap();
        let some = rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
        Self { database, units, some, took, bytes }
    }

    pub(crate) fn database_url(&self) -> String {
        self.database.url()
    }

    pub(crate) fn units(&self) -> u64 {
        self.units
    }

    pub(crate) fn described(&self) -> String {
        let (units, took, mebibytes) = (self.units, self.took.as_secs(), self.bytes >> 20);
        format!("{units} units with {} reviews: generated in {took} s, {mebibytes} MiB", 3 * self.units)
    }

    /// Addresses to ask for; few when answers are to be found again.
    pub(crate) fn urls(&self, kind: &str, base: &str, repeated: bool) -> Vec<String> {
        let count = if repeated { REPEATED } else { DIFFERENT };
        let spread = self.some.iter().cycle().step_by(7).take(count.min(self.some.len()));
        let urls = spread.enumerate().map(|(number, (id, code, title))| match kind {
            "search" => format!("{base}/api/units?search={}", encoded(&searched(number, code, title))),
            "unit" => format!("{base}/api/units/{id}"),
            "reviews" => format!("{base}/api/units/{id}/reviews"),
            "suggest" => {
                let length = 2 + number % 8;
                format!("{base}/api/units/suggest?q={}", encoded(&title.chars().take(length).collect::<String>()))
            }
            _ => {
                let other = &self.some[(number * 31 + 1) % self.some.len()].0;
                if other == id {
                    format!("{base}/api/units/{id}")
                } else {
                    format!("{base}/api/units/compare?ids={id},{other}")
                }
            }
        });
        urls.collect()
    }
}

/// As students type: half know the code or its beginning, the others words of the title, one in ten with a slip.
fn searched(number: usize, code: &str, title: &str) -> String {
    let words: Vec<&str> = title.split(' ').collect();
    match number % 10 {
        0..=2 => code.to_lowercase(),
        3 => format!("{} {}", &code[..4], &code[4..]),
        4 => code[..6].to_owned(),
        5 | 6 => words[words.len() - 1].to_owned(),
        7 | 8 => format!("{} {}", words[words.len() - 3], words[words.len() - 1]),
        _ => {
            let mut slip: Vec<char> = words[words.len() - 1].to_lowercase().chars().collect();
            slip.swap(1, 2);
            slip.into_iter().collect()
        }
    }
}

fn encoded(text: &str) -> String {
    text.replace(' ', "%20")
}

/// What all units have in common.
fn facts() -> UnitFacts {
    let task = |name: &str, weight: &str| Assessment {
        name: name.to_owned(),
        kind: Some("Assignment".to_owned()),
        weight: Some(Weight::parse(weight).unwrap()),
        hurdle: Some(false),
    };
    let outcome = |number: u32| Outcome {
        code: format!("ULO{number}"),
        description: "Explain and apply the main concepts of the field to problems of practice.".to_owned(),
    };
    UnitFacts {
        code: UnitCode::parse("ABCD1234").unwrap(),
        title: String::new(),
        year: None,
        status: None,
        credit_points: None,
        level: None,
        study_level: Some("Undergraduate".to_owned()),
        faculty: None,
        school: Some("School of Everything".to_owned()),
        description: None,
        workload: Some("Three hours of classes and seven of study a week.".to_owned()),
        outcomes: Some((1..=5).map(outcome).collect()),
        assessments: Some(vec![task("Report", "40"), task("Examination", "60")]),
        offerings: Some(vec![Offering {
            session: "Autumn".to_owned(),
            location: Some("City".to_owned()),
            mode: Some("On campus".to_owned()),
        }]),
        requisites: Some(Vec::new()),
        contacts: None,
    }
}
