//! Ingresses: a controller that runs gives them the address of its load balancer. The AGIC of a class of its own is none that
//! acts here: what it would write is the gateway's.
use super::{endpoints::has_ready_pods, objects::Objects};
use serde_json::{Value, json};

const INGRESSES: &str = "ingresses.networking.k8s.io";
const CLASSES: &str = "ingressclasses.networking.k8s.io";
/// The controller of AGIC's classes.
const AGIC: &str = "azure/application-gateway";
const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";
/// How the class was said before there were objects of it.
const OLDER: &str = "kubernetes.io/ingress.class";

/// Gives each Ingress of a class that has a controller the address by which that is reached.
pub(super) fn run(objects: &mut Objects) {
    let ingresses = objects.store.copy(INGRESSES);
    let address = if ingresses.is_empty() { None } else { address(objects) };
    let Some(address) = address else { return };
    for (name, ingress) in ingresses {
        if is_taken(objects, &ingress) {
            let status = json!({"loadBalancer": {"ingress": [{"ip": address}]}});
            objects.store.put_status(INGRESSES, &name, &ingress, status);
        }
    }
}

/// Whether somebody acts for the class of an Ingress.
fn is_taken(objects: &Objects, ingress: &Value) -> bool {
    let class = match (&ingress["spec"]["ingressClassName"], &ingress["metadata"]["annotations"][OLDER]) {
        (Value::String(name), _) | (Value::Null, Value::String(name)) => objects.store.get(CLASSES, "", name),
        _ => objects.store.all(CLASSES).map(|(_, class)| class).find(|class| is_default(class)),
    };
    class.is_some_and(|class| class["spec"]["controller"] != AGIC)
}

fn is_default(class: &Value) -> bool {
    class["metadata"]["annotations"][DEFAULT] == "true"
}

/// The address of the first load balancer that leads to a pod: which of them is the controller's, its arguments would say.
fn address(objects: &Objects) -> Option<Value> {
    let behind = objects.store.all("services").filter(|((space, name), _)| has_ready_pods(&objects.store, space, name));
    let mut given = behind.map(|(_, service)| service["status"]["loadBalancer"]["ingress"][0]["ip"].clone());
    given.find(Value::is_string)
}
