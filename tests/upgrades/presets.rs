//! Ready-made controllers, from the example's site files, with what Helm itself made of their charts
//! (`tests/fixtures/charts`: AGIC's and AAD pod identity's are under the MIT licence of Microsoft).
use crate::applying::{ends, journal, object, says, upgraded};
use crate::{quick, story, until};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::resources::digest::digest;
use bluegreen::run::{Ending, Run};
use bluegreen::site::agic::finished;
use bluegreen::site::check::parse;
use bluegreen::site::{Manifest, Preset, Site};
use bluegreen::step::Step;
use bluegreen::workload::chart::rendered;
use serde_json::{Value, json};
use simulated_azure::entra::principal_of;
use simulated_azure::{Cloud, World, article};
use std::collections::BTreeMap;
use std::time::Duration;

const ARTICLE: &str = include_str!("../../examples/shop/article.json");
const MODERN: &str = include_str!("../../examples/shop/modern.json");
const POD_IDENTITY: &str = include_str!("../fixtures/charts/aad-pod-identity.yaml");
const AGIC_PRINCIPAL: &str = include_str!("../fixtures/charts/ingress-azure-service-principal.yaml");
const AGIC_FEDERATED: &str = include_str!("../fixtures/charts/ingress-azure-workload-identity.yaml");

/// What stands for the rendering of a chart that is not of ours: its controller, and a definition.
fn other(name: &str, group: &str, kind: &str) -> String {
    let (labels, plural) = (json!({"app": name}), format!("{}s", kind.to_lowercase()));
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}"), "annotations": {"api-approved.kubernetes.io": "https://example.com/1"}},
        "spec": {"group": group, "scope": "Cluster", "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]}});
    let pod =
        json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": name, "image": "example.com/it:1"}]}});
    let controller = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": pod}});
    let class = json!({"apiVersion": format!("{group}/v1"), "kind": kind, "metadata": {"name": name}, "spec": {}});
    [definition, controller, class].iter().map(|object| format!("---\n{object}\n")).collect()
}

fn written(manifest: &Manifest) -> String {
    match manifest.release() {
        "aad-pod-identity" => POD_IDENTITY.to_owned(),
        "ingress-azure" if manifest.values["armAuth"]["type"] == "servicePrincipal" => AGIC_PRINCIPAL.to_owned(),
        "ingress-azure" => AGIC_FEDERATED.to_owned(),
        "envoy" => other("envoy", "gateway.networking.k8s.io", "GatewayClass"),
        name => other(name, "cert-manager.io", "ClusterIssuer"),
    }
}

/// The shop with the controllers of this site file, published as `site publish` does.
async fn shop(file: &str, cloud: Cloud) -> Shop {
    shop_on(file, article::Options { cloud, ..article::Options::default() }).await
}

/// The same, on this base.
async fn shop_on(file: &str, base: article::Options) -> Shop {
    let shop = Shop::open(&Options { probe: false, base, ..Options::default() }, quick).unwrap();
    let file = parse(file).unwrap();
    let group = shop.article.gateway.split("/providers/").next().unwrap().to_owned();
    let here = |id: &String| format!("{group}/providers/{}", id.split("/providers/").nth(1).unwrap());
    let identities: BTreeMap<_, _> = file.identities.iter().map(|(name, id)| (name.clone(), here(id))).collect();
    {
        let now = shop.azure.clock().now();
        let mut guard = shop.azure.world();
        let World { resource_manager, kubernetes, .. } = &mut *guard;
        for id in identities.values() {
            resource_manager.place(id, json!({"location": shop.article.location}), kubernetes, now);
        }
    }
    let mut site = Site {
        controllers: file.controllers,
        cluster_changes: file.cluster_changes,
        grants_prepared: file.grants_prepared,
        federation_prepared: file.federation_prepared,
        federate: file.federate,
        identities,
        ..shop.site.clone()
    };
    let mut texts = BTreeMap::new();
    for manifest in site.manifests_mut().filter(|manifest| manifest.chart.is_some()) {
        let mut made = rendered(manifest.as_release(), &written(manifest)).unwrap();
        if manifest.preset == Some(Preset::Agic) {
            made = finished(manifest, made).unwrap();
        }
        let minors = ["1.32", "1.33", "1.34", "1.35", "1.36"];
        manifest.renderings = minors.iter().map(|minor| ((*minor).to_owned(), digest(&made.text))).collect();
        manifest.file = manifest.title();
        texts.insert(digest(&made.text), made.text);
    }
    shop.operator.store.keep(&texts).await.unwrap();
    let example = |file: &str| std::fs::read_to_string(format!("{}/examples/shop/{file}", env!("CARGO_MANIFEST_DIR")));
    shop.operator.store.publish(site, |file| Ok(example(file)?)).await.unwrap();
    shop
}

fn agic(shop: &Shop) -> Value {
    object(shop, "deployments.apps", "agic", "ingress-azure").expect("AGIC is there")
}

