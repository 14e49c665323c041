//! Whether an object of somebody's own kind is ready, by the conditions that its operator sets: as `kstatus` reads them, and
//! by the Gateway API's own rules.
//!
//! <https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md>,
//! <https://gateway-api.sigs.k8s.io/geps/gep-1364/>
use crate::resources::answers::{is_true, list, shortened, text};
use crate::resources::object::describe;
use serde_json::Value;

/// The annotation by which a manifest says that nobody needs to wait for an object: `ignore`.
pub const WAIT: &str = "aks-bluegreen/ready";
/// What is said of what its controller has not seen in its present generation.
const UNSEEN: &str = "was not looked at by its controller yet";

/// Why this object is not ready; `None` when it is, when its operator says nothing of it, or when nobody is to wait for it.
#[must_use]
pub fn unready(object: &Value) -> Option<String> {
    judged(object, |object| match (group(object), text(object, "/kind")) {
        ("gateway.networking.k8s.io", _) => of_the_gateway_api(object),
        ("argoproj.io", "Application") => application(object),
        ("argoproj.io", "Rollout") => rollout(object),
        ("cert-manager.io", "Certificate") => certificate(object),
        _ => Conditions::of(object).of_any(),
    })
}

/// The same by rules of its kind's own, for objects whose present generation was seen by whoever says which he has seen.
pub(super) fn judged(object: &Value, by: impl FnOnce(&Value) -> Option<String>) -> Option<String> {
    if is_ignored(object) || is_suspended(object) {
        return None;
    }
    let name = describe(object);
    if object["metadata"]["deletionTimestamp"].is_string() {
        return Some(format!("{name} is being deleted"));
    }
    // A Rollout says it as a text.
    let seen = object
        .pointer("/status/observedGeneration")
        .and_then(|seen| seen.as_i64().or_else(|| seen.as_str()?.parse().ok()));
    if seen.is_some_and(|seen| Some(seen) < object.pointer("/metadata/generation").and_then(Value::as_i64)) {
        return Some(format!("{name} {UNSEEN}"));
    }
    by(object).map(|why| format!("{name} {why}"))
}

/// Whether its manifest says that nobody needs to wait for this object.
#[must_use]
pub fn is_ignored(object: &Value) -> bool {
    object["metadata"]["annotations"][WAIT] == "ignore"
}

/// An object of Flux whose controller was told to leave it alone: what it says is old, or nothing.
fn is_suspended(object: &Value) -> bool {
    group(object).ends_with(".fluxcd.io") && is_true(object, "/spec/suspend")
}

fn group(object: &Value) -> &str {
    text(object, "/apiVersion").split_once('/').map_or("", |(group, _)| group)
}

/// Conditions of an object, or of a part of it, and the object's present generation.
#[derive(Clone, Copy)]
struct Conditions<'a> {
    all: &'a [Value],
    generation: Option<i64>,
}

impl<'a> Conditions<'a> {
    fn of(object: &'a Value) -> Self {
        let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
        Self { all: list(object, "/status/conditions"), generation }
    }

    /// Those of a part of the same object.
    fn of_part(self, part: &'a Value) -> Self {
        Self { all: list(part, "/conditions"), ..self }
    }

    fn find(self, name: &str) -> Option<&'a Value> {
        self.all.iter().find(|it| it["type"] == name)
    }

    /// Whether this condition says which generation it was seen in, and that is an older one.
    fn is_old(self, condition: &Value) -> bool {
        condition["observedGeneration"].as_i64().is_some_and(|seen| Some(seen) < self.generation)
    }

    fn of_any(self) -> Option<String> {
        if let Some(stalled) = self.find("Stalled").filter(|it| it["status"] == "True") {
            return Some(format!("is stalled{}", words(stalled)));
        }
        if let Some(working) = self.find("Reconciling").filter(|it| it["status"] == "True") {
            return Some(format!("is being reconciled{}", words(working)));
        }
        // Not every controller says anew what is as it was: cert-manager leaves an issuer's condition where only solvers changed.
        let ready = self.find("Ready").filter(|it| it["status"] != "True")?;
        Some(format!("is not ready{}", words(ready)))
    }

    /// A condition that is there, and not true, or old.
    fn wants(self, name: &str, otherwise: &str) -> Option<String> {
        self.wants_to_be("True", name, otherwise)
    }

    fn wants_to_be(self, status: &str, name: &str, otherwise: &str) -> Option<String> {
        let found = self.find(name)?;
        if self.is_old(found) {
            return Some(UNSEEN.into());
        }
        (found["status"] != status).then(|| format!("{otherwise}{}", words(found)))
    }
}

