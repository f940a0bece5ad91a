//! Which artefacts have to go.

use crate::Stored;
use chrono::{DateTime, TimeDelta, Utc};
use rmu_config::Reader;
use rmu_domain::artefact::{ArtefactKey, AttemptId};
use std::collections::{BTreeMap, HashSet};

/// A result may wait in the broker for as long as the gateways are away, and its task knows of its artefacts only when
/// it has been taken in: younger ones are nobody's orphans.
const GRACE: TimeDelta = TimeDelta::days(1);

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub age: TimeDelta,
    pub bytes: u64,
    /// Attempts of which something is kept.
    pub attempts: usize,
}

impl Limits {
    pub fn read(env: &mut Reader<'_>) -> Option<Self> {
        let days = env
            .number("ARTEFACTS_MAX_DAYS", "How long the page and screenshot of a failed task are kept.", 1..=3650_u32)
            .default("14");
        let mebibytes = env
            .number("ARTEFACTS_MAX_MIB", "How much of them is kept, in MiB; the oldest go first.", 1..=1_000_000_u64)
            .default("2048");
        let attempts = env
            .number("ARTEFACTS_MAX_COUNT", "Of how many failures something is kept at most.", 1..=1_000_000_u32)
            .default("20000");
        Some(Self {
            age: TimeDelta::days(i64::from(days?)),
            bytes: mebibytes? << 20,
            attempts: usize::try_from(attempts?).unwrap_or(usize::MAX),
        })
    }
}

/// Why something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    Age,
    /// No task remembers it: its task has failed again since, or is no more.
    Orphan,
    /// There are too many, or they are too large, and it is among the oldest.
    Limit,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Orphan => "orphan",
            Self::Limit => "limit",
        }
    }
}

/// What is kept of one attempt; it goes as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub of: AttemptId,
    pub keys: Vec<ArtefactKey>,
    pub bytes: u64,
    /// Of the last of it.
    pub at: DateTime<Utc>,
}

/// What is stored by attempt, the oldest first.
pub fn by_attempt(stored: &[Stored]) -> Vec<Kept> {
    let mut found: BTreeMap<AttemptId, Kept> = BTreeMap::new();
    for one in stored {
        let of = one.key.of;
        let kept = found.entry(of).or_insert_with(|| Kept { of, keys: Vec::new(), bytes: 0, at: one.at });
        kept.keys.push(one.key);
        kept.bytes = kept.bytes.saturating_add(one.bytes);
        kept.at = kept.at.max(one.at);
    }
    let mut kept: Vec<Kept> = found.into_values().collect();
    kept.sort_by_key(|kept| (kept.at, kept.of));
    kept
}

/// Those that would be orphans if no task remembered them.
pub fn old_enough_to_be_orphans(kept: &[Kept], now: DateTime<Utc>) -> Vec<AttemptId> {
    kept.iter().filter(|kept| now - kept.at > GRACE).map(|kept| kept.of).collect()
}

/// What of `kept`, which is sorted with the oldest first, has to go, and why.
pub fn to_remove<'a>(
    kept: &'a [Kept],
    orphans: &HashSet<AttemptId>,
    limits: &Limits,
    now: DateTime<Utc>,
) -> Vec<(&'a Kept, Reason)> {
    let forfeited = |kept: &Kept| {
        if now - kept.at > limits.age {
            Some(Reason::Age)
        } else {
            orphans.contains(&kept.of).then_some(Reason::Orphan)
        }
    };
    let staying = || kept.iter().filter(|kept| forfeited(kept).is_none());
    let mut bytes = staying().map(|kept| kept.bytes).fold(0_u64, u64::saturating_add);
    let mut attempts = staying().count();
    let mut removed = Vec::new();
    for one in kept {
        if let Some(reason) = forfeited(one) {
            removed.push((one, reason));
        } else if bytes > limits.bytes || attempts > limits.attempts {
            bytes = bytes.saturating_sub(one.bytes);
            attempts -= 1;
            removed.push((one, Reason::Limit));
        }
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmu_domain::{artefact::ArtefactKind, ids::TaskId};

    const EASY: Limits = Limits { age: TimeDelta::days(14), bytes: 1 << 30, attempts: 1000 };

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600, 0).unwrap()
    }

    /// Attempts of so many hours ago, of 100 bytes each: a page of 90 and a screenshot of 10.
    fn kept(hours: &[i64]) -> Vec<Kept> {
        let stored: Vec<Stored> = hours
            .iter()
            .flat_map(|hours| {
                let (of, at) = (AttemptId { task: TaskId::new(), attempt: 1 }, now() - TimeDelta::hours(*hours));
                [(ArtefactKind::Page, 90), (ArtefactKind::Screenshot, 10)].map(|(kind, bytes)| Stored {
                    key: ArtefactKey::new(of, kind),
                    bytes,
                    at,
                })
            })
            .collect();
        by_attempt(&stored)
    }

    fn hours_removed(kept: &[Kept], orphans: &HashSet<AttemptId>, limits: Limits) -> Vec<(i64, Reason)> {
        let removed = to_remove(kept, orphans, &limits, now());
        removed.into_iter().map(|(kept, reason)| ((now() - kept.at).num_hours(), reason)).collect()
    }

    #[test]
    fn an_attempt_goes_as_a_whole_and_the_oldest_first() {
        let kept = kept(&[1, 30, 5]);
        assert!(kept.iter().all(|kept| kept.keys.len() == 2 && kept.bytes == 100), "{kept:?}");
        assert_eq!(kept.iter().map(|kept| (now() - kept.at).num_hours()).collect::<Vec<_>>(), [30, 5, 1]);
        assert!(to_remove(&kept, &HashSet::new(), &EASY, now()).is_empty());
    }

    #[test]
    fn each_limit_takes_what_is_over_it_and_no_more() {
        let kept = kept(&[400, 300, 30, 5, 1]);
        let nobody = HashSet::new();
        assert_eq!(hours_removed(&kept, &nobody, EASY), [(400, Reason::Age)]);
        let few = Limits { attempts: 2, ..EASY };
        let limit = Reason::Limit;
        assert_eq!(hours_removed(&kept, &nobody, few), [(400, Reason::Age), (300, limit), (30, limit)]);
        // What has to go anyway makes room first.
        let small = Limits { bytes: 399, ..EASY };
        assert_eq!(hours_removed(&kept, &nobody, small), [(400, Reason::Age), (300, limit)]);
        assert_eq!(hours_removed(&kept, &nobody, Limits { bytes: 400, ..EASY }), [(400, Reason::Age)]);
    }

    #[test]
    fn orphans_go_unless_they_may_still_be_claimed() {
        let kept = kept(&[30, 23]);
        let old: HashSet<_> = old_enough_to_be_orphans(&kept, now()).into_iter().collect();
        assert_eq!(old.len(), 1);
        assert_eq!(hours_removed(&kept, &old, EASY), [(30, Reason::Orphan)]);
    }
}