/// AGIC is there and no pod of it was, and whoever hands over may count its replicas.
#[track_caller]
fn is_fenced(shop: &Shop) {
    let agic = agic(shop);
    assert_eq!((&agic["spec"]["replicas"], agic["status"]["replicas"].as_i64().unwrap_or(0)), (&json!(0), 0));
    let managers = agic["metadata"]["managedFields"].as_array().unwrap();
    let owners: Vec<_> = managers
        .iter()
        .filter(|it| it["fieldsV1"]["f:spec"].get("f:replicas").is_some())
        .map(|it| &it["manager"])
        .collect();
    assert_eq!(owners, ["aks-bluegreen-fence"]);
    let world = shop.azure.world();
    let counted =
        world.calls.iter().filter(|call| call.method == http::Method::PATCH && call.path.contains("/ingress-azure"));
    let bodies: Vec<Value> = counted.filter_map(|call| serde_json::from_slice(&call.body).ok()).collect();
    let of_agic: Vec<_> = bodies.iter().filter(|body| body["kind"] == "Deployment").collect();
    assert!(!of_agic.is_empty() && of_agic.iter().all(|body| body["spec"].get("replicas").is_none()), "{of_agic:?}");
}

#[test]
fn agic_whose_identity_nobody_hands_out_costs_no_cluster() {
    story(|| async {
        let mut file: Value = serde_json::from_str(ARTICLE).unwrap();
        let auth = json!({"type": "aadPodIdentity", "identity": "shop"});
        file["controllers"] = json!([{"preset": "agic", "armAuth": auth}]);
        let shop = shop(&file.to_string(), Cloud::China).await;
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        says(&run, "nothing in the planned cluster hands such identities out");
        says(&run, "put {\"preset\": \"aad-pod-identity\"} before it among the controllers");
    });
}

#[test]
fn the_articles_controllers_come_up_in_china() {
    story(|| async {
        let shop = shop(ARTICLE, Cloud::China).await;
        let run = ends(&shop).await;
        upgraded(&run);
        says(&run, "AAD pod identity is deprecated since October 2022");
        is_fenced(&shop);
        let settings = object(&shop, "configmaps", "agic", "ingress-azure").expect("AGIC's settings");
        let data = json!([settings["data"]["AZURE_ENVIRONMENT"], settings["data"]["APPGW_RESOURCE_ID"]]);
        assert_eq!(data, json!(["AzureChinaCloud", shop.article.gateway]));
        let class = object(&shop, "secretproviderclasses.secrets-store.csi.x-k8s.io", "agic", "ingress-azure");
        let parameters = &class.expect("the vault's secret is named")["spec"]["parameters"];
        assert_eq!(
            (&parameters["keyvaultName"], &parameters["cloudName"]),
            (&json!("kv-shop"), &json!("AzureChinaCloud"))
        );
        let nodes = &run.plan.surroundings.identities["nodes"];
        assert_eq!(parameters["userAssignedIdentityID"], nodes.client_id.as_str());
        let bound =
            object(&shop, "azureidentities.aadpodidentity.k8s.io", "aad-pod-identity", "shop").expect("it is bound");
        assert_eq!(bound["spec"]["clientID"], run.plan.surroundings.identities["shop"].client_id.as_str());
        let job = object(&shop, "jobs.batch", "agic", "agic-rights").expect("the Job that proves its rights");
        assert_eq!(job["status"]["succeeded"], 1);
        let secret = object(&shop, "secrets", "agic", "networking-appgw-k8s-azure-service-principal");
        assert_eq!(secret, None, "the principal lies in no Secret");
    });
}

#[test]
fn the_modern_controllers_come_up() {
    story(|| async {
        let shop = shop(MODERN, Cloud::Public).await;
        let run = ends(&shop).await;
        upgraded(&run);
        is_fenced(&shop);
        let green = shop.azure.world().resource_manager.resource(&shop.article.green).unwrap().clone();
        assert_eq!(green["properties"]["securityProfile"]["workloadIdentity"]["enabled"], true);
        let client = run.plan.surroundings.identities["agic"].client_id.clone();
        let account = object(&shop, "serviceaccounts", "agic", "ingress-azure").expect("AGIC's account");
        assert_eq!(account["metadata"]["annotations"]["azure.workload.identity/client-id"], client.as_str());
        for (namespace, name) in [("cert-manager", "cert-manager"), ("envoy-gateway-system", "envoy")] {
            let found = object(&shop, "deployments.apps", namespace, name).expect(name);
            assert_eq!(found["status"]["availableReplicas"], 2);
        }
    });
}

