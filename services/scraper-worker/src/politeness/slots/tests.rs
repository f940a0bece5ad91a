use super::*;
use std::time::Duration;

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// Lets everything happen that can without time going by.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

async fn take(slots: &Slots, site: &str, until: Instant) -> Option<Slot> {
    slots.take(site, 1, Precedence::InTurn, until, &CancellationToken::new()).await
}

/// A task that takes a slot, notes its name and keeps the slot until it is told to end.
struct Task {
    end: oneshot::Sender<()>,
    done: tokio::task::JoinHandle<()>,
}

impl Task {
    fn start(slots: &Slots, begun: &Arc<Mutex<Vec<&'static str>>>, name: &'static str, places: usize) -> Self {
        Self::with(slots, begun, name, places, Precedence::InTurn)
    }

    fn with(
        slots: &Slots,
        begun: &Arc<Mutex<Vec<&'static str>>>,
        name: &'static str,
        places: usize,
        precedence: Precedence,
    ) -> Self {
        let (end, ended) = oneshot::channel();
        let (slots, begun) = (slots.clone(), Arc::clone(begun));
        let done = tokio::spawn(async move {
            // The site is the first letter of the name.
            let _slot = slots.take(&name[..1], places, precedence, soon(), &CancellationToken::new()).await.unwrap();
            begun.lock().unwrap().push(name);
            let _ = ended.await;
        });
        Self { end, done }
    }

    async fn end(self) {
        let _ = self.end.send(());
        self.done.await.unwrap();
        settle().await;
    }
}

