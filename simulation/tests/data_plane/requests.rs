//! What a request looks like on its way, and what the gateway answers itself.
use crate::scene::{KEEP_ALIVE, Scene};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use simulated_azure::World;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

pub async fn socket(scene: &Scene, path: &str) -> tokio_tungstenite::WebSocketStream<TcpStream> {
    socket_at(scene.plane.address(), &scene.article.host, path).await
}

pub async fn socket_at(address: SocketAddr, host: &str, path: &str) -> tokio_tungstenite::WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(address).await.unwrap();
    let request = format!("ws://{host}{path}").into_client_request().unwrap();
    tokio_tungstenite::client_async(request, stream).await.unwrap().0
}

#[tokio::test]
async fn headers_of_the_gateway_arrive_and_those_of_a_connection_do_not() {
    let scene = Scene::open(&["blue"]);
    let sent =
        [("x-forwarded-for", "203.0.113.7"), ("connection", "x-mine"), ("x-mine", "1"), ("te", "gzip"), ("x-end", "2")];
    let got = scene.ask_as("Shop.example.com:8080", "/", &sent).await.unwrap();
    let seen = |name: &str| got.body["headers"][name][0].as_str().unwrap_or("").to_owned();
    assert!(seen("x-forwarded-for").starts_with("203.0.113.7, 127.0.0.1:"), "{}", seen("x-forwarded-for"));
    assert_eq!(seen("x-forwarded-proto"), "http");
    assert_eq!(seen("x-forwarded-port"), scene.plane.address().port().to_string());
    assert_eq!([seen("x-original-host"), seen("x-forwarded-host"), seen("host")], ["Shop.example.com:8080"; 3]);
    assert_eq!([seen("x-mine"), seen("te"), seen("x-end")], ["", "", "2"]);
}

#[tokio::test]
async fn a_websocket_goes_through_and_echoes() {
    let scene = Scene::open(&["blue"]);
    let mut socket = socket(&scene, "/ws").await;
    let large = "x".repeat(100_000);
    for text in ["one", "two", &large] {
        socket.send(Message::text(text)).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text(text));
    }
    socket.send(Message::binary(vec![0, 255])).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::binary(vec![0, 255]));
    socket.close(None).await.unwrap();
}

#[tokio::test]
async fn the_host_chooses_the_listener_and_the_path_the_pool() {
    let scene = Scene::open(&["blue"]);
    let status = async |host: &str, path: &str| scene.ask_as(host, path, &[]).await.unwrap().status;
    assert_eq!(status("elsewhere.example.com", "/").await, 404, "no listener");
    assert_eq!(status(&scene.article.candidate_host, "/").await, 502, "the candidate pool is empty");
    assert_eq!(status("old.shop.example.com", "/").await, 404, "a redirect is not simulated");
    assert_eq!(status("eu.pay.example.com", "/shop/x").await, 200, "the path rule of another site's listener");
    assert_eq!(status("eu.pay.example.com", "/").await, 502, "nobody listens at the other site's own members");
}

#[tokio::test]
async fn an_ingress_decides_which_hosts_and_paths_its_cluster_knows() {
    let scene = Scene::open(&["blue"]);
    let ingress = |name: &str, path: &str, service: &str| {
        let backend = json!({"service": {"name": service, "port": {"number": 80}}});
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"rules": [{"host": "shop.example.com", "http": {"paths": [{"path": path, "pathType": "Prefix", "backend": backend}]}}]},
        })
    };
    let (host, now) = (scene.api_server(&scene.article.blue), scene.azure.clock().now());
    {
        let world = scene.azure.world();
        let mut server = world.kubernetes.server(&host).unwrap();
        server.apply(&ingress("buy", "/buy", "shop-0"), now).unwrap();
        server.apply(&ingress("old", "/old", "nobody"), now).unwrap();
        server.apply(&ingress("probe", "/healthz", "shop-0"), now).unwrap();
    }
    let got = scene.ask_until(|got| got.status == 404).await;
    assert_eq!(got.cluster(), "aks-blue", "the ingress controller of the cluster says so");
    assert_eq!(scene.ask("/buy/shoes").await.status, 200);
    assert_eq!(scene.ask("/old").await.status, 503, "a rule without a ready pod");
    // The simulation's own visits and real requests follow the same rules.
    for host in
        ["shop.example.com", "candidate.shop.example.com", "old.shop.example.com", "pay.example.com", "else.where"]
    {
        for path in ["/", "/buy", "/buyers", "/buy/shoes", "/old", "/healthz", "/shop/x"] {
            let now = scene.azure.clock().now();
            let simulated = scene.azure.world().visit(host, None, path, now);
            let simulated = simulated.map_or((404, None), |answer| (answer.status, answer.cluster));
            let real = scene.ask_as(host, path, &[]).await.unwrap();
            let cluster = real.body["cluster"].as_str().map(ToOwned::to_owned);
            assert_eq!((real.status, cluster), simulated, "{host}{path}");
        }
    }
}

#[tokio::test]
async fn a_backend_that_takes_too_long_is_a_504() {
    let hasty = |body: &mut Value| {
        body["properties"]["backendHttpSettingsCollection"][0]["properties"]["requestTimeout"] = 1.into();
    };
    let scene = Scene::open_with(&["blue"], hasty, KEEP_ALIVE);
    assert_eq!(scene.ask("/?wait=30000").await.status, 504);
    assert_eq!(scene.ask("/?wait=1").await.status, 200);
}

#[tokio::test]
async fn nobody_answers_for_a_stopped_gateway() {
    let scene = Scene::open(&["blue"]);
    let ask = http::Request::post(format!("https://management.azure.com{}/stop?api-version=1", scene.article.gateway));
    let ask = ask.header("authorization", "Bearer x").body(bytes::Bytes::new()).unwrap();
    {
        let World { resource_manager, kubernetes, .. } = &mut *scene.azure.world();
        assert_eq!(resource_manager.respond(&ask, kubernetes, scene.azure.clock().now()).status(), 202);
    }
    assert_eq!(scene.ask("/").await.status, 200, "not yet");
    scene.azure.clock().sleep(std::time::Duration::from_secs(60)).await;
    assert!(scene.ask_as(&scene.article.host, "/", &[]).await.is_err());
    let mut stream = TcpStream::connect(scene.plane.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: shop.example.com\r\n\r\n").await.unwrap();
    assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 0, "it hangs up without a word");
}
