//! What KEDA's objects say by annotations, as KEDA reads them.
//!
//! <https://keda.sh/docs/latest/concepts/scaling-deployments/#pause-autoscaling>
use crate::resources::answers::{list, text};
use serde_json::Value;

/// Whether scaling is paused, at as many pods as there are.
pub const PAUSED: &str = "autoscaling.keda.sh/paused";
/// At how many pods scaling is paused; it counts more than [`PAUSED`].
pub const PAUSED_REPLICAS: &str = "autoscaling.keda.sh/paused-replicas";

/// Whether KEDA scales nothing by it. Scaling that is paused in one direction alone (`paused-scale-in`, `paused-scale-out`)
/// is not paused: bounds count all the same.
#[must_use]
pub fn is_paused(object: &Value) -> bool {
    object["metadata"]["annotations"].get(PAUSED_REPLICAS).is_some() || says_paused(object)
}

/// Whether it says [`PAUSED`]. What is no word for true or false means that it is.
///
/// <https://pkg.go.dev/strconv#ParseBool>
#[must_use]
pub fn says_paused(object: &Value) -> bool {
    is_yes(&object["metadata"]["annotations"][PAUSED])
}

/// Whether an annotation that is there says yes, or nothing that is a no.
#[must_use]
pub fn is_yes(annotation: &Value) -> bool {
    annotation.as_str().is_some_and(|said| !matches!(said, "0" | "f" | "F" | "false" | "FALSE" | "False"))
}

/// Triggers that count what waits in a queue, a stream or a store: what they scale is a consumer, whatever traffic does. All
/// others are taken for triggers that follow the load of what they scale.
///
/// <https://keda.sh/docs/latest/scalers/>
const CONSUME: [&str; 37] = [
    "activemq",
    "apache-kafka",
    "artemis-queue",
    "aws-dynamodb-streams",
    "aws-kinesis-stream",
    "aws-sqs-queue",
    "azure-blob",
    "azure-eventhub",
    "azure-pipelines",
    "azure-queue",
    "azure-servicebus",
    "beanstalkd",
    "forgejo-runner",
    "gcp-cloudtasks",
    "gcp-pubsub",
    "gcp-storage",
    "github-runner",
    "gitlab-runner",
    "ibmmq",
    "kafka",
    "liiklus",
    "nats-jetstream",
    "nsq",
    "openstack-swift",
    "pulsar",
    "rabbitmq",
    "redis",
    "redis-cluster",
    "redis-cluster-streams",
    "redis-sentinel",
    "redis-sentinel-streams",
    "redis-streams",
    "selenium-grid",
    "solace-direct-messaging",
    "solace-event-queue",
    "stan",
    "temporal",
];

/// Why the size of what this ScaledObject scales is left alone; nothing: it follows traffic.
#[must_use]
pub fn why_left(scaled: &Value) -> Option<String> {
    if is_paused(scaled) {
        return Some("is paused".into());
    }
    let triggers: Vec<_> = list(scaled, "/spec/triggers").iter().map(|trigger| text(trigger, "/type")).collect();
    let consumes = triggers.iter().all(|trigger| CONSUME.contains(trigger));
    consumes.then(|| match triggers.as_slice() {
        [] => "has no trigger".into(),
        triggers => format!("follows what waits to be consumed ({}), and no traffic", triggers.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_annotation_that_says_false_pauses_nothing() {
        let of = |name: &str, value: &str| json!({"metadata": {"annotations": {name: value}}});
        for (value, paused) in
            [("true", true), ("1", true), ("yes", true), ("false", false), ("F", false), ("0", false)]
        {
            assert_eq!(is_paused(&of(PAUSED, value)), paused, "{value}");
        }
        assert!(is_paused(&of(PAUSED_REPLICAS, "3")) && !says_paused(&of(PAUSED_REPLICAS, "3")));
        for one_way in ["autoscaling.keda.sh/paused-scale-in", "autoscaling.keda.sh/paused-scale-out"] {
            assert!(!is_paused(&of(one_way, "true")), "{one_way}");
        }
        assert!(!is_paused(&json!({"metadata": {}})));
    }

    #[test]
    fn what_consumes_is_left_and_what_measures_is_not() {
        let of = |triggers: &[&str]| {
            let all: Vec<_> = triggers.iter().map(|trigger| json!({"type": trigger})).collect();
            why_left(&json!({"spec": {"triggers": all}}))
        };
        for measures in
            ["cpu", "dynatrace", "graphite", "influxdb", "loki", "splunk-observability", "azure-data-explorer", "new"]
        {
            assert_eq!(of(&[measures]), None, "{measures}");
        }
        let words = "follows what waits to be consumed (kafka, azure-servicebus), and no traffic";
        assert_eq!(of(&["kafka", "azure-servicebus"]).unwrap(), words);
        assert_eq!(of(&["kafka", "cpu"]), None);
        assert!(of(&[]).is_some() && CONSUME.is_sorted());
    }
}
