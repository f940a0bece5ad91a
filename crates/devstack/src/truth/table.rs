//! Comparisons of several sites as a table.

use super::Report;

/// One site.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    pub site: &'a str,
    /// Pages, listings and files that the site was asked for, and those it answered with a fault.
    pub documents: u64,
    pub faulty: u64,
    pub report: Report,
}

/// The table, the sum of all sites below, and the first differences of each.
pub fn of(rows: &[Row<'_>]) -> String {
    let mut lines = vec![
        "| site            | requests | faulty | units | missing | invented |  facts |  right | wrong | missing | invented | gaps wrong |    right |"
            .to_owned(),
        "|-----------------|---------:|-------:|------:|--------:|---------:|-------:|-------:|------:|--------:|---------:|-----------:|---------:|"
            .to_owned(),
    ];
    lines.extend(rows.iter().map(|row| line(row.site, row.documents, row.faulty, &row.report)));
    let sum = rows.iter().fold(Report::default(), |sum, row| sum.and(&row.report));
    let (documents, faulty) = rows.iter().fold((0, 0), |(all, bad), row| (all + row.documents, bad + row.faulty));
    lines.push(line("all", documents, faulty, &sum));
    let differences = rows.iter().flat_map(|row| row.report.differences.iter().map(move |text| (row.site, text)));
    lines.extend(differences.map(|(site, text)| format!("{site}: {text}")));
    lines.join("\n")
}

fn line(site: &str, documents: u64, faulty: u64, report: &Report) -> String {
    let Report { units, units_missing, units_invented, facts, facts_right, facts_wrong, .. } = report;
    let Report { facts_missing, facts_invented, gaps_wrong, .. } = report;
    let share = Report::share_right([report]) * 100.0;
    format!(
        "| {site:<15} | {documents:>8} | {faulty:>6} | {units:>5} | {units_missing:>7} | {units_invented:>8} | {facts:>6} \
         | {facts_right:>6} | {facts_wrong:>5} | {facts_missing:>7} | {facts_invented:>8} | {gaps_wrong:>10} | {share:>6.2} % |"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_are_added_up() {
        let report = Report { units: 2, facts: 30, facts_right: 29, facts_missing: 1, ..Report::default() };
        let row = |site| Row { site, documents: 10, faulty: 1, report: report.clone() };
        let table = of(&[row("A"), row("B")]);
        let last: Vec<_> = table.lines().last().unwrap_or_default().split('|').map(str::trim).collect();
        assert_eq!(last[1..=5], ["all", "20", "2", "4", "0"]);
        assert_eq!(last[7..=10], ["60", "58", "0", "2"]);
        assert_eq!(last[13], "96.67 %");
    }
}
