//! Files of `NAME='value'` lines that a shell can source.

use anyhow::Context;
use std::{
    fs,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// Names with their values, in the order in which they are written.
pub type Variables = Vec<(&'static str, String)>;

/// Writes `export` lines with mode 0600 (they hold passwords), atomically.
pub fn write(path: &Path, variables: &[(&'static str, String)]) -> anyhow::Result<()> {
    let text: String = variables.iter().map(|(name, value)| format!("export {name}={}\n", quoted(value))).collect();
    write_private(path, text.as_bytes())
}

/// Writes plain `NAME=value` lines, which programs that are no shell can read too.
pub fn write_plain(path: &Path, variables: &[(&'static str, String)]) -> anyhow::Result<()> {
    let text: String = variables.iter().map(|(name, value)| format!("{name}={}\n", plain(value))).collect();
    write_private(path, text.as_bytes())
}

/// The value of a name in such a file.
pub fn read_plain(path: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    line.map(str::to_owned)
}

/// Quotes only what a shell would not take as it stands.
fn plain(value: &str) -> String {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@%+,=".contains(&byte);
    if value.bytes().all(harmless) { value.to_owned() } else { quoted(value) }
}

/// Writes a file that only its owner may read; a reader never sees half of it.
pub fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let temporary = path.with_extension("part");
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)
        .with_context(|| format!("cannot write {}", temporary.display()))?;
    // The mode above only counts for a new file, not for one left over from before.
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path).with_context(|| format!("cannot write {}", path.display()))
}

/// A value in single quotes, in which the shell expands nothing.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("env");
        let value = "it's $HOME `id` \"x\"\nsecond line";
        write(&path, &[("RMU_TEST_VALUE", value.to_owned())]).unwrap();

        let script = format!(". {} && printf %s \"$RMU_TEST_VALUE\"", path.display());
        let output = std::process::Command::new("sh").arg("-c").arg(script).output().unwrap();

        assert_eq!(String::from_utf8(output.stdout).unwrap(), value);
        write_plain(&path, &[("A", value.to_owned()), ("RMU_API_URL", "http://127.0.0.1:3000".to_owned())]).unwrap();
        assert_eq!(read_plain(&path, "RMU_API_URL").as_deref(), Some("http://127.0.0.1:3000"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
