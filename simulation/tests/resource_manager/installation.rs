//! What an installation has beside clusters and gateways: a function app's settings, roles, the bus as it is set up.
use crate::scene::Scene;
use http::Method;
use serde_json::{Value, json};
use simulated_azure::service_bus::{QueueOptions, SubscriptionOptions, TopicOptions};
use std::time::Duration;

const GROUP: &str = "/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/rg-ours";

fn place(scene: &Scene, id: &str, body: Value) {
    let now = scene.azure.clock().now();
    let world = &mut *scene.azure.world();
    world.resource_manager.place(id, body, &mut world.kubernetes, now);
}

fn names(list: &Value) -> Vec<&str> {
    list["value"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_namespace_shows_the_brokers_entities_as_they_are() {
    let scene = Scene::new();
    let bus = format!("{GROUP}/providers/Microsoft.ServiceBus/namespaces/bus");
    place(&scene, &bus, json!({"location": "westeurope"}));
    let day = Some(Duration::from_secs(86400));
    {
        let broker = &mut scene.azure.world().service_bus;
        broker.add_queue(
            "Letters",
            QueueOptions { forward_dead_letters_to: Some("dead".into()), ..QueueOptions::default() },
        );
        broker.add_topic("Steps", TopicOptions { duplicate_window: day, ..TopicOptions::default() });
        let soak = SubscriptionOptions {
            subject: Some("Soak".into()),
            lock_duration: Duration::from_secs(180),
            ..SubscriptionOptions::default()
        };
        broker.add_subscription("Steps", "Soak", soak).unwrap();
        broker.add_subscription("Steps", "All", SubscriptionOptions::default()).unwrap();
    }
    assert_eq!(names(&scene.get(&format!("{bus}/queues")).await.body), ["Letters"], "no sub-queue, no subscription");
    let queue = scene.get(&format!("{bus}/QUEUES/letters")).await.body;
    assert_eq!(queue["type"], "Microsoft.ServiceBus/namespaces/queues");
    assert_eq!(queue["properties"]["forwardDeadLetteredMessagesTo"], "dead");
    assert_eq!(queue["properties"]["requiresDuplicateDetection"], false);
    let topic = scene.get(&format!("{bus}/topics/Steps")).await.body;
    assert_eq!(topic["properties"]["duplicateDetectionHistoryTimeWindow"], "P1D");
    let subscriptions = scene.get(&format!("{bus}/topics/Steps/subscriptions")).await.body;
    let mut found = names(&subscriptions);
    found.sort_unstable();
    assert_eq!(found, ["All", "Soak"]);
    let soak = format!("{bus}/topics/Steps/subscriptions/Soak");
    assert_eq!(scene.get(&soak).await.body["properties"]["lockDuration"], "PT3M");
    let rules = scene.get(&format!("{soak}/rules")).await.body;
    assert_eq!(rules["value"][0]["properties"]["correlationFilter"]["label"], "Soak");
    let rules = scene.get(&format!("{bus}/topics/Steps/subscriptions/All/rules")).await.body;
    assert_eq!(rules["value"][0]["properties"]["filterType"], "SqlFilter");
    scene.azure.world().service_bus.remove("Steps/subscriptions/Soak");
    assert_eq!(scene.get(&soak).await.status, 404, "what is gone from the broker is gone here");
    assert_eq!(scene.put(&soak, &json!({"properties": {}})).await.status, 405);
    let nobodys = bus.replace("namespaces/bus", "namespaces/other");
    assert_eq!(scene.get(&format!("{nobodys}/queues")).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_list_of_assignments_goes_up_and_down_and_knows_the_principal() {
    let scene = Scene::new();
    let (subscription, gateway) = (format!("/subscriptions/{}", scene.article.subscription), &scene.article.gateway);
    let assignment =
        |scope: &str, name: &str| format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}");
    let body = |principal: &str| json!({"properties": {"roleDefinitionId": "/definition", "principalId": principal}});
    place(&scene, &assignment(&subscription, "above"), body("we"));
    place(&scene, &assignment(gateway, "here"), body("we"));
    place(&scene, &assignment(gateway, "others"), body("they"));
    place(&scene, &assignment(&scene.article.blue, "elsewhere"), body("we"));
    let list = |scope: &str, filter: &str| {
        format!("{scope}/providers/Microsoft.Authorization/roleAssignments?$filter={filter}")
    };
    let all = scene.get(&list(&subscription, "principalId%20eq%20'we'")).await.body;
    let mut found = names(&all);
    found.sort_unstable();
    assert_eq!(found, ["above", "elsewhere", "here"]);
    let here = scene.get(&list(gateway, "principalId%20eq%20'we'")).await.body;
    let mut found = names(&here);
    found.sort_unstable();
    assert_eq!(found, ["above", "here"]);
    assert_eq!(here["value"][0]["type"], "Microsoft.Authorization/roleAssignments");
    let at = scene.get(&list(&subscription, "atScope()")).await.body;
    assert_eq!(names(&at), ["above"]);
    assert_eq!(at["value"][0]["properties"]["scope"], *subscription);
}

#[tokio::test(start_paused = true)]
async fn settings_are_given_out_by_an_action_alone() {
    let scene = Scene::new();
    let app = format!("{GROUP}/providers/Microsoft.Web/sites/app");
    place(&scene, &app, json!({"location": "westeurope", "kind": "functionapp,linux"}));
    place(&scene, &format!("{app}/config/appsettings"), json!({"properties": {"A": "1"}}));
    let said = scene.post(&format!("{app}/config/appsettings/list")).await;
    assert_eq!((said.status, &said.body["properties"]), (200, &json!({"A": "1"})));
    let said = scene.call(Method::GET, &format!("{app}/config/appsettings"), &[], None).await;
    assert_eq!(said.status, 405);
    assert_eq!(scene.post(&format!("{app}2/config/appsettings/list")).await.status, 404);
    scene.azure.world().resource_manager.allow_only(vec!["Microsoft.Web/sites/read".into()]);
    assert_eq!(scene.get(&app).await.status, 200);
    let said = scene.post(&format!("{app}/config/appsettings/list")).await;
    assert_eq!(said.status, 403);
    assert!(said.message().contains("'Microsoft.Web/sites/config/list/action'"), "{}", said.message());
}

#[tokio::test(start_paused = true)]
async fn roles_on_a_namespace_outlive_a_look_at_its_entities() {
    let scene = Scene::new();
    let bus = format!("{GROUP}/providers/Microsoft.ServiceBus/namespaces/bus");
    place(&scene, &bus, json!({"location": "westeurope"}));
    let assignment = format!("{bus}/providers/Microsoft.Authorization/roleAssignments/ours");
    place(&scene, &assignment, json!({"properties": {"roleDefinitionId": "/definition", "principalId": "we"}}));
    assert_eq!(scene.get(&format!("{bus}/queues")).await.body["value"], json!([]));
    assert_eq!(scene.get(&assignment).await.body["properties"]["principalId"], "we");
    let gone = scene.delete(&assignment).await;
    assert_eq!((gone.status, &gone.body["name"]), (200, &json!("ours")), "what is deleted is shown once more");
    assert_eq!(scene.delete(&assignment).await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn an_app_shows_its_host_names_and_the_tier_of_its_plan() {
    let scene = Scene::new();
    let (app, plan) = (
        format!("{GROUP}/providers/Microsoft.Web/sites/App"),
        format!("{GROUP}/providers/Microsoft.Web/serverfarms/plan"),
    );
    place(&scene, &plan, json!({"location": "westeurope", "sku": {"name": "FC1", "tier": "FlexConsumption"}}));
    let properties = json!({"serverFarmId": plan.to_uppercase()});
    place(&scene, &app, json!({"location": "westeurope", "kind": "functionapp,linux", "properties": properties}));
    let listed = scene.get(&format!("{GROUP}/providers/Microsoft.Web/sites")).await.body["value"][0].clone();
    for shown in [scene.get(&app).await.body, listed] {
        let shown = &shown["properties"];
        assert_eq!((&shown["sku"], &shown["reserved"]), (&json!("FlexConsumption"), &json!(true)));
        assert_eq!(shown["defaultHostName"], "app.azurewebsites.net");
        let publishing = json!({"name": "app.scm.azurewebsites.net", "sslState": "Disabled", "hostType": "Repository"});
        assert_eq!(shown["hostNameSslStates"][1], publishing);
    }
}
