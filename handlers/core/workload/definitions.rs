//! Definitions of custom kinds: whose they are, and whether two of them allow the same.
use crate::resources::answers::{list, text};
use crate::resources::object::group;
use serde_json::Value;
use std::collections::BTreeMap;

/// Whether this is the definition of the kind of an object.
#[must_use]
pub fn defines(definition: &Value, object: &Value) -> bool {
    definition["kind"] == "CustomResourceDefinition"
        && text(definition, "/spec/group") == group(text(object, "/apiVersion"))
        && text(definition, "/spec/names/kind") == text(object, "/kind")
}

/// Whether two definitions of a kind serve the same versions with the same schemas.
#[must_use]
pub fn allows_the_same(one: &Value, other: &Value) -> bool {
    versions(one) == versions(other)
}

fn versions(definition: &Value) -> BTreeMap<&str, (bool, &Value)> {
    let versions = list(definition, "/spec/versions").iter();
    versions.map(|version| (text(version, "/name"), (version["served"] == true, &version["schema"]))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_definition_is_known_by_group_and_kind_and_compared_by_what_it_allows() {
        let of = |schema: Value, served: bool| {
            json!({"kind": "CustomResourceDefinition", "spec": {"group": "example.com", "names": {"kind": "Box"},
                "versions": [{"name": "v1", "served": served, "storage": true, "schema": schema}]}})
        };
        let one = of(json!({"openAPIV3Schema": {"type": "object"}}), true);
        assert!(defines(&one, &json!({"apiVersion": "example.com/v1", "kind": "Box"})));
        assert!(!defines(&one, &json!({"apiVersion": "example.org/v1", "kind": "Box"})));
        let mut filled = one.clone();
        filled["spec"]["conversion"] = json!({"strategy": "None"});
        assert!(allows_the_same(&one, &filled), "the server fills that in");
        assert!(!allows_the_same(&one, &of(json!({}), true)));
        assert!(!allows_the_same(&one, &of(json!({"openAPIV3Schema": {"type": "object"}}), false)));
    }
}
