//! A chart's tests, as Jobs: a run waits for a Job, tries it again while what it asks is not ready, and is turned back when it
//! fails for good. Pure.
//!
//! <https://helm.sh/docs/topics/chart_tests/>
use crate::resources::answers::text;
use serde_json::{Map, Value, json};

/// How often a test is tried again: with Kubernetes' pauses about 10 min.
const RETRIES: u32 = 6;

/// Makes a Job of a pod that is a test. What else a chart has for its tests stays as it is.
pub(super) fn make_job(object: &mut Value) {
    if text(object, "/kind") != "Pod" {
        return;
    }
    let (mut metadata, mut spec) = (object["metadata"].take(), object["spec"].take());
    // By itself a pod is started again for ever, which no Job allows.
    if !matches!(text(&spec, "/restartPolicy"), "Never" | "OnFailure") {
        spec["restartPolicy"] = "Never".into();
    }
    let mut template = json!({"spec": spec});
    if metadata["labels"].is_object() {
        template["metadata"]["labels"] = metadata["labels"].take();
    }
    // What a pod is told about its sidecars. Helm's own is the test's.
    let annotations = metadata["annotations"].as_object().into_iter().flatten();
    let of_pod = annotations.filter(|(name, _)| !name.starts_with("helm.sh/"));
    let of_pod: Map<_, _> = of_pod.map(|(name, value)| (name.clone(), value.clone())).collect();
    if !of_pod.is_empty() {
        template["metadata"]["annotations"] = Value::Object(of_pod);
    }
    metadata.as_object_mut().map(|members| members.shift_remove("labels"));
    *object = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata,
        "spec": {"backoffLimit": RETRIES, "template": template}});
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_keeps_its_name_its_labels_and_its_containers() {
        let hook = json!({"helm.sh/hook": "test"});
        let mut test = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "try", "namespace": "edge",
            "labels": {"app": "try"}, "annotations": hook}, "spec": {"containers": [{"image": "i:1"}]}});
        make_job(&mut test);
        let expected = json!({"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": "try", "namespace": "edge", "annotations": hook},
            "spec": {"backoffLimit": 6, "template": {"spec": {"containers": [{"image": "i:1"}], "restartPolicy": "Never"},
                "metadata": {"labels": {"app": "try"}}}}});
        assert_eq!(test, expected);
        let mut meshed = json!({"kind": "Pod", "metadata": {"name": "try", "annotations": {"helm.sh/hook": "test",
            "sidecar.istio.io/inject": "false"}}, "spec": {"containers": []}});
        make_job(&mut meshed);
        let of_pod = &meshed["spec"]["template"]["metadata"]["annotations"];
        assert_eq!(*of_pod, json!({"sidecar.istio.io/inject": "false"}));
        let mut again = test.clone();
        make_job(&mut again);
        assert_eq!(again, test, "a Job is one already");
    }
}
