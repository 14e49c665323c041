//! What the Azure Functions host does for a custom handler: definitions, readiness, invocations, settlement, restarts.
//!
//! It reads an app's folder as it lies in the deployed package and drives a [`Handler`]: a router in this process, or the
//! executable that `host.json` names, as a process of its own for each instance.
//! Each instance (a host process with its child) is one future, so all that it was doing ends with it; all instances
//! are one task.
//!
//! **Time.** What the host promises the world is counted by the world's clock, as fast as that goes: `functionTimeout`
//! and the grace after it, locks and their renewal, schedules, the pauses before redeliveries and restarts, the half
//! hour of the strikes, the platform's restart. What waits for a child to start is counted in real time at any speed,
//! because a process starts no sooner when the world hurries: `initializationTimeout`, the tries of `GET /`, and how
//! long its answer is waited for.
//! Waiting is for the clock or for a change of the world, so a paused clock jumps from event to event; with real
//! children the clock cannot be paused.
//! Things that happen at once have a fixed order, so a story runs the same way each time.
//! Batches (`cardinality: many`), sessions, function-level retries and output bindings other than `http` are refused
//! at the start; a redirect is a failure like any other, where the real host follows it with a GET.
mod admin;
mod admin_api;
mod arguments;
mod bus_envelope;
mod bus_listener;
mod child;
mod counters;
mod definition;
mod encoding;
mod failure;
mod front;
mod group;
mod handler;
mod http_envelope;
mod http_reply;
mod http_trigger;
mod instance;
mod invocation;
mod keys;
mod launch;
mod life;
mod living;
mod monitor;
mod options;
mod output;
mod port;
mod ports;
mod program;
mod request;
mod routes;
mod row;
mod schedule;
mod shared;
mod timer;
mod version;

pub use counters::{Counters, FunctionCounts};
pub use definition::HostError;
pub use handler::{Handler, Start};
pub use instance::LivingChild;
pub use options::{HostOptions, Instances};
pub use output::{Level, Line, Output, Stream};
pub use schedule::Schedule;

use crate::SimulatedAzure;
use counters::Count;
use definition::App;
use futures::FutureExt;
use instance::Instance;
use launch::Launch;
use monitor::Monitor;
use ports::Ports;
use row::Row;
use shared::{Runs, Shared};
use std::{collections::BTreeMap, path::Path, sync::Arc};

/// The hosted app. Dropping it stops it.
pub struct FunctionsHost {
    shared: Arc<Shared>,
    instances: Vec<Arc<Instance>>,
    began: jiff::Timestamp,
    task: tokio::task::JoinHandle<()>,
}

impl FunctionsHost {
    /// Hosts the app in `folder` (`host.json` and `<Name>/function.json`), run by this handler.
    /// It must be called within a tokio runtime; for an executable, one with IO and a clock that is not paused.
    ///
    /// # Errors
    /// When the folder's files are missing, not readable, or ask for what this host does not do; when the executable is
    /// not there.
    pub fn start(
        azure: SimulatedAzure,
        folder: &Path,
        options: HostOptions,
        handler: impl Into<Handler>,
    ) -> Result<Self, HostError> {
        let app = App::read(folder, &options)?;
        let runs = match handler.into() {
            Handler::Router(start) => Runs::Router(start),
            Handler::Executable(output) => Runs::Executable(Launch::read(folder, &options.settings)?, output),
        };
        let groups: BTreeMap<String, Vec<_>> = match options.instances {
            Instances::EachFunction => {
                app.functions.values().map(|function| (function.name.clone(), vec![function.clone()])).collect()
            }
            Instances::One => [("host".to_owned(), app.functions.values().cloned().collect())].into(),
        };
        let (count, monitor, ports) = (Count::default(), Monitor::default(), Ports::default());
        let began = azure.clock().now();
        let shared = Arc::new(Shared { azure, app, options, runs, count, monitor, ports });
        let (mut instances, mut row) = (vec![], Row::default());
        for (name, functions) in groups {
            let (instance, orders) = Instance::new(name, functions);
            row.push(life::run(shared.clone(), instance.clone(), orders).boxed());
            instances.push(instance);
        }
        let task = tokio::spawn(async move {
            loop {
                row.next().await;
            }
        });
        Ok(Self { shared, instances, began, task })
    }

    /// Waits until every instance's child is ready.
    pub async fn ready(&self) {
        for instance in &self.instances {
            instance.ready().await;
        }
    }

    /// The functions that are not disabled, by name.
    #[must_use]
    pub fn functions(&self) -> Vec<String> {
        self.shared.app.functions.keys().cloned().collect()
    }

    /// What has been counted so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let dead_letters = self.shared.azure.world().service_bus.dead_letters();
        Counters { dead_letters, ..self.shared.count.so_far() }
    }

    /// Ends all hosts and children at once, as SIGKILL does; what was in flight is dropped and stays locked.
    pub fn stop(&self) {
        self.task.abort();
        self.instances.iter().for_each(|instance| instance.stop());
    }

    fn instance_of(&self, function: &str) -> Option<&Arc<Instance>> {
        let serves =
            |instance: &&Arc<Instance>| instance.functions.iter().any(|it| it.name.eq_ignore_ascii_case(function));
        self.instances.iter().find(serves)
    }
}

impl Drop for FunctionsHost {
    fn drop(&mut self) {
        self.stop();
    }
}
