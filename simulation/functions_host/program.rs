//! One child as a process of the operating system, with everything that it started.
pub(super) use super::group::Group;
use super::output::{Output, Stream, hand_on};
use std::{io, process::ExitStatus};
use tokio::process::{Child, Command};

/// A process that was started. Dropping it ends its group.
pub(super) struct Program {
    child: Child,
    group: Group,
}

impl Program {
    /// Starts it; its lines go to `output` under this name.
    pub fn start(mut command: Command, name: &str, output: &Output) -> io::Result<Self> {
        let mut child = command.spawn()?;
        let group = Group::of(child.id())?;
        // The readers outlive this: the last words of a killed child are handed on, too.
        if let Some(pipe) = child.stdout.take() {
            tokio::spawn(hand_on(name.to_owned(), Stream::Stdout, pipe, output.clone()));
        }
        if let Some(pipe) = child.stderr.take() {
            tokio::spawn(hand_on(name.to_owned(), Stream::Stderr, pipe, output.clone()));
        }
        Ok(Self { child, group })
    }

    pub fn group(&self) -> Group {
        self.group
    }

    fn end(&self) {
        // One that was waited for has no id any more: another process may have it by now.
        if self.child.id().is_some() {
            self.group.kill();
        }
    }

    /// How it ended, when it has; whatever it started ends with it.
    pub async fn ended(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        self.group.kill();
        status
    }

    /// Ends the group if it has not ended, and waits until the process is gone.
    pub async fn kill(&mut self) {
        self.end();
        // SIGKILL cannot be refused; that it was gone already is as good.
        let _ = self.child.wait().await;
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}
