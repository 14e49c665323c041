//! What becomes of the roles of the old cluster's identities.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]
use crate::checks::world::{old, refused, seen};
use crate::example::plan;
use bluegreen_core::plan::Plan;
use bluegreen_core::plan::checks::{Seen, Verdict, check, warnings};
use bluegreen_core::plan::roles::{Assignment, Fate, Grant, Hanging, Held, addressed, fates, made_anew, subscriptions};
use bluegreen_core::site::CopyRoles;
use serde_json::{Value, json};

const ACR_PULL: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
const NETWORK_CONTRIBUTOR: &str = "4d97b98b-1d4f-4787-a291-c67834d212e7";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const FINE: Verdict = Verdict::Fine { delete_leftover: false };
const HUB: &str = "/subscriptions/44444444-4444-4444-8444-444444444444/resourceGroups/hub";

fn identities(cluster: &mut Value, nodes: &str, principal: &str) {
    let id = format!(
        "/subscriptions/s/resourcegroups/{nodes}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pool"
    );
    cluster["identity"] = json!({"type": "SystemAssigned", "principalId": format!("{principal}-plane")});
    cluster["properties"]["nodeResourceGroup"] = json!(nodes);
    cluster["properties"]["identityProfile"] =
        json!({"kubeletidentity": {"resourceId": id, "objectId": format!("{principal}-kubelet")}});
}

fn consenting() -> Plan {
    let mut plan = plan();
    plan.site.copy_roles = Some(CopyRoles::default());
    plan
}

fn assignment(role: &str, scope: &str, principal: &str) -> Assignment {
    let definition = format!("/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/{role}");
    let id = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/by-hand");
    Assignment { id, role: definition, scope: scope.into(), principal: principal.into(), condition: None }
}

/// What the old cluster's control plane, or its kubelets, may do.
fn holds(plan: &Plan, seen: &mut Seen, whose: &str, role: &str, scope: &str) {
    let cluster = seen.old_cluster.clone().unwrap();
    let made = made_anew(plan, &cluster).into_iter().find(|made| made.whose.contains(whose)).unwrap();
    let assignment = assignment(role, scope, &made.principal);
    seen.roles.get_or_insert_default().push(Held { made, assignment });
}

fn world(plan: &Plan) -> Seen {
    let mut seen = seen();
    identities(old(&mut seen), "MC_rg_aks-blue", "old");
    holds(
        plan,
        &mut seen,
        "kubelets",
        ACR_PULL,
        &format!("{HUB}/providers/Microsoft.ContainerRegistry/registries/acr"),
    );
    seen
}

fn becomes(plan: &Plan, seen: &Seen, nodes: Option<&str>) -> Vec<Fate> {
    let subnet = |id: &str| {
        let own = [(&plan.old_slot().subnet, &seen.old_subnet), (&plan.new_slot().subnet, &seen.new_subnet)];
        own.into_iter().find(|(own, _)| *own == id).and_then(|(_, subnet)| subnet.as_ref())
    };
    let hanging = Hanging::on(plan, subnet);
    fates(plan, seen.old_cluster.as_ref().unwrap(), seen.roles.as_deref().unwrap(), nodes, &hanging)
}

#[track_caller]
fn left(plan: &Plan, seen: &Seen, why: &str, command: &str) {
    let findings = refused(plan, seen);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    let said = findings[0].to_string();
    assert!(said.contains(why) && said.contains(command), "{said}");
    let mut prepared = plan.clone();
    prepared.site.grants_prepared = true;
    assert_eq!(check(&prepared, seen), FINE);
    assert!(warnings(&prepared, seen).iter().any(|said| said.to_string().contains(command)));
}

#[test]
fn without_consent_it_is_as_before_and_with_it_each_role_is_listed() {
    let seen = world(&plan());
    assert!(refused(&plan(), &seen)[0].to_string().contains("\"copyRoles\": {}"));
    assert_eq!(check(&consenting(), &seen), FINE);
    let said: Vec<_> = warnings(&consenting(), &seen).iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|line| line.contains("AcrPull on") && line.contains("pool of the kubelets")), "{said:?}");
    let mut unread = seen;
    unread.roles = None;
    assert!(refused(&consenting(), &unread)[0].to_string().contains("may not be read"));
}

