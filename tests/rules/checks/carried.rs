//! What a new cluster does not have of the old one's, though its body is the same: each is named, and asks for a consent.
use super::world::{assert_refused, leftover, old, refused, seen, set};
use crate::example::plan;
use bluegreen_core::plan::checks::{Verdict, check};
use bluegreen_core::plan::cluster_body::new_cluster;
use bluegreen_core::plan::{Kind, Plan};
use bluegreen_core::resources::attached::{Attached, Listed};
use bluegreen_core::text::LONGEST_TEXT;
use serde_json::{Value, json};

const FINE: Verdict = Verdict::Fine { delete_leftover: false };

/// A plan whose site has consented to nothing.
fn bare() -> Plan {
    let mut plan = plan();
    plan.site.federation_prepared = false;
    plan
}

fn identity(group: &str, name: &str) -> Value {
    let provider = "providers/Microsoft.ManagedIdentity/userAssignedIdentities";
    json!({"resourceId": format!("/subscriptions/S/resourcegroups/{group}/{provider}/{name}"), "clientId": "c", "objectId": "o"})
}

/// The old cluster as `az aks create --attach-acr` and a few add-ons make it.
fn usual(properties: &mut Value) {
    properties["nodeResourceGroup"] = json!("MC_rg_aks-blue_westeurope");
    let made = |name: &str| identity("mc_RG_aks-blue_westeurope", name);
    properties["identityProfile"] = json!({"kubeletidentity": made("aks-blue-agentpool")});
    properties["addonProfiles"] = json!({
        "azureKeyvaultSecretsProvider": {"enabled": true, "identity": made("azurekeyvaultsecretsprovider-aks-blue")},
        "omsAgent": {"enabled": true, "identity": made("omsagent-aks-blue")},
        "azurepolicy": {"enabled": true, "identity": made("azurepolicy-aks-blue")},
        "someDay": {"enabled": true, "identity": made("some-aks-blue")},
        "openServiceMesh": {"enabled": true},
        "aciConnectorLinux": {"enabled": false, "identity": made("aci-aks-blue")},
    });
    properties["ingressProfile"] =
        json!({"webAppRouting": {"enabled": true, "identity": made("webapprouting-aks-blue")}});
}

#[test]
fn each_identity_that_azure_made_is_named_with_the_roles_that_it_lacks() {
    let mut seen = seen();
    usual(&mut old(&mut seen)["properties"]);
    let findings = refused(&plan(), &seen);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    let said = findings[0].to_string();
    for (whose, roles) in [
        ("aks-blue-agentpool of the kubelets", "AcrPull"),
        ("azurekeyvaultsecretsprovider-aks-blue of the add-on azureKeyvaultSecretsProvider", "Key Vault Secrets User"),
        ("omsagent-aks-blue of the add-on omsAgent", "Monitoring Metrics Publisher"),
        ("azurepolicy-aks-blue of the add-on azurepolicy", "only what you gave it"),
        ("some-aks-blue of the add-on someDay", "what you gave it"),
        ("webapprouting-aks-blue of application routing", "DNS Zone Contributor"),
    ] {
        assert!(said.contains(&format!("{whose} ({roles}")), "{whose}: {said}");
    }
    assert!(said.contains("\"grantsPrepared\": true") && said.len() < 1200, "{}: {said}", said.len());
    assert!(!said.contains("openServiceMesh") && !said.contains("aci-aks-blue"), "{said}");
    let mut consenting = plan();
    consenting.site.grants_prepared = true;
    assert_eq!(check(&consenting, &seen), FINE);
}

#[test]
fn an_identity_of_ones_own_is_carried_and_needs_nothing() {
    let mut seen = seen();
    let properties = &mut old(&mut seen)["properties"];
    properties["nodeResourceGroup"] = json!("MC_rg_aks-blue_westeurope");
    properties["identityProfile"] = json!({"kubeletidentity": identity("rg-identities", "id-kubelet")});
    assert_eq!(check(&plan(), &seen), FINE);
    let body = new_cluster(old(&mut seen), &plan(), "shop-1").unwrap();
    assert_eq!(body["properties"]["identityProfile"]["kubeletidentity"], identity("rg-identities", "id-kubelet"));
    // Or it is given to the new cluster alone.
    set(
        old(&mut seen),
        "/properties/identityProfile",
        json!({"kubeletidentity": identity("MC_rg_aks-blue_westeurope", "x")}),
    );
    assert_refused(&plan(), &seen, "the identity x of the kubelets");
    let mut changed = plan();
    changed.site.cluster_changes =
        json!({"properties": {"identityProfile": {"kubeletidentity": identity("rg-identities", "id-kubelet")}}});
    assert_eq!(check(&changed, &seen), FINE);
}

