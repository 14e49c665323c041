//! Templates, stacks, scripts and packages: nothing pretends to run one.
use super::scene::Scene;
use http::Method;
use serde_json::{Value, json};

const CODE: &str = "TemplatesNotSimulated";

fn template() -> Value {
    json!({"location": "westeurope", "properties": {"mode": "Incremental", "template": {"resources": []}}})
}

#[tokio::test(start_paused = true)]
async fn a_template_is_refused_at_every_scope_and_leaves_nothing() {
    let scene = Scene::new();
    let subscription = format!("/subscriptions/{}", scene.article.subscription);
    for scope in [subscription.clone(), format!("{subscription}/resourcegroups/rg-shop")] {
        for kind in ["deployments", "deploymentStacks", "deploymentScripts", "DEPLOYMENTSTACKS"] {
            let id = format!("{scope}/providers/Microsoft.Resources/{kind}/ours");
            let refused = [
                scene.put(&id, &template()).await,
                scene.call(Method::PATCH, &id, &[], Some(&template())).await,
                scene.call(Method::POST, &format!("{id}/validate"), &[], Some(&template())).await,
            ];
            for said in refused {
                assert_eq!((said.status, said.code()), (400, CODE), "{id}");
                assert!(said.message().contains("runs no templates"), "{}", said.message());
            }
            assert_eq!(scene.get(&id).await.status, 404, "{id}");
            let all = id.strip_suffix("/ours").unwrap();
            assert_eq!(scene.get(all).await.body["value"], json!([]), "{id}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_what_if_has_an_answer_that_says_so() {
    let scene = Scene::new();
    let id = format!("/subscriptions/{}/providers/Microsoft.Resources/deployments/ours", scene.article.subscription);
    let said = scene.call(Method::POST, &format!("{id}/whatIf"), &[], Some(&template())).await;
    assert_eq!((said.status, &said.body["status"], said.code()), (200, &json!("Failed"), CODE));
}

#[tokio::test(start_paused = true)]
async fn a_package_is_not_published_through_resource_manager_either() {
    let scene = Scene::new();
    let group = format!("/subscriptions/{}/resourceGroups/rg-shop", scene.article.subscription);
    let app = format!("{group}/providers/Microsoft.Web/sites/app");
    assert_eq!(scene.put(&app, &json!({"location": "westeurope"})).await.status, 201);
    let said =
        scene.put(&format!("{app}/extensions/onedeploy"), &json!({"properties": {"packageUri": "https://x"}})).await;
    assert_eq!((said.status, said.code()), (501, "PublishingNotSimulated"));
    assert_eq!(scene.get(&format!("{app}/extensions/onedeploy")).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn an_action_that_nobody_does_is_named() {
    let scene = Scene::new();
    let app = format!(
        "/subscriptions/{}/resourceGroups/rg-shop/providers/Microsoft.Web/sites/app",
        scene.article.subscription
    );
    let said = scene.post(&format!("{app}/restart")).await;
    assert_eq!((said.status, said.code()), (405, "MethodNotAllowed"));
    assert!(said.message().contains("Microsoft.Web/sites/restart"), "{}", said.message());
}
