//! Clients that send rubbish, half of a request, or nothing at all disturb nobody.
use crate::scene::Scene;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn say(scene: &Scene, text: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(scene.plane.address()).await.unwrap();
    stream.write_all(text).await.unwrap();
    stream
}

async fn answer(mut stream: TcpStream) -> String {
    let mut bytes = vec![];
    let ended = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut bytes)).await;
    // A reset after the answer is as good as an end; a connection that stays open is not.
    assert!(ended.is_ok(), "nobody hangs up: {}", String::from_utf8_lossy(&bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn half_requests_and_silence_disturb_nobody_and_are_hung_up_on() {
    let scene = Scene::open_with(&["blue"], |_| {}, Duration::from_secs(2));
    let mut lurking = vec![];
    for number in 0..120 {
        let text = match number % 4 {
            0 => "",
            1 => "GET / HT",
            2 => "GET / HTTP/1.1\r\nhost: shop.example.com\r\nx-slow: ",
            _ => "POST / HTTP/1.1\r\nhost: shop.example.com\r\ncontent-length: 100\r\n\r\nhalf",
        };
        lurking.push(say(&scene, text.as_bytes()).await);
    }
    assert_eq!(scene.clusters(50).await, vec!["aks-blue"; 50]);
    for (number, stream) in lurking.into_iter().enumerate() {
        let answer = answer(stream).await;
        // A body that nobody waits for keeps nobody from answering.
        assert_eq!(answer.starts_with("HTTP/1.1 200"), number % 4 == 3, "{number}: {answer}");
    }
    assert_eq!(scene.ask("/").await.status, 200);
}

#[tokio::test]
async fn rubbish_and_what_is_too_large_is_refused() {
    let scene = Scene::open(&["blue"]);
    let large = format!("GET / HTTP/1.1\r\nhost: shop.example.com\r\nx-large: {}\r\n\r\n", "x".repeat(100_000));
    let many: String = (0..500).map(|number| format!("x-{number}: 1\r\n")).collect();
    let many = format!("GET / HTTP/1.1\r\nhost: shop.example.com\r\n{many}\r\n");
    let smuggled = "POST / HTTP/1.1\r\nhost: shop.example.com\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nabcde";
    let close = "connection: close\r\n\r\n";
    for (text, status) in [
        (large.as_str(), "431"),
        (many.as_str(), "431"),
        ("\x16\x03\x01\x02\x00\x01", "400"),
        (smuggled, "400"),
        (&format!("GET / HTTP/1.1\r\n{close}"), "400"),
        (&format!("GET / HTTP/1.1\r\nhost: a b\r\n{close}"), "400"),
        (&format!("CONNECT shop.example.com:443 HTTP/1.1\r\nhost: shop.example.com\r\n{close}"), "501"),
        (&format!("OPTIONS * HTTP/1.1\r\nhost: shop.example.com\r\n{close}"), "200"),
        (&format!("GET /%00/../%2e%2e/?wait=x HTTP/1.1\r\nhost: shop.example.com\r\n{close}"), "400"),
        (&format!("GET / HTTP/1.0\r\nhost: shop.example.com\r\n{close}"), "200"),
    ] {
        let answer = answer(say(&scene, text.as_bytes()).await).await;
        let line = answer.lines().next().unwrap_or_default();
        let start: String = text.chars().take(60).collect();
        assert_eq!(line.split(' ').nth(1), Some(status), "{start:?}: {line}");
    }
    assert_eq!(scene.clusters(10).await, vec!["aks-blue"; 10]);
}

#[tokio::test]
async fn users_who_hang_up_in_the_middle_disturb_nobody() {
    let scene = Scene::open(&["blue"]);
    for _ in 0..100 {
        drop(say(&scene, b"GET /?wait=100 HTTP/1.1\r\nhost: shop.example.com\r\n\r\n").await);
    }
    assert_eq!(scene.clusters(50).await, vec!["aks-blue"; 50]);
}
