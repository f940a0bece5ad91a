//! Saved pages of the systems that have a preset and no demo site.

use crate::support::{ORIGIN, page, shown};
use insta::assert_snapshot;
use rmu_extraction::{Source, Verdict, preset_at, read_page};
use url::Url;

fn source(preset: &str) -> Source {
    Source::parse(&preset_at(preset, &[ORIGIN]).unwrap()).unwrap()
}

/// Reads a page under its own address, by which the unit must be recognised as well.
fn read(preset: &str, path: &str, html: &str) -> Verdict {
    let source = source(preset);
    let expected = source.classify(&Url::parse(&format!("{ORIGIN}{path}")).unwrap());
    assert!(expected.is_some(), "{path} is no address of a unit");
    read_page(&source, expected.as_ref(), &page(path, html))
}

fn facts(preset: &str, path: &str, html: &str) -> String {
    match read(preset, path, html) {
        Verdict::Unit(record) => shown(&record),
        other => panic!("{other:?}"),
    }
}

#[test]
fn tables() {
    assert_snapshot!(facts("tables", "/units/INFO2222", include_str!("../pages/tables.html")), @r#"
    code[0]: "INFO2222"
    title[0]: "Usable Security & Privacy"
    year[0]: 2026
    status: Absent
    creditPoints[0]: "6"
    level[0]: 2
    studyLevel[0]: "Undergraduate"
    faculty[0]: "Faculty of Engineering"
    school[0]: "School of Computer Science"
    description[0]: "How people and protections meet. If cost < benefit, people comply.\nTaught by example."
    workload: Absent
    outcomes[0]: [{"code":"LO1","description":"Explain a threat model."},{"code":"LO2","description":"Test a design with people."}]
    assessments[1]: [{"hurdle":false,"kind":"Online task","name":"Weekly quizzes","weight":"12.5"},{"hurdle":false,"kind":"Group report","name":"Audit of a system","weight":"37.5"},{"hurdle":true,"kind":"Exam","name":"Final exam","weight":"50"}]
    offerings[0]: [{"location":"Darlington","mode":"Normal day","session":"Semester 1"},{"location":"Remote","mode":null,"session":"Semester 2"}]
    requisites[0]: [{"expression":{"all":[{"any":[{"unit":"INFO1110"},{"unit":"INFO1113"}]},{"unit":"DATA1002"}]},"kind":"prerequisite","text":"(INFO1110 or INFO1113) and DATA1002 Informatics: Data and Computation"},{"expression":{"any":[{"unit":"INFO2911"},{"unit":"ISYS2110"}]},"kind":"prohibition","text":"INFO2911, ISYS2110"}]
    contacts[0]: [{"name":"Dr Mei Tanaka","role":"Coordinator"},{"name":"A/Prof Jo O'Dea","role":"Coordinator"}]
    "#);
}

#[test]
fn definition_lists() {
    assert_snapshot!(facts("tables", "/units/2026/CITS1401", include_str!("../pages/definitions.html")), @r#"
    code[0]: "CITS1401"
    title[0]: "Computational Thinking"
    year[1]: 2026
    status: Absent
    creditPoints[1]: "6"
    level[1]: 1
    studyLevel: Absent
    faculty[1]: "Physics, Mathematics and Computing"
    school: Absent
    description[1]: "Loops, functions & files."
    workload[1]: "lectures: 2 hours per week\nlabs: 2 hours per week"
    outcomes[1]: [{"code":"1","description":"write a program"},{"code":"2","description":"test a program"}]
    assessments: Absent
    offerings[1]: [{"location":"CRAWLEY","mode":"ON-CAMPUS","session":"S1-01"},{"location":"Crawley","mode":"Online","session":"Semester 2"},{"location":null,"mode":null,"session":"By arrangement"}]
    requisites[1]+requisites[3]: [{"expression":null,"kind":"prerequisite","text":"12 points at level 1 or enrolment in a major"},{"expression":{"any":[{"unit":"CITS2401"},{"unit":"CITS1001"}]},"kind":"prohibition","text":"CITS2401 Programming for Engineers; CITS1001"}]
    contacts[1]: [{"name":"Dr Pia Lund","role":"Coordinator"}]
    "#);
}

#[test]
fn courseleaf() {
    assert_snapshot!(facts("courseleaf", "/subject-details/comp1005/", include_str!("../pages/courseleaf.html")), @r#"
    code[0]: "COMP 1005"
    title[0]: "Programming Fundamentals"
    year[0]: 2026
    status: Absent
    creditPoints[0]: "10"
    level[0]: 1
    studyLevel[0]: "Undergraduate"
    faculty: Absent
    school[0]: "Computer, Data & Mathematical Sciences"
    description[1]: "A first language; variables, loops & files. When x < y, branch."
    workload: Absent
    outcomes[0]: [{"code":"1","description":"Write programs."},{"code":"2","description":"Find faults in them."}]
    assessments[1]: [{"hurdle":false,"kind":null,"name":"Quizzes","weight":"33.33"},{"hurdle":true,"kind":null,"name":"Project","weight":"66.67"}]
    offerings[0]: [{"location":"Penrith","mode":"On-site","session":"Autumn"},{"location":null,"mode":"Online","session":"Spring"},{"location":null,"mode":null,"session":"Sydney City Campus - Term 2"}]
    requisites[0]+requisites[2]: [{"expression":{"any":[{"unit":"MATH 1030"},{"unit":"MATH 1016"}]},"kind":"prerequisite","text":"One of MATH 1030, MATH 1016"},{"expression":{"any":[{"unit":"INFS 1008"},{"unit":"COMP 1000"}]},"kind":"prohibition","text":"INFS 1008 - Old Programming\nCOMP 1000 - Older Programming"}]
    contacts[0]: [{"name":"Dr Ravi Menon","role":"Coordinator"}]
    "#);
}

#[test]
fn meta_tags() {
    assert_snapshot!(facts("meta-tags", "/2026/course/COMP1110", include_str!("../pages/meta-tags.html")), @r#"
    code[0]: "COMP1110"
    title[0]: "Structured Programming & Design"
    year[0]: 2026
    status: Absent
    creditPoints[0]: "6"
    level[0]: 1
    studyLevel[0]: "Undergraduate"
    faculty[0]: "College of Systems & Society"
    school[0]: "School of Computing"
    description[0]: "Programs in the middle: n < 10 000 lines."
    workload[0]: "130 hours in all."
    outcomes[0]: [{"code":"1","description":"Design with types."},{"code":"2","description":"Test what was designed."}]
    assessments[0]: [{"hurdle":null,"kind":null,"name":"Laboratory tests","weight":"40"},{"hurdle":null,"kind":null,"name":"Project","weight":"60"}]
    offerings[1]: [{"location":null,"mode":null,"session":"First Semester"},{"location":null,"mode":null,"session":"Second Semester"}]
    requisites[0]: [{"expression":{"any":[{"unit":"COMP1100"},{"unit":"COMP1130"}]},"kind":"prerequisite","text":"To enrol in this course you must have completed COMP1100 or COMP1130."},{"expression":{"any":[{"unit":"COMP1140"},{"unit":"COMP6700"}]},"kind":"prohibition","text":"COMP1140 and COMP6700."}]
    contacts[0]: [{"name":"Dr Ines Duarte","role":"Convener"},{"name":"Prof Olu Ade","role":"Convener"}]
    "#);
}

#[test]
fn error_pages_walls_and_other_pages_are_no_units() {
    for (preset, path, missing) in [
        ("tables", "/units/INFO2222", "<h1>Unit not found</h1>"),
        ("courseleaf", "/courses/comp1005", "<h1>Page Not Found</h1>"),
        ("meta-tags", "/course/COMP1110", "<h1>Page not found</h1><meta name=course-code>"),
    ] {
        assert!(matches!(read(preset, path, missing), Verdict::NotFound { .. }), "{preset}");
        let wall = include_str!("../pages/waf-challenge.html");
        assert!(matches!(read(preset, path, wall), Verdict::Blocked { .. }), "{preset}");
        for other in ["<h1>About our units</h1><p>Credit points: 6", "<h1></h1><p class=courseblock>x", "{}"] {
            let verdict = read(preset, path, other);
            assert!(matches!(verdict, Verdict::NotAUnit { .. }), "{preset}: {other}: {verdict:?}");
        }
    }
}
