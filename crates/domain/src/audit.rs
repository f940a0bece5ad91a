//! What moderators and administrators can do, and to what: closed sets, so that the audit log can be asked by them.
//!
//! A name may be added; none is changed or taken away, because it stands in entries that nobody can rewrite.

use crate::ParseError;

macro_rules! names {
    ($(#[$doc:meta])* $name:ident, $refusal:literal: $($variant:ident = $text:literal;)+) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($variant),+
        }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            pub fn parse(raw: &str) -> Result<Self, ParseError> {
                Self::ALL.iter().copied().find(|one| one.as_str() == raw).ok_or_else(|| ParseError::new($refusal))
            }
        }
    };
}

names! {
    /// What was done. The first word is that of its subject.
    AuditAction, "must be an action of the audit log, such as source.edited":
    AccountBanned = "account.banned";
    AccountUnbanned = "account.unbanned";
    AccountRoleChanged = "account.role_changed";
    AccountSessionsEnded = "account.sessions_ended";
    AliasAdded = "alias.added";
    AliasRemoved = "alias.removed";
    CaseOpened = "case.opened";
    CaseClaimed = "case.claimed";
    CaseReleased = "case.released";
    CaseDecided = "case.decided";
    DeadLetterReplayed = "dead_letter.replayed";
    DeadLetterDiscarded = "dead_letter.discarded";
    NicknameEdited = "nickname.edited";
    QueueCleared = "queue.cleared";
    ScheduleSet = "schedule.set";
    ScheduleRemoved = "schedule.removed";
    FetchWindowSet = "fetch_window.set";
    FetchWindowRemoved = "fetch_window.removed";
    ScrapeStarted = "scrape.started";
    ScrapeCancelled = "scrape.cancelled";
    ScrapePaused = "scrape.paused";
    ScrapeResumed = "scrape.resumed";
    ScrapeRetried = "scrape.retried";
    TaskRetried = "task.retried";
    SourceCreated = "source.created";
    SourceEdited = "source.edited";
    SourceEnabled = "source.enabled";
    SourceDisabled = "source.disabled";
    SourceResumed = "source.resumed";
    SourceDriftAccepted = "source.drift_accepted";
    SourceCanariesSet = "source.canaries_set";
    TakedownOpened = "takedown.opened";
    TakedownTaken = "takedown.taken";
    TakedownDecided = "takedown.decided";
    UniversityCreated = "university.created";
    UniversityEdited = "university.edited";
}

names! {
    /// What it was done to.
    SubjectKind, "must be a kind of subject of the audit log, such as source":
    Account = "account";
    Case = "case";
    DeadLetter = "dead_letter";
    Queue = "queue";
    Review = "review";
    Scrape = "scrape";
    Source = "source";
    Takedown = "takedown";
    Task = "task";
    Unit = "unit";
    University = "university";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_name_is_its_own_and_comes_back() {
        let names: BTreeSet<&str> = AuditAction::ALL.iter().map(|action| action.as_str()).collect();
        assert_eq!(names.len(), AuditAction::ALL.len());
        for action in AuditAction::ALL {
            assert_eq!(AuditAction::parse(action.as_str()), Ok(*action));
            let (subject, done) = action.as_str().split_once('.').unwrap();
            // As the table wants them.
            assert!([subject, done].iter().all(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
        }
        for kind in SubjectKind::ALL {
            assert_eq!(SubjectKind::parse(kind.as_str()), Ok(*kind));
        }
        assert!(AuditAction::parse("source.burnt").is_err() && SubjectKind::parse("").is_err());
    }
}
