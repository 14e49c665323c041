//! Protobuf bodies, as kubectl sent them: `kubectl create … --dry-run=client -o json` says what they mean.
use super::*;
use base64::{Engine, engine::general_purpose::STANDARD};

/// Whether an object has everything that another says; what is empty says nothing.
fn says(object: &Value, said: &Value) -> bool {
    match said {
        Value::Null => true,
        Value::Object(members) => members.iter().all(|(name, said)| says(&object[name], said)),
        Value::Array(items) => {
            items.iter().enumerate().all(|(at, said)| says(&object[at], said))
                && items.len() == object.as_array().map_or(0, Vec::len)
        }
        said => object == said,
    }
}

#[test]
fn helm_deletes_with_options_in_protobuf() {
    let mut fleet = fleet(1);
    let secret = r#"{"metadata": {"name": "sh.helm.release.v1.own.v1"}}"#;
    let secrets = "/api/v1/namespaces/default/secrets";
    assert_eq!(call(&mut fleet, "POST", secrets, "application/json", secret, began()).0, 201);
    let ask = http::Request::delete(format!("https://{HOST}{secrets}/sh.helm.release.v1.own.v1"))
        .header("authorization", "Bearer operator")
        .header("content-type", "application/vnd.kubernetes.protobuf")
        .body(STANDARD.decode("azhzAAoTCgJ2MRINRGVsZXRlT3B0aW9ucxIAGgAiAA==").unwrap().into())
        .unwrap();
    assert_eq!(fleet.respond(HOST, &ask, at(10)).unwrap().status(), 200);
    assert_eq!(get(&mut fleet, secrets, at(20))["items"], json!([]));
}

#[test]
fn what_kubectl_creates_is_what_it_says_in_json() {
    let mut fleet = fleet(1);
    let lines: Vec<&str> = include_str!("protobuf/kubectl.txt").lines().collect();
    assert_eq!(lines.len() % 4, 0);
    for lines in lines.chunks(4) {
        let [command, path, body, said] = lines else { panic!("{lines:?}") };
        let ask = http::Request::post(format!("https://{HOST}{path}?fieldManager=kubectl-create"))
            .header("authorization", "Bearer operator")
            .header("content-type", "application/vnd.kubernetes.protobuf")
            .header("accept", "application/vnd.kubernetes.protobuf,application/json")
            .body(STANDARD.decode(body).unwrap().into())
            .unwrap();
        let reply = fleet.respond(HOST, &ask, at(10)).unwrap();
        let (status, made) = (reply.status(), json_of(reply.into_body()));
        assert_eq!(status, 201, "{command}: {made}");
        let mut said: Value = serde_json::from_str(said).unwrap();
        // A status is the server's to write.
        said["status"] = Value::Null;
        assert!(says(&made, &said), "{command}: {made}\n{said}");
    }
}
