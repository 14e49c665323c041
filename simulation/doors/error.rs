//! Why the doors may not be opened.
use std::path::PathBuf;

/// Why the doors could not be opened, or the data folder not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody else listens there.
    #[error("port {port} of 127.0.0.1 is taken: choose another with {option}, or 0 for any free one")]
    PortTaken {
        /// The port.
        port: u16,
        /// The option that sets it.
        option: &'static str,
    },
    /// The port cannot be listened at.
    #[error("failed to listen at port {port} of 127.0.0.1 ({option})")]
    Port {
        /// The port.
        port: u16,
        /// The option that sets it.
        option: &'static str,
        /// What the system says.
        #[source]
        why: std::io::Error,
    },
    /// The folder is not ours.
    #[error("{} holds files that are not ours, {found:?} for one: choose a folder that is empty or does not exist", path.display())]
    ForeignFolder {
        /// The folder.
        path: PathBuf,
        /// One of the files.
        found: String,
    },
    /// Another instance runs there.
    #[error("process {process} uses {} already: stop it, or choose another folder", path.display())]
    FolderInUse {
        /// The folder.
        path: PathBuf,
        /// The other's process id.
        process: String,
    },
    /// A file or folder cannot be read or written.
    #[error("failed to use {}: choose a folder that can be made or written", path.display())]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        why: std::io::Error,
    },
    /// There are no certificates.
    #[error("failed to make the certificates: {0}")]
    Certificates(String),
    /// The addresses are no JSON.
    #[error("failed to write the addresses down: {0}")]
    Endpoints(String),
}

impl Error {
    /// Why a port, which `option` sets, could not be listened at.
    #[must_use]
    pub fn of_port(port: u16, option: &'static str, why: std::io::Error) -> Self {
        match why.kind() {
            std::io::ErrorKind::AddrInUse => Self::PortTaken { port, option },
            _ => Self::Port { port, option, why },
        }
    }
}
