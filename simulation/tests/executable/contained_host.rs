//! The simulated Functions host as a program, started as `bluegreen contain` starts the real one: it hosts the package
//! that the environment names. `packaging/container/try` puts it into an image in place of the real host.
//!
//! It sends itself one request for an upgrade, and says on its output when that invocation began and ended.
use serde_json::Value;
use simulated_azure::functions_host::{FunctionCounts, FunctionsHost, Handler, HostOptions, Instances};
use simulated_azure::service_bus::{Message, QueueOptions};
use simulated_azure::{Clock, SimulatedAzure};
use std::{collections::BTreeMap, error::Error, net::Ipv4Addr, path::Path, sync::Arc, time::Duration};
use tokio::net::TcpListener;

const FUNCTION: &str = "RequestUpgrade";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    #[expect(clippy::disallowed_methods, reason = "an executable of its own; its child gets all of it, as in reality")]
    let settings: BTreeMap<String, String> = std::env::vars().collect();
    let setting = |name: &str| settings.get(name).ok_or_else(|| format!("expected the setting {name}"));
    let folder = setting("AzureWebJobsScriptRoot")?.clone();
    let port = setting("ASPNETCORE_URLS")?.rsplit(':').next().unwrap_or_default().parse()?;
    let keys = std::fs::read(Path::new(setting("FUNCTIONS_SECRETS_PATH")?).join("host.json"))?;
    let keys: Value = serde_json::from_slice(&keys)?;
    let master_key = keys["masterKey"]["value"].as_str().map(str::to_owned);
    if master_key.is_none() {
        return Err("there is no master key".into());
    }

    let azure = SimulatedAzure::new(Clock::running_at("2026-11-26T20:00:00Z".parse()?, 1));
    azure.world().service_bus.add_queue("upgrade-requests", QueueOptions::default());
    let (instances, run_timers) = (Instances::One, false);
    let options = HostOptions { instances, run_timers, settings, master_key, ..HostOptions::default() };
    let handler = Handler::Executable(Arc::new(|line| say(&line.text)));
    let host = Arc::new(FunctionsHost::start(azure.clone(), Path::new(&folder), options, handler)?);
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await?;
    let serving = tokio::spawn(axum::serve(listener, host.router()).into_future());
    host.ready().await;

    let request = Message::new(r#"{"site":"shop","version":"latest-patch"}"#);
    azure.world().service_bus.send("upgrade-requests", request, azure.clock().now())?;
    azure.touch();
    until(&host, |function| function.invocations > 0).await;
    say("an invocation is in flight");
    until(&host, |function| function.failures > 0).await;
    say("the invocation has ended");
    Ok(serving.await??)
}

async fn until(host: &FunctionsHost, holds: impl Fn(&FunctionCounts) -> bool) {
    while !host.counters().functions.get(FUNCTION).is_some_and(&holds) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[expect(clippy::print_stdout, reason = "it tells whoever started it")]
fn say(text: &str) {
    println!("{text}");
}
