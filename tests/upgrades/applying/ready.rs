//! What is waited for, kind by kind, and what excuses it: nobody will give it what it lacks, it lacks it in the old cluster too,
//! or the manifest says so.
use super::taken::blue;
use super::{Shop, ends, ends_with, journal, object, says, upgraded, with};
use crate::story;
use bluegreen::run::{Ending, Run};
use bluegreen::step::Step;
use bytes::Bytes;
use serde_json::{Value, json};
use std::time::Duration;

const SPEC: &str = "spec: {containers: [{name: web, image: \"never-ready:1\"}]}";

/// Applies an object to a cluster, as somebody else does.
fn bring(shop: &Shop, host: &str, object: &Value) {
    let now = shop.azure.clock().now();
    shop.azure.world().kubernetes.server(host).unwrap().apply(object, now).unwrap();
}

/// What an object's controller says of it.
fn report(shop: &Shop, host: &str, path: &str, status: &Value) {
    let now = shop.azure.clock().now();
    let ask = http::Request::patch(format!("https://{host}{path}/status"))
        .header("authorization", "Bearer operator")
        .header("content-type", "application/merge-patch+json")
        .body(Bytes::from(json!({"status": status}).to_string()))
        .unwrap();
    let answer = shop.azure.world().kubernetes.respond(host, &ask, now);
    assert!(answer.unwrap_or_else(|_| panic!("no answer")).status().is_success());
}

/// It was turned back because this never was ready.
#[track_caller]
fn never_ready(run: &Run, words: &str) {
    assert_eq!(run.ending, Some(Ending::RolledBack), "{}", journal(run));
    says(run, words);
}

fn claim(class: &str) -> String {
    format!(
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data, namespace: default}}\nspec: {{accessModes: \
         [ReadWriteOnce], storageClassName: {class}, resources: {{requests: {{storage: 1Gi}}}}}}\n"
    )
}

#[test]
fn a_claim_is_waited_for_unless_its_class_waits_for_a_pod() {
    story(|| async {
        let shop = with(&[("claim.yaml", claim("default"))]).await;
        upgraded(&ends(&shop).await);
        assert_eq!(object(&shop, "persistentvolumeclaims", "default", "data").unwrap()["status"]["phase"], "Pending");
    });
    story(|| async {
        let run = ends(&with(&[("claim.yaml", claim("gone"))]).await).await;
        never_ready(&run, "PersistentVolumeClaim default/data has no volume: it is Pending");
    });
}

#[test]
fn what_is_as_unready_in_the_old_cluster_is_said_and_keeps_nobody_waiting() {
    story(|| async {
        let shop = with(&[("claim.yaml", claim("gone"))]).await;
        bring(&shop, &blue(&shop), &serde_json::from_value(json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "default"},
            "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "gone", "resources": {"requests": {"storage": "1Gi"}}},
        })).unwrap());
        let run = ends(&shop).await;
        upgraded(&run);
        says(
            &run,
            "warning: PersistentVolumeClaim default/data has no volume: it is Pending; PersistentVolumeClaim default/data is \
            not ready in the old cluster, either",
        );
    });
}

fn ingress(name: &str, class: &str) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": name, "namespace": "default", "annotations": {"kubernetes.io/ingress.class": class}},
        "spec": {"rules": [{"host": "old.example.com"}]}})
}

#[test]
fn an_address_is_waited_for_where_somebody_gave_one() {
    story(|| async {
        // Nobody has ever given one; AGIC, which is fenced, gives none.
        let files = format!("{}\n---\n{}", ingress("plain", "nobody"), ingress("agic", "azure/application-gateway"));
        let shop = with(&[("ingresses.yaml", files)]).await;
        bring(&shop, &blue(&shop), &ingress("agic", "azure/application-gateway"));
        let given = json!({"loadBalancer": {"ingress": [{"ip": "20.1.2.3"}]}});
        report(&shop, &blue(&shop), "/apis/networking.k8s.io/v1/namespaces/default/ingresses/agic", &given);
        let run = ends(&shop).await;
        upgraded(&run);
        assert!(!journal(&run).contains("warning: Ingress"), "{}", journal(&run));
        let web = object(&shop, "ingresses.networking.k8s.io", "shop", "web").unwrap();
        assert!(web["status"]["loadBalancer"]["ingress"][0]["ip"].is_string(), "{web}");
    });
    story(|| async {
        let shop = with(&[("ingress.yaml", ingress("new", "given").to_string())]).await;
        bring(&shop, &blue(&shop), &ingress("old", "given"));
        let given = json!({"loadBalancer": {"ingress": [{"ip": "10.1.2.3"}]}});
        report(&shop, &blue(&shop), "/apis/networking.k8s.io/v1/namespaces/default/ingresses/old", &given);
        never_ready(&ends(&shop).await, "Ingress default/new has no address yet");
    });
}

