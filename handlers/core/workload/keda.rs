//! What KEDA's objects say by annotations, as KEDA reads them.
//!
//! <https://keda.sh/docs/latest/concepts/scaling-deployments/#pause-autoscaling>
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
}
