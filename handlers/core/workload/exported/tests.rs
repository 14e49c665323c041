//! What is left out of exported objects, and what stays.
use super::*;
use serde_json::json;

fn cleaned(object: &Value, exported: bool) -> (Value, Vec<String>) {
    let mut object = object.clone();
    let gone = clean(&mut object, exported);
    (object, gone.into_iter().map(|gone| gone.place).collect())
}

#[test]
fn an_object_loses_what_it_says_of_its_cluster_if_it_was_exported() {
    let pod = json!({"kind": "Pod", "metadata": {"name": "x"}, "spec": {"nodeName": "aks-1", "containers": []}});
    let claim = json!({"kind": "PersistentVolumeClaim", "metadata": {"name": "x", "annotations": {
        "pv.kubernetes.io/bind-completed": "yes", "volume.kubernetes.io/selected-node": "aks-1", "mine": "stays"}},
        "spec": {"volumeName": "pvc-0b6c9f4e", "storageClassName": "managed"}});
    let volume = json!({"kind": "PersistentVolume", "metadata": {"name": "x"},
        "spec": {"claimRef": {"name": "x", "namespace": "shop", "uid": "1", "resourceVersion": "2"}}});
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"clusterIP": "10.0.3.4",
        "clusterIPs": ["10.0.3.4"], "healthCheckNodePort": 31000, "ports": [{"port": 80, "nodePort": 30080}, {"port": 81}]}});
    let token = json!({"kind": "Secret", "type": "kubernetes.io/service-account-token", "data": {"token": "eA=="},
        "metadata": {"name": "x", "annotations": {"kubernetes.io/service-account.uid": "1", "kubernetes.io/service-account.name": "x"}}});
    let account = json!({"kind": "ServiceAccount", "metadata": {"name": "x"},
        "secrets": [{"name": "x-token-abcde"}, {"name": "mine"}]});
    for (object, places, left) in [
        (&pod, vec!["spec.nodeName"], json!({"containers": []})),
        (
            &volume,
            vec!["spec.claimRef.uid", "spec.claimRef.resourceVersion"],
            json!({"claimRef": {"name": "x", "namespace": "shop"}}),
        ),
        (
            &service,
            vec!["spec.clusterIP", "spec.clusterIPs", "spec.healthCheckNodePort", "spec.ports.nodePort"],
            json!({"ports": [{"port": 80}, {"port": 81}]}),
        ),
    ] {
        let (made, told) = cleaned(object, true);
        assert_eq!((told, &made["spec"]), (places.into_iter().map(str::to_owned).collect(), &left));
        assert_eq!(cleaned(object, false), (object.clone(), vec![]), "nobody exported it");
    }
    let (made, told) = cleaned(&claim, true);
    assert_eq!((told.len(), &made["spec"]), (3, &json!({"storageClassName": "managed"})));
    assert_eq!(made["metadata"]["annotations"], json!({"mine": "stays"}));
    let (made, _) = cleaned(&token, true);
    assert_eq!(
        (&made["data"], &made["metadata"]["annotations"]),
        (&Value::Null, &json!({"kubernetes.io/service-account.name": "x"}))
    );
    assert_eq!(cleaned(&account, true).0["secrets"], json!([{"name": "mine"}]));
}

#[test]
fn an_export_loses_what_runs_have_written_on_it() {
    let annotations = json!({"aks-bluegreen/applied": "1", "aks-bluegreen/fenced": "true", "aks-bluegreen/pinned": "{}",
        "aks-bluegreen/says-why": "true", "aks-bluegreen/singleton": "{}", "aks-bluegreen/prune": "ignore"});
    let object = |replicas: u8| json!({"kind": "Deployment", "metadata": {"name": "x", "annotations": annotations}, "spec": {"replicas": replicas}});
    assert_eq!(cleaned(&object(3), true).0["metadata"]["annotations"], json!({"aks-bluegreen/prune": "ignore"}));
    let costs = |mut object: Value| clean(&mut object, true).iter().any(|gone| gone.costs_a_cluster);
    assert!(costs(object(3)) && !costs(object(0)), "published already, it would be made without a pod");
}

