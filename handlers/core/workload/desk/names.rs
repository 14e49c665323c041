//! What an object is called, also where a placeholder gives it its name: as far as is known what that will be.
use crate::resources::answers::{shortened, text};
use crate::workload::placeholders::{has_placeholder, in_form};
use serde_json::Value;

/// What is wrong with an object's name, kind or `apiVersion`.
pub(super) fn mistakes(object: &Value) -> Vec<String> {
    let (name, kind, api) = (text(object, "/metadata/name"), text(object, "/kind"), text(object, "/apiVersion"));
    let parts =
        [("name", name), ("namespace", text(object, "/metadata/namespace")), ("kind", kind), ("apiVersion", api)];
    if let Some((part, template)) = parts.iter().find(|(_, text)| text.contains("{{")) {
        return vec![format!(
            "its {part} is {}: is it a template? Render it first, as with helm template",
            shortened(template)
        )];
    }
    let mut said = vec![];
    for (part, written) in [("kind", kind), ("apiVersion", api)] {
        if has_placeholder(written) {
            said.push(format!("its {part} is {}, and no placeholder stands for one: write it", shortened(written)));
        }
    }
    let (filled, hint) = match in_form(name) {
        Some(filled) if filled != name => {
            let hint = format!("; {} becomes something like {}", shortened(name), shortened(&filled));
            (filled, hint)
        }
        Some(filled) => (filled, String::new()),
        // What it becomes is not known yet.
        None => return said,
    };
    if filled.len() > 253 || matches!(filled.as_str(), "." | "..") || filled.contains(['/', '%']) {
        said.push(format!("a name has at most 253 characters, and neither / nor %{hint}"));
    } else if !is_name_of(kind, &filled) {
        said.push(format!(
            "its name may have lower-case letters, digits, - and . alone, and begins and ends with a letter or a digit{hint}"
        ));
    }
    said
}

fn is_name_of(kind: &str, name: &str) -> bool {
    // Rules of access have names with colons and capitals.
    let is_free = matches!(kind, "ClusterRole" | "ClusterRoleBinding" | "Role" | "RoleBinding" | "APIService");
    let ends_well = |end: Option<char>| end.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    is_free || (ends_well(name.chars().next()) && ends_well(name.chars().last()) && name.chars().all(is_allowed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(name: &str) -> String {
        mistakes(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})).join("\n")
    }

    #[test]
    fn a_name_that_a_placeholder_makes_is_judged_by_its_form() {
        for name in [
            "a",
            "web-${slot.colour}",
            "${slot.address.0}",
            "${cluster.version}",
            "${tenant}",
            "${cluster.name}",
            "x-${cluster.resourceGroup}",
            "${identity.shop.clientId}",
        ] {
            assert_eq!(said(name), "", "{name}");
        }
        for (name, words) in [
            ("${cluster.id}", "neither / nor %; ${cluster.id} becomes something like /subscriptions/"),
            ("${gateway.id}", "neither /"),
            ("${identity.shop.resourceId}", "neither /"),
            ("${oidc.issuer}", "neither /"),
            ("x-${environment}", "lower-case letters"),
            ("_${slot.colour}", "becomes something like _green"),
            ("$${slot.colour}", "lower-case"),
            ("Web", "lower-case"),
            ("a/b", "neither /"),
            ("{{ .Release.Name }}-web", "Render it first"),
        ] {
            assert!(said(name).contains(words), "{name}: {}", said(name));
        }
    }

    #[test]
    fn no_placeholder_is_a_kind_or_an_api() {
        let of = |api: &str, kind: &str| mistakes(&json!({"apiVersion": api, "kind": kind, "metadata": {"name": "a"}}));
        assert!(
            of("v1", "${cluster.name}")[0].contains("its kind is ${cluster.name}, and no placeholder stands for one")
        );
        assert!(of("${slot.colour}.example.com/v1", "Thing")[0].contains("its apiVersion is"));
        assert_eq!(of("example.com/v1", "Thing"), [""; 0]);
    }
}
