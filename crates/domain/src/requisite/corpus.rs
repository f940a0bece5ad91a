//! Texts as handbooks word them: what is understood, and what stays text.

use super::{Expression, Requisite, RequisiteKind};
use crate::{credit_points::CreditPoints, unit_code::UnitCode};
use proptest::prelude::*;

/// Each text, and how its tree is written.
const UNDERSTOOD: [(&str, &str); 71] = [
    ("31251", "31251"),
    ("09009", "09009"),
    ("((09009))", "09009"),
    ("FIT2004.", "FIT2004"),
    ("CSSE-2010", "CSSE-2010"),
    ("MATH 1052", "MATH 1052"),
    ("MATH1052A;", "MATH1052A"),
    ("(26012 AND 31251) OR 48730", "(26012 AND 31251) OR 48730"),
    ("[26012 AND 31251] OR 48730", "(26012 AND 31251) OR 48730"),
    ("26012 and 31251 or 48730", "(26012 AND 31251) OR 48730"),
    ("26012 AND (31251 OR 48730).", "26012 AND (31251 OR 48730)"),
    ("26012 & 31251", "26012 AND 31251"),
    ("26012/31251", "26012 OR 31251"),
    ("FIT1045/FIT1048/FIT1051 and MAT1830", "(FIT1045 OR FIT1048 OR FIT1051) AND MAT1830"),
    ("26012 and/or 31251", "26012 OR 31251"),
    ("26012, 31251 and 48730", "26012 AND 31251 AND 48730"),
    ("26012, 31251, and 48730", "26012 AND 31251 AND 48730"),
    ("26012, 31251 or 48730", "26012 OR 31251 OR 48730"),
    ("26012, and 31251", "26012 AND 31251"),
    ("26012 or 31251, and 48730", "(26012 OR 31251) AND 48730"),
    ("26012 and 31251, or 48730 and 48024", "(26012 AND 31251) OR (48730 AND 48024)"),
    ("26012, and 31251, and 48730", "26012 AND 31251 AND 48730"),
    ("26012; and 31251", "26012 AND 31251"),
    ("26012; 31251; and 48730", "26012 AND 31251 AND 48730"),
    ("26012 or 31251; and 48730 or 48024", "(26012 OR 31251) AND (48730 OR 48024)"),
    ("26012, 31251 or 48730; or 48024", "26012 OR 31251 OR 48730 OR 48024"),
    ("either 26012 or 31251", "26012 OR 31251"),
    ("Either 26012 or 31251, and 48730", "(26012 OR 31251) AND 48730"),
    ("48730 and either 26012 or 31251", "48730 AND (26012 OR 31251)"),
    ("48730, 48024 and either 26012 or 31251", "48730 AND 48024 AND (26012 OR 31251)"),
    ("either of 26012 or 31251", "26012 OR 31251"),
    ("both 26012 and 31251", "26012 AND 31251"),
    ("both 26012 and 31251 or 48730", "(26012 AND 31251) OR 48730"),
    ("one of 26012, 31251, 48730", "26012 OR 31251 OR 48730"),
    ("One of 26012, 31251 and 48730", "26012 OR 31251 OR 48730"),
    ("at least one of the following: 26012, 31251", "26012 OR 31251"),
    ("One of the following units:\n26012\n31251\n48730", "26012 OR 31251 OR 48730"),
    ("one of FIT1045, FIT1048 or FIT1051, and MAT1830", "(FIT1045 OR FIT1048 OR FIT1051) AND MAT1830"),
    ("one of (26012, 31251) and 48730", "(26012 OR 31251) AND 48730"),
    ("48730 and any of 26012, 31251", "48730 AND (26012 OR 31251)"),
    ("one of 26012, 31251; and one of 48730, 48024", "(26012 OR 31251) AND (48730 OR 48024)"),
    ("all of 26012, 31251, 48730", "26012 AND 31251 AND 48730"),
    ("all of (26012, 31251) or 48730", "(26012 AND 31251) OR 48730"),
    ("26012 or\n31251", "26012 OR 31251"),
    ("26012\nand 31251", "26012 AND 31251"),
    ("completion of 26012 or 31251", "26012 OR 31251"),
    ("Successful completion of 26012 and 31251", "26012 AND 31251"),
    ("Completion of the following units: 26012, 31251 and 48730", "26012 AND 31251 AND 48730"),
    ("must have passed 26012", "26012"),
    ("You must have completed 26012 or 31251", "26012 OR 31251"),
    ("Students must have successfully completed 26012 and have passed 31251", "26012 AND 31251"),
    ("To enrol in this unit, you must have completed 26012", "26012"),
    ("a pass in 26012", "26012"),
    ("26012 and completion of 31251", "26012 AND 31251"),
    ("26012 Statistics", "26012"),
    ("26012 Statistics AND 31251 Data Structures and Algorithms", "26012 AND 31251"),
    ("26012 Probability and Statistics or 48730 Cost of Computing", "26012 OR 48730"),
    ("26012 - Statistics 2A, 31251 – Programming or 48730: Networks", "26012 OR 31251 OR 48730"),
    ("26012 (Probability & Statistics) and 31251 (Programming 1)", "26012 AND 31251"),
    ("26012 Informatics: Data and Computation and 31251", "26012 AND 31251"),
    ("24 credit points", "24 credit points"),
    ("48cp", "48 credit points"),
    ("24 credit points at level 2", "24 credit points at level 2"),
    ("24 credit points completed at level 2", "24 credit points at level 2"),
    ("Completion of 24 credit points of level 2 units", "24 credit points at level 2"),
    ("24 level 2 credit points", "24 credit points at level 2"),
    ("at least 7.5 credit points at level 1 and 26012", "7.5 credit points at level 1 AND 26012"),
    ("You must have passed a minimum of 48 credit points of study", "48 credit points"),
    ("26012 or 24 cp at level 1", "26012 OR 24 credit points at level 1"),
    ("48 credit points and (26012 or 31251)", "48 credit points AND (26012 OR 31251)"),
    ("\"fit2004\" OR 26012", "\"fit2004\" OR 26012"),
];

