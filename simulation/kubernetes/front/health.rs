//! Pure: the checks behind `/healthz`, `/livez` and `/readyz`. All is well as long as the server answers at all.

/// The checks, as `?verbose` lists them; those with a star are part of `/readyz` alone.
const CHECKS: &[&str] = &[
    "ping",
    "log",
    "etcd",
    "etcd-readiness*",
    "informer-sync*",
    "poststarthook/start-apiserver-admission-initializer",
    "poststarthook/generic-apiserver-start-informers",
    "poststarthook/priority-and-fairness-config-consumer",
    "poststarthook/priority-and-fairness-filter",
    "poststarthook/storage-object-count-tracker-hook",
    "poststarthook/start-apiextensions-informers",
    "poststarthook/start-apiextensions-controllers",
    "poststarthook/crd-informer-synced",
    "poststarthook/start-system-namespaces-controller",
    "poststarthook/start-cluster-authentication-info-controller",
    "poststarthook/rbac/bootstrap-roles",
    "poststarthook/scheduling/bootstrap-system-priority-classes",
    "poststarthook/bootstrap-controller",
    "poststarthook/start-kube-aggregator-informers",
    "poststarthook/apiservice-status-local-available-controller",
    "poststarthook/apiservice-registration-controller",
    "poststarthook/apiservice-discovery-controller",
    "autoregister-completion",
    "poststarthook/apiservice-openapi-controller",
    "poststarthook/apiservice-openapiv3-controller",
    "shutdown*",
];

/// The answer at `/readyz`, at `/readyz/ping` and the like; `None`: there is no such check.
pub(super) fn answer(path: &str, query: &str) -> Option<String> {
    let (whole, check) = match path.strip_prefix('/')?.split_once('/') {
        Some((whole, check)) => (whole, Some(check)),
        None => (path.strip_prefix('/')?, None),
    };
    if !matches!(whole, "healthz" | "livez" | "readyz") {
        return None;
    }
    let checks = CHECKS.iter().filter(|check| whole == "readyz" || !check.ends_with('*'));
    let mut checks = checks.map(|check| check.trim_end_matches('*'));
    if let Some(asked) = check {
        return checks.any(|check| check == asked).then(|| "ok".into());
    }
    if query.split('&').all(|pair| pair.split('=').next() != Some("verbose")) {
        return Some("ok".into());
    }
    let lines = checks.map(|check| format!("[+]{check} ok\n"));
    Some(lines.collect::<String>() + &format!("{whole} check passed\n"))
}
