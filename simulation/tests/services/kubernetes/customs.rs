//! Custom resources: what their definition's schema lets in, fills in and merges, mostly in the words of a real server (1.36.3).
use super::*;

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const BOXES: &str = "/apis/example.com/v1/namespaces/default/boxes";
const APPLY: &str = "application/apply-patch+yaml";
const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";

fn spec() -> Value {
    let entry = json!({"type": "object", "required": ["host"], "properties": {
        "host": {"type": "string"}, "port": {"type": "integer", "default": 80}, "weight": {"type": "integer"}}});
    json!({"type": "object", "required": ["colour"], "properties": {
        "colour": {"type": "string", "enum": ["red", "blue"]},
        "size": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
        "name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5},
        "until": {"type": "string", "format": "date-time"},
        "when": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        "entries": {"type": "array", "maxItems": 3, "items": entry, "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["host", "port"]},
        "marks": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "whole": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": {"type": "string"}},
        "nested": {"type": "object", "properties": {"on": {"type": "boolean", "default": true}}},
        "one": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
        "inner": {"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true}}})
}

fn definition() -> Value {
    let schema = json!({"type": "object", "required": ["spec"], "properties": {
        "spec": spec(), "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}});
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "boxes.example.com"}, "spec": {"group": "example.com", "scope": "Namespaced",
        "names": {"plural": "boxes", "kind": "Box", "listKind": "BoxesOfAll", "categories": ["all"]},
        "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema},
            "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.there"}},
            "additionalPrinterColumns": [{"name": "Colour", "type": "string", "jsonPath": ".spec.colour"},
                {"name": "Size", "type": "integer", "jsonPath": ".spec.size", "priority": 1}]}]}})
}

/// A world that serves boxes.
fn with_boxes() -> Fleet {
    let mut fleet = fleet(1);
    let (status, said) = call(&mut fleet, "POST", DEFINITIONS, JSON, &definition().to_string(), began());
    assert_eq!(status, 201, "{said}");
    fleet
}

fn a_box(name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Box", "metadata": {"name": name}, "spec": spec})
}

fn post(fleet: &mut Fleet, spec: &Value) -> (u16, Value) {
    call(fleet, "POST", BOXES, JSON, &a_box("one", spec).to_string(), at(10))
}

fn apply(fleet: &mut Fleet, manager: &str, spec: &Value) -> (u16, Value) {
    let path = format!("{BOXES}/one?fieldManager={manager}");
    call(fleet, "PATCH", &path, APPLY, &a_box("one", spec).to_string(), at(10))
}

#[test]
fn what_breaks_the_schema_is_refused_with_all_that_is_wrong() {
    let mut fleet = with_boxes();
    for (spec, expected) in [
        (json!({}), "spec.colour: Required value"),
        (json!({"colour": "green"}), r#"spec.colour: Unsupported value: "green": supported values: "red", "blue""#),
        (
            json!({"colour": "red", "name": true}),
            r#"spec.name: Invalid value: "boolean": spec.name in body must be of type string: "boolean""#,
        ),
        (
            json!({"colour": "red", "size": 10}),
            "spec.size: Invalid value: 10: spec.size in body should be less than or equal to 9",
        ),
        (
            json!({"colour": "red", "name": "Abc"}),
            r#"spec.name: Invalid value: "Abc": spec.name in body should match '^[a-z]+$'"#,
        ),
        (json!({"colour": "red", "name": "abcdef"}), "spec.name: Too long: may not be more than 5 bytes"),
        (
            json!({"colour": "red", "until": "soon"}),
            r#"spec.until: Invalid value: "soon": spec.until in body must be of type date-time: "soon""#,
        ),
        (json!({"colour": "red", "entries": [{"host": "a"}, {"port": 1}]}), "spec.entries[1].host: Required value"),
        (
            json!({"colour": "red", "entries": [{"host": "a"}, {"host": "a", "port": 80}]}),
            r#"spec.entries[1]: Duplicate value: {"host":"a","port":80}"#,
        ),
        (json!({"colour": "red", "marks": ["a", "a"]}), r#"spec.marks[1]: Duplicate value: "a""#),
        (
            json!({"colour": "red", "one": {"a": "", "b": ""}}),
            r#"<nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found 2 valid alternatives"#,
        ),
        (
            json!({"colour": "red", "when": true}),
            r#"<nil>: Invalid value: "": "spec.when" must validate at least one schema (anyOf)"#,
        ),
        (
            json!({"colour": "green", "size": 0}),
            r#"[spec.colour: Unsupported value: "green": supported values: "red", "blue", spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1]"#,
        ),
    ] {
        let (status, said) = post(&mut fleet, &spec);
        assert_eq!(
            (status, said["message"].as_str()),
            (422, Some(&*format!("Box.example.com \"one\" is invalid: {expected}")))
        );
    }
    let (_, said) = post(&mut fleet, &json!({"colour": "red", "name": "abcdef"}));
    assert_eq!(said["details"]["causes"][0]["reason"], "FieldValueTooLong");
}

#[test]
fn defaults_are_filled_in_and_unknown_members_dropped_with_a_warning() {
    let mut fleet = with_boxes();
    let sent = json!({"colour": "red", "sise": 4, "nested": {"off": 1}, "name": null, "when": "9", "inner": {"any": 1},
        "entries": [{"host": "a", "x": 1}]});
    let ask = http::Request::post(format!("https://{HOST}{BOXES}")).header("authorization", "Bearer operator");
    let ask = ask.header("content-type", JSON).body(a_box("one", &sent).to_string().into()).unwrap();
    let reply = fleet.respond(HOST, &ask, at(10)).unwrap();
    let warnings: Vec<_> =
        reply.headers().get_all("warning").iter().map(|text| text.to_str().unwrap().to_owned()).collect();
    let unknown = |path: &str| format!(r#"299 - "unknown field \"{path}\"""#);
    assert_eq!(warnings, ["spec.sise", "spec.nested.off", "spec.entries[0].x"].map(unknown));
    let made = json_of(reply.into_body());
    let expected = json!({"colour": "red", "nested": {"on": true}, "when": "9", "inner": {"any": 1},
        "entries": [{"host": "a", "port": 80}], "size": 3});
    assert_eq!(made["spec"], expected);
    let strict = a_box("two", &json!({"colour": "red", "sise": 4})).to_string();
    let (status, said) = call(&mut fleet, "POST", &format!("{BOXES}?fieldValidation=Strict"), JSON, &strict, at(10));
    let words = r#"Box in version "v1" cannot be handled as a Box: strict decoding error: unknown field "spec.sise""#;
    assert_eq!((status, said["message"].as_str()), (400, Some(words)));
}

#[test]
fn managers_share_keyed_lists_and_sets_but_not_what_is_atomic() {
    let mut fleet = with_boxes();
    let whole = json!({"a": "1"});
    let alice =
        json!({"colour": "red", "entries": [{"host": "a", "port": 1, "weight": 1}], "marks": ["x"], "whole": whole});
    assert_eq!(apply(&mut fleet, "alice", &alice).0, 201);
    let (status, both) =
        apply(&mut fleet, "bob", &json!({"colour": "red", "entries": [{"host": "b", "port": 1}], "marks": ["y"]}));
    assert_eq!(status, 200, "{both}");
    assert_eq!(both["spec"]["marks"], json!(["x", "y"]));
    assert_eq!(both["spec"]["entries"].as_array().unwrap().len(), 2);
    for (spec, field) in [
        (
            json!({"colour": "red", "entries": [{"host": "a", "port": 1, "weight": 2}]}),
            ".spec.entries[host=\"a\",port=1].weight",
        ),
        (json!({"colour": "red", "whole": {"b": "2"}}), ".spec.whole"),
    ] {
        let (status, said) = apply(&mut fleet, "carol", &spec);
        assert_eq!((status, said["details"]["causes"][0]["field"].as_str()), (409, Some(field)));
    }
}

#[test]
fn a_key_that_is_not_said_has_its_default() {
    let mut fleet = with_boxes();
    let entry = |entry: Value| json!({"colour": "red", "entries": [entry]});
    assert_eq!(apply(&mut fleet, "alice", &entry(json!({"host": "a", "weight": 1}))).0, 201);
    let (status, same) = apply(&mut fleet, "alice", &entry(json!({"host": "a", "port": 80, "weight": 2})));
    assert_eq!((status, &same["spec"]["entries"]), (200, &json!([{"host": "a", "weight": 2, "port": 80}])));
}

#[test]
fn what_a_newer_schema_does_not_allow_may_stay_as_it_was() {
    let mut fleet = with_boxes();
    assert_eq!(post(&mut fleet, &json!({"colour": "blue"})).0, 201);
    let colours = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/colour/enum";
    let patch = json!([{"op": "replace", "path": colours, "value": ["red"]}]).to_string();
    let place = format!("{DEFINITIONS}/boxes.example.com");
    assert_eq!(call(&mut fleet, "PATCH", &place, "application/json-patch+json", &patch, at(20)).0, 200);
    let mut patch = |spec: Value| {
        call(&mut fleet, "PATCH", &format!("{BOXES}/one"), MERGE, &json!({"spec": spec}).to_string(), at(30)).0
    };
    assert_eq!(
        (patch(json!({"size": 4})), patch(json!({"size": 10})), patch(json!({"colour": "green"}))),
        (200, 422, 422)
    );
}

#[test]
fn an_apply_of_what_the_schema_has_not_is_a_500() {
    let mut fleet = with_boxes();
    for (spec, expected) in [
        (json!({"colour": "red", "sise": 1}), ".spec.sise: field not declared in schema"),
        (json!({"colour": "red", "size": "1"}), ".spec.size: expected numeric (int or float), got string"),
        (
            json!({"colour": "red", "entries": [{"host": "a", "port": 1, "x": 1}]}),
            ".spec.entries[host=\"a\",port=1].x: field not declared in schema",
        ),
    ] {
        let (status, said) = apply(&mut fleet, "alice", &spec);
        let words = format!("failed to create typed patch object (/one; example.com/v1, Kind=Box): {expected}");
        assert_eq!((status, said["message"].as_str()), (500, Some(&*words)));
    }
}

#[test]
fn generations_count_the_spec_and_scale_is_where_the_definition_says() {
    let mut fleet = with_boxes();
    assert_eq!(post(&mut fleet, &json!({"colour": "red"})).0, 201);
    let one = format!("{BOXES}/one");
    let mut patch = |path: &str, patch: Value| call(&mut fleet, "PATCH", path, MERGE, &patch.to_string(), at(20)).1;
    assert_eq!(
        patch(&one, json!({"metadata": {"labels": {"a": "b"}}, "status": {"there": 9}}))["metadata"]["generation"],
        1
    );
    let status = patch(&format!("{one}/status"), json!({"status": {"there": 2}, "spec": {"size": 7}}));
    assert_eq!((&status["metadata"]["generation"], &status["spec"]["size"]), (&json!(1), &json!(3)));
    let scale = patch(&format!("{one}/scale"), json!({"spec": {"replicas": 5}}));
    assert_eq!((&scale["spec"], &scale["status"]), (&json!({"replicas": 5}), &json!({"replicas": 2})));
    let read = get(&mut fleet, &one, at(30));
    assert_eq!((&read["metadata"]["generation"], &read["spec"]["size"]), (&json!(2), &json!(5)));
    let strategic = "application/strategic-merge-patch+json";
    let (status, said) = call(&mut fleet, "PATCH", &one, strategic, "{}", at(30));
    assert_eq!(status, 415);
    assert!(
        said["message"]
            .as_str()
            .unwrap()
            .ends_with("json-patch+json, application/merge-patch+json, application/apply-patch+yaml")
    );
    let (status, said) =
        call(&mut fleet, "PUT", &one, JSON, &a_box("one", &json!({"colour": "red"})).to_string(), at(30));
    let words = "boxes.example.com \"one\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update";
    assert_eq!((status, said["message"].as_str()), (422, Some(words)));
}

#[test]
fn lists_tables_and_discovery_say_what_the_definition_says() {
    let mut fleet = with_boxes();
    post(&mut fleet, &json!({"colour": "red"}));
    assert_eq!(get(&mut fleet, BOXES, at(20))["kind"], "BoxesOfAll");
    assert_eq!(get(&mut fleet, "/apis/example.com/v1", at(20))["resources"][0]["categories"], json!(["all"]));
    let ask = http::Request::get(format!("https://{HOST}{BOXES}")).header("authorization", "Bearer operator");
    let ask = ask.header("accept", "application/json;as=Table;v=v1;g=meta.k8s.io").body(bytes::Bytes::new()).unwrap();
    let table = json_of(fleet.respond(HOST, &ask, at(20)).unwrap().into_body());
    let names = table["columnDefinitions"].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["Name", "Colour", "Size"]);
    assert_eq!(table["rows"][0]["cells"], json!(["one", "red", 3]));
}

#[test]
fn a_definition_must_be_whole_and_structural() {
    let mut fleet = fleet(1);
    let with = |path: &str, value: Value| {
        let mut definition = definition();
        *definition.pointer_mut(path).unwrap() = value;
        definition
    };
    let at_schema = "spec.versions[0].schema.openAPIV3Schema";
    for (definition, expected) in [
        (with("/spec/versions/0/schema", Value::Null), format!("{at_schema}: Required value")),
        (
            with("/spec/scope", json!("Global")),
            "spec.scope: Unsupported value: \"Global\": supported values: \"Cluster\", \"Namespaced\"".into(),
        ),
        (
            with("/metadata/name", json!("boxes.other.com")),
            "metadata.name: Invalid value: \"boxes.other.com\": must be spec.names.plural+\".\"+spec.group".into(),
        ),
        (
            with("/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/nested", json!({})),
            format!(
                "{at_schema}.properties[spec].properties[nested].type: Required value: must not be empty for specified object fields"
            ),
        ),
    ] {
        let (status, said) = call(&mut fleet, "POST", DEFINITIONS, JSON, &definition.to_string(), began());
        let name = definition["metadata"]["name"].as_str().unwrap();
        let words = format!("CustomResourceDefinition.apiextensions.k8s.io {name:?} is invalid: {expected}");
        assert_eq!((status, said["message"].as_str()), (422, Some(&*words)));
    }
}

#[test]
fn a_changed_definition_counts_at_once_and_its_scope_never_changes() {
    let mut fleet = with_boxes();
    assert_eq!(post(&mut fleet, &json!({"colour": "green"})).0, 422);
    let place = format!("{DEFINITIONS}/boxes.example.com");
    let colours = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/colour/enum/-";
    let patch = json!([{"op": "add", "path": colours, "value": "green"}]).to_string();
    assert_eq!(call(&mut fleet, "PATCH", &place, "application/json-patch+json", &patch, at(20)).0, 200);
    assert_eq!(post(&mut fleet, &json!({"colour": "green"})).0, 201);
    let (status, said) = call(&mut fleet, "PATCH", &place, MERGE, r#"{"spec": {"scope": "Cluster"}}"#, at(20));
    let words = "CustomResourceDefinition.apiextensions.k8s.io \"boxes.example.com\" is invalid: spec.scope: Invalid value: \"Cluster\": field is immutable";
    assert_eq!((status, said["message"].as_str()), (422, Some(words)));
}

#[test]
fn a_definition_waits_for_the_end_of_its_objects() {
    let mut fleet = with_boxes();
    let mut held = a_box("one", &json!({"colour": "red"}));
    held["metadata"]["finalizers"] = json!(["example.com/held"]);
    call(&mut fleet, "POST", BOXES, JSON, &held.to_string(), at(10));
    let place = format!("{DEFINITIONS}/boxes.example.com");
    let (status, said) = call(&mut fleet, "DELETE", &place, JSON, "", at(20));
    assert_eq!((status, said["kind"].as_str()), (200, Some("CustomResourceDefinition")));
    assert_eq!(said["metadata"]["finalizers"], json!(["customresourcecleanup.apiextensions.k8s.io"]));
    assert!(get(&mut fleet, &format!("{BOXES}/one"), at(40))["metadata"]["deletionTimestamp"].is_string());
    let freed = r#"{"metadata": {"finalizers": null}}"#;
    assert_eq!(call(&mut fleet, "PATCH", &format!("{BOXES}/one"), MERGE, freed, at(50)).0, 200);
    assert_eq!(get(&mut fleet, &place, at(60))["code"], 404);
    assert_eq!(call(&mut fleet, "GET", BOXES, JSON, "", at(60)).0, 404);
}
