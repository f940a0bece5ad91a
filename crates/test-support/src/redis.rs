//! Redis, shared by all tests, each under a prefix of its own.

/// The URL of the test server.
pub fn url() -> String {
    crate::servers::variable("RMU_TEST_REDIS_URL")
}

/// A key prefix that no other test has; it ends with a colon, as `REDIS_PREFIX` wants it.
pub fn prefix() -> String {
    format!("rmu-test-{}:", uuid::Uuid::new_v4().simple())
}
