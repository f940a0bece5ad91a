//! Random names and passwords from the operating system's generator.

/// A password or unique name of `bytes` random bytes, written as hexadecimal digits.
pub fn hex(bytes: usize) -> anyhow::Result<String> {
    let mut buffer = vec![0u8; bytes];
    getrandom::fill(&mut buffer)?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A number below `limit`, good enough to spread ports; not for secrets.
pub fn below(limit: u16) -> anyhow::Result<u16> {
    Ok(u16::try_from(getrandom::u32()? % u32::from(limit.max(1)))?)
}
