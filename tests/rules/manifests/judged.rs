//! Manifests at the desk: exported ones, misspelt ones, and every mistake at once.
use bluegreen_core::workload::desk::{Desk, File, Finding, Weight, judge};
use bluegreen_core::workload::manifests::{Placeholders, objects};

fn findings(texts: &[&str], published: bool, secrets: bool) -> Vec<Finding> {
    let names = ["a.yaml", "b.yaml", "c.yaml"];
    let file = |(text, name)| File { name, text: Ok(text), placeholders: false };
    let files: Vec<_> = texts.iter().copied().zip(names).map(file).collect();
    let versions = ["1.34.1".parse().unwrap()];
    judge(
        &files,
        Desk { versions: &versions, secrets, placeholders: &Placeholders::default(), singletons: &[], published },
    )
    .1
}

fn of(findings: &[Finding], weight: Weight) -> Vec<String> {
    findings.iter().filter(|finding| finding.weight == weight).map(ToString::to_string).collect()
}

fn object(kind: &str, name: &str, rest: &str) -> String {
    let api = match kind {
        "ReplicaSet" | "Deployment" => "apps/v1",
        "Job" | "CronJob" => "batch/v1",
        _ => "v1",
    };
    format!("---\napiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {name}\n{rest}")
}

fn owned(by: &str, name: &str) -> String {
    format!("  ownerReferences: [{{apiVersion: v1, kind: {by}, name: {name}, controller: true, uid: a-b}}]\n")
}

#[test]
fn what_others_make_is_left_out_if_they_are_there_and_refused_if_not() {
    let pod = object("ConfigMap", "web-1", &owned("ReplicaSet", "web"));
    let set = object("ConfigMap", "web", &owned("Deployment", "web"));
    let said = of(&findings(&[&pod], false, false), Weight::Refuses);
    assert!(said.len() == 1 && said[0].contains("ReplicaSet web owns it, and is in none of the files"), "{said:?}");
    assert!(said[0].contains("Export what makes it"), "{said:?}");
    let owner = object("Secret", "web", "");
    let mine = object("ConfigMap", "mine", &owned("Secret", "web"));
    // Before it or behind it, in this file or in another one.
    for files in [vec![mine.clone() + &owner], vec![owner.clone(), mine.clone()], vec![mine.clone(), owner.clone()]] {
        let files: Vec<_> = files.iter().map(String::as_str).collect();
        let said = findings(&files, false, false);
        assert_eq!(of(&said, Weight::Refuses), [""; 0]);
        let warned = of(&said, Weight::Warns);
        assert!(
            warned.iter().any(|said| said.contains("Secret web owns it, and makes it: it is left out")),
            "{warned:?}"
        );
        // Of what is published already nothing is left out: a cluster would be lost.
        let said = of(&findings(&files, true, false), Weight::Refuses);
        assert!(said.len() == 1 && said[0].contains("published once more"), "{said:?}");
    }
    let elsewhere = object("Secret", "web", "  namespace: other\n");
    assert_eq!(of(&findings(&[&mine, &elsewhere], false, false), Weight::Refuses).len(), 1, "{set}");
}

#[test]
fn owners_of_others_are_left_out_with_a_warning() {
    let one = object("ConfigMap", "x", "  ownerReferences: [{apiVersion: v1, kind: Thing, name: y, uid: a-b}]\n");
    let said = findings(&[&one], false, false);
    assert_eq!(of(&said, Weight::Refuses), [""; 0]);
    assert!(of(&said, Weight::Warns)[0].contains("metadata.ownerReferences left out"), "{said:?}");
    assert_eq!(of(&findings(&[&one], true, false), Weight::Refuses).len(), 1);
}

#[test]
fn a_run_applies_what_was_published_as_it_was_read_before() {
    let pod =
        object("Pod", "x", "  uid: a\n  ownerReferences: [{kind: Thing, name: y, uid: b}]\nspec: {nodeName: aks-1}\n");
    let applied = objects(&pod, None).unwrap();
    assert_eq!(applied[0]["spec"]["nodeName"], "aks-1");
    assert_eq!(applied[0]["metadata"]["ownerReferences"][0]["uid"], "b");
    assert_eq!(applied[0]["metadata"].get("uid"), None);
}

#[test]
fn what_each_cluster_makes_is_left_out() {
    let root = object("ConfigMap", "kube-root-ca.crt", "data: {ca.crt: x}\n");
    let said = of(&findings(&[&root], false, false), Weight::Warns);
    assert!(said[0].contains("its own authority into it: it is left out"), "{said:?}");
    let account = object("ServiceAccount", "default", "  uid: a\n");
    let said = of(&findings(&[&account], false, false), Weight::Warns);
    assert!(said.iter().any(|said| said.contains("each namespace has it")), "{said:?}");
    let meant = object("ServiceAccount", "default", "");
    assert_eq!(findings(&[&meant], false, false), []);
}

#[test]
fn an_address_that_somebody_wrote_is_warned_of_and_one_that_was_exported_is_left_out() {
    let spec = "spec: {clusterIP: 10.0.0.9, selector: {a: b}, ports: [{port: 80, nodePort: 30080}]}\n";
    let said = findings(&[&object("Service", "x", spec)], false, false);
    assert!(of(&said, Weight::Warns)[0].contains("spec.clusterIP is fixed"), "{said:?}");
    assert!(of(&said, Weight::Notes)[0].contains("spec.ports.nodePort is fixed"), "{said:?}");
    let said = findings(&[&object("Service", "x", &format!("  resourceVersion: \"7\"\n{spec}"))], false, false);
    let warned = of(&said, Weight::Warns);
    assert!(warned.iter().any(|said| said.contains("spec.clusterIP, spec.ports.nodePort left out")), "{said:?}");
    assert!(!warned.iter().any(|said| said.contains("fixed")), "{said:?}");
}

