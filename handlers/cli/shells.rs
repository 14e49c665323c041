//! What is made from the definition of the command line itself: completions for shells, the man page.
use super::Arguments;
use super::exit::Exit;
use clap::CommandFactory;
use clap_complete::Shell;
use std::process::ExitCode;

/// Completions for a shell.
pub fn completions(shell: Shell) -> anyhow::Result<ExitCode> {
    clap_complete::generate(shell, &mut Arguments::command(), "bluegreen", &mut std::io::stdout());
    Ok(Exit::Done.into())
}

/// The man page.
pub fn man() -> anyhow::Result<ExitCode> {
    clap_mangen::Man::new(Arguments::command()).render(&mut std::io::stdout())?;
    Ok(Exit::Done.into())
}
