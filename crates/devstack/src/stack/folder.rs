//! The places under `.local/`.

use anyhow::{Context, bail};
use std::{
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// The path of a socket has at most 107 bytes, and Chromium puts one far below the folder it is given.
const SHORT_BYTES: usize = 48;

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

    /// A folder whose path is short, the same every time: in this one, or, where that lies too deep, among the temporary
    /// ones.
    pub fn short(&self, name: &str) -> anyhow::Result<PathBuf> {
        let inside = self.join(name);
        if inside.as_os_str().len() <= SHORT_BYTES {
            fs::create_dir_all(&inside)?;
            return Ok(inside);
        }
        let mut hasher = DefaultHasher::new();
        inside.hash(&mut hasher);
        let outside = env::temp_dir().join(format!("rmu-{:016x}", hasher.finish()));
        let made = fs::DirBuilder::new().mode(0o700).create(&outside);
        if let Err(error) = made
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(error).with_context(|| format!("{} cannot be made", outside.display()));
        }
        // Anybody may put something under this name, and a browser's files must not be anybody's.
        let found = fs::symlink_metadata(&outside)?;
        if !found.is_dir() || found.uid() != nix::unistd::geteuid().as_raw() || found.mode() & 0o077 != 0 {
            bail!("{} is not a folder of yours alone; remove it", outside.display());
        }
        Ok(outside)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_too_deep_gets_a_short_path_of_its_own() {
        let root = tempfile::tempdir().unwrap();
        let shallow = Folder { path: root.path().to_owned() };
        assert_eq!(shallow.short("worker-1").unwrap(), root.path().join("worker-1"));

        let deep = Folder { path: root.path().join("a-rather-long-name/".repeat(4)) };
        let short = deep.short("worker-1").unwrap();
        assert!(short.as_os_str().len() <= SHORT_BYTES && short.is_dir(), "{}", short.display());
        assert_eq!(deep.short("worker-1").unwrap(), short);
        assert_ne!(deep.short("worker-2").unwrap(), short);
        fs::set_permissions(&short, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(deep.short("worker-1").unwrap_err().to_string().contains("yours alone"));
        fs::remove_dir(&short).unwrap();
        fs::remove_dir(deep.short("worker-2").unwrap()).unwrap();
    }
}
