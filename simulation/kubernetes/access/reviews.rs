//! Pure: questions about access, which are asked as objects and kept nowhere.
use super::{Access, Attributes, User, acted, roles, tokens};
use crate::kubernetes::{
    apply::{Writer, note_update},
    front::ISSUER,
    kinds::Kind,
    moments::second,
    refusal::Refusal,
    store::Store,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// Answers a review: the object that was sent with its `status`.
pub(in crate::kubernetes) fn review(
    access: &Access,
    store: &Store,
    user: &User,
    kind: &Kind,
    mut asked: Value,
    writer: &Writer,
) -> Result<Value, Refusal> {
    let spec = asked["spec"].clone();
    let (status, kept) = match kind.kind.as_str() {
        "SelfSubjectReview" => (json!({"userInfo": shown(user)}), None),
        "SelfSubjectRulesReview" => (rules(store, user, &spec), None),
        "TokenReview" => (token(access, store, &spec, writer.now), Some(())),
        "SelfSubjectAccessReview" => (access_of(access, store, user, kind, &spec)?, Some(())),
        _ => {
            let groups = spec["groups"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let mut other = acted(spec["user"].as_str().unwrap_or_default(), groups.map(Into::into).collect());
            // By this AKS knows whom to ask Azure about.
            if let Some(identity) = spec["extra"]["oid"][0].as_str() {
                (other.name, other.of_azure) = (identity.into(), true);
            }
            (access_of(access, store, &other, kind, &spec)?, Some(()))
        }
    };
    let mut answer = json!({"kind": kind.kind, "apiVersion": kind.api_version(), "metadata": {}});
    match kind.kind.as_str() {
        "SelfSubjectReview" => answer["metadata"]["creationTimestamp"] = json!(second(writer.now)),
        "SelfSubjectRulesReview" => answer["spec"] = json!({}),
        _ => {}
    }
    if kept.is_some() {
        answer["spec"] = asked["spec"].take();
        note_update(kind, &json!({}), &mut answer, writer);
    }
    answer["status"] = status;
    Ok(answer)
}

fn shown(user: &User) -> Value {
    let mut info = json!({"username": user.name, "groups": user.groups});
    if !user.uid.is_empty() {
        info["uid"] = json!(user.uid);
    }
    info
}

fn token(access: &Access, store: &Store, spec: &Value, now: Timestamp) -> Value {
    match access.owner_of(store, spec["token"].as_str().unwrap_or_default(), now) {
        Some(user) => json!({"authenticated": true, "user": shown(&user), "audiences": [ISSUER]}),
        None => json!({"user": {}, "error": "invalid bearer token"}),
    }
}

fn access_of(access: &Access, store: &Store, user: &User, kind: &Kind, spec: &Value) -> Result<Value, Refusal> {
    let (on, at) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    if on.is_null() == at.is_null() {
        let wrong = "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified";
        return Err(Refusal::invalid(kind, "", "spec.resourceAttributes", "FieldValueInvalid", wrong));
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let part = on["subresource"].as_str().filter(|part| !part.is_empty()).map(|part| format!("/{part}"));
    let asked = Attributes {
        verb: text(&on["verb"]) + &text(&at["verb"]),
        group: text(&on["group"]),
        resource: text(&on["resource"]) + &part.unwrap_or_default(),
        name: text(&on["name"]),
        namespace: text(&on["namespace"]),
        path: text(&at["path"]),
    };
    Ok(match access.allows(store, user, &asked) {
        Some(reason) if reason.is_empty() => json!({"allowed": true}),
        Some(reason) => json!({"allowed": true, "reason": reason}),
        None => json!({"allowed": false}),
    })
}

fn rules(store: &Store, user: &User, spec: &Value) -> Value {
    let rules = roles::rules(store, user, spec["namespace"].as_str().unwrap_or_default());
    let (paths, resources): (Vec<Value>, Vec<Value>) =
        rules.into_iter().partition(|rule| rule["nonResourceURLs"].is_array());
    json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false})
}

/// A token for a ServiceAccount, as it was asked for.
pub(in crate::kubernetes) fn token_request(
    account: &Value,
    kind: &Kind,
    mut asked: Value,
    writer: &Writer,
) -> Result<Value, Refusal> {
    let seconds = asked["spec"]["expirationSeconds"].as_i64().unwrap_or(3600);
    if seconds < 600 {
        let wrong = format!("Invalid value: {seconds}: may not specify a duration less than 10 minutes");
        return Err(Refusal::invalid(kind, "", "spec.expirationSeconds", "FieldValueInvalid", &wrong));
    }
    let given = asked["spec"]["audiences"].as_array().filter(|list| !list.is_empty());
    let audiences = given.map_or_else(|| json!([ISSUER]), |list| json!(list));
    let ends = writer.now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
    let mut answer =
        json!({"kind": kind.kind, "apiVersion": kind.api_version(), "metadata": {}, "spec": asked["spec"].take()});
    note_update(kind, &json!({}), &mut answer, writer);
    for member in ["name", "namespace", "uid"] {
        answer["metadata"][member] = account["metadata"][member].clone();
    }
    answer["metadata"]["creationTimestamp"] = json!(second(writer.now));
    answer["spec"] = json!({"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": answer["spec"]["boundObjectRef"]});
    answer["status"] = json!({
        "token": tokens::issue(account, &audiences, writer.now, ends), "expirationTimestamp": second(ends),
    });
    Ok(answer)
}
