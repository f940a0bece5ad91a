//! A handbook site as pages: what a reader gets for an address, without any server.

use crate::{
    catalogue::{Catalogue, University, YEARS},
    courseloop, elements, feed, legacy, search,
    truth::Truth,
    unit::Unit,
};

/// One university's handbook.
pub struct Site {
    pub(crate) catalogue: Catalogue,
    /// Where site A's requisites are when they are on another host.
    pub(crate) requisites_origin: String,
    /// What every page of site A carries besides its unit; the same text for all.
    pub(crate) ballast: String,
}

impl Site {
    /// Site A, Northfield University.
    pub fn courseloop(seed: u64, units: u32) -> Self {
        Self {
            catalogue: Catalogue::new(University::Northfield, seed, units),
            requisites_origin: "http://requisites.northfield.example".to_owned(),
            ballast: courseloop::ballast::site(),
        }
    }

    /// Site B, Eastmoor Institute of Technology.
    pub fn legacy(seed: u64, units: u32) -> Self {
        Self::plain(University::Eastmoor, seed, units)
    }

    /// Site C, Westhaven University.
    pub fn elements(seed: u64, units: u32) -> Self {
        Self::plain(University::Westhaven, seed, units)
    }

    /// Site D, University of Southmere.
    pub fn search_first(seed: u64, units: u32) -> Self {
        Self::plain(University::Southmere, seed, units)
    }

    /// A site of one host, whose pages carry nothing besides their unit.
    fn plain(university: University, seed: u64, units: u32) -> Self {
        Self {
            catalogue: Catalogue::new(university, seed, units),
            requisites_origin: String::new(),
            ballast: String::new(),
        }
    }

    /// Site E, Harbourview University.
    pub fn feed(seed: u64, units: u32) -> Self {
        Self {
            catalogue: Catalogue::new(University::Harbourview, seed, units),
            requisites_origin: String::new(),
            ballast: String::new(),
        }
    }

    /// The origin (`http://127.0.0.1:4001`) under which site A's second host is reached.
    #[must_use]
    pub fn with_requisites_origin(mut self, origin: &str) -> Self {
        origin.clone_into(&mut self.requisites_origin);
        self
    }

    pub fn slug(&self) -> &'static str {
        self.catalogue.university.slug()
    }

    pub fn university_name(&self) -> &'static str {
        self.catalogue.university.name()
    }

    /// The years that have pages, ascending. A site of one edition at a time shows the newest.
    pub fn years(&self) -> &'static [u16] {
        &YEARS
    }

    /// The newest year.
    pub fn current_year(&self) -> u16 {
        self.years().last().copied().unwrap_or_default()
    }

    /// The codes that have a page in `year`.
    pub fn codes(&self, year: u16) -> impl Iterator<Item = &str> {
        self.catalogue.in_year(year).map(|index| self.catalogue.entries[index].code.as_str())
    }

    /// Codes that the site links though they lead to an error page.
    pub fn dead_codes(&self) -> &[String] {
        &self.catalogue.dead
    }

    /// The path of a unit's page.
    pub fn unit_path(&self, year: u16, code: &str) -> String {
        self.catalogue.university.path(year, code)
    }

    pub(crate) fn unit(&self, year: u16, code: &str) -> Option<Unit> {
        let index = self.catalogue.find(code).filter(|index| self.catalogue.has_page(*index, year))?;
        Some(Unit::of(&self.catalogue, index, year))
    }

    /// The unit's page as served; for an unknown code the site's error page, which comes with status 200.
    pub fn unit_page(&self, year: u16, code: &str) -> String {
        let unit = self.unit(year, code);
        match self.catalogue.university {
            University::Northfield => courseloop::page::served(self, unit.as_ref(), year, code),
            University::Eastmoor => legacy::page::served(self, unit.as_ref()),
            University::Westhaven => elements::page::served(self, unit.as_ref()),
            University::Southmere => search::page::served(self, unit.as_ref()),
            University::Harbourview => feed::page::served(unit.as_ref()),
        }
    }

    /// The page as it stands in a browser after its scripts ran and, if so wanted, after every accordion was opened.
    pub fn rendered_page(&self, year: u16, code: &str, accordions_open: bool) -> String {
        match self.catalogue.university {
            University::Northfield => {
                courseloop::rendered::page(self, self.unit(year, code).as_ref(), year, code, accordions_open)
            }
            University::Eastmoor | University::Westhaven | University::Southmere | University::Harbourview => {
                self.unit_page(year, code)
            }
        }
    }

    /// The page with requisites: of site A's second host, or below a unit's own page at site D. `None` for other sites
    /// and for units without one.
    pub fn requisites_page(&self, year: u16, code: &str) -> Option<String> {
        match self.catalogue.university {
            University::Northfield => courseloop::second_host::page(self, &self.unit(year, code)?),
            University::Southmere => search::eligibility::page(self, &self.unit(year, code)?),
            University::Eastmoor | University::Westhaven | University::Harbourview => None,
        }
    }

    /// What site A's script fetches when the assessment is opened and the page does not hold it.
    pub fn assessment_json(&self, year: u16, code: &str) -> Option<serde_json::Value> {
        let unit = self.unit(year, code)?;
        (self.catalogue.university == University::Northfield).then(|| courseloop::content::assessment(&unit))
    }

    /// The paths of site E's feeds, each of which names a share of the units; none for other sites.
    pub fn feed_paths(&self) -> Vec<String> {
        match self.catalogue.university {
            University::Harbourview => (1..=feed::files(self)).map(feed::path).collect(),
            _ => Vec::new(),
        }
    }

    /// One of site E's feeds, by its path, as served at `origin`.
    pub fn feed_xml(&self, path: &str, origin: &str) -> Option<String> {
        let number = (1..=feed::files(self)).find(|number| feed::path(*number) == path)?;
        (self.catalogue.university == University::Harbourview).then(|| feed::file(self, number, origin))
    }

    /// What each page of `year` says, in catalogue order, made one at a time.
    pub fn truth(&self, year: u16) -> impl Iterator<Item = Truth> {
        self.catalogue
            .in_year(year)
            .map(move |index| Truth::of(&self.catalogue, &Unit::of(&self.catalogue, index, year)))
    }

    pub fn truth_of(&self, year: u16, code: &str) -> Option<Truth> {
        self.unit(year, code).map(|unit| Truth::of(&self.catalogue, &unit))
    }
}
