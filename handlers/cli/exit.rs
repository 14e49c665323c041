//! How a command ends: one table for all of them, in `--help` and in docs/operate.md.
use crate::run::Ending;
use std::process::ExitCode;

/// The exit status of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// As asked.
    Done = 0,
    /// Something could not be done, or nothing could be seen.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Refused, or another ending than was asked for, or findings.
    Otherwise = 3,
    /// A run is held.
    Held = 4,
    /// Not in time.
    TooLate = 5,
    /// There is no such thing.
    Nothing = 6,
}

/// What each means.
pub const TABLE: [(Exit, &str); 7] = [
    (Exit::Done, "as asked"),
    (Exit::Failed, "an error; its text says what to do next"),
    (Exit::Usage, "the command line is wrong, or nobody was there to say yes (`--yes`)"),
    (Exit::Otherwise, "refused, or another ending than was asked for, or mistakes and findings"),
    (Exit::Held, "the run is held, or paused: a person is needed"),
    (Exit::TooLate, "not in time (`--timeout`)"),
    (Exit::Nothing, "there is no such site, run or record"),
];

impl Exit {
    /// What an ending means for whoever waited for an upgrade.
    #[must_use]
    pub const fn of(ending: Ending) -> Self {
        match ending {
            Ending::Upgraded => Self::Done,
            Ending::Rejected | Ending::RolledBack | Ending::Finished => Self::Otherwise,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The table, for the help.
#[must_use]
pub fn in_help() -> String {
    let lines = TABLE.map(|(exit, meaning)| format!("  {}  {}\n", exit as u8, meaning.replace('`', "")));
    format!("Exit status:\n{}", lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_has_the_table_as_it_is() {
        let guide = include_str!("../../docs/operate.md");
        for (exit, meaning) in TABLE {
            let row = format!("| {} | {meaning} |", exit as u8);
            assert!(guide.contains(&row), "docs/operate.md lacks: {row}");
        }
    }
}
