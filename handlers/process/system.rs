//! What systems have different: how a process is told to end, who its parent is. Deployed is Linux alone; people's commands
//! and `local` also run on macOS and Windows.
pub use this::{hung_up, interrupted, is_child_of, parent, terminated};

#[cfg(unix)]
mod this {
    use std::io;
    use std::os::unix::process::parent_id;
    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// The terminal is gone (SIGHUP).
    ///
    /// # Errors
    /// When the system lets nobody listen.
    pub fn hung_up() -> io::Result<Signal> {
        signal(SignalKind::hangup())
    }

    /// Ctrl-C (SIGINT).
    ///
    /// # Errors
    /// When the system lets nobody listen.
    pub fn interrupted() -> io::Result<Signal> {
        signal(SignalKind::interrupt())
    }

    /// It is to end (SIGTERM).
    ///
    /// # Errors
    /// When the system lets nobody listen.
    pub fn terminated() -> io::Result<Signal> {
        signal(SignalKind::terminate())
    }

    /// The id of the process that started this one, or of the one that took it over.
    #[must_use]
    pub fn parent() -> u32 {
        parent_id()
    }

    /// Whether that process still is this one's parent. Not `PR_SET_PDEATHSIG`: it fires when the forking thread ends.
    #[must_use]
    pub fn is_child_of(host: u32) -> bool {
        parent_id() == host
    }
}

#[cfg(windows)]
mod this {
    use std::io;
    use tokio::signal::windows::{CtrlC, CtrlClose, CtrlShutdown, ctrl_c, ctrl_close, ctrl_shutdown};

    /// The console is closed.
    ///
    /// # Errors
    /// When the system lets nobody listen.
    pub fn hung_up() -> io::Result<CtrlClose> {
        ctrl_close()
    }

    /// Ctrl-C.
    ///
    /// # Errors
    /// When the system lets nobody listen.
    pub fn interrupted() -> io::Result<CtrlC> {
        ctrl_c()
    }

    /// The system shuts down.
    ///
    /// # Errors
    /// When the system lets nobody listen.
    pub fn terminated() -> io::Result<CtrlShutdown> {
        ctrl_shutdown()
    }

    /// Windows does not say it.
    #[must_use]
    pub fn parent() -> u32 {
        0
    }

    /// Nobody can tell: a host that is killed leaves its handler, until somebody ends that, too.
    #[must_use]
    pub fn is_child_of(_host: u32) -> bool {
        true
    }
}
