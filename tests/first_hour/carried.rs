//! `site init`: what a new cluster will not have of the old one's is listed, and a person decides.
use crate::{looker, story};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::site::check::parse;
use bluegreen::survey::site_init::{Draft, draft};
use serde_json::{Value, json};

/// What is written about the article's base after a change of its old cluster, and with these things hung on it.
fn drafted(change: impl FnOnce(&mut Value), hung: &[(&str, Value)]) -> Draft {
    story(|| async {
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, |_| {}).unwrap();
        let blue = &shop.article.blue;
        {
            let now = shop.azure.clock().now();
            let world = &mut *shop.azure.world();
            let mut body = world.resource_manager.resource(blue).cloned().unwrap();
            change(&mut body);
            world.resource_manager.place(blue, body, &mut world.kubernetes, now);
            for (path, body) in hung {
                world.resource_manager.place(&format!("{blue}/{path}"), body.clone(), &mut world.kubernetes, now);
            }
        }
        draft(&looker(&shop.azure).around(&shop.article.gateway, None).await.unwrap(), Some("shop")).unwrap()
    })
}

fn places(draft: &Draft) -> Vec<&str> {
    draft.placeholders.iter().map(|(place, _)| place.as_str()).collect()
}

#[test]
fn what_hangs_on_the_cluster_is_listed_with_a_decision_for_each_kind() {
    let draft = drafted(
        |_| {},
        &[
            ("maintenanceConfigurations/aksManagedNodeOSUpgradeSchedule", json!({"properties": {}})),
            ("providers/Microsoft.Insights/diagnosticSettings/audit", json!({"properties": {}})),
        ],
    );
    let expected = ["/partnersKnowOutboundAddress", "/federationPrepared", "/notCarried/0", "/notCarried/1"];
    assert_eq!(places(&draft), expected, "{}", draft.text);
    let line =
        |text: &str| draft.text.split_whitespace().collect::<Vec<_>>().join(" ").replace("// ", "").contains(text);
    assert!(line("maintenance windows (aksManagedNodeOSUpgradeSchedule)"), "{}", draft.text);
    assert!(line("patches its nodes, at any hour"), "{}", draft.text);
    assert!(draft.text.contains("\"decide: diagnosticSettings, if others make them"), "{}", draft.text);
    let decided = draft.text.lines().map(|line| match line.split_once("\"decide: ") {
        Some((member, rest)) if line.trim_start().starts_with("\"notCarried\"") => {
            assert!(rest.contains("maintenanceConfigurations"), "{line}");
            format!("{member}\"diagnosticSettings\", \"maintenanceConfigurations\"]")
        }
        Some((member, _)) => format!("{member}true{}", if line.ends_with(',') { "," } else { "" }),
        None => line.to_owned(),
    });
    let decided = decided.collect::<Vec<_>>().join("\n");
    assert!(parse(&decided).is_ok(), "{decided}");
    let misspelt = decided.replace("\"diagnosticSettings\"", "\"diagnosticsettings\"");
    let mistakes = parse(&misspelt).unwrap_err();
    assert!(mistakes.iter().any(|mistake| mistake.path == "/notCarried/0"), "{mistakes:?}");
}

#[test]
fn identities_that_azure_made_are_named_and_their_roles_with_them() {
    let draft = drafted(
        |cluster| {
            let group = cluster["properties"]["nodeResourceGroup"].as_str().unwrap();
            let id = |name: &str| {
                let provider = "providers/Microsoft.ManagedIdentity/userAssignedIdentities";
                json!({"resourceId": format!("/subscriptions/s/resourcegroups/{group}/{provider}/{name}")})
            };
            let kubelets = json!({"kubeletidentity": id("aks-blue-agentpool")});
            let add_ons = json!({"azureKeyvaultSecretsProvider": {"enabled": true, "identity": id("vaults")}});
            cluster["properties"]["identityProfile"] = kubelets;
            cluster["properties"]["addonProfiles"] = add_ons;
        },
        &[],
    );
    assert_eq!(places(&draft), ["/partnersKnowOutboundAddress", "/grantsPrepared", "/federationPrepared"]);
    for expected in ["aks-blue-agentpool of the kubelets", "AcrPull", "the add-on", "Key Vault Secrets User"] {
        assert!(draft.text.contains(expected), "{expected}: {}", draft.text);
    }
}

#[test]
fn an_issuer_that_gives_nobody_an_identity_is_only_mentioned() {
    let draft = drafted(|cluster| cluster["properties"]["securityProfile"] = json!({}), &[]);
    assert_eq!(places(&draft), ["/partnersKnowOutboundAddress"]);
    assert!(draft.text.contains("Whoever trusts that issuer"), "{}", draft.text);
}

#[test]
fn what_both_clusters_do_while_there_are_two_is_listed_with_a_decision() {
    story(|| async {
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, |_| {}).unwrap();
        let mut found = looker(&shop.azure).around(&shop.article.gateway, None).await.unwrap();
        // In a list objects do not say what they are; a cluster without KEDA has none of its kinds.
        let objects = found.objects.as_mut().unwrap();
        assert!(objects.iter().all(|object| object["kind"].is_string()), "{objects:?}");
        assert!(found.unseen.is_empty(), "{:?}", found.unseen);
        let job = |namespace: &str| json!({"kind": "CronJob", "metadata": {"name": "bill", "namespace": namespace}});
        let dns = json!({"kind": "Deployment", "metadata": {"name": "ext", "namespace": "dns"}, "spec": {"template": {"spec":
            {"containers": [{"image": "registry.k8s.io/external-dns/external-dns:v0.15.0", "args": ["--txt-owner-id=shop"]}]}}}});
        objects.extend([job("shop"), job("kube-system"), dns]);
        found.unseen = vec!["ScaledObject"];
        let draft = draft(&found, Some("shop")).unwrap();
        let marks = |text: &str| draft.marks.iter().any(|(_, what)| what.contains(text));
        assert!(marks("CronJob shop/closing, shop/bill: "), "{}", draft.text);
        assert!(marks(r#"{"kind":"CronJob","namespace":"shop","name":"bill"}"#), "{}", draft.text);
        assert!(draft.text.contains("\n  \"singletons\": [],\n"), "{}", draft.text);
        assert!(marks("Deployment dns/ext: external-dns is the owner \"shop\" in both clusters"), "{}", draft.text);
        assert!(
            !draft.text.contains("kube-system/bill") && draft.text.contains("kinds ScaledObject"),
            "{}",
            draft.text
        );
    });
}
