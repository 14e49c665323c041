//! The function app: this very executable as the child of a Functions host, with the settings of a deployed one.
use super::Options;
use crate::local::api;
use crate::local::app_folder::AppFolder;
use crate::local::installation;
use anyhow::Context;
use simulated_azure::SimulatedAzure;
use simulated_azure::doors::Endpoints;
use simulated_azure::functions_host::{FunctionsHost, Handler, HostOptions, Line, Output};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// What the function app's processes write, in the data folder.
pub const LOG: &str = "functions.log";
/// The app's own folder there.
const APP: &str = "app";
/// Its processes listen within so long, or never will: real time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts it, and returns when every process listens.
pub(super) async fn start(
    azure: &SimulatedAzure,
    endpoints: &Endpoints,
    options: &Options,
) -> anyhow::Result<(Arc<FunctionsHost>, AppFolder)> {
    // Children find themselves elsewhere, so a relative path would lead them astray.
    let folder = std::path::absolute(&options.folder).context("the data folder has no place")?;
    let app = AppFolder::write_to(folder.join(APP)).context("failed to write the function app's folder")?;
    app.link_this_executable().context("failed to put this executable into the function app's folder")?;
    let settings = endpoints.app_settings().into_iter().map(|(name, value)| (name.to_owned(), value));
    let speed = ("BLUEGREEN_CLOCK_SPEED".to_owned(), options.speed.to_string());
    // So that a process that is just being started when this one ends notices it, too.
    let process = ("BLUEGREEN_HOST_PROCESS".to_owned(), std::process::id().to_string());
    let namespace = ("SERVICE_BUS_RESOURCE_ID".to_owned(), installation::namespace());
    let api = api::settings().map(|(name, value)| (name.to_owned(), value));
    let host = HostOptions {
        instances: options.instances,
        settings: settings.chain([speed, process, namespace]).chain(api).collect(),
        function_key: Some(key(endpoints)),
        master_key: Some(key(endpoints)),
        ..HostOptions::default()
    };
    let log = folder.join(LOG);
    let host = FunctionsHost::start(azure.clone(), app.path(), host, Handler::Executable(output(&log)?))?;
    let late = || format!("the function app did not start within {PATIENCE:?}: read {}", log.display());
    timeout(PATIENCE, host.ready()).await.with_context(late)?;
    Ok((Arc::new(host), app))
}

/// The key of the app's functions and of its administrator's API.
pub(super) fn key(endpoints: &Endpoints) -> String {
    endpoints.identity.header.clone()
}

/// Writes each line of the function app's processes to a file that only its owner can read.
fn output(path: &Path) -> anyhow::Result<Output> {
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    // Elsewhere the folder of a user is that user's alone.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path);
    let file = file.with_context(|| format!("failed to make {}", path.display()))?;
    Ok(Arc::new(move |line: Line| {
        // At once, so that two processes' lines do not meet in one; a full disk stops no upgrade.
        let _ = (&file).write_all(format!("{} {}\n", line.child, line.text).as_bytes());
    }))
}
