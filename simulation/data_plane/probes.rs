//! A gateway's real probes of one member, at the configured interval of the simulated world.
use super::backends::Target;
use super::shared::Shared;
use super::view::Landed;
use axum::body::Body;
use http::{Request, header::HOST};
use std::sync::Arc;
use std::time::Duration;

/// However fast the world's clock runs, two probes are at least so far apart, in real time.
const BREATH: Duration = Duration::from_millis(20);

/// Probes a member until it has left its pool.
pub(super) async fn probe(shared: Arc<Shared>, target: Arc<Target>) {
    let clock = shared.azure.clock();
    let mut due = clock.now();
    loop {
        if target.has_left(clock.now()) {
            return;
        }
        let success = look(&shared, &target).await;
        target.note(success);
        due = due.checked_add(target.backend().probe.interval).unwrap_or(due).max(clock.now());
        let pause = Duration::try_from(due.duration_since(clock.now())).unwrap_or_default() / clock.speed();
        tokio::select! {
            () = tokio::time::sleep(pause.max(BREATH)) => {}
            () = shared.ground.ended.cancelled() => return,
        }
    }
}

/// Asks the member as the probe says; whether it answered as the probe wishes.
async fn look(shared: &Shared, target: &Target) -> bool {
    let backend = target.backend();
    let probe = &backend.probe;
    let host = probe.host.as_deref().or(backend.host.as_deref()).unwrap_or("127.0.0.1");
    let Some(ip) = target.ip else { return false };
    let landed = shared.view().land(ip, host, &probe.path);
    let pod = match landed {
        None => return false,
        Some(Landed::Ingress { status, .. }) => return probe.accepts(status),
        Some(Landed::Pod(pod)) => pod,
    };
    let uri = format!("http://{}{}", pod.address, probe.path);
    let Ok(request) = Request::get(uri).header(HOST, host).body(Body::empty()) else { return false };
    let answered = tokio::time::timeout(probe.timeout, shared.ground.client.request(request)).await;
    matches!(answered, Ok(Ok(answer)) if probe.accepts(answer.status().as_u16()))
}
