//! The simulated world behind one lock, and the one way to call it.
mod on_its_way;

use crate::clock::http_date;
use crate::{Ask, Clock, Effect, Process, Reply, World, answer::NoAnswer, record::Call};
use crate::{hosts, latency::Drawn, resource_manager::action_of, router};
use axum::body::Body;
use bytes::Bytes;
use http::header;
use http_body_util::BodyExt;
use jiff::Timestamp;
use on_its_way::OnItsWay;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// What a proxy on the way says, with 200.
const PAGE: &str = "<!DOCTYPE html><html><body><h1>Service unavailable</h1></body></html>";

/// An answer of the script with this body.
fn said(kind: &str, body: Body) -> http::Result<Reply> {
    http::Response::builder().status(200).header(header::CONTENT_TYPE, kind).body(body)
}

/// A body of blanks that comes piece by piece.
fn poured(clock: Clock, piece: usize, pieces: u64, every: Duration, taken: Arc<AtomicU64>) -> Body {
    let blanks = Bytes::from(vec![b' '; piece]);
    Body::from_stream(futures::stream::unfold(0, move |come| {
        let (blanks, taken) = (blanks.clone(), taken.clone());
        async move {
            if come == pieces {
                return None;
            }
            if !every.is_zero() {
                clock.sleep(every).await;
            }
            taken.fetch_add(1, Ordering::Relaxed);
            Some((Ok::<_, NoAnswer>(blanks), come + 1))
        }
    }))
}

/// The simulated Azure. Clones share one world.
#[derive(Clone)]
pub struct SimulatedAzure {
    world: Arc<Mutex<World>>,
    clock: Clock,
    changed: Arc<tokio::sync::watch::Sender<u64>>,
}

