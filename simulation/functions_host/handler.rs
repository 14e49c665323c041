//! What runs the app's functions.
use super::output::Output;
use crate::Process;
use std::sync::Arc;

/// Starts a child in this process: gives the router that answers on its port.
pub type Start = Arc<dyn Fn(Process) -> axum::Router + Send + Sync>;

/// What runs the app's functions, behind the same host.
#[derive(Clone)]
pub enum Handler {
    /// A router in this process; the function is called for each start of a child.
    Router(Start),
    /// The executable that `host.json` names, as a process of its own, started in the app's folder with the app settings
    /// as its environment. Each line that it writes is handed on.
    Executable(Output),
}

impl From<Start> for Handler {
    fn from(start: Start) -> Self {
        Self::Router(start)
    }
}