fn noted(begun: &Mutex<Vec<&'static str>>) -> Vec<&'static str> {
    std::mem::take(&mut begun.lock().unwrap())
}

#[tokio::test(start_paused = true)]
async fn tasks_of_a_busy_site_are_passed_over_and_keep_their_order() {
    let (slots, begun) = (Slots::new(2), Arc::default());
    let mut tasks = Vec::new();
    for name in ["a1", "a2", "a3", "b1", "b2", "c1"] {
        tasks.push(Task::start(&slots, &begun, name, 1));
        settle().await;
    }
    assert_eq!(noted(&begun), ["a1", "b1"], "the second of a site takes no slot from another site");
    assert_eq!(slots.counts(), SlotCounts { at_work: 2, waiting: 4 });
    tasks.remove(3).end().await;
    assert_eq!(noted(&begun), ["b2"], "whoever came first of those whose site is free");
    tasks.remove(0).end().await;
    assert_eq!(noted(&begun), ["a2"]);
    for task in tasks {
        task.end().await;
    }
    assert_eq!(noted(&begun), ["a3", "c1"]);
    assert_eq!(slots.counts(), SlotCounts { at_work: 0, waiting: 0 });
}

#[tokio::test(start_paused = true)]
async fn a_site_of_two_hosts_has_two_places_and_whoever_is_waited_for_goes_first() {
    let (slots, begun) = (Slots::new(3), Arc::default());
    let mut tasks = Vec::new();
    for name in ["a1", "a2", "a3", "b1", "c1"] {
        tasks.push(Task::start(&slots, &begun, name, if name.starts_with('a') { 2 } else { 1 }));
        settle().await;
    }
    assert_eq!(noted(&begun), ["a1", "a2", "b1"]);
    tasks.push(Task::with(&slots, &begun, "e1", 1, Precedence::Again));
    settle().await;
    tasks.push(Task::with(&slots, &begun, "d1", 1, Precedence::First));
    settle().await;
    tasks.remove(2 + 1).end().await;
    assert_eq!(noted(&begun), ["d1"]);
    tasks.pop().unwrap().end().await;
    assert_eq!(noted(&begun), ["e1"]);
    for task in tasks {
        task.end().await;
    }
    assert_eq!(noted(&begun), ["a3", "c1"]);
}

#[tokio::test(start_paused = true)]
async fn who_came_first_to_a_site_begins_before_those_who_think_it_has_more_places() {
    let (slots, begun) = (Slots::new(3), Arc::default());
    let mut tasks = Vec::new();
    for (name, places) in [("a1", 2), ("a2", 2), ("a3", 1), ("a4", 2)] {
        tasks.push(Task::start(&slots, &begun, name, places));
        settle().await;
    }
    tasks.remove(0).end().await;
    assert_eq!(noted(&begun), ["a1", "a2"], "one place is free, and nobody takes it from the one who needs both");
    tasks.remove(0).end().await;
    assert_eq!(noted(&begun), ["a3", "a4"]);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_are_sent_away_and_those_at_work_go_on() {
    let slots = Slots::new(1);
    let held = take(&slots, "a", soon()).await.unwrap();
    let waiting = tokio::spawn({
        let slots = slots.clone();
        async move { take(&slots, "b", soon()).await.is_some() }
    });
    settle().await;
    slots.send_away();
    assert!(!waiting.await.unwrap());
    assert_eq!(slots.counts(), SlotCounts { at_work: 1, waiting: 0 });
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn whoever_steps_aside_lets_others_begin_and_is_then_first_of_its_site_again() {
    let (slots, begun) = (Slots::new(1), Arc::default());
    let first = take(&slots, "a", soon()).await.unwrap();
    let same = Task::start(&slots, &begun, "a2", 1);
    settle().await;
    assert!(!first.is_wanted(), "the other one wants the same host");
    let other = Task::start(&slots, &begun, "b1", 1);
    settle().await;
    let moment = Instant::now() + Duration::from_secs(5);
    assert!(first.is_wanted());
    let aside = tokio::spawn(async move {
        assert!(first.step_aside(moment).await);
        assert!(Instant::now() >= moment);
        first
    });
    settle().await;
    assert_eq!(noted(&begun), ["b1"], "nobody begins with a site that rests");
    other.end().await;
    assert_eq!(noted(&begun), [] as [&str; 0]);
    let first = aside.await.unwrap();
    settle().await;
    assert_eq!(noted(&begun), [] as [&str; 0]);
    drop(first);
    settle().await;
    assert_eq!(noted(&begun), ["a2"]);
    same.end().await;
}

#[tokio::test(start_paused = true)]
async fn those_who_go_away_leave_nothing_behind() {
    let (slots, begun) = (Slots::new(1), Arc::default());
    let held = take(&slots, "a", soon()).await.unwrap();
    let gone = Task::start(&slots, &begun, "b1", 1);
    let next = Task::start(&slots, &begun, "c1", 1);
    settle().await;
    gone.done.abort();
    settle().await;
    assert_eq!(slots.counts(), SlotCounts { at_work: 1, waiting: 1 });
    let late = take(&slots, "d", Instant::now() + Duration::from_secs(1)).await;
    assert!(late.is_none());
    assert_eq!(slots.counts(), SlotCounts { at_work: 1, waiting: 1 });
    // One that has stepped aside takes the rest of its site with it: the next shall ask.
    let same = Task::start(&slots, &begun, "a2", 1);
    let aside = tokio::spawn(async move { held.step_aside(Instant::now() + Duration::from_secs(50)).await });
    settle().await;
    assert_eq!(noted(&begun), ["c1"]);
    next.end().await;
    assert_eq!(slots.counts(), SlotCounts { at_work: 0, waiting: 2 });
    aside.abort();
    settle().await;
    assert_eq!(noted(&begun), ["a2"]);
    same.end().await;
    assert_eq!(slots.counts(), SlotCounts { at_work: 0, waiting: 0 });
}

/// A task of a site: whether it opens a page in a browser, and how long it takes.
type Work = (&'static str, bool, Duration);

/// Begins and ends tasks that came together; which sites were read, in their order.
async fn read(slots: &Slots, tasks: impl IntoIterator<Item = Work>) -> String {
    let begun = Arc::new(Mutex::new(String::new()));
    let mut waiting = Vec::new();
    for (site, opens_a_page, takes) in tasks {
        let (slots, begun) = (slots.clone(), Arc::clone(&begun));
        waiting.push(tokio::spawn(async move {
            let until = Instant::now() + Duration::from_secs(3600);
            let slot = take(&slots, site, until).await.unwrap();
            if opens_a_page {
                slot.opens_a_page();
            }
            begun.lock().unwrap().push_str(site);
            tokio::time::sleep(takes).await;
        }));
    }
    for task in waiting {
        task.await.unwrap();
    }
    std::mem::take(&mut *begun.lock().unwrap())
}

/// Pages of two sites in turns.
fn pages_in_turns(count: usize, each_takes: Duration) -> impl Iterator<Item = Work> {
    (0..count).map(move |number| (if number % 2 == 0 { "a" } else { "b" }, true, each_takes))
}

#[tokio::test(start_paused = true)]
async fn a_site_keeps_its_browser_for_a_while_and_then_it_is_another_ones_turn() {
    let quick = read(&Slots::new(1), pages_in_turns(48, Duration::from_millis(10))).await;
    assert_eq!(quick, ["a".repeat(16), "b".repeat(16), "a".repeat(8), "b".repeat(8)].concat());
    let slow = read(&Slots::new(1), pages_in_turns(16, Duration::from_secs(3))).await;
    assert_eq!(slow, "aaabbbaaabbbaabb", "no longer than eight seconds");
    let enough = read(&Slots::new(2), pages_in_turns(8, Duration::from_secs(1))).await;
    assert_eq!(enough, "abababab", "side by side when there are browsers for both");
}

#[tokio::test(start_paused = true)]
async fn after_its_run_a_site_does_not_wait_for_all_that_want_no_browser() {
    let pages = std::iter::repeat_n(("a", true, Duration::from_millis(10)), 20);
    let parts_of_a_feed = std::iter::repeat_n(("f", false, Duration::from_secs(1)), 40);
    let order = read(&Slots::new(1), pages.chain(parts_of_a_feed)).await;
    assert_eq!(order, ["a".repeat(16), "f".repeat(8), "a".repeat(4), "f".repeat(32)].concat());
}

#[tokio::test(start_paused = true)]
async fn the_site_that_was_read_the_longest_ago_counts_as_the_one_without_browser() {
    let slots = Slots::new(2);
    let open = async |site: &str| {
        let slot = take(&slots, site, soon()).await.unwrap();
        slot.opens_a_page();
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    for site in ["a", "b", "a", "c"] {
        open(site).await;
    }
    let has_one = |site: &str| slots.lock().rank_of(&site.into()) == Rank::InItsRun;
    assert_eq!(["a", "b", "c"].map(has_one), [true, false, true]);
}

#[tokio::test(start_paused = true)]
async fn who_is_given_up_waits_neither_in_line_nor_aside() {
    let (slots, given_up) = (Slots::new(1), CancellationToken::new());
    let aside = slots.take("a", 1, Precedence::InTurn, soon(), &given_up).await.unwrap();
    let aside = tokio::spawn(async move { aside.step_aside(soon()).await });
    let in_line = tokio::spawn({
        let (slots, given_up) = (slots.clone(), given_up.clone());
        async move { slots.take("a", 1, Precedence::InTurn, soon(), &given_up).await.is_some() }
    });
    settle().await;
    assert_eq!(slots.counts(), SlotCounts { at_work: 0, waiting: 2 });
    let began = Instant::now();
    given_up.cancel();
    assert!(!in_line.await.unwrap() && !aside.await.unwrap());
    assert_eq!((slots.counts(), began.elapsed()), (SlotCounts { at_work: 0, waiting: 0 }, Duration::ZERO));
}
