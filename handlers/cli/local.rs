//! `bluegreen local`: the whole system for real on this machine, and one upgrade in it.
mod options;

pub use options::Local;

use super::own::own;
use super::say;
use super::simulate::{cloud, verdict};
use crate::local::live::{LOG, Live, chaos};
use crate::local::own::Own;
use crate::local::screen::Screen;
use crate::local::story::{Plot, Told, play};
use crate::local::timeline::{next, totals};
use crate::process::system::{hung_up, interrupted, terminated};
use anyhow::Context;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;

/// Whether there is a later run is looked at so often.
const FRAME: Duration = Duration::from_millis(200);
/// What goes on at the end is waited for so long.
const FINISH: Duration = Duration::from_secs(1);

/// What ended it before its time: the exit status by which shells know a signal.
enum Stopped {
    HungUp = 129,
    Interrupted = 130,
    Terminated = 143,
}

/// Runs it.
pub fn local(arguments: Local) -> anyhow::Result<ExitCode> {
    let own = match arguments.site.as_deref().map(|file| own(file, cloud()?)).transpose()? {
        Some(Err(status)) => return Ok(status),
        found => found.and_then(Result::ok),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let status = runtime.block_on(run(arguments, own));
    // Tasks are waited for, because one may just be starting a process, but not what still reads from a connection that
    // nobody will write to again.
    runtime.shutdown_timeout(FINISH);
    status
}

async fn run(arguments: Local, own: Option<Own>) -> anyhow::Result<ExitCode> {
    let (mut hung_up, mut interrupted, mut terminated) = (hung_up()?, interrupted()?, terminated()?);
    let stopped = async {
        tokio::select! {
            _ = hung_up.recv() => Stopped::HungUp,
            _ = interrupted.recv() => Stopped::Interrupted,
            _ = terminated.recv() => Stopped::Terminated,
        }
    };
    tokio::pin!(stopped);
    let (folder, temporary) = match &arguments.data {
        Some(folder) => (folder.clone(), None),
        None => {
            let made = tempfile::Builder::new().prefix("bluegreen-local-").tempdir();
            let made = made.context("failed to make a temporary folder: name one with --data")?;
            (made.path().to_owned(), Some(made))
        }
    };
    tokio::select! {
        played = whole(&arguments, &folder, own) => {
            if !played.as_ref().is_ok_and(|(_, status)| *status == ExitCode::SUCCESS) {
                kept(temporary);
            }
            let (live, status) = played?;
            if arguments.keep {
                say(&live.connect()?)?;
                tokio::select! {
                    _ = &mut stopped => {}
                    failed = later(&live) => match failed? {},
                }
            }
            Ok(status)
        }
        stopped = &mut stopped => {
            eprintln!("bluegreen: stopped before the end");
            Ok(ExitCode::from(stopped as u8))
        }
    }
}

/// Shows later runs as the first one, for as long as it is polled.
async fn later(live: &Live) -> anyhow::Result<std::convert::Infallible> {
    let present = || live.scene.run().map(|run| run.id.clone());
    let mut known = present();
    loop {
        if present() != known {
            known = present();
            let mut screen = Screen::stdout();
            loop {
                let run = live.scene.run().filter(|run| Some(&run.id) == known.as_ref());
                screen.show(&live.scene, run.as_ref(), live.began, None)?;
                if run.is_none_or(|run| run.ending.is_some()) {
                    break;
                }
                tokio::time::sleep(FRAME).await;
            }
        }
        tokio::time::sleep(FRAME).await;
    }
}

/// Leaves what the functions said to whoever wants to know why it came so.
fn kept(temporary: Option<TempDir>) {
    if let Some(folder) = temporary.filter(|folder| folder.path().join(LOG).exists()) {
        eprintln!("bluegreen: what the functions said is in {}", folder.keep().join(LOG).display());
    }
}

/// One upgrade from the opening to the summary. Dropping it, or what it returns, ends everything.
async fn whole(arguments: &Local, folder: &Path, own: Option<Own>) -> anyhow::Result<(Live, ExitCode)> {
    let began = Instant::now();
    let place = folder.display();
    say(&format!(
        "Starting the simulated Azure, the gateway and the function app.\nAddresses, keys, logs: {place}\n\n"
    ))?;
    let live = Live::open(arguments.options(folder, cloud()?, own)).await?;
    let plot = Plot { failure: arguments.fail, over_sockets: true, ..Plot::default() };
    let deaths = AtomicUsize::new(0);
    let killed = || arguments.chaos.then(|| deaths.load(Ordering::Relaxed));
    let mut screen = Screen::stdout();
    let told: Told = tokio::select! {
        told = play(&live.scene, plot) => told?,
        failed = screen.follow(&live.scene, live.began, killed) => match failed? {},
        failed = kill(arguments, &live, &deaths) => match failed? {},
    };
    screen.show(&live.scene, Some(&told.run), live.began, killed())?;
    let wall = began.elapsed();
    say(&totals(&live.scene, &told, wall))?;
    if let Some(killed) = killed() {
        say(&format!("  processes killed {killed}\n"))?;
    }
    say(&next(arguments.keep))?;
    if arguments.json {
        say(&format!("{}\n", told.summary(wall)))?;
    }
    Ok((live, verdict(&told, arguments.fail)))
}

async fn kill(arguments: &Local, live: &Live, deaths: &AtomicUsize) -> anyhow::Result<std::convert::Infallible> {
    if !arguments.chaos {
        return std::future::pending().await;
    }
    let beside = arguments.beside.as_deref();
    chaos(&live.host, |_| {
        let is_its_turn = deaths.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
        if beside.is_some() { live.deploy(beside.filter(|_| is_its_turn)) } else { Ok(()) }
    })
    .await
}
