//! Accounts, for administrators. The auth service knows and changes them; here is who may ask, and the record of
//! what was done.

use crate::{
    ApiError, AppState,
    auth::{Access, Admin, RouteAccess},
    routes::parameters::{self, refused},
};
use actix_web::{delete, get, post, put, web};
use body::{BanBody, RoleBody, SessionsEndedView, UserView};
use rmu_catalogue::audit::{self, AuditAction, Details, Entry, Subject, SubjectKind};
use rmu_domain::{account::Role, ids::AccountId, notification::Reason};
use rmu_messaging::contracts::accounts::{
    BanAccountV1, ChangeRoleV1, EndSessionsV1, GetAccountV1, ListAccountsV1, UnbanAccountV1,
};
use rmu_web::{Data, Json, Page, Path, Problem, Query, cursor, problem::ProblemBody};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub mod body;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/admin/users", Access::Admin),
    RouteAccess::new("GET", "/api/admin/users/{id}", Access::Admin),
    RouteAccess::new("POST", "/api/admin/users/{id}/ban", Access::Admin),
    RouteAccess::new("DELETE", "/api/admin/users/{id}/ban", Access::Admin),
    RouteAccess::new("PUT", "/api/admin/users/{id}/role", Access::Admin),
    RouteAccess::new("DELETE", "/api/admin/users/{id}/sessions", Access::Admin),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services
        .service(list_users)
        .service(get_user)
        .service(ban)
        .service(unban)
        .service(change_role)
        .service(end_sessions);
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UsersQuery {
    /// How the address begins.
    #[param(example = "ada@")]
    email: Option<String>,
    /// How the nickname begins, in whatever case.
    #[param(example = "ada")]
    nickname: Option<String>,
    /// `student`, `moderator` or `admin`.
    #[param(example = "student")]
    role: Option<String>,
    /// `active`, `banned` or `unverified`.
    #[param(example = "active")]
    state: Option<String>,
    /// How many on a page: 1 to 50, by default 20.
    #[param(example = 20, minimum = 1, maximum = 50)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Accounts, the newest first.
#[utoipa::path(
    tag = "admin",
    responses(
        (status = 200, description = "A page of accounts.", body = Data<Vec<UserView>>),
        (status = 400, description = "`invalid`: a parameter is refused; `bad_cursor`.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the auth service does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/admin/users")]
async fn list_users(
    state: web::Data<AppState>,
    _admin: Admin,
    query: Query<UsersQuery>,
) -> Result<Data<Vec<UserView>>, ApiError> {
    let query = query.into_inner();
    let limit = parameters::limit(query.limit)?;
    query.role.as_deref().map(Role::parse).transpose().map_err(refused("role"))?;
    if !matches!(query.state.as_deref(), None | Some("active" | "banned" | "unverified")) {
        return Err(Problem::invalid_parameter("state", "must be active, banned or unverified").into());
    }
    let scope = format!("users {:?}", (&query.email, &query.nickname, &query.role, &query.state));
    let before: Option<Uuid> = query.cursor.as_deref().map(|text| cursor::decode(&scope, text)).transpose()?;
    let limit = u32::try_from(limit.get()).unwrap_or(u32::MAX);
    let request = ListAccountsV1 {
        email: query.email,
        nickname: query.nickname,
        role: query.role,
        state: query.state,
        before,
        limit,
    };
    let found = state.auth.call(&request).await??;
    let next = found.next.map(|id| cursor::encode(&scope, &id)).transpose()?;
    let views = found.accounts.into_iter().map(UserView::from).collect();
    Ok(Data::new(views).with_page(Page::new(limit, next)))
}

/// One account.
#[utoipa::path(
    tag = "admin",
    params(("id" = Uuid, Path, description = "The account's id.")),
    responses(
        (status = 200, description = "The account.", body = Data<UserView>),
        (status = 404, description = "`not_found`: there is no such account.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the auth service does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/admin/users/{id}")]
async fn get_user(state: web::Data<AppState>, _admin: Admin, id: Path<String>) -> Result<Data<UserView>, ApiError> {
    let account_id = parse(&id.0)?.as_uuid();
    let account = state.auth.call(&GetAccountV1 { account_id }).await??;
    Ok(Data::new(UserView::from(account)))
}

/// Bans an account: it may only read, cannot sign in, and its sessions end.
///
/// A ban in force is replaced. One with a term ends by itself.
#[utoipa::path(
    tag = "admin",
    request_body = BanBody,
    params(("id" = Uuid, Path, description = "The account's id.")),
    responses(
        (status = 200, description = "The account, banned.", body = Data<UserView>),
        (status = 404, description = "`not_found`: there is no such account.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 409, description = "`conflict`: one's own account, or that of the last administrator.",
         body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid`: `errors` names the fields.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the auth service does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[post("/api/admin/users/{id}/ban")]
async fn ban(
    state: web::Data<AppState>,
    admin: Admin,
    id: Path<String>,
    body: Json<BanBody>,
) -> Result<Data<UserView>, ApiError> {
    let account = parse(&id.0)?;
    let reason = Reason::parse(&body.0.reason).map_err(|error| Problem::invalid("reason", error.to_string()))?;
    let request = BanAccountV1 {
        account_id: account.as_uuid(),
        reason: reason.into(),
        until: body.0.until,
        by: admin.account.as_uuid(),
    };
    let banned = state.auth.call(&request).await??;
    let term = Details::default().flag("term", banned.ban.as_ref().is_some_and(|ban| ban.until.is_some()));
    record(&state, &admin, AuditAction::AccountBanned, account, term).await?;
    Ok(Data::new(UserView::from(banned)))
}

/// Lifts a ban. Without one nothing changes.
#[utoipa::path(
    tag = "admin",
    params(("id" = Uuid, Path, description = "The account's id.")),
    responses(
        (status = 200, description = "The account, not banned.", body = Data<UserView>),
        (status = 404, description = "`not_found`: there is no such account.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the auth service does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[delete("/api/admin/users/{id}/ban")]
async fn unban(state: web::Data<AppState>, admin: Admin, id: Path<String>) -> Result<Data<UserView>, ApiError> {
    let account = parse(&id.0)?;
    let free = state.auth.call(&UnbanAccountV1 { account_id: account.as_uuid() }).await??;
    record(&state, &admin, AuditAction::AccountUnbanned, account, Details::default()).await?;
    Ok(Data::new(UserView::from(free)))
}

/// Changes an account's role. A right that is taken away is gone within seconds, one that is given comes with the
/// next access token.
#[utoipa::path(
    tag = "admin",
    request_body = RoleBody,
    params(("id" = Uuid, Path, description = "The account's id.")),
    responses(
        (status = 200, description = "The account.", body = Data<UserView>),
        (status = 404, description = "`not_found`: there is no such account.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 409, description = "`conflict`: the last administrator, or an address that is not verified.",
         body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid`: no such role.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the auth service does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[put("/api/admin/users/{id}/role")]
async fn change_role(
    state: web::Data<AppState>,
    admin: Admin,
    id: Path<String>,
    body: Json<RoleBody>,
) -> Result<Data<UserView>, ApiError> {
    let account = parse(&id.0)?;
    let role = Role::parse(&body.0.role).map_err(|error| Problem::invalid("role", error.to_string()))?;
    let request = ChangeRoleV1 { account_id: account.as_uuid(), role: role.as_str().to_owned() };
    let changed = state.auth.call(&request).await??;
    let details = Details::default().word("role", role.as_str());
    record(&state, &admin, AuditAction::AccountRoleChanged, account, details).await?;
    Ok(Data::new(UserView::from(changed)))
}

/// Ends all sessions of an account. Access tokens that it has are good for ten minutes at most.
#[utoipa::path(
    tag = "admin",
    params(("id" = Uuid, Path, description = "The account's id.")),
    responses(
        (status = 200, description = "How many there were.", body = Data<SessionsEndedView>),
        (status = 404, description = "`not_found`: there is no such account.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the auth service does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[delete("/api/admin/users/{id}/sessions")]
async fn end_sessions(
    state: web::Data<AppState>,
    admin: Admin,
    id: Path<String>,
) -> Result<Data<SessionsEndedView>, ApiError> {
    let account = parse(&id.0)?;
    let ended = state.auth.call(&EndSessionsV1 { account_id: account.as_uuid() }).await??;
    let details = Details::default().number("sessions", ended.ended);
    record(&state, &admin, AuditAction::AccountSessionsEnded, account, details).await?;
    Ok(Data::new(SessionsEndedView { ended: ended.ended }))
}

/// Writes down what the auth service has done. Should that fail, the administrator is told that the action failed, and
/// repeating it, which changes nothing more, writes it down.
async fn record(
    state: &AppState,
    admin: &Admin,
    action: AuditAction,
    account: AccountId,
    details: Details,
) -> Result<(), ApiError> {
    let actor = admin.actor();
    let entry = Entry::new(&actor, action, Subject::of(SubjectKind::Account, account)).with(details);
    Ok(audit::record_alone(&state.database, &entry).await?)
}

/// What is no id names no account.
fn parse(id: &str) -> Result<AccountId, Problem> {
    id.parse().map_err(|_| Problem::not_found("account"))
}
