//! Role assignments as they are written: by guids, each role once for each principal and scope, and only for principals that
//! the directory knows: those of a new cluster some time after they were made, those of one that is gone no more.
//!
//! <https://learn.microsoft.com/azure/role-based-access-control/troubleshooting>
use super::answers::{Answered, Refusal, body_of, refuse};
use super::desk::Desk;
use super::kinds::ASSIGNMENTS;
use super::place::{Place, key};
use super::store::Store;
use crate::{Ask, answer::json};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// The identities that were made for clusters: since when they are there; `None`: they are gone.
#[derive(Default)]
pub(crate) struct Principals(BTreeMap<String, Option<Timestamp>>);

impl Principals {
    /// A cluster shows its identities. Those that it had before are as old as they are.
    pub fn made(&mut self, cluster: &Value, at: Timestamp) {
        for principal in of(cluster) {
            self.0.entry(principal).or_insert(Some(at));
        }
    }

    /// A cluster is gone, and its identities with it. What was assigned to them stays.
    pub fn gone(&mut self, cluster: &Value) {
        self.0.extend(of(cluster).map(|principal| (principal, None)));
    }

    /// Whether the directory knows it, if it knows those that were there at this moment.
    fn knows(&self, principal: &str, since: Timestamp) -> bool {
        self.0.get(principal).is_none_or(|made| made.is_some_and(|made| made <= since))
    }
}

/// The object ids of the identities that were made for a cluster.
fn of(cluster: &Value) -> impl Iterator<Item = String> {
    let properties = &cluster["properties"];
    let members = |profile: &str| properties[profile].as_object().cloned().into_iter().flatten();
    let own = [cluster["identity"]["principalId"].clone()];
    let kubelets = members("identityProfile").map(|(_, it)| it["objectId"].clone());
    let add_ons = members("addonProfiles").map(|(_, it)| it["identity"]["objectId"].clone());
    let all: Vec<Value> = own.into_iter().chain(kubelets).chain(add_ons).collect();
    all.into_iter().filter_map(|id| id.as_str().map(ToOwned::to_owned))
}

/// Makes an assignment, or leaves it as it is.
pub(super) fn put(desk: &mut Desk<'_>, ask: &Ask, place: &Place) -> Answered {
    let (own, body) = (key(&place.id()), body_of(ask)?);
    let known_since = desk.now.checked_sub(desk.timings.principal_known).unwrap_or(desk.now);
    let found = desk.registry.store.get(&own).is_some();
    may_be(desk, place, &body, known_since)?;
    desk.registry.settle(place, body);
    let made = desk.now.to_string();
    if let Some(stored) = desk.registry.store.get_mut(&own).filter(|_| !found) {
        stored["properties"]["createdOn"] = made.into();
    }
    let shown = desk.registry.store.get(&own).cloned().unwrap_or_default();
    Ok(json(if found { 200 } else { 201 }, &shown))
}

fn may_be(desk: &Desk<'_>, place: &Place, body: &Value, known_since: Timestamp) -> Result<(), Refusal> {
    let (id, store) = (place.id(), &desk.registry.store);
    let is_guid = place.name().split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    if !is_guid {
        let message =
            format!("The role assignment ID '{}' is not valid. The role assignment ID must be a GUID.", place.name());
        return Err(refuse(400, "InvalidRoleAssignmentId", message));
    }
    let scope = id.rsplit_once("/providers/").map_or("", |(scope, _)| scope);
    let of = Place::of(scope);
    if of.names_a_resource() && store.get(&key(scope)).is_none() {
        return Err(Refusal::not_found(&of.kind(), of.name(), of.group.as_deref().unwrap_or_default()));
    }
    let said = |body: &Value, member: &str| body["properties"][member].as_str().unwrap_or_default().to_lowercase();
    let principal = said(body, "principalId");
    if principal.is_empty() || said(body, "roleDefinitionId").is_empty() {
        return Err(Refusal::invalid_content("roleDefinitionId and principalId are required"));
    }
    if !desk.registry.principals.knows(&principal, known_since) {
        let message = format!(
            "Principal {} does not exist in the directory 11111111-1111-4111-8111-111111111111. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
            principal.replace('-', "")
        );
        return Err(refuse(400, "PrincipalNotFound", message));
    }
    let role = |body: &Value| said(body, "roleDefinitionId").rsplit('/').next().unwrap_or_default().to_owned();
    let is_same = |other: &Value| said(other, "principalId") == principal && role(other) == role(body);
    match store.get(&key(&id)) {
        Some(found) if !is_same(found) => Err(refuse(
            409,
            "RoleAssignmentUpdateNotPermitted",
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
        )),
        Some(_) => Ok(()),
        None => not_yet(store, scope, is_same),
    }
}

/// Nobody has the same role there already, under another name.
fn not_yet(store: &Store, scope: &str, is_same: impl Fn(&Value) -> bool) -> Result<(), Refusal> {
    let is_there = |other: &&Value| other["properties"]["scope"].as_str().is_some_and(|at| key(at) == key(scope));
    let other = store.of_kind("/", ASSIGNMENTS).filter(is_there).find(|other| is_same(other));
    other.map_or(Ok(()), |other| {
        let name = other["name"].as_str().unwrap_or_default().replace('-', "");
        let message = format!("The role assignment already exists. The ID of the existing role assignment is {name}.");
        Err(refuse(409, "RoleAssignmentExists", message))
    })
}
