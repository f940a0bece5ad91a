//! What administrators do with accounts. The gateway has checked that they are administrators; who did what is in
//! its audit log.

use crate::{
    AuthContext, AuthError, outbox,
    store::{
        accounts::{self, Account},
        administration::{self as store, Filter, Open, State},
        sessions::{self, EndReason},
    },
};
use chrono::{NaiveDate, NaiveTime, TimeDelta, Utc};
use rmu_domain::{ParseError, account::Role, notification::Reason};
use rmu_messaging::contracts::{
    accounts::{
        AccountFiguresV1, AccountRecordV1, AccountsOfDayV1, AccountsV1, BanAccountV1, BanV1, ChangeRoleV1,
        CountAccountsV1, EndSessionsV1, GetAccountV1, ListAccountsV1, SessionsEndedV1, UnbanAccountV1,
    },
    events::AccountChangeV1,
};
use rmu_postgres::{AsyncPgConnection, DatabaseError};
use uuid::Uuid;

const LARGEST_PAGE: u32 = 50;
const LONGEST_SEARCH: usize = 254;
const LONGEST_RANGE: TimeDelta = TimeDelta::days(366);

/// Accounts, the newest first.
pub async fn list(context: &AuthContext, request: ListAccountsV1) -> Result<AccountsV1, AuthError> {
    if !(1..=LARGEST_PAGE).contains(&request.limit) {
        return Err(AuthError::invalid("limit")(ParseError::new("must be 1 to 50")));
    }
    let filter = Filter {
        email: beginning("email", request.email)?.map(|text| text.to_lowercase()),
        nickname: beginning("nickname", request.nickname)?,
        role: request.role.as_deref().map(Role::parse).transpose().map_err(AuthError::invalid("role"))?,
        state: request.state.as_deref().map(parse_state).transpose().map_err(AuthError::invalid("state"))?,
        before: request.before,
    };
    let mut connection = context.database.connection().await?;
    let mut found = store::page(&mut connection, &filter, i64::from(request.limit) + 1).await?;
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let next = (found.len() > limit).then(|| {
        found.truncate(limit);
        found.last().map(|account| account.id)
    });
    Ok(AccountsV1 { accounts: records(&mut connection, &found).await?, next: next.flatten() })
}

fn beginning(field: &'static str, text: Option<String>) -> Result<Option<String>, AuthError> {
    let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if text.as_ref().is_some_and(|text| text.len() > LONGEST_SEARCH || text.contains('\0')) {
        return Err(AuthError::invalid(field)(ParseError::new("must have at most 254 bytes and no NUL")));
    }
    Ok(text)
}

fn parse_state(raw: &str) -> Result<State, ParseError> {
    match raw {
        "active" => Ok(State::Active),
        "banned" => Ok(State::Banned),
        "unverified" => Ok(State::Unverified),
        _ => Err(ParseError::new("must be active, banned or unverified")),
    }
}

pub async fn get(context: &AuthContext, request: GetAccountV1) -> Result<AccountRecordV1, AuthError> {
    let mut connection = context.database.connection().await?;
    let account = accounts::by_id(&mut connection, request.account_id).await?.ok_or(AuthError::NotFound)?;
    record(&mut connection, account).await
}

/// Bans an account and ends its sessions; a ban in force is replaced.
pub async fn ban(context: &AuthContext, request: BanAccountV1) -> Result<AccountRecordV1, AuthError> {
    let reason = Reason::parse(&request.reason).map_err(AuthError::invalid("reason"))?;
    if request.until.is_some_and(|until| until <= Utc::now()) {
        return Err(AuthError::invalid("until")(ParseError::new("must be in the future")));
    }
    if request.account_id == request.by {
        return Err(AuthError::Conflict("Nobody bans themselves."));
    }
    let (id, until, by, reason) = (request.account_id, request.until, request.by, reason.as_str());
    let work = context.database.transaction(async |connection| -> Result<AccountRecordV1, AuthError> {
        refuse_last_admin(connection, id).await?;
        accounts::lock(connection, id).await?.ok_or(AuthError::NotFound)?;
        let account = store::set_ban(connection, id, reason, until, by).await?;
        sessions::end_but_latest(connection, id, 0, EndReason::Banned).await?;
        outbox::write_account_event(connection, id, AccountChangeV1::Banned { until: account.banned_until }).await?;
        record(connection, account).await
    });
    let record = work.await?;
    context.events_waiting.notify_one();
    Ok(record)
}

/// Lifts a ban. An account without one stays as it is.
pub async fn unban(context: &AuthContext, request: UnbanAccountV1) -> Result<AccountRecordV1, AuthError> {
    let id = request.account_id;
    let work = context.database.transaction(async |connection| -> Result<AccountRecordV1, AuthError> {
        let mut account = accounts::lock(connection, id).await?.ok_or(AuthError::NotFound)?;
        // Also a ban whose term is over: it is told to nobody that it is lifted twice.
        if account.banned_at.is_some() {
            account = lift(connection, id).await?;
        }
        record(connection, account).await
    });
    let record = work.await?;
    context.events_waiting.notify_one();
    Ok(record)
}