pub(super) fn words(condition: &Value) -> String {
    let (reason, message) = (text(condition, "/reason"), text(condition, "/message"));
    let said: Vec<_> = [reason, message].into_iter().filter(|said| !said.is_empty()).map(shortened).collect();
    if said.is_empty() { String::new() } else { format!(": {}", said.join(": ")) }
}

/// Its definitions give a new object conditions that say "unknown": somebody must have taken it.
fn of_the_gateway_api(object: &Value) -> Option<String> {
    let own = Conditions::of(object);
    let parents = list(object, "/status/parents");
    match text(object, "/kind") {
        "GatewayClass" => own.wants("Accepted", "is not accepted"),
        "Gateway" => own
            .wants("Accepted", "is not accepted")
            .or_else(|| own.wants("Programmed", "is not programmed"))
            .or_else(|| list(object, "/status/listeners").iter().find_map(|it| listener(it, own.of_part(it)))),
        kind if kind.ends_with("Route") && parents.is_empty() => Some("was taken by no gateway yet".into()),
        kind if kind.ends_with("Route") => parents.iter().find_map(|parent| {
            let its = own.of_part(parent);
            its.wants("Accepted", "is not accepted")
                .or_else(|| its.wants("ResolvedRefs", "does not find what it refers to"))
        }),
        _ => own.of_any(),
    }
}

/// One listener of a Gateway: the others may be well without it.
fn listener(listener: &Value, conditions: Conditions<'_>) -> Option<String> {
    let why = conditions
        .wants("Accepted", "is not accepted")
        .or_else(|| conditions.wants_to_be("False", "Conflicted", "conflicts with another"))
        .or_else(|| conditions.wants("ResolvedRefs", "does not find what it refers to"))
        .or_else(|| conditions.wants("Programmed", "is not programmed"))?;
    Some(format!("has a listener {} that {why}", shortened(text(listener, "/name"))))
}

/// An Application of Argo CD: what it made is well, and it has made what its repository says.
fn application(object: &Value) -> Option<String> {
    health(object).or_else(|| sync(object))
}

fn health(application: &Value) -> Option<String> {
    let health = text(application, "/status/health/status");
    (!health.is_empty() && health != "Healthy").then(|| format!("is {}", shortened(health)))
}

/// One that nobody syncs by himself is left to people; one that was synced, and differs again, is as a cluster makes it.
fn sync(application: &Value) -> Option<String> {
    let automated = application.pointer("/spec/syncPolicy/automated")?;
    let status = text(application, "/status/sync/status");
    let is_waited_for = automated.is_object() && automated["enabled"] != false && !matches!(status, "" | "Synced");
    let revision = |at: &str| application.pointer(at).filter(|revision| !revision.is_null() && **revision != "");
    let was_synced = text(application, "/status/operationState/phase") == "Succeeded"
        && ["revision", "revisions"].iter().any(|member| {
            let now = revision(&format!("/status/sync/{member}"));
            now.is_some() && now == revision(&format!("/status/operationState/syncResult/{member}"))
        });
    (is_waited_for && !(status == "OutOfSync" && was_synced)).then(|| format!("is not synced: {}", shortened(status)))
}

/// Whether this is an Application that lacks nothing but that it be synced.
pub(super) fn lacks_sync_alone(object: &Value) -> bool {
    group(object) == "argoproj.io" && object["kind"] == "Application" && health(object).is_none()
}

/// A Rollout of Argo: its controller says in one word how it is.
fn rollout(object: &Value) -> Option<String> {
    match text(object, "/status/phase") {
        "" => Conditions::of(object).of_any(),
        "Healthy" => None,
        phase => {
            let message = text(object, "/status/message");
            let message = if message.is_empty() { String::new() } else { format!(": {}", shortened(message)) };
            Some(format!("is {}{message}", shortened(phase)))
        }
    }
}

/// What cert-manager gives as a reason where the certificate in the Secret is not the one that is asked for.
const NOT_THIS_ONE: [&str; 9] = [
    "DoesNotExist",
    "Expired",
    "IncorrectCertificate",
    "InvalidCertificate",
    "InvalidKeyPair",
    "MissingData",
    "RequestChanged",
    "SecretManagedFieldsMismatch",
    "SecretMismatch",
];