#[test]
fn what_is_the_old_clusters_own_is_the_new_ones() {
    let plan = consenting();
    let mut seen = world(&plan);
    let (from, to) = (plan.old_slot().clone(), plan.new_slot().clone());
    let nodes = format!("/subscriptions/{}/resourceGroups/", from.cluster.split('/').nth(2).unwrap());
    let group = format!("{nodes}mc_RG_aks-blue");
    for scope in [&from.subnet.to_uppercase(), &from.cluster, &group] {
        holds(&plan, &mut seen, "control plane", NETWORK_CONTRIBUTOR, scope);
    }
    holds(&plan, &mut seen, "control plane", NETWORK_CONTRIBUTOR, &format!("{group}/providers/x/y/z"));
    // AKS gives this itself, in each group of nodes.
    holds(&plan, &mut seen, "control plane", CONTRIBUTOR, &group);
    let new_nodes = format!("{nodes}MC_rg_aks-green");
    let fates = becomes(&plan, &seen, Some(&new_nodes));
    let scopes: Vec<_> = fates
        .iter()
        .filter_map(|fate| match fate {
            Fate::Given(Grant { scope, .. }) => Some(scope.as_str()),
            Fate::Dropped(_) | Fate::Left { .. } => None,
        })
        .collect();
    assert_eq!(scopes[1..], [to.subnet.as_str(), &to.cluster, &new_nodes]);
    assert_eq!(fates.iter().filter(|fate| matches!(fate, Fate::Dropped(_))).count(), 2, "{fates:#?}");
    assert_eq!(check(&plan, &seen), FINE);
}

#[test]
fn what_hangs_on_the_old_clusters_subnet_is_what_hangs_on_the_new_ones() {
    let plan = consenting();
    let id = |kind: &str, name: &str| format!("{HUB}/providers/Microsoft.Network/{kind}/{name}");
    let (tables, groups) = ("routeTables", "networkSecurityGroups");
    let mut seen = world(&plan);
    for (subnet, colour) in [(&mut seen.old_subnet, "blue"), (&mut seen.new_subnet, "green")] {
        let properties = &mut subnet.as_mut().unwrap()["properties"];
        properties["routeTable"] = json!({"id": id(tables, colour)});
        properties["networkSecurityGroup"] = json!({"id": id(groups, "shared")});
    }
    for scope in [id(tables, "BLUE"), id(groups, "shared"), id(tables, "another")] {
        holds(&plan, &mut seen, "control plane", NETWORK_CONTRIBUTOR, &scope);
    }
    let given = |seen: &Seen| -> Vec<String> {
        let scope = |fate| match fate {
            Fate::Given(Grant { scope, .. }) => Some(scope),
            Fate::Dropped(_) | Fate::Left { .. } => None,
        };
        becomes(&plan, seen, None).into_iter().filter_map(scope).skip(1).collect()
    };
    assert_eq!(given(&seen), [id(tables, "green"), id(groups, "shared"), id(tables, "another")]);
    seen.new_subnet.as_mut().unwrap()["properties"]["routeTable"] = Value::Null;
    assert_eq!(given(&seen), [id(groups, "shared"), id(tables, "another")], "nothing hangs there");
    seen.new_subnet = None;
    let fates = becomes(&plan, &seen, None);
    let by_hand = |fate: &&Fate| matches!(fate, Fate::Left { why, .. } if why.contains("cannot be told"));
    assert_eq!(fates.iter().filter(by_hand).count(), 2, "{fates:#?}");
}

#[test]
fn what_gives_rights_or_reaches_far_is_left_to_a_person_with_the_command() {
    let plan = consenting();
    let with = |role: &str, scope: &str| {
        let mut seen = world(&plan);
        holds(&plan, &mut seen, "kubelets", role, scope);
        seen
    };
    let subscription = HUB.split("/resourceGroups").next().unwrap();
    let kubelet = "--query identityProfile.kubeletidentity.objectId";
    left(&plan, &with(OWNER, HUB), "can give rights", kubelet);
    left(&plan, &with(ACR_PULL, subscription), "more than a resource group", &format!("--scope {subscription}"));
    left(&plan, &with(ACR_PULL, "/providers/Microsoft.Management/managementGroups/all"), "more than", ACR_PULL);
    left(&plan, &with(CONTRIBUTOR, &format!("{HUB}/providers/x/y/z")), "none of those that are copied", CONTRIBUTOR);
    let mut named = plan.clone();
    named.site.copy_roles = Some(CopyRoles { roles: vec![CONTRIBUTOR.into()], ..CopyRoles::default() });
    assert_eq!(check(&named, &with(CONTRIBUTOR, &format!("{HUB}/providers/x/y/z"))), FINE);
    left(&named, &with(CONTRIBUTOR, HUB), "in a whole group", CONTRIBUTOR);
    let mut seen = with(ACR_PULL, HUB);
    seen.roles.as_mut().unwrap()[1].assignment.condition = Some("@Resource[x]".into());
    left(&plan, &seen, "under a condition", ACR_PULL);
    let mut seen = with(ACR_PULL, HUB);
    seen.roles.as_mut().unwrap()[1].assignment.principal = "team".into();
    left(&plan, &seen, "by way of the group team", "az ad group member add --group team");
}

