//! What an installation has beside clusters and gateways: a function app's settings, roles, the bus as it is set up.
use super::scene::Scene;
use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};
use simulated_azure::resource_manager::HostStatus;
use simulated_azure::service_bus::{Message, QueueOptions, SubscriptionOptions, TopicOptions};
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
    let assignment = format!("{bus}/topics/Steps/providers/Microsoft.Authorization/roleAssignments/sender");
    place(&scene, &assignment, json!({"properties": {}}));
    scene.azure.world().service_bus.remove("Steps/subscriptions/Soak");
    assert_eq!(scene.get(&soak).await.status, 404, "what is gone from the broker is gone here");
    assert_eq!(scene.get(&assignment).await.status, 200, "what extends an entity stays");
    assert_eq!(scene.put(&soak, &json!({"properties": {}})).await.status, 201, "and can be made anew");
    let nobodys = bus.replace("namespaces/bus", "namespaces/other");
    assert_eq!(scene.get(&format!("{nobodys}/queues")).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn the_broker_gets_the_entities_that_are_put() {
    let scene = Scene::new();
    let bus = format!("{GROUP}/providers/Microsoft.ServiceBus/namespaces/bus");
    place(&scene, &bus, json!({"location": "westeurope"}));
    let put = async |path: &str, properties: Value| {
        scene.put(&format!("{bus}/{path}"), &json!({"properties": properties})).await
    };
    assert_eq!(put("topics/steps/subscriptions/Soak", json!({})).await.code(), "ParentResourceNotFound");
    let once = json!({"requiresDuplicateDetection": true, "duplicateDetectionHistoryTimeWindow": "P1D"});
    assert_eq!(put("topics/steps", once.clone()).await.status, 201);
    assert_eq!(put("topics/steps/subscriptions/Soak", json!({"lockDuration": "PT3M"})).await.status, 201);
    let subject =
        |broker: &simulated_azure::service_bus::Broker| broker.subscriptions("steps")[0].1.map(ToOwned::to_owned);
    assert_eq!(subject(&scene.azure.world().service_bus), None, "everything, until there is a rule");
    let filter = json!({"filterType": "CorrelationFilter", "correlationFilter": {"label": "Soak"}});
    assert_eq!(put("topics/steps/subscriptions/Soak/rules/$Default", filter.clone()).await.status, 200);
    assert_eq!(put("topics/steps/subscriptions/Soak", json!({"lockDuration": "PT1M"})).await.status, 200);
    {
        let broker = &scene.azure.world().service_bus;
        assert_eq!(subject(broker).as_deref(), Some("Soak"), "a subscription that is written again keeps its rule");
        assert_eq!(broker.queue_options("steps/subscriptions/Soak").unwrap().lock_duration.as_secs(), 60);
        assert_eq!(broker.topic_options("steps").unwrap().duplicate_window.unwrap().as_secs(), 86400);
    }
    let disabled = put("topics/steps/subscriptions/Soak", json!({"status": "ReceiveDisabled"})).await;
    assert_eq!((disabled.status, &disabled.body["properties"]["status"]), (200, &json!("ReceiveDisabled")));
    {
        let (broker, now) = (&mut scene.azure.world().service_bus, scene.azure.clock().now());
        broker.send("steps", Message::new("{}").with_subject("Soak"), now).unwrap();
        assert!(broker.receive("steps/subscriptions/Soak", now).is_none(), "nothing is given out");
    }
    let soak = format!("{bus}/topics/steps/subscriptions/Soak");
    let counts = scene.get(&soak).await.body["properties"]["countDetails"].clone();
    assert_eq!((&counts["activeMessageCount"], &counts["scheduledMessageCount"]), (&json!(1), &json!(0)));
    for (path, wrong, says) in [
        ("topics/steps", json!({"requiresDuplicateDetection": false}), "cannot be changed"),
        ("queues/letters", json!({"lockDuration": "3 minutes"}), "'3 minutes' of lockDuration is not a duration"),
        ("queues/letters", json!({"status": "Deleting"}), "the statuses Active and ReceiveDisabled"),
        ("queues/letters", json!({"maxDeliveryCount": 5_000_000_000_u64}), "out of range"),
        ("topics/steps/subscriptions/Soak/rules/mine", filter, "one rule for each subscription"),
        ("topics/steps/subscriptions/Soak/rules/$Default", json!({"filterType": "SqlFilter"}), "correlation filters"),
    ] {
        let said = put(path, wrong).await;
        assert_eq!(said.status, 400, "{path}: {said:?}");
        assert!(said.message().contains(says), "{path}: {said:?}");
    }
    assert_eq!(scene.delete(&format!("{bus}/topics/steps/subscriptions/Soak")).await.status, 200);
    assert!(scene.azure.world().service_bus.subscriptions("steps").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_caller_may_do_what_its_roles_say_where_they_say_it() {
    let scene = Scene::new();
    let identity = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2019-08-01&client_id=the-app";
    let wanted = Request::get(format!("{identity}&resource=https%3A%2F%2Fmanagement.azure.com%2F"));
    let token = scene.send(wanted.header("metadata", "true").body(Body::empty()).unwrap()).await.body;
    let token = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let me = simulated_azure::entra::principal_of("the-app");
    scene.azure.world().resource_manager.enforce_roles();
    let ask = async |method: Method, id: &str| {
        let url = format!("https://management.azure.com{id}?api-version=2026-08-01");
        let request = Request::builder().method(method).uri(url).header("authorization", &token);
        scene.send(request.body(Body::empty()).unwrap()).await.code().to_owned()
    };
    let get = async |id: &str| ask(Method::GET, id).await;
    let (gateway, subscription) = (&scene.article.gateway, format!("/subscriptions/{}", scene.article.subscription));
    assert_eq!(get(gateway).await, "AuthorizationFailed");
    let assign = |scope: &str, role: &str| {
        let id = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{role}");
        let definition = format!("{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}");
        place(&scene, &id, json!({"properties": {"principalId": me, "roleDefinitionId": definition}}));
    };
    // A role of the customer's own, then the built-in Reader.
    let own = json!({"properties": {"permissions": [
        {"actions": ["Microsoft.Network/*/read"], "notActions": ["Microsoft.Network/virtualNetworks/read"]}]}});
    place(&scene, &format!("{subscription}/providers/Microsoft.Authorization/roleDefinitions/own"), own);
    assign(&subscription, "own");
    assert_eq!(get(gateway).await, "");
    assert_eq!(get(&scene.article.network).await, "AuthorizationFailed", "an exception of the role");
    assert_eq!(get(&scene.article.blue).await, "AuthorizationFailed");
    assign(&scene.article.blue, "acdd72a7-3385-48ef-bd42-f606fba81ae7");
    assert_eq!(get(&scene.article.blue).await, "");
    assert_eq!(ask(Method::DELETE, &scene.article.blue).await, "AuthorizationFailed");
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
async fn assignments_of_groups_are_listed_for_who_is_assigned_and_not_for_the_principal_alone() {
    let scene = Scene::new();
    let list =
        format!("/subscriptions/{}/providers/Microsoft.Authorization/roleAssignments", scene.article.subscription);
    for (name, principal) in [("own", "we"), ("near", "team"), ("far", "company"), ("foreign", "others")] {
        place(&scene, &format!("{list}/{name}"), json!({"properties": {"principalId": principal}}));
    }
    {
        let groups = &mut scene.azure.world().entra.groups;
        groups.add_member("team", "we");
        groups.add_member("company", "team");
        groups.add_member("team", "company"); // a circle ends
        groups.add_member("others", "they");
    }
    for (filter, expected) in [
        ("principalId%20eq%20'we'", vec!["own"]),
        ("assignedTo('we')", vec!["far", "near", "own"]),
        ("assignedTo(%27we%27)", vec!["far", "near", "own"]),
        ("atScope()+and+assignedTo('they')", vec!["foreign"]),
    ] {
        let said = scene.get(&format!("{list}?$filter={filter}")).await.body;
        let mut found = names(&said);
        found.sort_unstable();
        assert_eq!(found, expected, "{filter}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_apps_host_says_of_itself_is_passed_on() {
    let scene = Scene::new();
    let app = format!("{GROUP}/providers/Microsoft.Web/sites/app");
    let status = format!("{app}/hostruntime/admin/host/status");
    assert_eq!(scene.get(&status).await.status, 404);
    place(&scene, &app, json!({"kind": "functionapp,linux", "properties": {"state": "Running"}}));
    // As recorded of a host whose host.json names no bundle.
    let said = scene.get(&status).await;
    assert_eq!(
        (said.status, &said.body["state"], &said.body["version"]),
        (200, &json!("Running"), &json!("4.1037.0.0"))
    );
    let members: Vec<_> = said.body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        members,
        [
            "id",
            "state",
            "version",
            "versionDetails",
            "platformVersion",
            "instanceId",
            "computerName",
            "processUptime",
            "functionAppContentEditingState"
        ]
    );
    let set = |status: Option<HostStatus>| scene.azure.world().resource_manager.set_host_status(&app, status);
    let bundle = Some(("Some.Bundle".to_owned(), "4.38.0".to_owned()));
    set(Some(HostStatus { extension_bundle: bundle, ..HostStatus::default() }));
    let said = scene.get(&status.to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions")).await.body;
    assert_eq!(said["extensionBundle"], json!({"id": "Some.Bundle", "version": "4.38.0"}));
    assert!(said.get("errors").is_none());
    set(Some(HostStatus { state: "Error".into(), errors: vec!["no storage".into()], ..HostStatus::default() }));
    assert_eq!(scene.get(&status).await.body["errors"], json!(["no storage"]));
    set(None);
    let said = scene.get(&status).await;
    assert_eq!((said.status, &said.body["Code"]), (400, &json!("BadRequest")));
    assert_eq!(said.body["Message"], "Encountered an error (ServiceUnavailable) from host runtime.");
    set(Some(HostStatus::default()));
    place(&scene, &app, json!({"kind": "functionapp,linux", "properties": {"state": "Stopped"}}));
    assert_eq!(scene.get(&status).await.status, 400, "a stopped app has no host");
    scene.azure.world().resource_manager.allow_only(vec!["Microsoft.Web/sites/read".into()]);
    let said = scene.get(&status).await;
    assert_eq!(said.status, 403);
    assert!(said.message().contains("'Microsoft.Web/sites/hostruntime/host/read'"), "{}", said.message());
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
