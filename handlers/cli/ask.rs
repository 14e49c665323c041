//! A question to the person at the terminal. Where nobody can be asked, nothing is done.
use crate::text::plain_lines;
use anyhow::Context;
use std::io::{BufRead, IsTerminal, Write};

/// What came of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Yes,
    /// Do nothing.
    No,
    /// Nobody is there who could be asked.
    Nobody,
}

/// Asks whether to go on, unless that was said already.
///
/// # Errors
/// When the terminal cannot be read.
pub fn go_on(question: &str, said_yes: bool) -> anyhow::Result<Answer> {
    if said_yes {
        return Ok(Answer::Yes);
    }
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Ok(Answer::Nobody);
    }
    eprint!("{} [y/N] ", plain_lines(question));
    std::io::stderr().flush().context("failed to write to the terminal")?;
    let mut line = String::new();
    input.lock().read_line(&mut line).context("failed to read from the terminal")?;
    Ok(if matches!(line.trim().to_lowercase().as_str(), "y" | "yes") { Answer::Yes } else { Answer::No })
}
