//! Passwords, made once per checkout and kept where only their owner may read them.

use crate::env_file;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::{fs, path::Path};

/// Everything secret of a stack. Letters and digits only, so that no place needs quoting.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// PostgreSQL's superuser.
    pub postgres: String,
    /// Role `rmu_gateway`.
    pub postgres_gateway: String,
    /// Role `rmu_auth`.
    pub postgres_auth: String,
    /// RabbitMQ's administrator.
    pub rabbitmq: String,
    /// The services' users of RabbitMQ.
    pub rabbitmq_gateway: String,
    /// See above.
    pub rabbitmq_auth: String,
    /// See above.
    pub rabbitmq_worker: String,
    /// Redis' administrator.
    pub redis: String,
    /// The services' users of Redis.
    pub redis_gateway: String,
    /// See above.
    pub redis_auth: String,
    /// See above.
    pub redis_worker: String,
    /// The demo's administrator.
    pub admin_password: String,
    /// The demo's student.
    pub student_password: String,
    /// With which access tokens are signed: PKCS#8, PEM, Ed25519.
    pub jwt_signing_key: String,
}

impl Secrets {
    /// Reads the file, or makes it when there is none.
    pub fn load_or_make(path: &Path) -> anyhow::Result<Self> {
        match fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .with_context(|| format!("{} is damaged; remove .local/ to begin afresh", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let secrets = Self::make()?;
                env_file::write_private(path, &serde_json::to_vec_pretty(&secrets)?)?;
                Ok(secrets)
            }
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    fn make() -> anyhow::Result<Self> {
        let password = || crate::random::hex(16);
        Ok(Self {
            postgres: password()?,
            postgres_gateway: password()?,
            postgres_auth: password()?,
            rabbitmq: password()?,
            rabbitmq_gateway: password()?,
            rabbitmq_auth: password()?,
            rabbitmq_worker: password()?,
            redis: password()?,
            redis_gateway: password()?,
            redis_auth: password()?,
            redis_worker: password()?,
            admin_password: password()?,
            student_password: password()?,
            jwt_signing_key: super::signing_key::generate()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn secrets_are_made_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.json");
        let first = Secrets::load_or_make(&path).unwrap();
        let second = Secrets::load_or_make(&path).unwrap();
        assert_eq!(first.admin_password, second.admin_password);
        assert_ne!(first.admin_password, first.student_password);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.json");
        fs::write(&path, "{").unwrap();
        assert!(Secrets::load_or_make(&path).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "{");
    }
}
