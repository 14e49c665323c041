//! One host instance and its child: starting, readiness, exits, restarts, giving up.
use super::{Shared, bus_listener, definition::Function, definition::Trigger, invocation, row::Row, timer};
use crate::Process;
use axum::{Router, body::Body};
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until, timeout},
};
use tower::ServiceExt;

/// From a child's end to the start of the next one.
const RESTART_AFTER: Duration = Duration::from_millis(100);
/// From the last straw to the host's end: it still abandons what failed.
const GIVE_UP_AFTER: Duration = Duration::from_millis(170);
const STRIKES: usize = 3;
const FORGIVEN_AFTER: SignedDuration = SignedDuration::from_mins(30);

/// The child as an invocation finds it.
#[derive(Clone)]
pub(super) enum Child {
    Starting,
    Ready(Process, Router),
    /// It exited with 0, which the host does not notice: its port refuses connections.
    Gone,
    HostStopped,
}

/// Why a child ended, when it was not killed from outside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Exit {
    Code(i32),
    Timeout,
}

#[derive(Default)]
struct Running {
    process: Option<Process>,
    exit: Option<Exit>,
}

/// An invocation that somebody asked for by hand.
pub(super) type Order = (Arc<Function>, Value);

pub(super) struct Instance {
    name: String,
    pub functions: Vec<Arc<Function>>,
    child: watch::Sender<Child>,
    running: Mutex<Running>,
    orders: mpsc::UnboundedSender<Order>,
}

impl Instance {
    pub fn new(name: String, functions: Vec<Arc<Function>>) -> (Arc<Self>, mpsc::UnboundedReceiver<Order>) {
        let (orders, receiver) = mpsc::unbounded_channel();
        let child = watch::channel(Child::Starting).0;
        (Arc::new(Self { name, functions, child, running: Mutex::default(), orders }), receiver)
    }

    pub async fn ready(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.child.subscribe().wait_for(|child| matches!(child, Child::Ready(..) | Child::Gone)).await;
    }

    /// The child, once it is known whether there is one.
    pub async fn child(&self) -> Child {
        let mut child = self.child.subscribe();
        child
            .wait_for(|child| !matches!(child, Child::Starting))
            .await
            .map_or(Child::HostStopped, |child| child.clone())
    }

    pub fn process(&self) -> Option<Process> {
        self.running().process.clone()
    }

    pub fn exit(&self, code: i32) {
        self.end(Exit::Code(code), None);
    }

    /// Kills the child for an invocation that took too long, unless another one runs by now.
    pub fn time_out(&self, process: &Process) {
        self.end(Exit::Timeout, Some(process));
    }

    pub fn stop(&self) {
        self.child.send_replace(Child::HostStopped);
        if let Some(process) = &self.running().process {
            process.kill();
        }
    }

    pub fn order(&self, order: Order) {
        // The receiver is gone only after the whole host was stopped; then nobody is invoked.
        let _ = self.orders.send(order);
    }

    fn end(&self, exit: Exit, only: Option<&Process>) {
        let mut running = self.running();
        let Some(process) = running.process.clone() else { return };
        if !process.is_dead() && only.is_none_or(|only| only.name() == process.name()) {
            running.exit = Some(exit);
            process.kill();
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The instance's whole life. Dropping it ends everything that the host and its child were doing.
pub(super) async fn run(shared: Arc<Shared>, instance: Arc<Instance>, mut orders: mpsc::UnboundedReceiver<Order>) {
    let mut starts = 0;
    loop {
        tokio::select! {
            biased;
            () = supervise(&shared, &instance, &mut starts) => {}
            () = work(&shared, &instance, &mut orders) => {}
        }
        instance.stop();
        shared.count.host(|counters| counters.stopped_hosts += 1);
        match shared.options.restart_stopped_host_after {
            Some(time) => sleep(time).await,
            None => return,
        }
    }
}

/// Starts children until the host gives up.
async fn supervise(shared: &Shared, instance: &Instance, starts: &mut u32) {
    let mut strikes: Vec<Timestamp> = vec![];
    for number in 0.. {
        *starts += 1;
        if number > 0 {
            shared.count.host(|counters| counters.restarts += 1);
        }
        let exit = live(shared, instance, *starts).await;
        instance.child.send_replace(Child::Starting);
        if !matches!(exit, Some(Exit::Timeout | Exit::Code(200))) {
            let now = shared.azure.clock().now();
            if strikes.last().is_some_and(|last| now.duration_since(*last) > FORGIVEN_AFTER) {
                strikes.clear();
            }
            strikes.push(now);
            if strikes.len() >= STRIKES {
                return sleep(GIVE_UP_AFTER).await;
            }
        }
        sleep(RESTART_AFTER).await;
    }
}

/// One child from its start to the end that the host notices.
async fn live(shared: &Shared, instance: &Instance, number: u32) -> Option<Exit> {
    let began = Instant::now();
    let process = Process::new(&format!("{}#{number}", instance.name));
    *instance.running() = Running { process: Some(process.clone()), exit: None };
    let start = std::panic::catch_unwind(AssertUnwindSafe(|| (shared.start)(process.clone())));
    let Ok(router) = start else {
        // What a process does that panics before it listens.
        process.kill();
        return Some(Exit::Code(101));
    };
    let is_ready = tokio::select! {
        biased;
        () = process.dead() => false,
        // Any answer will do; a child that takes the connection and never answers is waited for, and then taken too.
        _ = timeout(shared.app.function_timeout + Duration::from_secs(60), ping(router.clone())) => true,
    };
    if is_ready {
        instance.child.send_replace(Child::Ready(process.clone(), router));
        process.dead().await;
    }
    let exit = instance.running().exit;
    if exit == Some(Exit::Code(0)) {
        if is_ready {
            instance.child.send_replace(Child::Gone);
            return std::future::pending().await;
        }
        sleep_until(began + shared.app.initialization_timeout).await;
    }
    exit
}

async fn ping(router: Router) {
    let request = http::Request::get("/").header("host", "127.0.0.1").body(Body::empty());
    if let Ok(request) = request {
        // A panic breaks the connection, which counts as an answer too.
        let _ = AssertUnwindSafe(router.oneshot(request)).catch_unwind().await;
    }
}

/// Listens to all triggers. It never ends by itself.
async fn work(shared: &Shared, instance: &Instance, orders: &mut mpsc::UnboundedReceiver<Order>) {
    instance.ready().await;
    let mut tasks = Row::default();
    for function in &instance.functions {
        match &function.trigger {
            Trigger::Bus { .. } => tasks.push(bus_listener::listen(shared, instance, function).boxed()),
            Trigger::Timer { .. } => tasks.push(timer::run(shared, instance, function).boxed()),
            Trigger::Http(_) => {}
        }
    }
    loop {
        tokio::select! {
            biased;
            () = tasks.next() => {}
            Some((function, envelope)) = orders.recv() => {
                let order = async move {
                    // Nobody waits for it: a failure is in the counters alone.
                    let _ = invocation::invoke(shared, instance, &function, &envelope).await;
                };
                tasks.push(order.boxed());
            }
        }
    }
}
