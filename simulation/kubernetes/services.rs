//! Services: their addresses, and the endpoints behind them.
use super::{admission::list_of, names::hash, selectors::contains_labels, server::Server, store::Name};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// A load balancer has its address so long after it was asked for.
const GIVEN_AFTER: SignedDuration = SignedDuration::from_secs(30);
const INTERNAL: &str = "service.beta.kubernetes.io/azure-load-balancer-internal";
const ADDRESS: &str = "service.beta.kubernetes.io/azure-load-balancer-ipv4";

/// A Service's wish for an address.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Balancer {
    address: String,
    pub asked_at: Timestamp,
}

impl Balancer {
    /// When the address is there.
    pub fn given_at(&self) -> Timestamp {
        self.asked_at.saturating_add(GIVEN_AFTER).unwrap_or(Timestamp::MAX)
    }
}

/// A pod whose containers run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub namespace: String,
    pub name: String,
    /// A pod that was made again under the same name is another pod.
    pub uid: String,
    /// Only ready pods get traffic.
    pub ready: bool,
}

impl Server {
    /// Gives a new Service its address inside the cluster.
    pub(super) fn give_cluster_address(&mut self, service: &mut Value) {
        if service["spec"]["type"] == "ExternalName" {
            return;
        }
        if service["spec"]["clusterIP"].as_str().is_none_or(str::is_empty) {
            let number = self.issue();
            service["spec"]["clusterIP"] = json!(format!("10.0.{}.{}", number % 255 + 1, number / 256 % 254 + 1));
        }
        service["spec"]["clusterIPs"] = json!([service["spec"]["clusterIP"]]);
        if service["spec"]["type"] == "LoadBalancer" {
            for port in list_of(&mut service["spec"], "ports") {
                if port.is_object() && port["nodePort"].is_null() {
                    port["nodePort"] = json!(30_000 + self.issue() % 2_768);
                }
            }
        }
    }

    pub(super) fn run_services(&mut self, now: Timestamp) {
        for (name, service) in self.store.copy("services") {
            self.balance(&name, &service, now);
            self.list_endpoints(&name, &service, now);
        }
        self.balancers.retain(|(namespace, name), _| self.store.get("services", namespace, name).is_some());
    }

    fn balance(&mut self, name: &Name, service: &Value, now: Timestamp) {
        let mut status = service["status"].clone();
        if service["spec"]["type"] == "LoadBalancer" {
            let address = self.address_for(service);
            let asked = self.balancers.get(name).filter(|asked| asked.address == address).cloned();
            let asked = asked.unwrap_or(Balancer { address, asked_at: now });
            self.balancers.insert(name.clone(), asked.clone());
            if asked.given_at() <= now {
                status = json!({"loadBalancer": {"ingress": [{"ip": asked.address, "ipMode": "VIP"}]}});
            }
        } else {
            self.balancers.remove(name);
            status = json!({"loadBalancer": {}});
        }
        self.store.put_status("services", name, service, status);
    }

    fn address_for(&self, service: &Value) -> String {
        let annotations = &service["metadata"]["annotations"];
        let asked = annotations[ADDRESS].as_str().or_else(|| service["spec"]["loadBalancerIP"].as_str());
        let number = hash(format!("{}{}", self.host, service["metadata"]["uid"]).as_bytes());
        match asked {
            Some(asked) => asked.to_owned(),
            None if annotations[INTERNAL] == "true" => {
                format!("10.224.{}.{}", 128 + number % 64, number / 256 % 254 + 1)
            }
            None => format!("20.{}.{}.{}", 40 + number % 100, number / 256 % 254 + 1, number / 65_536 % 254 + 1),
        }
    }

    /// Whether a Service has a pod that is ready.
    pub(super) fn has_ready_pods(&self, namespace: &str, service: &str) -> bool {
        self.pods_behind(namespace, service).any(|(_, pod)| Self::is_ready(pod))
    }

    /// The pods of a Service that run and were not told to end.
    pub(super) fn running_pods(&self, (namespace, service): &Name) -> Vec<Endpoint> {
        let runs = |pod: &Value| pod["status"]["phase"] == "Running" && pod["metadata"]["deletionTimestamp"].is_null();
        let running = self.pods_behind(namespace, service).filter(|(_, pod)| runs(pod));
        let endpoint = |((namespace, name), pod): (&Name, &Arc<Value>)| Endpoint {
            namespace: namespace.clone(),
            name: name.clone(),
            uid: pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned(),
            ready: Self::is_ready(pod),
        };
        running.map(endpoint).collect()
    }

    fn pods_behind(&self, namespace: &str, service: &str) -> impl Iterator<Item = (&Name, &Arc<Value>)> {
        let service = self.store.get("services", namespace, service);
        let wanted = service.and_then(|service| service["spec"]["selector"].as_object());
        let wanted = wanted.filter(|wanted| !wanted.is_empty());
        let pods = wanted.map(|wanted| (wanted, self.store.all("pods"))).into_iter();
        pods.flat_map(move |(wanted, pods)| {
            pods.filter(move |((space, _), pod)| space == namespace && matches(pod, wanted))
        })
    }

    fn list_endpoints(&mut self, name: &Name, service: &Value, now: Timestamp) {
        let Some(wanted) = service["spec"]["selector"].as_object().filter(|wanted| !wanted.is_empty()) else { return };
        let (mut ready, mut waiting) = (vec![], vec![]);
        for ((_, pod_name), pod) in
            self.store.all("pods").filter(|((space, _), pod)| *space == name.0 && matches(pod, wanted))
        {
            if pod["status"]["podIP"].is_null() || pod["status"]["phase"] == "Succeeded" {
                continue;
            }
            let target = json!({"kind": "Pod", "namespace": name.0, "name": pod_name, "uid": pod["metadata"]["uid"]});
            let address =
                json!({"ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"], "targetRef": target});
            if Self::is_ready(pod) { ready.push(address) } else { waiting.push(address) }
        }
        let ports = service["spec"]["ports"].as_array().into_iter().flatten();
        let ports: Vec<Value> = ports
            .map(|port| {
                let number = if port["targetPort"].is_u64() { &port["targetPort"] } else { &port["port"] };
                let mut shown = json!({"port": number, "protocol": port["protocol"]});
                if port["name"].is_string() {
                    shown["name"] = port["name"].clone();
                }
                shown
            })
            .collect();
        let mut subset = Map::new();
        for (field, list) in [("addresses", ready), ("notReadyAddresses", waiting)] {
            if !list.is_empty() {
                subset.insert(field.into(), json!(list));
            }
        }
        let subsets = if subset.is_empty() {
            json!([])
        } else {
            subset.insert("ports".into(), json!(ports));
            json!([subset])
        };
        match self.store.get("endpoints", &name.0, &name.1).cloned() {
            None => {
                let object = json!({
                    "apiVersion": "v1", "kind": "Endpoints",
                    "metadata": {"name": name.1, "labels": service["metadata"]["labels"], "ownerReferences": [{
                        "apiVersion": "v1", "kind": "Service", "name": name.1, "uid": service["metadata"]["uid"]}]},
                    "subsets": subsets,
                });
                self.make("endpoints", &name.0, object, now);
            }
            Some(found) if found["subsets"] == subsets => {}
            Some(found) => {
                let mut updated = (*found).clone();
                updated["subsets"] = subsets;
                self.store.put("endpoints", name, updated);
            }
        }
    }
}

fn matches(pod: &Value, wanted: &Map<String, Value>) -> bool {
    pod["metadata"]["labels"].as_object().is_some_and(|labels| contains_labels(labels, wanted))
}
