//! What runs in both clusters from `SyncWorkloads` until the old one is retired, and is made for one.
//!
//! Traffic goes where the gateway sends it; all else that a workload does of its own accord, both clusters do.
use super::desk::Weight;
use crate::resources::answers::{is_true, list, shortened, text};
use serde_json::Value;

/// What tells the clusters of a site apart.
const OWN: [&str; 3] = ["${cluster.name}", "${slot.colour}", "${run.id}"];
/// Kinds that begin work at set times, and where they say that they are suspended.
const TIMED: [(&str, &str); 3] =
    [("CronJob", "/spec/suspend"), ("CronWorkflow", "/spec/suspend"), ("ScheduledSparkApplication", "/spec/suspend")];
/// Triggers of KEDA that only look at the cluster itself, or at the clock.
const OF_THE_CLUSTER: [&str; 4] = ["cpu", "memory", "cron", "kubernetes-workload"];

/// What is to be said of an object of a manifest, before its placeholders are filled, or of one in a cluster.
#[must_use]
pub fn twice(object: &Value) -> Vec<(Weight, String)> {
    let kind = text(object, "/kind");
    let said = match kind {
        "ScaledObject" | "ScaledJob" => consumer(object),
        "ClusterIssuer" | "Issuer" => certificates(object),
        "Deployment" => names(object).or_else(|| single(object)),
        "StatefulSet" => names(object).or_else(|| empty_volumes(object)),
        "DaemonSet" | "ReplicaSet" | "Pod" => names(object),
        "PersistentVolumeClaim" => Some((
            Weight::Notes,
            "a new cluster's volume is a new and empty one: nothing that the old cluster wrote is in it".to_owned(),
        )),
        "PersistentVolume" => disk(object),
        _ => timed(object, kind),
    };
    said.into_iter().collect()
}

fn timed(object: &Value, kind: &str) -> Option<(Weight, String)> {
    let (_, suspend) = TIMED.iter().find(|(timed, _)| *timed == kind)?;
    let what = "from SyncWorkloads until the old cluster is retired it starts in both clusters, each time: let it bear that, \
                or name it in \"singletons\"";
    (!is_true(object, suspend)).then(|| (Weight::Notes, what.to_owned()))
}

fn consumer(object: &Value) -> Option<(Weight, String)> {
    let kinds: Vec<_> = list(object, "/spec/triggers").iter().map(|trigger| text(trigger, "/type")).collect();
    let outside = kinds.iter().find(|kind| !OF_THE_CLUSTER.contains(kind))?;
    let what = format!(
        "from SyncWorkloads until the old cluster is retired both clusters take work from what its trigger {} counts, the new \
         one before it is proved: let it bear that, or name it in \"singletons\"",
        shortened(outside)
    );
    Some((Weight::Notes, what))
}

/// One that only one pod may run at a time, by its own words.
fn single(object: &Value) -> Option<(Weight, String)> {
    let is_single = text(object, "/spec/strategy/type") == "Recreate" && object["spec"]["replicas"] != 0;
    let what = "it is made so that no two of its pods run at once (Recreate), and each cluster runs one; a leader is elected \
                in each cluster by itself: let it bear that, or name it in \"singletons\"";
    is_single.then(|| (Weight::Notes, what.to_owned()))
}

fn empty_volumes(object: &Value) -> Option<(Weight, String)> {
    let what =
        "the volumes of its pods are new and empty in a new cluster, and it runs in both until the old one is retired";
    (!list(object, "/spec/volumeClaimTemplates").is_empty()).then(|| (Weight::Notes, what.to_owned()))
}

fn disk(object: &Value) -> Option<(Weight, String)> {
    let is_disk = text(object, "/spec/csi/driver") == "disk.csi.azure.com" || object["spec"]["azureDisk"].is_object();
    let what = "a disk belongs to one node: the new cluster's pods wait for it while the old one's have it";
    is_disk.then(|| (Weight::Warns, what.to_owned()))
}

fn certificates(object: &Value) -> Option<(Weight, String)> {
    let acme = object.pointer("/spec/acme")?;
    let by_http = list(acme, "/solvers").iter().any(|solver| solver.get("http01").is_some());
    Some(if by_http {
        let what = "its http01 challenges come through the gateway, so to the cluster that carries the traffic: the new one \
                    gets no certificate before that. Use dns01, or certificates of a key vault";
        (Weight::Warns, what.to_owned())
    } else {
        let what = "both clusters order certificates for the same names: their issuer counts them together";
        (Weight::Notes, what.to_owned())
    })
}

/// external-dns, whose owner is the same in both clusters: each takes the other's records for its own.
fn names(object: &Value) -> Option<(Weight, String)> {
    let pod = if text(object, "/kind") == "Pod" { &object["spec"] } else { &object["spec"]["template"]["spec"] };
    let dns = |container: &&Value| {
        let image = text(container, "/image").split(['@', ':']).next().unwrap_or_default();
        image.rsplit('/').next().is_some_and(|name| name == "external-dns")
    };
    let container = list(pod, "/containers").iter().find(dns)?;
    if object["spec"]["replicas"] == 0 {
        return None;
    }
    let remedy = "with it the new cluster moves DNS names to itself before it is proved, or takes them away: give each cluster \
                  an owner of its own, --txt-owner-id=${cluster.name}";
    if value_of(container, "registry", "EXTERNAL_DNS_REGISTRY") == Some("noop") {
        return Some((
            Weight::Warns,
            format!("external-dns with --registry=noop takes every record for its own; {remedy}"),
        ));
    }
    let owner = value_of(container, "txt-owner-id", "EXTERNAL_DNS_TXT_OWNER_ID").unwrap_or("default");
    let is_own = OWN.iter().any(|own| owner.contains(own));
    (!is_own).then(|| {
        let what = format!("external-dns is the owner {:?} in both clusters; {remedy}", shortened(owner));
        (Weight::Warns, what)
    })
}

