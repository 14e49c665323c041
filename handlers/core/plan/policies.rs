//! Who may use the secrets, keys and certificates of vaults by their access policies: these are no roles, and nobody copies
//! them, for who writes them can give himself anything. A person gets the command.
use super::Plan;
use super::roles::{Fate, made_anew};
use crate::resources::answers::{is_true, list, name_of, same_name, text};
use crate::resources::made::Made;
use serde_json::Value;

/// The sorts of what is in a vault: as a policy calls them, and the option of `az keyvault set-policy`.
const SORTS: [(&str, &str); 4] = [
    ("secrets", "--secret-permissions"),
    ("keys", "--key-permissions"),
    ("certificates", "--certificate-permissions"),
    ("storage", "--storage-permissions"),
];

/// What somebody may do in a vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The vault's id.
    pub vault: String,
    /// Who may.
    pub principal: String,
    /// The options of the command that gives the same to another.
    pub permissions: String,
}

/// What was seen of the vaults in the site's subscriptions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vaults {
    /// Their policies.
    pub policies: Vec<Policy>,
    /// The subscriptions whose vaults may not be read.
    pub unread: Vec<String>,
}

/// What reading them needs, in each subscription.
pub const READS: &str = "Microsoft.KeyVault/vaults/read";

impl Policy {
    /// The access policies of a vault, as Resource Manager shows it. One that goes by roles heeds none.
    #[must_use]
    pub fn of(vault: &Value) -> Vec<Self> {
        if is_true(vault, "/properties/enableRbacAuthorization") {
            return vec![];
        }
        let read = |policy: &Value| {
            let permissions = SORTS.into_iter().filter_map(|(sort, option)| {
                let all = list(policy, &format!("/permissions/{sort}")).iter().filter_map(Value::as_str);
                // It stands in a command: what is no word is for a person to look up.
                let all: Vec<_> = all.map(|word| if is_word(word) { word } else { "SEE-THERE" }).collect();
                (!all.is_empty()).then(|| format!("{option} {}", all.join(" ")))
            });
            let permissions = permissions.collect::<Vec<_>>().join(" ");
            let (vault, principal) = (text(vault, "/id").to_owned(), text(policy, "/objectId").to_owned());
            (!permissions.is_empty() && !principal.is_empty()).then_some(Self { vault, principal, permissions })
        };
        list(vault, "/properties/accessPolicies").iter().filter_map(read).collect()
    }

    /// Whether it lets this identity in.
    #[must_use]
    pub fn lets_in(&self, made: &Made) -> bool {
        same_name(&self.principal, &made.principal)
    }
}

/// Whether it can stand in a command.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// What of the old cluster's identities these policies let in, each left to a person.
#[must_use]
pub fn left(plan: &Plan, old: &Value, policies: &[Policy]) -> Vec<Fate> {
    let made = made_anew(plan, old);
    let of = |policy: &Policy| {
        let made = made.iter().find(|made| policy.lets_in(made))?;
        let word = |text: &'static str, found| if is_word(found) { found } else { text };
        let vault = word("VAULT", name_of(&policy.vault));
        let subscription = word("SUBSCRIPTION", policy.vault.split('/').nth(2).unwrap_or_default());
        Some(Fate::Left {
            why: format!("the access policy of the vault {vault} for {} is not copied: it is no role", made.whose),
            command: format!(
                "az keyvault set-policy --subscription {subscription} --name {vault} {} --object-id {}",
                policy.permissions,
                made.whom(&plan.new_slot().cluster)
            ),
        })
    };
    policies.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_vault_that_goes_by_roles_has_none() {
        let mut vault = json!({"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v", "properties": {
            "enableRbacAuthorization": false, "accessPolicies": [
                {"objectId": "one", "permissions": {"secrets": ["get", "list"], "keys": [], "certificates": ["get"]}},
                {"objectId": "other", "permissions": {"secrets": ["$(rm)"]}}]}});
        let found = Policy::of(&vault);
        let said: Vec<_> = found.iter().map(|policy| policy.permissions.as_str()).collect();
        let one = "--secret-permissions get list --certificate-permissions get";
        assert_eq!(said, [one, "--secret-permissions SEE-THERE"]);
        vault["properties"]["enableRbacAuthorization"] = true.into();
        assert_eq!(Policy::of(&vault), []);
    }
}