#[test]
fn an_autoscaler_without_a_measure_is_waited_for_five_minutes_and_then_said() {
    story(|| async {
        let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "in", "namespace": "ingress"}, "spec": {"minReplicas": 1, "maxReplicas": 4,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "ingress-controller"}}});
        let shop = with(&[("scaler.yaml", scaler.to_string())]).await;
        let run = ends(&shop).await;
        upgraded(&run);
        let words = "HorizontalPodAutoscaler ingress/in does not scale: FailedGetResourceMetric";
        says(&run, &format!("warning: {words}; it is not waited for any longer"));
        let minutes = super::minutes_at(&run, Step::InstallControllers);
        assert!((5..10).contains(&minutes), "{minutes}: {}", journal(&run));
    });
}

#[test]
fn pods_that_nobody_makes_are_waited_for_unless_the_manifest_says_otherwise() {
    let pod = |annotations: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: lonely, namespace: default, annotations: {{{annotations}}}}}\n{SPEC}\n"
        )
    };
    story(|| async {
        never_ready(&ends(&with(&[("pod.yaml", pod(""))]).await).await, "Pod default/lonely runs, and is not ready");
    });
    story(|| async {
        let shop = with(&[("pod.yaml", pod("aks-bluegreen/ready: ignore"))]).await;
        upgraded(&ends(&shop).await);
    });
    story(|| async {
        let controller = format!(
            "apiVersion: v1\nkind: ReplicationController\nmetadata: {{name: old, namespace: default}}\nspec:\n  replicas: 2\n  \
             selector: {{app: old}}\n  template: {{metadata: {{labels: {{app: old}}}}, {SPEC}}}\n"
        );
        let good = controller.replace("never-ready:1", "web:1");
        upgraded(&ends(&with(&[("old.yaml", good)]).await).await);
        let run = ends(&with(&[("old.yaml", controller)]).await).await;
        never_ready(&run, "ReplicationController default/old has 0 of 2 pods ready");
    });
}

#[test]
fn a_certificate_that_waits_for_traffic_is_said_in_the_plan_and_while_it_is_waited_for() {
    story(|| async {
        let definition = |plural: &str, kind: &str| {
            json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {"name": format!("{plural}.cert-manager.io")}, "spec": {"group": "cert-manager.io", "scope": "Namespaced",
                "names": {"plural": plural, "kind": kind}, "versions": [{"name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}}, "schema": {"openAPIV3Schema": {"type": "object",
                "x-kubernetes-preserve-unknown-fields": true}}}]}})
        };
        let metadata = json!({"name": "web", "namespace": "default"});
        let issuer = json!({"apiVersion": "cert-manager.io/v1", "kind": "Issuer", "metadata": metadata,
            "spec": {"acme": {"solvers": [{"http01": {"ingress": {}}}]}}});
        let certificate = json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": metadata,
            "spec": {"issuerRef": {"name": "web"}, "secretName": "web", "dnsNames": ["shop.example.com"]}});
        let all = [definition("issuers", "Issuer"), definition("certificates", "Certificate"), issuer, certificate];
        let file = all.map(|object| object.to_string()).join("\n---\n");
        let shop = with(&[("certificates.yaml", file)]).await;
        let path = "/apis/cert-manager.io/v1/namespaces/default/certificates/web";
        let ready =
            |status: &str, reason: &str| json!({"conditions": [{"type": "Ready", "status": status, "reason": reason}]});
        let run = ends_with(&shop, Step::InstallControllers, async |host| {
            while object(&shop, "certificates.cert-manager.io", "default", "web").is_none() {
                shop.azure.clock().sleep(Duration::from_secs(1)).await;
            }
            report(&shop, host, path, &ready("False", "DoesNotExist"));
            shop.azure.clock().sleep(Duration::from_secs(600)).await;
            report(&shop, host, path, &ready("True", "Ready"));
        })
        .await;
        upgraded(&run);
        says(
            &run,
            "warning: Certificate default/web: HTTP-01 cannot pass on the new cluster before traffic comes: bring its Secret",
        );
        says(
            &run,
            "Certificate default/web is not ready: DoesNotExist; HTTP-01 cannot pass on the new cluster before traffic comes",
        );
        assert!(super::minutes_at(&run, Step::InstallControllers) >= 10);
    });
}
