//! The program itself: its commands, its exit codes, its signals.

use crate::support::{PASSWORD, SOON, address, database, environment, gateway};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use rmu_messaging::{
    contracts::auth::{JwksV1, LoginV1},
    rpc::Client,
};
use rmu_test_support::{
    broker::TestVhost,
    database::{Role, TestDatabase},
    process::{Service, run},
    wait,
};
use serde_json::Value;
use std::time::Duration;

#[tokio::test]
async fn an_administrator_made_by_the_command_logs_in_at_the_served_program() {
    let (database, vhost) = (database().await, TestVhost::new().await);
    let environment = environment(&database, &vhost);
    let email = address();
    let command = ["bootstrap-admin", "--email", &email];
    let with_password = environment.clone().with("RMU_ADMIN_PASSWORD", PASSWORD);
    for _ in 0..2 {
        let done = run("auth", &command, with_password.iter()).await;
        assert!(done.status.success(), "{done:?}");
    }

    let connection = gateway(&vhost).await;
    let service = Service::spawn("auth", environment.iter()).await;
    wait::until(SOON, || async {
        let answer = reqwest::get(format!("{}/health/ready", service.ops_url())).await;
        answer.is_ok_and(|answer| answer.status().is_success())
    })
    .await;
    let client = Client::with_limit(connection, Duration::from_secs(20));
    let login = LoginV1 { email, password: PASSWORD.into(), user_agent: None };
    let tokens = client.call(&login).await.unwrap().unwrap();
    assert_eq!((tokens.account.role.as_str(), tokens.account.email_verified), ("admin", true));

    // Features unite over a whole build: that this very program signs is seen only by letting it sign.
    let keys: JwkSet = serde_json::from_value(client.call(&JwksV1 {}).await.unwrap().unwrap().jwks).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&["ratemyunit-auth"]);
    validation.set_audience(&["ratemyunit"]);
    let key = DecodingKey::from_jwk(&keys.keys[0]).unwrap();
    let claims = jsonwebtoken::decode::<Value>(&tokens.access_token, &key, &validation).unwrap().claims;
    assert_eq!(claims["role"], "admin");

    assert!(service.terminate().await.success(), "{}", service.log());
    assert!(!service.log().contains(PASSWORD));
}

#[tokio::test]
async fn without_a_password_there_is_no_administrator() {
    let (database, vhost) = (database().await, TestVhost::new().await);
    let environment = environment(&database, &vhost).with("RMU_ADMIN_PASSWORD", "short");
    let refused = run("auth", &["bootstrap-admin", "--email", &address()], environment.iter()).await;
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("10 to 128 characters"), "{refused:?}");
}

#[tokio::test]
async fn a_wrong_configuration_is_told_all_at_once_before_any_port_opens() {
    let nothing = [("LOG_LEVEL", "info")];
    for command in [&["serve"][..], &["check-config"], &[]] {
        let refused = run("auth", command, nothing).await;
        assert_eq!(refused.status.code(), Some(78), "{command:?}");
        let told = String::from_utf8_lossy(&refused.stderr);
        for name in ["DATABASE_URL", "AMQP_URL", "JWT_SIGNING_KEY", "SMTP_URL", "MAIL_FROM", "PUBLIC_URL"] {
            assert!(told.contains(name), "{name} is missing in {told}");
        }
    }
}

#[tokio::test]
async fn check_config_shows_what_is_in_force_and_no_secret() {
    let (database, vhost) = (database().await, TestVhost::new().await);
    let environment = environment(&database, &vhost).with("MAIL_FROM", "somebody@rmu.example");
    let shown = run("auth", &["check-config"], environment.iter()).await;
    assert!(shown.status.success(), "{shown:?}");
    let told = String::from_utf8_lossy(&shown.stdout);
    assert!(told.contains("somebody@rmu.example"), "{told}");
    assert!(!told.contains("PRIVATE KEY") && !told.contains(&database.url()), "{told}");
}

#[tokio::test]
async fn migrate_may_be_repeated() {
    let database = TestDatabase::unmigrated(Role::Auth).await;
    let url = database.url();
    for expected in ["applied", "up to date"] {
        let done = run("auth", &["migrate"], [("DATABASE_URL", url.as_str())]).await;
        assert!(done.status.success(), "{done:?}");
        assert!(String::from_utf8_lossy(&done.stdout).contains(expected), "{done:?}");
    }
}
