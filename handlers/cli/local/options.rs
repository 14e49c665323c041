//! The options of `bluegreen local`.
use crate::local::failures::Failure;
use crate::local::live::Options;
use crate::local::own::Own;
use crate::process::config::FASTEST;
use clap::{Args, ValueEnum};
use simulated_azure::Cloud;
use simulated_azure::doors::Ports;
use simulated_azure::functions_host::Instances;
use std::path::{Path, PathBuf};

/// How to run it.
#[derive(Debug, Args)]
pub struct Local {
    /// So many seconds of the simulated world pass in one of ours: 60 takes two minutes, 300 half a minute. All of 1 to
    /// 1000 work on two cores; above 300 the world's time-outs are shorter than what a busy machine takes for a request
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=i64::from(FASTEST)))]
    pub speed: u32,
    /// Let a step fail: STEP, STEP:before, STEP:after or STEP:always
    #[arg(long, value_name = "STEP[:WHEN]")]
    pub fail: Option<Failure>,
    /// Play the controllers, workloads and stages of a site file of your own, in the shop's world
    #[arg(long, value_name = "FILE")]
    pub site: Option<PathBuf>,
    /// Kill a process of the function app with SIGKILL every few seconds
    #[arg(long)]
    pub chaos: bool,
    /// Every other process that is started anew is of this executable: an older or a newer build, as while a deployment goes on
    #[arg(long, value_name = "EXECUTABLE", requires = "chaos")]
    pub beside: Option<PathBuf>,
    /// Leave everything running after the upgrade, and say how to connect; Ctrl-C ends it with the upgrade's exit status
    #[arg(long)]
    pub keep: bool,
    /// Where certificates, kubeconfigs, addresses and the functions' log go; a temporary folder otherwise, which is kept
    /// when the upgrade ends in another way than it should
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Which functions share a process
    #[arg(long, value_enum, default_value_t = Sharing::One)]
    pub instances: Sharing,
    /// Users' requests a second
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rate: u32,
    /// End with one JSON object as the last line
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub ports: LocalPorts,
}

/// Which functions share a process.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Sharing {
    /// All of them, as on a dedicated plan
    One,
    /// None: each function has its own, as on Flex Consumption
    Each,
}

/// Ports of 127.0.0.1; any free one otherwise.
#[derive(Debug, Args)]
#[command(next_help_heading = "Ports (0: any that is free)")]
pub struct LocalPorts {
    /// Resource Manager
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    resource_manager_port: u16,
    /// Entra ID and managed identities
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    login_port: u16,
    /// Blob storage
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    blobs_port: u16,
    /// Service Bus, REST
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    service_bus_port: u16,
    /// Service Bus, AMQP without TLS
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    amqp_port: u16,
    /// Service Bus, AMQP with TLS
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    amqps_port: u16,
    /// API servers of all clusters
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    kubernetes_port: u16,
    /// Users' requests, through the gateway
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    gateway_port: u16,
    /// The Functions host
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    functions_port: u16,
}

impl Local {
    pub fn options(&self, folder: &Path, cloud: Cloud, own: Option<Own>) -> Options {
        let ports = &self.ports;
        Options {
            folder: folder.to_owned(),
            ports: Ports {
                resource_manager: ports.resource_manager_port,
                login: ports.login_port,
                blobs: ports.blobs_port,
                service_bus: ports.service_bus_port,
                kubernetes: ports.kubernetes_port,
                amqp: ports.amqp_port,
                amqps: ports.amqps_port,
            },
            gateway_port: ports.gateway_port,
            functions_port: ports.functions_port,
            speed: self.speed,
            rate: self.rate,
            instances: match self.instances {
                Sharing::One => Instances::One,
                Sharing::Each => Instances::EachFunction,
            },
            cloud,
            own,
        }
    }
}
