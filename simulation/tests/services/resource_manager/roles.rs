//! Role assignments as they are written, the identities that they are for, and when they count.
use super::scene::Scene;
use http::Method;
use serde_json::{Value, json};
use simulated_azure::article::Options;

const ROLE: &str =
    "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d";

fn place(scene: &Scene, id: &str, body: Value) {
    let now = scene.azure.clock().now();
    let world = &mut *scene.azure.world();
    world.resource_manager.place(id, body, &mut world.kubernetes, now);
}

fn named(scope: &str, number: u32) -> String {
    format!("{scope}/providers/Microsoft.Authorization/roleAssignments/0000000{number}-0000-4000-8000-000000000000")
}

fn body(principal: &str) -> Value {
    json!({"properties": {"roleDefinitionId": ROLE, "principalId": principal, "principalType": "ServicePrincipal"}})
}

/// Green, as a cluster whose identities Azure makes.
fn green(scene: &Scene) -> Value {
    let options = Options { version: "1.34.2".into(), system_assigned: true, ..Options::default() };
    let mut body = scene.article.cluster(&scene.article.green_subnet, &options);
    body["properties"]["addonProfiles"] =
        json!({"azureKeyvaultSecretsProvider": {"enabled": true}, "azurepolicy": {"enabled": false}});
    body
}

