//! The variables of a configuration as rows of a table.

use crate::{Reader, source::MapSource};
use serde::{Deserialize, Serialize};

/// One variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    pub name: String,
    /// What may stand there: "port", "postgres:// address", …
    pub kind: String,
    /// `None`: without a default. In development only when [`Row::development_only`].
    pub default: Option<String>,
    pub required: bool,
    pub development_only: bool,
    pub secret: bool,
    pub doc: String,
    /// The value in force, when it was read from a source and is not secret.
    pub value: Option<String>,
}

impl Row {
    fn default_shown(&self) -> String {
        match (&self.default, self.required) {
            (Some(text), _) if self.development_only => format!("required; {text} in development"),
            (Some(text), _) if text.is_empty() => "empty".to_owned(),
            (Some(text), _) => text.clone(),
            (None, true) => "required".to_owned(),
            (None, false) => "none".to_owned(),
        }
    }
}

/// The variables that `read` declares, in its order.
pub fn describe<T>(read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Vec<Row> {
    let nothing = MapSource::new();
    let mut reader = Reader::new(&nothing);
    let _ = read(&mut reader);
    reader.finish().0
}

/// What `describe-config` prints: the variables of one program, for whoever makes a table of them.
pub fn description<T>(read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> String {
    serde_json::to_string_pretty(&describe(read)).unwrap_or_default()
}

/// The table of the README, from the rows of every program. A variable that means the same to several of them
/// has one row that names them all.
pub fn markdown_table(programs: &[(String, Vec<Row>)]) -> String {
    let mut shared: Vec<(&Row, Vec<&str>)> = Vec::new();
    for (program, rows) in programs {
        for row in rows {
            match shared.iter_mut().find(|(known, _)| *known == row) {
                Some((_, users)) => users.push(program),
                None => shared.push((row, vec![program])),
            }
        }
    }
    shared.sort_by_key(|(row, _)| row.name.clone());
    let mut table = String::from("| variable | read by | value | default | meaning |\n|---|---|---|---|---|\n");
    for (row, users) in shared {
        let doc = row.doc.replace('|', "\\|");
        let file = if row.secret { format!(" Or `{}_FILE`.", row.name) } else { String::new() };
        let users = if users.len() == programs.len() { "all".to_owned() } else { users.join(", ") };
        let (name, kind, default) = (&row.name, &row.kind, row.default_shown());
        table.push_str(&format!("| `{name}` | {users} | {kind} | {default} | {doc}{file} |\n"));
    }
    table
}

/// What `check-config` prints: each variable with its value in force.
pub fn text_table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
    let mut table = String::new();
    for row in rows {
        let value = match &row.value {
            Some(_) if row.secret => "(secret, set)",
            Some(value) => value,
            None => "(not set)",
        };
        table.push_str(&format!("{:width$}  {value}\n", row.name));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_shows_every_variable_and_no_secret() {
        let read = |env: &mut Reader<'_>| {
            let port = env.port("PORT", "Where to listen | answer.").default("3000");
            let key = env.secret("KEY", "Signs.").required();
            Some((port?, key?))
        };
        let other = |env: &mut Reader<'_>| env.port("PORT", "Where to listen | answer.").default("3000");
        let table = markdown_table(&[("one".to_owned(), describe(read)), ("two".to_owned(), describe(other))]);
        assert!(table.contains("| `PORT` | all | port | 3000 | Where to listen \\| answer. |"), "{table}");
        assert!(table.contains("| `KEY` | one | secret | required | Signs. Or `KEY_FILE`. |"), "{table}");

        let source = MapSource::from([("KEY", "hunter2")]);
        let (_, rows) = crate::check(&source, read).unwrap();
        let shown = text_table(&rows);
        assert!(shown.contains("PORT     3000") && shown.contains("(secret, set)"), "{shown}");
        assert!(!shown.contains("hunter2"));
    }
}