#[test]
fn what_the_new_cluster_does_not_get_needs_no_roles() {
    let mut seen = seen();
    usual(&mut old(&mut seen)["properties"]);
    let mut changed = plan();
    changed.site.cluster_changes = json!({
        "identity": {"type": "UserAssigned"},
        "properties": {
            "addonProfiles": {"azureKeyvaultSecretsProvider": {"enabled": false}, "omsAgent": null, "azurepolicy": null, "someDay": null},
            "ingressProfile": {"webAppRouting": {"enabled": false}},
        },
    });
    assert_refused(&changed, &seen, "of the kubelets");
    set(old(&mut seen), "/properties/identityProfile", json!(null));
    set(old(&mut seen), "/identity/type", json!("systemassigned"));
    assert_eq!(check(&changed, &seen), FINE);
}

#[test]
fn another_issuer_of_tokens_needs_federated_credentials() {
    let mut seen = seen();
    set(old(&mut seen), "/properties/oidcIssuerProfile", json!({"enabled": true, "issuerURL": "https://x/"}));
    assert_eq!(check(&bare(), &seen), FINE, "an issuer alone gives nobody an identity");
    set(old(&mut seen), "/properties/securityProfile", json!({"workloadIdentity": {"enabled": true}}));
    assert_refused(&bare(), &seen, "\"federationPrepared\": true");
    assert_eq!(check(&plan(), &seen), FINE, "the example has consented");
    let mut without = bare();
    without.site.cluster_changes = json!({"properties": {"securityProfile": {"workloadIdentity": {"enabled": false}}}});
    assert_eq!(check(&without, &seen), FINE);
}

#[test]
fn a_kept_cluster_has_what_it_had() {
    let (listed, mut found) = leftover("uid-green");
    usual(&mut old(&mut found)["properties"]);
    set(old(&mut found), "/properties/oidcIssuerProfile", json!({"enabled": true}));
    set(old(&mut found), "/properties/securityProfile", json!({"workloadIdentity": {"enabled": true}}));
    found.attached = vec![Listed { kind: Attached::Locks, found: Ok(vec!["keep".into()]) }];
    let back = Plan { kind: Kind::Return, version: "1.33.2".parse().unwrap(), site: bare().site, ..listed };
    assert_eq!(check(&back, &found), FINE);
}

#[test]
fn what_hangs_on_the_old_cluster_is_named_until_somebody_sees_to_it() {
    for kind in Attached::ALL {
        let mut seen = seen();
        seen.attached = vec![Listed { kind, found: Ok(vec![]) }];
        assert_eq!(check(&plan(), &seen), FINE, "{}", kind.name());
        let names = (1..=7).map(|number| format!("one-{number}")).collect();
        seen.attached = vec![Listed { kind, found: Ok(names) }];
        assert_refused(&plan(), &seen, &format!("{:?} (one-1, one-2, one-3 and 4 more)", kind.name()));
        assert_refused(&plan(), &seen, "add these names to \"notCarried\"");
        let unread = vec![Listed { kind, found: Err("AuthorizationFailed".into()) }];
        let consenting = |seen: &_| {
            let mut plan = plan();
            plan.site.not_carried = vec![kind];
            check(&plan, seen)
        };
        assert_eq!(consenting(&seen), FINE);
        seen.attached = unread;
        assert_refused(&plan(), &seen, &format!("{:?} (cannot be seen: AuthorizationFailed)", kind.name()));
        assert_eq!(consenting(&seen), FINE);
    }
}

#[test]
fn its_name_in_the_site_file_is_the_one_that_is_said() {
    for kind in Attached::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), json!(kind.name()));
    }
}

