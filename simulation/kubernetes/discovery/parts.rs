//! Pure: resources that are no stored kinds: reviews, which are only created, and parts of objects.
use crate::kubernetes::kinds::Kind;
use serde_json::{Value, json};

/// Group, version, name, kind, scope (n|c), verbs, and the group and version of what is sent where they are others'.
const TABLE: &str = "\
- v1 bindings Binding n create
- v1 componentstatuses ComponentStatus c get,list
- v1 namespaces/finalize Namespace c update
- v1 nodes/proxy NodeProxyOptions c create,delete,get,patch,update
- v1 pods/attach PodAttachOptions n create,get
- v1 pods/binding Binding n create
- v1 pods/ephemeralcontainers Pod n get,patch,update
- v1 pods/eviction Eviction n create policy v1
- v1 pods/exec PodExecOptions n create,get
- v1 pods/log Pod n get
- v1 pods/portforward PodPortForwardOptions n create,get
- v1 pods/proxy PodProxyOptions n create,delete,get,patch,update
- v1 pods/resize Pod n get,patch,update
- v1 serviceaccounts/token TokenRequest n create authentication.k8s.io v1
- v1 services/proxy ServiceProxyOptions n create,delete,get,patch,update
authentication.k8s.io v1 selfsubjectreviews SelfSubjectReview c create
authentication.k8s.io v1 tokenreviews TokenReview c create
authorization.k8s.io v1 localsubjectaccessreviews LocalSubjectAccessReview n create
authorization.k8s.io v1 selfsubjectaccessreviews SelfSubjectAccessReview c create
authorization.k8s.io v1 selfsubjectrulesreviews SelfSubjectRulesReview c create
authorization.k8s.io v1 subjectaccessreviews SubjectAccessReview c create
certificates.k8s.io v1 certificatesigningrequests/approval CertificateSigningRequest c get,patch,update
";

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    TABLE.lines().map(|line| line.split(' ').map(|word| if word == "-" { "" } else { word }).collect())
}

/// The groups and versions that have such resources.
pub(super) fn groups() -> impl Iterator<Item = (&'static str, &'static str)> {
    rows().map(|row| (row[0], row[1]))
}

/// The entries of one group and version.
pub(super) fn entries(group: &str, version: &str) -> Vec<Value> {
    rows().filter(|row| row[0] == group && row[1] == version).map(|row| entry(&row)).collect()
}

fn entry(row: &[&str]) -> Value {
    let verbs: Vec<&str> = row[5].split(',').collect();
    let singular = if row[2].contains('/') { String::new() } else { row[3].to_lowercase() };
    let mut entry =
        json!({"name": row[2], "singularName": singular, "namespaced": row[4] == "n", "kind": row[3], "verbs": verbs});
    if let [_, _, _, _, _, _, group, version] = row {
        (entry["group"], entry["version"]) = (json!(group), json!(version));
    }
    if row[2] == "componentstatuses" {
        entry["shortNames"] = json!(["cs"]);
    }
    entry
}

/// Whether something that is only created is served under this name.
pub(in crate::kubernetes) fn is_review(group: &str, version: &str, plural: &str) -> bool {
    rows().any(|row| row[..3] == [group, version, plural] && row[5] == "create")
}

/// The verbs of a part of an object; `None`: there is no such part.
pub(in crate::kubernetes) fn part(group: &str, plural: &str, name: &str) -> Option<&'static str> {
    let whole = format!("{plural}/{name}");
    rows().find(|row| row[0] == group && row[2] == whole).map(|row| row[5])
}

/// The kind of what is only created under this name.
pub(in crate::kubernetes) fn kind_of_review(group: &str, version: &str, plural: &str) -> Option<Kind> {
    let row = rows().find(|row| row[..3] == [group, version, plural])?;
    Some(Kind { plural: plural.into(), namespaced: row[4] == "n", ..kind_of(group, version, row[3]) })
}

/// A kind that is sent and not kept.
pub(in crate::kubernetes) fn kind_of(group: &str, version: &str, kind: &str) -> Kind {
    Kind {
        group: group.into(),
        version: version.into(),
        plural: String::new(),
        singular: kind.to_lowercase(),
        kind: kind.into(),
        short: vec![],
        namespaced: false,
        status: false,
        scale: false,
        built_in: true,
        custom: None,
    }
}
