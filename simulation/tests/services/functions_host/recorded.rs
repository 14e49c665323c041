//! The same stimulus as a real host got must make the same request, and the same reply the same answer.
use super::stage::{Handler, Stage, always, done, pass};
use axum::{body::Body, response::Response};
use base64::{Engine, prelude::BASE64_STANDARD};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};
use simulated_azure::{functions_host::HostOptions, service_bus::Message};
use std::{path::PathBuf, sync::Arc};

fn transcripts() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/host-transcripts")
}

fn transcript(case: &str) -> Value {
    let text = std::fs::read_to_string(transcripts().join(format!("{case}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn cases(prefix: &str) -> Vec<String> {
    let files = std::fs::read_dir(transcripts()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut cases: Vec<String> = files.filter_map(|file| Some(file.strip_suffix(".json")?.to_owned())).collect();
    cases.retain(|case| case.starts_with(prefix));
    cases.sort();
    assert!(!cases.is_empty(), "{prefix}");
    cases
}

fn text(value: &Value) -> String {
    serde_json::from_str(value.as_str().unwrap()).unwrap()
}

/// An envelope without what differs by nature: identifiers, moments, and the keys of which 4.x and 5.x have other ones.
fn comparable(mut envelope: Value) -> Value {
    let metadata = envelope["Metadata"].as_object_mut().unwrap();
    let of_5 = [
        "MessageSession",
        "MessageActions",
        "SessionActions",
        "ReceiveActions",
        "Client",
        "ExpiresAt",
        "EnqueuedTime",
        "Subject",
        "ApplicationProperties",
    ];
    metadata.retain(|name, _| name != "MessageReceiver" && name != "SequenceNumber" && !of_5.contains(&name.as_str()));
    if metadata.get("LockToken").is_some_and(|token| token != "\"\"") {
        metadata["LockToken"] = "some token".into();
    }
    if metadata.get("EnqueuedTimeUtc").is_some_and(|moment| moment.as_str().unwrap().starts_with("20")) {
        metadata["EnqueuedTimeUtc"] = "some time".into();
    }
    if let Some(properties) = metadata.get_mut("UserProperties").and_then(Value::as_object_mut) {
        properties.remove("x-opt-message-state");
    }
    if let Some(sys) = metadata["sys"].as_object_mut() {
        sys.remove("UtcNow");
        sys.remove("RandGuid");
    }
    let lowered = |headers: &mut Value| {
        let headers = headers.as_object_mut().map(std::mem::take).unwrap_or_default();
        headers.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect::<Map<_, _>>().into()
    };
    if let Some(headers) = metadata.get_mut("Headers") {
        *headers = lowered(headers);
    }
    if let Some(headers) = envelope.pointer_mut("/Data/req/Headers") {
        *headers = lowered(headers);
    }
    envelope
}

fn requested(case: &Value) -> Value {
    comparable(serde_json::from_str(case["requests"][0]["body"].as_str().unwrap()).unwrap())
}

/// The message that was sent, read back from the recording of the same body with `dataType: binary`.
fn message(case: &str) -> Message {
    let twin = case.replace("sb-default", "sb-binary");
    if !transcripts().join(format!("{twin}.json")).exists() {
        return Message {
            content_type: Some("application/octet-stream".into()),
            ..Message::new("bare").with_id("bare-1")
        };
    }
    let envelope: Value = serde_json::from_str(transcript(&twin)["requests"][0]["body"].as_str().unwrap()).unwrap();
    let metadata = &envelope["Metadata"];
    Message {
        message_id: text(&metadata["MessageId"]),
        content_type: Some(text(&metadata["ContentType"])),
        reply_to: Some(text(&metadata["ReplyTo"])),
        to: Some(text(&metadata["To"])),
        subject: Some(text(&metadata["Label"])),
        correlation_id: Some(text(&metadata["CorrelationId"])),
        properties: metadata["UserProperties"].as_object().unwrap().clone(),
        ..Message::new(BASE64_STANDARD.decode(envelope["Data"]["message"].as_str().unwrap()).unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn each_recorded_message_arrives_as_the_real_host_sent_it() {
    for case in cases("sb-binary-").into_iter().chain(cases("sb-default-")) {
        let recorded = transcript(&case);
        let mut functions = recorded["trigger"].clone();
        for function in functions.as_object_mut().unwrap().values_mut() {
            function["bindings"][0]["queueName"] = "a".into();
        }
        let stage = Stage::set(&case, &recorded["host"], &functions, HostOptions::default(), always(done));
        stage.send("a", message(&case));
        pass(1.0).await;
        let seen = stage.seen();
        assert_eq!(seen.len(), 1, "{case}");
        assert_eq!(comparable(seen[0].envelope()), requested(&recorded), "{case}");
        assert_eq!(seen[0].target, recorded["requests"][0]["path"].as_str().unwrap());
        let names: Vec<String> = seen[0].headers.keys().map(ToString::to_string).collect();
        let expected = recorded["requests"][0]["headers"].as_array().unwrap();
        assert_eq!(names, expected.iter().map(|header| header[0].as_str().unwrap().to_lowercase()).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn each_message_by_hand_arrives_as_the_real_host_sent_it() {
    for case in cases("sb-admin-") {
        let recorded = transcript(&case);
        let stage = Stage::set(&case, &recorded["host"], &recorded["trigger"], HostOptions::default(), always(done));
        let expected = requested(&recorded);
        let function = recorded["requests"][0]["path"].as_str().unwrap().trim_start_matches('/');
        assert_eq!(stage.host.admin_invoke(function, &text(&expected["Metadata"]["message"])).as_u16(), 202);
        pass(1.0).await;
        assert_eq!(comparable(stage.seen()[0].envelope()), expected, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_timer_fires_as_the_real_one_did() {
    for (case, function) in
        [("timer-minute-monitored", "minute"), ("timer-every-5s", "every5"), ("timer-500-no-retry", "plain")]
    {
        let recorded = transcript(case);
        let mut functions = recorded["trigger"].clone();
        functions.as_object_mut().unwrap().retain(|name, _| name == function);
        let stage = Stage::set(case, &recorded["host"], &functions, HostOptions::default(), always(done));
        if case == "timer-500-no-retry" {
            assert_eq!(stage.host.admin_invoke(function, "some input").as_u16(), 202);
        }
        pass(30.0).await;
        assert_eq!(comparable(stage.seen()[0].envelope()), requested(&recorded), "{case}");
    }
}

/// The child's reply as the recorder was told to give it.
fn replying(plan: &Value) -> Handler {
    let plan = plan.clone();
    Arc::new(move |_, _, _| {
        let plan = plan.clone();
        Box::pin(async move {
            assert!(plan["action"] != "close", "the connection closes");
            let (kind, body) = match &plan["body"] {
                Value::String(text) => (None, text.clone()),
                Value::Null if plan.get("body").is_none() => (None, String::new()),
                body => (Some("application/json"), body.to_string()),
            };
            let mut reply = Response::builder().status(plan["status"].as_u64().unwrap_or(200) as u16);
            for (name, value) in plan["headers"].as_object().into_iter().flatten() {
                reply = reply.header(name, value.as_str().unwrap());
            }
            let has_kind = reply.headers_ref().unwrap().contains_key("content-type") || plan["noContentType"] == true;
            if let Some(kind) = kind.filter(|_| !has_kind) {
                reply = reply.header("content-type", kind);
            }
            reply.body(Body::from(body)).unwrap()
        })
    })
}

#[tokio::test(start_paused = true)]
async fn each_recorded_reply_is_judged_as_the_real_host_did() {
    for case in cases("reply-") {
        let recorded = transcript(&case);
        // The real host follows a redirect; this one counts it as the failure that it would be without the target.
        if case == "reply-302-self" {
            continue;
        }
        let stage = Stage::set(
            &case,
            &recorded["host"],
            &recorded["trigger"],
            HostOptions::default(),
            replying(&recorded["reply"]),
        );
        let function = recorded["trigger"].as_object().unwrap().keys().next().unwrap();
        let _ = stage.host.admin_invoke(function, "");
        pass(100.0).await;
        let failed = stage.host.counters().functions[function].failures == 1;
        assert_eq!(failed, !recorded["outcome"].to_string().contains("(Succeeded"), "{case}");
    }
}

/// The caller's request, read back from what the real host told its child about it.
fn asked(case: &Value) -> http::Request<Body> {
    let envelope: Value = serde_json::from_str(case["requests"][0]["body"].as_str().unwrap()).unwrap();
    let request = &envelope["Data"]["req"];
    let mut builder =
        http::Request::builder().method(request["Method"].as_str().unwrap()).uri(request["Url"].as_str().unwrap());
    for (name, values) in request["Headers"].as_object().unwrap() {
        for value in values.as_array().unwrap() {
            builder = builder.header(name, value.as_str().unwrap());
        }
    }
    let body = request["Body"].as_str().unwrap_or("");
    let is_binary = request["Headers"]["Content-Type"][0] == "application/octet-stream";
    let body = if is_binary { BASE64_STANDARD.decode(body).unwrap() } else { body.into() };
    builder.body(Body::from(body)).unwrap()
}

fn http_stage(case: &str, recorded: &Value) -> Stage {
    let options = HostOptions { function_key: Some("functionkey".into()), ..HostOptions::default() };
    Stage::set(case, &recorded["host"], &recorded["trigger"], options, replying(&recorded["reply"]))
}

#[tokio::test(start_paused = true)]
async fn each_recorded_http_request_and_answer_is_the_real_hosts() {
    let mut compared = 0;
    for case in cases("http-") {
        let recorded = transcript(&case);
        if recorded["requests"].as_array().unwrap().is_empty() {
            continue;
        }
        let stage = http_stage(&case, &recorded);
        let (answer, body) = stage.host.http(asked(&recorded)).await.into_parts();
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        assert_eq!(comparable(stage.seen()[0].envelope()), requested(&recorded), "{case}");
        let expected = &recorded["outcome"]["clientGot"];
        assert_eq!(json!(answer.status.as_u16()), expected["status"], "{case}");
        assert_eq!(json!(body), expected["body"], "{case}");
        let header = |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let headers = expected["headers"].as_array().unwrap().iter();
        let given: Map<String, Value> =
            headers.map(|pair| (pair[0].as_str().unwrap().to_lowercase(), pair[1].clone())).collect();
        for name in ["content-type", "location", "x-one"] {
            assert_eq!(header(name), given.get(name).map(|value| value.as_str().unwrap().to_owned()), "{case}: {name}");
        }
        compared += 1;
    }
    assert!(compared > 35, "{compared}");
}

#[tokio::test(start_paused = true)]
async fn what_fits_no_function_never_reaches_the_child() {
    for (case, method, path) in [
        ("http-wrong-method", "DELETE", "/api/hello"),
        ("http-route-mismatch", "GET", "/api/clusters/prod-1/steps/abc"),
        ("http-key-missing", "POST", "/api/keyed"),
    ] {
        let recorded = transcript(case);
        let stage = http_stage(case, &recorded);
        let request = http::Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let answer = stage.host.http(request).await;
        assert_eq!(json!(answer.status().as_u16()), recorded["outcome"]["clientGot"]["status"], "{case}");
        assert!(stage.seen().is_empty(), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_forwarded_request_arrives_as_the_real_host_sent_it() {
    for case in ["forward-get", "forward-post-json", "forward-404"] {
        let recorded = transcript(case);
        let stage = http_stage(case, &recorded);
        let expected = &recorded["requests"][0];
        let sent: Vec<(String, String)> = serde_json::from_value(expected["headers"].clone()).unwrap();
        let mut request = http::Request::builder()
            .method(expected["method"].as_str().unwrap())
            .uri(expected["path"].as_str().unwrap());
        for (name, value) in &sent {
            if !name.starts_with("X-Azure") && name != "User-Agent" {
                request = request.header(name, value);
            }
        }
        let body = expected["body"].as_str().unwrap().to_owned();
        let answer = stage.host.http(request.body(Body::from(body.clone())).unwrap()).await;
        let seen = &stage.seen()[0];
        assert_eq!((seen.target.as_str(), &seen.body), (expected["path"].as_str().unwrap(), &body), "{case}");
        for (name, value) in sent.iter().filter(|(name, _)| name != "X-Azure-Functions-InvocationId") {
            assert_eq!(seen.headers[name.to_lowercase().as_str()], value.as_str(), "{case}: {name}");
        }
        assert_eq!(seen.headers.len(), sent.len(), "{case}");
        assert_eq!(json!(answer.status().as_u16()), recorded["outcome"]["clientGot"]["status"], "{case}");
        assert_eq!(stage.host.counters().functions["hello"].failures, 0, "any status is a success here");
    }
}

#[tokio::test(start_paused = true)]
async fn a_chunked_body_is_missing_refused_or_passed_on_by_mode() {
    let recorded = transcript("forward-post-chunked");
    for (flag, status, calls) in
        [("neither", 204, 1), ("enableForwardingHttpRequest", 500, 0), ("enableProxyingHttpRequest", 200, 1)]
    {
        let host = json!({"customHandler": {flag: true}});
        let stage =
            Stage::set(&format!("chunked-{flag}"), &host, &recorded["trigger"], HostOptions::default(), always(done));
        let request = http::Request::post("/api/hello").header("transfer-encoding", "chunked");
        let answer = stage.host.http(request.body(Body::from("{}")).unwrap()).await;
        assert_eq!((answer.status().as_u16(), stage.seen().len()), (status, calls), "{flag}");
        match flag {
            "neither" => assert_eq!(stage.seen()[0].envelope()["Data"]["req"].get("Body"), None),
            "enableProxyingHttpRequest" => assert_eq!(stage.seen()[0].body, "{}"),
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_catch_all_route_without_prefix_takes_everything_below_it() {
    let function = json!({"Upgrades": {"bindings": [
        {"type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous", "route": "upgrades/{*path}"},
        {"type": "http", "direction": "out", "name": "res"}]}});
    let host =
        json!({"extensions": {"http": {"routePrefix": ""}}, "customHandler": {"enableForwardingHttpRequest": true}});
    let stage = Stage::set("catch-all", &host, &function, HostOptions::default(), always(done));
    for path in ["/upgrades", "/upgrades/", "/UPGRADES/web/roll_back?code=k", "/upgrades/a%20b"] {
        let answer = stage.host.http(http::Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(stage.seen().last().unwrap().target, path);
    }
    for path in ["/", "/upgrade", "/api/upgrades"] {
        let answer = stage.host.http(http::Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), 404, "{path}");
    }
}
