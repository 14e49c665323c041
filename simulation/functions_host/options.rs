//! How an app is hosted. Pure.
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

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
    /// When the platform starts a host that gave up again, in the world's time. `None`: never.
    pub restart_stopped_host_after: Option<Duration>,
    /// Functions switched off, as by the setting `AzureWebJobs.<name>.Disabled`.
    pub disabled: BTreeSet<String>,
    /// Whether timers fire by their schedules.
    pub run_timers: bool,
    /// App settings, for `%NAME%` in bindings and `<connection>__fullyQualifiedNamespace`; the environment of an
    /// executable.
    pub settings: BTreeMap<String, String>,
    /// The key that functions with `authLevel` other than `anonymous` ask for. `None`: they ask for none, as locally.
    pub function_key: Option<String>,
    /// The key of the administrator's API, which opens every function, too. `None`: it asks for none, as locally.
    pub master_key: Option<String>,
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
            master_key: None,
        }
    }
}
