//! Synthetic handbook sites for the demo, the tests and the benchmarks. No live handbook is ever contacted.
//!
//! | site | slug | kind | host |
//! |---|---|---|---|
//! | A Northfield University | `northfield` | CourseLoop: JSON in the page, hydrated by a script, years 2024–2026, sitemap index | main, and a second one for requisites |
//! | B Eastmoor Institute of Technology | `eastmoor` | legacy static HTML, one edition at a time, listing pages, no sitemap | main |
//! | C Westhaven University | `westhaven` | every fact in an element with an id of its own, one edition at a time, sitemap without years | main |
//! | D University of Southmere | `southmere` | found by searching (pages of results, or a box to type a code into), requisites on a page below, years 2024–2026 | main |
//! | E Harbourview University | `harbourview` | XML feeds in the shape of XCRI-CAP, year 2026 | main |
//!
//! Everything follows from a seed and a number of units: pages are written when asked for and never kept.
//! Each site also publishes the truth, which no scraper may visit (`Disallow: /_truth`).
//!
//! # The truth
//! `/_truth/units.json?year=2026` is `{"university","year","units":[…],"dead":[…]}`; `/_truth/units/{code}.json?year=`
//! is one entry of `units`: `{"path":"/subject/2026/COMP2011","facts":{…},"gaps":{…}}`. `facts` is the JSON of
//! `UnitFactsV1`: `null` where the page does not say, `[]` where the page says that there are none. `gaps` has, for
//! each fact that is `null`, the reason: `{"reason":"absent"}`, `{"reason":"empty"}` or `{"reason":"unparsed","raw":"…"}`.
//! `dead` lists codes that the site links (sitemap, listing, requisites) but that answer as an error page with 200.
//!
//! # How a page becomes text
//! The truth is written by these rules, and a reader that follows them reads it back exactly.
//!
//! 1. Entities are decoded, named and numeric. A bare `<` or `&` followed by white space is text (`x < y`).
//! 2. Block elements (`p div section article main header footer h1…h6 ul ol li dl dt dd table caption thead tbody
//!    tr blockquote pre figure hr`) begin and end a line; `<br>` ends a line; the cells of a table row (`td`, `th`) stand in
//!    one line, separated by one space. Other elements (`em strong a span sub sup code …`) neither separate nor join words.
//! 3. Within a line every run of white space, `&nbsp;` (U+00A0) included, becomes one space, and the line is trimmed.
//! 4. Empty lines are dropped; lines are joined by one `\n`. So paragraphs and list items are one a line, without bullets.
//! 5. `script`, `style`, `template`, `noscript` and comments are not text. No Unicode normalisation, no change of case or quotes.
//! 6. *Prose* (description, workload, an outcome's description, a requisite's text) keeps its line breaks. Every
//!    other fact (title, faculty, names …) is one line: white space collapsed, `\n` included.
//! 7. In site A's JSON, `handbook_synopsis`, `description`, `overview`, `workload_requirements`, outcomes' `description`, rules'
//!    `description` and `requisite_detail` are HTML; every other string is plain text (`"Health & Society"` is not decoded again).
//! 8. Regular expressions over an element see its text by rules 1–5, with line breaks.
//!
//! # Which value
//! - Numbers are read as decimals (`"6"`, `"6.00"` → `6`; `"3.2"`); a weight may carry `%`. What cannot be read whole
//!   (`6 to 12`, `See school`, `Various`) is *unparsed*, with what stood there as `raw`, never its first number.
//! - An optional field of a list's entry (a weight `TBC`, a location) that is missing or cannot be read is `null`; the entry stays.
//! - `hurdle`: "Yes", "Hurdle" → true, "No", "Not a hurdle" → false, nothing → `null`.
//! - Outcomes are in the order of their number `order` (site A shuffles the array), all others in page order.
//! - A gap is *unparsed* if any place holds what is not understood; otherwise *empty* if any place of the fact is there
//!   with nothing in it (`""`, `null`, `[]`, `{"value":""}`, an element or a label without text; JSON `null` met on the way counts as
//!   there: `"level":null` is an empty `/level/value`); otherwise *absent*. An object or array where text is wanted is no place.
//! - An empty list in JSON is a gap, unless the page says "none" in words; the words are in the samples below.
//! - Requisites: one entry per `requisites[]`/`enrolment_rules[]` element, `em` (site B) or `section` (second host). `kind` from the label:
//!   (site C: the element's id says the kind) "Prerequisite", "Requisite(s)" → prerequisite; "Corequisite", "Co-requisite(s)" → corequisite; "Prohibition", "Anti-requisite(s)" → prohibition.
//!   `text` as the page words it after the label (prose), or, from containers, the expression as the domain's `Display` writes it.
//!   `expression` is the tree of the whole text (`24 credit points completed at level 2` has one), else `null` (`A mark of 65 or above in 26012`).
//! - CourseLoop containers: a container joins its `relationships` and then its `containers`, in that order, by its own
//!   `parent_connector`; several containers of one requisite are joined by AND. A group of one is that one.
//! - `associations[]` (recommended studies) and `eqivalents[]` are no requisites. `exclusion[]` is always empty here.
//!
//! # Site A, as served
//! The body holds the title alone; `h1` is replaced when the script runs.
//! ```html
//! <div id="__next"><h1 class="css-1k8f2a">COMP2011 - Data Structures and Algorithms</h1></div>
//! <script id="__NEXT_DATA__" type="application/json">{"props":{"pageProps":{"pageType":"AIPage","pageContent":{
//!   "code":"COMP2011","unit_code":"COMP2011","title":"…","search_title":"COMP2011: …","academic_item_type":"Unit",
//!   "implementation_year":"2026","status":{"label":"Active","value":"ACTV"},"active":"1","credit_points":"6","eftsl":"0.125",
//!   "level":{"label":"Level 2","value":"2"},                    // or null, with "study_level_ref":{"value":"Level 2",…}
//!   "undergrad_postgrad_both":{"value":"Undergraduate",…},      // or absent, with "study_level":[{"label":"Undergraduate",…}]
//!   "parent_academic_org":{"value":"Faculty of …",…},           // faculty; or a plain string; or "faculty_detail":[{"name":"…"}]
//!   "academic_org":{"value":"School of …",…},                   // school; or a plain string; or "school":{"value":"…"}
//!   "handbook_synopsis":"<p>…",                                 // or "description", or "overview"
//!   "workload_requirements":"<p>…",                             // or "learning_activity_workload":"150" (text "150"), or
//!                                                               // learning_activities_grouped, which only the rendered section words
//!   "unit_learning_outcomes":[{"code":"ULO2","number":"2","order":"200","description":"<p>…"}],
//!   "assessments":[{"assessment_name":"Project","assessment_type":{"label":"Assignment"},"weight":"40","hurdle_type":{"label":"Yes"}}],
//!   "unit_offering":[{"display_name":"S1-01-CITY-ON-CAMPUS","teaching_period":{"value":"Semester 1"},"location":{"value":"City"},
//!                     "attendance_mode":{"value":"On campus"},"publish":"true"}],
//!                                                               // or "offering":[{"teaching_period":"…","location":"…","mode":"On campus - Weekly"}],
//!                                                               // or "offering_detail":{"offering_terms":"Term 1, Term 2"}: rendered rows only
//!   "offering_note":"This unit is not offered in 2026.",        // then the offerings are []
//!   "requisites":[{"requisite_type":{"label":"Prerequisite"},"container":[{"parent_connector":{"label":"AND"},
//!                  "relationships":[{"academic_item_code":"COMP1001"}],"containers":[…]}]}],
//!                                                               // or "enrolment_rules":[{"type":{"value":"Prerequisite"},"description":"<p>…"}],
//!                                                               // or only "requisite_detail":"<a href=\"http://second-host/…\">…"
//!   "enrolment_note":"There are no requisites for this unit.",  // then the requisites are []
//!   "academic_contact_roles":[{"role":"Coordinator","contacts":[{"contact_name":"…"},{…}]}]
//! }}},"page":"/subject/[year]/[code]","query":{…}}</script>
//! ```
//! An unknown code: status 200, `pageType` `ErrorPage404`, `pageErrors[{status,code}]`, no `pageContent`.
//!
//! # Site A, after the script and the clicks
//! ```html
//! <div id="__next"><main data-testid="ai-page">
//!   <h2 data-testid="ai-header">COMP2011 - Data Structures and Algorithms</h2>
//!   <div data-testid="attributes-table">
//!     <div class="AttrContainer"><h3>Credit points</h3><div data-testid="AttrBody">6</div></div> …
//!   </div>                       <!-- Credit points, Level, Study level, Faculty, School, Year, Status: only those given -->
//!   <div data-menu-id="Overview"><h3>Overview</h3><div data-testid="section-body">…</div></div>
//!   <div data-menu-id="Offerings"><h3>Offerings</h3><table><tbody>
//!     <tr data-testid="offering-row"><td data-field="session">Semester 1</td><td data-field="location">City</td><td data-field="mode">On campus</td></tr>
//!   </tbody></table></div>       <!-- a cell is there only where it is known; with an offering_note: <p data-testid="offering-note"> -->
//!   <div data-menu-id="Requisites"><h3>Requisites</h3> <div data-testid="requisite"><h4>Prerequisite</h4><p>COMP1001</p></div>
//!     <a data-testid="requisite-link" href="http://second-host/requisites/2026/COMP2011">…</a></div>
//!   <div data-menu-id="Workload"><h3>Workload</h3><div data-testid="section-body">…</div></div>
//!   <div data-menu-id="Learning outcomes"><h3>…</h3><div data-testid="accordion"><button data-testid="accordion-toggle" aria-expanded="true">…</button>
//!     <div data-testid="accordion-body" data-state="ready"><div data-testid="outcome-row"><span data-field="code">ULO1</span><div data-field="description">…</div></div></div></div></div>
//!   <div data-menu-id="Assessment"><h3>…</h3><div data-testid="accordion"><button …>…</button>
//!     <div data-testid="accordion-body" data-state="ready"><div data-testid="assessment-row"><h4 data-field="name">Project</h4>
//!       <span data-field="kind">Assignment</span><span data-field="weight">40%</span><span data-field="hurdle">Yes</span></div></div></div></div>
//!                                <!-- or <p data-testid="assessment-note">This unit has no assessment tasks.</p>: then [] -->
//!   <div data-menu-id="Contacts"><h3>…</h3><div data-testid="contact-row"><span data-field="role">Coordinator</span><span data-field="name">…</span></div></div>
//! </main></div>
//! ```
//! Each accordion's body is absent until its toggle (`aria-expanded="false"`) or `[data-testid="expand-all"]` is clicked; the
//! assessment's is `data-state="loading"` and then `"ready"` where the script has to fetch it. A row's outcomes are sorted already.
//! A section whose fact is absent is not there at all; with an empty one its body is there without text or rows. Contacts have no
//! accordion. The error page shows `<div data-testid="error-page">`. The link to the second host is there only where requisites are only there.
//!
//! The second host: `<main data-testid="requisites-page"><section class="requisite"><h2>Prerequisite</h2><p class="rule">(A AND B) OR C</p></section></main>`,
//! or `<p class="none">No requisites apply to this unit.</p>` (then `[]`), or no section at all (empty);
//! below it, as the last of the body, a `footer`.
//!
//! # Site B
//! Paths `/subjects/31251.html`, listings `/numerical.html` and `/alpha.html`, no sitemap. Everything is there as served.
//! ```html
//! <div id="edition">2026 Handbook</div> <div class="subject">
//! <h1>31251 Data Structures and Algorithms</h1>
//! <p class="org">EIT: Faculty of Information Technology: School of Computing   <!-- ": School …" may be missing -->
//! <p><em>Credit points</em>: 6 cp<br><em>Subject level</em>: Undergraduate<br><em>Level</em>: 2<br><em>Result type</em>: Grade and marks
//! <p class="requisites"><em>Requisite(s): (<a href="/subjects/26012.html">26012</a> AND …) OR 48730</em>     <!-- one p and em per kind; "None": then [] -->
//! <h3>Description</h3><p>… <p>… <ul><li>…</ul>
//! <h3>Subject learning objectives (SLOs)</h3>
//! <table class="SLOTable"><tr><th colspan=2>Upon successful completion of this subject students should be able to:
//!   <tr><td>1.<td>Explain …</table>                                                                          <!-- code "1" -->
//! <h3>Assessment</h3>
//!                                                                     <!-- or <p>There is no assessment in this subject.: then [] -->
//! <table class="assessmentTaskTable"><caption>Assessment task 1: Project</caption><tr><th>Type:<td>Report<tr><th>Weight:<td>40%<tr><th>Hurdle:<td>Yes</table>
//! <h3>Typical availability</h3><ul class="availability"><li>Autumn session, City campus, standard mode</ul>  <!-- session, location, mode; the later may be missing; "Not offered in 2026.": then [] -->
//! <h3>Workload</h3><p>…
//! <h3>Subject coordinator</h3><ul class="coordinators"><li>Dr Zoë Nguyễn (Coordinator)</ul>                   <!-- role in brackets, may be missing -->
//! </div>
//! ```
//! `<em>Credit points</em>:` with nothing after it is empty; the label missing is absent; so for a heading with nothing under it.
//! Text under a heading ends at the next heading, in this order of headings, or with the subject's `div`. Unknown codes: "Page Not Found" in `h1`, status 200.
//!
//! # Site C
//! Paths `/programs-courses/course.html?course_code=COMP2502`, list `/programs-courses/`, `/sitemap.xml`. Everything is there as served.
//! ```html
//! <div id="course">
//! <h1 id="course-title">Data Structures and Algorithms (COMP2502)</h1> <p id="course-edition">2026</p>
//! <p id="course-level">Undergraduate</p> <p id="course-year-level">2</p> <p id="course-faculty">…</p> <p id="course-school">…</p>
//! <p id="course-units">3.2</p> <div id="course-contact"><p>…</div> <div id="course-summary"><p>…</div>      <!-- workload, description -->
//! <p id="course-prerequisite"><a …>COMP1100</a> AND (…)</p> <p id="course-companion">…</p> <p id="course-incompatible">…</p>
//!                                                              <!-- one per kind that there is; "None required" in the first: then [] -->
//! <ul id="course-outcomes"><li id="course-outcome-1"><span class="course-outcome-code">LO1</span><div class="course-outcome-text">…</div></li></ul>
//! <table id="course-assessment"><tr id="course-assessment-1"><td class="course-assessment-name">…<td class="course-assessment-category">…
//!   <td class="course-assessment-weight">40%<td class="course-assessment-hurdle">Hurdle</tr></table>  <!-- or <p id="course-assessment-none">: then [] -->
//! <p id="course-coordinator">Dr Zoë Nguyễn<br>Mr Sam Lee</p>   <!-- all are coordinators -->
//! <table id="course-current-offerings"><tr id="course-offering-1"><td><a class="course-offering-year">Semester 2, 2026 (28/07/2026 - 22/11/2026)</a>
//!   <td class="course-offering-location">…<td class="course-offering-mode">…</tr></table>     <!-- session "Semester 2"; or <p id="course-offerings-none">: then [] -->
//! <table id="course-archived-offerings"><tr id="course-archived-1">…                                   <!-- of the year before: none of this edition's -->
//! </div>
//! ```
//! An element that is missing is absent, one without text or rows is empty. Unknown codes: `<div id="course-notfound">`, status 200.
//!
//! # Site D
//! Results `/search?types[]=subject&year=2026&order=asc&page=1` (20 a page, also `order=desc`), subjects `/2026/subjects/comp20003` (the code in
//! small letters), requisites `/2026/subjects/comp20003/eligibility-and-requirements`. Everything is there as served.
//! ```html
//! <ul class="search-results__list"><li class="search-results__result"><a class="search-result-item__anchor" href="/2026/subjects/comp20003">…</a></li></ul>
//! <nav class="search-results__paginate">… Page 2 of <b class="search-results__pages">16</b> …</nav>   <!-- links beside the list are no results -->
//!
//! <main id="subject"><h1 class="subject-header__title">Data Structures <span class="subject-header__code">(COMP20003)</span></h1>
//! <table class="overview-table"><tr><th>Year of offer</th><td>2026</td></tr> …</table>
//!                                  <!-- Subject level, Level ("Level 2"), Credit points, Faculty, School: a row only where there is a place -->
//! <a class="eligibility-link" href="…/eligibility-and-requirements">    <!-- missing: requisites are absent -->
//! <section id="overview">…<div class="section__body"><p>…</div></section> <section id="time-commitment">…     <!-- description, workload -->
//! <section id="learning-outcomes"> … <li class="outcome"><p>…</li>                                            <!-- without codes: numbered -->
//! <section id="assessment"> … <tr class="assessment"><td><p class="assessment-name">…</p><span class="assessment-kind">…</span>
//!   <span class="assessment-hurdle">Hurdle</span></td><td class="assessment-weight">40%</td></tr>             <!-- or "There is no assessment …": then [] -->
//! <section id="dates-times"> … <li class="offering"><strong class="offering-period">Semester 1</strong> <span class="offering-campus">…</span>
//!   <span class="offering-mode">…</span></li>                                                                 <!-- or "… not offered in 2026.": then [] -->
//! <section id="contacts"> … <dl class="contact"><dt>Coordinator</dt><dd>Dr Zoë Nguyễn</dd></dl>
//! </main>
//!
//! <main id="eligibility"><section id="prerequisites"><h2>…</h2><div class="rule">(A AND B) OR C</div></section> <section id="corequisites">…
//!   <section id="non-allowed">… <p id="no-requirements">…                                                     <!-- then []; no section at all: empty -->
//! ```
//! `/find` has a box (`#find-box`) that is typed into and sent by Enter; results (`.find-result`, "COMP20003 Data Structures") appear, or `.find-none`.
//! A click on one shows `<main id="subject">` below the box while the address stays `/find`, whatever query it has. Unknown codes and addresses of
//! subjects: `<main id="page-not-found">`, status 200. `/_source-find.json` is the source document for this way in, whose units have no other address.
//!
//! # Site E
//! Feeds `/feeds/xcri-{n}.xml` of some hundred units each, with `ETag` and `Last-Modified`; an entry links `/courses/{code}`, which
//! has only the title. Elements may have any prefix (`<x:course xmlns:x="…">`); names below are local ones. Text may be escaped, in
//! CDATA or with comments in it; where rules 1–5 speak of HTML (`description`, `engagement`, `learningOutcome`), it stands in
//! CDATA, escaped, or as an XHTML `div` in the feed itself.
//! ```xml
//! <catalog><provider><title>Harbourview University</title><temporal>2026</temporal>
//! <course>                                                     <!-- recstatus="3": a code in use no more -->
//!   <identifier>http://…/courses/COMP2011</identifier>
//!   <identifier xsi:type="courseDataProgramme:internalID">COMP2011</identifier>      <!-- or without the type -->
//!   <title>…</title> <date>2026</date>                         <!-- the date may be left to the provider's `temporal` -->
//!   <type>Undergraduate</type> <faculty>…</faculty><school>…</school>                <!-- both perhaps inside an `organisation` -->
//!   <description>…</description> <credit><level>2</level><value>6</value></credit>   <!-- or <credit level="2" value="6"/> -->
//!   <prerequisite>…</prerequisite> <corequisite>… <prohibition>…                     <!-- or <requisite kind="Prerequisite">…; "None": then [] -->
//!   <learningOutcome identifier="LO1">…</learningOutcome>
//!   <assessment><title>Project</title><type>Report</type><weight>40%</weight><hurdle>Yes</hurdle></assessment>   <!-- "There is no assessment.": then [] -->
//!   <engagement>…</engagement> <contributor role="Coordinator">Dr Zoë Nguyễn</contributor>                       <!-- or the role in brackets -->
//!   <presentation><start dtf="2026-02">Trimester 1</start><attendanceMode>…</attendanceMode><venue><provider><title>…</presentation>
//!                                                              <!-- "Not offered in 2026.": then [] -->
//! </course> … </provider></catalog>
//! ```
//! Some units are entered twice, under another provider and in another style, and say the same both times.
//!
//! # Control
//! Each host answers `/_stats` (GET; DELETE resets): requests by path and by user agent, the most documents at once, the least gap
//! between two documents of one agent; see [`statistics`]. `/_faults` (GET, POST, DELETE) shows, replaces and ends the faults of
//! the site; see [`faults::Faults`]. `/_source.json` is the university and the source document that reads the site.

mod catalogue;
mod courseloop;
mod elements;
pub mod faults;
mod feed;
mod html;
mod legacy;
mod prose;
mod random;
pub mod routes;
mod search;
mod site;
pub mod sources;
pub mod statistics;
pub mod truth;
mod unit;
mod words;

pub use routes::server::{Addresses, Running, ServeConfig, serve};
pub use site::Site;
