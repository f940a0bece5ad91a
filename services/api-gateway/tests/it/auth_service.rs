//! Plays the auth service: publishes keys, signs tokens, answers as the contract says.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use rmu_messaging::{
    Connection, ConnectionOptions, Declare, Publisher, Service,
    contracts::{
        Contract,
        accounts::{
            AccountFiguresV1, AccountRecordV1, AccountsV1, BanAccountV1, BanV1, ChangeRoleV1, CountAccountsV1,
            DeleteAccountV1, EndSessionsV1, GetAccountV1, ListAccountsV1, RenameV1, SessionsEndedV1, UnbanAccountV1,
        },
        auth::{
            AcceptedV1, AccountV1, JwksV1, KeysV1, LoginV1, LogoutV1, MeV1, RefreshV1, RegisterV1, RpcErrorV1, TokensV1,
        },
        events::{AccountChangeV1, AccountChangedV1},
    },
    rpc::{Router, Server},
    topology::{Limits, account_event_route},
};
use rmu_test_support::broker::TestVhost;
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(crate) const GOOD_PASSWORD: &str = "correct horse battery";

/// A signing key and its name.
#[derive(Clone)]
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pub(crate) key: EncodingKey,
}

impl SigningKey {
    pub(crate) fn new(kid: &str) -> Self {
        let mut seed = [0_u8; 32];
        getrandom::fill(&mut seed).unwrap();
        // PKCS#8 around an Ed25519 seed.
        let mut der = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        der.extend_from_slice(&seed);
        Self { kid: kid.to_owned(), key: EncodingKey::from_ed_der(&der) }
    }

    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&self.key, Algorithm::EdDSA).unwrap()).unwrap();
        jwk["kid"] = self.kid.clone().into();
        jwk["alg"] = "EdDSA".into();
        jwk["use"] = "sig".into();
        jwk
    }

    /// A token with `claims`, and a header as ours.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(self.kid.clone());
        encode(&header, claims, &self.key).unwrap()
    }
}

/// Claims that are all as they must be.
pub(crate) fn claims(role: &str, email_verified: bool) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    json!({
        "iss": "ratemyunit-auth", "aud": "ratemyunit", "sub": "01920000-0000-7000-8000-000000000004",
        "iat": now, "exp": now + 600, "jti": "1", "role": role, "email_verified": email_verified,
        "university_id": null, "nickname": "ada",
    })
}

/// The running service.
pub(crate) struct AuthService {
    pub(crate) published: Arc<Mutex<Vec<SigningKey>>>,
    /// The trace in which each request arrived.
    pub(crate) traces: Arc<Mutex<Vec<String>>>,
    stop: CancellationToken,
    running: JoinHandle<()>,
    connection: Connection,
}

impl AuthService {
    pub(crate) async fn start(vhost: &TestVhost, key: &SigningKey) -> Self {
        let options = ConnectionOptions::new(&vhost.amqp_url_as("auth"), "played auth")
            .unwrap()
            .declare(Declare::Owned(Service::Auth, Limits::default()));
        let connection = Connection::open(options).unwrap();
        let published = Arc::new(Mutex::new(vec![key.clone()]));
        let traces = Arc::new(Mutex::new(Vec::new()));
        let stop = CancellationToken::new();
        let server = Server::new(&connection, router(&published, &traces), 10);
        let running = tokio::spawn(server.run(stop.clone()));
        Self { published, traces, stop, running, connection }
    }

    /// Tells of an account what happened to it at `at`.
    pub(crate) async fn tell(&self, account_id: Uuid, change: AccountChangeV1, at: DateTime<Utc>) {
        let route = account_event_route(change.name());
        let event = AccountChangedV1 { account_id, change, at };
        Publisher::new(self.connection.clone()).publish(&route, &event).await.unwrap();
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(20), self.running).await.unwrap().unwrap();
        self.connection.close().await;
    }
}

fn router(published: &Arc<Mutex<Vec<SigningKey>>>, traces: &Arc<Mutex<Vec<String>>>) -> Router {
    let (published, traces) = (Arc::clone(published), Arc::clone(traces));
    Router::new()
        .on(move |_: JwksV1, _| {
            let keys: Vec<Value> = published.lock().unwrap().iter().map(SigningKey::jwk).collect();
            async move { Ok(KeysV1 { jwks: json!({ "keys": keys }) }) }
        })
        .on(|_: RegisterV1, _| async { Ok(AcceptedV1 {}) })
        .on(|login: LoginV1, _| async move {
            if login.password == GOOD_PASSWORD { Ok(tokens("first")) } else { Err(RpcErrorV1::BadCredentials) }
        })
        .on(|refresh: RefreshV1, _| async move {
            if refresh.refresh_token == "first" { Ok(tokens("second")) } else { Err(RpcErrorV1::BadToken) }
        })
        .on(|_: LogoutV1, _| async { Ok(AcceptedV1 {}) })
        .on(|_: ListAccountsV1, _| async { Ok(AccountsV1::example()) })
        .on(|get: GetAccountV1, _| async move { known(get.account_id, None) })
        .on(|ban: BanAccountV1, _| async move {
            let until = ban.until;
            known(ban.account_id, Some(BanV1 { reason: ban.reason, since: Utc::now(), until, by: Some(ban.by) }))
        })
        .on(|unban: UnbanAccountV1, _| async move { known(unban.account_id, None) })
        .on(|change: ChangeRoleV1, _| async move {
            if change.role == "student" {
                return Err(RpcErrorV1::Conflict { detail: "This is the last administrator.".to_owned() });
            }
            known(change.account_id, None).map(|account| AccountRecordV1 { role: change.role, ..account })
        })
        .on(|end: EndSessionsV1, _| async move { known(end.account_id, None).map(|_| SessionsEndedV1 { ended: 2 }) })
        .on(|_: CountAccountsV1, _| async { Ok(AccountFiguresV1::example()) })
        .on(|rename: RenameV1, _| async move {
            Ok(AccountV1 { account_id: rename.account_id, nickname: rename.nickname, ..AccountV1::example() })
        })
        .on(|delete: DeleteAccountV1, _| async move {
            if delete.password == GOOD_PASSWORD { Ok(AcceptedV1 {}) } else { Err(RpcErrorV1::BadCredentials) }
        })
        .on(move |_: MeV1, _| {
            let trace = rmu_telemetry::context::trace_id(&tracing::Span::current());
            traces.lock().unwrap().push(trace.unwrap_or_default());
            async { Ok(AccountV1::example()) }
        })
}

/// The one account there is.
fn known(account: Uuid, ban: Option<BanV1>) -> Result<AccountRecordV1, RpcErrorV1> {
    let example = AccountRecordV1::example();
    if account == example.account_id { Ok(AccountRecordV1 { ban, ..example }) } else { Err(RpcErrorV1::NotFound) }
}

fn tokens(refresh_token: &str) -> TokensV1 {
    TokensV1 { refresh_token: refresh_token.to_owned(), ..TokensV1::example() }
}
