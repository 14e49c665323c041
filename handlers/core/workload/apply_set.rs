//! What of a site was applied to a cluster, kept there as kubectl's own pruning keeps it, an `ApplySet`: a parent, one
//! `ConfigMap`, says of which kinds it is and in which namespaces, and each member has the parent's id as a label.
//!
//! <https://git.k8s.io/enhancements/keps/sig-cli/3659-kubectl-apply-prune#design-details-applyset-specification>
use super::seen::Seen;
use crate::resources::answers::{shortened, text};
use crate::resources::object::group;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The namespace of the parent.
pub const NAMESPACE: &str = "aks-bluegreen";
/// The label of a member: its parent's id.
pub const PART_OF: &str = "applyset.kubernetes.io/part-of";

/// The label of a parent: its id.
const ID: &str = "applyset.kubernetes.io/id";
/// Who keeps it, with a version. Who is another one must leave it alone.
const TOOLING: &str = "applyset.kubernetes.io/tooling";
const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
/// Beside the parent's own.
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";
const TOOL: &str = "aks-bluegreen";

/// A kind, whatever its version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupKind {
    /// The group; empty for Kubernetes' first kinds.
    pub group: String,
    /// `Deployment`.
    pub kind: String,
}

impl GroupKind {
    /// That of an object.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        Self { group: group(text(object, "/apiVersion")).to_owned(), kind: text(object, "/kind").to_owned() }
    }

    fn read(text: &str) -> Self {
        let (kind, group) = text.split_once('.').unwrap_or((text, ""));
        Self { group: group.to_owned(), kind: kind.to_owned() }
    }
}

impl std::fmt::Display for GroupKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.kind)?;
        if self.group.is_empty() { Ok(()) } else { write!(formatter, ".{}", self.group) }
    }
}

/// Where members are: of these kinds, in these namespaces, and in none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Of which kinds.
    pub kinds: BTreeSet<GroupKind>,
    /// In which namespaces.
    pub namespaces: BTreeSet<String>,
}

impl Scope {
    /// Adds an object in its namespace, or in none. The parent's own namespace has no members.
    pub fn add(&mut self, object: &Value, namespace: Option<String>) {
        self.kinds.insert(GroupKind::of(object));
        self.namespaces.extend(namespace.filter(|name| name != NAMESPACE));
    }

    /// This and that.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self { kinds: &self.kinds | &other.kinds, namespaces: &self.namespaces | &other.namespaces }
    }
}

/// The set of a site's objects in a cluster.
#[derive(Clone, Debug)]
pub struct ApplySet {
    name: String,
    id: String,
}

impl ApplySet {
    /// That of a site.
    #[must_use]
    pub fn of(site: &str) -> Self {
        let name = format!("site-{site}-applyset");
        let hash = Sha256::digest(format!("{name}.{NAMESPACE}.ConfigMap."));
        let id = format!("applyset-{}-v1", BASE64_URL_SAFE_NO_PAD.encode(hash));
        Self { name, id }
    }

    /// The value of its members' label.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The label by which its members are found.
    #[must_use]
    pub fn selector(&self) -> String {
        format!("{PART_OF}={}", self.id)
    }

    /// The namespace of its parent, as it is applied.
    #[must_use]
    pub fn namespace() -> Value {
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    }