/// The value of a flag of a container: `--name=value`, `--name value`, or its variable.
fn value_of<'a>(container: &'a Value, flag: &str, variable: &str) -> Option<&'a str> {
    let words: Vec<&str> =
        ["/command", "/args"].iter().flat_map(|at| list(container, at)).filter_map(Value::as_str).collect();
    let flag = format!("--{flag}");
    for (index, word) in words.iter().enumerate() {
        match word.strip_prefix(flag.as_str()) {
            Some("") => return words.get(index + 1).copied(),
            Some(rest) if rest.starts_with('=') => return rest.get(1..),
            _ => {}
        }
    }
    let variables = list(container, "/env").iter();
    variables.filter(|entry| text(entry, "/name") == variable).find_map(|entry| entry["value"].as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn weighs(object: &Value) -> Option<Weight> {
        let said = twice(object);
        assert!(said.len() < 2, "{said:?}");
        said.first().map(|(weight, _)| *weight)
    }

    fn dns(container: Value) -> Value {
        let mut container = container;
        container["image"] = json!("registry.k8s.io/external-dns/external-dns:v0.15.0");
        json!({"kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"image": "x"}, container]}}}})
    }

    #[test]
    fn an_owner_of_dns_records_must_be_the_clusters_own() {
        for shared in [
            json!({"args": ["--provider=azure", "--txt-owner-id=shop"]}),
            json!({"args": ["--txt-owner-id", "shop"]}),
            json!({"command": ["external-dns", "--txt-owner-id=shop"]}),
            json!({"args": ["--provider=azure"]}),
            json!({"env": [{"name": "EXTERNAL_DNS_TXT_OWNER_ID", "value": "shop"}]}),
            json!({"args": ["--registry=noop", "--txt-owner-id=${cluster.name}"]}),
        ] {
            assert_eq!(weighs(&dns(shared.clone())), Some(Weight::Warns), "{shared}");
        }
        for own in [
            json!({"args": ["--txt-owner-id=${cluster.name}"]}),
            json!({"args": ["--txt-owner-id", "shop-${slot.colour}"]}),
            json!({"env": [{"name": "EXTERNAL_DNS_TXT_OWNER_ID", "value": "${cluster.name}"}]}),
        ] {
            assert_eq!(weighs(&dns(own.clone())), None, "{own}");
        }
        let mut fenced = dns(json!({"args": ["--txt-owner-id=shop"]}));
        fenced["spec"]["replicas"] = json!(0);
        assert_eq!(weighs(&fenced), None);
        let other = json!({"kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"image": "a/my-external-dns-ui:1"}]}}}});
        assert_eq!(weighs(&other), None);
    }

    #[test]
    fn what_begins_by_itself_begins_in_both() {
        for kind in ["CronJob", "CronWorkflow", "ScheduledSparkApplication"] {
            assert_eq!(weighs(&json!({"kind": kind, "spec": {"schedule": "* * * * *"}})), Some(Weight::Notes));
            assert_eq!(weighs(&json!({"kind": kind, "spec": {"suspend": true}})), None);
        }
        let scaled = |kind: &str, triggers: Value| json!({"kind": kind, "spec": {"triggers": triggers}});
        assert_eq!(
            weighs(&scaled("ScaledObject", json!([{"type": "cpu"}, {"type": "azure-servicebus"}]))),
            Some(Weight::Notes)
        );
        assert_eq!(weighs(&scaled("ScaledJob", json!([{"type": "kafka"}]))), Some(Weight::Notes));
        assert_eq!(weighs(&scaled("ScaledObject", json!([{"type": "cpu"}, {"type": "cron"}]))), None);
        let deployment =
            |strategy: &str| json!({"kind": "Deployment", "spec": {"replicas": 1, "strategy": {"type": strategy}}});
        assert_eq!(weighs(&deployment("Recreate")), Some(Weight::Notes));
        assert_eq!(weighs(&deployment("RollingUpdate")), None);
    }

    #[test]
    fn what_is_kept_and_what_is_ordered_is_not_shared() {
        let issuer = |solver: Value| json!({"kind": "ClusterIssuer", "spec": {"acme": {"solvers": [solver]}}});
        assert_eq!(weighs(&issuer(json!({"http01": {"ingress": {}}}))), Some(Weight::Warns));
        assert_eq!(weighs(&issuer(json!({"dns01": {"azureDNS": {}}}))), Some(Weight::Notes));
        assert_eq!(weighs(&json!({"kind": "Issuer", "spec": {"ca": {"secretName": "x"}}})), None);
        assert_eq!(weighs(&json!({"kind": "PersistentVolumeClaim"})), Some(Weight::Notes));
        let volume = |source: Value| json!({"kind": "PersistentVolume", "spec": source});
        assert_eq!(
            weighs(&volume(json!({"csi": {"driver": "disk.csi.azure.com", "volumeHandle": "/d"}}))),
            Some(Weight::Warns)
        );
        assert_eq!(weighs(&volume(json!({"csi": {"driver": "file.csi.azure.com"}}))), None);
        assert_eq!(
            weighs(&json!({"kind": "StatefulSet", "spec": {"volumeClaimTemplates": [{}]}})),
            Some(Weight::Notes)
        );
        for nothing in
            [json!(null), json!({"kind": 7}), json!({"kind": "Deployment", "spec": []}), json!({"kind": "Service"})]
        {
            assert_eq!(weighs(&nothing), None, "{nothing}");
        }
    }
}
