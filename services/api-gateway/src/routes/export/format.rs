//! Exported units as CSV and JSON.

use crate::routes::units::summary::MeansView;
use csv::{Terminator, WriterBuilder};
use rmu_catalogue::export::ExportedUnit;
use rmu_domain::credit_points::CreditPoints;
use serde::Serialize;
use std::{borrow::Cow, io};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Json,
}

/// A unit and what its reviews come to.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportedUnitView {
    pub id: Uuid,
    /// The slug of the university.
    #[schema(example = "northfield")]
    pub university: String,
    #[schema(example = "31251")]
    pub code: String,
    #[schema(example = "Data Structures and Algorithms")]
    pub title: String,
    /// The handbook's year.
    #[schema(example = 2026)]
    pub year: Option<u16>,
    pub status: Option<String>,
    #[schema(example = 6.0)]
    pub credit_points: Option<f64>,
    #[schema(example = 2)]
    pub level: Option<u8>,
    pub faculty: Option<String>,
    #[schema(example = 12)]
    pub reviews: u32,
    /// By the formula of `GET /api/methodology`; `null` below three reviews.
    pub scores: Option<MeansView>,
    /// The share who would, 0 to 1; `null` below three reviews.
    #[schema(example = 0.83)]
    pub would_recommend: Option<f64>,
    /// How many gave an overall rating of 1, 2, 3, 4, 5; `null` below three reviews.
    pub distribution: Option<[u32; 5]>,
}

/// The columns of the CSV, which readers find by their names.
const COLUMNS: [&str; 21] = [
    "id",
    "university",
    "code",
    "title",
    "year",
    "status",
    "credit_points",
    "level",
    "faculty",
    "reviews",
    "overall",
    "teaching",
    "difficulty",
    "workload",
    "usefulness",
    "would_recommend",
    "rated_1",
    "rated_2",
    "rated_3",
    "rated_4",
    "rated_5",
];

impl Format {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Json => "application/json",
        }
    }

    pub(super) fn disposition(self) -> &'static str {
        match self {
            Self::Csv => "attachment; filename=\"units.csv\"",
            Self::Json => "attachment; filename=\"units.json\"",
        }
    }

    /// A batch as bytes, with what stands before the first and behind the last.
    pub(super) fn write(self, units: &[ExportedUnit], is_first: bool, is_last: bool) -> io::Result<Vec<u8>> {
        match self {
            Self::Csv => write_csv(units, is_first),
            Self::Json => write_json(units, is_first, is_last),
        }
    }
}

fn write_csv(units: &[ExportedUnit], is_first: bool) -> io::Result<Vec<u8>> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    if is_first {
        writer.write_record(COLUMNS)?;
    }
    for unit in units {
        writer.write_record(cells(&ExportedUnitView::from(unit)))?;
    }
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

fn cells(unit: &ExportedUnitView) -> Vec<String> {
    let text = |text: &str| harmless(text).into_owned();
    let maybe = |text: &Option<String>| text.as_deref().map(|text| harmless(text).into_owned()).unwrap_or_default();
    let mut cells = vec![
        unit.id.to_string(),
        text(&unit.university),
        text(&unit.code),
        text(&unit.title),
        shown(unit.year),
        maybe(&unit.status),
        shown(unit.credit_points),
        shown(unit.level),
        maybe(&unit.faculty),
        unit.reviews.to_string(),
    ];
    let scores = unit.scores.as_ref();
    let means = scores.map(|means| [means.overall, means.teaching, means.difficulty, means.workload, means.usefulness]);
    cells.extend((0..5).map(|index| shown(means.map(|means| means[index]))));
    cells.push(shown(unit.would_recommend));
    cells.extend((0..5).map(|index| shown(unit.distribution.map(|counts| counts[index]))));
    cells
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A cell that no spreadsheet takes for a formula, behind whatever white space and in whatever width.
fn harmless(text: &str) -> Cow<'_, str> {
    let begins = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    let is_formula = text.trim_start().starts_with(begins) || text.starts_with(['\t', '\r', '\n']);
    if is_formula { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

fn write_json(units: &[ExportedUnit], is_first: bool, is_last: bool) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if is_first {
        bytes.extend_from_slice(b"{\"success\":true,\"data\":[");
    }
    for (index, unit) in units.iter().enumerate() {
        bytes.extend_from_slice(if is_first && index == 0 { b"\n" } else { b",\n" });
        serde_json::to_writer(&mut bytes, &ExportedUnitView::from(unit))?;
    }
    if is_last {
        bytes.extend_from_slice(b"\n]}\n");
    }
    Ok(bytes)
}

impl From<&ExportedUnit> for ExportedUnitView {
    fn from(unit: &ExportedUnit) -> Self {
        let aggregates = unit.aggregates.as_ref();
        Self {
            id: unit.id.as_uuid(),
            university: unit.university.clone(),
            code: unit.code.clone(),
            title: unit.title.clone(),
            year: unit.year,
            status: unit.status.clone(),
            credit_points: unit.credit_points.map(CreditPoints::as_f64),
            level: unit.level,
            faculty: unit.faculty.clone(),
            reviews: unit.reviews,
            scores: aggregates.map(|aggregates| MeansView::from(aggregates.means)),
            would_recommend: aggregates.map(|aggregates| (aggregates.would_recommend * 100.0).round() / 100.0),
            distribution: aggregates.map(|aggregates| aggregates.distribution),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\u{a0}=1", "＝1", "\r", "=cmd|' /C calc'!A0"] {
            assert_eq!(harmless(text), format!("'{text}"));
        }
        for text in ["31251", "09009", "Women's Leadership", "C++ = fun", "", "'quoted'"] {
            assert_eq!(harmless(text), text);
        }
    }

    #[test]
    fn every_row_has_as_many_cells_as_the_head() {
        let unit = ExportedUnit {
            id: rmu_domain::ids::UnitId::new(),
            university: "northfield".to_owned(),
            code: "09009".to_owned(),
            title: "=HYPERLINK(\"x\"),\r\nand \"more\"".to_owned(),
            year: None,
            status: None,
            credit_points: None,
            level: None,
            faculty: None,
            reviews: 2,
            aggregates: None,
        };
        let bytes = Format::Csv.write(&[unit], true, true).unwrap();
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let row = reader.records().next().unwrap().unwrap();
        assert_eq!((row.len(), &row[2], &row[3]), (21, "09009", "'=HYPERLINK(\"x\"),\r\nand \"more\""));
        assert!(row.iter().skip(10).all(str::is_empty), "two reviews are hidden");
        assert!(bytes.ends_with(b"\r\n"));
    }
}
