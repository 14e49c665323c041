//! Which rights are used in a cluster, how an API server is asked for them beforehand, and what gives those that are missing.
//!
//! <https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access>
use super::apply_set::NAMESPACE;
use crate::resources::answers::{is_true, text};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The role that gives everything in a cluster whose rights are roles in Azure.
pub const ROLE: &str = "Azure Kubernetes Service RBAC Cluster Admin";
/// What is applied is listed, and made or changed.
const APPLIES: [&str; 3] = ["create", "list", "patch"];
/// Nothing of these is ever deleted.
const STAY: [&str; 4] = ["namespaces", "persistentvolumes", "persistentvolumeclaims", "customresourcedefinitions"];
/// Objects of a kind in more namespaces than this are listed in all of them at once.
pub const MOST_NAMESPACES: usize = 4;

/// Something that is to be done with objects of a kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// The group; empty for Kubernetes' first kinds.
    pub group: String,
    /// `deployments`, `cronjobs/status`; a star stands for everything.
    pub resource: String,
    /// Where; nothing: in the whole cluster.
    pub namespace: Option<String>,
    /// `list`, `patch`, ….
    pub verb: &'static str,
}

impl std::fmt::Display for Right {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (resource, part) = self.parts();
        write!(formatter, "{} {resource}", self.verb)?;
        if !self.group.is_empty() {
            write!(formatter, ".{}", self.group)?;
        }
        if !part.is_empty() {
            write!(formatter, "/{part}")?;
        }
        match &self.namespace {
            Some(namespace) => write!(formatter, " in the namespace {namespace}"),
            None => write!(formatter, " in the whole cluster"),
        }
    }
}

impl Right {
    /// A right in the whole cluster.
    #[must_use]
    pub fn everywhere(verb: &'static str, group: &str, resource: &str) -> Self {
        Self { group: group.into(), resource: resource.into(), namespace: None, verb }
    }

    /// The right to everything: whoever has it need not be asked further.
    #[must_use]
    pub fn all() -> Self {
        Self::everywhere("*", "*", "*")
    }

    /// The question whether whoever asks has it.
    #[must_use]
    pub fn review(&self) -> Value {
        json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "metadata": {},
            "spec": {"resourceAttributes": self.attributes()}})
    }

    /// The question whether an identity of Entra has it, by its object id.
    #[must_use]
    pub fn review_of(&self, identity: &str) -> Value {
        json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "metadata": {},
            "spec": {"user": identity, "extra": {"oid": [identity]}, "resourceAttributes": self.attributes()}})
    }

    /// The kind, and what of its objects.
    fn parts(&self) -> (&str, &str) {
        self.resource.split_once('/').unwrap_or((&self.resource, ""))
    }

    fn attributes(&self) -> Value {
        let (resource, part) = self.parts();
        let mut attributes = json!({"verb": self.verb, "group": self.group, "resource": resource});
        if !part.is_empty() {
            attributes["subresource"] = part.into();
        }
        if let Some(namespace) = &self.namespace {
            attributes["namespace"] = namespace.as_str().into();
        }
        attributes
    }
}

/// What an API server says of a right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is there.
    Yes,
    /// It is not.
    No,
    /// Nobody can tell, and why.
    Unclear(String),
}

impl Answer {
    /// What an answered review says. What could not be judged is no yes, and no no.
    #[must_use]
    pub fn of(review: &Value) -> Self {
        let error = text(review, "/status/evaluationError");
        match review.pointer("/status/allowed") {
            Some(Value::Bool(true)) => Self::Yes,
            Some(Value::Bool(false)) if error.is_empty() || is_true(review, "/status/denied") => Self::No,
            Some(Value::Bool(false)) => Self::Unclear(error.to_owned()),
            _ => Self::Unclear("the answer does not say it".into()),
        }
    }
}

/// A kind, and where an object of it lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The group.
    pub group: String,
    /// The kind in the plural, as addresses have it.
    pub resource: String,
    /// Nothing for what lies in no namespace.
    pub namespace: Option<String>,
}

/// What is used to apply objects at these places, and to see what became of them.
#[must_use]
pub fn to_apply(places: impl IntoIterator<Item = Place>) -> BTreeSet<Right> {
    let mut kinds: BTreeMap<(String, String), BTreeSet<Option<String>>> = BTreeMap::new();
    for Place { group, resource, namespace } in places {
        kinds.entry((group, resource)).or_default().insert(namespace);
    }
    let mut rights = BTreeSet::new();
    for ((group, resource), namespaces) in kinds {
        let listed_at_once = namespaces.len() > MOST_NAMESPACES;
        for verb in APPLIES {
            let right = |namespace| Right { group: group.clone(), resource: resource.clone(), namespace, verb };
            if verb == "list" && listed_at_once {
                rights.insert(right(None));
            } else {
                rights.extend(namespaces.iter().cloned().map(right));
            }
        }
    }
    rights
}

/// What is used to delete objects at these places.
#[must_use]
pub fn to_delete(places: &BTreeSet<Place>) -> BTreeSet<Right> {
    let right = |place: &Place| Right {
        group: place.group.clone(),
        resource: place.resource.clone(),
        namespace: place.namespace.clone(),
        verb: "delete",
    };
    places.iter().map(right).collect()
}

