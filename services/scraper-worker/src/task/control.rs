//! Which jobs were cancelled or paused, and the tasks that must hear of it.

use rmu_messaging::contracts::control::WorkerControlV1;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Jobs remembered as cancelled or paused. What is forgotten is run, and its result is of no effect.
const MOST_REMEMBERED: usize = 1000;

/// What the gateway told about jobs. Clones share it.
#[derive(Clone, Default)]
pub struct Jobs {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    cancelled: VecDeque<Uuid>,
    paused: VecDeque<Uuid>,
    running: HashMap<Uuid, Running>,
}

struct Running {
    token: CancellationToken,
    tasks: usize,
}

/// Whether a task of a job may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Runs,
    Cancelled,
    Paused,
}

/// A task that runs; its token is cancelled with its job.
pub struct Membership {
    jobs: Jobs,
    job: Uuid,
    pub token: CancellationToken,
}

impl Jobs {
    /// Does what the gateway said.
    pub fn apply(&self, command: &WorkerControlV1) {
        let mut inner = self.lock();
        match *command {
            WorkerControlV1::CancelJob { job_id } => {
                remember(&mut inner.cancelled, job_id);
                if let Some(running) = inner.running.get(&job_id) {
                    running.token.cancel();
                }
            }
            WorkerControlV1::PauseJob { job_id } => remember(&mut inner.paused, job_id),
            WorkerControlV1::ResumeJob { job_id } => inner.paused.retain(|paused| *paused != job_id),
        }
    }

    pub fn standing(&self, job: Uuid) -> Standing {
        let inner = self.lock();
        if inner.cancelled.contains(&job) {
            Standing::Cancelled
        } else if inner.paused.contains(&job) {
            Standing::Paused
        } else {
            Standing::Runs
        }
    }

    /// Enters a task of the job; it leaves by dropping what it gets.
    pub fn join(&self, job: Uuid) -> Membership {
        let mut inner = self.lock();
        let is_cancelled = inner.cancelled.contains(&job);
        let running = inner.running.entry(job).or_insert_with(|| Running { token: CancellationToken::new(), tasks: 0 });
        running.tasks += 1;
        if is_cancelled {
            running.token.cancel();
        }
        let token = running.token.clone();
        drop(inner);
        Membership { jobs: self.clone(), job, token }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remember(jobs: &mut VecDeque<Uuid>, job: Uuid) {
    if jobs.contains(&job) {
        return;
    }
    if jobs.len() >= MOST_REMEMBERED {
        jobs.pop_front();
    }
    jobs.push_back(job);
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut inner = self.jobs.lock();
        if let Some(running) = inner.running.get_mut(&self.job) {
            running.tasks -= 1;
            if running.tasks == 0 {
                inner.running.remove(&self.job);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_job_stops_its_tasks_and_lets_none_begin() {
        let (jobs, job, other) = (Jobs::default(), Uuid::new_v4(), Uuid::new_v4());
        let (task, stranger) = (jobs.join(job), jobs.join(other));
        jobs.apply(&WorkerControlV1::CancelJob { job_id: job });
        assert!(task.token.is_cancelled() && !stranger.token.is_cancelled());
        assert!(jobs.join(job).token.is_cancelled());
        assert_eq!((jobs.standing(job), jobs.standing(other)), (Standing::Cancelled, Standing::Runs));
        drop((task, stranger));
        assert!(jobs.lock().running.is_empty(), "nothing is remembered of those that left");
    }

    #[test]
    fn a_paused_job_goes_on_when_resumed() {
        let (jobs, job) = (Jobs::default(), Uuid::new_v4());
        jobs.apply(&WorkerControlV1::PauseJob { job_id: job });
        assert_eq!(jobs.standing(job), Standing::Paused);
        jobs.apply(&WorkerControlV1::ResumeJob { job_id: job });
        assert_eq!(jobs.standing(job), Standing::Runs);
    }

    #[test]
    fn memory_is_bounded() {
        let jobs = Jobs::default();
        for _ in 0..MOST_REMEMBERED + 5 {
            jobs.apply(&WorkerControlV1::CancelJob { job_id: Uuid::new_v4() });
        }
        assert_eq!(jobs.lock().cancelled.len(), MOST_REMEMBERED);
    }
}
