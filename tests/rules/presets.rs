//! Ready-made controllers: what a site file must say of them, and what they need of the planned cluster.
use crate::example::plan;
use bluegreen_core::plan::checks::{Seen, Verdict, check, warnings, without_pod_identity};
use bluegreen_core::plan::{Kind, Plan, Surroundings};
use bluegreen_core::site::check::{mistakes, parse};
use serde_json::{Value, json};

const IDENTITY: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop/providers/Microsoft.ManagedIdentity/userAssignedIdentities/agic";

fn with(controller: &Value) -> Value {
    let mut site: Value =
        serde_json::from_str(include_str!("../../examples/shop/site.json")).expect("a test reads the example");
    site["identities"] = json!({"agic": IDENTITY});
    site["controllers"] = json!([controller]);
    site
}

#[test]
fn the_examples_have_no_mistake() {
    for text in [include_str!("../../examples/shop/article.json"), include_str!("../../examples/shop/modern.json")] {
        let site = parse(text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        let published = serde_json::to_string(&site).expect("a site is JSON");
        let again = bluegreen_core::site::check::published(&published);
        again.unwrap_or_else(|mistakes| panic!("what is published has no mistake either: {mistakes:?}"));
    }
}

#[test]
fn what_a_preset_must_say_is_asked_for_at_its_place() {
    let federated = json!({"type": "workloadIdentity", "identity": "agic"});
    let secret = "https://kv.vault.azure.net/secrets/agic";
    for (controller, place, words) in [
        (json!({"preset": "agics"}), "/preset", "expected one of \"agic\""),
        (json!({"preset": "agic"}), "/armAuth", "workloadIdentity, aadPodIdentity or servicePrincipal"),
        (json!({"preset": "agic", "armAuth": {"type": "secret"}}), "/armAuth/type", "expected one of"),
        (json!({"preset": "agic", "armAuth": {"type": "workloadIdentity"}}), "/armAuth/identity", "the name of one of"),
        (
            json!({"preset": "agic", "armAuth": {"type": "aadPodIdentity", "identity": "agc"}}),
            "/armAuth/identity",
            "found \"agc\": it names agic",
        ),
        (json!({"preset": "agic", "armAuth": {"type": "servicePrincipal"}}), "/armAuth/secret", "a Key Vault secret"),
        (
            json!({"preset": "agic", "armAuth": {"type": "servicePrincipal", "secret": secret, "identity": "agic"}}),
            "/armAuth/identity",
            "it means nothing beside this",
        ),
        (
            json!({"preset": "agic", "armAuth": {"type": "servicePrincipal", "secret": "{\"clientSecret\": 1}"}}),
            "/armAuth/secret",
            "expected a text that fits",
        ),
        (
            json!({"preset": "agic", "armAuth": federated, "values": {"armAuth": {"secretJSON": "eyJhIjoxfQ=="}}}),
            "/values/armAuth/secretJSON",
            "a site file holds no secrets",
        ),
        (json!({"preset": "agic", "armAuth": federated, "repo": "https://x.example"}), "/version", "its exact version"),
        (json!({"preset": "agic", "armAuth": federated, "verbosity": 9}), "/verbosity", "at most 5"),
        (json!({"preset": "agic", "armAuth": federated, "webhook": true}), "/webhook", "\"workload-identity\" alone"),
        (json!({"file": "x.yaml", "armAuth": federated}), "/armAuth", "beside \"preset\": \"agic\" alone"),
        (json!({"preset": "agic", "armAuth": federated, "file": "x.yaml"}), "/file", "not both"),
        (json!({"preset": "workload-identity", "namespace": "x"}), "/namespace", "\"webhook\": true alone"),
        (json!({"preset": "aad-pod-identity", "bindings": ["shop"]}), "/bindings/0", "it names agic"),
    ] {
        let found = mistakes(&with(&controller));
        let is_it = |path: &str, what: &str| path == format!("/controllers/0{place}") && what.contains(words);
        assert!(found.iter().any(|mistake| is_it(&mistake.path, &mistake.what)), "{controller}: {found:?}");
    }
    let mut wrong = with(&json!({"preset": "workload-identity"}));
    wrong["identities"] = json!({"A b": IDENTITY, "subnet": "/subscriptions/x"});
    let places: Vec<_> = mistakes(&wrong).into_iter().map(|mistake| mistake.path).collect();
    assert!(places.contains(&"/identities/A b".into()) && places.contains(&"/identities/subnet".into()), "{places:?}");
}

/// The example's plan with these controllers.
fn planned(controllers: &Value) -> Plan {
    let mut file = with(&json!({}));
    file["controllers"] = controllers.clone();
    file["workloads"] = json!([]);
    let site = parse(&file.to_string()).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let identity =
        bluegreen_core::plan::Identity { client_id: "c".into(), principal_id: "p".into(), tenant_id: "t".into() };
    let identities = [("agic".to_owned(), identity)].into();
    let surroundings = Surroundings { environment: "AzureChinaCloud".into(), identities, ..Surroundings::default() };
    Plan { site, surroundings, ..plan() }
}

fn old(properties: &Value) -> Seen {
    let mut cluster = json!({"location": "westeurope", "identity": {"type": "UserAssigned"}, "properties": {
        "currentKubernetesVersion": "1.33.4", "networkProfile": {"networkPlugin": "azure"},
        "agentPoolProfiles": [{"name": "system", "mode": "System", "osType": "Linux", "count": 1}]}});
    bluegreen_core::resources::merge::merge_patch(&mut cluster["properties"], properties);
    Seen { old_cluster: Some(cluster), ..Seen::default() }
}

/// What is refused of these subjects.
fn refused(plan: &Plan, seen: &Seen) -> String {
    let Verdict::Refused(findings) = check(plan, seen) else { return String::new() };
    let ours = findings.iter().filter(|finding| matches!(finding.subject, "pod identity" | "AGIC"));
    ours.map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn pod_identity_is_refused_where_it_cannot_run() {
    let mut plan = planned(&json!([{"preset": "aad-pod-identity"}]));
    let plain = old(&json!({}));
    assert!(refused(&plan, &plain).contains("Virtual Machine Contributor"));
    plan.site.grants_prepared = true;
    assert_eq!(refused(&plan, &plain), "");
    assert!(warnings(&plan, &plain).iter().any(|warning| warning.what.contains("deprecated since October 2022")));
    let kubenet = old(&json!({"networkProfile": {"networkPlugin": "kubenet"}}));
    assert!(refused(&plan, &kubenet).contains("\"allowKubenet\": true"));
    let windows = old(&json!({"agentPoolProfiles": [{"name": "win", "osType": "Windows"}]}));
    assert!(refused(&plan, &windows).contains("Windows pools"));
    for network in [json!({"networkDataplane": "cilium"}), json!({"networkPolicy": "Cilium"})] {
        assert!(
            refused(&plan, &old(&json!({"networkProfile": network}))).contains("use workload identity"),
            "{network}"
        );
    }
    assert!(refused(&plan, &old(&json!({"podIdentityProfile": {"enabled": true}}))).contains("podIdentityProfile"));
    plan.site.controllers[0].allow_kubenet = true;
    assert_eq!(refused(&plan, &kubenet), "");
}

#[test]
fn agic_is_refused_where_nothing_gives_it_its_identity() {
    let agic = json!({"preset": "agic", "armAuth": {"type": "workloadIdentity", "identity": "agic"}});
    assert!(refused(&planned(&json!([agic])), &old(&json!({}))).contains("the planned cluster gives pods none"));
    for before in [json!({"preset": "workload-identity"}), json!({"preset": "workload-identity", "webhook": true})] {
        assert_eq!(refused(&planned(&json!([before, agic])), &old(&json!({}))), "", "{before}");
    }
}

#[test]
fn a_webhook_that_comes_a_step_after_agic_is_refused() {
    let agic = json!({"preset": "agic", "armAuth": {"type": "workloadIdentity", "identity": "agic"}});
    let mut plan = planned(&json!([{"preset": "workload-identity", "webhook": true}, agic]));
    let webhook = plan.site.controllers.remove(0);
    plan.site.workloads.push(webhook);
    assert!(refused(&plan, &old(&json!({}))).contains("comes only after it, among the workloads"));
    let agic = plan.site.controllers.remove(0);
    plan.site.workloads.push(agic);
    assert_eq!(refused(&plan, &old(&json!({}))), "");
}

#[test]
fn agic_is_refused_where_nothing_hands_out_pod_identities() {
    let agic = json!({"preset": "agic", "armAuth": {"type": "aadPodIdentity", "identity": "agic"}});
    let said = |plan: &Plan, old: &Seen, objects: &[&Value]| {
        without_pod_identity(plan, old.old_cluster.as_ref(), objects).map(|finding| finding.to_string())
    };
    let (mut plan, plain) = (planned(&json!([agic])), old(&json!({})));
    assert!(said(&plan, &plain, &[]).unwrap().contains("hands such identities out"));
    let definition = |group: &str| json!({"kind": "CustomResourceDefinition", "spec": {"group": group}});
    assert!(said(&plan, &plain, &[&definition("example.com")]).is_some());
    assert_eq!(said(&plan, &plain, &[&definition("aadpodidentity.k8s.io")]), None);
    assert_eq!(said(&plan, &old(&json!({"podIdentityProfile": {"enabled": true}})), &[]), None);
    let with_preset = planned(&json!([{"preset": "aad-pod-identity"}, agic]));
    assert_eq!(said(&with_preset, &plain, &[]), None);
    plan.kind = Kind::Return;
    assert_eq!(said(&plan, &plain, &[]), None, "a kept cluster has what it had");
}

#[test]
fn a_secret_that_the_nodes_cannot_read_is_refused() {
    let agic = |vault: &str, reader: &str| {
        let secret = format!("https://{vault}/secrets/agic");
        json!({"preset": "agic", "armAuth": {"type": "servicePrincipal", "secret": secret, "readBy": reader}})
    };
    let has = |id: &str| old(&json!({"identityProfile": {"kubeletidentity": {"resourceId": id}}}));
    let plan = planned(&json!([agic("kv.vault.azure.cn", "agic")]));
    assert_eq!(refused(&plan, &has(IDENTITY)), "");
    assert_eq!(refused(&plan, &has(&IDENTITY.to_uppercase())), "", "ids have no case");
    for seen in [has(&IDENTITY.replace("agic", "others")), old(&json!({}))] {
        let said = refused(&plan, &seen);
        assert!(said.contains("is read by the identity agic, which the planned cluster's nodes do not have"), "{said}");
        assert!(said.contains("leave \"readBy\" out"), "{said}");
    }
    for vault in ["kv.vault.azure.net", "kv.vault.usgovcloudapi.net"] {
        let said = refused(&planned(&json!([agic(vault, "agic")])), &has(IDENTITY));
        assert!(said.contains(&format!("{vault} is expected in AzureChinaCloud")), "{said}");
        assert!(said.contains("https://kv.vault.azure.cn/secrets/"), "{said}");
    }
    assert_eq!(refused(&planned(&json!([agic("kv", "agic")])), &has(IDENTITY)), "");
}

#[test]
fn each_slots_cluster_may_have_changes_of_its_own_with_what_the_surroundings_tell() {
    let mut plan = planned(&json!([]));
    plan.site.cluster_changes = json!({"tags": {"cloud": "${environment}", "both": "site"}});
    plan.site.slots.green.cluster_changes =
        json!({"tags": {"both": "${slot.colour}", "agic": "${identity.agic.clientId}"}});
    plan.site.slots.blue.cluster_changes = json!({"tags": {"both": "not this one"}});
    let seen = old(&json!({}));
    let body = bluegreen_core::plan::cluster_body::new_cluster(&seen.old_cluster.expect("it is there"), &plan, "run");
    let tags = &body.expect("a body")["tags"];
    assert_eq!(
        (&tags["cloud"], &tags["both"], &tags["agic"]),
        (&json!("AzureChinaCloud"), &json!("green"), &json!("c"))
    );
}
