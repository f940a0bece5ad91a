//! Dead letters: kept once, within bounds, replayed only when the broker has them.

use crate::stage::Stage;
use rmu_catalogue::{
    CatalogueError, ConflictKind,
    dead_letters::{
        Bounds, LetterFilter, LetterRoute, LetterState, NewDeadLetter, count_waiting, discard, keep, list, open,
        replay, replayable,
    },
};
use rmu_domain::ids::DeadLetterId;
use serde_json::json;
use std::sync::Mutex;
use uuid::Uuid;

const MANY: Bounds = Bounds { letters: 100, bytes: 1_000_000 };

fn letter(message: u128) -> NewDeadLetter {
    NewDeadLetter {
        message: Uuid::from_u128(message),
        kind: "scrape.result.v1".to_owned(),
        reason: "nobody knows the task".to_owned(),
        queue: "scrape.results".to_owned(),
        route: Some(LetterRoute { exchange: "rmu.scrape".to_owned(), key: "result".to_owned() }),
        deaths: json!([]),
        properties: json!({"correlationId": "c-1"}),
        body: vec![b'x'; 10],
        complete: true,
    }
}

async fn all(stage: &Stage) -> Vec<u128> {
    let letters = list(&stage.database, &LetterFilter { limit: 50, ..LetterFilter::default() }).await.unwrap();
    letters.into_iter().map(|letter| letter.message.as_u128()).collect()
}

async fn only(stage: &Stage) -> DeadLetterId {
    let letters = list(&stage.database, &LetterFilter { limit: 2, ..LetterFilter::default() }).await.unwrap();
    assert_eq!(letters.len(), 1);
    letters[0].id
}

#[tokio::test]
async fn one_that_comes_twice_is_one() {
    let stage = Stage::new().await;
    let (first, again) = (letter(1), letter(1));
    let (one, two) = tokio::join!(keep(&stage.database, &first, MANY), keep(&stage.database, &again, MANY));
    assert_eq!((one.unwrap(), two.unwrap()), (0, 0));
    // The same message may die in another queue, too.
    keep(&stage.database, &NewDeadLetter { queue: "scrape.tasks".to_owned(), ..letter(1) }, MANY).await.unwrap();
    assert_eq!(count_waiting(&stage.database).await.unwrap(), 2);
    let filter = LetterFilter { queue: Some("scrape.tasks".to_owned()), limit: 50, ..LetterFilter::default() };
    assert_eq!(list(&stage.database, &filter).await.unwrap().len(), 1);
}

#[tokio::test]
async fn beyond_the_bounds_the_replayed_go_first_and_then_the_oldest() {
    let stage = Stage::new().await;
    let bounds = Bounds { letters: 3, bytes: 1000 };
    for message in 1..=3 {
        assert_eq!(keep(&stage.database, &letter(message), bounds).await.unwrap(), 0);
    }
    let newest = list(&stage.database, &LetterFilter { limit: 1, ..LetterFilter::default() }).await.unwrap()[0].id;
    replay(&stage.database, newest, &crate::stage::admin(), |_, _| async { Ok::<_, ()>(()) }).await.unwrap().unwrap();
    assert_eq!(keep(&stage.database, &letter(4), bounds).await.unwrap(), 1);
    assert_eq!(all(&stage).await, [4, 2, 1], "the third was replayed");
    assert_eq!(keep(&stage.database, &letter(5), bounds).await.unwrap(), 1);
    assert_eq!(all(&stage).await, [5, 4, 2]);
    let large = NewDeadLetter { body: vec![b'x'; 985], ..letter(6) };
    assert_eq!(keep(&stage.database, &large, bounds).await.unwrap(), 2, "by bytes");
    assert_eq!(all(&stage).await, [6, 5]);
}

#[tokio::test]
async fn a_replay_counts_when_it_was_published_and_the_letter_waits_again_when_it_dies_again() {
    let stage = Stage::new().await;
    keep(&stage.database, &letter(1), MANY).await.unwrap();
    let id = only(&stage).await;
    let failed =
        replay(&stage.database, id, &crate::stage::admin(), |_, _| async { Err::<(), _>("not confirmed") }).await;
    assert_eq!(failed.unwrap().unwrap_err(), "not confirmed");
    let waiting = open(&stage.database, id).await.unwrap();
    assert_eq!((waiting.letter.state, waiting.letter.replays), (LetterState::Waiting, 0));

    let published = Mutex::new(Vec::new());
    let sent = replay(&stage.database, id, &crate::stage::admin(), |letter, route| {
        published.lock().unwrap().push((letter.letter.message, letter.body, letter.properties, route));
        async { Ok::<_, ()>(()) }
    })
    .await
    .unwrap()
    .unwrap();
    assert_eq!((sent.state, sent.replays), (LetterState::Replayed, 1));
    let original = letter(1);
    let expected = (original.message, original.body, original.properties, original.route.unwrap());
    assert_eq!(published.into_inner().unwrap(), [expected]);
    assert!(replayable(&stage.database, None, 10).await.unwrap().is_empty());

    keep(&stage.database, &NewDeadLetter { reason: "another".to_owned(), ..letter(1) }, MANY).await.unwrap();
    let back = open(&stage.database, only(&stage).await).await.unwrap().letter;
    assert_eq!((back.id, back.state, back.replays, back.reason.as_str()), (id, LetterState::Waiting, 1, "another"));
    assert_eq!(replayable(&stage.database, Some("scrape.results"), 10).await.unwrap(), [id]);
    assert!(replayable(&stage.database, Some("scrape.tasks"), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_replayed_says_why() {
    let stage = Stage::new().await;
    for unfit in [NewDeadLetter { route: None, ..letter(1) }, NewDeadLetter { complete: false, ..letter(1) }] {
        keep(&stage.database, &unfit, MANY).await.unwrap();
        let id = only(&stage).await;
        let refused = replay(&stage.database, id, &crate::stage::admin(), |_, _| async { Ok::<_, ()>(()) }).await;
        assert!(matches!(refused, Err(CatalogueError::Conflict { kind: ConflictKind::WrongState, .. })));
        assert!(replayable(&stage.database, None, 10).await.unwrap().is_empty());
        discard(&stage.database, id, &crate::stage::admin()).await.unwrap();
    }
    let gone = discard(&stage.database, DeadLetterId::new(), &crate::stage::admin()).await;
    assert!(matches!(gone, Err(CatalogueError::NotFound { what: "dead letter" })));
}