    /// Its parent, as far as it is known without a cluster.
    #[must_use]
    pub fn reference(&self) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": self.name, "namespace": NAMESPACE}})
    }

    /// Its parent as it is applied; over this version of it alone, if one is given.
    #[must_use]
    pub fn parent(&self, scope: &Scope, version: Option<&str>) -> Value {
        let kinds: Vec<_> = scope.kinds.iter().map(ToString::to_string).collect();
        let namespaces: Vec<_> = scope.namespaces.iter().map(String::as_str).collect();
        let mut parent = self.reference();
        parent["metadata"]["labels"] = json!({ID: self.id});
        parent["metadata"]["annotations"] = json!({
            TOOLING: format!("{TOOL}/v{}", env!("CARGO_PKG_VERSION")),
            KINDS: kinds.join(","),
            NAMESPACES: namespaces.join(","),
        });
        if let Some(version) = version {
            parent["metadata"]["resourceVersion"] = version.into();
        }
        parent
    }

    /// Where its members are, as its parent in a cluster says it.
    ///
    /// # Errors
    /// Why that one is not ours to read or write.
    pub fn scope(&self, parent: &Value) -> Result<Scope, String> {
        let annotation = |name: &str| parent["metadata"]["annotations"][name].as_str();
        let wrong = |why: String| format!("the ConfigMap {NAMESPACE}/{} {why}", self.name);
        match annotation(TOOLING).map(|tool| tool.rsplit_once('/').map_or(tool, |(name, _)| name)) {
            Some(TOOL) => {}
            Some(other) => return Err(wrong(format!("belongs to {}", shortened(other)))),
            None => return Err(wrong(format!("has no annotation {TOOLING}"))),
        }
        if parent["metadata"]["labels"][ID] != self.id {
            return Err(wrong(format!("does not have the label {ID}={}", self.id)));
        }
        let parts = |name: &str| annotation(name).unwrap_or_default().split(',').filter(|part| !part.is_empty());
        let namespaces = parts(NAMESPACES).map(str::to_owned).collect();
        Ok(Scope { kinds: parts(KINDS).map(GroupKind::read).collect(), namespaces })
    }

    /// Makes an object a member, as it will be applied; not one that its manifest, or the cluster, has in another set: which
    /// one that is.
    ///
    /// # Errors
    /// The id of that set.
    pub fn join(&self, object: &mut Value, seen: Option<&Seen>) -> Result<(), String> {
        let said = object["metadata"]["labels"][PART_OF].as_str();
        let live = seen.and_then(|seen| seen.part_of.as_deref());
        if let Some(other) = said.or(live).filter(|other| *other != self.id) {
            return Err(other.to_owned());
        }
        if !object["metadata"]["labels"].is_object() {
            object["metadata"]["labels"] = json!({});
        }
        object["metadata"]["labels"][PART_OF] = self.id.clone().into();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        let mut scope = Scope::default();
        scope.add(&json!({"apiVersion": "apps/v1", "kind": "Deployment"}), Some("shop".into()));
        scope.add(&json!({"apiVersion": "v1", "kind": "ConfigMap"}), Some("default".into()));
        scope.add(&json!({"apiVersion": "v1", "kind": "Namespace"}), None);
        scope
    }

    #[test]
    fn its_id_is_the_one_that_kubectl_computes() {
        // printf 'site-shop-applyset.aks-bluegreen.ConfigMap.' | openssl dgst -sha256 -binary | basenc --base64url
        assert_eq!(ApplySet::of("shop").id(), "applyset-xTi9A-zRjfR0drs9Jbf9IpHp5B95IRMQlVXWVeh5U5M-v1");
        assert!(ApplySet::of(&"x".repeat(40)).id().len() <= 63, "it is the value of a label");
    }

    #[test]
    fn what_a_parent_says_is_read_as_it_was_written() {
        let set = ApplySet::of("shop");
        let parent = set.parent(&scope(), Some("7"));
        assert_eq!(parent["metadata"]["annotations"][KINDS], "ConfigMap,Namespace,Deployment.apps");
        assert_eq!(parent["metadata"]["annotations"][NAMESPACES], "default,shop");
        assert_eq!(parent["metadata"]["resourceVersion"], "7");
        let read = set.scope(&parent).unwrap();
        assert_eq!(read, scope());
        assert_eq!(read.and(&scope()), read);
    }

    #[test]
    fn somebody_elses_parent_is_left_alone() {
        let set = ApplySet::of("shop");
        let mut parent = set.parent(&scope(), None);
        parent["metadata"]["annotations"][TOOLING] = "kubectl/v1.36.3".into();
        assert!(set.scope(&parent).unwrap_err().ends_with("belongs to kubectl"));
        assert!(
            set.scope(&ApplySet::of("other").parent(&scope(), None)).unwrap_err().contains("does not have the label")
        );
        assert!(set.scope(&set.reference()).unwrap_err().contains("has no annotation"));
    }

    #[test]
    fn a_member_of_another_set_is_not_taken() {
        let set = ApplySet::of("shop");
        let mut plain = json!({"kind": "ConfigMap", "metadata": {"name": "a"}});
        let seen = Seen { part_of: Some("theirs".into()), ..Seen::default() };
        assert_eq!(set.join(&mut plain, Some(&seen)), Err("theirs".to_owned()));
        assert_eq!(plain["metadata"].get("labels"), None);
        set.join(&mut plain, None).unwrap();
        assert_eq!(plain["metadata"]["labels"][PART_OF], set.id());
        let mut said = json!({"kind": "ConfigMap", "metadata": {"name": "a", "labels": {PART_OF: "theirs"}}});
        assert!(set.join(&mut said, None).is_err());
    }
}
