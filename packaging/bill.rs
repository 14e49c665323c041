//! The bill of materials in CycloneDX 1.6 (ECMA-424): every crate of the build, with licence, source and digest.
use crate::crates::{Crates, Id};
use jiff::Timestamp;
use serde_json::{Value, json};

/// What was built, and with what.
#[derive(Clone, Debug)]
pub struct Build {
    /// The time of the source, not of the build.
    pub at: Timestamp,
    /// The target's triple.
    pub target: String,
    /// The SHA-256 of the executable, in hexadecimal.
    pub executable: String,
    /// The versions of the tools that decide the bytes: name, version line.
    pub tools: Vec<(String, String)>,
}

/// The document. Crates that are used only while building have the scope `excluded`.
#[must_use]
pub fn of(crates: &Crates, build: &Build) -> Value {
    let mut product = component(crates, &crates.root, "application");
    product["hashes"] = sha_256(&build.executable);
    let others = || crates.all.keys().filter(|id| **id != crates.root);
    let tools = build.tools.iter().map(|(name, version)| property(name, version));
    let properties: Vec<_> = std::iter::once(property("target", &build.target)).chain(tools).collect();
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": build.at.to_string(),
            "component": product,
            "properties": properties,
        },
        "components": others().map(|id| component(crates, id, "library")).collect::<Vec<_>>(),
        "dependencies": crates
            .all
            .iter()
            .map(|(id, one)| json!({"ref": purl(id), "dependsOn": one.needs.iter().map(purl).collect::<Vec<_>>()}))
            .collect::<Vec<_>>(),
    })
}

fn component(crates: &Crates, id: &Id, kind: &str) -> Value {
    let one = &crates.all[id];
    let mut component = json!({
        "type": kind,
        "bom-ref": purl(id),
        "name": id.0,
        "version": id.1,
        "scope": if one.linked { "required" } else { "excluded" },
        "purl": purl(id),
    });
    if let Some(digest) = &one.digest {
        component["hashes"] = sha_256(digest);
    }
    if !one.licence.is_empty() {
        component["licenses"] = json!([{"expression": one.licence}]);
    }
    if !one.repository.is_empty() {
        component["externalReferences"] = json!([{"type": "vcs", "url": one.repository}]);
    }
    component
}

fn sha_256(digest: &str) -> Value {
    json!([{"alg": "SHA-256", "content": digest}])
}

fn property(name: &str, value: &str) -> Value {
    json!({"name": format!("build:{name}"), "value": value})
}

/// <https://github.com/package-url/purl-spec>: a plus in a version is escaped.
fn purl((name, version): &Id) -> String {
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}