/// No tree says what these say, or they can be read in two ways.
const NOT_UNDERSTOOD: [&str; 77] = [
    "26012(Title/26012)completed",
    "26012, 31251 or 48730, and 48024",
    "either 26012 or 31251 and 48730",
    "26012\n31251 or 48730",
    "26012 AND NOT 31251",
    "NOT 26012",
    "26012 OR GMAT 600",
    "26012 OR UCAT 2500",
    "26012 OR SAT 1200",
    "26012 Statistics and ATAR 90",
    "26012 Statistics and IELTS 7",
    "26012 Statistics and First Aid Training",
    "26012 (HD)",
    "26012 HD",
    "26012 (Score 65)",
    "26012 (Concurrently)",
    "26012 (Recommended)",
    "26012 - Recommended",
    "26012 or C10061 Bachelor of Engineering",
    "26012 Statistics 65",
    "",
    "None",
    "26012 AND",
    "OR 26012",
    "26012 31251",
    "(26012",
    "26012)",
    "()",
    "26012,",
    "26012, 31251",
    "26012; 31251",
    "26012\n31251",
    "26012. 31251",
    "26012, 31251, and 48730 or 48024",
    "26012, 31251 or 48730 and 48024",
    "one of 26012 or 31251 and 48730",
    "all of 26012 and 31251 or 48730",
    "two of 26012, 31251, 48730",
    "at least 2 of 26012, 31251 and 48730",
    "either 26012 and 31251",
    "both 26012 or 31251",
    "26012 or equivalent",
    "26012 (or equivalent)",
    "26012 or equivalent knowledge of statistics",
    "Equivalent: 26012",
    "26012 OR consent of the dean",
    "26012 and permission of the Head of School",
    "26012 Statistics and Consent of Dean",
    "26012 Statistics and Working with Children Check",
    "26012 Statistics or Permission of Faculty",
    "26012 Statistics: Consent of Faculty",
    "26012 Statistics: 31251",
    "26012 with a mark of 65 or above",
    "a mark of 65 or above in 26012",
    "a credit in 26012",
    "WAM 65",
    "WAM > 70 and n < 3 failed units",
    "x < y",
    "26012 if x < y",
    "26012 &amp; 31251",
    "must not have passed 26012",
    "not 26012",
    "26012 unless 31251",
    "enrolled in 26012",
    "completion of the course C10148",
    "MATH1052/7052",
    "24",
    "24 units",
    "24 credit points in mathematics",
    "24 credit points including 26012",
    "24 credit points at level 2 or above",
    "24 credit points at 2000 level",
    "six credit points",
    "2024",
    "HSC 2019 Mathematics",
    "Students must have passed 26012 before the session begins",
    "Completed at least 2 of 26012, 31251 and a third unit of Law",
];

