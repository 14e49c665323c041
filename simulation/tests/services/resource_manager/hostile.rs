//! Bad and hostile input gets an answer, never a panic.
use super::scene::Scene;
use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};
use std::time::Duration;

async fn send(scene: &Scene, method: Method, id: &str, body: Vec<u8>) -> super::scene::Said {
    let url = format!("https://management.azure.com{id}?api-version=1");
    let request = Request::builder().method(method).uri(url).header("authorization", "Bearer token");
    scene.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn what_is_no_json_object_is_refused() {
    let scene = Scene::new();
    for body in ["", "{", "[]", "null", "\"x\"", "7", "\u{0}"] {
        for id in [&scene.article.gateway, &scene.article.blue, &scene.article.public_address] {
            let said = send(&scene, Method::PUT, id, body.into()).await;
            assert_eq!((said.status, said.code()), (400, "InvalidRequestContent"), "{body:?} to {id}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_huge_body_is_too_large() {
    let scene = Scene::new();
    let said = send(&scene, Method::PUT, &scene.article.gateway, vec![b'x'; 5 << 20]).await;
    assert_eq!(said.status, 413);
}

#[tokio::test(start_paused = true)]
async fn fields_of_another_type_are_refused_or_kept_but_never_crash() {
    let scene = Scene::new();
    {
        // Everything takes effect at once.
        let timings = &mut scene.azure.world().resource_manager.timings;
        (timings.write_gateway, timings.members_effective_after) = (Duration::ZERO, Duration::ZERO);
        (timings.create_cluster, timings.update_cluster) = (Duration::ZERO, Duration::ZERO);
    }
    let gateway = scene.get(&scene.article.gateway).await.body;
    let cluster = scene.green_body();
    let network = scene.get(&scene.article.network).await.body;
    for (id, body) in
        [(&scene.article.gateway, &gateway), (&scene.article.green, &cluster), (&scene.article.network, &network)]
    {
        for path in paths("", body) {
            for odd in [json!(null), json!("x"), json!([{"name": "x", "properties": "y"}])] {
                let mut changed = body.clone();
                *changed.pointer_mut(&path).unwrap() = odd;
                let said = scene.put(id, &changed).await;
                assert!(matches!(said.status, 200 | 201 | 400 | 409), "{path} of {id}: {said:?}");
            }
            let now = scene.azure.clock().now();
            scene.azure.world().visit("shop.example.com", None, "/", now);
        }
    }
}

fn paths(path: &str, value: &Value) -> Vec<String> {
    let inner: Vec<String> = match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| paths(&format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")), value))
            .collect(),
        Value::Array(values) => {
            values.iter().enumerate().flat_map(|(at, value)| paths(&format!("{path}/{at}"), value)).collect()
        }
        _ => vec![],
    };
    if path.is_empty() { inner } else { [path.to_owned()].into_iter().chain(inner).collect() }
}

#[tokio::test(start_paused = true)]
async fn odd_paths_and_methods_get_an_answer() {
    let scene = Scene::new();
    let long = format!("/subscriptions/{}", "a/".repeat(2_000));
    let article = &scene.article;
    for path in [
        "/",
        "//",
        "/subscriptions",
        "/subscriptions/",
        "/providers",
        "/%2e%2e/%zz/%",
        &long,
        &article.gateway,
        &article.blue,
        &article.network,
    ] {
        for tail in [
            "",
            "/",
            "/providers",
            "/providers/x",
            "/%E2%82%AC/a/b",
            "/backendAddressPools/live",
            "/agentPools",
            "/locations/x/operations",
        ] {
            for method in [Method::GET, Method::POST, Method::PATCH, Method::PUT, Method::OPTIONS, Method::HEAD] {
                let said = send(&scene, method.clone(), &format!("{path}{tail}"), b"{}".to_vec()).await;
                assert!(said.status < 500, "{method} {path}{tail}: {said:?}");
            }
        }
    }
}