/// A Certificate of cert-manager. While its Secret holds a valid one of what is asked for, `Ready` is true whatever its issuer
/// does; and where it is false for something else (when to renew it cannot be told), `notAfter` says that one is there.
///
/// <https://github.com/cert-manager/cert-manager/blob/master/internal/controller/certificates/policies/policies.go>
fn certificate(object: &Value) -> Option<String> {
    let conditions = Conditions::of(object);
    let why = conditions.wants("Ready", "is not ready").or_else(|| conditions.of_any())?;
    let ready = conditions.find("Ready");
    let reason = ready.map_or("", |ready| text(ready, "/reason"));
    let is_old = ready.is_some_and(|ready| conditions.is_old(ready));
    let is_there = !is_old && !text(object, "/status/notAfter").is_empty() && !NOT_THIS_ONE.contains(&reason);
    (!is_there).then_some(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(api_version: &str, kind: &str, status: &Value) -> String {
        let object = json!({"apiVersion": api_version, "kind": kind,
            "metadata": {"name": "it", "generation": 2}, "status": status});
        unready(&object).unwrap_or_default()
    }

    fn conditions(all: &[(&str, &str)]) -> Value {
        all.iter().map(|(name, status)| json!({"type": name, "status": status, "reason": "Because"})).collect()
    }

    #[test]
    fn an_operators_own_words_are_heard() {
        let certificate =
            |all: &[(&str, &str)]| said("cert-manager.io/v1", "Certificate", &json!({"conditions": conditions(all)}));
        assert_eq!(certificate(&[]), "", "nobody says anything of it");
        assert_eq!(certificate(&[("Ready", "True"), ("Issuing", "False")]), "");
        assert_eq!(certificate(&[("Ready", "False")]), "Certificate it is not ready: Because");
        assert_eq!(certificate(&[("Ready", "Unknown")]), "Certificate it is not ready: Because");
        let release = |all: &[(&str, &str)]| {
            said("helm.toolkit.fluxcd.io/v2", "HelmRelease", &json!({"conditions": conditions(all)}))
        };
        assert_eq!(
            release(&[("Reconciling", "True"), ("Ready", "True")]),
            "HelmRelease it is being reconciled: Because"
        );
        assert_eq!(release(&[("Stalled", "True"), ("Reconciling", "False")]), "HelmRelease it is stalled: Because");
        let old = json!({"observedGeneration": 1, "conditions": conditions(&[("Ready", "True")])});
        assert_eq!(said("x.example/v1", "Thing", &old), "Thing it was not looked at by its controller yet");
        let sick = json!({"health": {"status": "Degraded"}});
        assert_eq!(said("argoproj.io/v1alpha1", "Application", &sick), "Application it is Degraded");
    }

    #[test]
    fn the_gateway_api_has_rules_of_its_own() {
        let api = "gateway.networking.k8s.io/v1";
        let fresh = json!({"conditions": conditions(&[("Accepted", "Unknown"), ("Programmed", "Unknown")])});
        assert_eq!(said(api, "Gateway", &fresh), "Gateway it is not accepted: Because");
        let mut good = json!({"conditions": conditions(&[("Accepted", "True"), ("Programmed", "True")]),
            "listeners": [{"name": "web", "conditions": conditions(&[("ResolvedRefs", "False")])}]});
        assert_eq!(
            said(api, "Gateway", &good),
            "Gateway it has a listener web that does not find what it refers to: Because"
        );
        good["listeners"][0]["conditions"] = conditions(&[("ResolvedRefs", "True")]);
        assert_eq!(said(api, "Gateway", &good), "");
        assert_eq!(said(api, "HTTPRoute", &json!({"parents": []})), "HTTPRoute it was taken by no gateway yet");
        let route = |all: &[(&str, &str)]| json!({"parents": [{"conditions": conditions(all)}]});
        assert_eq!(said(api, "GRPCRoute", &route(&[("Accepted", "True"), ("ResolvedRefs", "True")])), "");
        assert!(said(api, "TLSRoute", &route(&[("Accepted", "False")])).contains("is not accepted"));
    }

    #[test]
    fn a_condition_may_say_itself_which_generation_it_has_seen() {
        let with = |seen: i64, all: &[(&str, &str)]| -> Value {
            let of = |(name, status): &(&str, &str)| json!({"type": name, "status": status, "reason": "Because", "observedGeneration": seen});
            all.iter().map(of).collect()
        };
        let unseen = "was not looked at by its controller yet";
        for (seen, words) in [(1, format!("Certificate it {unseen}")), (2, String::new())] {
            let status = json!({"conditions": with(seen, &[("Ready", "True")]), "notAfter": "2026-12-24T12:00:00Z"});
            assert_eq!(said("cert-manager.io/v1", "Certificate", &status), words);
        }
        let api = "gateway.networking.k8s.io/v1";
        let good = [("Accepted", "True"), ("Programmed", "True"), ("ResolvedRefs", "True")];
        assert_eq!(said(api, "Gateway", &json!({"conditions": with(1, &good)})), format!("Gateway it {unseen}"));
        let mut gateway =
            json!({"conditions": with(2, &good), "listeners": [{"name": "web", "conditions": with(2, &good)}]});
        assert_eq!(said(api, "Gateway", &gateway), "");
        for (one, words) in [
            (with(1, &good), unseen),
            (with(2, &[("Accepted", "False")]), "is not accepted: Because"),
            (with(2, &[("Accepted", "True"), ("Conflicted", "True")]), "conflicts with another: Because"),
            (with(2, &[("Conflicted", "False"), ("Programmed", "False")]), "is not programmed: Because"),
        ] {
            gateway["listeners"][0]["conditions"] = one;
            assert_eq!(said(api, "Gateway", &gateway), format!("Gateway it has a listener web that {words}"));
        }
        let route = json!({"parents": [{"conditions": with(1, &good)}]});
        assert_eq!(said(api, "HTTPRoute", &route), format!("HTTPRoute it {unseen}"));
        assert_eq!(
            said("x.example/v1", "Thing", &json!({"conditions": with(1, &[("Other", "True")])})),
            "",
            "nobody asks for it"
        );
    }

    #[test]
    fn an_application_is_well_and_made() {
        let of = |spec: Value, status: Value| {
            let object = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "it"},
                "spec": spec, "status": status});
            unready(&object).unwrap_or_default()
        };
        let automated = || json!({"syncPolicy": {"automated": {}}});
        let status = |sync: &str| json!({"health": {"status": "Healthy"}, "sync": {"status": sync, "revision": "abc"}});
        assert_eq!(of(automated(), status("Synced")), "");
        assert_eq!(of(automated(), status("OutOfSync")), "Application it is not synced: OutOfSync");
        assert_eq!(of(automated(), status("Unknown")), "Application it is not synced: Unknown", "nothing was deployed");
        assert_eq!(of(json!({}), status("OutOfSync")), "", "a person syncs it");
        assert_eq!(of(json!({"syncPolicy": {"automated": {"enabled": false}}}), status("OutOfSync")), "");
        let mut drifted = status("OutOfSync");
        drifted["operationState"] = json!({"phase": "Succeeded", "syncResult": {"revision": "abc"}});
        assert_eq!(of(automated(), drifted.clone()), "", "the cluster changes it");
        drifted["operationState"]["syncResult"]["revision"] = "older".into();
        assert!(!of(automated(), drifted).is_empty());
        assert_eq!(of(automated(), json!({"health": {"status": "Degraded"}})), "Application it is Degraded");
    }

    #[test]
    fn a_rollout_says_its_phase_and_what_is_suspended_says_nothing() {
        let api = "argoproj.io/v1alpha1";
        assert_eq!(said(api, "Rollout", &json!({"phase": "Healthy", "observedGeneration": "2"})), "");
        let paused = json!({"phase": "Paused", "message": "CanaryPauseStep"});
        assert_eq!(said(api, "Rollout", &paused), "Rollout it is Paused: CanaryPauseStep");
        let late = json!({"phase": "Healthy", "observedGeneration": "1"});
        assert!(said(api, "Rollout", &late).contains("not looked at"));
        assert_eq!(said(api, "Rollout", &json!({"phase": "Healthy", "observedGeneration": "5f6d9c"})), "");
        let mut release = json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": {"name": "it", "generation": 1}, "spec": {"suspend": true}, "status": {"observedGeneration": -1}});
        assert_eq!(unready(&release), None);
        release["spec"]["suspend"] = false.into();
        assert!(unready(&release).is_some());
    }

    #[test]
    fn a_certificate_that_is_there_and_valid_counts() {
        let of = |reason: &str, not_after: Value| {
            let ready = json!([{"type": "Ready", "status": "False", "reason": reason}]);
            said("cert-manager.io/v1", "Certificate", &json!({"conditions": ready, "notAfter": not_after}))
        };
        let date = || json!("2026-12-24T12:00:00Z");
        assert_eq!(of("WindowError", date()), "");
        assert_eq!(of("DoesNotExist", Value::Null), "Certificate it is not ready: DoesNotExist");
        assert!(!of("WindowError", Value::Null).is_empty());
        for reason in NOT_THIS_ONE {
            assert!(!of(reason, date()).is_empty(), "{reason}");
        }
        let external = json!({"conditions": [{"type": "Ready", "status": "False", "reason": "SecretSyncedError"}]});
        let words = "ExternalSecret it is not ready: SecretSyncedError";
        assert_eq!(said("external-secrets.io/v1", "ExternalSecret", &external), words);
    }

    #[test]
    fn who_says_so_is_not_waited_for() {
        let mut object = json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "it"},
            "status": {"conditions": conditions(&[("Ready", "False")])}});
        assert!(unready(&object).is_some());
        object["metadata"]["annotations"] = json!({WAIT: "ignore"});
        assert_eq!(unready(&object), None);
    }
}
