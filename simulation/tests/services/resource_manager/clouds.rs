//! Each cloud has hosts, audiences and versions of its own.
use super::scene::Scene;
use axum::body::Body;
use http::{Method, Request};
use simulated_azure::article::Options;
use simulated_azure::router::Origin;
use simulated_azure::{Cloud, Process};

/// A token of the managed identity for this audience.
async fn token(scene: &Scene, audience: &str) -> String {
    let endpoint = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&client_id=c&resource=";
    let request = Request::get(format!("{endpoint}{}", audience.replace(':', "%3A").replace('/', "%2F")));
    let said = scene.send(request.header("metadata", "true").body(Body::empty()).unwrap()).await;
    said.body["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn what_is_of_another_cloud_is_nobodys() {
    for cloud in Cloud::ALL {
        let scene = Scene::with(&Options { cloud, ..Options::default() });
        assert_eq!(scene.article.location, cloud.region());
        for other in Cloud::ALL {
            let url = format!("https://{}{}?api-version=2026-08-01", other.resource_manager(), scene.article.blue);
            for audience in other.audiences() {
                let bearer = format!("Bearer {}", token(&scene, audience.trim_end_matches('/')).await);
                let asked = |url: &str| Request::get(url).header("authorization", &bearer).body(Body::empty()).unwrap();
                assert_eq!(scene.send(asked(&url)).await.status, if other == cloud { 200 } else { 502 }, "{url}");
                let own = url.replace(other.resource_manager(), cloud.resource_manager());
                let said = scene.send(asked(&own)).await;
                let expected = if other == cloud { (200, "") } else { (401, "InvalidAuthenticationTokenAudience") };
                assert_eq!((said.status, said.code()), expected, "{audience} in {cloud:?}");
                if other == cloud {
                    let fqdn = said.body["properties"]["fqdn"].as_str().unwrap();
                    assert!(fqdn.ends_with(cloud.api_servers()), "{fqdn}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_stands_before_a_door_has_a_name_of_its_own() {
    let scene = Scene::new();
    let id = &scene.article.blue;
    for (origin, audience, expected) in [
        ("https://localhost:8443", "https://localhost:51911", 200),
        ("https://localhost:8443", "https://management.chinacloudapi.cn", 401),
        ("https://management.azure.com", "https://localhost:51911", 401),
    ] {
        let bearer = format!("Bearer {}", token(&scene, audience).await);
        let url = format!("https://management.azure.com{id}?api-version=2026-08-01");
        let mut request = Request::get(url).header("authorization", &bearer).body(Body::empty()).unwrap();
        request.extensions_mut().insert(Origin(origin.into()));
        assert_eq!(scene.send(request).await.status, expected, "{audience} at {origin}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_that_a_provider_does_not_know_is_refused_with_those_that_it_knows() {
    let scene = Scene::new();
    let provider = "Microsoft.ContainerService";
    scene.azure.world().resource_manager.serve_api_versions(provider, &["2025-01-01", "2025-06-01"]);
    for id in [scene.article.blue.clone(), format!("{}/agentPools/system", scene.article.blue)] {
        let said = scene.get(&id).await;
        assert_eq!((said.status, said.code()), (400, "NoRegisteredProviderFound"));
        assert!(
            said.message().contains("The supported api-versions are '2025-01-01, 2025-06-01'"),
            "{}",
            said.message()
        );
    }
    assert_eq!(scene.get(&scene.article.gateway).await.status, 200, "of another provider");
    let known = format!("https://management.azure.com{}?api-version=2025-06-01", scene.article.blue);
    assert_eq!(scene.call(Method::GET, &known, &[], None).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_shows_its_empty_collections() {
    let scene = Scene::new();
    let properties = scene.get(&scene.article.gateway).await.body["properties"].clone();
    for collection in ["sslCertificates", "trustedRootCertificates", "rewriteRuleSets", "loadDistributionPolicies"] {
        assert!(properties[collection].as_array().is_some_and(Vec::is_empty), "{collection}");
    }
}

#[tokio::test(start_paused = true)]
async fn nodes_name_their_machine_in_the_group_of_the_nodes() {
    let scene = Scene::new();
    let cluster = scene.get(&scene.article.blue).await.body;
    let url = format!("https://{}/api/v1/nodes", cluster["properties"]["fqdn"].as_str().unwrap());
    let request = Request::get(url).header("authorization", "Bearer operator").body(Body::empty()).unwrap();
    let reply = scene.azure.call(&Process::new("test"), request).await.unwrap();
    let nodes = http_body_util::BodyExt::collect(reply.into_body()).await.unwrap().to_bytes();
    let nodes: serde_json::Value = serde_json::from_slice(&nodes).unwrap();
    let group = cluster["properties"]["nodeResourceGroup"].as_str().unwrap();
    let of_nodes =
        format!("/resourceGroups/{}/providers/Microsoft.Compute/virtualMachineScaleSets/", group.to_lowercase());
    for (number, node) in nodes["items"].as_array().unwrap().iter().enumerate() {
        let id = node["spec"]["providerID"].as_str().unwrap();
        assert!(id.starts_with("azure:///subscriptions/") && id.contains(&of_nodes), "{id}");
        assert!(id.ends_with(&format!("-vmss/virtualMachines/{number}")), "{id}");
        assert_eq!(node["metadata"]["labels"]["kubernetes.azure.com/cluster"], group);
    }
}
