//! The entry point of our container: it starts the Functions host, and on SIGTERM lets it finish what it began. The host
//! itself does not: told to stop, it stops, and what is in flight is lost and delivered again.
use crate::process::system::{interrupted, terminated};
use anyhow::{Context as _, bail};
use azure_core::Uuid;
use azure_core::http::{Context, Method, Pipeline, PipelineSendOptions, Request, Transport, Url};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};
use tracing::{error, info};

/// How the Functions host is started in a container.
#[derive(Debug, Args)]
pub struct Contain {
    /// The port that the host listens on
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// A folder for the host's keys, which is made
    #[arg(long, default_value = "/tmp/secrets")]
    secrets: PathBuf,
    /// A file with the key that callers of the HTTP function give; without it nobody has one
    #[arg(long)]
    function_key: Option<PathBuf>,
    /// The host's command line
    #[arg(last = true, required = true)]
    host: Vec<String>,
}

/// An invocation is over within 160 s. Real time: it is the platform's patience with a container.
const FINISH: Duration = Duration::from_secs(180);
/// One call to the host beside us. Real time: it guards a socket.
const ANSWER: Duration = Duration::from_secs(5);

/// Runs the host until it ends or a signal comes; then drains it.
///
/// # Errors
/// When the keys cannot be written, or the host cannot be started.
pub fn contain(contain: &Contain) -> anyhow::Result<ExitCode> {
    crate::process::telemetry::log("warn,bluegreen=info")?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(contain))
}

async fn run(contain: &Contain) -> anyhow::Result<ExitCode> {
    // Nobody else has it: it is made anew at each start.
    let master = random_key();
    let function = match &contain.function_key {
        Some(file) => read(file)?,
        None => random_key(),
    };
    write_keys(&contain.secrets, &master, &function)?;
    let (mut terminated, mut interrupted) = (terminated()?, interrupted()?);
    // Before there is a host: what cannot be drained must not be started.
    let transport = crate::process::wire::Wire::sockets()?.http;
    let mut host = start(contain)?;
    tokio::select! {
        ended = host.wait() => {
            let ended = ended.context("failed to wait for the host")?;
            error!(%ended, "the host ended by itself");
            // Never 0: nothing was asked to end.
            let code = ended.code().and_then(|code| u8::try_from(code).ok()).filter(|code| *code > 0);
            return Ok(ExitCode::from(code.unwrap_or(1)));
        }
        _ = terminated.recv() => info!("SIGTERM"),
        _ = interrupted.recv() => info!("SIGINT"),
    }
    let base = format!("http://127.0.0.1:{}", contain.port).parse()?;
    match timeout(FINISH, drain(&transport, &base, &master)).await {
        Ok(Ok(())) => info!("everything in flight has ended"),
        Ok(Err(why)) => error!("the host could not be drained: {why:#}"),
        Err(_) => error!("something was still in flight after {} s", FINISH.as_secs()),
    }
    host.kill().await.context("failed to end the host")?;
    Ok(ExitCode::SUCCESS)
}

fn random_key() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

fn read(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
    let key = text.trim();
    if key.len() < 16 {
        bail!("{} holds {} characters: expected a key of 16 or more", file.display(), key.len());
    }
    Ok(key.to_owned())
}

/// The keys in the form in which the host keeps them itself, in files.
fn write_keys(folder: &Path, master: &str, function: &str) -> anyhow::Result<()> {
    let key = |name: &str, value: &str| json!({"name": name, "value": value, "encrypted": false});
    let keys = json!({
        "masterKey": key("master", master), "functionKeys": [key("default", function)], "systemKeys": [],
    });
    let file = folder.join("host.json");
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&file, serde_json::to_vec(&keys)?))
        .with_context(|| format!("failed to write the host's keys to {}", file.display()))
}

fn start(contain: &Contain) -> anyhow::Result<Child> {
    let [program, arguments @ ..] = &contain.host[..] else { bail!("the host's command line is empty") };
    Command::new(program)
        .args(arguments)
        .env("AzureWebJobsSecretStorageType", "files")
        .env("FUNCTIONS_SECRETS_PATH", &contain.secrets)
        .env("ASPNETCORE_URLS", format!("http://+:{}", contain.port))
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("failed to start the host: {program}"))
}

/// Tells the host at this address to begin nothing new, and waits until it says that nothing is in flight.
///
/// # Errors
/// When it does not take the wish. Later calls that fail are made again.
pub async fn drain(transport: &Transport, base: &Url, master: &str) -> anyhow::Result<()> {
    let options = crate::azure::patience::for_writing(transport);
    let pipeline = Pipeline::new(None, None, options, vec![], vec![], None);
    let ask = async |method: Method, path: &str| -> anyhow::Result<(u16, Value)> {
        let mut request = Request::new(base.join(path)?, method);
        request.insert_header("x-functions-key", master.to_owned());
        let options = PipelineSendOptions { skip_checks: true, ..PipelineSendOptions::default() };
        let context = Context::new();
        let answer = timeout(ANSWER, pipeline.send(&context, &mut request, Some(options))).await??;
        let body = serde_json::from_slice(answer.body().as_ref()).unwrap_or_default();
        Ok((u16::from(answer.status()), body))
    };
    let (status, _) = ask(Method::Post, "/admin/host/drain").await?;
    if status != 202 {
        bail!("POST /admin/host/drain answered {status}; expected 202");
    }
    loop {
        match ask(Method::Get, "/admin/host/drain/status").await {
            Ok((200, body)) if body["state"] == "Completed" => return Ok(()),
            Ok((_, body)) => info!(outstanding = %body["outstandingInvocations"], "waiting for what is in flight"),
            Err(why) => info!("the host did not say how far it is: {why:#}"),
        }
        sleep(Duration::from_secs(1)).await;
    }
}
