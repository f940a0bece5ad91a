//! Table `mail_outbox`.

use super::schema::mail_outbox;
use chrono::{DateTime, Utc};
use diesel::{
    ExpressionMethods, Insertable, QueryDsl, QueryableByName,
    sql_types::{BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(Debug, Insertable)]
#[diesel(table_name = mail_outbox)]
pub(crate) struct NewMail<'a> {
    pub(crate) id: Uuid,
    pub(crate) recipient: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) body: &'a str,
    /// Where the reader ends mails of this kind with one click.
    pub(crate) unsubscribe_url: Option<&'a str>,
}

/// A mail that is ours to send until its lease ends.
#[derive(Debug, Clone, QueryableByName)]
pub(crate) struct ClaimedMail {
    #[diesel(sql_type = SqlUuid)]
    pub(crate) id: Uuid,
    #[diesel(sql_type = Text)]
    pub(crate) recipient: String,
    #[diesel(sql_type = Text)]
    pub(crate) subject: String,
    #[diesel(sql_type = Text)]
    pub(crate) body: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) unsubscribe_url: Option<String>,
    /// This attempt included.
    #[diesel(sql_type = Integer)]
    pub(crate) attempts: i32,
}

pub(crate) async fn insert(connection: &mut AsyncPgConnection, new: &NewMail<'_>) -> Result<(), DatabaseError> {
    diesel::insert_into(mail_outbox::table).values(new).execute(connection).await?;
    Ok(())
}

/// How many mails `recipient` was meant to get since `since`.
pub(crate) async fn count_since(
    connection: &mut AsyncPgConnection,
    recipient: &str,
    since: DateTime<Utc>,
) -> Result<i64, DatabaseError> {
    let mails = mail_outbox::table
        .filter(mail_outbox::recipient.eq(recipient))
        .filter(mail_outbox::created_at.gt(since))
        .count();
    Ok(mails.get_result(connection).await?)
}

/// Claims up to `count` due mails until `lease_until`. What another copy of the service is claiming is passed
/// over, and what it claimed is not due.
pub(crate) async fn claim(
    connection: &mut AsyncPgConnection,
    count: i64,
    lease_until: DateTime<Utc>,
) -> Result<Vec<ClaimedMail>, DatabaseError> {
    const CLAIM: &str = "
        UPDATE mail_outbox SET attempts = attempts + 1, next_attempt_at = $2
        WHERE id IN (
            SELECT id FROM mail_outbox
            WHERE done_at IS NULL AND next_attempt_at <= now()
            ORDER BY next_attempt_at
            LIMIT $1
            FOR UPDATE SKIP LOCKED
        )
        RETURNING id, recipient, subject, body, unsubscribe_url, attempts";
    Ok(diesel::sql_query(CLAIM).bind::<BigInt, _>(count).bind::<Timestamptz, _>(lease_until).load(connection).await?)
}

/// Sent, or given up with `error`. The body, and with it the token, is not kept.
pub(crate) async fn finish(
    connection: &mut AsyncPgConnection,
    id: Uuid,
    error: Option<&str>,
) -> Result<(), DatabaseError> {
    diesel::update(mail_outbox::table.find(id))
        .set((
            mail_outbox::done_at.eq(Utc::now()),
            mail_outbox::body.eq(""),
            mail_outbox::unsubscribe_url.eq(None::<String>),
            mail_outbox::last_error.eq(error),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn postpone(
    connection: &mut AsyncPgConnection,
    id: Uuid,
    until: DateTime<Utc>,
    error: &str,
) -> Result<(), DatabaseError> {
    diesel::update(mail_outbox::table.find(id))
        .set((mail_outbox::next_attempt_at.eq(until), mail_outbox::last_error.eq(error)))
        .execute(connection)
        .await?;
    Ok(())
}

/// Whatever was or is to be sent there.
pub(crate) async fn delete_to(connection: &mut AsyncPgConnection, recipient: &str) -> Result<(), DatabaseError> {
    diesel::delete(mail_outbox::table.filter(mail_outbox::recipient.eq(recipient))).execute(connection).await?;
    Ok(())
}

pub(crate) async fn delete_done(
    connection: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> Result<usize, DatabaseError> {
    let old = diesel::delete(mail_outbox::table).filter(mail_outbox::done_at.lt(before));
    Ok(old.execute(connection).await?)
}
