//! Offerings that a site words in one name, from which session, place and mode are read. A name that is not understood
//! whole is kept as it stands: it is then the session, and place and mode stay unknown.

use rmu_domain::facts::Offering;

/// Words that begin or make a session, with what may follow them.
const NUMBERED: &[&str] = &[
    "block",
    "hexamester",
    "intake",
    "quarter",
    "semester",
    "session",
    "study period",
    "teaching period",
    "term",
    "trimester",
];
const ORDINALS: &[&str] = &["first", "second", "third", "fourth", "1st", "2nd", "3rd", "4th"];
const SEASONS: &[&str] = &["autumn", "fall", "spring", "summer", "winter"];
const WHOLE_YEARS: &[&str] = &["all year", "full year", "whole year", "year long"];

/// Modes, with a space for every dash. "… mode" is one whatever comes before.
const MODES: &[&str] = &[
    "block",
    "blended",
    "distance",
    "distance education",
    "evening",
    "external",
    "face to face",
    "flexible",
    "hybrid",
    "immersive",
    "in person",
    "intensive",
    "internal",
    "mixed mode",
    "multi modal",
    "multimodal",
    "off campus",
    "on campus",
    "on campus block",
    "on site",
    "online",
    "remote",
];

const NOTHING: &[&str] = &["any", "n/a", "na", "none", "other", "tba", "tbc", "tbd", "unknown", "various"];

/// The offerings that a name stands for: one, or several sessions in a row ("Term 1, Term 2").
pub(crate) fn named(name: &str) -> Vec<Offering> {
    understood(name).unwrap_or_else(|| vec![offering(name, None, None)])
}

/// `None` for a name that no dialect explains whole.
pub(crate) fn understood(name: &str) -> Option<Vec<Offering>> {
    let name = name.trim();
    if is_session(name) {
        return Some(vec![offering(name, None, None)]);
    }
    coded(name).or_else(|| dated(name)).or_else(|| in_parts(name))
}

/// `S1-01-CLAYTON-ON-CAMPUS`: session with its instance, place, mode, all joined by dashes.
fn coded(name: &str) -> Option<Vec<Offering>> {
    let parts: Vec<&str> = name.split('-').collect();
    let [session, instance, rest @ ..] = parts.as_slice() else { return None };
    let is_instance = (1..=3).contains(&instance.len()) && instance.bytes().all(|b| b.is_ascii_digit());
    if !is_session_code(session) || !is_instance || name.contains(' ') {
        return None;
    }
    // The longest mode, so that `ON-CAMPUS-BLOCK` is no place `…-ON` with the mode `BLOCK`.
    let split = (1..rest.len()).find(|at| is_mode(&rest[*at..].join(" ")))?;
    let (place, mode) = (rest[..split].join("-"), rest[split..].join("-"));
    (!place.split('-').any(str::is_empty) && !is_mode(&place))
        .then(|| vec![offering(&format!("{session}-{instance}"), Some(&place), Some(&mode))])
}

/// `Semester 2, 2025 (28/07/2025 - 22/11/2025)`: the days of a session are none of its name.
fn dated(name: &str) -> Option<Vec<Offering>> {
    let (session, days) = name.strip_suffix(')')?.split_once('(')?;
    let (from, to) = days.split_once([' ', '-', '–']).map(|(from, to)| (from, to.trim_matches([' ', '-', '–'])))?;
    let session = session.trim();
    (is_session(session) && is_day(from) && is_day(to)).then(|| vec![offering(session, None, None)])
}

/// `Autumn session, City, standard mode`, `Semester 1 | Clayton | On-campus`, `Term 1, Term 2`.
fn in_parts(name: &str) -> Option<Vec<Offering>> {
    [",", " | ", " - ", " – ", ";"].into_iter().find_map(|between| {
        let parts: Vec<&str> = name.split(between).map(str::trim).collect();
        if parts.len() > 1 && parts.iter().all(|part| is_session(part)) {
            return Some(parts.into_iter().map(|session| offering(session, None, None)).collect());
        }
        match parts.as_slice() {
            [session, place, mode] if is_session(session) && is_place(place) && is_mode(mode) => {
                Some(vec![offering(session, Some(place), Some(mode))])
            }
            [session, mode] if is_session(session) && is_mode(mode) => Some(vec![offering(session, None, Some(mode))]),
            [session, place] if is_session(session) && place.to_lowercase().ends_with(" campus") => {
                Some(vec![offering(session, Some(place), None)])
            }
            _ => None,
        }
    })
}

fn offering(session: &str, location: Option<&str>, mode: Option<&str>) -> Offering {
    Offering { session: session.to_owned(), location: location.map(str::to_owned), mode: mode.map(str::to_owned) }
}

/// "Semester 2", "Autumn session", "Session A 2026", "Full year", "S1".
fn is_session(text: &str) -> bool {
    let without_year = match text.rsplit_once(' ') {
        Some((before, year)) if is_year(year) => before.trim_end_matches(','),
        _ => text,
    };
    if is_session_code(without_year) {
        return true;
    }
    let plain = without_year.to_lowercase().replace('-', " ");
    if WHOLE_YEARS.contains(&plain.as_str()) {
        return true;
    }
    let after = |words: &[&str]| {
        words.iter().find_map(|word| match plain.strip_prefix(word) {
            Some("") => Some(""),
            Some(rest) => rest.strip_prefix(' '),
            None => None,
        })
    };
    if let Some(rest) = after(SEASONS) {
        return rest.is_empty() || is_number(rest) || NUMBERED.contains(&rest) || rest == "school";
    }
    if let Some(rest) = after(NUMBERED) {
        return is_number(rest);
    }
    after(ORDINALS).is_some_and(|rest| NUMBERED.contains(&rest))
}

