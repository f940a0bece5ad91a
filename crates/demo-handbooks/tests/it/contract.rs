//! The truth is written in the published contract, though it is made without it.

use rmu_demo_handbooks::Site;
use rmu_domain::facts::{FactName, UnitFacts};
use rmu_messaging::contracts::unit_facts::UnitFactsV1;
use serde_json::json;

fn all_sites() -> [Site; 5] {
    [Site::courseloop, Site::legacy, Site::elements, Site::search_first, Site::feed].map(|make| make(3, 300))
}

#[test]
fn the_truth_parses_as_the_contract_and_into_the_domain() {
    for site in all_sites() {
        for year in site.years() {
            for truth in site.truth(*year) {
                let written = json!(truth.facts);
                let wire: UnitFactsV1 = serde_json::from_value(written.clone()).unwrap();
                assert_eq!(serde_json::to_value(&wire).unwrap(), written, "no field is lost or added");
                let facts = UnitFacts::try_from(wire).unwrap();
                assert_eq!(serde_json::to_value(&facts).unwrap(), written, "and the domain shows it the same way");
            }
        }
    }
}

#[test]
fn a_fact_has_a_value_or_a_reason_for_having_none() {
    for site in all_sites() {
        for truth in site.truth(2026) {
            let facts = json!(truth.facts);
            for fact in FactName::ALL {
                let missing = facts[fact.as_str()].is_null();
                assert_eq!(missing, truth.gaps.contains_key(fact.as_str()), "{} {fact:?}", truth.path);
            }
        }
    }
}
