//! What the Azure Functions host does for a custom handler: definitions, readiness, invocations, settlement, restarts.
//!
//! It reads an app's folder as it lies in the deployed package and drives handlers that are routers in this process.
//! Each instance (a host process with its child) is one future, so all that it was doing ends with it; all instances
//! are one task.
//! Waiting is for the clock or for a change of the world, so a paused clock jumps from event to event.
//! Things that happen at once have a fixed order, so a story runs the same way each time.
//! Batches (`cardinality: many`), sessions, function-level retries and output bindings other than `http` are refused
//! at the start; a redirect is a failure like any other, where the real host follows it with a GET.
mod admin;
mod bus_envelope;
mod bus_listener;
mod counters;
mod definition;
mod encoding;
mod http_envelope;
mod http_reply;
mod http_trigger;
mod instance;
mod invocation;
mod routes;
mod row;
mod schedule;
mod timer;

pub use counters::{Counters, FunctionCounts};
pub use definition::HostError;
pub use schedule::Schedule;

use crate::{Process, SimulatedAzure};
use counters::Count;
use definition::App;
use futures::FutureExt;
use instance::Instance;
use row::Row;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

/// Starts a child process: gives the router that answers on its port.
pub type Start = Arc<dyn Fn(Process) -> axum::Router + Send + Sync>;

/// Which functions share a host instance and its child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Instances {
    /// Each function has its own, as on Flex Consumption.
    #[default]
    EachFunction,
    /// All on one, as on a dedicated plan.
    One,
}

/// How the app is hosted.
#[derive(Clone, Debug)]
pub struct HostOptions {
    /// Which functions share an instance.
    pub instances: Instances,
    /// When the platform starts a host that gave up again. `None`: never.
    pub restart_stopped_host_after: Option<Duration>,
    /// Functions switched off, as by the setting `AzureWebJobs.<name>.Disabled`.
    pub disabled: BTreeSet<String>,
    /// Whether timers fire by their schedules.
    pub run_timers: bool,
    /// App settings, for `%NAME%` in bindings and `<connection>__fullyQualifiedNamespace`.
    pub settings: BTreeMap<String, String>,
    /// The key that functions with `authLevel` other than `anonymous` ask for. `None`: they ask for none, as locally.
    pub function_key: Option<String>,
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            instances: Instances::default(),
            restart_stopped_host_after: Some(Duration::from_secs(30)),
            disabled: BTreeSet::new(),
            run_timers: true,
            settings: BTreeMap::new(),
            function_key: None,
        }
    }
}

/// The hosted app. Dropping it stops it.
pub struct FunctionsHost {
    shared: Arc<Shared>,
    instances: Vec<Arc<Instance>>,
    task: tokio::task::JoinHandle<()>,
}

/// What all instances have in common.
struct Shared {
    azure: SimulatedAzure,
    app: App,
    options: HostOptions,
    start: Start,
    count: Count,
    /// The timers' schedule monitor, which survives a host: it lies in the storage account.
    timers: Mutex<BTreeMap<String, timer::Status>>,
}

impl FunctionsHost {
    /// Hosts the app in `folder` (`host.json` and `<Name>/function.json`). `start` is called for each start of a child.
    /// It must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the folder's files are missing, not readable, or ask for what this host does not do.
    pub fn start(azure: SimulatedAzure, folder: &Path, options: HostOptions, start: Start) -> Result<Self, HostError> {
        let app = App::read(folder, &options)?;
        let groups: BTreeMap<String, Vec<_>> = match options.instances {
            Instances::EachFunction => {
                app.functions.values().map(|function| (function.name.clone(), vec![function.clone()])).collect()
            }
            Instances::One => [("host".to_owned(), app.functions.values().cloned().collect())].into(),
        };
        let shared = Arc::new(Shared { azure, app, options, start, count: Count::default(), timers: Mutex::default() });
        let (mut instances, mut row) = (vec![], Row::default());
        for (name, functions) in groups {
            let (instance, orders) = Instance::new(name, functions);
            row.push(instance::run(shared.clone(), instance.clone(), orders).boxed());
            instances.push(instance);
        }
        let task = tokio::spawn(async move {
            loop {
                row.next().await;
            }
        });
        Ok(Self { shared, instances, task })
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

    /// The process that serves a function now, to kill it. `None` for an unknown function or before its first start.
    #[must_use]
    pub fn child(&self, function: &str) -> Option<Process> {
        self.instance_of(function)?.process()
    }

    /// The child that serves `function` exits with `code`: 0 is never noticed, 200 is a wish to be started again, all
    /// else counts; at the third within 30 minutes the instance's host gives up. Nothing happens to an unknown function.
    pub fn exit_child(&self, function: &str, code: i32) {
        if let Some(instance) = self.instance_of(function) {
            instance.exit(code);
        }
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
