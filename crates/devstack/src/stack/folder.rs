//! The places under `.local/`.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// A log larger than this is set aside when the stack starts.
const LOG_BYTES: u64 = 20 * 1024 * 1024;

/// `.local/` of a checkout.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder of the checkout at `root`, readable by its owner alone but for the way through.
    pub fn open(root: &Path) -> anyhow::Result<Self> {
        let path = root.join(".local");
        fs::create_dir_all(&path)?;
        let path = path.canonicalize()?;
        // Passable, since PostgreSQL's user has its data below; everything with a secret in it is 0600.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o711))?;
        fs::create_dir_all(path.join("logs"))?;
        Ok(Self { path })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file or folder in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The log file of a part; a large one from before is set aside first.
    pub fn log(&self, name: &str) -> PathBuf {
        let log = self.join("logs").join(format!("{name}.log"));
        if log.metadata().is_ok_and(|data| data.len() > LOG_BYTES) {
            // Without a name to go to it just goes on growing, which harms nobody at once.
            let _ = fs::rename(&log, log.with_extension("log.1"));
        }
        log
    }

    /// Processes of the running stack, see [`crate::record`].
    pub fn processes(&self) -> PathBuf {
        self.join("processes.json")
    }

    /// What `make up` writes for other programs.
    pub fn stack_env(&self) -> PathBuf {
        self.join("stack.env")
    }
}
