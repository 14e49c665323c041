//! A process that calls the simulated Azure. The script of faults can kill it in the middle of a call.
use std::sync::Arc;
use tokio::sync::watch;

/// A process outside Azure: a Functions instance, the operator's tool. Clones are the same process.
#[derive(Clone, Debug)]
pub struct Process {
    name: Arc<str>,
    killed: Arc<watch::Sender<bool>>,
}

impl Process {
    /// A living process with a name for the records.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), killed: Arc::new(watch::channel(false).0) }
    }

    /// Its name, as it appears in the records.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Ends it, as SIGKILL does: whoever supervises it drops what it was doing.
    pub fn kill(&self) {
        self.killed.send_replace(true);
    }

    /// Whether it was killed.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        *self.killed.borrow()
    }

    /// Returns when it was killed.
    pub async fn dead(&self) {
        // The sender lives as long as `self`, so the only way out is a kill.
        let _ = self.killed.subscribe().wait_for(|dead| *dead).await;
    }
}
