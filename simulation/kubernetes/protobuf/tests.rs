//! Messages as Go's clients write them, read and written again.
use super::messages::{Field, fields, kinds, messages, of_kind};
use super::{MAGIC, members, object};
use base64::{Engine, engine::general_purpose::STANDARD};
use kinds::{Shape, Type};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The members that a message has in JSON.
fn in_json(message: &str) -> BTreeMap<&'static str, &'static str> {
    let mut members = BTreeMap::new();
    for field in fields(message).unwrap().values() {
        match field.name {
            Some(name) => drop(members.insert(name, field.of)),
            None => members.extend(in_json(field.of)),
        }
    }
    members
}

/// What a kind's members are called on the wire's side, against what they are called in JSON.
fn compare(of: Type, message: &'static str, seen: &mut BTreeSet<&'static str>) {
    let (Shape::Object(members), true) = (of.shape(), fields(message).is_some() && seen.insert(message)) else {
        return;
    };
    let named = in_json(message);
    // What says the kind lies in the envelope.
    let expected =
        members.keys().copied().filter(|name| !matches!(*name, "apiVersion" | "kind") || named.contains_key(name));
    assert_eq!(named.keys().copied().collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{message}");
    for (name, of) in named {
        let (mut member, mut inner) = (members[name].of, of);
        while let Shape::List(item) | Shape::Map(item) = member.shape() {
            member = item;
            inner = inner.strip_prefix("[]").or_else(|| inner.strip_prefix("{}")).unwrap_or(inner);
        }
        compare(member, inner, seen);
    }
}

#[test]
fn every_member_of_every_kind_has_its_number() {
    let mut seen = BTreeSet::new();
    for (api_version, kind) in kinds() {
        if let Some(of) = Type::of(api_version, kind) {
            compare(of, of_kind(api_version, kind).unwrap(), &mut seen);
        }
    }
    assert!(seen.len() > 400, "{}", seen.len());
}

/// A value of a type with every member that it can have, as deep as is asked.
fn sample(of: &'static str, depth: usize) -> Value {
    if let Some(item) = of.strip_prefix("[]") {
        return json!([sample(item, depth), sample(item, depth)]);
    }
    if let Some(item) = of.strip_prefix("{}") {
        return json!({"some": sample(item, depth), "": sample(item, depth)});
    }
    match of {
        "string" => json!("text, ä"),
        "int" => json!(-7),
        "bool" => json!(true),
        "double" => json!(0.25),
        "bytes" => json!(STANDARD.encode([255, 0, 1])),
        "quantity" => json!("1500m"),
        "raw" => json!({"any": [1, null, "thing"]}),
        "int-or-string" => json!("50%"),
        "time" => json!("2026-11-29T10:47:22Z"),
        "microtime" => json!("2026-11-29T10:47:22.000123Z"),
        "texts" | "schema-or-texts" => json!(["a", "b"]),
        "schema-or-bool" => json!(true),
        "schema-or-list" => json!([{"type": "string"}]),
        message => {
            let is_message = |of: &str| fields(of.trim_start_matches("[]").trim_start_matches("{}")).is_some();
            let members = in_json(message).into_iter().filter(|(_, of)| depth > 0 || !is_message(of));
            let members = members.map(|(name, of)| (name.to_owned(), sample(of, depth.saturating_sub(1))));
            // An object without any member may be left out.
            Value::Object(members.filter(|(_, value)| *value != json!({})).collect())
        }
    }
}

fn number(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

fn put(at: u64, content: &[u8], bytes: &mut Vec<u8>) {
    number(at << 3 | 2, bytes);
    number(content.len() as u64, bytes);
    bytes.extend(content);
}

/// One field; a message's inner form for what is no plain number.
fn write(at: u64, of: &str, value: &Value, bytes: &mut Vec<u8>) {
    if let Some(item) = of.strip_prefix("[]") {
        value.as_array().unwrap().iter().for_each(|one| write(at, item, one, bytes));
        return;
    }
    if let Some(item) = of.strip_prefix("{}") {
        for (name, one) in value.as_object().unwrap() {
            let mut entry = vec![];
            put(1, name.as_bytes(), &mut entry);
            write(2, item, one, &mut entry);
            put(at, &entry, bytes);
        }
        return;
    }
    let mut inner = vec![];
    match (of, value) {
        ("int", value) => {
            number(at << 3, bytes);
            return number(value.as_i64().unwrap().cast_unsigned(), bytes);
        }
        ("bool", value) => {
            number(at << 3, bytes);
            return number(value.as_bool().unwrap().into(), bytes);
        }
        ("double", value) => {
            number(at << 3 | 1, bytes);
            return bytes.extend(value.as_f64().unwrap().to_le_bytes());
        }
        ("string", Value::String(text)) => inner.extend(text.as_bytes()),
        ("bytes", Value::String(text)) => inner = STANDARD.decode(text).unwrap(),
        ("quantity", Value::String(text)) => put(1, text.as_bytes(), &mut inner),
        ("raw", value) => put(1, value.to_string().as_bytes(), &mut inner),
        ("int-or-string", Value::String(text)) => {
            write(1, "int", &json!(1), &mut inner);
            put(3, text.as_bytes(), &mut inner);
        }
        ("time" | "microtime", Value::String(text)) => {
            let moment: jiff::Timestamp = text.parse().unwrap();
            write(1, "int", &json!(moment.as_second()), &mut inner);
            write(2, "int", &json!(moment.subsec_nanosecond()), &mut inner);
        }
        ("texts", value) => write(1, "[]string", value, &mut inner),
        ("schema-or-texts", value) => write(2, "[]string", value, &mut inner),
        ("schema-or-bool", value) => write(1, "bool", value, &mut inner),
        ("schema-or-list", value) => write(2, "[]apiextensions.v1.JSONSchemaProps", value, &mut inner),
        (message, Value::Object(object)) => inner = message_of(message, object),
        (of, value) => panic!("{of}: {value}"),
    }
    put(at, &inner, bytes);
}

fn message_of(message: &str, object: &Map<String, Value>) -> Vec<u8> {
    let mut bytes = vec![];
    for (&at, Field { name, of, .. }) in fields(message).unwrap() {
        match name {
            Some(name) if object.contains_key(*name) => write(at, of, &object[*name], &mut bytes),
            Some(_) => {}
            None => put(at, &message_of(of, object), &mut bytes),
        }
    }
    bytes
}

fn body(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let mut sort = vec![];
    put(1, api_version.as_bytes(), &mut sort);
    put(2, kind.as_bytes(), &mut sort);
    let mut bytes = MAGIC.to_vec();
    put(1, &sort, &mut bytes);
    put(2, raw, &mut bytes);
    bytes
}

#[test]
fn every_message_with_all_its_members_comes_through() {
    for message in messages() {
        let sent = sample(message, 2);
        let mut raw = message_of(message, sent.as_object().unwrap());
        // A newer client's field, which nobody here knows.
        put(9999, b"news", &mut raw);
        let mut read = Map::new();
        members(&mut read, message, &raw, 10).unwrap();
        let differs = |name: &&String| sent.get(*name) != read.get(*name);
        assert_eq!(sent.as_object().unwrap().keys().find(differs), None, "{message}");
    }
}

#[test]
fn zeros_are_nothing_only_where_json_leaves_them_out() {
    let mut spec = vec![];
    write(1, "int", &json!(0), &mut spec);
    write(5, "int", &json!(0), &mut spec);
    let mut raw = vec![];
    put(2, &spec, &mut raw);
    let read = object(&body("apps/v1", "Deployment", &raw)).unwrap();
    assert_eq!(read["spec"], json!({"replicas": 0}));
}

#[test]
fn what_is_cut_or_no_protobuf_is_refused_and_never_panics() {
    let message = of_kind("v1", "Pod").unwrap();
    let whole = body("v1", "Pod", &message_of(message, sample(message, 2).as_object().unwrap()));
    for length in (0..whole.len()).step_by(5) {
        let _ = object(&whole[..length]);
    }
    for (at, seed) in (4..whole.len()).step_by(11).zip(1_u8..=255) {
        let mut changed = whole.clone();
        changed[at] = changed[at].wrapping_mul(seed).wrapping_add(seed);
        let _ = object(&changed);
    }
    assert!(object(b"{}").unwrap_err().message.contains("expected prefix [107 56 115 0]"));
    assert_eq!(object(&body("example.com/v1", "Thing", &[])).unwrap_err().code, 400);
    assert_eq!(object(&whole[..whole.len() - 1]).unwrap_err().code, 400);
}
