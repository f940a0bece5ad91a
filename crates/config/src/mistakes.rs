//! What is wrong with a configuration, all of it.

use std::{fmt, io::Write, process::ExitCode};

/// The exit code for a configuration that cannot be used (`EX_CONFIG` of sysexits.h). A supervisor that knows
/// it does not restart in vain.
pub const EX_CONFIG: u8 = 78;

/// One variable and what is wrong with it, never with its value when that is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub variable: String,
    pub problem: String,
}

/// Every mistake of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    pub(crate) fn new(mistakes: Vec<Mistake>) -> Self {
        Self(mistakes)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.0.iter()
    }

    /// Writes them to standard error and gives the exit code to end with.
    pub fn report(&self) -> ExitCode {
        // Standard error may be closed; there is nobody left to tell then.
        let _ = writeln!(std::io::stderr(), "{self}");
        ExitCode::from(EX_CONFIG)
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "The configuration cannot be used:")?;
        for Mistake { variable, problem } in &self.0 {
            write!(f, "\n  {variable} {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}
