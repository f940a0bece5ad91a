//! What students call a unit finds it, whoever reads the unit anew.

use crate::support::{Catalogue, Unit};
use rmu_catalogue::{
    audit::Actor,
    nicknames::{MOST_NICKNAMES, UnitNickname, nicknames, set_nicknames},
    search::{SearchRequest, search},
};
use rmu_domain::{
    account::Role,
    ids::{AccountId, UnitId},
    query::{Rung, SearchQuery},
};

fn admin() -> Actor {
    Actor::new(AccountId::new(), Role::Admin)
}

fn names(names: &[&str]) -> Vec<UnitNickname> {
    names.iter().map(|name| UnitNickname::parse(name).unwrap()).collect()
}

async fn first(catalogue: &Catalogue, query: &str) -> Option<(UnitId, Rung)> {
    let request = SearchRequest { query: SearchQuery::parse(query).ok(), ..SearchRequest::default() };
    let page = search(&catalogue.database, &request).await.unwrap();
    page.entries.first().map(|hit| (hit.id, hit.found.as_ref().unwrap().rung))
}

#[tokio::test]
async fn a_nickname_finds_its_unit_until_it_is_taken_away() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let algorithms = Unit { code: "31251", title: "Algorithms and Data", ..Unit::default() };
    let unit = catalogue.unit(north, algorithms).await;
    assert_eq!(first(&catalogue, "dsa").await, None);
    let given = names(&["DSA", "d.s.a.", "Algo Land"]);
    let now = set_nicknames(&catalogue.database, &admin(), unit, &given).await.unwrap();
    assert_eq!(
        (now.derived, now.given),
        (vec!["ad".to_owned(), "aad".to_owned()], vec!["Algo Land".to_owned(), "DSA".to_owned()])
    );
    let by_name = Some((unit, Rung::Abbreviation));
    for query in ["DSA", "dsa", "D S A", "algoland", "ALGO-LAND", "aad"] {
        assert_eq!(first(&catalogue, query).await, by_name, "{query}");
    }
    catalogue.index(unit, north, &Unit { title: "Structures of Data", ..algorithms }).await;
    assert_eq!(first(&catalogue, "dsa").await, by_name, "a new version keeps the nicknames");
    assert_eq!(first(&catalogue, "aad").await, None, "what followed from the title goes with it");
    set_nicknames(&catalogue.database, &admin(), unit, &[]).await.unwrap();
    assert_eq!(first(&catalogue, "dsa").await, None);
    assert_eq!(nicknames(&catalogue.database, unit).await.unwrap().given, Vec::<String>::new());
}

#[tokio::test]
async fn who_edited_nicknames_is_in_the_audit_log() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let unit = catalogue.unit(north, Unit { code: "31251", title: "Algorithms", ..Unit::default() }).await;
    let actor = admin();
    set_nicknames(&catalogue.database, &actor, unit, &names(&["algo"])).await.unwrap();
    let many: Vec<String> = (0..=MOST_NICKNAMES).map(|number| format!("name {number}")).collect();
    let many: Vec<UnitNickname> = many.iter().map(|name| UnitNickname::parse(name).unwrap()).collect();
    let refused = set_nicknames(&catalogue.database, &actor, unit, &many).await.unwrap_err();
    assert_eq!(refused.to_string(), "nicknames: must be at most 20 names");
    let unknown = set_nicknames(&catalogue.database, &actor, UnitId::new(), &[]).await.unwrap_err();
    assert_eq!(unknown.to_string(), "unit not found");
    let sql = "SELECT count(*) FROM audit_entries WHERE action = 'nickname.edited' AND subject_id = $1";
    let entries = catalogue.client.query_one(sql, &[&unit.to_string()]).await.unwrap();
    assert_eq!(entries.get::<_, i64>(0), 1);
}
