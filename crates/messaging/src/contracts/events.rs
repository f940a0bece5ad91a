//! What happened, for whoever wants to know.

use super::{Contract, scrape::example_time};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Something changed about an account that other services show or act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountChangedV1 {
    pub account_id: Uuid,
    pub change: AccountChangeV1,
    pub at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AccountChangeV1 {
    Verified,
    Renamed {
        nickname: String,
    },
    /// It may only read, until a moment or, without one, until it is unbanned. Why is not said here: it is between
    /// the account and the administrators.
    Banned {
        until: Option<DateTime<Utc>>,
    },
    /// An administrator ended the ban; one that ends by its term is not told.
    Unbanned,
    RoleChanged {
        /// `student`, `moderator` or `admin`.
        role: String,
    },
    /// It is gone, and nobody can sign in with it again.
    Deleted {
        reviews: ReviewsLeftV1,
    },
}

impl AccountChangeV1 {
    /// The end of the routing key.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Renamed { .. } => "renamed",
            Self::Banned { .. } => "banned",
            Self::Unbanned => "unbanned",
            Self::RoleChanged { .. } => "role-changed",
            Self::Deleted { .. } => "deleted",
        }
    }
}

/// What becomes of the reviews of an account that is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ReviewsLeftV1 {
    /// They stay and are nobody's.
    Anonymise,
    Remove,
}

impl Contract for AccountChangedV1 {
    const TYPE: &'static str = "auth.account.v1";

    fn example() -> Self {
        Self {
            account_id: Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0004),
            change: AccountChangeV1::Renamed { nickname: "ada".into() },
            at: example_time(0),
        }
    }
}

/// A worker's browser pool, sent every few seconds and when it changes shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkerStatsV1 {
    pub worker: String,
    pub at: DateTime<Utc>,
    pub started_at: DateTime<Utc>,
    pub draining: bool,
    pub tasks_in_progress: u32,
    pub pool: PoolStatsV1,
    /// Hosts that are visited more slowly than their sources ask, as far as this worker knows.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub slow_hosts: BTreeMap<String, SlowHostV1>,
}

/// How a host that is slow or refuses is visited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlowHostV1 {
    /// The least time between two visits, over all workers.
    pub gap_ms: u64,
    /// For how long it is asked nothing at all; 0 if it is visited.
    pub closed_for_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PoolStatsV1 {
    pub cap: u32,
    pub idle: u32,
    pub in_use: u32,
    pub starting: u32,
    pub waiters: u32,
    pub oldest_wait_ms: u64,
    /// Browsers replaced since the start, by reason (`crashed`, `pages`, `age`, `memory`, `stuck`).
    pub restarts: BTreeMap<String, u64>,
    /// Processes and directories of an earlier crash that were cleared away.
    pub orphans_reaped: u64,
    pub memory_bytes: u64,
    /// `closed`, `open` (browsers cannot start) or `half_open`.
    pub breaker: String,
}

impl Contract for WorkerStatsV1 {
    const TYPE: &'static str = "worker.stats.v1";

    fn example() -> Self {
        Self {
            worker: "worker-1".into(),
            at: example_time(60),
            started_at: example_time(0),
            draining: false,
            tasks_in_progress: 1,
            pool: PoolStatsV1 {
                cap: 2,
                idle: 1,
                in_use: 1,
                starting: 0,
                waiters: 0,
                oldest_wait_ms: 0,
                restarts: BTreeMap::from([("pages".to_owned(), 3)]),
                orphans_reaped: 0,
                memory_bytes: 734_003_200,
                breaker: "closed".into(),
            },
            slow_hosts: BTreeMap::from([(
                "handbook.northfield.example".to_owned(),
                SlowHostV1 { gap_ms: 8_000, closed_for_ms: 0 },
            )]),
        }
    }
}
