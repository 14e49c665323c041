//! The envelope of an HTTP request, when it is neither forwarded nor proxied. Pure.
use super::{
    definition::Function,
    encoding::{leak, quoted, set, sys},
    keys::Access,
    request::{header, query},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::request::Parts;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// What the child is told about a request. `body` is `None` when the caller sent none, or sent it chunked.
pub(super) fn envelope(
    function: &Function,
    request: &Parts,
    body: Option<&[u8]>,
    route: &Map<String, Value>,
    (shown, now, guid): (Access, Timestamp, &str),
) -> Value {
    let host = header(&request.headers, "host").or(request.uri.host()).unwrap_or("localhost");
    let scheme = request.uri.scheme_str().unwrap_or("http");
    let target = request.uri.path_and_query().map_or("/", |target| target.as_str());
    let query = query(request.uri.query().unwrap_or(""));
    let (mut joined, mut last) = (Map::new(), Map::new());
    for (name, value) in &query {
        let before = joined.get(name).and_then(Value::as_str).map(|before| format!("{before},{value}"));
        joined.insert(name.clone(), before.unwrap_or_else(|| value.clone()).into());
        last.insert(name.clone(), value.as_str().into());
    }
    let (mut arrays, mut singles) = (Map::new(), Map::new());
    for name in request.headers.keys() {
        let values: Vec<&str> = request.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        singles.insert(cased(name.as_str()), values.join(",").into());
        arrays.insert(cased(name.as_str()), values.into());
    }
    let mut data = json!({
        "Url": format!("{scheme}://{host}{target}"), "Method": request.method.as_str(), "Query": joined,
        "Headers": arrays, "Params": route, "Identities": [identity(shown)],
    });
    let mut metadata = Map::new();
    if let Some(body) = body.filter(|body| !body.is_empty()) {
        let kind = header(&request.headers, "content-type").unwrap_or("").to_lowercase();
        let is_binary = kind.starts_with("application/octet-stream") || kind.starts_with("multipart/");
        let text = String::from_utf8_lossy(body);
        data["Body"] = if is_binary { BASE64_STANDARD.encode(body).into() } else { text.clone().into() };
        if kind.contains("json") {
            leak(&mut metadata, &text);
        }
    }
    let of_the_route = route.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
    let of_the_query = last.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
    for (name, value) in of_the_query.chain(of_the_route) {
        // The key that opens the function is not among the values.
        if name != "code" {
            set(&mut metadata, name, quoted(value));
        }
    }
    set(&mut metadata, "Query", last.into());
    set(&mut metadata, "Headers", singles.into());
    // The request itself has the binding's name, and requests are left out.
    metadata.retain(|name, _| !name.eq_ignore_ascii_case(&function.binding));
    set(&mut metadata, "sys", sys(&function.name, now, guid));
    let mut values = Map::new();
    values.insert(function.binding.clone(), data);
    json!({"Data": values, "Metadata": metadata})
}

/// The case in which ASP.NET shows a header. Those of trace context stay small.
fn cased(name: &str) -> String {
    if matches!(name, "traceparent" | "tracestate" | "baggage") {
        return name.into();
    }
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().to_string() + letters.as_str())
    };
    name.split('-').map(capital).collect::<Vec<_>>().join("-")
}

fn identity(shown: Access) -> Value {
    let claim = |kind: &str, value: &str| {
        json!({
            "Issuer": "LOCAL AUTHORITY", "OriginalIssuer": "LOCAL AUTHORITY", "Properties": {},
            "Type": format!("http://schemas.microsoft.com/2017/07/functions/claims/{kind}"),
            "Value": value, "ValueType": "http://www.w3.org/2001/XMLSchema#string",
        })
    };
    let claims = match shown {
        Access::Anonymous => vec![],
        Access::Function => vec![claim("authlevel", "Function"), claim("invoke", "true"), claim("keyid", "default")],
        Access::Admin => vec![claim("authlevel", "Admin"), claim("invoke", "true"), claim("keyid", "master")],
    };
    let has_key = shown != Access::Anonymous;
    json!({
        "AuthenticationType": has_key.then_some("WebJobsAuthLevel"), "IsAuthenticated": has_key,
        "Actor": null, "BootstrapContext": null, "Claims": claims, "Label": null, "Name": null,
        "NameClaimType": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "RoleClaimType": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
    })
}
