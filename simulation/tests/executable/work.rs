//! Invocations of a real child: messages, timers, HTTP; what breaks in the middle, and what it costs.
use crate::stage::{on_http, on_queue, set, until};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use simulated_azure::functions_host::Instances;
use std::collections::BTreeSet;

#[tokio::test]
async fn a_message_makes_its_round_trip_as_the_real_host_sends_it() {
    let stage = set("message").ready().await;
    let body = format!("answer {}", "x".repeat(5000));
    stage.send("a", &body);
    until(|| stage.is_at_rest()).await;
    let asked = stage.asked();
    assert_eq!((asked.len(), stage.dead("a")), (1, 0));
    assert_eq!((&asked[0]["method"], &asked[0]["target"]), (&json!("POST"), &json!("/Step")));
    let headers = &asked[0]["headers"];
    assert_eq!(headers["transfer-encoding"], "chunked");
    assert_eq!(headers.get("content-length"), None);
    assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    assert_eq!(headers["user-agent"], "Azure-Functions-Host/4.1037.0.0");
    assert_eq!(headers["x-azure-functions-hostversion"], "4.1037.0.0");
    let port = &stage.starts()[0]["environment"]["FUNCTIONS_CUSTOMHANDLER_PORT"];
    assert_eq!(headers["host"], format!("127.0.0.1:{}", port.as_str().unwrap()));
    let names: Vec<_> = headers.as_object().unwrap().keys().map(String::as_str).collect();
    let product = ["x-azure-functions-hostversion", "x-azure-functions-invocationid", "user-agent"];
    assert_eq!(names, [&["host"], &product[..], &["transfer-encoding", "content-type"]].concat());
    let envelope: Value = serde_json::from_str(asked[0]["body"].as_str().unwrap()).unwrap();
    assert_eq!(envelope["Data"]["message"], BASE64_STANDARD.encode(body));
    assert_eq!(envelope["Metadata"]["DeliveryCount"], "1");
}

#[tokio::test]
async fn a_timer_fires_by_the_fast_clock() {
    let mut set = set("timer");
    set.speed = 60;
    let timer = json!({"type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "0 * * * * *"});
    set.functions = json!({"Tick": {"bindings": [timer]}});
    let stage = set.ready().await;
    until(|| stage.asked().len() >= 3).await;
    let envelope: Value = serde_json::from_str(stage.asked()[1]["body"].as_str().unwrap()).unwrap();
    let status = &envelope["Data"]["timer"]["ScheduleStatus"];
    assert_eq!(envelope["Data"]["timer"]["IsPastDue"], false);
    assert!(status["Next"].as_str().unwrap().ends_with(":00+00:00"), "{status}");
    assert_eq!(stage.host.counters().functions["Tick"].failures, 0);
}

#[tokio::test]
async fn a_request_is_proxied_with_its_path_and_its_answer_comes_back() {
    let mut set = set("proxied");
    set.functions = json!({"Hello": on_http("hello/{*rest}", "anonymous")});
    let stage = set.ready().await;
    let request = http::Request::post("/api/hello/a%20b?c=d").header("host", "127.0.0.1:7071").header("x-one", "1");
    let (status, headers, body) = stage.http(request, "answer me").await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "application/json"));
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&answer["obeyed"], &answer["target"]), (&json!("answer me"), &json!("/api/hello/a%20b?c=d")));
    let headers = &stage.asked()[0]["headers"];
    assert_eq!((&headers["host"], &headers["x-one"]), (&json!("127.0.0.1:7071"), &json!("1")));
    assert_eq!(headers["content-length"], "9");
    let (status, ..) = stage.http(http::Request::post("/api/hello"), "fail").await;
    assert_eq!((status, stage.host.counters().functions["Hello"].failures), (500, 0), "a proxied answer is no failure");
    let (status, _, body) = stage.http(http::Request::post("/api/hello"), "exit 1").await;
    assert_eq!((status, body.as_str()), (500, ""));
    let (status, ..) = stage.http(http::Request::post("/api/hello"), "answer").await;
    assert_eq!(status, 200, "the next caller waits for the next child");
}

#[tokio::test]
async fn a_child_killed_in_a_call_costs_one_delivery() {
    let stage = set("killed").ready().await;
    let before = stage.pid("Step");
    stage.send("a", "first hang");
    until(|| stage.asked().len() == 1).await;
    assert!(stage.host.kill_child("step"));
    until(|| stage.is_at_rest()).await;
    let counts: Vec<Value> =
        stage.asked().iter().map(|asked| envelope(asked)["Metadata"]["DeliveryCount"].clone()).collect();
    assert_eq!(counts, ["1", "2"]);
    let pids: Vec<u64> = stage.asked().iter().map(|asked| asked["pid"].as_u64().unwrap()).collect();
    assert_eq!(pids, [u64::from(before), u64::from(stage.pid("Step"))]);
    assert_eq!((stage.host.counters().restarts, stage.dead("a")), (1, 0));
    let ports: Vec<Value> =
        stage.starts().iter().map(|start| start["environment"]["FUNCTIONS_CUSTOMHANDLER_PORT"].clone()).collect();
    assert_eq!(ports[0], ports[1], "the port stays");
}

#[tokio::test]
async fn a_failing_message_is_delivered_ten_times() {
    let stage = set("failing").ready().await;
    stage.send("a", "fail");
    until(|| stage.dead("a") == 1).await;
    assert_eq!((stage.asked().len(), stage.host.counters().restarts), (10, 0));
}

#[tokio::test]
async fn a_reply_that_says_nothing_hangs_until_the_timeout_kills_the_child() {
    let mut set = set("empty");
    set.speed = 20;
    set.host = json!({"functionTimeout": "00:01:40"});
    set.functions = json!({"Step": on_queue("a"), "Other": on_queue("b")});
    let stage = set.ready().await;
    stage.send("a", "first empty");
    stage.send("b", "first slow 3600000");
    until(|| stage.is_at_rest()).await;
    let began = &stage.asked()[0]["pid"];
    assert!(stage.asked().len() == 4 && stage.asked()[2..].iter().all(|asked| asked["pid"] != *began));
    assert_eq!((stage.host.counters().restarts, stage.host.counters().stopped_hosts), (1, 0));
    let counts = stage.host.counters().functions;
    assert!(counts.values().all(|counts| counts.failures == 1), "the neighbour died, too: {counts:?}");
}

#[tokio::test]
async fn each_function_has_a_process_and_a_port_of_its_own_unless_all_share_one() {
    for (name, instances, processes) in [("own", Instances::EachFunction, 2), ("shared", Instances::One, 1)] {
        let mut set = set(name);
        set.instances = instances;
        set.functions = json!({"A": on_queue("a"), "B": on_queue("b")});
        let stage = set.ready().await;
        stage.send("a", "answer");
        stage.send("b", "answer");
        until(|| stage.is_at_rest()).await;
        let different = |all: Vec<String>| BTreeSet::from_iter(all).len();
        let pids = stage.asked().iter().map(|asked| asked["pid"].to_string()).collect();
        let port = |start: &Value| start["environment"]["FUNCTIONS_CUSTOMHANDLER_PORT"].to_string();
        let ports = stage.starts().iter().map(port).collect();
        assert_eq!((different(pids), different(ports)), (processes, processes), "{name}");
        assert_eq!(stage.host.children().len(), processes, "{name}");
    }
}

fn envelope(asked: &Value) -> Value {
    serde_json::from_str(asked["body"].as_str().unwrap()).unwrap()
}