#[test]
fn an_assignment_is_addressed_to_the_new_identity_and_known_again() {
    let plan = consenting();
    let seen = world(&plan);
    let fates = becomes(&plan, &seen, None);
    let mut new = seen.old_cluster.clone().unwrap();
    new["properties"]["identityProfile"] = json!(null);
    let why = addressed(fates.clone(), &new).unwrap_err();
    assert!(why.contains("does not show yet"), "{why}");
    identities(&mut new, "MC_rg_aks-green", "new");
    let grants = addressed(fates.clone(), &new).unwrap();
    assert_eq!((grants.len(), grants[0].made.principal.as_str()), (1, "new-kubelet"));
    let body = grants[0].body();
    assert_eq!(
        (&body["properties"]["principalId"], &body["properties"]["principalType"]),
        (&json!("new-kubelet"), &json!("ServicePrincipal"))
    );
    assert_eq!(grants[0].id(), addressed(fates, &new).unwrap()[0].id());
    let name = grants[0].id().rsplit('/').next().unwrap().to_owned();
    assert_eq!(name.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    let made =
        Assignment { id: grants[0].id().to_uppercase(), ..assignment(ACR_PULL, &grants[0].scope, "NEW-KUBELET") };
    assert!(made.is_ours() && grants[0].is_given_by(&made));
    let by_hand = assignment(ACR_PULL, &grants[0].scope, "new-kubelet");
    assert!(!by_hand.is_ours() && grants[0].is_given_by(&by_hand), "whoever gave it, it is there");
    assert!(!Assignment { principal: "old-kubelet".into(), ..made.clone() }.is_ours());
    assert!(grants[0].is_given_by(&Assignment { condition: Some("x".into()), ..made }));
    assert_eq!(Assignment::read(&json!({"id": "/x", "properties": {"scope": "/"}})), None);
}

#[test]
fn further_subscriptions_are_looked_at_where_the_site_names_them() {
    let mut plan = consenting();
    let own = subscriptions(&plan.site);
    assert_eq!(own.len(), 1, "{own:?}");
    plan.site.copy_roles.as_mut().unwrap().subscriptions = vec!["44444444-4444-4444-8444-444444444444".into()];
    assert_eq!(subscriptions(&plan.site).len(), 2);
}

#[test]
fn where_the_functions_may_not_give_a_role_the_plan_waits() {
    let plan = consenting();
    let mut seen = world(&plan);
    let registry = format!("{HUB}/providers/Microsoft.ContainerRegistry/registries/acr");
    assert_eq!(seen.gives_at(&plan), std::slice::from_ref(&registry));
    assert_eq!(check(&plan, &seen), FINE, "who did not ask knows nothing");
    let actions = |all: &[&str]| Some(vec![json!({"actions": all, "notActions": []})]);
    seen.may_give.insert(registry.clone(), actions(&["Microsoft.Authorization/roleAssignments/*"]));
    assert_eq!(check(&plan, &seen), FINE);
    seen.may_give.insert(registry.clone(), actions(&["*/read", "Microsoft.Authorization/roleAssignments/write"]));
    let Verdict::NotYet(why) = check(&plan, &seen) else { panic!("it is not waited for") };
    assert!(why.contains("they lack Microsoft.Authorization/roleAssignments/delete;"), "{why}");
    seen.may_give.insert(registry.clone(), None);
    assert_eq!(check(&plan, &seen), FINE);
    let said: Vec<_> = warnings(&plan, &seen).iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|said| said.contains(&format!("{registry} cannot be told"))), "{said:?}");
}

#[test]
fn in_the_group_of_the_nodes_a_right_above_it_is_asked_for() {
    let plan = consenting();
    let mut seen = world(&plan);
    let subscription = plan.old_slot().cluster.split('/').nth(2).unwrap().to_owned();
    let nodes = format!("/subscriptions/{subscription}/resourceGroups/MC_rg_aks-blue");
    holds(&plan, &mut seen, "control plane", NETWORK_CONTRIBUTOR, &nodes);
    let scopes = seen.gives_at(&plan);
    assert!(scopes.contains(&format!("/subscriptions/{subscription}")), "{scopes:?}");
}
