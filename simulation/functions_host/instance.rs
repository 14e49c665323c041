//! One host instance and its child, as everybody else sees them.
use super::{definition::Function, port::Port, program::Group};
use crate::Process;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, watch};

/// The child as an invocation finds it.
#[derive(Clone)]
pub(super) enum Child {
    Starting,
    Ready(Process, Port),
    /// It exited with 0, which the host does not notice: its port refuses connections.
    Gone,
    HostStopped,
}

/// A child that lives.
#[derive(Clone, Debug)]
pub struct LivingChild {
    /// The functions that it serves.
    pub functions: Vec<String>,
    /// Its identity in the simulated world; killing this kills it.
    pub process: Process,
    /// The operating system's id of an executable; it is also the id of its process group. `None` for a router.
    pub pid: Option<u32>,
}

/// Why a child ended, when it was not killed from outside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    Code(i32),
    Timeout,
}

/// The present child.
#[derive(Default)]
pub(super) struct Running {
    pub process: Option<Process>,
    pub exit: Option<Exit>,
    /// That of an executable, while it lives.
    pub group: Option<Group>,
}

/// An invocation that somebody asked for by hand.
pub(super) type Order = (Arc<Function>, Value);

pub(super) struct Instance {
    pub name: String,
    pub functions: Vec<Arc<Function>>,
    pub child: watch::Sender<Child>,
    running: Mutex<Running>,
    orders: mpsc::UnboundedSender<Order>,
    draining: watch::Sender<bool>,
}

impl Instance {
    pub fn new(name: String, functions: Vec<Arc<Function>>) -> (Arc<Self>, mpsc::UnboundedReceiver<Order>) {
        let (orders, receiver) = mpsc::unbounded_channel();
        let child = watch::channel(Child::Starting).0;
        let draining = watch::channel(false).0;
        (Arc::new(Self { name, functions, child, running: Mutex::default(), orders, draining }), receiver)
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

    /// The process that lives, with its id in the operating system if it has one.
    pub fn living(&self) -> Option<(Process, Option<u32>)> {
        let running = self.running();
        let process = running.process.clone().filter(|process| !process.is_dead())?;
        Some((process, running.group.map(Group::id)))
    }

    pub fn is_stopped(&self) -> bool {
        matches!(*self.child.borrow(), Child::HostStopped)
    }

    /// Whether nothing new shall be begun, from now on.
    pub fn draining(&self) -> watch::Receiver<bool> {
        self.draining.subscribe()
    }

    /// Returns when nothing new shall be begun.
    pub async fn drained(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.draining.subscribe().wait_for(|draining| *draining).await;
    }

    /// Nothing new is received or fired while this holds.
    pub fn drain(&self, draining: bool) {
        self.draining.send_replace(draining);
    }

    /// Kills the child. `false`: none lives.
    pub fn kill(&self) -> bool {
        let running = self.running();
        let Some(process) = running.process.as_ref().filter(|process| !process.is_dead()) else { return false };
        process.kill();
        if let Some(group) = running.group {
            group.kill();
        }
        true
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
        self.kill();
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

    pub fn running(&self) -> std::sync::MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
