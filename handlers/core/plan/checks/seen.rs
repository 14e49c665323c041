//! What `CheckPlan` looks at.
use super::{federation, locks, node_group, public_addresses, roles, subnets};
use crate::plan::Plan;
use crate::plan::federation::Credential;
use crate::plan::policies::Vaults;
use crate::plan::roles::Held;
use crate::resources::answers::{same_id, text};
use crate::resources::attached::Listed;
use crate::resources::gateway::Gateway;
use serde_json::Value;
use std::collections::BTreeMap;

/// What `CheckPlan` fetched, as it came. `None`: the resource does not exist, or, where said so, was not at hand.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// GET of the old slot's managed cluster.
    pub old_cluster: Option<Value>,
    /// GET of the new slot's managed cluster.
    pub new_cluster: Option<Value>,
    /// GET of the gateway.
    pub gateway: Option<Gateway>,
    /// GET of the old slot's subnet.
    pub old_subnet: Option<Value>,
    /// GET of the new slot's subnet.
    pub new_subnet: Option<Value>,
    /// GET of `Microsoft.ContainerService/locations/<region>/kubernetesVersions`.
    pub offered: Value,
    /// GET of `Microsoft.Compute/locations/<region>/usages`, if it was at hand.
    pub usages: Option<Value>,
    /// GET of `Microsoft.Compute/skus` for the region, if it was at hand: without it cores cannot be counted.
    pub sizes: Option<Value>,
    /// GETs of parts of the network that the others name (see [`Seen::named`]), as far as they were at hand.
    pub network: Vec<Value>,
    /// Management locks, as far as they were at hand.
    pub locks: Vec<Value>,
    /// Whether the group that the new cluster's nodes will get exists, if that was at hand.
    pub node_group_exists: Option<bool>,
    /// The federated credentials of the identities that the site names for it, as far as they were at hand.
    pub federated: BTreeMap<String, Option<Vec<Credential>>>,
    /// The roles of the identities that Azure made for the old cluster, if the site wants them copied and they may be read.
    pub roles: Option<Vec<Held>>,
    /// The access policies of the vaults in the site's subscriptions, if the site wants roles copied.
    pub vaults: Vaults,
    /// What the functions may do where the run will give roles, by the scope; nothing: that cannot be told.
    pub may_give: BTreeMap<String, Option<Vec<Value>>>,
    /// What the functions may do at the identities that the site names for federated credentials, by their names; nothing: that
    /// cannot be told.
    pub may_federate: BTreeMap<String, Option<Vec<Value>>>,
    /// What hangs on the old cluster, of the kinds to which the site has not consented.
    pub attached: Vec<Listed>,
}

impl Seen {
    /// The parts of the network that must be looked at beside the slots' own subnets: the gateway's public addresses,
    /// further subnets, route tables. What they name in turn is named once they are here.
    #[must_use]
    pub fn named(&self, plan: &Plan) -> Vec<String> {
        let mut ids = self.gateway.as_ref().map(public_addresses).unwrap_or_default();
        ids.extend(subnets::named(plan, self));
        ids.sort_by_key(|id| id.to_lowercase());
        ids.dedup_by(|one, other| same_id(one, other));
        let own = [&plan.old_slot().subnet, &plan.new_slot().subnet];
        ids.retain(|id| self.part(id).is_none() && !own.iter().any(|own| same_id(own, id)));
        ids
    }

    /// Where the run will give roles: in the group of the new cluster's nodes, which is not there yet, by a right above it.
    #[must_use]
    pub fn gives_at(&self, plan: &Plan) -> Vec<String> {
        roles::gives_at(plan, self)
    }

    /// The roles that the run will give, for people.
    #[must_use]
    pub fn given(&self, plan: &Plan) -> Vec<String> {
        roles::given(plan, self)
    }

    /// Whose tokens the site's identities will trust in the new cluster, for people.
    #[must_use]
    pub fn trusted(&self, plan: &Plan) -> Vec<String> {
        federation::made(plan, self)
    }

    /// The subscriptions whose locks must be looked at.
    #[must_use]
    pub fn locked(plan: &Plan) -> Vec<String> {
        locks::subscriptions(plan)
    }

    /// The id of the group that the new cluster's nodes will get.
    #[must_use]
    pub fn node_group(&self, plan: &Plan) -> Option<String> {
        node_group::id(plan, self)
    }

    /// A further part of the network.
    pub(super) fn part(&self, id: &str) -> Option<&Value> {
        self.network.iter().find(|part| same_id(text(part, "/id"), id))
    }

    /// A subnet, whether it is a slot's own or a further one.
    pub(super) fn subnet(&self, plan: &Plan, id: &str) -> Option<&Value> {
        let own = [(plan.old_slot(), &self.old_subnet), (plan.new_slot(), &self.new_subnet)];
        let own = own.into_iter().find(|(slot, _)| same_id(&slot.subnet, id));
        own.map_or_else(|| self.part(id), |(_, subnet)| subnet.as_ref())
    }
}