/// `S1`, `T3`, `SP5`, `FY`: letters in capitals and perhaps a number.
fn is_session_code(text: &str) -> bool {
    let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = text.len() - letters;
    let is_code = (1..=4).contains(&letters)
        && (1..=2).contains(&digits)
        && text.as_bytes()[letters..].iter().all(u8::is_ascii_digit);
    is_code || text == "FY"
}

/// What counts sessions: `1`, `ii`, `a`.
fn is_number(text: &str) -> bool {
    let is_digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let is_roman = (1..=4).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'i' | b'v' | b'x'));
    is_digits || is_roman || (text.len() == 1 && text.bytes().all(|b| b.is_ascii_lowercase()))
}

fn is_year(text: &str) -> bool {
    text.parse().is_ok_and(|year| rmu_domain::year::Year::new(year).is_ok())
}

/// `28/07/2025` or `2025-07-28`.
fn is_day(text: &str) -> bool {
    let lengths: Vec<usize> = text.split(['/', '-', '.']).map(str::len).collect();
    let is_day = matches!(lengths.as_slice(), [1 | 2, 1 | 2, 2 | 4] | [4, 2, 2]);
    is_day && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'/' | b'-' | b'.'))
}

fn is_mode(text: &str) -> bool {
    let plain = text.to_lowercase().replace('-', " ");
    MODES.contains(&plain.as_str())
        || plain.strip_suffix(" mode").is_some_and(|kind| !kind.trim().is_empty() && !says_nothing(kind))
}

/// Words that stand where something is not known.
fn says_nothing(text: &str) -> bool {
    let plain = text.trim().to_lowercase();
    NOTHING.contains(&plain.as_str()) || ["to be ", "not "].iter().any(|words| plain.starts_with(words))
}

/// A place is what is neither of the others.
fn is_place(text: &str) -> bool {
    !is_session(text)
        && !is_mode(text)
        && !says_nothing(text)
        && text.chars().any(char::is_alphabetic)
        && !text.chars().any(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str) -> Option<String> {
        let part = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
        let line = |o: Offering| format!("{} / {} / {}", o.session, part(o.location), part(o.mode));
        Some(understood(name)?.into_iter().map(line).collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn dialects_are_read() {
        for (name, parts) in [
            ("S1-01-CLAYTON-ON-CAMPUS", "S1-01 / CLAYTON / ON-CAMPUS"),
            ("S2-02-ALFRED-HOSPITAL-ONLINE", "S2-02 / ALFRED-HOSPITAL / ONLINE"),
            ("FY-01-CAULFIELD-ON-CAMPUS-BLOCK", "FY-01 / CAULFIELD / ON-CAMPUS-BLOCK"),
            ("SSB2-1-MALAYSIA-MULTI-MODAL", "SSB2-1 / MALAYSIA / MULTI-MODAL"),
            ("Semester 2, 2025 (28/07/2025 - 22/11/2025)", "Semester 2, 2025 / - / -"),
            ("Summer Semester, 2025 (1/12/2025–7/2/2026)", "Summer Semester, 2025 / - / -"),
            ("Term 1, Term 2", "Term 1 / - / -; Term 2 / - / -"),
            ("T1,T2,T3", "T1 / - / -; T2 / - / -; T3 / - / -"),
            ("Semester 1 2026; Semester 2 2026", "Semester 1 2026 / - / -; Semester 2 2026 / - / -"),
            ("Autumn session, City, standard mode", "Autumn session / City / standard mode"),
            ("Autumn session, City campus", "Autumn session / City campus / -"),
            ("Semester 1 | Clayton | On-campus", "Semester 1 / Clayton / On-campus"),
            ("First semester - Parkville - Blended", "First semester / Parkville / Blended"),
            ("Trimester III, Online", "Trimester III / - / Online"),
            ("Full-year", "Full-year / - / -"),
            ("Session A", "Session A / - / -"),
            ("Hexamester 1, Hexamester 2", "Hexamester 1 / - / -; Hexamester 2 / - / -"),
        ] {
            assert_eq!(shown(name).as_deref(), Some(parts), "{name}");
        }
    }

    #[test]
    fn what_no_dialect_explains_stays_as_it_is() {
        for name in [
            "S1-01-CLAYTON",
            "S1-01-CLAYTON-WEEKENDS",
            "S1-CLAYTON-ON-CAMPUS",
            "S1-01--ON-CAMPUS",
            "S1-01-ON-CAMPUS",
            "S1-01-ON-CAMPUS-BLOCK",
            "Semester 1, 24/02/2025 to 20/06/2025, online",
            "Semester 1 | 12 weeks | Online",
            "Semester 1, To be advised, online",
            "Semester 1, N/A, Online",
            "Semester 1, City, to be confirmed mode",
            "Semester 2 (by arrangement)",
            "Semester 2 (28/07/2025)",
            "Autumn session, City",
            "Autumn session, City, Tuesdays",
            "City, Autumn session, standard mode",
            "Term 1, or by arrangement",
            "Semester",
            "To be advised",
            "x < y",
        ] {
            assert_eq!(shown(name), None, "{name}");
            assert_eq!(named(name), [offering(name, None, None)], "{name}");
        }
    }
}
