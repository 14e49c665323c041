//! What is sent by AMQP is received by REST, and the other way round.
use super::client::{BATCH, Client, NULL, application_properties, azure, message, section, sections};
use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use simulated_azure::{
    Process, SimulatedAzure,
    service_bus::amqp::codec::{Value, encode::encoded},
};

async fn rest(azure: &SimulatedAzure, method: &str, path: &str, body: &str) -> (http::HeaderMap, Bytes) {
    let request = http::Request::builder().method(method).uri(format!("https://contoso.servicebus.windows.net/{path}"));
    let request = request.header("authorization", "Bearer token");
    let request = request.header("content-type", "application/vnd.microsoft.servicebus.json");
    let reply = azure.call(&Process::new("rest"), request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
    assert!(reply.status().is_success(), "{}", reply.status());
    let (parts, body) = reply.into_parts();
    (parts.headers, body.collect().await.unwrap().to_bytes())
}

#[tokio::test(start_paused = true)]
async fn a_message_of_rest_reaches_a_waiting_amqp_receiver() {
    let azure = azure();
    let mut client = Client::connected(&azure).await;
    client.receiver(0, "work", 1).await;
    let batch = r#"[{"Body": "hé", "BrokerProperties": {"MessageId": "m", "Label": "l", "TimeToLive": 90},
        "UserProperties": {"Diagnostic-Id": "00-ab", "attempt": 2, "share": 0.5, "last": false}}]"#;
    rest(&azure, "POST", "work/messages", batch).await;
    let parts = sections(&client.expect(0x14).await.payload);
    let properties = section(&parts, 0x73).items().unwrap();
    assert_eq!((&properties[0], &properties[3]), (&"m".into(), &"l".into()));
    assert_eq!(section(&parts, 0x70).items().unwrap()[2], Value::Uint(90_000));
    let named = section(&parts, 0x74);
    assert_eq!(named.get("Diagnostic-Id"), Some(&"00-ab".into()));
    assert_eq!(named.get("attempt"), Some(&Value::Long(2)));
    assert_eq!(named.get("share"), Some(&Value::Double(0.5)));
    assert_eq!(named.get("last"), Some(&Value::Boolean(false)));
    assert_eq!(section(&parts, 0x75), &Value::Binary("hé".into()));
}

#[tokio::test(start_paused = true)]
async fn bodies_of_all_kinds_are_readable_by_rest() {
    let azure = azure();
    let mut client = Client::connected(&azure).await;
    client.sender(0, "work").await;
    let value = |value| encoded(&Value::described(0x77, value));
    let list = Value::List(vec![Value::Int(1), Value::Timestamp(0), NULL]);
    let sequence = encoded(&Value::described(0x76, Value::List(vec![Value::Int(1), "x".into()])));
    for (sent, shown) in [
        (message("data"), "data"),
        ([message("one"), message("two")].concat().into(), "onetwo"),
        (value("text".into()), "text"),
        (value(Value::Binary("bytes".into())), "bytes"),
        (value(list), r#"[1,"1970-01-01T00:00:00Z",null]"#),
        (sequence, r#"[1,"x"]"#),
        (Bytes::new(), ""),
    ] {
        client.send(0, 0, &sent).await;
        let (_, body) = rest(&azure, "DELETE", "work/messages/head", "").await;
        assert_eq!(body, shown);
    }
}

#[tokio::test(start_paused = true)]
async fn types_survive_and_rest_shows_them_as_it_can() {
    let azure = azure();
    let mut client = Client::connected(&azure).await;
    client.sender(0, "work").await;
    let mut properties = vec![NULL; 13];
    (properties[0], properties[5]) = (Value::Ulong(7), Value::Uuid([0x11; 16]));
    let named = vec![
        ("bytes", Value::Binary(Bytes::from_static(&[0, 255]))),
        ("guid", Value::Uuid([0x22; 16])),
        ("short", Value::Short(-5)),
        ("when", Value::Timestamp(1000)),
    ];
    let own = (Value::symbol("x-own"), Value::Byte(1));
    let forged = (Value::symbol("x-opt-sequence-number"), Value::Long(99));
    let sent = [
        encoded(&Value::described(0x70, Value::List(vec![Value::Boolean(false), Value::Ubyte(9)]))),
        encoded(&Value::described(0x72, Value::Map(vec![own.clone(), forged]))),
        encoded(&Value::described(0x73, Value::List(properties.clone()))),
        encoded(&application_properties(named.clone())),
        encoded(&Value::described(0x77, Value::Map(vec![(Value::Int(1), Value::Char('x'))]))),
        encoded(&Value::described(0x78, Value::Map(vec![(Value::symbol("x-sum"), Value::Int(3))]))),
    ];
    client.send(0, 0, &sent.concat()).await;
    client.receiver(1, "work", 1).await;
    let parts = sections(&client.expect(0x14).await.payload);
    let header = section(&parts, 0x70).items().unwrap();
    assert_eq!((&header[0], &header[1]), (&Value::Boolean(false), &Value::Ubyte(9)));
    let got = section(&parts, 0x73).items().unwrap();
    assert_eq!((&got[0], &got[5]), (&properties[0], &properties[5]));
    for (name, value) in named {
        assert_eq!(section(&parts, 0x74).get(name), Some(&value));
    }
    assert_eq!(section(&parts, 0x72).get("x-own"), Some(&own.1));
    assert_eq!(section(&parts, 0x72).get("x-opt-sequence-number"), Some(&Value::Long(1)));
    assert_eq!(section(&parts, 0x77), &Value::Map(vec![(Value::Int(1), Value::Char('x'))]));
    assert_eq!(section(&parts, 0x78).get("x-sum"), Some(&Value::Int(3)));
    client.settle(0, Value::described(0x26, Value::List(vec![]))).await;
    let (headers, _) = rest(&azure, "DELETE", "work/messages/head", "").await;
    let shown = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!((shown("short"), shown("guid")), ("-5".into(), "\"22222222-2222-2222-2222-222222222222\"".into()));
    assert!(shown("brokerproperties").contains(r#""MessageId":"7""#));
}

#[tokio::test(start_paused = true)]
async fn sessions_are_no_matter_of_rest() {
    let azure = azure();
    let mut client = Client::connected(&azure).await;
    client.sender(0, "sessions").await;
    let section = encoded(&Value::described(0x75, Value::Binary(super::client::message_of("s", "a"))));
    client.send(0, BATCH, &section).await;
    let now = azure.clock().now();
    {
        let mut world = azure.world();
        assert!(world.service_bus.receive("sessions", now).is_none());
        assert_eq!(world.service_bus.next_due("sessions", now), None);
    }
    client.receiver(1, "sessions/$DeadLetterQueue", 1).await;
    client.expect_nothing(5).await;
}
