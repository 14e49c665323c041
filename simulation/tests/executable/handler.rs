//! A handler that does what each message says, for the tests of the Functions host with real processes.
//!
//! Its settings: `JOURNAL`, the file that gets a JSON line for its start and for each request; `START_MS`, how long it
//! takes to listen; `EXIT_AT_START`, the code with which it exits instead. An order is the message's body, the timer's
//! input or the forwarded body: `answer`, `fail`, `empty`, `hang`, `slow MS`, `exit CODE`, `print`; after `first` it is for
//! the first delivery alone.
use axum::{Router, body::Bytes, extract::Request, response::Response};
use base64::{Engine, prelude::BASE64_STANDARD};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::{io::Write, net::Ipv4Addr, time::Duration};

#[expect(clippy::disallowed_methods, reason = "an executable of its own, told by its environment what to do")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "what the host gave is what the tests look at")]
    let environment: serde_json::Map<String, Value> =
        std::env::vars().map(|(name, value)| (name, value.into())).collect();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    note(&json!({"arguments": arguments, "folder": std::env::current_dir()?, "environment": environment}))?;
    if let Some(code) = number("EXIT_AT_START") {
        std::process::exit(i32::try_from(code).unwrap_or(1));
    }
    tokio::time::sleep(Duration::from_millis(number("START_MS").unwrap_or(0))).await;
    let port = number("FUNCTIONS_CUSTOMHANDLER_PORT").and_then(|port| u16::try_from(port).ok()).unwrap_or(0);
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    axum::serve(listener, Router::new().fallback(obey)).await
}

fn number(name: &str) -> Option<u64> {
    setting(name)?.parse().ok()
}

/// One line, written at once, so that lines of several processes do not mix.
fn note(line: &Value) -> std::io::Result<()> {
    let Some(path) = setting("JOURNAL") else { return Ok(()) };
    let mut line = line.clone();
    line["pid"] = std::process::id().into();
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(format!("{line}\n").as_bytes())
}

async fn obey(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let headers: serde_json::Map<String, Value> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect();
    let target = parts.uri.to_string();
    let seen = json!({"method": parts.method.as_str(), "target": target, "headers": headers, "body": String::from_utf8_lossy(&body)});
    if note(&seen).is_err() {
        return reply(500, "{}");
    }
    let order = order(&body);
    let words: Vec<&str> = order.split_whitespace().collect();
    let amount = |text: &str| text.parse::<u64>().unwrap_or(0);
    match words.as_slice() {
        ["fail"] => reply(500, "{}"),
        ["empty"] => reply(200, ""),
        ["hang"] => std::future::pending().await,
        ["slow", time] => {
            tokio::time::sleep(Duration::from_millis(amount(time))).await;
            reply(200, "{}")
        }
        ["exit", code] => std::process::exit(i32::try_from(amount(code)).unwrap_or(1)),
        ["print"] => {
            print();
            reply(200, "{}")
        }
        _ => reply(200, &json!({"Outputs": {}, "obeyed": order, "target": target}).to_string()),
    }
}

/// What the request orders; an order for the first delivery is none for a later one.
fn order(body: &Bytes) -> String {
    let envelope: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = match &envelope["Data"]["message"] {
        Value::String(message) => {
            String::from_utf8(BASE64_STANDARD.decode(message).unwrap_or_default()).unwrap_or_default()
        }
        _ if envelope.is_null() => String::from_utf8_lossy(body).into_owned(),
        _ => envelope["Metadata"]["timer"].as_str().unwrap_or("").trim_matches('"').to_owned(),
    };
    match text.strip_prefix("first ") {
        Some(order) if envelope["Metadata"]["DeliveryCount"] == "1" => order.to_owned(),
        Some(_) => "answer".to_owned(),
        None => text,
    }
}

fn reply(status: u16, body: &str) -> Response {
    let reply = Response::builder().status(status).header("content-type", "application/json");
    reply.body(body.to_owned().into()).unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "a child that writes is what this is for")]
fn print() {
    println!("a line");
    println!("an error on stdout");
    eprintln!("a Warning on stderr");
    eprintln!("bad");
    println!("LanguageWorkerConsoleLog for the host");
    println!("{}", "x".repeat(100_000));
}
