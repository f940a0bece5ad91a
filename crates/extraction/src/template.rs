//! Texts with places to fill in: addresses of result pages and of units, and what a step types.

use crate::source::UnitAddress;
use rmu_domain::{unit_code::UnitCode, year::Year};
use url::Url;

const LONGEST: usize = 500;

/// What can be filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Page,
    Year,
    Code,
    /// The code in small letters, as some sites write it in their addresses.
    CodeLower,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Year => "year",
            Self::Code => "code",
            Self::CodeLower => "codeLower",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(Place),
}

/// What is filled in. A place without a value leaves the template unfilled.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Values<'v> {
    pub(crate) page: Option<u32>,
    pub(crate) year: Option<Year>,
    pub(crate) code: Option<&'v UnitCode>,
}

/// A text with places such as `{year}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

impl Template {
    /// Reads a template in which only `places` may be filled in.
    pub(crate) fn parse(raw: &str, places: &[Place]) -> Result<Self, String> {
        if raw.trim().is_empty() || raw.len() > LONGEST {
            return Err(format!("must have 1 to {LONGEST} characters"));
        }
        let mut parts = Vec::new();
        let mut rest = raw;
        while let Some((text, after)) = rest.split_once('{') {
            let known = after.split_once('}').and_then(|(name, after)| {
                places.iter().find(|place| place.name() == name).map(|place| (*place, after))
            });
            let Some((place, after)) = known else {
                let names: Vec<_> = places.iter().map(|place| format!("{{{}}}", place.name())).collect();
                return Err(format!("may have no other places than {}", names.join(", ")));
            };
            parts.extend((!text.is_empty()).then(|| Part::Text(text.to_owned())));
            parts.push(Part::Place(place));
            rest = after;
        }
        parts.extend((!rest.is_empty()).then(|| Part::Text(rest.to_owned())));
        Ok(Self(parts))
    }

    /// Reads a template of an address. Its host is fixed, and it stands in the form in which addresses are kept,
    /// so that an address can be told to be one of its own.
    pub(crate) fn parse_url(raw: &str, places: &[Place]) -> Result<Self, String> {
        let template = Self::parse(raw, places)?;
        let code = UnitCode::parse("AB12").map_err(|error| error.to_string())?;
        let values = Values { page: Some(1), year: Year::new(2026).ok(), code: Some(&code) };
        let sample = template.fill(values).unwrap_or_default();
        let url = Url::parse(&sample).map_err(|_| "must be an address such as https://host/path".to_owned())?;
        let fixed = match template.0.first() {
            Some(Part::Text(text)) => text.bytes().filter(|byte| *byte == b'/').count() >= 3,
            _ => false,
        };
        if !fixed || !matches!(url.scheme(), "http" | "https") {
            return Err("must be an address whose host is fixed".to_owned());
        }
        if url.fragment().is_some() {
            return Err("must have no fragment: that never reaches a server".to_owned());
        }
        if url.as_str() != sample {
            return Err(format!("must be written as addresses are kept: {url} for {sample}"));
        }
        Ok(template)
    }

    pub(crate) fn has(&self, place: Place) -> bool {
        self.0.contains(&Part::Place(place))
    }

    /// `None` when a place has no value.
    pub(crate) fn fill(&self, values: Values<'_>) -> Option<String> {
        self.0.iter().try_fold(String::new(), |mut text, part| {
            match part {
                Part::Text(written) => text.push_str(written),
                Part::Place(Place::Page) => text.push_str(&values.page?.to_string()),
                Part::Place(Place::Year) => text.push_str(&values.year?.to_string()),
                Part::Place(Place::Code) => text.push_str(values.code?.as_str()),
                Part::Place(Place::CodeLower) => text.push_str(&values.code?.as_str().to_ascii_lowercase()),
            }
            Some(text)
        })
    }

    /// The address of a unit: what a code may hold and an address may not is written as addresses write it.
    pub(crate) fn fill_url(&self, values: Values<'_>) -> Option<Url> {
        let filled = self.0.iter().try_fold(String::new(), |mut text, part| {
            let piece = Self(vec![part.clone()]).fill(values)?;
            match part {
                Part::Place(Place::Code | Place::CodeLower) => {
                    text.push_str(&piece.replace(' ', "%20").replace('/', "%2F"));
                }
                _ => text.push_str(&piece),
            }
            Some(text)
        })?;
        Url::parse(&filled).ok()
    }

