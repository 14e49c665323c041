//! Permissions as Resource Manager shows them: of a role, or of who asks at a scope.
//!
//! <https://learn.microsoft.com/rest/api/authorization/permissions/list-for-resource>
use super::answers::list;
use serde_json::Value;
use wildmatch::WildMatchPattern;

/// Of actions: `*` stands for any text. Nothing stands for a single letter: no action holds a NUL.
type Pattern = WildMatchPattern<'*', '\0'>;

/// Whether one of them allows an action, on resources or with data. Under which condition is not said there.
#[must_use]
pub fn allow(permissions: &[Value], action: &str, data: bool) -> bool {
    let (yes, no) = if data { ("/dataActions", "/notDataActions") } else { ("/actions", "/notActions") };
    let covers = |permission: &Value, at: &str| {
        let patterns = list(permission, at).iter().filter_map(Value::as_str);
        patterns.into_iter().any(|pattern| Pattern::new_case_insensitive(pattern).matches(action))
    };
    permissions.iter().any(|permission| covers(permission, yes) && !covers(permission, no))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_role_allows_what_its_patterns_cover_and_no_exception_does() {
        let role = [json!({"actions": ["Microsoft.Network/*/read", "Microsoft.Compute/*"],
            "notActions": ["Microsoft.Compute/*/delete"], "dataActions": ["Microsoft.Storage/*"]})];
        for (action, data, allowed) in [
            ("Microsoft.Network/virtualNetworks/subnets/READ", false, true),
            ("Microsoft.Network/virtualNetworks/subnets/join/action", false, false),
            ("Microsoft.Compute/skus/read", false, true),
            ("Microsoft.Compute/disks/delete", false, false),
            ("Microsoft.Storage/x/read", false, false),
            ("Microsoft.Storage/x/read", true, true),
            ("Microsoft.Compute", false, false),
            ("Microsoft.Networks/x/read", false, false),
        ] {
            assert_eq!(allow(&role, action, data), allowed, "{action}");
        }
    }
}
