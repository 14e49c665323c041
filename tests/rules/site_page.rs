//! docs/site.md, member by member, is made of the schema; its examples are members that a site can have.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]
use bluegreen_core::site::check::{mistakes, schema};
use serde_json::{Map, Value, json};
use std::fmt::Write;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/site.md");
const SHOP: &str = include_str!("../../examples/shop/site.json");
/// What stands above the members.
const HEAD: &str = "# The site file\n\n\
    Everything that must be known to replace the cluster behind a gateway, in one JSON file a site. Comments (`//`, `/* */`) and\n\
    commas before a closing bracket are allowed. `bluegreen site init` writes a first one from what is there\n\
    ([start.md](start.md)); [examples/shop/site.json](../examples/shop/site.json) is a whole one;\n\
    [site.schema.json](site.schema.json) completes it in editors. Nothing counts before it is published:\n\n\
    ```sh\n\
    bluegreen site check site.json      # every mistake at once, each with its place, in the manifests too\n\
    bluegreen site publish site.json    # stores it with its manifests, and reserves the gateway for it\n\
    ```\n\n\
    A run keeps the site as it was when the run began. What a changed file can still mend in it: `resume --with-site`\n\
    ([operate.md](operate.md#steering)). A member that is not listed here is a mistake.\n";
/// What stands below them.
const FOOT: &str = "\n<!-- made of the schema: `BLUEGREEN_WRITE=1 cargo test the_page_of_the_site_file` -->\n";

