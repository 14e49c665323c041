//! Pure: field selectors: which fields of which kind may be asked for, and how the text is read.
use crate::kubernetes::{kinds::Kind, refusal::Refusal};
use serde_json::Value;

/// Fields beside name and namespace, of the kinds that have such.
const TABLE: &[(&str, &str)] = &[
    (
        "Pod",
        "spec.nodeName,spec.restartPolicy,spec.schedulerName,spec.serviceAccountName,spec.hostNetwork,status.phase,\
         status.podIP,status.podIPs,status.nominatedNodeName",
    ),
    ("Node", "spec.unschedulable"),
    ("Namespace", "status.phase"),
    ("Secret", "type"),
    ("ReplicationController", "status.replicas"),
    ("Service", "spec.clusterIP,spec.type"),
    ("CertificateSigningRequest", "spec.signerName"),
    (
        "Event",
        "involvedObject.kind,involvedObject.namespace,involvedObject.name,involvedObject.uid,involvedObject.apiVersion,\
         involvedObject.resourceVersion,involvedObject.fieldPath,reason,reportingComponent,source,type",
    ),
];
/// Fields that read `false` where nothing is said.
const FLAGS: &[&str] = &["spec.unschedulable", "spec.hostNetwork"];

/// One condition.
#[derive(Clone, Debug)]
pub(super) struct Field {
    path: String,
    equal: bool,
    text: String,
}

impl Field {
    pub fn holds(&self, object: &Value) -> bool {
        let found = self.path.split('.').fold(object, |value, name| &value[name]);
        let found = match found {
            Value::String(text) => text.clone(),
            Value::Null if FLAGS.contains(&self.path.as_str()) => "false".into(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        (found == self.text) == self.equal
    }
}

/// Reads a field selector for a kind.
pub(super) fn read(kind: &Kind, selector: &str) -> Result<Vec<Field>, Refusal> {
    split(selector).into_iter().filter(|part| !part.is_empty()).map(|part| one(kind, part)).collect()
}

/// At commas that no backslash precedes.
fn split(selector: &str) -> Vec<&str> {
    let (mut parts, mut start, mut escaped) = (vec![], 0, false);
    for (at, letter) in selector.char_indices() {
        if letter == ',' && !escaped {
            parts.push(&selector[start..at]);
            start = at + 1;
        }
        escaped = letter == '\\' && !escaped;
    }
    parts.push(&selector[start..]);
    parts
}

fn one(kind: &Kind, part: &str) -> Result<Field, Refusal> {
    let at = part.char_indices().find_map(|(at, _)| {
        ["!=", "==", "="].into_iter().find(|sign| part[at..].starts_with(sign)).map(|sign| (at, sign))
    });
    let Some((at, sign)) = at else {
        return Err(Refusal::bad_request(format!("invalid selector: '{part}'; can't understand '{part}'")));
    };
    let text = unescaped(&part[at + sign.len()..]).map_err(Refusal::bad_request)?;
    let path = known(kind, &part[..at])?;
    Ok(Field { path, equal: sign != "!=", text })
}

fn unescaped(text: &str) -> Result<String, String> {
    let (mut plain, mut letters) = (String::new(), text.chars());
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(escaped @ ('\\' | ',' | '=')) => plain.push(escaped),
                other => {
                    let other = other.map(String::from).unwrap_or_default();
                    return Err(format!("invalid field selector: invalid escape sequence: \\{other}"));
                }
            },
            ',' | '=' => {
                return Err(format!("invalid field selector: unescaped character in value: {}", u32::from(letter)));
            }
            other => plain.push(other),
        }
    }
    Ok(plain)
}

fn known(kind: &Kind, label: &str) -> Result<String, Refusal> {
    let own = TABLE.iter().find(|(name, _)| kind.built_in && *name == kind.kind).map(|(_, fields)| *fields);
    // The newer events name what they are about otherwise.
    let newer = kind.group == "events.k8s.io";
    let label = match label.strip_prefix("regarding.") {
        Some(rest) if newer => format!("involvedObject.{rest}"),
        _ if newer && label == "reportingController" => "reportingComponent".into(),
        _ => label.to_owned(),
    };
    let cluster_wide = kind.built_in && !kind.namespaced && own.is_some();
    if label == "metadata.name" || label == "metadata.namespace" && !cluster_wide {
        return Ok(label);
    }
    if own.is_some_and(|fields| fields.split(',').any(|field| field == label)) {
        return Ok(if label == "source" { "source.component".into() } else { label });
    }
    Err(Refusal::bad_request(if own.is_some() || !kind.built_in {
        format!("field label not supported: {label}")
    } else {
        format!("{label:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
    }))
}