fn shown(text: &str) -> Option<String> {
    Expression::parse(text).map(|expression| expression.to_string())
}

#[test]
fn what_is_understood_becomes_a_tree() {
    for (text, tree) in UNDERSTOOD {
        assert_eq!(shown(text).as_deref(), Some(tree), "{text}");
    }
}

#[test]
fn what_is_not_understood_whole_is_not_understood() {
    for text in NOT_UNDERSTOOD {
        assert_eq!(shown(text), None, "{text}");
    }
}

#[test]
fn in_a_prohibition_each_unit_of_a_list_forbids() {
    let shown = |text: &str| Expression::parse_as(RequisiteKind::Prohibition, text).map(|e| e.to_string());
    for (text, tree) in [
        ("31252", "31252"),
        ("31252, 48024", "31252 OR 48024"),
        ("31252; 48024; 48730", "31252 OR 48024 OR 48730"),
        ("31252 and 48024", "31252 OR 48024"),
        ("31252, 48024 & 48730", "31252 OR 48024 OR 48730"),
        ("31252 Old Statistics\n48024 Old Programming", "31252 OR 48024"),
        ("31252 or 48024", "31252 OR 48024"),
        ("31252 AND 48024", "31252 AND 48024"),
        ("(31252 and 48024) or 48730", "(31252 AND 48024) OR 48730"),
        ("31250 and 31252/48024", "31250 OR 31252 OR 48024"),
        ("(31252, 48024 and 48730)", "31252 OR 48024 OR 48730"),
    ] {
        assert_eq!(shown(text).as_deref(), Some(tree), "{text}");
    }
    assert_eq!(shown("31252 or permission of the dean"), None);
}

