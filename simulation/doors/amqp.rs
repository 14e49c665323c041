//! One AMQP connection: bytes between a stream and the engine, and the waiting that the engine asks for.
mod handshake;

use crate::service_bus::amqp::{Bus, Engine, codec::frame};
use crate::{Process, SimulatedAzure};
use bytes::{Buf, BytesMut};
use std::{io, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Instant, sleep, sleep_until, timeout},
};

/// How long a peer may take to agree on the protocol, and to take the last bytes. Real time, as all time-outs of the
/// connection itself: they are about the peer's process, not about the simulated world.
const PATIENCE: Duration = Duration::from_secs(60);
/// A peer that says nothing for twice the time that it is told is gone.
const SILENCE: Duration = Duration::from_secs(480);
/// Empty frames are sent at least so often, as the service does.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// No answer comes sooner, as none of the service does. Clients on fe2o3-amqp 0.14 (azservicebus 0.25, azure_core_amqp
/// 1.1) wait for ever when a settlement arrives before they have noted their own delivery.
const LATENCY: Duration = Duration::from_millis(2);
/// So much is read at a time.
const READ_SIZE: usize = 1 << 14;
/// More is not produced until the peer has taken some.
const MOST_OUTPUT: usize = 1 << 20;

/// Speaks AMQP over `stream` as the Service Bus namespaces of `azure`, until either side closes or `process`, the
/// client, is killed.
pub async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    azure: SimulatedAzure,
    process: Process,
    mut stream: S,
) {
    let mut input = BytesMut::new();
    tokio::select! {
        () = process.dead() => return,
        greeted = timeout(PATIENCE, handshake::greet(&mut stream, &mut input)) => match greeted {
            Ok(Ok(())) => {}
            _ => return,
        },
    }
    let mut connection = Connection { engine: Engine::default(), azure, input };
    tokio::select! {
        () = process.dead() => {}
        // Whatever broke, the peer is gone; what it held is released below.
        _ = connection.run(stream) => {}
    }
    connection.with_bus(Engine::release_all);
}

struct Connection {
    engine: Engine,
    azure: SimulatedAzure,
    input: BytesMut,
}

impl Connection {
    async fn run<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: S) -> io::Result<()> {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut changes = self.azure.changes();
        let (mut heard, mut spoke) = (Instant::now(), Instant::now());
        let mut needs_flush = false;
        while !self.engine.is_closed {
            changes.borrow_and_update();
            self.digest();
            self.keep_alive(heard, spoke);
            if self.engine.is_closed {
                break;
            }
            let wake = self.engine.wake;
            let clock = self.azure.clock();
            let next_change = async {
                match wake.world {
                    Some(moment) => clock.until(moment).await,
                    None => std::future::pending().await,
                }
            };
            let beat = (spoke + self.heartbeat()).min(heard + SILENCE);
            let out = &self.engine.out;
            let outward = async {
                if !out.is_empty() {
                    writer.write(out).await.map(Some)
                } else if needs_flush {
                    writer.flush().await.map(|()| None)
                } else {
                    std::future::pending().await
                }
            };
            self.input.reserve(READ_SIZE);
            let may_read = self.engine.out.len() < MOST_OUTPUT;
            tokio::select! {
                count = reader.read_buf(&mut self.input), if may_read => {
                    if count? == 0 {
                        return Ok(());
                    }
                    heard = Instant::now();
                    sleep(LATENCY).await;
                }
                written = outward => match written? {
                    Some(0) => return Ok(()),
                    Some(count) => {
                        self.engine.out.advance(count);
                        spoke = Instant::now();
                        needs_flush = true;
                    }
                    None => needs_flush = false,
                },
                // The world outlives its connections, so this cannot fail.
                _ = changes.changed() => {}
                () = next_change => {}
                () = sleep_until(wake.real.map_or(beat, |real| real.min(beat))) => {}
            }
        }
        timeout(PATIENCE, part(reader, writer, &self.engine.out)).await.unwrap_or(Ok(()))
    }

    /// Gives a sign of life if it is time for one, and gives the peer up if it has given none for too long.
    fn keep_alive(&mut self, heard: Instant, spoke: Instant) {
        if self.engine.out.is_empty() && spoke.elapsed() >= self.heartbeat() {
            frame::put_empty(&mut self.engine.out);
        }
        if heard.elapsed() >= SILENCE {
            self.engine.give_up("the peer was silent for too long");
        }
    }

    /// Takes what has arrived, and produces what may be sent.
    fn digest(&mut self) {
        let mut input = std::mem::take(&mut self.input);
        self.with_bus(|engine, bus| {
            while !engine.is_closed && engine.out.len() < MOST_OUTPUT {
                match frame::take(&mut input) {
                    Ok(Some(frame)) => engine.take(frame, bus),
                    Ok(None) => break,
                    Err(error) => engine.fail(&error),
                }
            }
            engine.deliver(bus, MOST_OUTPUT);
        });
        self.input = input;
    }

    fn with_bus(&mut self, work: impl FnOnce(&mut Engine, &mut Bus<'_>)) {
        let mut world = self.azure.world();
        let broker = &mut world.service_bus;
        let dead_before = broker.dead_letters();
        let mut bus = Bus { broker, now: self.azure.clock().now(), instant: Instant::now(), has_changed: false };
        work(&mut self.engine, &mut bus);
        let has_changed = bus.has_changed || bus.broker.dead_letters() != dead_before;
        drop(world);
        if has_changed {
            self.azure.touch();
        }
    }

    fn heartbeat(&self) -> Duration {
        let asked = self.engine.peer_idle.map(|idle| (idle / 2).max(Duration::from_millis(100)));
        asked.map_or(HEARTBEAT, |asked| asked.min(HEARTBEAT))
    }
}

/// Sends the last bytes, and waits until the peer has closed its side, too.
async fn part(mut reader: impl AsyncRead + Unpin, mut writer: impl AsyncWrite + Unpin, out: &[u8]) -> io::Result<()> {
    writer.write_all(out).await?;
    writer.shutdown().await?;
    // Closing a socket with unread bytes in it would take the last frames back from the peer.
    let mut rest = [0; 4096];
    while reader.read(&mut rest).await? > 0 {}
    Ok(())
}