    /// The page and year of an address that this template gives.
    pub(crate) fn read(&self, address: &str) -> Option<(Option<u32>, Option<Year>)> {
        let (mut rest, mut page, mut year) = (address, None, None);
        for part in &self.0 {
            match part {
                Part::Text(text) => rest = rest.strip_prefix(text.as_str())?,
                Part::Place(place) => {
                    let most = if *place == Place::Year { 4 } else { 9 };
                    let digits = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
                    let (number, after) = rest.split_at(digits);
                    match place {
                        Place::Page => page = Some(number.parse().ok()?),
                        Place::Year => year = Some(Year::parse(number).ok()?),
                        Place::Code | Place::CodeLower => return None,
                    }
                    rest = after;
                }
            }
        }
        rest.is_empty().then_some((page, year))
    }
}

/// What a step types or looks for, with the unit of the task filled in. `None` when it asks for what the task
/// does not name.
pub fn fill_step_text(text: &str, unit: Option<&UnitAddress>) -> Option<String> {
    let template = Template::parse(text, &STEP_PLACES).ok()?;
    template.fill(Values { page: None, year: unit.and_then(|unit| unit.year), code: unit.map(|unit| &unit.code) })
}

pub(crate) const STEP_PLACES: [Place; 3] = [Place::Code, Place::CodeLower, Place::Year];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLACES: [Place; 2] = [Place::Page, Place::Year];

    #[test]
    fn an_address_is_told_to_be_of_its_template() {
        let raw = "https://a.example/search?types[]=subject&year={year}&page={page}";
        let template = Template::parse_url(raw, &PLACES).unwrap();
        let read = |address: &str| template.read(address).map(|(page, year)| (page.unwrap(), year.unwrap().get()));
        assert_eq!(read("https://a.example/search?types[]=subject&year=2026&page=17"), Some((17, 2026)));
        for other in [
            "https://a.example/search?types[]=subject&year=2026&page=",
            "https://a.example/search?types[]=subject&year=26&page=1",
            "https://a.example/search?types[]=subject&year=2026&page=1&x=2",
            "https://b.example/search?types[]=subject&year=2026&page=1",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let wrong = |raw: &str| Template::parse_url(raw, &PLACES).unwrap_err();
        assert!(wrong("https://a.example/{code}").contains("{page}, {year}"));
        assert!(wrong("https://a.example/{page").contains("{page}, {year}"));
        assert!(wrong("https://{page}.example/").contains("host is fixed"));
        assert!(wrong("https://a.example/x y?page={page}").contains("%20"));
        assert!(wrong("https://A.example/?page={page}").contains("as addresses are kept"));
        assert!(wrong("https://a.example/#{page}").contains("fragment"));
        assert!(wrong("/search?page={page}").contains("must be an address"));
        assert!(wrong("").contains("1 to 500"));
    }

    #[test]
    fn a_step_types_the_unit_of_its_task() {
        let unit = UnitAddress { code: UnitCode::parse("COMP 20003").unwrap(), year: Year::new(2026).ok() };
        assert_eq!(fill_step_text("{codeLower} in {year}", Some(&unit)).as_deref(), Some("comp 20003 in 2026"));
        assert_eq!(fill_step_text("all", None).as_deref(), Some("all"));
        assert_eq!(fill_step_text("{code}", None), None);
        let url = Template::parse_url("https://a.example/{code}", &[Place::Code]).unwrap();
        let address = url.fill_url(Values { code: Some(&unit.code), ..Values::default() }).unwrap();
        assert_eq!(address.as_str(), "https://a.example/COMP%2020003");
    }

    proptest! {
        #[test]
        fn what_is_filled_in_is_read_back(page in 0u32..1_000_000, year in 1990u16..2100, tail in "[a-z&=]{0,10}") {
            let raw = format!("https://a.example/{{year}}/list?page={{page}}{tail}");
            let template = Template::parse_url(&raw, &PLACES).unwrap();
            let values = Values { page: Some(page), year: Year::new(year).ok(), code: None };
            let address = template.fill(values).unwrap();
            prop_assert_eq!(template.read(&address), Some((Some(page), Year::new(year).ok())));
        }
    }
}
