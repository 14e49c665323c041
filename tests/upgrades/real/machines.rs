//! A control plane alone has no machines: what its controllers should see of them is written by us.
use super::{JSON, MERGE, get, send};
use http::Method;
use kube::Client;
use serde_json::{Value, json};
use std::time::Duration;

/// The kubelets look so often.
const ROUND: Duration = Duration::from_millis(500);

/// Machines like these join a cluster, and are ready.
pub async fn join(client: &Client, nodes: &[Value]) {
    for node in nodes {
        let name = &node["metadata"]["name"];
        let object = json!({
            "apiVersion": "v1", "kind": "Node", "spec": {"providerID": node["spec"]["providerID"]},
            "metadata": {"name": name, "labels": node["metadata"]["labels"]},
        });
        send(client, Method::POST, "/api/v1/nodes", JSON, &object).await.unwrap();
        let place = format!("/api/v1/nodes/{}/status", name.as_str().unwrap());
        send(client, Method::PATCH, &place, MERGE, &json!({"status": node["status"]})).await.unwrap();
    }
}

/// Scheduler, kubelets, load balancers and ingress controllers of a server that has none: all becomes well at once.
pub async fn keep(client: Client) {
    let node = get(&client, "/api/v1/nodes").await["items"][0]["metadata"]["name"].clone();
    loop {
        for pod in items(&client, "/api/v1/pods").await {
            tend(&client, &pod, &node).await;
        }
        for (path, plural) in [("/api/v1/services", "services"), ("/apis/networking.k8s.io/v1/ingresses", "ingresses")]
        {
            for object in items(&client, path).await {
                let (namespace, name) = named(&object);
                let wants = object["spec"]["type"].is_null() || object["spec"]["type"] == "LoadBalancer";
                if wants && object["status"]["loadBalancer"]["ingress"].is_null() {
                    let status = json!({"status": {"loadBalancer": {"ingress": [{"ip": "10.1.2.3"}]}}});
                    let (root, _) = path.rsplit_once('/').unwrap();
                    let place = format!("{root}/namespaces/{namespace}/{plural}/{name}/status");
                    let _ = send(&client, Method::PATCH, &place, MERGE, &status).await;
                }
            }
        }
        tokio::time::sleep(ROUND).await;
    }
}

async fn items(client: &Client, path: &str) -> Vec<Value> {
    get(client, path).await["items"].as_array().cloned().unwrap_or_default()
}

fn named(object: &Value) -> (String, String) {
    let text = |member: &str| object["metadata"][member].as_str().unwrap_or_default().to_owned();
    (text("namespace"), text("name"))
}

/// A pod gets a machine, is started, and ends when it is told so. Somebody else may be faster.
async fn tend(client: &Client, pod: &Value, node: &Value) {
    let (namespace, name) = named(pod);
    let place = format!("/api/v1/namespaces/{namespace}/pods/{name}");
    if pod["metadata"]["deletionTimestamp"].is_string() {
        let now = json!({"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0});
        let _ = send(client, Method::DELETE, &place, JSON, &now).await;
    } else if pod["spec"]["nodeName"].is_null() {
        // A DaemonSet has chosen it already.
        let required = &pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
        let chosen = &required["nodeSelectorTerms"][0]["matchFields"][0]["values"][0];
        let target =
            json!({"apiVersion": "v1", "kind": "Node", "name": if chosen.is_string() { chosen } else { node }});
        let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target});
        let _ = send(client, Method::POST, &format!("{place}/binding"), JSON, &binding).await;
    } else if pod["status"]["phase"] == "Pending" {
        let ends = pod["metadata"]["ownerReferences"][0]["kind"] == "Job";
        let conditions = ["Initialized", "ContainersReady", "Ready", "PodScheduled"];
        let conditions = conditions.map(|sort| json!({"type": sort, "status": if ends { "False" } else { "True" }}));
        let phase = if ends { "Succeeded" } else { "Running" };
        let status =
            json!({"phase": phase, "conditions": conditions, "podIP": "10.244.0.9", "podIPs": [{"ip": "10.244.0.9"}]});
        let _ = send(client, Method::PATCH, &format!("{place}/status"), MERGE, &json!({"status": status})).await;
    }
}