/// Lifts the ban of a locked account and tells of it.
pub(crate) async fn lift(connection: &mut AsyncPgConnection, id: Uuid) -> Result<Account, DatabaseError> {
    let account = store::lift_ban(connection, id).await?;
    outbox::write_account_event(connection, id, AccountChangeV1::Unbanned).await?;
    Ok(account)
}

/// Gives an account another role. The one it has changes nothing.
pub async fn change_role(context: &AuthContext, request: ChangeRoleV1) -> Result<AccountRecordV1, AuthError> {
    let role = Role::parse(&request.role).map_err(AuthError::invalid("role"))?;
    let id = request.account_id;
    let work = context.database.transaction(async |connection| -> Result<AccountRecordV1, AuthError> {
        if role != Role::Admin {
            refuse_last_admin(connection, id).await?;
        }
        let mut account = accounts::lock(connection, id).await?.ok_or(AuthError::NotFound)?;
        if role != Role::Student && !account.is_verified() {
            return Err(AuthError::Conflict("The account's address is not verified."));
        }
        if account.role != role.as_str() {
            account = store::set_role(connection, id, role).await?;
            let change = AccountChangeV1::RoleChanged { role: role.as_str().to_owned() };
            outbox::write_account_event(connection, id, change).await?;
        }
        record(connection, account).await
    });
    let record = work.await?;
    context.events_waiting.notify_one();
    Ok(record)
}

/// Ends all sessions of an account: access tokens are believed for ten minutes more, and no new ones are made.
pub async fn end_sessions(context: &AuthContext, request: EndSessionsV1) -> Result<SessionsEndedV1, AuthError> {
    let id = request.account_id;
    let work = context.database.transaction(async |connection| -> Result<usize, AuthError> {
        accounts::lock(connection, id).await?.ok_or(AuthError::NotFound)?;
        Ok(sessions::end_but_latest(connection, id, 0, EndReason::EndedByAdmin).await?)
    });
    Ok(SessionsEndedV1 { ended: u32::try_from(work.await?).unwrap_or(u32::MAX) })
}

pub async fn count(context: &AuthContext, request: CountAccountsV1) -> Result<AccountFiguresV1, AuthError> {
    let span = request.until - request.from;
    if span < TimeDelta::zero() || span >= LONGEST_RANGE {
        return Err(AuthError::invalid("until")(ParseError::new("must be a day within a year after `from`")));
    }
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    let mut connection = context.database.connection().await?;
    let totals = store::totals(&mut connection).await?;
    let (from, until) = (midnight(request.from), midnight(request.until.succ_opt().unwrap_or(NaiveDate::MAX)));
    let days = store::registered(&mut connection, from, until).await?;
    let number = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(AccountFiguresV1 {
        total: number(totals.total),
        verified: number(totals.verified),
        banned: number(totals.banned),
        moderators: number(totals.moderators),
        admins: number(totals.admins),
        days: days
            .into_iter()
            .map(|of_day| AccountsOfDayV1 { day: of_day.day, registered: number(of_day.registered) })
            .collect(),
    })
}

/// Refuses what would leave nobody who can administrate. To be called before the account itself is locked, so that
/// locks are taken in one order.
pub(crate) async fn refuse_last_admin(connection: &mut AsyncPgConnection, id: Uuid) -> Result<(), AuthError> {
    if store::lock_admins(connection).await? == [id] {
        return Err(AuthError::Conflict("This is the last administrator."));
    }
    Ok(())
}

async fn record(connection: &mut AsyncPgConnection, account: Account) -> Result<AccountRecordV1, AuthError> {
    let open = store::open_sessions(connection, &[account.id]).await?.remove(&account.id);
    Ok(view(&account, open.unwrap_or_default()))
}

async fn records(connection: &mut AsyncPgConnection, found: &[Account]) -> Result<Vec<AccountRecordV1>, AuthError> {
    let ids: Vec<Uuid> = found.iter().map(|account| account.id).collect();
    let open = store::open_sessions(connection, &ids).await?;
    Ok(found.iter().map(|account| view(account, open.get(&account.id).copied().unwrap_or_default())).collect())
}

fn view(account: &Account, open: Open) -> AccountRecordV1 {
    let ban = account.banned_at.filter(|_| account.is_banned()).map(|since| BanV1 {
        reason: account.ban_reason.clone().unwrap_or_default(),
        since,
        until: account.banned_until,
        by: account.banned_by,
    });
    AccountRecordV1 {
        account_id: account.id,
        email: account.email.clone(),
        nickname: account.nickname.clone(),
        role: account.role.clone(),
        email_verified: account.is_verified(),
        university_id: account.university_id,
        created_at: account.created_at,
        ban,
        sessions: u32::try_from(open.sessions).unwrap_or(u32::MAX),
        last_used_at: open.last_used_at,
    }
}
