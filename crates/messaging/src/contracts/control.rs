//! What every worker is told at once.

use super::Contract;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "command", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum WorkerControlV1 {
    /// Stop what is running of this job within two seconds and answer the rest without running it.
    CancelJob {
        job_id: Uuid,
    },
    /// Hand this job's tasks back as they come, until it resumes.
    PauseJob {
        job_id: Uuid,
    },
    ResumeJob {
        job_id: Uuid,
    },
}

impl Contract for WorkerControlV1 {
    const TYPE: &'static str = "worker.control.v1";

    fn example() -> Self {
        Self::CancelJob { job_id: Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0002) }
    }
}
