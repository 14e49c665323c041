//! The members of Kubernetes' own kinds, their defaults, images, zeros, lists, wholes and rules. The members lie in `members.txt`, which a test writes from the types of `k8s-openapi` and
//! compares with them: types in a binary cost megabytes, and minutes of every build.
pub mod defaults;
pub mod images;
pub mod lists;
pub mod quantity;
pub mod rules;
pub mod wholes;
pub mod zeros;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

/// The minor version of Kubernetes whose kinds these are.
pub const KNOWN: u16 = 37;

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Type(&'static str);

/// A member of an object.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// What its value must be.
    pub of: Type,
    /// Whether the schema requires it. A server may take nothing for its zero.
    pub is_required: bool,
}

/// The members of an object, by their names.
pub type Members = BTreeMap<&'static str, Member>;

/// How values of a type look.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Anything.
    Any,
    /// A text.
    Text,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A whole number, or a text.
    IntegerOrText,
    /// Bytes, as a text in base64.
    Base64,
    /// A moment, as a text of RFC 3339.
    Time,
    /// A list of these.
    List(Type),
    /// An object with any names, and values of this type.
    Map(Type),
    /// An object with these members.
    Object(&'static Members),
}

impl Type {
    /// That of an object with this `apiVersion` and kind; `None`: it is none of Kubernetes' own stable kinds.
    #[must_use]
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        TABLE.roots.get(&(api_version, kind)).copied()
    }

    /// Its short name: `apps.v1.DeploymentSpec`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// Whether it is a quantity, such as `500m` or `1Gi`, which a server writes in one form only.
    #[must_use]
    pub fn is_quantity(self) -> bool {
        self.0 == "quantity"
    }

    /// Whether it is a whole number that 32 bits must hold.
    #[must_use]
    pub fn is_short_integer(self) -> bool {
        self.0 == "int32"
    }

    /// That of what lies at these members of an object, lists' items and their places left out.
    #[must_use]
    pub fn at(self, path: &[&str]) -> Option<Self> {
        let mut of = self;
        for name in path {
            of = match of.item().shape() {
                Shape::Object(members) => members.get(name)?.of,
                Shape::Map(value) => value,
                _ => return None,
            };
        }
        Some(of)
    }

    /// That of a list's items; of what is no list, its own.
    #[must_use]
    pub fn item(self) -> Self {
        let mut of = self;
        while let Shape::List(item) = of.shape() {
            of = item;
        }
        of
    }

    /// How its values look.
    #[must_use]
    pub fn shape(self) -> Shape {
        match self.0 {
            "string" => Shape::Text,
            "boolean" => Shape::Boolean,
            "integer" | "int32" => Shape::Integer,
            "number" => Shape::Number,
            "int-or-string" | "quantity" => Shape::IntegerOrText,
            "base64" => Shape::Base64,
            "time" => Shape::Time,
            name => match (name.strip_prefix("[]"), name.strip_prefix("{}")) {
                (Some(item), _) => Shape::List(Self(item)),
                (_, Some(value)) => Shape::Map(Self(value)),
                (None, None) => TABLE.types.get(name).map_or(Shape::Any, Shape::Object),
            },
        }
    }
}

/// The `apiVersion` and the kind of all stable kinds of Kubernetes' own, in their order.
#[must_use]
pub fn roots() -> Vec<(&'static str, &'static str)> {
    let mut roots: Vec<_> = TABLE.roots.keys().copied().collect();
    roots.sort_unstable();
    roots
}

/// Whether objects of this stable kind of Kubernetes' own lie in no namespace.
#[must_use]
pub fn is_cluster_scoped(api_version: &str, kind: &str) -> bool {
    has_no_namespaces(kind) && Type::of(api_version, kind).is_some()
}

/// Whether objects of a kind of this name, in a group of Kubernetes' own, lie in no namespace: also of one that is not stable.
#[must_use]
pub fn has_no_namespaces(kind: &str) -> bool {
    CLUSTER_SCOPED.contains(&kind)
}

/// The kinds whose objects lie in no namespace.
const CLUSTER_SCOPED: [&str; 29] = [
    "APIService",
    "CSIDriver",
    "CSINode",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterTrustBundle",
    "CustomResourceDefinition",
    "DeviceClass",
    "FlowSchema",
    "IPAddress",
    "IngressClass",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "ResourceSlice",
    "RuntimeClass",
    "ServiceCIDR",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
    "VolumeAttributesClass",
];

/// Whether a group is one of Kubernetes' own, all stable kinds of which are known here.
#[must_use]
pub fn is_own_group(group: &str) -> bool {
    TABLE.groups.contains(group)
}

#[derive(Default)]
struct Table {
    roots: HashMap<(&'static str, &'static str), Type>,
    groups: HashSet<&'static str>,
    types: HashMap<&'static str, Members>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let (mut table, mut current) = (Table::default(), "");
    for line in include_str!("members.txt").lines() {
        if let Some((root, name)) = line.split_once(" = ") {
            let (api, kind) = root.split_once(' ').unwrap_or((root, ""));
            table.roots.insert((api, kind), Type(name));
            table.groups.insert(api.rsplit_once('/').map_or("", |(group, _)| group));
        } else if let Some(member) = line.strip_prefix(' ') {
            let (name, of) = member.split_once(' ').unwrap_or((member, "any"));
            let (name, is_required) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
            table.types.entry(current).or_default().insert(name, Member { of: Type(of), is_required });
        } else {
            current = line;
            table.types.entry(line).or_default();
        }
    }
    table
});