/// What is used beside that to find what earlier manifests had at these places, to delete it, and to write down where it lies.
#[must_use]
pub fn to_keep(places: &BTreeSet<Place>) -> BTreeSet<Right> {
    let mut rights = to_delete(places);
    rights.retain(|right| !STAY.contains(&right.resource.as_str()));
    let namespaces: BTreeSet<_> = places.iter().filter_map(|place| place.namespace.clone()).collect();
    for Place { group, resource, namespace } in places {
        let list = |namespace| Right { group: group.clone(), resource: resource.clone(), namespace, verb: "list" };
        if namespace.is_some() && namespaces.len() <= MOST_NAMESPACES {
            rights.extend(namespaces.iter().cloned().map(Some).map(list));
        } else {
            rights.insert(list(None));
        }
    }
    let own = |verb| Right { namespace: Some(NAMESPACE.into()), ..Right::everywhere(verb, "", "configmaps") };
    rights.extend(["get", "create", "patch"].map(own));
    rights.extend(["create", "patch"].map(|verb| Right::everywhere(verb, "", "namespaces")));
    rights
}

/// The kinds that definitions among these objects bring: `apiVersion` without its version, and kind; to the plural, and whether
/// their objects lie in namespaces.
#[must_use]
pub fn defined<'a>(objects: impl IntoIterator<Item = &'a Value>) -> BTreeMap<(&'a str, &'a str), (&'a str, bool)> {
    let definitions = objects.into_iter().filter(|object| object["kind"] == "CustomResourceDefinition");
    let kind = |definition: &'a Value| {
        let names = |member| text(definition, member);
        let key = (names("/spec/group"), names("/spec/names/kind"));
        (key, (names("/spec/names/plural"), text(definition, "/spec/scope") == "Namespaced"))
    };
    definitions.map(kind).collect()
}

/// What gives an identity these rights: objects for `kubectl apply -f -`.
#[must_use]
pub fn binding(missing: &[Right], identity: &str) -> Value {
    let mut rules: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for right in missing {
        rules.entry((&right.group, &right.resource)).or_default().insert(right.verb);
    }
    let rules: Vec<_> = rules
        .into_iter()
        .map(|((group, resource), verbs)| json!({"apiGroups": [group], "resources": [resource], "verbs": verbs}))
        .collect();
    let metadata = json!({"name": "aks-bluegreen"});
    json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": metadata, "rules": rules},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": metadata,
         "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "aks-bluegreen"},
         "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": identity}]}]})
}

/// What to do where rights are missing.
#[must_use]
pub fn remedy(missing: &[Right], identity: &str) -> String {
    format!(
        "give it the role {ROLE} on the cluster's resource group (it takes up to 30 min to arrive); or, where rights are kept in \
         the cluster, apply {}",
        binding(missing, identity)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(group: &str, resource: &str, namespace: Option<&str>) -> Place {
        Place { group: group.into(), resource: resource.into(), namespace: namespace.map(str::to_owned) }
    }

    fn words(rights: &BTreeSet<Right>) -> Vec<String> {
        rights.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_right_is_asked_for_once() {
        let deployments = [place("apps", "deployments", Some("shop")), place("apps", "deployments", Some("shop"))];
        let rights = to_apply(deployments.into_iter().chain([place("", "namespaces", None)]));
        assert_eq!(
            words(&rights),
            [
                "create namespaces in the whole cluster",
                "list namespaces in the whole cluster",
                "patch namespaces in the whole cluster",
                "create deployments.apps in the namespace shop",
                "list deployments.apps in the namespace shop",
                "patch deployments.apps in the namespace shop",
            ]
        );
        let many = (0..5).map(|number| place("", "secrets", Some(&format!("team-{number}"))));
        let rights = to_apply(many);
        assert_eq!(rights.iter().filter(|right| right.verb == "list").count(), 1);
        assert_eq!(rights.len(), 11);
    }

    #[test]
    fn what_cannot_be_judged_is_neither_yes_nor_no() {
        let of = |status: Value| Answer::of(&json!({"status": status}));
        assert_eq!((of(json!({"allowed": true})), of(json!({"allowed": false}))), (Answer::Yes, Answer::No));
        assert_eq!(of(json!({"allowed": false, "evaluationError": "no graph"})), Answer::Unclear("no graph".into()));
        assert_eq!(of(json!({"allowed": false, "denied": true, "evaluationError": "x"})), Answer::No);
        assert!(matches!(of(json!({})), Answer::Unclear(_)));
    }

    #[test]
    fn the_binding_gives_what_is_missing_and_no_more() {
        let missing = [
            Right::everywhere("list", "", "nodes"),
            Right::everywhere("patch", "apps", "deployments"),
            Right::everywhere("list", "apps", "deployments"),
        ];
        let said = remedy(&missing, "0f0f");
        assert!(said.contains(ROLE) && said.contains("\"name\":\"0f0f\""), "{said}");
        let rules = &binding(&missing, "0f0f")["items"][0]["rules"];
        assert_eq!(rules[1], json!({"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list", "patch"]}));
    }

    #[test]
    fn kinds_that_are_still_to_be_defined_are_known_by_their_definitions() {
        let definition = json!({"kind": "CustomResourceDefinition", "spec": {"group": "example.com", "scope": "Namespaced",
            "names": {"kind": "Part", "plural": "parts"}}});
        assert_eq!(defined([&definition])[&("example.com", "Part")], ("parts", true));
    }
}