#[tokio::test(start_paused = true)]
async fn each_role_is_given_once_by_a_guid() {
    let scene = Scene::new();
    let gateway = &scene.article.gateway;
    let said =
        scene.put(&format!("{gateway}/providers/Microsoft.Authorization/roleAssignments/ours"), &body("we")).await;
    assert_eq!((said.status, said.code()), (400, "InvalidRoleAssignmentId"));
    let said = scene.put(&named(&format!("{gateway}2"), 1), &body("we")).await;
    assert_eq!((said.status, said.code()), (404, "ResourceNotFound"));
    let made = scene.put(&named(gateway, 1), &body("we")).await;
    assert_eq!((made.status, &made.body["properties"]["scope"]), (201, &json!(gateway)));
    assert!(made.body["properties"]["createdOn"].is_string());
    assert_eq!(scene.put(&named(gateway, 1), &body("we")).await.status, 200);
    let said = scene.put(&named(gateway, 1), &body("they")).await;
    assert_eq!((said.status, said.code()), (409, "RoleAssignmentUpdateNotPermitted"));
    let said =
        scene.put(&named(&gateway.to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions"), 2), &body("WE")).await;
    assert_eq!((said.status, said.code()), (409, "RoleAssignmentExists"));
    assert_eq!(scene.delete(&named(gateway, 1)).await.status, 200);
    assert_eq!(scene.put(&named(gateway, 2), &body("we")).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn a_new_clusters_identities_are_others_and_become_known_later() {
    let scene = Scene::new();
    let (id, gateway) = (scene.article.green.clone(), scene.article.gateway.clone());
    let principals = async |scene: &Scene| {
        let started = scene.put(&id, &green(scene)).await;
        scene.ended(&started).await;
        let cluster = scene.get(&id).await.body;
        let add_on = &cluster["properties"]["addonProfiles"];
        assert!(add_on["azurepolicy"].get("identity").is_none());
        [
            cluster["identity"]["principalId"].clone(),
            cluster["properties"]["identityProfile"]["kubeletidentity"]["objectId"].clone(),
            add_on["azureKeyvaultSecretsProvider"]["identity"]["objectId"].clone(),
        ]
        .map(|id| id.as_str().unwrap().to_owned())
    };
    let first = principals(&scene).await;
    let said = scene.put(&named(&gateway, 1), &body(&first[1])).await;
    assert_eq!((said.status, said.code()), (400, "PrincipalNotFound"));
    scene.pass(60).await;
    assert_eq!(scene.put(&named(&gateway, 1), &body(&first[1])).await.status, 201);
    let deleted = scene.delete(&id).await;
    scene.ended(&deleted).await;
    assert_eq!(scene.get(&named(&gateway, 1)).await.status, 200, "what was given stays, for nobody");
    let said = scene.put(&named(&gateway, 2), &body(&first[0])).await;
    assert_eq!((said.status, said.code()), (400, "PrincipalNotFound"));
    let second = principals(&scene).await;
    assert!(first.iter().all(|one| !second.contains(one)), "{first:?} {second:?}");
}

#[tokio::test(start_paused = true)]
async fn images_come_when_the_kubelets_may_pull_them_and_that_counts() {
    let scene = Scene::with(&Options { system_assigned: true, ..Options::default() });
    let group = scene.article.gateway.split("/providers/").next().unwrap().to_owned();
    let registry = format!("{group}/providers/Microsoft.ContainerRegistry/registries/acr");
    place(&scene, &registry, json!({"location": "westeurope"}));
    assert_eq!(scene.get(&registry).await.body["properties"]["loginServer"], "acr.azurecr.io");
    scene.azure.world().resource_manager.enforce_pulls();
    let cluster = scene.get(&scene.article.blue).await.body;
    let host = cluster["properties"]["fqdn"].as_str().unwrap().to_owned();
    let kubelet = cluster["properties"]["identityProfile"]["kubeletidentity"]["objectId"].as_str().unwrap().to_owned();
    {
        let now = scene.azure.clock().now();
        let world = scene.azure.world();
        let mut server = world.kubernetes.server(&host).unwrap();
        for (name, image) in [("ours", "acr.azurecr.io/till:1"), ("public", "mcr.microsoft.com/till:1")] {
            let container = json!({"name": "till", "image": image});
            let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"},
                "spec": {"containers": [container]}});
            server.apply(&pod, now).unwrap();
        }
    }
    let state = async |name: &str| {
        scene.get(&scene.article.blue).await;
        let now = scene.azure.clock().now();
        let world = scene.azure.world();
        let pod = world.kubernetes.server(&host).unwrap().object("pods", "default", name, now).unwrap();
        let waits = pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].clone();
        (pod["status"]["phase"].as_str().unwrap().to_owned(), waits)
    };
    scene.pass(60).await;
    assert_eq!(state("public").await.0, "Running");
    assert_eq!(state("ours").await, ("Pending".to_owned(), json!("ImagePullBackOff")));
    assert_eq!(scene.put(&named(&registry, 1), &body(&kubelet)).await.status, 201);
    scene.pass(100).await;
    assert_eq!(state("ours").await.0, "Pending", "it does not count yet");
    scene.pass(30).await;
    state("ours").await;
    scene.pass(30).await;
    assert_eq!(state("ours").await.0, "Running");
    let gone = scene.call(Method::DELETE, &named(&registry, 1), &[], None).await;
    assert_eq!(gone.status, 200);
    assert_eq!(state("ours").await.0, "Running", "what was pulled is there");
}

#[tokio::test(start_paused = true)]
async fn who_asks_is_told_what_it_may_do_at_a_scope() {
    let scene = Scene::new();
    let at = |scope: &str| format!("{scope}/providers/Microsoft.Authorization/permissions");
    let (gateway, green) = (scene.article.gateway.clone(), scene.article.green_subnet.clone());
    let all = scene.get(&at(&gateway)).await;
    assert_eq!((all.status, &all.body["value"][0]["actions"]), (200, &json!(["*"])));
    let reads = "Microsoft.Authorization/permissions/read".to_owned();
    let grants = vec![(gateway.clone(), vec![reads.clone(), "x/write".to_owned()]), (green.clone(), vec![reads])];
    scene.azure.world().resource_manager.allow_only_at(grants);
    let there = scene.get(&at(&gateway)).await;
    assert_eq!(there.body["value"][0]["actions"][1], "x/write", "{:?}", there.body);
    assert_eq!(scene.get(&at(&green)).await.body["value"][0]["actions"].as_array().map(Vec::len), Some(1));
    scene.azure.world().resource_manager.enforce_roles();
    assert_eq!(scene.get(&at(&gateway)).await.status, 403, "who has no role may not even ask");
}