/// Members that the example of the shop does not show, as a site could have them.
fn examples() -> Map<String, Value> {
    let subnet = |name: &str| {
        format!(
            "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop/providers/Microsoft.Network/virtualNetworks/shop-network/subnets/{name}"
        )
    };
    let mut blue = serde_json::from_str::<Value>(SHOP).unwrap()["slots"]["blue"].clone();
    blue["subnets"] = json!({"user": subnet("blue-user")});
    let mut green = serde_json::from_str::<Value>(SHOP).unwrap()["slots"]["green"].clone();
    green["subnets"] = json!({"user": subnet("green-user")});
    let shown = json!({
        "slots": {"blue": blue, "green": green},
        "gates": [{"before": "CreateCluster"}, {"before": "ShiftTraffic", "stage": 2}],
        "workloads": [{"file": "manifests/shop.yaml"}, {"file": "manifests/dashboards.yaml", "placeholders": false}],
        "controllers": [{"chart": "oci://registry.example.com/charts/ingress-nginx", "version": "4.13.3", "namespace": "ingress"}],
        "smokeTests": [{"url": "http://candidate.shop.example.com/healthz", "connectTo": "10.1.0.10:8080", "contains": "ok"}],
        "clusterChanges": {"properties": {"autoUpgradeProfile": {"nodeOSUpgradeChannel": "None"}}},
        "notCarried": ["maintenanceConfigurations", "locks"],
        "deadlineMinutes": {"CreateCluster": 120},
        "newVersions": "latest-patch",
    });
    shown.as_object().unwrap().clone()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a person asks for the page to be written; no code of ours reads it")]
fn the_page_of_the_site_file_is_made_of_the_schema() {
    let current = page(&schema());
    if std::env::var_os("BLUEGREEN_WRITE").is_some() {
        std::fs::write(PAGE, &current).unwrap();
    }
    let kept = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(kept == current, "docs/site.md is old: run `BLUEGREEN_WRITE=1 cargo test the_page_of_the_site_file`");
}

#[test]
fn every_example_of_the_page_is_one_that_a_site_can_have() {
    for (member, example) in examples() {
        let mut site: Value = serde_json::from_str(SHOP).unwrap();
        site[&member] = example;
        let found: Vec<_> = mistakes(&site).into_iter().map(|it| format!("{}: {}", it.path, it.what)).collect();
        assert!(found.is_empty(), "{member}: {found:?}");
    }
}

fn page(schema: &Value) -> String {
    let mut text = format!("{HEAD}\n## Its members\n\n{}", table(schema, schema));
    let plain = ["clusterChanges", "deadlineMinutes"].map(|member| format!("\"{member}\": {}", examples()[member]));
    let _ = write!(text, "\n```json\n{}\n```\n", plain.join(",\n"));
    let definitions = schema["$defs"].as_object().unwrap();
    for (name, definition) in definitions {
        let users = users(schema, name);
        let _ = write!(text, "\n## {}\n\n{}\n\n", users.join(", "), meaning(definition));
        text += &match definition.get("oneOf") {
            Some(choices) => choices_of(choices),
            None => table(schema, definition),
        };
        // A part of a member is shown with the whole of it.
        let whole = users.iter().map(|user| user.trim_matches('`').trim_end_matches("[]"));
        let examples = whole.filter_map(|member| Some(format!("\"{member}\": {}", example(member)?)));
        let examples = examples.collect::<Vec<_>>().join(",\n");
        if !examples.is_empty() {
            let _ = write!(text, "\n```json\n{examples}\n```\n");
        }
    }
    text + FOOT
}

/// The example of a member, as people write it.
fn example(member: &str) -> Option<String> {
    let shop: Value = serde_json::from_str(SHOP).unwrap();
    Some(laid_out(examples().get(member).or(shop.get(member))?, 0))
}

/// What is short stands on one line.
fn laid_out(value: &Value, depth: usize) -> String {
    let (open, close, entries) = match value {
        _ if value.to_string().len() < 90 => return value.to_string().replace("\":", "\": ").replace(",\"", ", \""),
        Value::Array(entries) => ('[', ']', entries.iter().map(|entry| laid_out(entry, depth + 1)).collect::<Vec<_>>()),
        Value::Object(members) => {
            let entry = |(name, value): (&String, &Value)| format!("\"{name}\": {}", laid_out(value, depth + 1));
            ('{', '}', members.iter().map(entry).collect())
        }
        other => return other.to_string(),
    };
    let (outer, inner) = ("  ".repeat(depth), "  ".repeat(depth + 1));
    format!("{open}\n{inner}{}\n{outer}{close}", entries.join(&format!(",\n{inner}")))
}

/// The type of a member that has one of its own, whether it may be left out or not.
fn referred(member: &Value) -> Option<&str> {
    let reference = member["$ref"].as_str().or(member["anyOf"][0]["$ref"].as_str());
    reference.and_then(|it| it.strip_prefix("#/$defs/"))
}

/// The paths of the members that have this type.
fn users(schema: &Value, name: &str) -> Vec<String> {
    let whole = [("", schema)].into_iter();
    let parts = schema["$defs"].as_object().unwrap().iter().map(|(name, part)| (name.as_str(), part));
    let mut found = vec![];
    for (owner, part) in whole.chain(parts) {
        for (member, value) in part["properties"].as_object().into_iter().flatten() {
            let many = if value["type"] == "array" { "[]" } else { "" };
            let refers = |value: &Value| referred(value) == Some(name);
            if refers(value) || refers(&value["items"]) {
                let above = if owner.is_empty() { vec![String::new()] } else { users(schema, owner) };
                found.extend(above.iter().map(|above| {
                    let above = above.trim_matches('`');
                    let dot = if above.is_empty() { "" } else { "." };
                    format!("`{above}{dot}{member}{many}`")
                }));
            }
        }
    }
    found
}

fn table(schema: &Value, owner: &Value) -> String {
    let mut text = String::from("| member | type | without it | meaning |\n| --- | --- | --- | --- |\n");
    let needed = owner["required"].as_array().cloned().unwrap_or_default();
    for (name, member) in owner["properties"].as_object().unwrap() {
        let without = match member.get("default") {
            _ if needed.contains(&json!(name)) => "**needed**".to_owned(),
            Some(Value::Null) | None => "nothing".to_owned(),
            Some(default) => format!("`{default}`"),
        };
        let _ = writeln!(text, "| `{name}` | {} | {without} | {} |", kind(schema, member), meaning(member));
    }
    text
}

fn choices_of(choices: &Value) -> String {
    let mut text = String::from("| value | meaning |\n| --- | --- |\n");
    for choice in choices.as_array().unwrap() {
        let _ = writeln!(text, "| `{}` | {} |", choice["const"].as_str().unwrap(), meaning(choice));
    }
    text
}

fn meaning(of: &Value) -> String {
    of["description"].as_str().expect("every member says what it means").replace('\n', " ").replace('|', "\\|")
}

/// The type of a member in words, with its bounds.
fn kind(schema: &Value, member: &Value) -> String {
    if let Some(name) = referred(member) {
        let is_choice = schema["$defs"][name].get("oneOf").is_some();
        let anchor = users(schema, name).join(", ").to_lowercase().replace(' ', "-");
        let anchor: String = anchor.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        return format!("[{}](#{anchor})", if is_choice { "one of these" } else { "object" });
    }
    let name = match &member["type"] {
        Value::Array(names) => names[0].as_str(),
        name => name.as_str(),
    };
    let between = |least: &str, most: &str| match (member.get(least), member.get(most)) {
        (Some(least), Some(most)) => format!(", {least} to {most}"),
        (Some(least), None) if *least != json!(0) => format!(", {least} or more"),
        (None, Some(most)) => format!(", {most} at most"),
        _ => String::new(),
    };
    match (name, member["pattern"].as_str(), member["format"].as_str()) {
        (Some("string"), Some(pattern), _) if pattern.starts_with("^(/") => "resource id".to_owned(),
        (Some("string"), Some(pattern), _) => format!("text, `{pattern}`"),
        (Some("string"), None, Some("ipv4")) => "IPv4 address".to_owned(),
        (Some("string"), ..) => format!("text{}", between("minLength", "maxLength")),
        (Some("integer"), ..) => format!("whole number{}", between("minimum", "maximum")),
        (Some("boolean"), ..) => "`true` or `false`".to_owned(),
        (Some("array"), ..) => {
            format!("list of: {}{}", kind(schema, &member["items"]), between("minItems", "maxItems"))
        }
        (Some("object"), ..) if member["additionalProperties"].is_object() => {
            format!("object of: {}", kind(schema, &member["additionalProperties"]))
        }
        (Some("object"), ..) => "object".to_owned(),
        _ => "any JSON".to_owned(),
    }
}
