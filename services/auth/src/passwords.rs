//! Hashing and checking passwords with Argon2id, which is slow on purpose: never more at once than there are
//! cores, and never a long line before it.

use crate::AuthError;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const MAX_WAITING: usize = 50;
/// Under the two seconds that the caller waits, so that it still hears that we are busy.
const LONGEST_WAIT: Duration = Duration::from_millis(1500);

/// Hashes and checks passwords. Clones share the bound.
#[derive(Clone)]
pub struct PasswordHasherPool {
    argon2: Argon2<'static>,
    /// One place a core.
    cores: Arc<Semaphore>,
    /// Those at work and those who wait.
    line: Arc<Semaphore>,
    /// Of a password nobody has, to be checked where there is no account.
    nobodys: Arc<str>,
}

impl PasswordHasherPool {
    /// Takes the time of one hash. Blocking: call it before anything is served.
    pub fn new() -> Result<Self, AuthError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::with_cores(cores)
    }

    fn with_cores(cores: usize) -> Result<Self, AuthError> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(AuthError::internal)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(AuthError::internal)?;
        let nobodys = hash_now(&argon2, &random)?.into();
        Ok(Self {
            argon2,
            cores: Arc::new(Semaphore::new(cores)),
            line: Arc::new(Semaphore::new(cores + MAX_WAITING)),
            nobodys,
        })
    }

    /// The hash of `password` with a salt of its own, as a PHC string.
    pub async fn hash(&self, password: &str) -> Result<String, AuthError> {
        let (argon2, password) = (self.argon2.clone(), password.as_bytes().to_vec());
        self.in_turn(move || hash_now(&argon2, &password)).await?
    }

    /// Whether `password` belongs to `hash`. Without a hash the answer is no, and takes as long.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, AuthError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or(&self.nobodys).to_owned();
        let (argon2, password) = (self.argon2.clone(), password.as_bytes().to_vec());
        let fits = self
            .in_turn(move || {
                let hash = PasswordHash::new(&hash).map_err(AuthError::internal)?;
                Ok::<_, AuthError>(argon2.verify_password(&password, &hash).is_ok())
            })
            .await??;
        Ok(known && fits)
    }

    /// Runs `work` on a blocking thread when a core is free. The places are given back when the work is done,
    /// also when nobody waits for it any more.
    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, AuthError> {
        let places = self.wait_for_turn().await.inspect_err(|_| {
            metrics::counter!("rmu_password_hashing_refused_total").increment(1);
        })?;
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(places);
            result
        });
        done.await.map_err(AuthError::internal)
    }

    async fn wait_for_turn(&self) -> Result<(OwnedSemaphorePermit, OwnedSemaphorePermit), AuthError> {
        let in_line = self.line.clone().try_acquire_owned().map_err(|_| AuthError::Busy)?;
        match timeout(LONGEST_WAIT, self.cores.clone().acquire_owned()).await {
            Ok(Ok(core)) => Ok((in_line, core)),
            Ok(Err(_)) | Err(_) => Err(AuthError::Busy),
        }
    }
}

fn hash_now(argon2: &Argon2<'_>, password: &[u8]) -> Result<String, AuthError> {
    argon2.hash_password(password).map(|hash| hash.to_string()).map_err(AuthError::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_fits_its_password_only_and_says_how_it_was_made() {
        let pool = PasswordHasherPool::with_cores(2).unwrap();
        let hash = pool.hash("correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(pool.verify("correct horse", Some(&hash)).await.unwrap());
        assert!(!pool.verify("correct house", Some(&hash)).await.unwrap());
        assert_ne!(hash, pool.hash("correct horse").await.unwrap(), "each has a salt of its own");
    }

    #[tokio::test]
    async fn without_an_account_the_same_work_is_done_and_the_answer_is_no() {
        let pool = PasswordHasherPool::with_cores(1).unwrap();
        assert!(!pool.verify("anything at all", None).await.unwrap());
        let nobodys = PasswordHash::new(&pool.nobodys).unwrap();
        let own = pool.hash("x").await.unwrap();
        assert_eq!(nobodys.params, PasswordHash::new(&own).unwrap().params, "as slow as a real one");
    }

    #[tokio::test]
    async fn whoever_finds_the_line_full_is_told_at_once() {
        let pool = PasswordHasherPool::with_cores(1).unwrap();
        let _everybody = pool.line.clone().acquire_many_owned(51).await.unwrap();
        assert!(matches!(pool.hash("correct horse").await, Err(AuthError::Busy)));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_longer_than_the_limit() {
        let pool = PasswordHasherPool::with_cores(1).unwrap();
        let _core = pool.cores.clone().acquire_owned().await.unwrap();
        assert!(matches!(pool.hash("correct horse").await, Err(AuthError::Busy)));
        assert_eq!(pool.line.available_permits(), 51, "the place in the line is free again");
    }
}