#[test]
fn what_is_meant_stays() {
    let headless = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"},
        "spec": {"clusterIP": "None", "clusterIPs": ["None"], "ports": [{"port": 80}]}});
    let knative = json!({"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "x"},
        "spec": {"clusterIP": "10.0.0.1"}});
    let own = json!({"kind": "PersistentVolumeClaim", "metadata": {"name": "x"}, "spec": {"volumeName": "share"}});
    let job = json!({"kind": "Job", "metadata": {"name": "x"}, "spec": {"manualSelector": true,
        "selector": {"matchLabels": {"controller-uid": "1"}}, "template": {"metadata": {"labels": {"controller-uid": "1"}}}}});
    let deployment =
        json!({"kind": "Deployment", "metadata": {"name": "x"}, "spec": {"template": {"spec": {"nodeName": "a"}}}});
    for object in [headless, knative, own, job, deployment] {
        assert_eq!(cleaned(&object, true), (object.clone(), vec![]));
    }
}

#[test]
fn a_job_loses_what_a_server_made_up_whether_it_bears_other_marks_or_not() {
    let uid = json!({"batch.kubernetes.io/controller-uid": "1", "controller-uid": "1",
        "batch.kubernetes.io/job-name": "x", "job-name": "x", "app": "x"});
    let job = json!({"kind": "Job", "metadata": {"name": "x", "labels": uid}, "spec": {
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "1"}}, "template": {"metadata": {"labels": uid}}}});
    for exported in [true, false] {
        let (made, told) = cleaned(&job, exported);
        assert_eq!(told.len(), 3, "{told:?}");
        assert_eq!(made["spec"], json!({"template": {"metadata": {"labels": {"app": "x"}}}}));
        assert_eq!(made["metadata"]["labels"], json!({"app": "x"}));
    }
}

#[test]
fn what_is_published_is_the_file_itself_unless_something_is_left_out() {
    for same in [
        "# a comment\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, uid: \"1\"}\ndata: {mode: 0400}\n",
        "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {clusterIP: 10.0.0.9}\n",
        "no: object",
        "{{ a template }}",
        "",
    ] {
        assert!(matches!(published(same), Cow::Borrowed(text) if text == same), "{same}");
    }
}

#[test]
fn what_is_published_of_an_export_reads_as_the_rest_of_it() {
    let export = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: kube-root-ca.crt, uid: a}\n\
        - apiVersion: v1\n  kind: Pod\n  metadata: {name: web-1, ownerReferences: [{kind: ReplicaSet, name: web, controller: true, uid: b}]}\n\
        - apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: mine, ownerReferences: [{kind: Thing, name: web, uid: b}]}\n  \
        data: {a: \"${cluster.name}\", b: \"$${HOME}\", c: \"0400\", d: \"yes\", e: \"é\\n: - #\", f: \"\\u2028\"}\n\
        - apiVersion: v1\n  kind: ServiceAccount\n  metadata: {name: default, namespace: shop, uid: c}\n\
        - apiVersion: v1\n  kind: ServiceAccount\n  metadata: {name: default, namespace: pay, uid: c}\n  imagePullSecrets: [{name: mine}]\n";
    let text = published(export);
    let (made, notices) = read(&text).expect("it is read again");
    assert_eq!(notices, []);
    let made: Vec<_> = made.into_iter().map(|placed| placed.value).collect();
    assert_eq!(
        made,
        [
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"},
            "data": {"a": "${cluster.name}", "b": "$${HOME}", "c": "0400", "d": "yes", "e": "é\n: - #", "f": "\u{2028}"}}),
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "pay"},
            "imagePullSecrets": [{"name": "mine"}]}),
        ]
    );
    assert!(matches!(published(&text), Cow::Borrowed(_)), "what is published once is published so again");
}
