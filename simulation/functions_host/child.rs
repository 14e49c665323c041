//! A child, whatever it is: how it starts, and how it is seen to end.
use super::{
    instance::Exit,
    output::{Line, Stream},
    port::Port,
    program::Program,
    shared::{Runs, Shared},
};
use crate::Process;
use std::panic::AssertUnwindSafe;

/// Starts a child and gives the way to its port. `None`: it could not be started, which is like a child that exits.
pub(super) async fn start(
    shared: &Shared,
    process: &Process,
    port: &mut Option<u16>,
) -> Option<(Port, Option<Program>)> {
    match &shared.runs {
        Runs::Router(start) => {
            // What a process does that panics before it listens.
            let router = std::panic::catch_unwind(AssertUnwindSafe(|| start(process.clone()))).ok()?;
            Some((Port::Router(router), None))
        }
        Runs::Executable(launch, output) => {
            let started = async {
                let number = match *port {
                    Some(number) => number,
                    None => *port.insert(shared.ports.take().await?),
                };
                let command = launch.command(number, &shared.count.guid());
                std::io::Result::Ok((Port::socket(number), Some(Program::start(command, process.name(), output)?)))
            };
            let failed = |error: std::io::Error| {
                let text = format!("the host failed to start the handler: {error}");
                output(Line { child: process.name().into(), stream: Stream::Stderr, text });
            };
            started.await.map_err(failed).ok()
        }
    }
}

/// Returns when the child has ended by itself, with its exit code, or shall end.
pub(super) async fn ended(process: &Process, program: Option<&mut Program>) -> Option<Exit> {
    let Some(program) = program else {
        process.dead().await;
        return None;
    };
    tokio::select! {
        biased;
        () = process.dead() => None,
        // Without a code it died by a signal.
        status = program.ended() => status.ok().and_then(|status| status.code()).map(Exit::Code),
    }
}