impl SimulatedAzure {
    /// An empty world on this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let mut world = World::default();
        world.kubernetes.speed = clock.speed();
        Self { world: Arc::new(Mutex::new(world)), clock, changed: Arc::new(tokio::sync::watch::channel(0).0) }
    }

    /// The world's clock.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The world itself, to set it up, to script it, to look into it. Hold it briefly, never across an await.
    /// Users' requests that were due by now have been carried out.
    ///
    /// # Panics
    /// When an earlier holder panicked.
    pub fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().expect("a panic inside the simulation leaves no world to go on with");
        if !world.users.is_empty() {
            world.catch_up(self.clock.now());
        }
        world
    }

    /// Tells those who wait (the Functions host) that something may have changed.
    pub fn touch(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// A receiver that sees each [`touch`](Self::touch).
    #[must_use]
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// One call of `process`, with the faults of the script. A killed caller never gets an answer. A control plane's
    /// answer takes the time that the world's latency draws; what was sent to it arrives, also when nobody waits any more.
    ///
    /// # Errors
    /// When the script refuses the connection or loses the answer.
    ///
    /// # Panics
    /// When the script says so.
    pub async fn call(&self, process: &Process, request: http::Request<Body>) -> Result<Reply, NoAnswer> {
        if process.is_dead() {
            return std::future::pending().await;
        }
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| NoAnswer("the request's body broke"))?.to_bytes();
        let mut ask = http::Request::from_parts(parts, body);
        let (struck, drawn) = self.in_store(process, &mut ask);
        match struck {
            Some(Effect::Answer { status, headers, body }) => {
                let mut reply = http::Response::builder().status(status).header("content-type", "application/json");
                for (name, value) in headers {
                    reply = reply.header(name, value);
                }
                let reply = reply.body(Body::from(body.to_string()));
                self.answered(process, &ask, drawn, reply).await
            }
            Some(Effect::Page) => self.answered(process, &ask, drawn, said("text/html", Body::from(PAGE))).await,
            Some(Effect::Xml(text)) => {
                self.answered(process, &ask, drawn, said("application/xml", Body::from(text))).await
            }
            Some(Effect::Pour { piece, pieces, every, taken }) => {
                let body = poured(self.clock, piece, pieces, every, taken);
                self.answered(process, &ask, drawn, said("application/json", body)).await
            }
            Some(Effect::Misdate(later)) => {
                let mut reply = self.in_time(process, ask, drawn).await?;
                let date = self.clock.now().saturating_add(later).unwrap_or(Timestamp::MAX);
                if let Ok(date) = http_date(date).parse() {
                    reply.headers_mut().insert(header::DATE, date);
                }
                Ok(reply)
            }
            Some(Effect::Refuse) => {
                self.note(process, &ask, None);
                Err(NoAnswer("connection refused"))
            }
            Some(Effect::KillBefore) => self.kill(process).await,
            Some(Effect::Panic) => panic!("a fault of the script"),
            Some(Effect::KillAfter) => {
                // Whoever is dead does not care whether there was an answer.
                let _ = self.arrive(process, ask, drawn.before).await;
                self.kill(process).await
            }
            Some(Effect::LoseAnswer) => {
                self.arrive(process, ask, drawn.before).await?;
                self.pass(drawn.after).await;
                Err(NoAnswer("the connection broke before the answer"))
            }
            Some(Effect::Delay(time)) => {
                self.clock.sleep(time).await;
                self.in_time(process, ask, drawn).await
            }
            Some(Effect::DelayAnswer(time)) => {
                let reply = self.in_time(process, ask, drawn).await;
                self.clock.sleep(time).await;
                reply
            }
            None => self.in_time(process, ask, drawn).await,
        }
    }

    /// What the script and the world's latency have in store for a call.
    fn in_store(&self, process: &Process, ask: &mut Ask) -> (Option<Effect>, Drawn) {
        let mut world = self.world();
        let World { faults, latency, made, cloud, .. } = &mut *world;
        let struck = faults.strike(process, ask, self.clock.now());
        let latency = latency.as_ref().filter(|_| router::asks_control_plane(ask, *cloud));
        let drawn = latency.map(|latency| latency.draw(process, made)).unwrap_or_default();
        if let Some(look) = drawn.look {
            ask.extensions_mut().insert(look);
        }
        (struck, drawn)
    }

    async fn in_time(&self, process: &Process, ask: Ask, drawn: Drawn) -> Result<Reply, NoAnswer> {
        let reply = self.arrive(process, ask, drawn.before).await;
        self.pass(drawn.after).await;
        reply
    }

    /// Carries a call out when it has arrived, after this time.
    async fn arrive(&self, process: &Process, ask: Ask, time: Duration) -> Result<Reply, NoAnswer> {
        if time.is_zero() {
            return self.carry_out(process, &ask);
        }
        OnItsWay::sent(self, process, ask, time).arrived().await
    }

    /// The script's own answer.
    async fn answered(
        &self,
        process: &Process,
        ask: &Ask,
        drawn: Drawn,
        reply: http::Result<Reply>,
    ) -> Result<Reply, NoAnswer> {
        let reply = reply.map_err(|_| NoAnswer("the script's answer is no HTTP"))?;
        self.pass(drawn.before).await;
        self.note(process, ask, Some(reply.status()));
        self.pass(drawn.after).await;
        Ok(reply)
    }

    /// Waits while this much of the world's time passes; for none it does not even yield.
    async fn pass(&self, time: Duration) {
        if !time.is_zero() {
            self.clock.sleep(time).await;
        }
    }

    async fn kill(&self, process: &Process) -> Result<Reply, NoAnswer> {
        process.kill();
        std::future::pending().await
    }

    fn carry_out(&self, process: &Process, ask: &Ask) -> Result<Reply, NoAnswer> {
        let reply = router::respond(&mut self.world(), ask, self.clock.now());
        self.note(process, ask, reply.as_ref().ok().map(http::Response::status));
        if ask.method() != http::Method::GET {
            self.touch();
        }
        reply
    }

    fn note(&self, process: &Process, ask: &Ask, status: Option<http::StatusCode>) {
        let call = Call {
            at: self.clock.now(),
            process: process.name().into(),
            method: ask.method().clone(),
            host: hosts::host_of(ask).into(),
            path: ask.uri().path_and_query().map_or("/", |path| path.as_str()).into(),
            body: ask.body().clone(),
            status,
            action: action_of(ask),
        };
        self.world().note(call, ask);
    }
}
