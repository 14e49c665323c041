//! Callers that send too much, nonsense, or nothing; and connections that the script breaks.
use crate::caller::House;
use simulated_azure::{Effect, Fault, On};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Sends bytes and nothing more, and reads until the door closes the connection.
async fn talk(house: &House, base: &str, bytes: &[u8]) -> String {
    let mut stream = house.connect(base).await;
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = vec![];
    // A door that closes with something unread resets the connection, after what it said.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

async fn answers(house: &House) {
    let url = format!("{}/tenants?api-version=1", house.doors.endpoints.resource_manager);
    assert_eq!(house.get(&url).await.0, 200);
}

#[tokio::test]
async fn a_huge_body_is_refused_before_it_is_sent() {
    let house = House::open().await;
    let base = &house.doors.endpoints.resource_manager;
    let head = "PUT /subscriptions?api-version=1 HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999999\r\n\r\n{";
    let mut stream = house.connect(base).await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut status = [0; 13];
    stream.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 413 ");
    answers(&house).await;
}

#[tokio::test]
async fn a_body_without_a_length_is_cut_where_the_limit_is() {
    let house = House::open().await;
    let base = house.doors.endpoints.resource_manager.replace("https", "http");
    let mut stream = house.connect(&base).await;
    stream.write_all(b"PUT /x HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
    let (mut read, mut write) = tokio::io::split(stream);
    let sender = tokio::spawn(async move {
        let chunk = [b"100000\r\n".as_slice(), &[b' '; 0x10_0000], b"\r\n"].concat();
        while write.write_all(&chunk).await.is_ok() {}
    });
    let mut status = [0; 13];
    read.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 413 ");
    sender.abort();
    answers(&house).await;
}

#[tokio::test]
async fn nonsense_disturbs_nobody() {
    let house = House::open().await;
    let base = &house.doors.endpoints.resource_manager;
    let plain = base.replace("https", "http");
    for nonsense in
        ["\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1}nonsense in place of a handshake"]
    {
        talk(&house, &plain, nonsense.as_bytes()).await;
        talk(&house, base, nonsense.as_bytes()).await;
    }
    answers(&house).await;
}

#[tokio::test]
async fn a_caller_that_says_nothing_keeps_nobody_waiting() {
    let house = House::open().await;
    let mut silent = vec![];
    for _ in 0..100 {
        silent.push(house.connect(&house.doors.endpoints.resource_manager.replace("https", "http")).await);
    }
    answers(&house).await;
    assert_eq!(silent.len(), 100);
}

#[tokio::test]
async fn a_lost_answer_breaks_the_connection_and_no_other() {
    let house = House::open().await;
    let on = || On::host("management.azure.com");
    house.azure.world().faults.add(Fault::once("lost", on(), Effect::LoseAnswer));
    house.azure.world().faults.add(Fault::once("killed", on(), Effect::KillBefore));
    let url = format!("{}/tenants?api-version=1", house.doors.endpoints.resource_manager);
    for _ in 0..2 {
        assert!(house.ask("GET", &url, "").await.is_err());
    }
    answers(&house).await;
}
