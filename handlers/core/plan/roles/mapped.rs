//! What becomes of a role of an old identity: where the new one gets it, or why it does not.
use super::hanging::{Hanging, Instead, pairs};
use super::{Grant, Held};
use crate::plan::Plan;
use crate::resources::answers::{group_of, lies_in, name_of, same_id, same_name, text};
use crate::resources::roles;
use serde_json::Value;

/// What becomes of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The new identity gets it.
    Given(Grant),
    /// It goes with the old cluster, for this reason.
    Dropped(String),
    /// A person must give it.
    Left {
        /// Which role it is, and why it is not copied.
        why: String,
        /// The command that gives it.
        command: String,
    },
}

pub(super) fn fate(plan: &Plan, old: &Value, held: &Held, nodes: Option<&str>, hanging: &Hanging) -> Fate {
    let (one, guid) = (&held.assignment, name_of(&held.assignment.role));
    let role = format!("{} of {}", one.words(), held.made.whose);
    let left = |scope: &str, why: &str| Fate::Left {
        why: format!("{role} is not copied: {why}"),
        command: command(plan, held, scope),
    };
    if !same_name(&one.principal, &held.made.principal) {
        return Fate::Left {
            why: format!("{role} is had by way of the group {}, which is not copied", one.principal),
            command: format!(
                "az ad group member add --group {} --member-id {}",
                one.principal,
                held.made.whom(&plan.new_slot().cluster)
            ),
        };
    }
    let scope = match hanging.instead_of(&one.scope) {
        Some(Instead::This(scope)) => Ok(scope),
        Some(Instead::Nothing) => Err("nothing of that kind hangs on the new cluster's subnet"),
        Some(Instead::Unknown) => {
            return left("SCOPE", "what hangs on the new cluster's subnets in its place cannot be told");
        }
        None => mapped(plan, old, &one.scope, nodes),
    };
    let scope = match scope {
        Ok(scope) => scope,
        Err(why) => return Fate::Dropped(format!("{role} is not copied: {why}")),
    };
    let is_of_nodes = nodes.is_some_and(|nodes| same_id(nodes, &scope));
    let is_named = plan.site.copy_roles.iter().any(|copied| copied.roles.iter().any(|named| same_name(named, guid)));
    let is_copied = roles::is_copied(guid) || is_named;
    if is_of_nodes && !is_copied {
        return Fate::Dropped(format!("{role} is not copied: AKS gives the new one what it needs there"));
    }
    if one.condition.is_some() {
        return left(&scope, "it holds under a condition, which the new one needs, too (--condition)");
    }
    if group_of(&scope).is_empty() {
        return left(&scope, "it holds for more than a resource group");
    }
    if roles::is_never_copied(guid) {
        return left(&scope, "who has it can give rights");
    }
    if roles::is_contributor(guid) && is_group(&scope) {
        return left(&scope, "it may do nearly everything in a whole group");
    }
    if !is_copied {
        return left(&scope, "it is none of those that are copied; \"roles\" of \"copyRoles\" can name it by its guid");
    }
    Fate::Given(Grant { made: held.made.clone(), role: one.role.clone(), scope })
}

/// Where the same is for the new cluster.
fn mapped(plan: &Plan, old: &Value, scope: &str, nodes: Option<&str>) -> Result<String, &'static str> {
    let (from, to) = (plan.old_slot(), plan.new_slot());
    if lies_in(scope, &from.cluster) {
        return Ok(format!("{}{}", to.cluster, &scope[from.cluster.trim_end_matches('/').len()..]));
    }
    if let Some((_, to)) = pairs(plan).into_iter().find(|(from, _)| same_id(from, scope)) {
        return Ok(to.to_owned());
    }
    let group = format!(
        "/subscriptions/{}/resourceGroups/{}",
        from.cluster.split('/').nth(2).unwrap_or_default(),
        text(old, "/properties/nodeResourceGroup")
    );
    if same_id(scope, &group) {
        return nodes.map(str::to_owned).ok_or("the group of the new cluster's nodes is not known");
    }
    if lies_in(scope, &group) {
        return Err("it is about something in the group of the old cluster's nodes, which goes with them");
    }
    Ok(scope.to_owned())
}

fn is_group(scope: &str) -> bool {
    scope.split('/').filter(|part| !part.is_empty()).count() == 4
}

fn command(plan: &Plan, held: &Held, scope: &str) -> String {
    format!(
        "az role assignment create --assignee-object-id {} --assignee-principal-type ServicePrincipal --role {} --scope {scope}",
        held.made.whom(&plan.new_slot().cluster),
        name_of(&held.assignment.role),
    )
}