#[test]
fn what_kubectl_applied_last_is_content_of_a_secret() {
    let sent = |sent: &str| {
        let sent = serde_json::Value::from(sent).to_string();
        object("Secret", "x", &format!("  annotations: {{kubectl.kubernetes.io/last-applied-configuration: {sent}}}\n"))
    };
    for (text, refused) in [
        (r#"{"kind":"Secret","data":{"a":"cGFzcw=="}}"#, 1),
        (r#"{"kind":"Secret","stringData":{"a":"pass"}}"#, 1),
        (r#"{"kind":"Secret","data":{"#, 1),
        (r#"{"kind":"Secret","data":{}}"#, 0),
        ("", 0),
    ] {
        assert_eq!(of(&findings(&[&sent(text)], false, false), Weight::Refuses).len(), refused, "{text}");
        assert_eq!(of(&findings(&[&sent(text)], false, true), Weight::Refuses).len(), 0, "{text}");
    }
}

#[test]
fn one_mistake_hides_no_other() {
    let text = "a: 1\n".to_owned()
        + "---\napiVersion: v1\nkind: ConfigMap\n"
        + &object("ConfigMaps", "x", "")
        + &object("ConfigMap", "two", "dat: {}\n")
        + "---\nb: [\n";
    let said = of(&findings(&[&text], false, false), Weight::Refuses).join("\n");
    for words in [
        "a.yaml:1: it has no apiVersion",
        "a.yaml:3: the ConfigMap has no metadata.name",
        "is ConfigMap meant?",
        "ConfigMap two: dat: there is no such member",
        "no YAML",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn what_may_stand_behind_a_break_is_not_said_to_be_missing() {
    let within = object("ConfigMap", "x", "  namespace: shop\n");
    let said = findings(&[&within], false, false);
    assert!(of(&said, Weight::Warns)[0].contains("its namespace shop"), "{said:?}");
    let said = findings(&[&(within + "---\nb: [\n")], false, false);
    assert_eq!(of(&said, Weight::Warns), [""; 0]);
}

#[test]
fn groups_that_only_look_like_kubernetes_own_need_a_definition() {
    for (api, warned) in [
        ("certmanager.k8s.io/v1alpha1", 1),
        ("externaldns.k8s.io/v1alpha1", 1),
        ("gateway.networking.k8s.io/v1", 1),
        ("snapshot.storage.k8s.io/v1", 1),
        ("metrics.k8s.io/v1", 1),
    ] {
        let text = format!("apiVersion: {api}\nkind: Thing\nmetadata: {{name: x}}\n");
        assert_eq!(of(&findings(&[&text], false, false), Weight::Warns).len(), warned, "{api}");
    }
}

#[test]
fn what_lies_twice_is_found_wherever_its_namespace_is_said() {
    let config = |metadata: &str, data: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {metadata}\ndata: {{a: {data}}}\n")
    };
    for (one, other) in [
        ("{name: a, namespace: default}", "{name: a}"),
        ("{name: a, namespace: default}", "{name: a, namespace: ''}"),
        ("{name: a, namespace: ''}", "{name: a}"),
    ] {
        let said = findings(&[&config(one, "b"), &config(other, "c")], false, false);
        assert!(of(&said, Weight::Refuses)[0].contains("is another one here"), "{one} {other}: {said:?}");
        let said = findings(&[&config(one, "b"), &config(one, "b")], false, false);
        assert!(of(&said, Weight::Warns)[0].contains("already, the same"), "{said:?}");
    }
    let role = |metadata: &str, rules: &str| {
        format!("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {metadata}\nrules: {rules}\n")
    };
    let get = "[{apiGroups: [''], resources: [pods], verbs: [get]}]";
    let said =
        findings(&[&(role("{name: a, namespace: default}", "[]") + "---\n" + &role("{name: a}", get))], false, false);
    assert!(of(&said, Weight::Refuses)[0].contains("is another one here"), "{said:?}");
}

#[test]
fn a_namespace_of_a_placeholder_is_looked_for_like_another() {
    let within = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: '${cluster.name}'}\n";
    let said = findings(&[within], false, false);
    assert!(of(&said, Weight::Warns)[0].contains("its namespace ${cluster.name} is in none of the files"), "{said:?}");
    let made = "apiVersion: v1\nkind: Namespace\nmetadata: {name: '${cluster.name}'}\n";
    assert_eq!(of(&findings(&[made, within], false, false), Weight::Warns), [""; 0]);
}

#[test]
fn custom_resources_have_nothing_twice_either() {
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\nspec: {group: example.com, \
                      scope: Namespaced, names: {plural: things, kind: Thing}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: \
                      {type: object, properties: {spec: {type: object, properties: {ports: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: \
                      [port], items: {type: object, required: [port], properties: {port: {type: integer}}}}}}}}}}]}\n---\n";
    let thing = |metadata: &str, ports: &str| {
        format!("{definition}apiVersion: example.com/v1\nkind: Thing\nmetadata: {metadata}\nspec: {{ports: {ports}}}\n")
    };
    let said = |metadata: &str, ports: &str| {
        of(&findings(&[&thing(metadata, ports)], false, false), Weight::Refuses).join("\n")
    };
    assert_eq!(said("{name: a}", "[{port: 1}, {port: 2}]"), "");
    assert!(said("{name: a}", "[{port: 1}, {port: 1}]").contains("spec.ports: duplicate entries for key [port=1]"));
    let finalizers = "{name: a, finalizers: [a.b/c, a.b/c]}";
    assert!(said(finalizers, "[]").contains("metadata.finalizers: duplicate entries for key [=\"a.b/c\"]"));
}
