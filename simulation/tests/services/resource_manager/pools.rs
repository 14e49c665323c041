//! Node pools as resources of their own.
use super::scene::Scene;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_pool_is_scaled_in_minutes() {
    let scene = Scene::new();
    let id = format!("{}/agentPools/system", scene.article.blue);
    let mut pool = scene.get(&id).await.body;
    assert_eq!((&pool["name"], &pool["properties"]["count"]), (&json!("system"), &json!(3)));
    pool["properties"]["count"] = 5.into();
    let started = scene.put(&id, &pool).await;
    assert_eq!((started.status, &started.body["properties"]["provisioningState"]), (200, &json!("Scaling")));
    let busy = scene.put(&id, &pool).await;
    assert_eq!((busy.status, busy.code()), (409, "OperationNotAllowed"));
    scene.pass(3 * 60).await;
    let pool = scene.get(&id).await.body;
    assert_eq!(
        (&pool["properties"]["provisioningState"], &pool["properties"]["count"]),
        (&json!("Succeeded"), &json!(5))
    );
    assert_eq!(pool["properties"]["nodeLabels"]["team"], "shop");
    let cluster = scene.get(&scene.article.blue).await.body;
    assert_eq!(cluster["properties"]["agentPoolProfiles"][0]["count"], 5);
    assert_eq!(cluster["properties"]["provisioningState"], "Succeeded");
}

#[tokio::test(start_paused = true)]
async fn pools_are_listed_and_a_missing_one_is_not_found() {
    let scene = Scene::new();
    let listed = scene.get(&format!("{}/agentPools", scene.article.blue)).await.body;
    assert_eq!(listed["value"][0]["id"], format!("{}/agentPools/system", scene.article.blue));
    assert_eq!(listed["value"].as_array().unwrap().len(), 1);
    assert_eq!(scene.get(&format!("{}/agentPools/gpu", scene.article.blue)).await.status, 404);
    assert_eq!(scene.get(&format!("{}/agentPools/system", scene.article.green)).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_pool_comes_and_goes_but_the_last_system_pool_stays() {
    let scene = Scene::new();
    let user = format!("{}/agentPools/user", scene.article.blue);
    let started = scene.put(&user, &json!({"properties": {"count": 2, "vmSize": "Standard_D4s_v5"}})).await;
    assert_eq!(started.status, 201);
    scene.ended(&started).await;
    let pool = scene.get(&user).await.body;
    assert_eq!(pool["properties"]["currentOrchestratorVersion"], "1.33.5");
    let started = scene.delete(&user).await;
    assert_eq!(started.status, 202);
    scene.ended(&started).await;
    assert_eq!(scene.get(&user).await.status, 404);
    assert_eq!(scene.delete(&user).await.status, 204);
    let said = scene.delete(&format!("{}/agentPools/system", scene.article.blue)).await;
    assert_eq!((said.status, said.code()), (400, "AgentPoolDeletionNotAllowed"));
}

#[tokio::test(start_paused = true)]
async fn a_failed_scaling_shows_on_the_pool() {
    let scene = Scene::new();
    let id = format!("{}/agentPools/system", scene.article.blue);
    let mut pool = scene.get(&id).await.body;
    pool["properties"]["count"] = 50.into();
    scene.azure.world().resource_manager.fail_next_operation(
        "PUT …/aks-blue/agentPools/system",
        "QuotaExceeded",
        "No.",
    );
    let started = scene.put(&id, &pool).await;
    assert_eq!(scene.ended(&started).await.body["status"], "Failed");
    assert_eq!(scene.get(&id).await.body["properties"]["provisioningState"], "Failed");
}
