//! `bluegreen local`: the whole system for real on this machine, and one upgrade in it.
use super::say;
use super::simulate::verdict;
use crate::local::failures::Failure;
use crate::local::live::{Live, Options, chaos, connect};
use crate::local::screen::Screen;
use crate::local::story::{Plot, Told, play};
use crate::local::timeline::totals;
use anyhow::Context;
use clap::{Args, ValueEnum};
use simulated_azure::doors::Ports;
use simulated_azure::functions_host::Instances;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

/// How to run it.
#[derive(Debug, Args)]
pub struct Local {
    /// So many seconds of the simulated world pass in one of ours
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=1000))]
    speed: u32,
    /// Let a step fail: STEP, STEP:before, STEP:after or STEP:always
    #[arg(long, value_name = "STEP[:WHEN]")]
    fail: Option<Failure>,
    /// Kill a process of the function app with SIGKILL every few seconds
    #[arg(long)]
    chaos: bool,
    /// Leave everything running after the upgrade, and say how to connect
    #[arg(long)]
    keep: bool,
    /// Where certificates, kubeconfigs, addresses and logs go (a new temporary folder otherwise)
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Which functions share a process
    #[arg(long, value_enum, default_value_t = Sharing::One)]
    instances: Sharing,
    /// Users' requests a second
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rate: u32,
    /// End with one JSON object as the last line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    ports: LocalPorts,
}

/// Which functions share a process.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sharing {
    /// All of them, as on a dedicated plan
    One,
    /// None: each function has its own, as on Flex Consumption
    Each,
}

/// Ports of 127.0.0.1; any free one otherwise.
#[derive(Debug, Args)]
#[command(next_help_heading = "Ports (0: any that is free)")]
struct LocalPorts {
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

/// What ended it before its time: the exit status by which shells know a signal.
enum Stopped {
    Interrupted = 130,
    Terminated = 143,
}

/// Runs it.
pub fn local(arguments: Local) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let status = runtime.block_on(run(arguments));
    // What still reads from a connection that nobody will write to again is not waited for.
    runtime.shutdown_background();
    status
}

async fn run(arguments: Local) -> anyhow::Result<ExitCode> {
    let (mut interrupted, mut terminated) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stopped = async {
        tokio::select! {
            _ = interrupted.recv() => Stopped::Interrupted,
            _ = terminated.recv() => Stopped::Terminated,
        }
    };
    tokio::pin!(stopped);
    let temporary = tempfile::Builder::new().prefix("bluegreen-local-").tempdir();
    let temporary = temporary.context("failed to make a temporary folder: name one with --data")?;
    let folder = arguments.data.clone().unwrap_or_else(|| temporary.path().to_owned());
    tokio::select! {
        played = whole(&arguments, &folder) => {
            let (live, status) = played?;
            if arguments.keep {
                say(&connect(live.endpoints(), &folder));
                (&mut stopped).await;
            }
            live.close().await;
            Ok(status)
        }
        stopped = &mut stopped => {
            say("\nStopped before its end.\n");
            Ok(ExitCode::from(stopped as u8))
        }
    }
}

/// One upgrade from the opening to the summary. Dropping it ends everything.
async fn whole(arguments: &Local, folder: &Path) -> anyhow::Result<(Live, ExitCode)> {
    let began = Instant::now();
    let is_terminal = std::io::stdout().is_terminal();
    say(&format!("Starting the simulated Azure, the gateway and the function app in {} ...\n", folder.display()));
    let live = Live::open(arguments.options(folder)).await?;
    let plot = Plot { failure: arguments.fail, over_sockets: true, ..Plot::default() };
    let killed = AtomicUsize::new(0);
    let mut screen = Screen::new(is_terminal);
    let told: Told = tokio::select! {
        told = play(&live.scene, plot) => told?,
        never = screen.follow(&live.scene, live.began, || killed.load(Ordering::Relaxed), say) => match never {},
        never = deaths(arguments.chaos, &live, &killed) => match never {},
    };
    screen.show(&live.scene, Some(&told.run), live.began, killed.load(Ordering::Relaxed), &say);
    screen.end();
    let wall = began.elapsed();
    say(&totals(&live.scene, &told, wall));
    if arguments.chaos {
        say(&format!("  processes killed {}\n", killed.load(Ordering::Relaxed)));
    }
    if arguments.json {
        say(&format!("{}\n", told.summary(wall)));
    }
    Ok((live, verdict(&told, arguments.fail)))
}

async fn deaths(wanted: bool, live: &Live, killed: &AtomicUsize) -> std::convert::Infallible {
    if !wanted {
        return std::future::pending().await;
    }
    chaos(&live.host, |_| {
        killed.fetch_add(1, Ordering::Relaxed);
    })
    .await
}

impl Local {
    fn options(&self, folder: &Path) -> Options {
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
        }
    }
}
