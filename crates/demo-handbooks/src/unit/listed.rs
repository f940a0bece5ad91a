//! Outcomes, assessment, offerings and contacts.

use super::worded::fill;
use crate::{
    catalogue::{Catalogue, Life, University},
    prose::{Block, Inline, Prose},
    random::Stream,
    words::{people, phrases},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) code: String,
    pub(crate) description: Prose,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) name: String,
    pub(crate) kind: Option<&'static str>,
    /// As the page writes it, without the per cent sign.
    pub(crate) weight: Option<String>,
    pub(crate) hurdle: Option<bool>,
}

impl Task {
    /// As readers see it: with its sign where it is a number.
    pub(crate) fn weight_in_words(&self) -> Option<String> {
        let weight = self.weight.as_ref()?;
        let number = weight.starts_with(|sign: char| sign.is_ascii_digit());
        Some(if number { format!("{weight}%") } else { weight.clone() })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offering {
    pub(crate) session: &'static str,
    pub(crate) location: Option<&'static str>,
    pub(crate) mode: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contact {
    pub(crate) role: Option<&'static str>,
    pub(crate) name: String,
}

pub(super) fn outcomes(catalogue: &Catalogue, index: usize) -> Vec<Outcome> {
    let mut stream = Stream::of(catalogue.seed, "outcomes", index as u64);
    let count = stream.between(2, 7);
    let chosen = stream.several(count, phrases::OUTCOMES.len());
    (1..)
        .zip(chosen)
        .map(|(number, outcome)| {
            let text = fill(catalogue, index, phrases::OUTCOMES[outcome], &mut stream);
            let mut blocks = vec![Block::Paragraph(vec![Inline::Text(text)])];
            if stream.chance(40) {
                let item = |text: &str| vec![Inline::Text(text.to_owned())];
                blocks.push(Block::List(vec![item("in writing;"), item("in discussion with a client.")]));
            }
            let code = match catalogue.university {
                University::Northfield => format!("ULO{number}"),
                // Site D does not number them.
                University::Eastmoor | University::Southmere => number.to_string(),
                University::Westhaven | University::Harbourview => format!("LO{number}"),
            };
            Outcome { code, description: Prose(blocks) }
        })
        .collect()
}

/// Tasks of the year; a unit without credit points may have none, and says so.
pub(super) fn tasks(catalogue: &Catalogue, index: usize, year: u16) -> Vec<Task> {
    let entry = &catalogue.entries[index];
    let changed = matches!(entry.life, Life::Reassessed(from) if year >= from);
    let purpose = if changed { "new tasks" } else { "tasks" };
    let mut stream = Stream::of(catalogue.seed, purpose, index as u64);
    if stream.chance(if entry.points == "0" { 400 } else { 10 }) {
        return Vec::new();
    }
    let weights = stream.pick(&phrases::WEIGHTS);
    let mut chosen = stream.several(weights.len(), phrases::TASKS.len());
    stream.shuffle(&mut chosen);
    weights
        .iter()
        .zip(chosen)
        .map(|(weight, task)| {
            let (name, kind) = phrases::TASKS[task];
            let weight = match stream.below(60) {
                0 => None,
                1 => Some("TBC".to_owned()),
                2 if !weight.contains('.') => Some(format!("{weight}.0")),
                _ => Some((*weight).to_owned()),
            };
            Task {
                name: fill(catalogue, index, name, &mut stream),
                kind: (!stream.chance(30)).then_some(kind),
                weight,
                hurdle: stream.weighted(&[(Some(false), 50), (Some(true), 20), (None, 30)]),
            }
        })
        .collect()
}

/// Where and when it is taught; retired units and a few others are not offered, and say so.
pub(super) fn offerings(catalogue: &Catalogue, index: usize, year: u16) -> Vec<Offering> {
    let mut stream = Stream::of(catalogue.seed, "offerings", index as u64 * 4 + u64::from(year % 4));
    let retired = matches!(catalogue.entries[index].life, Life::Retired(from) if year >= from);
    if retired || stream.chance(70) {
        return Vec::new();
    }
    let (sessions, locations, modes): (&[&str], &[&str], &[&str]) = match catalogue.university {
        University::Northfield => (
            &[
                "Semester 1",
                "Semester 2",
                "Summer Session",
                "Winter Session",
                "Term 1",
                "Term 2",
                "Term 3",
                "Full Year",
            ],
            &["City", "Parkside", "Online", "Kuala Lumpur", "Western Campus & Hospital"],
            &["On campus", "Online", "Blended", "Block mode – intensive"],
        ),
        University::Eastmoor => (
            &["Autumn session", "Spring session", "Summer session", "Calendar A spring"],
            &["City campus", "Harbour campus", "Distance"],
            &["standard mode", "block mode", "self-paced mode"],
        ),
        University::Westhaven => (
            &["Semester 1", "Semester 2", "Summer Semester", "Trimester 3", "Research Quarter 2"],
            &["St Clare", "Harbourside", "External", "Gatton & Ipswich"],
            &["In Person", "Flexible Delivery", "External"],
        ),
        University::Southmere => (
            &["Summer Term", "Semester 1", "Semester 2", "Winter Term", "February", "Semester 1 (Early-Start)"],
            &["Parkfield", "Burnside & Creswick", "Off Campus", "Shepperton"],
            &["On Campus", "Dual-Delivery", "Online", "Extended"],
        ),
        University::Harbourview => (
            &["Trimester 1", "Trimester 2", "Trimester 3", "Summer & winter school"],
            &["Harbour Campus", "Hill Campus", "Port Augusta & Whyalla"],
            &["Campus", "Distance with attendance", "Online"],
        ),
    };
    // The barest pages name no more than the sessions, so all rows of one page are alike.
    let (with_location, with_mode) = stream.weighted(&[((true, true), 70), ((true, false), 15), ((false, false), 15)]);
    let count = stream.between(1, 3);
    let chosen = stream.several(count, sessions.len());
    chosen
        .into_iter()
        .map(|session| Offering {
            session: sessions[session],
            location: with_location.then(|| locations[stream.below(locations.len())]),
            mode: with_mode.then(|| modes[stream.below(modes.len())]),
        })
        .collect()
}

pub(super) fn contacts(catalogue: &Catalogue, index: usize) -> Vec<Contact> {
    let mut stream = Stream::of(catalogue.seed, "contacts", index as u64);
    let count = stream.between(1, 3);
    (0..count)
        .map(|_| {
            let role = match (catalogue.university, stream.below(10)) {
                (University::Eastmoor | University::Harbourview, 0..3) => None,
                // Brackets end the role on site B's pages and in some entries of site E.
                (University::Eastmoor | University::Harbourview, drawn) => Some(people::ROLES[drawn % 4]),
                // The element's name says what they are.
                (University::Westhaven, _) => Some("Coordinator"),
                (University::Northfield | University::Southmere, drawn) => {
                    Some(people::ROLES[drawn % people::ROLES.len()])
                }
            };
            let name = format!(
                "{} {} {}",
                stream.pick(&people::TITLES),
                stream.pick(&people::GIVEN),
                stream.pick(&people::FAMILY)
            );
            Contact { role, name }
        })
        .collect()
}