/// As the article makes it: identities that Azure made for the cluster, plain Azure CNI.
#[test]
fn a_cluster_as_the_article_makes_it_is_replaced_with_consents_and_refused_without_them() {
    let base = || article::Options { system_assigned: true, cloud: Cloud::China, ..article::Options::default() };
    // Its nodes have an identity that Azure made: only the add-on's own can read a secret there.
    let fitting = ARTICLE.replace(", \"readBy\": \"nodes\"", "");
    story(|| async {
        let shop = shop_on(&fitting, base()).await;
        upgraded(&ends(&shop).await);
        let of = |id: &str| {
            let cluster = shop.azure.world().resource_manager.resource(id).unwrap().clone();
            let kubelets = cluster["properties"]["identityProfile"]["kubeletidentity"]["objectId"].clone();
            (cluster["identity"]["type"].clone(), cluster["identity"]["principalId"].clone(), kubelets)
        };
        let (blue, green) = (of(&shop.article.blue), of(&shop.article.green));
        assert_eq!((&blue.0, &green.0), (&json!("SystemAssigned"), &json!("SystemAssigned")));
        assert!(blue.1 != green.1 && blue.2 != green.2, "each has its own: {blue:?} {green:?}");
    });
    story(|| async {
        let without = fitting.replace("\"grantsPrepared\": true", "\"grantsPrepared\": false");
        let run = ends(&shop_on(&without, base()).await).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        says(&run, "the system-assigned identity of the control plane");
    });
    story(|| async {
        let run = ends(&shop_on(ARTICLE, base()).await).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        says(
            &run,
            "by the identity nodes, which the planned cluster's nodes do not have: theirs is one that AKS makes",
        );
    });
}

/// Everybody may do everything, but AGIC's identity only what this says.
fn allow(shop: &Shop, client: &str, actions: &[&str]) {
    let now = shop.azure.clock().now();
    let mut guard = shop.azure.world();
    let World { resource_manager, kubernetes, .. } = &mut *guard;
    let scope = format!("/subscriptions/{}", shop.article.subscription);
    let ours = bluegreen::local::shop::config(Cloud::Public).unwrap().client_id.unwrap();
    for (name, principal, actions) in
        [("ours", principal_of(&ours), &["*"][..]), ("agic", principal_of(client), actions)]
    {
        let at = |kind: &str| format!("{scope}/providers/Microsoft.Authorization/{kind}/{name}");
        let role = json!({"properties": {"permissions": [{"actions": actions, "notActions": []}]}});
        resource_manager.place(&at("roleDefinitions"), role, kubernetes, now);
        let assignment = json!({"properties": {"scope": scope, "principalId": principal, "roleDefinitionId": at("roleDefinitions")}});
        resource_manager.place(&at("roleAssignments"), assignment, kubernetes, now);
    }
    resource_manager.enforce_roles();
}

async fn with_rights(actions: &'static [&'static str]) -> Run {
    let shop = shop(MODERN, Cloud::Public).await;
    let limits = async {
        until(&shop, |run| run.step == Step::CreateCluster).await;
        let run = shop.operator.store.run(&shop.site.name).await.unwrap().unwrap().value;
        allow(&shop, &run.plan.surroundings.identities["agic"].client_id, actions);
    };
    tokio::join!(ends(&shop), limits).0
}

#[test]
fn a_right_that_agic_lacks_is_named_before_traffic_moves() {
    story(|| async {
        let run =
            with_rights(&["Microsoft.Network/applicationGateways/read", "Microsoft.Network/applicationGateways/write"])
                .await;
        assert_eq!(run.ending, Some(Ending::RolledBack), "{}", journal(&run));
        says(&run, "Job agic/agic-rights failed: BackoffLimitExceeded");
        says(&run, "lacks Microsoft.Network/virtualNetworks/subnets/join/action on /subscriptions/");
        assert!(run.journal.iter().all(|entry| entry.after != Step::ShiftTraffic), "{}", journal(&run));
    });
    story(|| async {
        let all = &["Microsoft.Network/*", "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"];
        upgraded(&with_rights(all).await);
    });
}

#[test]
fn an_agic_that_somebody_scales_is_waited_for_and_never_counted_by_us() {
    story(|| async {
        let shop = shop(MODERN, Cloud::Public).await;
        let scaled = async {
            until(&shop, |run| run.step == Step::InstallControllers).await;
            while object(&shop, "deployments.apps", "agic", "ingress-azure").is_none() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            let mut other = agic(&shop);
            other["spec"]["replicas"] = 1.into();
            let (host, now) = (crate::applying::green(&shop), shop.azure.clock().now());
            let slim = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "ingress-azure", "namespace": "agic"},
                "spec": {"replicas": 1, "selector": other["spec"]["selector"], "template": other["spec"]["template"]}});
            shop.azure.world().kubernetes.server(&host).unwrap().apply(&slim, now).unwrap();
        };
        let (run, ()) = tokio::join!(ends(&shop), scaled);
        assert_eq!(run.ending, Some(Ending::RolledBack), "{}", journal(&run));
        says(&run, "has 1 replicas and must have 0: while it runs it writes the gateway");
    });
}
