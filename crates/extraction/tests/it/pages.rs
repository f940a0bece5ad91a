//! Saved pages of each dialect, read by the presets.

use crate::support::{courseloop, element_id, legacy, page, search_first, shown};
use insta::assert_snapshot;
use rmu_extraction::{UnitAddress, Verdict, read_page};

#[test]
fn courseloop_with_references_and_nested_containers() {
    let html = include_str!("../pages/courseloop-references.html");
    let Verdict::Unit(record) = read_page(&courseloop(), None, &page("/2026/units/FIT2004", html)) else {
        panic!("no unit");
    };
    assert_snapshot!(shown(&record), @r#"
    code[0]: "FIT2004"
    title[0]: "Algorithms & data structures"
    year[0]: 2026
    status[0]: "Active"
    creditPoints[0]: "6"
    level[0]: 2
    studyLevel[0]: "Undergraduate"
    faculty[0]: "Faculty of Information Technology"
    school[0]: "Department of Data Science & AI"
    description[0]: "Runs in O(n log n) if k < n & n > 1.\nSorting\nGraphs"
    workload[0]: "Minimum total expected workload is 144 hours:\n24 hours of lectures\n120 hours of study"
    outcomes[0]: [{"code":"ULO1","description":"Explain invariants."},{"code":"ULO2","description":"Analyse complexity."}]
    assessments[2]: [{"hurdle":true,"kind":"Exam","name":"Examination","weight":"60"},{"hurdle":null,"kind":"Assignment","name":"Assignments","weight":null}]
    offerings[1]: [{"location":"Clayton","mode":"On-campus","session":"First semester"},{"location":"MALAYSIA","mode":"ON-CAMPUS","session":"S2-01"}]
    requisites[1]+requisites[5]: [{"expression":{"all":[{"any":[{"unit":"FIT1008"},{"unit":"FIT2085"}]},{"any":[{"unit":"MAT1830"},{"all":[{"unit":"MTH1030"},{"unit":"MTH1035"}]}]}]},"kind":"prerequisite","text":"(FIT1008 OR FIT2085) AND (MAT1830 OR (MTH1030 AND MTH1035))"},{"expression":{"unit":"CSE2304"},"kind":"prohibition","text":"CSE2304"}]
    contacts[0]: [{"name":"Dr Ada Nguyen","role":"Chief Examiner"},{"name":"Prof Lin O'Brien","role":"Chief Examiner"}]
    "#);
}

#[test]
fn courseloop_with_plain_strings_and_free_text_rules() {
    let html = include_str!("../pages/courseloop-strings.html");
    let Verdict::Unit(record) = read_page(&courseloop(), None, &page("/subject/2026/09009", html)) else {
        panic!("no unit");
    };
    assert_snapshot!(shown(&record), @r#"
    code[1]: "09009"
    title[0]: "Law and Life"
    year[0]: 2026
    status: Absent
    creditPoints[0]: "0"
    level[2]: 5
    studyLevel[1]: "Postgraduate"
    faculty[0]: "Faculty of Law"
    school: Empty
    description[2]: "Plain text, x < y and all."
    workload[1]: "150"
    outcomes: Empty
    assessments: Empty
    offerings[2]: [{"location":"City","mode":"On campus - Weekly","session":"Autumn session"}]
    requisites[2]: [{"expression":{"creditPoints":{"level":2,"points":"24"}},"kind":"prerequisite","text":"24 credit points completed at level 2"},{"expression":{"any":[{"all":[{"unit":"70102"},{"unit":"70103"}]},{"unit":"70104"}]},"kind":"corequisite","text":"(70102 AND 70103) OR 70104"}]
    contacts: Absent
    "#);
}

#[test]
fn legacy_static() {
    let html = include_str!("../pages/legacy.html");
    let Verdict::Unit(record) = read_page(&legacy(), None, &page("/subjects/31251.html", html)) else {
        panic!("no unit");
    };
    assert_snapshot!(shown(&record), @r#"
    code[0]: "31251"
    title[0]: "Data Structures and Algorithms"
    year[0]: 2026
    status: Absent
    creditPoints: Unparsed { raw: "6 to 12" }
    level: Empty
    studyLevel[0]: "Undergraduate"
    faculty[0]: "Faculty of Information Technology"
    school[0]: "School of Computing"
    description[0]: "If x < y then swap them.\nTopics:\nLists\nTrees & graphs"
    workload: Empty
    outcomes[0]: [{"code":"1","description":"Explain cost"},{"code":"2","description":"Choose a structure"}]
    assessments[1]: [{"hurdle":true,"kind":"Report","name":"Project","weight":"40"},{"hurdle":null,"kind":null,"name":"Exam","weight":"60"}]
    offerings[1]: [{"location":"City campus","mode":"standard mode","session":"Autumn session"},{"location":null,"mode":null,"session":"Spring session"}]
    requisites[0]: [{"expression":{"any":[{"all":[{"unit":"26012"},{"unit":"31271"}]},{"unit":"48730"}]},"kind":"prerequisite","text":"(26012 AND 31271) OR 48730"},{"expression":null,"kind":"prohibition","text":"31252 or permission of the dean"}]
    contacts[0]: [{"name":"Dr Zoë Nguyễn","role":"Coordinator"},{"name":"Sam Lee","role":null}]
    "#);
}

#[test]
fn element_ids() {
    let html = include_str!("../pages/element-id.html");
    let address = "/programs-courses/course.html?course_code=COMP2502";
    let Verdict::Unit(record) = read_page(&element_id(), None, &page(address, html)) else { panic!("no unit") };
    assert_snapshot!(shown(&record), @r#"
    code[0]: "COMP2502"
    title[0]: "Algorithms & Data (Advanced)"
    year[0]: 2025
    status: Absent
    creditPoints[0]: "3.2"
    level[0]: 2
    studyLevel[0]: "Undergraduate"
    faculty[0]: "Engineering, Architecture & Information Technology"
    school: Empty
    description[0]: "Searching while x < y; sorting.\nTrees\nGraphs"
    workload[0]: "Lecture 2 Hours/ Week\nTutorial 1 Hour/ Week"
    outcomes: Absent
    assessments[1]: [{"hurdle":null,"kind":null,"name":"Quiz","weight":"12.5"},{"hurdle":true,"kind":null,"name":"Exam","weight":null}]
    offerings[1]: [{"location":"St Clare","mode":"In Person","session":"Semester 2"},{"location":"External","mode":null,"session":"Summer Semester"}]
    requisites[0]+requisites[2]: [{"expression":{"all":[{"unit":"COMP1100"},{"any":[{"unit":"MATH1061"},{"unit":"MATH1081"}]}]},"kind":"prerequisite","text":"COMP1100 and (MATH1061 or MATH1081)"},{"expression":null,"kind":"prohibition","text":"COMP7502, or permission of the head"}]
    contacts[0]: [{"name":"Dr Zoë Nguyễn","role":"Coordinator"},{"name":"Prof Sam O'Lee","role":"Coordinator"}]
    "#);
}

#[test]
fn search_first_with_a_page_of_requisites() {
    let mut pages = page("/2026/subjects/comp20003", include_str!("../pages/search-first.html"));
    let below = page("/2026/subjects/comp20003/e", include_str!("../pages/search-first-eligibility.html"));
    pages.followed.insert("requisites".to_owned(), below.unit);
    let Verdict::Unit(record) = read_page(&search_first(), None, &pages) else { panic!("no unit") };
    assert_snapshot!(shown(&record), @r#"
    code[0]: "COMP20003"
    title[0]: "Algorithms & Data (Advanced)"
    year[0]: 2026
    status: Absent
    creditPoints[0]: "12.5"
    level: Unparsed { raw: "Various" }
    studyLevel[0]: "Undergraduate"
    faculty: Absent
    school: Empty
    description[0]: "When x < y.\nTrees."
    workload: Absent
    outcomes[0]: [{"code":"1","description":"Explain cost"},{"code":"2","description":"Prove it"}]
    assessments[1]: [{"hurdle":null,"kind":null,"name":"Quiz","weight":"12.5"},{"hurdle":true,"kind":null,"name":"Exam","weight":null}]
    offerings[1]: [{"location":"Parkfield","mode":"Dual-Delivery","session":"Semester 2"}]
    requisites[1]+requisites[3]: [{"expression":{"all":[{"unit":"COMP10001"},{"any":[{"unit":"MAST10005"},{"unit":"MAST10006"}]}]},"kind":"prerequisite","text":"COMP10001 AND (MAST10005 OR MAST10006)"},{"expression":null,"kind":"prohibition","text":"COMP90038, or another of the kind"}]
    contacts: Empty
    "#);
}

#[test]
fn code_and_year_on_the_page_must_be_those_of_its_address() {
    let html = include_str!("../pages/courseloop-references.html");
    let read = |code: &str, year: Option<u16>| {
        let code = rmu_domain::unit_code::UnitCode::parse(code).unwrap();
        let year = year.map(|year| rmu_domain::year::Year::new(year).unwrap());
        read_page(&courseloop(), Some(&UnitAddress { code, year }), &page("/2026/units/FIT2004", html))
    };
    assert!(matches!(read("fit2004", Some(2026)), Verdict::Unit(_)), "case means nothing");
    assert!(matches!(read("FIT2004", None), Verdict::Unit(_)));
    let wrong_code = Verdict::NotAUnit { detail: "expected the unit FIT2005, the page is of FIT2004".to_owned() };
    assert_eq!(read("FIT2005", Some(2026)), wrong_code);
    let wrong_year = Verdict::NotAUnit { detail: "expected the year 2025, the page is of 2026".to_owned() };
    assert_eq!(read("FIT2004", Some(2025)), wrong_year);
}