#[test]
fn a_text_may_name_the_kinds_of_its_clauses() {
    let read = |kind, text: &str| {
        let requisites = Requisite::read(kind, text)?;
        let line = |r: Requisite| {
            let tree = r.expression.map_or("-".to_owned(), |e| e.to_string());
            format!("{:?} {:?} {tree}", r.kind, r.text)
        };
        Some(requisites.into_iter().map(line).collect::<Vec<_>>().join(" | "))
    };
    let prerequisite = Some(RequisiteKind::Prerequisite);
    for (kind, text, wanted) in [
        (prerequisite, "26012 or 31251", r#"Prerequisite "26012 or 31251" 26012 OR 31251"#),
        (None, "Prohibition: 31252, 48024", r#"Prohibition "31252, 48024" 31252 OR 48024"#),
        (prerequisite, "Incompatible with 31252 and 48024.", r#"Prohibition "31252 and 48024." 31252 OR 48024"#),
        (None, "Co-requisite(s): 31252", r#"Corequisite "31252" 31252"#),
        (
            prerequisite,
            "26012. Prohibitions: 31252; Co-requisites: x < y",
            r#"Prerequisite "26012." 26012 | Prohibition "31252" 31252 | Corequisite "x < y" -"#,
        ),
        (
            None,
            "PRE-REQUISITES: 26012\nANTI-REQUISITE: 31252\nIt may not be taken with luck.",
            r#"Prerequisite "26012" 26012 | Prohibition "31252\nIt may not be taken with luck." -"#,
        ),
        (
            prerequisite,
            "You are not able to enrol in this course if you have completed COMP1730.",
            r#"Prohibition "COMP1730." COMP1730"#,
        ),
        (prerequisite, "No prohibition: none", r#"Prerequisite "No prohibition: none" -"#),
        (prerequisite, "Equivalent: 26012", r#"Prerequisite "Equivalent: 26012" -"#),
        (prerequisite, "", ""),
    ] {
        assert_eq!(read(kind, text).as_deref(), Some(wanted), "{text}");
    }
    assert_eq!(read(None, "26012. Prohibition: 31252"), None, "of what kind the first is nobody says");
    assert_eq!(read(prerequisite, "Students cannot enrol who have passed 31252"), None, "a prerequisite it is not");
}

#[test]
fn labels_are_understood_or_left_alone() {
    for (label, kind) in [
        ("Prerequisite", Some(RequisiteKind::Prerequisite)),
        ("Requisite(s)", Some(RequisiteKind::Prerequisite)),
        ("Co-requisite(s)", Some(RequisiteKind::Corequisite)),
        ("Anti-requisite(s)", Some(RequisiteKind::Prohibition)),
        ("PROHIBITION", Some(RequisiteKind::Prohibition)),
        ("Incompatible with", Some(RequisiteKind::Prohibition)),
        ("Prerequisite or corequisite", None),
        ("Recommended studies", None),
        ("Equivalents", None),
        ("", None),
    ] {
        assert_eq!(RequisiteKind::from_label(label), kind, "{label}");
    }
}

#[test]
fn nesting_and_length_are_bounded() {
    let nested = |depth: usize| format!("{}26012{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(shown(&nested(Expression::MAX_DEPTH)).as_deref(), Some("26012"));
    assert_eq!(shown(&nested(Expression::MAX_DEPTH + 1)), None);
    assert_eq!(shown(&nested(1900)), None);
    let long = vec!["26012"; 440].join(" OR ");
    assert!(long.len() < Expression::MAX_LENGTH && shown(&long).is_some());
    assert_eq!(shown(&vec!["26012"; 600].join(" OR ")), None);
    for repeated in
        ["either ", "one of ", "26012 A and ", "must have passed ", "(one of ", "26012 or either ", "26012; "]
    {
        let _ = Requisite::read(Some(RequisiteKind::Prohibition), &repeated.repeat(3900 / repeated.len()));
    }
}

/// Codes of every kind: most are plain, some need quotes, and some look like something else.
fn codes() -> impl Strategy<Value = Expression> {
    let odd = prop::sample::select(vec!["24 credit points", "OR 1234", "MATH 1052", "26012/31251", "A1", "2024", "24"]);
    prop_oneof![
        6 => "[A-Z]{0,4}[0-9]{4,5}".prop_map(|code| code),
        1 => odd.prop_map(str::to_owned),
        1 => "[A-Za-z0-9][A-Za-z0-9 ./_-]{0,12}[0-9]",
    ]
    .prop_map(|code| Expression::Unit(UnitCode::parse(&code).unwrap()))
}

pub(super) fn expressions() -> impl Strategy<Value = Expression> {
    let points = (0u32..=999_000, prop::option::of(any::<u8>())).prop_map(|(thousandths, level)| {
        Expression::CreditPoints { points: CreditPoints::from_thousandths(thousandths).unwrap(), level }
    });
    prop_oneof![5 => codes(), 1 => points].prop_recursive(5, 30, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expression::All),
            prop::collection::vec(inner, 2..4).prop_map(Expression::Any),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_shown_reads_back_the_same(expression in expressions()) {
        let text = expression.to_string();
        prop_assume!(text.len() <= Expression::MAX_LENGTH);
        for kind in [RequisiteKind::Prerequisite, RequisiteKind::Prohibition] {
            prop_assert_eq!(Expression::parse_as(kind, &text), Some(expression.clone()), "{}", text);
        }
    }

    #[test]
    fn any_text_is_read_or_not(text in "(26012|FIT2004|and|AND|or|[(),;:&/\"\n<.–-]|either|both|one of|24 credit points|at level 2|Title|of|must have passed|Prohibition:|\\PC| ){0,40}") {
        let _ = Expression::parse(&text);
        if let Some(requisites) = Requisite::read(Some(RequisiteKind::Corequisite), &text) {
            // Every word of the text is in a label or in a clause.
            prop_assert!(requisites.iter().all(|requisite| text.contains(&requisite.text)));
        }
    }

    #[test]
    fn whatever_is_understood_names_every_code_of_the_text(text in "(26012|31251|48730)( ?(,|;|and|or|, and|; or|/|or either|and one of|[()]) ?(26012|31251|48730|Title|completed)){0,6}") {
        let codes: Vec<String> = text.split(|c: char| !c.is_ascii_digit()).filter(|word| word.len() == 5).map(str::to_owned).collect();
        if let Some(expression) = Expression::parse(&text) {
            let named: Vec<String> = expression.codes().into_iter().map(ToString::to_string).collect();
            prop_assert_eq!(named, codes);
        }
    }
}
