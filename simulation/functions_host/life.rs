//! A host instance's life: its children start, become ready, end, are started again, until it gives up.
use super::{
    bus_listener,
    child::{ended, start},
    definition::Trigger,
    instance::{Child, Exit, Instance, Order, Running},
    invocation,
    program::Program,
    row::Row,
    shared::Shared,
    timer,
};
use crate::Process;
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

/// From a child's end to the start of the next one.
const RESTART_AFTER: Duration = Duration::from_millis(100);
/// From the last straw to the host's end: it still abandons what failed.
const GIVE_UP_AFTER: Duration = Duration::from_millis(170);
const STRIKES: usize = 3;
const FORGIVEN_AFTER: SignedDuration = SignedDuration::from_mins(30);

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
            Some(time) => shared.azure.clock().sleep(time).await,
            None => return,
        }
        instance.drain(false);
    }
}

/// Starts children until the host gives up.
async fn supervise(shared: &Shared, instance: &Instance, starts: &mut u32) {
    let clock = shared.azure.clock();
    // Whoever calls now waits for the child; until now the host was not there at all.
    instance.child.send_replace(Child::Starting);
    let mut strikes: Vec<Timestamp> = vec![];
    // A host's children all get the same port.
    let mut port = None;
    for number in 0.. {
        *starts += 1;
        if number > 0 {
            shared.count.host(|counters| counters.restarts += 1);
        }
        let exit = live(shared, instance, *starts, &mut port).await;
        instance.child.send_replace(Child::Starting);
        if !matches!(exit, Some(Exit::Timeout | Exit::Code(200))) {
            let now = clock.now();
            if strikes.last().is_some_and(|last| now.duration_since(*last) > FORGIVEN_AFTER) {
                strikes.clear();
            }
            strikes.push(now);
            if strikes.len() >= STRIKES {
                clock.sleep(GIVE_UP_AFTER).await;
                break;
            }
        }
        clock.sleep(RESTART_AFTER).await;
    }
    if let Some(port) = port {
        shared.ports.give_back(port);
    }
}

/// One child from its start to the end that the host notices.
async fn live(shared: &Shared, instance: &Instance, number: u32, port: &mut Option<u16>) -> Option<Exit> {
    let began = Instant::now();
    let process = Process::new(&format!("{}#{number}", instance.name));
    *instance.running() = Running { process: Some(process.clone()), ..Running::default() };
    let Some((way, mut program)) = start(shared, &process, port).await else {
        process.kill();
        return Some(Exit::Code(101));
    };
    instance.running().group = program.as_ref().map(Program::group);
    // A child that takes the connection and never answers is waited for, and then taken too.
    let patience = shared.app.function_timeout + Duration::from_secs(60);
    let (is_ready, mut exit) = tokio::select! {
        biased;
        exit = ended(&process, program.as_mut()) => (false, exit),
        is_ready = way.is_ready(shared.app.initialization_timeout, patience) => (is_ready, None),
    };
    if is_ready {
        instance.child.send_replace(Child::Ready(process.clone(), way));
        exit = ended(&process, program.as_mut()).await;
    }
    process.kill();
    // Whoever calls from now on waits for the next one, also while this one is still dying.
    instance.child.send_replace(Child::Starting);
    if let Some(mut program) = program {
        program.kill().await;
    }
    let exit = {
        let mut running = instance.running();
        running.group = None;
        running.exit.or(exit)
    };
    if exit == Some(Exit::Code(0)) {
        if is_ready {
            instance.child.send_replace(Child::Gone);
            return std::future::pending().await;
        }
        sleep_until(began + shared.app.initialization_timeout).await;
    }
    exit
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
