//! Site E: XML feeds in the shape of XCRI-CAP, written by several hands.

mod entry;
mod markup;
pub(crate) mod page;

use self::entry::{deleted, entry};
use crate::{html::escape, random::Stream, site::Site, unit::Unit};

/// Units in one feed: a feed of so many stays well within what readers take.
const UNITS_PER_FILE: usize = 700;

/// How many feeds the units need; an empty catalogue still has one.
pub(crate) fn files(site: &Site) -> usize {
    site.catalogue.entries.len().div_ceil(UNITS_PER_FILE).max(1)
}

pub(crate) fn path(number: usize) -> String {
    format!("/feeds/xcri-{number}.xml")
}

/// One feed: its share of the units, and after them some again, as another department enters them. The first also
/// says which codes are in use no more.
pub(crate) fn file(site: &Site, number: usize, origin: &str) -> String {
    let year = site.current_year();
    let share: Vec<usize> =
        site.catalogue.in_year(year).skip((number - 1) * UNITS_PER_FILE).take(UNITS_PER_FILE).collect();
    let mut own = String::new();
    let mut again = String::new();
    for index in share {
        let unit = Unit::of(&site.catalogue, index, year);
        own.push_str(&entry(&site.catalogue, &unit, origin, "entry"));
        if Stream::of(site.catalogue.seed, "entered twice", index as u64).chance(40) {
            again.push_str(&entry(&site.catalogue, &unit, origin, "second entry"));
        }
    }
    if number == 1 {
        own.extend(site.dead_codes().iter().map(|code| deleted(code)));
    }
    let again = match again.is_empty() {
        true => again,
        false => provider("Harbourview College of Continuing Education", year, &again),
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<?xml-stylesheet type=\"text/xsl\" href=\"/feeds/xcri.xsl\"?>\n\
         <!-- Harbourview University is synthetic; every unit here is invented. -->\n\
         <catalog xmlns=\"http://xcri.org/profiles/1.2/catalog\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:dcterms=\"http://purl.org/dc/terms/\" xmlns:mlo=\"http://purl.org/net/mlo\" \
         xmlns:credit=\"http://purl.org/net/cm\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:courseDataProgramme=\"http://xcri.co.uk\" xmlns:hv=\"http://harbourview.example/terms\" \
         generated=\"{year}-01-05T03:00:00Z\">\n{}{again}</catalog>\n",
        provider(site.university_name(), year, &own)
    )
}

fn provider(name: &str, year: u16, courses: &str) -> String {
    format!(
        "<provider>\n<dc:title>{}</dc:title>\n<dcterms:temporal>{year}</dcterms:temporal>\n{courses}</provider>\n",
        escape(name)
    )
}
