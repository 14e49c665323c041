//! What an object that is not ready lacks, where what is around it says whether anybody will ever give it: a class, the old
//! cluster, time.
use super::conditions::lacks_sync_alone;
use super::further;
use super::refusal::is_own;
use super::share::Share;
use crate::resources::answers::{list, text};
use crate::resources::object::name;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// For so long an autoscaler is waited for: the first measures of new pods take a minute or two.
const MEASURED_WITHIN: SignedDuration = SignedDuration::from_mins(5);
/// The controller of AGIC's classes, and how an Ingress names it itself.
const AGIC: &str = "azure/application-gateway";
/// How an Ingress names its class as it did before there were objects of it.
const OLDER: &str = "/metadata/annotations/kubernetes.io~1ingress.class";
const DEFAULT_INGRESS: &str = "/metadata/annotations/ingressclass.kubernetes.io~1is-default-class";
const DEFAULT_STORAGE: &str = "/metadata/annotations/storageclass.kubernetes.io~1is-default-class";

/// What an object that is not ready lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// An address, of an Ingress of this class.
    Address(IngressClass),
    /// A volume, of a claim that has named this class, or none.
    Volume(Option<String>),
    /// Something to scale by, of an autoscaler that was made then.
    Measure(Option<Timestamp>),
    /// Something that it may lack in the old cluster, too; with its pods, if it counts any.
    Other(Option<Share>),
}

/// The class of an Ingress, as the Ingress says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IngressClass {
    /// By the name of an object.
    Named(String),
    /// In an annotation, by whatever a controller listens to.
    Annotated(String),
    /// Whatever is the cluster's own.
    Default,
}

impl IngressClass {
    /// The class that an Ingress names.
    #[must_use]
    pub fn of(ingress: &Value) -> Self {
        match (text(ingress, "/spec/ingressClassName"), text(ingress, OLDER)) {
            ("", "") => Self::Default,
            ("", older) => Self::Annotated(older.to_owned()),
            (named, _) => Self::Named(named.to_owned()),
        }
    }

    /// Whether somebody gives an Ingress of this class an address in the new cluster, which has these IngressClasses: who did
    /// so in the old one, which has these Ingresses, and is there again. AGIC, which is fenced, does not before the hand-over.
    #[must_use]
    pub fn gives(&self, classes: &[Value], of_old: &[Value]) -> bool {
        let named = |wanted: &str| classes.iter().find(|class| name(class) == wanted);
        let class = match self {
            Self::Named(wanted) => named(wanted),
            Self::Annotated(wanted) if wanted == AGIC => return false,
            Self::Annotated(wanted) => named(wanted),
            Self::Default => classes.iter().find(|class| text(class, DEFAULT_INGRESS) == "true"),
        };
        let nobody = class.is_none() && matches!(self, Self::Named(_));
        let is_agic = class.is_some_and(|class| text(class, "/spec/controller") == AGIC);
        let has_address = |ingress: &Value| !list(ingress, "/status/loadBalancer/ingress").is_empty();
        !nobody && !is_agic && of_old.iter().any(|ingress| Self::of(ingress) == *self && has_address(ingress))
    }
}

/// Whether a claim without a volume gets one when a pod that uses it has a node, not before, by these StorageClasses: then that
/// pod is waited for, where there is one.
#[must_use]
pub fn waits_for_a_pod(class: Option<&str>, classes: &[Value]) -> bool {
    let mut classes = classes.iter();
    let class = match class {
        Some(wanted) => classes.find(|class| name(class) == wanted),
        None => classes.find(|class| text(class, DEFAULT_STORAGE) == "true"),
    };
    class.is_some_and(|class| text(class, "/volumeBindingMode") == "WaitForFirstConsumer")
}

/// Whether an autoscaler that was made then has been waited for long enough.
#[must_use]
pub fn is_waited_out(made: Option<Timestamp>, now: Timestamp) -> bool {
    made.is_none_or(|made| now.duration_since(made) >= MEASURED_WITHIN)
}

