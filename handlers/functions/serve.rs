//! The process that the Functions host starts: it listens, ends with its host, and never exits 0 while it serves.
use crate::azure::identity;
use crate::functions::app::App;
use crate::functions::at_work::AtWork;
use crate::functions::host::router;
use crate::process::config::Config;
use crate::process::limits::{Bounded, LARGEST_PAGE};
use crate::process::system::{interrupted, is_child_of, parent, terminated};
use crate::process::telemetry::insights::Insights;
use crate::process::telemetry::{self, Destinations, Telemetry};
use crate::process::wire::{Wire, sockets};
use anyhow::Context;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use azure_core::http::{HttpClient, Transport};
use std::net::Ipv4Addr;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tracing::{error, info, warn};

/// Exit status that the host takes for a wish to be started again; 0 it would not even notice.
const START_ME_AGAIN: u8 = 200;
/// What is at work is waited for so long after SIGTERM: real time, for it is the platform's patience with a process.
const FINISH: Duration = Duration::from_secs(170);

/// Serves until the host is gone or a signal comes.
///
/// # Errors
/// When a setting is wrong, or the port cannot be had: exit status 1, so that the host counts it.
pub fn serve() -> anyhow::Result<ExitCode> {
    // First of all: a host that ends before this is never missed, unless it has said who it is.
    let parent = parent();
    let config = Config::from_environment()?;
    let host = config.host.unwrap_or(parent);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let http = sockets()?;
    let telemetry = begin_to_tell(&config, &http, runtime.handle())?;
    let wire = Wire::over(&http, telemetry.signals());
    let ended = runtime.block_on(listen(&config, host, &wire, &telemetry));
    // Dropped, it would wait for whoever does not take what it has.
    std::mem::forget(telemetry);
    ended
}

/// Logs from here on, and collects. It has a client of its own: how it sends is not measured, and asks for no token of
/// anybody else's.
fn begin_to_tell(config: &Config, http: &Arc<dyn HttpClient>, runtime: &Handle) -> anyhow::Result<Telemetry> {
    let transport = Transport::new(Arc::new(Bounded::new(http.clone(), LARGEST_PAGE)));
    let insights = match &config.insights {
        Ok(Some(address)) => {
            let credential = identity::managed(config.client_id.as_deref(), &transport);
            credential.map(|credential| Some(Insights::new(address.clone(), &credential, &transport, runtime.clone())))
        }
        Ok(None) => Ok(None),
        Err(why) => Err(anyhow::anyhow!("{why}")),
    };
    let (insights, wrong) = insights.map_or_else(|why| (None, Some(why)), |insights| (insights, None));
    let telemetry = telemetry::start(&config.log, Destinations { otlp: config.otlp.clone(), insights })?;
    if let Some(why) = wrong {
        warn!("nothing is sent to Application Insights: {why:#}");
    }
    Ok(telemetry)
}

async fn listen(config: &Config, host: u32, wire: &Wire, telemetry: &Telemetry) -> anyhow::Result<ExitCode> {
    let port = config.port.context("FUNCTIONS_CUSTOMHANDLER_PORT is missing: the Functions host sets it")?;
    // Before anybody can call us: a signal that nobody listens for ends the process at once.
    let (mut terminated, mut interrupted) = (terminated()?, interrupted()?);
    let credential = identity::managed(config.client_id.as_deref(), &wire.http)?;
    let app = App::new(config, &credential, wire)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener = listener.with_context(|| format!("failed to listen on 127.0.0.1:{port}"))?;
    let leaving = Leaving { at_work: app.at_work.clone(), ..Leaving::default() };
    let mut serving = pin!(axum::serve(listener, leaving.guard(router(app))).into_future());
    let mut orphaned = pin!(orphaned(host));
    info!(port, "serving");
    tokio::select! {
        ended = &mut serving => {
            error!(?ended, "the listener ended");
            return Ok(ExitCode::from(1));
        }
        _ = terminated.recv() => info!("SIGTERM"),
        _ = interrupted.recv() => info!("SIGINT"),
        () = &mut orphaned => return Ok(without_host()),
    }
    // Nothing is in flight any more when the last is told. Without a host nobody waits for that: something may be.
    let gone = async {
        leaving.leave().await;
        telemetry.end().await;
    };
    // It still takes connections: one that is refused burns a delivery at once, like an answer does.
    tokio::select! {
        () = gone => {}
        ended = serving => {
            error!(?ended, "the listener ended");
            leaving.leave().await;
        }
        () = orphaned => return Ok(without_host()),
    }
    Ok(ExitCode::from(START_ME_AGAIN))
}

/// A killed host leaves its handler alive, still acting beside the redelivered message.
fn without_host() -> ExitCode {
    error!("the host is gone");
    ExitCode::from(1)
}

/// Returns when the parent process is not this one.
async fn orphaned(host: u32) {
    while is_child_of(host) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Waits for what is at work, and lets nothing new begin once the process is leaving.
#[derive(Clone, Default)]
struct Leaving {
    is_leaving: Arc<AtomicBool>,
    at_work: AtWork,
}

impl Leaving {
    fn guard(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), Self::pass))
    }

    async fn pass(State(leaving): State<Self>, request: Request, next: Next) -> Response {
        if leaving.is_leaving.load(Ordering::SeqCst) {
            // A refusal would burn ten deliveries in half a second; each request that hangs costs one.
            return std::future::pending().await;
        }
        let _one = leaving.at_work.begins();
        next.run(request).await
    }

    async fn leave(&self) {
        self.is_leaving.store(true, Ordering::SeqCst);
        let finished = async {
            while !self.at_work.is_over() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(FINISH, finished).await.is_err() {
            error!("what was at work did not end in time");
        }
    }
}
