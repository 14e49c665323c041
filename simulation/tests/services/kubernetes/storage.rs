//! What waits for something of the cluster's: claims for volumes, Ingresses for addresses; and pods that a ReplicationController
//! makes.
use super::*;

const CLAIMS: &str = "/api/v1/namespaces/default/persistentvolumeclaims";

fn scene() -> Fleet {
    let fleet = fleet(2);
    fleet.server(HOST).unwrap().age_by(seconds(600), began());
    fleet
}

fn apply(fleet: &Fleet, object: &Value, now: Timestamp) {
    fleet.server(HOST).unwrap().apply(object, now).unwrap();
}

fn claim(name: &str, more: &Value) -> Value {
    let mut claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "default"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}}});
    for (member, value) in more.as_object().into_iter().flatten() {
        claim["spec"][member] = value.clone();
    }
    claim
}

fn phase(fleet: &mut Fleet, name: &str, now: Timestamp) -> String {
    get(fleet, &format!("{CLAIMS}/{name}"), now)["status"]["phase"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_claim_has_its_volume_when_a_pod_that_uses_it_has_a_node() {
    let mut fleet = scene();
    apply(&fleet, &claim("data", &json!({})), began());
    assert_eq!(phase(&mut fleet, "data", at(600)), "Pending");
    let mut web = deployment("web", "web:1", 1);
    web["spec"]["template"]["spec"]["volumes"] =
        json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);
    apply(&fleet, &web, at(600));
    let found = get(&mut fleet, &format!("{CLAIMS}/data"), at(630));
    assert_eq!((&found["status"]["phase"], &found["spec"]["storageClassName"]), (&json!("Bound"), &json!("default")));
    let volume = found["spec"]["volumeName"].as_str().unwrap().to_owned();
    let shown = get(&mut fleet, &format!("/api/v1/persistentvolumes/{volume}"), at(630));
    assert_eq!(shown["spec"]["claimRef"]["name"], "data");
    assert_eq!(shown["spec"]["csi"]["driver"], "disk.csi.azure.com");
    // What a pod uses is not lost, and neither is a volume that a claim has.
    for path in [format!("{CLAIMS}/data"), format!("/api/v1/persistentvolumes/{volume}")] {
        call(&mut fleet, "DELETE", &path, "application/json", "", at(640));
        assert!(get(&mut fleet, &path, at(660))["metadata"]["deletionTimestamp"].is_string(), "{path}");
    }
    assert_eq!(phase(&mut fleet, "data", at(660)), "Bound");
    call(&mut fleet, "DELETE", &format!("{DEPLOYMENTS}/web"), "application/json", "", at(660));
    assert_eq!(get(&mut fleet, &format!("{CLAIMS}/data"), at(700))["code"], 404);
    assert_eq!(get(&mut fleet, &format!("/api/v1/persistentvolumes/{volume}"), at(700))["code"], 404);
}

#[test]
fn a_claim_is_bound_at_once_where_its_class_or_a_volume_says_so() {
    let mut fleet = scene();
    let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "now"},
        "provisioner": "disk.csi.azure.com", "volumeBindingMode": "Immediate"});
    let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "share"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "5Gi"}, "storageClassName": "",
        "csi": {"driver": "file.csi.azure.com", "volumeHandle": "share"}}});
    for object in [
        class,
        volume,
        claim("now", &json!({"storageClassName": "now"})),
        claim("fixed", &json!({"storageClassName": "", "volumeName": "share"})),
        claim("nobody", &json!({"storageClassName": "gone"})),
        claim("missing", &json!({"storageClassName": "", "volumeName": "gone"})),
    ] {
        apply(&fleet, &object, began());
    }
    let phases = ["now", "fixed", "nobody", "missing"].map(|name| phase(&mut fleet, name, at(60)));
    assert_eq!(phases, ["Bound", "Bound", "Pending", "Pending"]);
}

#[test]
fn an_ingress_has_the_address_of_the_controller_that_runs() {
    let mut fleet = scene();
    let class = |name: &str, controller: &str| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": name},
            "spec": {"controller": controller}})
    };
    let ingress = |name: &str, class: &str| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name, "namespace": "default"},
            "spec": {"ingressClassName": class, "rules": [{"host": "shop.example.com"}]}})
    };
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "in", "namespace": "default"},
        "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}], "loadBalancerIP": "10.1.15.1"}});
    for object in [
        class("own", "example.com/controller"),
        class("gateway", "azure/application-gateway"),
        ingress("web", "own"),
        ingress("fenced", "gateway"),
        ingress("nobody", "gone"),
        service,
        deployment("web", "web:1", 1),
    ] {
        apply(&fleet, &object, began());
    }
    let address = |fleet: &mut Fleet, name: &str, now| {
        let found = get(fleet, &format!("/apis/networking.k8s.io/v1/namespaces/default/ingresses/{name}"), now);
        found["status"]["loadBalancer"]["ingress"][0]["ip"].clone()
    };
    assert_eq!(address(&mut fleet, "web", at(5)), Value::Null, "its controller has no address yet");
    assert_eq!(address(&mut fleet, "web", at(60)), "10.1.15.1");
    apply(&fleet, &ingress("late", "own"), at(600));
    assert_eq!(address(&mut fleet, "late", at(601)), "10.1.15.1", "nothing else has to happen first");
    assert_eq!(
        (address(&mut fleet, "fenced", at(60)), address(&mut fleet, "nobody", at(60))),
        (Value::Null, Value::Null)
    );
}

#[test]
fn a_replication_controller_makes_its_pods() {
    let mut fleet = scene();
    let controller = json!({"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "old", "namespace": "default"},
        "spec": {"replicas": 2, "selector": {"app": "old"}, "template": {"metadata": {"labels": {"app": "old"}},
            "spec": {"containers": [{"name": "web", "image": "web:1"}]}}}});
    apply(&fleet, &controller, began());
    let status = &get(&mut fleet, "/api/v1/namespaces/default/replicationcontrollers/old", at(60))["status"];
    assert_eq!((&status["readyReplicas"], &status["observedGeneration"]), (&json!(2), &json!(1)));
}
