//! A request that has been sent and has not arrived. Its caller may die or hang up meanwhile: what it asked for happens.
use super::SimulatedAzure;
use crate::{Ask, Process, Reply, answer::NoAnswer};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::Instant;

/// A request on its way. Dropped before it arrives, it goes on by itself, and nobody gets the answer.
pub(crate) struct OnItsWay {
    azure: SimulatedAzure,
    process: Process,
    ask: Option<Ask>,
    arrives: Instant,
}

impl OnItsWay {
    /// It has just been sent, and arrives after so much of the world's time.
    pub fn sent(azure: &SimulatedAzure, process: &Process, ask: Ask, time: Duration) -> Self {
        let arrives = Instant::now() + time / azure.clock().speed();
        Self { azure: azure.clone(), process: process.clone(), ask: Some(ask), arrives }
    }

    /// Waits until it has arrived, and gives the answer.
    pub async fn arrived(mut self) -> Result<Reply, NoAnswer> {
        tokio::time::sleep_until(self.arrives).await;
        match self.ask.take() {
            Some(ask) => self.azure.carry_out(&self.process, &ask),
            None => Err(NoAnswer("the request has arrived already")),
        }
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        let Some(ask) = self.ask.take().filter(|ask| !ask.method().is_safe()) else { return };
        // Without a runtime the world has ended.
        let Ok(runtime) = Handle::try_current() else { return };
        let (azure, process, arrives) = (self.azure.clone(), self.process.clone(), self.arrives);
        runtime.spawn(async move {
            tokio::time::sleep_until(arrives).await;
            let _ = azure.carry_out(&process, &ask);
        });
    }
}
