//! kube reaches a cluster through the path of its server's URL, and a watch streams through the door.
use crate::caller::House;
use base64::{Engine, prelude::BASE64_STANDARD};
use futures::{StreamExt, TryStreamExt, pin_mut};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Node};
use kube::api::{Api, ListParams, PostParams, WatchEvent, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

async fn client(kubeconfig: Kubeconfig) -> kube::Client {
    // Built with the rest of the workspace, rustls has two providers and chooses none; an error means: chosen already.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    kube::Client::try_from(config).unwrap()
}

#[tokio::test]
async fn kube_reads_and_watches_with_the_kubeconfig_of_the_folder() {
    let house = House::open().await;
    let cluster = &house.doors.endpoints.clusters["aks-blue"];
    let client = client(Kubeconfig::read_from(&cluster.kubeconfig).unwrap()).await;
    let nodes: Api<Node> = Api::all(client.clone());
    assert_eq!(nodes.list(&ListParams::default()).await.unwrap().items.len(), 3);
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    let version = maps.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    let watch = maps.watch(&WatchParams::default(), &version).await.unwrap();
    pin_mut!(watch);
    let map: ConfigMap = serde_json::from_value(json!({"metadata": {"name": "late"}})).unwrap();
    maps.create(&PostParams::default(), &map).await.unwrap();
    let WatchEvent::Added(seen) = watch.try_next().await.unwrap().unwrap() else { panic!("another event") };
    assert_eq!(seen.metadata.name.as_deref(), Some("late"));
    let spaces: Api<Namespace> = Api::all(client);
    assert!(spaces.get("nowhere").await.unwrap_err().to_string().contains("not found"));
    drop(house.doors);
    assert!(watch.next().await.is_none_or(|event| event.is_err()), "the doors are closed");
}

#[tokio::test]
async fn the_kubeconfig_of_resource_manager_leads_through_the_door() {
    let house = House::open().await;
    let base = &house.doors.endpoints.resource_manager;
    let url = format!("{base}{}/listClusterUserCredential?api-version=1&format=exec", house.article.blue);
    let answer = house.ask("POST", &url, "").await.unwrap();
    let answer: Value = serde_json::from_slice(answer.body()).unwrap();
    let yaml = BASE64_STANDARD.decode(answer["kubeconfigs"][0]["value"].as_str().unwrap()).unwrap();
    let mut kubeconfig = Kubeconfig::from_yaml(&String::from_utf8(yaml).unwrap()).unwrap();
    let auth = kubeconfig.auth_infos[0].auth_info.as_mut().unwrap();
    (auth.exec, auth.token) = (None, Some("operator".to_owned().into()));
    let version = client(kubeconfig).await.apiserver_version().await.unwrap();
    assert_eq!(version.git_version, "v1.33.5");
}

#[tokio::test]
async fn a_new_cluster_gets_its_kubeconfig_and_a_deleted_one_loses_it() {
    let house = House::open().await;
    let base = &house.doors.endpoints.resource_manager;
    let green = format!("{base}{}?api-version=1", house.article.green);
    let body = house.article.cluster(&house.article.green_subnet, &Default::default());
    assert_eq!(house.ask("PUT", &green, &body.to_string()).await.unwrap().status(), 201);
    let file = house.folder.path().join("kubeconfig/aks-green.yaml");
    let is_told = || {
        let told = std::fs::read_to_string(house.folder.path().join("endpoints.json")).unwrap();
        told.contains("kubeconfig/aks-green.yaml")
    };
    until(|| file.exists() && is_told()).await;
    client(Kubeconfig::read_from(&file).unwrap()).await.apiserver_version().await.unwrap();
    assert_eq!(house.ask("DELETE", &green, "").await.unwrap().status(), 202);
    until(|| !file.exists() && !is_told()).await;
    assert!(Path::new(&house.doors.endpoints.clusters["aks-blue"].kubeconfig).exists());
}

#[tokio::test]
async fn a_watch_ends_by_the_clock_of_the_world() {
    let house = House::open().await;
    let cluster = &house.doors.endpoints.clusters["aks-blue"];
    let maps: Api<ConfigMap> =
        Api::default_namespaced(client(Kubeconfig::read_from(&cluster.kubeconfig).unwrap()).await);
    let version = maps.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    let watch = maps.watch(&WatchParams::default().timeout(290), &version).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(100), watch.try_collect::<Vec<_>>()).await;
    assert!(ended.is_ok(), "290 s of the world are 0.3 s here");
}

async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
