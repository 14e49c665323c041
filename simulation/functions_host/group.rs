//! A child with everything that it started, as the operating system ends it.
#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process_group};
use std::io;
use tokio::process::Command;

/// Lets what is started be a group of its own.
pub(super) fn own_group(command: &mut Command) -> &mut Command {
    #[cfg(unix)]
    command.process_group(0);
    command
}

/// A process group, named after its first process.
#[cfg(unix)]
#[derive(Clone, Copy, Debug)]
pub(super) struct Group(Pid);

#[cfg(unix)]
impl Group {
    /// That of a process which was started as a group of its own.
    pub fn of(id: Option<u32>) -> io::Result<Self> {
        let id = id.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        id.map(Self).ok_or_else(|| io::Error::other("the process has no id"))
    }

    /// The id of its first process.
    pub fn id(self) -> u32 {
        self.0.as_raw_nonzero().get().unsigned_abs()
    }

    /// Ends all of it at once.
    pub fn kill(self) {
        // Nobody is left in the group: then there is nothing to end.
        let _ = kill_process_group(self.0, Signal::KILL);
    }
}

/// A process and its descendants: Windows has no groups that a signal could end.
#[cfg(not(unix))]
#[derive(Clone, Copy, Debug)]
pub(super) struct Group(u32);

#[cfg(not(unix))]
impl Group {
    /// That of a process.
    pub fn of(id: Option<u32>) -> io::Result<Self> {
        id.map(Self).ok_or_else(|| io::Error::other("the process has no id"))
    }

    /// The id of its first process.
    pub fn id(self) -> u32 {
        self.0
    }

    /// Ends all of it at once.
    pub fn kill(self) {
        let mut command = std::process::Command::new("taskkill");
        command.args(["/F", "/T", "/PID", &self.0.to_string()]);
        // It is gone already: then there is nothing to end.
        let _ = command.output();
    }
}
