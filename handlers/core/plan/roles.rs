//! The roles that the old cluster's identities have, for the new one's: Azure makes those anew, without any. What is copied is
//! what lets a cluster run; what gives rights to others, or would reach far, is left to a person, with the command.
mod hanging;
mod mapped;

pub use hanging::{Hanging, Instead, pairs};
pub use mapped::Fate;

use crate::plan::Plan;
use crate::plan::cluster_body::new_cluster;
use crate::resources::answers::{name_of, same_id, same_name, text};
use crate::resources::digest::digest;
use crate::resources::made::{Made, made_by_azure};
use crate::resources::roles;
use crate::site::{Site, Slot};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What giving roles, and taking them back, needs.
pub const GIVES: [&str; 2] =
    ["Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete"];

/// A role that somebody has somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Its id.
    pub id: String,
    /// The id of the role's definition.
    pub role: String,
    /// Where it holds.
    pub scope: String,
    /// Who has it.
    pub principal: String,
    /// Under which condition, if under one.
    pub condition: Option<String>,
}

impl Assignment {
    /// An assignment in an answer of `…/roleAssignments`.
    #[must_use]
    pub fn read(answer: &Value) -> Option<Self> {
        let member = |at: &str| Some(text(answer, at).to_owned()).filter(|text| !text.is_empty());
        Some(Self {
            id: member("/id")?,
            role: member("/properties/roleDefinitionId")?,
            scope: member("/properties/scope")?,
            principal: member("/properties/principalId")?,
            condition: member("/properties/condition"),
        })
    }

    /// Whether we made it: its name follows from what it says.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        same_name(name_of(&self.id), &guid(&self.scope, &self.principal, &self.role))
    }

    /// For people.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} on {}", roles::name(name_of(&self.role)), self.scope)
    }
}

/// What an identity of the old cluster may do, itself or as a member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The identity.
    pub made: Made,
    /// The role.
    pub assignment: Assignment,
}

/// What an identity of the new cluster should get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Whose it is: the old cluster's before it is addressed, then the new one's.
    pub made: Made,
    /// The id of the role's definition.
    pub role: String,
    /// Where.
    pub scope: String,
}

impl Grant {
    /// The id of the assignment: it follows from what it says, so that a second try is the same, and it is known as ours.
    #[must_use]
    pub fn id(&self) -> String {
        let name = guid(&self.scope, &self.made.principal, &self.role);
        format!("{}/providers/Microsoft.Authorization/roleAssignments/{name}", self.scope)
    }

    /// What is written to make it. The kind of principal is said, for it may be too new to be looked up.
    #[must_use]
    pub fn body(&self) -> Value {
        json!({"properties": {
            "roleDefinitionId": self.role, "principalId": self.made.principal, "principalType": "ServicePrincipal",
            "description": "made by aks-bluegreen, as the cluster before had it",
        }})
    }

    /// For people.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} on {} for {}", roles::name(name_of(&self.role)), self.scope, self.made.whose)
    }

    /// Whether this one gives it, whoever made it: if somebody did so under a condition, it was meant.
    #[must_use]
    pub fn is_given_by(&self, one: &Assignment) -> bool {
        let is_role = same_name(name_of(&self.role), name_of(&one.role));
        is_role && same_id(&self.scope, &one.scope) && same_name(&self.made.principal, &one.principal)
    }
}

/// The identities that Azure makes anew for the new cluster, as the old one has them. What keeps its body from being planned
/// is said elsewhere.
#[must_use]
pub fn made_anew(plan: &Plan, old: &Value) -> Vec<Made> {
    let planned = new_cluster(old, plan, "planned").ok();
    let remains = |made: &Made| planned.as_ref().is_none_or(|planned| made.remains(planned, old));
    made_by_azure(old).into_iter().filter(remains).collect()
}

/// What becomes of each role, once. `nodes`: the id of the group of the new cluster's nodes, where it is known.
#[must_use]
pub fn fates(plan: &Plan, old: &Value, held: &[Held], nodes: Option<&str>, hanging: &Hanging) -> Vec<Fate> {
    let mut fates: Vec<Fate> = vec![];
    for one in held {
        let fate = mapped::fate(plan, old, one, nodes, hanging);
        if !fates.contains(&fate) {
            fates.push(fate);
        }
    }
    fates
}

/// What the new cluster's identities should get, each as it is known now.
///
/// # Errors
/// When the new cluster does not show an identity yet.
pub fn addressed(fates: Vec<Fate>, new: &Value) -> Result<Vec<Grant>, String> {
    let made = made_by_azure(new);
    let grants = fates.into_iter().filter_map(|fate| match fate {
        Fate::Given(grant) => Some(grant),
        Fate::Dropped(_) | Fate::Left { .. } => None,
    });
    let to = |grant: Grant| {
        let counterpart = made.iter().find(|new| new.is_counterpart(&grant.made) && !new.principal.is_empty());
        let made = counterpart.ok_or_else(|| {
            format!("the new cluster does not show yet what stands in the place of {}", grant.made.whose)
        })?;
        Ok(Grant { made: made.clone(), ..grant })
    };
    grants.map(to).collect()
}

/// The subscriptions in which the old cluster's identities may have roles: those of everything that the site names.
#[must_use]
pub fn subscriptions(site: &Site) -> Vec<String> {
    let slots = [&site.slots.blue, &site.slots.green];
    let mut ids: Vec<String> = slots.into_iter().flat_map(Slot::all_subnets).collect();
    ids.extend(slots.map(|slot| slot.cluster.clone()));
    ids.push(site.gateway.clone());
    let of = |id: &String| id.split('/').nth(2).unwrap_or_default().to_lowercase();
    let further = site.copy_roles.iter().flat_map(|copied| &copied.subscriptions).map(|one| one.to_lowercase());
    let all: BTreeSet<String> = ids.iter().map(of).chain(further).filter(|one| !one.is_empty()).collect();
    all.into_iter().collect()
}

/// A name for what gives this role to this principal there: a guid of version 8, made of a digest.
///
/// <https://www.rfc-editor.org/rfc/rfc9562#name-example-of-a-uuidv8-value-n>
fn guid(scope: &str, principal: &str, role: &str) -> String {
    let scope: Vec<_> = scope.split('/').filter(|part| !part.is_empty()).collect();
    let of = format!("aks-bluegreen {} {principal} {}", scope.join("/"), name_of(role)).to_lowercase();
    let hex = digest(&of);
    format!("{}-{}-8{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}
