//! Services: their addresses inside the cluster and those of their load balancers.
use super::{endpoints, names::hash, objects::Objects, store::Name};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A load balancer has its address so long after it was asked for.
const GIVEN_AFTER: SignedDuration = SignedDuration::from_secs(30);
const INTERNAL: &str = "service.beta.kubernetes.io/azure-load-balancer-internal";
const ADDRESS: &str = "service.beta.kubernetes.io/azure-load-balancer-ipv4";

/// A Service's wish for an address.
#[derive(Clone, Debug, PartialEq)]
struct Balancer {
    address: String,
    asked_at: Timestamp,
}

impl Balancer {
    /// When the address is there.
    fn given_at(&self) -> Timestamp {
        self.asked_at.saturating_add(GIVEN_AFTER).unwrap_or(Timestamp::MAX)
    }
}

/// The wishes of all Services that have a load balancer.
#[derive(Debug, Default)]
pub(super) struct Balancers(BTreeMap<Name, Balancer>);

impl Balancers {
    /// Gives addresses whose time has come, and lists who is behind each Service.
    pub fn run(&mut self, objects: &mut Objects, now: Timestamp) {
        for (name, service) in objects.store.copy("services") {
            self.balance(objects, &name, &service, now);
            endpoints::list(objects, &name, &service, now);
        }
        self.0.retain(|(namespace, name), _| objects.store.get("services", namespace, name).is_some());
    }

    /// When the addresses are there.
    pub fn moments(&self) -> impl Iterator<Item = Timestamp> {
        self.0.values().map(Balancer::given_at)
    }

    pub fn moments_mut(&mut self) -> impl Iterator<Item = &mut Timestamp> {
        self.0.values_mut().map(|balancer| &mut balancer.asked_at)
    }

    fn balance(&mut self, objects: &mut Objects, name: &Name, service: &Value, now: Timestamp) {
        let mut status = service["status"].clone();
        if service["spec"]["type"] == "LoadBalancer" {
            let address = address_for(&objects.host, service);
            let asked = self.0.get(name).filter(|asked| asked.address == address).cloned();
            let asked = asked.unwrap_or(Balancer { address, asked_at: now });
            self.0.insert(name.clone(), asked.clone());
            if asked.given_at() <= now {
                status = json!({"loadBalancer": {"ingress": [{"ip": asked.address, "ipMode": "VIP"}]}});
            }
        } else {
            self.0.remove(name);
            status = json!({"loadBalancer": {}});
        }
        objects.store.put_status("services", name, service, status);
    }
}

fn address_for(host: &str, service: &Value) -> String {
    let annotations = &service["metadata"]["annotations"];
    let asked = annotations[ADDRESS].as_str().or_else(|| service["spec"]["loadBalancerIP"].as_str());
    let number = hash(format!("{host}{}", service["metadata"]["uid"]).as_bytes());
    match asked {
        Some(asked) => asked.to_owned(),
        None if annotations[INTERNAL] == "true" => {
            format!("10.224.{}.{}", 128 + number % 64, number / 256 % 254 + 1)
        }
        None => format!("20.{}.{}.{}", 40 + number % 100, number / 256 % 254 + 1, number / 65_536 % 254 + 1),
    }
}
