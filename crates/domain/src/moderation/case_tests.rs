//! Any steps by anybody in any order: what fairness asks holds after each.

use super::*;
use proptest::prelude::*;
use uuid::Uuid;

#[derive(Debug, Clone, Copy)]
enum Step {
    Claim(u8),
    Release(u8),
    Expire,
    Decide(u8, Decision),
    Resubmit,
    Appeal,
}

fn account(number: u8) -> AccountId {
    Uuid::from_u128(u128::from(number)).into()
}

/// Account 0 is the author, a moderator too.
const AUTHOR: u8 = 0;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = 0..4_u8;
    let decision = prop::sample::select(Decision::ALL.to_vec());
    let step = prop_oneof![
        who.clone().prop_map(Step::Claim),
        who.clone().prop_map(Step::Release),
        Just(Step::Expire),
        (who, decision).prop_map(|(by, decision)| Step::Decide(by, decision)),
        Just(Step::Resubmit),
        Just(Step::Appeal),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #[test]
    fn no_order_of_steps_is_unfair(hidden: bool, steps in steps()) {
        let start = if hidden { ReviewState::Hidden } else { ReviewState::Visible };
        let mut case = Case::new(start, Some(account(AUTHOR)));
        let (mut appeals, mut appealed_ruling) = (0, None);
        for step in steps {
            let before = case;
            match step {
                Step::Claim(by) => {
                    if let Ok(after) = case.claim(account(by)) {
                        prop_assert!(by != AUTHOR && before.state.waits());
                        prop_assert!(before.claim.is_none_or(|claim| claim.is_over || claim.by == account(by)));
                        case = after;
                    }
                }
                Step::Release(by) => {
                    if let Ok(after) = case.release(account(by)) {
                        prop_assert_eq!(before.claim.map(|claim| claim.by), Some(account(by)));
                        case = after;
                    }
                }
                Step::Expire => case.claim = case.claim.map(|claim| Claim { is_over: true, ..claim }),
                Step::Decide(by, decision) => {
                    if let Ok(decided) = case.decide(decision, account(by)) {
                        case = decided.case;
                        prop_assert!(by != AUTHOR, "an author decided");
                        prop_assert!(before.state.waits(), "it was decided twice");
                        prop_assert!(before.claim.is_none_or(|claim| claim.is_over || claim.by == account(by)));
                        prop_assert_eq!(case.claim, None);
                        prop_assert_eq!(case.last, Some(Ruling { decision, by: account(by) }));
                        let expected = match decision {
                            Decision::Keep | Decision::Restore => ReviewState::Visible,
                            Decision::Hide => ReviewState::Hidden,
                            Decision::Remove => ReviewState::Removed,
                        };
                        prop_assert_eq!(case.review, expected);
                        prop_assert_eq!(decided.appeal_granted.is_some(), before.state == CaseState::Appealed);
                        if before.state == CaseState::Appealed {
                            prop_assert!(appealed_ruling != Some(account(by)), "a moderator judged their own decision");
                            prop_assert_eq!(decided.appeal_granted, Some(case.review == ReviewState::Visible));
                        }
                        if before.review == ReviewState::Removed {
                            prop_assert_eq!(before.state, CaseState::Appealed, "the removed came back by itself");
                        }
                    }
                }
                Step::Resubmit => {
                    if let Ok(after) = case.resubmit() {
                        prop_assert!(before.review != ReviewState::Removed);
                        prop_assert_eq!(
                            after.state != before.state,
                            before.state == CaseState::Decided && before.review == ReviewState::Hidden
                        );
                        case = after;
                    }
                }
                Step::Appeal => {
                    if let Ok(after) = case.appeal() {
                        appeals += 1;
                        prop_assert!(before.review != ReviewState::Visible && before.last.is_some());
                        appealed_ruling = before.last.map(|last| last.by);
                        case = after;
                    }
                }
            }
            prop_assert!(appeals <= 1, "there were two appeals");
            prop_assert_eq!(case.was_appealed, appeals == 1);
            // Whoever may decide finds something that can be decided.
            if case.state.waits() {
                prop_assert!(Decision::ALL.into_iter().filter(|one| one.applied_to(case.review).is_some()).count() >= 3);
            }
        }
    }
}

#[test]
fn what_is_refused_says_why() {
    let (ada, bob, cleo) = (account(1), account(2), account(3));
    let open = Case::new(ReviewState::Visible, Some(ada));
    assert_eq!(open.decide(Decision::Keep, ada), Err(Refusal::OwnReview));
    assert_eq!(open.appeal(), Err(Refusal::StillWaiting));
    let restored = open.decide(Decision::Restore, bob);
    assert_eq!(restored, Err(Refusal::NotPossible(Decision::Restore, ReviewState::Visible)));
    assert_eq!(open.claim(bob).unwrap().decide(Decision::Hide, cleo), Err(Refusal::Claimed));
    let kept = open.decide(Decision::Keep, bob).unwrap().case;
    assert_eq!(kept.appeal(), Err(Refusal::NothingToAppeal));
    assert_eq!(kept.decide(Decision::Hide, cleo), Err(Refusal::AlreadyDecided));
    let hidden = open.decide(Decision::Hide, bob).unwrap().case;
    let appealed = hidden.appeal().unwrap();
    assert_eq!(appealed.decide(Decision::Restore, bob), Err(Refusal::SameModerator));
    let granted = appealed.decide(Decision::Restore, cleo).unwrap();
    assert_eq!((granted.appeal_granted, granted.case.review), (Some(true), ReviewState::Visible));
    let refused = appealed.decide(Decision::Hide, cleo).unwrap().case;
    assert_eq!(refused.appeal(), Err(Refusal::AlreadyAppealed));
    // The text is another one now, so anybody may judge it, and there is still no second appeal.
    let again = refused.resubmit().unwrap().decide(Decision::Hide, bob).unwrap().case;
    assert_eq!(again.appeal(), Err(Refusal::AlreadyAppealed));
    let removed = open.decide(Decision::Remove, bob).unwrap().case;
    assert_eq!(removed.resubmit(), Err(Refusal::Removed));
    // Nor by a case that was open when something else removed it.
    let removed = Case { review: ReviewState::Removed, ..open };
    assert_eq!(removed.decide(Decision::Restore, bob), Err(Refusal::Removed));
    assert_eq!(removed.decide(Decision::Hide, bob), Err(Refusal::Removed));
    assert!(removed.decide(Decision::Remove, bob).is_ok());
}
