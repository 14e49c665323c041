//! Watches: what is there, what changes, bookmarks, and versions that are too old.
use super::*;
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::ConfigMap};
use kube::api::{Api, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::runtime::{WatchStreamExt, watcher};

#[tokio::test(start_paused = true)]
async fn a_watch_sees_additions_changes_and_deletions_in_order() {
    let (fleet, clock) = world();
    let api: Api<ConfigMap> = Api::default_namespaced(client(&fleet, clock));
    let version = api.list(&Default::default()).await.unwrap().metadata.resource_version.unwrap();
    let selector = WatchParams::default().labels("app=x").timeout(60);
    let watch = api.watch(&selector, &version).await.unwrap();
    let object =
        |labels: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", "labels": labels}});
    let writer = PatchParams::apply("t");
    for labels in [json!({"app": "x"}), json!({"app": "x", "more": "y"}), json!({"app": "z"})] {
        api.patch("one", &writer, &Patch::Apply(object(labels))).await.unwrap();
    }
    let seen: Vec<&'static str> = watch
        .map_ok(|event| match event {
            WatchEvent::Added(_) => "added",
            WatchEvent::Modified(_) => "modified",
            WatchEvent::Deleted(_) => "deleted",
            WatchEvent::Bookmark(_) => "bookmark",
            WatchEvent::Error(_) => "error",
        })
        .try_collect()
        .await
        .unwrap();
    // It no longer matches the selector, so for this watch it is gone. The watch ends by its timeout.
    assert_eq!(seen.iter().filter(|one| **one != "bookmark").collect::<Vec<_>>(), [&"added", &"modified", &"deleted"]);
}

#[tokio::test(start_paused = true)]
async fn a_watcher_sees_a_rollout_happen_though_nobody_else_looks() {
    for streaming in [false, true] {
        let (fleet, clock) = world();
        let api: Api<Deployment> = Api::default_namespaced(client(&fleet, clock));
        let object: Deployment = serde_json::from_value(deployment("web", "web:1", 1)).unwrap();
        api.create(&PostParams::default(), &object).await.unwrap();
        let settings =
            if streaming { watcher::Config::default().streaming_lists() } else { watcher::Config::default() };
        let mut events = watcher(api, settings).applied_objects().boxed();
        let mut ready = 0;
        while ready == 0 {
            let object = events.try_next().await.unwrap().unwrap();
            ready = object.status.and_then(|status| status.ready_replicas).unwrap_or(0);
        }
        assert_eq!(clock.now(), at(20), "streaming: {streaming}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_too_old_is_gone() {
    let (fleet, clock) = world();
    let api: Api<ConfigMap> = Api::default_namespaced(client(&fleet, clock));
    let first = api.list(&Default::default()).await.unwrap().metadata.resource_version.unwrap();
    for number in 0..4200 {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": {"n": number.to_string()}});
        fleet.lock().unwrap().server(HOST).unwrap().apply(&object, began()).unwrap();
    }
    let mut watch = api.watch(&WatchParams::default(), &first).await.unwrap().boxed();
    let Some(WatchEvent::Error(status)) = watch.try_next().await.unwrap() else { panic!("no error") };
    assert_eq!((status.code, status.reason.as_str()), (410, "Expired"));
}

#[tokio::test(start_paused = true)]
async fn an_idle_watch_gets_bookmarks_and_ends_when_the_cluster_stops() {
    let (fleet, clock) = world();
    let api: Api<ConfigMap> = Api::default_namespaced(client(&fleet, clock));
    let version = api.list(&Default::default()).await.unwrap().metadata.resource_version.unwrap();
    let mut watch = api.watch(&WatchParams::default().timeout(290), &version).await.unwrap().boxed();
    assert!(matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Bookmark(_))));
    assert_eq!(clock.now(), at(60));
    fleet.lock().unwrap().stop(HOST);
    assert!(watch.try_next().await.unwrap().is_none());
    assert_eq!(clock.now(), at(60));
}