#[test]
fn only_what_is_the_clusters_own_and_the_users_counts() {
    let id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks";
    let cluster = json!({"id": id, "properties": {"nodeResourceGroup": "MC_rg"}});
    let names = |kind: Attached, item: Value| kind.name_in(&item, &cluster);
    let said = |text: &str| Some(text.to_owned());
    let at = |scope: &str| {
        json!({"name": "g", "properties": {"scope": scope, "principalId": "p",
        "roleDefinitionId": "/x/roleDefinitions/4ABBCC35-e782-43d8-92c5-2d3f1bd2253f"}})
    };
    assert_eq!(names(Attached::RoleAssignments, at("/subscriptions/s")), None, "it holds for the new one, too");
    assert_eq!(
        names(Attached::RoleAssignments, at(&id.to_uppercase())),
        said("Azure Kubernetes Service Cluster User Role of p")
    );
    let lock =
        |scope: &str| json!({"id": format!("{scope}/providers/Microsoft.Authorization/locks/keep"), "name": "keep"});
    assert_eq!(names(Attached::Locks, lock("/subscriptions/s/resourceGroups/rg")), None);
    assert_eq!(names(Attached::Locks, lock(id)), said("keep"));
    let alert = |scope: &str| json!({"name": "cpu", "properties": {"scopes": ["/x", scope]}});
    assert_eq!(names(Attached::AlertRules, alert(&format!("{id}2"))), None);
    assert_eq!(names(Attached::AlertRules, alert(id)), said("cpu"));
    let topic = |name: &str, source: &str| json!({"name": name, "properties": {"source": source}});
    assert_eq!(names(Attached::EventSubscriptions, topic("t", id)), said("topic t"));
    assert_eq!(names(Attached::EventSubscriptions, topic("t", "/another")), None);
    assert_eq!(names(Attached::EventSubscriptions, topic("evgt-aks", id)), None, "ours only hurries the daily look");
    let binding = |source: &str| json!({"name": "b", "properties": {"sourceResourceId": source}});
    let vault = binding("/subscriptions/s/resourceGroups/b/providers/microsoft.dataprotection/BackupVaults/vault");
    assert_eq!(names(Attached::BackupInstances, vault.clone()), said("in the vault vault"));
    assert_eq!(names(Attached::TrustedAccessRoleBindings, vault), None);
    let learning =
        binding("/subscriptions/s/resourceGroups/b/providers/Microsoft.MachineLearningServices/workspaces/w");
    assert_eq!(names(Attached::BackupInstances, learning.clone()), None);
    assert_eq!(names(Attached::TrustedAccessRoleBindings, learning), said("b"));
    let endpoint = |group: &str| {
        json!({"name": "e", "properties": {"privateEndpoint":
        {"id": format!("/subscriptions/s/resourceGroups/{group}/providers/Microsoft.Network/privateEndpoints/e")}}})
    };
    assert_eq!(names(Attached::PrivateEndpointConnections, endpoint("mc_RG")), None, "Azure's own");
    assert_eq!(names(Attached::PrivateEndpointConnections, endpoint("hub")), said("e"));
    let extension = |system: bool| json!({"name": "flux", "properties": {"extensionType": "microsoft.flux", "isSystemExtension": system}});
    assert_eq!(names(Attached::Extensions, extension(true)), None);
    assert_eq!(names(Attached::Extensions, extension(false)), said("flux (microsoft.flux)"));
}

#[test]
fn a_private_zone_that_azure_makes_is_told_by_the_cluster_itself() {
    let told = |profile: Value| {
        Attached::PrivateDnsLinks
            .told_by(&json!({"properties": {"privateFQDN": "aks.x", "apiServerAccessProfile": profile}}))
    };
    assert_eq!(told(json!({"enablePrivateCluster": true})), ["aks.x"]);
    assert_eq!(told(json!({"enablePrivateCluster": true, "privateDNSZone": "System"})), ["aks.x"]);
    let own = "/subscriptions/s/resourceGroups/dns/providers/Microsoft.Network/privateDnsZones/privatelink.westeurope.azmk8s.io";
    for well in [
        json!({}),
        json!({"enablePrivateCluster": false}),
        json!({"enablePrivateCluster": true, "privateDNSZone": own}),
        json!({"enablePrivateCluster": true, "privateDNSZone": "none"}),
    ] {
        assert_eq!(told(well.clone()), [] as [&str; 0], "{well}");
    }
    assert!(Attached::Locks.told_by(&json!({})).is_empty());
}

#[test]
fn all_that_can_be_said_at_once_fits_into_a_journal() {
    let mut seen = seen();
    usual(&mut old(&mut seen)["properties"]);
    set(old(&mut seen), "/identity/type", json!("SystemAssigned"));
    set(old(&mut seen), "/properties/oidcIssuerProfile", json!({"enabled": true}));
    set(old(&mut seen), "/properties/securityProfile", json!({"workloadIdentity": {"enabled": true}}));
    let one = |kind| Listed { kind, found: Ok(vec!["aName".into()]) };
    seen.attached = Attached::ALL.map(one).to_vec();
    let said: usize = refused(&bare(), &seen).iter().map(|finding| finding.to_string().len() + 2).sum();
    assert!(said < LONGEST_TEXT, "{said} bytes");
}
