//! What titles, descriptions, outcomes and tasks are put together from. `{t}` and `{u}` are topics, `{f}` the field.

pub(crate) const TITLES: [(&str, u32); 20] = [
    ("{t}", 14),
    ("Introduction to {t}", 12),
    ("{t} Fundamentals", 6),
    ("Foundations of {t}", 5),
    ("Principles of {t}", 5),
    ("Advanced {t}", 9),
    ("{t} and {u}", 10),
    ("Applied {t}", 5),
    ("{t} in Practice", 4),
    ("{t}: Theory and Application", 4),
    ("Topics in {t}", 4),
    ("{t} Project", 3),
    ("Research Methods in {f}", 3),
    ("Professional Practice in {f}", 3),
    ("Honours Thesis in {f}", 2),
    ("{f} Studio", 2),
    ("{t} Laboratory", 2),
    ("Issues in {t} & {u}", 2),
    ("“{t}”: Readings in {f}", 1),
    ("{t} – an International Perspective", 2),
];

pub(crate) const SUFFIXES: [(&str, u32); 6] = [("", 80), (" 1", 6), (" 2", 5), (" A", 3), (" B", 3), (" III", 3)];

pub(crate) const OPENINGS: [&str; 8] = [
    "This unit introduces students to {t} and the questions that make {f} worth studying.",
    "{t} is at the heart of {f}. This unit takes a practical view of it, from first principles to current research.",
    "Building on earlier work in {f}, students develop a deep understanding of {t}.",
    "How do professionals in {f} use {t}? The unit answers with case studies, guest speakers & site visits.",
    "The unit covers the theory of {t} and connects it to {u}.",
    "Students plan, carry out and present a substantial piece of work on {t}.",
    "What is {t}, and why does it matter? We begin with a naïve view of it and end with an expert’s.",
    "Designed for students of {f} and of other fields, the unit needs no more than curiosity about {t}.",
];

pub(crate) const SENTENCES: [&str; 18] = [
    "Particular attention is given to {u} and its limits.",
    "Students work in small groups, and each group’s result is discussed in class.",
    "Where x < y the usual argument fails; the unit shows what to do when n > 2 and p & q are both unknown.",
    "The cost of common operations is compared, from O(1) to O(n log n), for inputs of 10 < n < 10 000 items.",
    "Examples come from industry, R&D and the community – including Māori and Aboriginal perspectives.",
    "Both qualitative and quantitative methods are used; a result with p < 0.05 is not the end of the story.",
    "Topics include {t}, {u} and their use in {f}.",
    "Safety in the laboratory at temperatures of −20 °C to 180 °C is part of the first session.",
    "Prior knowledge of {u} is helpful but is not assumed.",
    "The set text is “{t} in Context”, 3rd edition, by A. Fernández & Co.",
    "By the end, students can critique a published study & explain it to a lay audience.",
    "Weekly workshops (3 hours) alternate with reading, e.g. of Poincaré, Erdős and Noether.",
    "Angles α, β and γ are used throughout; so is the convention that f(x) ≥ 0.",
    "A field trip costs about $45; students who cannot attend are offered an equivalent task.",
    "It’s assumed that readers know the difference between “and” & “or”.",
    "Assessment is designed to be authentic: tasks are like those of the profession.",
    "The unit is taught in English; some readings are available in français and 日本語.",
    "Feedback is given within 10 working days.",
];

pub(crate) const LIST_LEADS: [&str; 3] =
    ["The content includes:", "Students will meet the following ideas:", "In this unit you will"];

pub(crate) const LIST_ITEMS: [&str; 10] = [
    "the history of {t}",
    "models & methods of {u}",
    "tools used in {f}",
    "ethics, privacy and the law",
    "communication for specialists and others",
    "cases where a < b or b < c, but not a < c",
    "measurement, error and uncertainty (± 5 %)",
    "reading a paper critically",
    "working with clients",
    "current debates in {f}",
];

pub(crate) const OUTCOMES: [&str; 14] = [
    "Explain the central concepts of {t} and their relation to {u}.",
    "Apply methods of {f} to unfamiliar problems.",
    "Analyse data & present the findings clearly.",
    "Evaluate competing approaches to {t}.",
    "Design, build and test a solution to a realistic problem.",
    "Communicate, orally and in writing, with specialists and non-specialists.",
    "Work effectively in a team, giving and receiving feedback.",
    "Critique current research on {t}.",
    "Prove that a statement holds for all n > 1, or find the smallest n ≤ 100 for which it fails.",
    "Reflect on one’s own learning and professional identity.",
    "Identify ethical, social and cultural issues in {f}.",
    "Use software tools of the field, e.g. R, Python & MATLAB.",
    "Estimate uncertainty where the sample is small (n < 30).",
    "Formulate and defend a research question about {u}.",
];

/// A task's name and kind.
pub(crate) const TASKS: [(&str, &str); 16] = [
    ("Final examination", "Examination"),
    ("Mid-session test", "Quiz/Test"),
    ("Weekly quizzes", "Quiz/Test"),
    ("Research essay", "Essay"),
    ("Laboratory reports", "Laboratory/Practical"),
    ("Group project", "Project"),
    ("Project report & presentation", "Project"),
    ("Portfolio", "Portfolio"),
    ("Case study: {t}", "Case study"),
    ("Annotated bibliography", "Annotated bibliography"),
    ("Oral presentation", "Presentation"),
    ("Programming assignment", "Assignment"),
    ("Literature review", "Essay"),
    ("Reflective journal – weeks 2–10", "Journal"),
    ("Take-home exam (48 hours)", "Examination"),
    ("Clinical placement", "Placement"),
];

/// Weights that add up to 100, as real units split them.
pub(crate) const WEIGHTS: [&[&str]; 12] = [
    &["100"],
    &["40", "60"],
    &["50", "50"],
    &["30", "30", "40"],
    &["20", "30", "50"],
    &["10", "30", "60"],
    &["25", "25", "50"],
    &["33.3", "33.3", "33.4"],
    &["12.5", "12.5", "25", "50"],
    &["10", "20", "30", "40"],
    &["0", "40", "60"],
    &["5", "15", "20", "20", "40"],
];

pub(crate) const ACTIVITIES: [&str; 6] =
    ["Lectures", "Tutorials", "Laboratory classes", "Independent study", "Workshops & seminars", "Field work"];

/// Rules in words that no expression says.
pub(crate) const FREE_RULES: [&str; 10] = [
    CREDIT_POINTS_RULE,
    "Completion of 48 credit points including {c}",
    "Permission of the head of school & an interview",
    "Enrolment in an honours program of the {f} discipline",
    "A mark of 65 or above in {c}",
    "Completed at least 2 of {c}, {d} and a third unit of {f}",
    "{c} or equivalent knowledge of {t}",
    "WAM > 70 and n < 3 failed units",
    "Students must have passed {c} before the session begins",
    "Working with children check; see the faculty’s site",
];

/// The one rule in words that an expression says as well.
pub(crate) const CREDIT_POINTS_RULE: &str = "24 credit points completed at level 2";
