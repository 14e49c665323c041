//! What hangs on the slots' subnets: a role on the old one's route table or security group is meant for the new one's.
use crate::plan::Plan;
use crate::resources::answers::{same_id, text};
use serde_json::Value;

/// Where a subnet names what hangs on it.
const AT: [&str; 2] = ["/properties/routeTable/id", "/properties/networkSecurityGroup/id"];

/// What of the old cluster's subnets stands for what of the new one's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hanging(Vec<(String, Instead)>);

/// What hangs on the new cluster's subnet in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instead {
    /// This, the same perhaps.
    This(String),
    /// Nothing of its kind.
    Nothing,
    /// Nobody can tell, or there are several.
    Unknown,
}

impl Hanging {
    /// As these subnets say, by their ids; `None` for one that could not be read.
    #[must_use]
    pub fn on<'a>(plan: &Plan, subnet: impl Fn(&str) -> Option<&'a Value>) -> Self {
        let mut all = vec![];
        for (from, to) in pairs(plan) {
            let (Some(old), new) = (subnet(from), subnet(to)) else { continue };
            for at in AT {
                let instead = match new.map(|new| text(new, at)) {
                    None => Instead::Unknown,
                    Some("") => Instead::Nothing,
                    Some(id) => Instead::This(id.to_owned()),
                };
                all.push((text(old, at).to_owned(), instead));
            }
        }
        all.retain(|(id, _)| !id.is_empty());
        Self(all)
    }

    /// What stands for this; `None`: it hangs on none of the old cluster's subnets.
    #[must_use]
    pub fn instead_of(&self, scope: &str) -> Option<Instead> {
        let mut found = self.0.iter().filter(|(id, _)| same_id(id, scope)).map(|(_, instead)| instead);
        let first = found.next()?;
        Some(if found.all(|other| other == first) { first.clone() } else { Instead::Unknown })
    }
}

/// The subnets of the old slot, each with that of the new one.
#[must_use]
pub fn pairs(plan: &Plan) -> Vec<(&str, &str)> {
    let (from, to) = (plan.old_slot(), plan.new_slot());
    let mut pairs = vec![(from.subnet.as_str(), to.subnet.as_str())];
    pairs.extend(
        from.subnets.iter().filter_map(|(name, subnet)| Some((subnet.as_str(), to.subnets.get(name)?.as_str()))),
    );
    pairs.extend(from.ingress_subnet.iter().zip(&to.ingress_subnet).map(|(from, to)| (from.as_str(), to.as_str())));
    pairs
}
