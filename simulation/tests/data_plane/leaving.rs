//! What becomes of requests, WebSockets and ports when members, configurations or the data plane itself go.
use crate::requests::{socket, socket_at};
use crate::scene::{KEEP_ALIVE, Scene};
use crate::shop::deployment;
use futures::{SinkExt, StreamExt, future::join_all};
use http::header::SET_COOKIE;
use serde_json::Value;
use simulated_azure::data_plane;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

fn draining(seconds: u64) -> impl FnOnce(&mut Value) {
    move |body| {
        let settings = &mut body["properties"]["backendHttpSettingsCollection"][0]["properties"];
        settings["connectionDraining"]["drainTimeoutInSec"] = seconds.into();
    }
}

#[tokio::test]
async fn a_removed_member_finishes_what_it_has_and_gets_nothing_new() {
    let scene = Scene::open_with(&["blue"], draining(3600), KEEP_ALIVE);
    let mut socket = socket(&scene, "/ws").await;
    socket.send(Message::text("before")).await.unwrap();
    socket.next().await.unwrap().unwrap();
    let slow = scene.ask("/?wait=1500");
    let switch = async {
        // By now the slow request is under way.
        scene.clusters(20).await;
        scene.write_live(&["green"]);
        scene.ask_until(|got| got.cluster() == "aks-green").await;
        assert!(scene.clusters(20).await.iter().all(|cluster| cluster == "aks-green"));
    };
    let (slow, ()) = tokio::join!(slow, switch);
    assert_eq!((slow.status, slow.cluster()), (200, "aks-blue"));
    socket.send(Message::text("after")).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("after"), "its WebSocket drains too");
}

#[tokio::test]
async fn at_the_end_of_the_drain_time_everything_of_the_old_configuration_breaks() {
    let scene = Scene::open_with(&["blue"], draining(1), KEEP_ALIVE);
    let mut socket = socket(&scene, "/ws").await;
    socket.send(Message::text("before")).await.unwrap();
    socket.next().await.unwrap().unwrap();
    let slow = scene.ask_as(&scene.article.host, "/?wait=20000", &[]);
    let switch = async {
        scene.clusters(20).await;
        scene.write_live(&["blue", "green"]);
    };
    let (slow, ()) = tokio::join!(slow, switch);
    assert!(slow.is_err(), "{slow:?}");
    assert!(!matches!(socket.next().await, Some(Ok(Message::Text(_)))), "though blue is still a member");
}

#[tokio::test]
async fn a_bound_user_still_reaches_a_removed_member_until_it_has_drained() {
    let affine = |body: &mut Value| {
        draining(100)(body);
        body["properties"]["backendHttpSettingsCollection"][0]["properties"]["cookieBasedAffinity"] = "Enabled".into();
    };
    let scene = Scene::open_with(&["blue"], affine, KEEP_ALIVE);
    let first = scene.ask("/").await;
    let cookie = first.headers[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    scene.write_live(&["green"]);
    scene.ask_until(|got| got.cluster() == "aks-green").await;
    let bound = async || scene.ask_as(&scene.article.host, "/", &[("cookie", &cookie)]).await.unwrap();
    assert_eq!(bound().await.cluster(), "aks-blue");
    scene.azure.clock().sleep(Duration::from_secs(100)).await;
    let moved = bound().await;
    assert_eq!(moved.cluster(), "aks-green");
    assert!(moved.headers.contains_key(SET_COOKIE));
}

#[tokio::test]
async fn a_cluster_that_goes_away_breaks_what_it_was_asked() {
    let scene = Scene::open(&["blue"]);
    let slow = scene.ask("/?wait=20000");
    let stop = async {
        scene.clusters(20).await;
        scene.stop(&scene.article.blue);
    };
    let (slow, ()) = tokio::join!(slow, stop);
    assert_eq!((slow.status, slow.cluster()), (502, ""));
}

#[tokio::test]
async fn a_pod_that_ends_finishes_what_it_has_and_closes_its_port() {
    let scene = Scene::open(&["blue"]);
    let before = scene.ask("/").await;
    let first: SocketAddr = before.body["address"].as_str().unwrap().parse().unwrap();
    let mut own = socket_at(first, &scene.article.host, "/ws").await;
    let slow = scene.ask("/?wait=2000");
    let rollout = async {
        scene.clusters(20).await;
        let (host, now) = (scene.api_server(&scene.article.blue), scene.azure.clock().now());
        scene.azure.world().kubernetes.server(&host).unwrap().apply(&deployment("shop:2", 1), now).unwrap();
        assert!(closes(first).await);
        own.send(Message::text("still")).await.unwrap();
        assert_eq!(own.next().await.unwrap().unwrap(), Message::text("still"), "closed gently, not killed");
        scene.azure.clock().sleep(Duration::from_secs(120)).await;
    };
    let (slow, ()) = tokio::join!(slow, rollout);
    assert_eq!(slow.status, 200);
    let pods: BTreeSet<_> =
        join_all((0..10).map(|_| scene.ask("/"))).await.iter().map(|got| got.body["pod"].to_string()).collect();
    assert!(pods.len() == 1 && !pods.contains(&before.body["pod"].to_string()), "{pods:?}");
    for gone in [&before, &slow] {
        let address: SocketAddr = gone.body["address"].as_str().unwrap().parse().unwrap();
        assert!(closes(address).await, "{address} is still open");
    }
}

/// Whether nothing listens at this address any more, soon.
async fn closes(address: SocketAddr) -> bool {
    for _ in 0..1_000 {
        if TcpStream::connect(address).await.is_err() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

#[tokio::test]
async fn a_dropped_data_plane_closes_its_ports() {
    let scene = Scene::open(&["blue"]);
    let gateway = scene.plane.address();
    let pod = scene.ask("/").await.body["address"].as_str().unwrap().parse().unwrap();
    drop(scene);
    assert!(closes(gateway).await && closes(pod).await);
}

#[tokio::test]
async fn a_stopped_data_plane_has_ended_when_stop_returns() {
    let scene = Scene::open(&["blue"]);
    let address = scene.plane.address();
    let mut socket = socket(&scene, "/ws").await;
    scene.plane.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
    assert!(!matches!(socket.next().await, Some(Ok(_))));
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error() {
    let scene = Scene::open(&["blue"]);
    let port = scene.plane.address().port();
    let options = data_plane::Options { port, ..data_plane::Options::default() };
    let refused = data_plane::DataPlane::start(&scene.azure, options).err().unwrap();
    assert_eq!(refused.kind(), std::io::ErrorKind::AddrInUse);
}