/// What may excuse this object, which is not ready. `None`: nothing.
#[must_use]
pub fn lack(object: &Value) -> Option<Lack> {
    let kind = text(object, "/kind");
    if !is_own(text(object, "/apiVersion")) {
        let is_other =
            lacks_sync_alone(object) || (kind == "Rollout" && text(object, "/apiVersion").starts_with("argoproj.io/"));
        return is_other.then(|| Lack::Other(Share::of(object)));
    }
    match kind {
        "Ingress" => Some(Lack::Address(IngressClass::of(object))),
        // A claim that is lost, or that names its volume, has nothing to wait for a pod for.
        "PersistentVolumeClaim" if text(object, "/status/phase") == "Pending" => {
            let class = object.pointer("/spec/storageClassName").and_then(Value::as_str);
            Some(Lack::Volume(class.map(str::to_owned)))
        }
        "HorizontalPodAutoscaler" => Some(Lack::Measure(text(object, "/metadata/creationTimestamp").parse().ok())),
        kind if further::KINDS.contains(&kind) => Some(Lack::Other(Share::of(object))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ingress(class: Option<&str>, has_address: bool) -> Value {
        let mut object = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"},
            "spec": {}, "status": {"loadBalancer": {}}});
        if let Some(class) = class {
            object["spec"]["ingressClassName"] = class.into();
        }
        if has_address {
            object["status"]["loadBalancer"]["ingress"] = json!([{"ip": "10.1.0.4"}]);
        }
        object
    }

    fn class(name: &str, controller: &str) -> Value {
        json!({"metadata": {"name": name}, "spec": {"controller": controller}})
    }

    #[test]
    fn an_address_comes_from_who_gave_one_in_the_old_cluster_and_is_there_again() {
        let nginx = class("nginx", "k8s.io/ingress-nginx");
        let named = IngressClass::of(&ingress(Some("nginx"), false));
        let old = [ingress(Some("nginx"), true)];
        assert!(named.gives(std::slice::from_ref(&nginx), &old));
        assert!(!named.gives(&[], &old), "its class is not there");
        assert!(
            !named.gives(std::slice::from_ref(&nginx), &[ingress(Some("nginx"), false)]),
            "its controller publishes none"
        );
        assert!(!named.gives(std::slice::from_ref(&nginx), &[ingress(Some("other"), true)]));
        assert!(!named.gives(&[class("nginx", AGIC)], &old), "it is fenced");
        let mut annotated = ingress(None, true);
        annotated["metadata"]["annotations"] = json!({"kubernetes.io/ingress.class": "nginx"});
        assert!(IngressClass::of(&annotated).gives(&[], &[annotated.clone()]), "it needs no object");
        annotated["metadata"]["annotations"] = json!({"kubernetes.io/ingress.class": AGIC});
        assert!(!IngressClass::of(&annotated).gives(&[], &[annotated.clone()]));
        let mut default = class("gateway", AGIC);
        let (plain, old) = (IngressClass::of(&ingress(None, false)), [ingress(None, true)]);
        assert!(plain.gives(&[default.clone()], &old), "somebody takes those that name no class");
        default["metadata"]["annotations"] = json!({"ingressclass.kubernetes.io/is-default-class": "true"});
        assert!(!plain.gives(&[default], &old));
    }

    #[test]
    fn a_claim_waits_for_a_pod_as_its_class_says() {
        let class = |name: &str, mode: &str, default: &str| {
            json!({"metadata": {"name": name, "annotations": {"storageclass.kubernetes.io/is-default-class": default}},
                "volumeBindingMode": mode})
        };
        let classes = [class("late", "WaitForFirstConsumer", "true"), class("now", "Immediate", "false")];
        let waits = |name: Option<&str>| waits_for_a_pod(name, &classes);
        assert_eq!((waits(Some("late")), waits(Some("now")), waits(Some("")), waits(None)), (true, false, false, true));
    }

    #[test]
    fn an_autoscaler_is_waited_for_so_long() {
        let now: Timestamp = "2026-01-01T12:05:00Z".parse().unwrap();
        let out = |made: &str| is_waited_out(made.parse().ok(), now);
        assert_eq!((out("2026-01-01T12:00:00Z"), out("2026-01-01T12:00:01Z"), out("")), (true, false, true));
    }

    #[test]
    fn what_was_waited_for_before_is_excused_by_nothing() {
        let of =
            |api: &str, kind: &str, status: Value| lack(&json!({"apiVersion": api, "kind": kind, "status": status}));
        for (api, kind) in
            [("apps/v1", "Deployment"), ("batch/v1", "Job"), ("v1", "Service"), ("cert-manager.io/v1", "Certificate")]
        {
            assert_eq!(of(api, kind, json!({})), None, "{kind}");
        }
        assert_eq!(of("v1", "Pod", json!({})), Some(Lack::Other(None)));
        assert_eq!(of("v1", "PersistentVolumeClaim", json!({"phase": "Lost"})), Some(Lack::Other(None)));
        let application = |health: &str| json!({"health": {"status": health}, "sync": {"status": "OutOfSync"}});
        assert_eq!(of("argoproj.io/v1alpha1", "Application", application("Healthy")), Some(Lack::Other(None)));
        assert_eq!(of("argoproj.io/v1alpha1", "Application", application("Degraded")), None);
    }
}
