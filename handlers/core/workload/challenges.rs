//! Certificates whose names are proved by HTTP-01 alone: the question goes to where users are led, so that it cannot pass on a
//! new cluster before traffic comes. What cert-manager makes of an annotated Ingress or Gateway is one, too.
//!
//! <https://cert-manager.io/docs/configuration/acme/http01/>, <https://cert-manager.io/docs/usage/ingress/>
use super::conditions::is_ignored;
use crate::resources::answers::{list, text};
use crate::resources::object::name;
use serde_json::Value;

/// What is said of such a certificate.
pub const CANNOT_PASS: &str = "HTTP-01 cannot pass on the new cluster before traffic comes";
/// What to do about it.
pub const REMEDY: &str = "bring its Secret along, let its issuer solve DNS-01, or write the annotation aks-bluegreen/ready: \
                          \"ignore\" into its manifest";

/// The certificates among these objects, and what becomes one, whose issuer, which lies among them, has no other way; without
/// those for which nobody is to wait.
pub fn by_http01<'a>(objects: &[&'a Value]) -> Vec<&'a Value> {
    let of = |kind: &'static str| objects.iter().copied().filter(move |object| is(object, kind));
    let issuers: Vec<_> = of("Issuer").chain(of("ClusterIssuer")).filter(|issuer| has_http01_alone(issuer)).collect();
    let entrances = objects.iter().copied().filter(|object| asks_for_one(object));
    let certificates = of("Certificate").chain(entrances).filter(|certificate| !is_ignored(certificate));
    certificates.filter(|certificate| issuers.iter().any(|issuer| is_from(certificate, issuer))).collect()
}

/// Annotations of an Ingress or a Gateway that has a certificate made.
const ISSUER: &str = "cert-manager.io/issuer";
const CLUSTER_ISSUER: &str = "cert-manager.io/cluster-issuer";

/// One without a Secret for its certificate gets none.
fn asks_for_one(object: &Value) -> bool {
    let has_secret = |tls: &Value| !text(tls, "/secretName").is_empty();
    let has_reference = |listener: &Value| !list(listener, "/tls/certificateRefs").is_empty();
    match text(object, "/kind") {
        "Ingress" => list(object, "/spec/tls").iter().any(has_secret),
        "Gateway" => list(object, "/spec/listeners").iter().any(has_reference),
        _ => false,
    }
}

/// The kind and the name of the issuer that an object wants.
fn wanted(object: &Value) -> (&str, &str) {
    let annotation = |key: &str| object["metadata"]["annotations"][key].as_str().unwrap_or_default();
    match (text(object, "/kind"), text(object, "/spec/issuerRef/kind"), annotation(CLUSTER_ISSUER)) {
        ("Certificate", "", _) => ("Issuer", text(object, "/spec/issuerRef/name")),
        ("Certificate", kind, _) => (kind, text(object, "/spec/issuerRef/name")),
        (_, _, "") => ("Issuer", annotation(ISSUER)),
        (_, _, of_cluster) => ("ClusterIssuer", of_cluster),
    }
}

fn is(object: &Value, kind: &str) -> bool {
    text(object, "/kind") == kind && text(object, "/apiVersion").starts_with("cert-manager.io/")
}

fn has_http01_alone(issuer: &Value) -> bool {
    let solvers = list(issuer, "/spec/acme/solvers");
    !solvers.is_empty() && solvers.iter().all(|solver| solver["http01"].is_object())
}

fn is_from(object: &Value, issuer: &Value) -> bool {
    let (kind, named) = wanted(object);
    let space = |object: &Value| text(object, "/metadata/namespace").to_owned();
    kind == text(issuer, "/kind")
        && named == name(issuer)
        && (kind == "ClusterIssuer" || space(object) == space(issuer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn issuer(kind: &str, name: &str, solvers: &Value) -> Value {
        json!({"apiVersion": "cert-manager.io/v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"},
            "spec": {"acme": {"solvers": solvers}}})
    }

    fn certificate(issuer: &Value) -> Value {
        json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"issuerRef": issuer}})
    }

    fn found(issuer: &Value, certificate: &Value) -> usize {
        by_http01(&[certificate, issuer]).len()
    }

    #[test]
    fn a_certificate_that_waits_for_traffic_is_found_by_its_issuer() {
        let http = json!([{"http01": {"ingress": {}}}]);
        let own = issuer("Issuer", "web", &http);
        let of_cluster = issuer("ClusterIssuer", "all", &http);
        assert_eq!(found(&own, &certificate(&json!({"name": "web"}))), 1);
        assert_eq!(found(&of_cluster, &certificate(&json!({"name": "all", "kind": "ClusterIssuer"}))), 1);
        assert_eq!(found(&of_cluster, &certificate(&json!({"name": "all"}))), 0, "another kind");
        assert_eq!(found(&own, &certificate(&json!({"name": "other"}))), 0);
        let mixed = issuer("Issuer", "web", &json!([{"http01": {}}, {"dns01": {}}]));
        assert_eq!(found(&mixed, &certificate(&json!({"name": "web"}))), 0, "it may go by DNS");
        assert_eq!(found(&issuer("Issuer", "web", &json!([])), &certificate(&json!({"name": "web"}))), 0);
        let mut ignored = certificate(&json!({"name": "web"}));
        ignored["metadata"]["annotations"] = json!({"aks-bluegreen/ready": "ignore"});
        assert_eq!(found(&own, &ignored), 0);
    }

    #[test]
    fn an_annotated_entrance_waits_like_its_certificate() {
        let http = json!([{"http01": {"ingress": {}}}]);
        let (own, of_cluster) = (issuer("Issuer", "web", &http), issuer("ClusterIssuer", "all", &http));
        let ingress = |annotation: &str, issuer: &str| {
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web", "namespace": "shop",
                "annotations": {annotation: issuer}}, "spec": {"tls": [{"hosts": ["x"], "secretName": "web-tls"}]}})
        };
        assert_eq!(found(&of_cluster, &ingress(CLUSTER_ISSUER, "all")), 1);
        assert_eq!(found(&own, &ingress(ISSUER, "web")), 1);
        assert_eq!(found(&own, &ingress(CLUSTER_ISSUER, "web")), 0, "another kind");
        assert_eq!(found(&of_cluster, &ingress("other", "all")), 0);
        let mut plain = ingress(CLUSTER_ISSUER, "all");
        plain["spec"] = json!({});
        assert_eq!(found(&of_cluster, &plain), 0, "no certificate is made for it");
        let listener = json!({"name": "https", "tls": {"certificateRefs": [{"name": "web-tls"}]}});
        let gateway = json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "web",
            "namespace": "shop", "annotations": {CLUSTER_ISSUER: "all"}}, "spec": {"listeners": [listener]}});
        assert_eq!(found(&of_cluster, &gateway), 1);
    }
}
