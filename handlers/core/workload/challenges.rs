//! Certificates whose names are proved by HTTP-01 alone: the question goes to where users are led, so that it cannot pass on a
//! new cluster before traffic comes.
//!
//! <https://cert-manager.io/docs/configuration/acme/http01/>
use super::conditions::is_ignored;
use crate::resources::answers::{list, text};
use crate::resources::object::name;
use serde_json::Value;

/// What is said of such a certificate.
pub const CANNOT_PASS: &str = "HTTP-01 cannot pass on the new cluster before traffic comes";
/// What to do about it.
pub const REMEDY: &str = "bring its Secret along, let its issuer solve DNS-01, or write the annotation aks-bluegreen/ready: \
                          \"ignore\" into its manifest";

/// The certificates among these objects whose issuer, which lies among them, has no other way; without those for which nobody is
/// to wait.
pub fn by_http01<'a>(objects: &[&'a Value]) -> Vec<&'a Value> {
    let of = |kind: &'static str| objects.iter().copied().filter(move |object| is(object, kind));
    let issuers: Vec<_> = of("Issuer").chain(of("ClusterIssuer")).filter(|issuer| has_http01_alone(issuer)).collect();
    let certificates = of("Certificate").filter(|certificate| !is_ignored(certificate));
    certificates.filter(|certificate| issuers.iter().any(|issuer| is_from(certificate, issuer))).collect()
}

fn is(object: &Value, kind: &str) -> bool {
    text(object, "/kind") == kind && text(object, "/apiVersion").starts_with("cert-manager.io/")
}

fn has_http01_alone(issuer: &Value) -> bool {
    let solvers = list(issuer, "/spec/acme/solvers");
    !solvers.is_empty() && solvers.iter().all(|solver| solver["http01"].is_object())
}

fn is_from(certificate: &Value, issuer: &Value) -> bool {
    let kind = match text(certificate, "/spec/issuerRef/kind") {
        "" => "Issuer",
        kind => kind,
    };
    let space = |object: &Value| text(object, "/metadata/namespace").to_owned();
    kind == text(issuer, "/kind")
        && text(certificate, "/spec/issuerRef/name") == name(issuer)
        && (kind == "ClusterIssuer" || space(certificate) == space(issuer))
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
}
