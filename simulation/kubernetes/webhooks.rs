//! Pure: admission webhooks. Where nobody answers one, the server refuses what it is for. One whose Service has a ready pod
//! admits everything, unless the world says otherwise, and changes nothing.
use super::{kinds::Kind, objects::Objects, refusal::Refusal};
use serde_json::{Value, json};

const GROUP: &str = "admissionregistration.k8s.io";

/// Asks the webhooks about a write.
pub(super) fn call(objects: &Objects, kind: &Kind, object: &Value, operation: &str) -> Result<(), Refusal> {
    // Webhooks are never asked about themselves.
    if kind.group == GROUP {
        return Ok(());
    }
    for sort in ["mutating", "validating"] {
        for (_, configuration) in objects.store.all(&format!("{sort}webhookconfigurations.{GROUP}")) {
            for webhook in configuration["webhooks"].as_array().into_iter().flatten() {
                let asked = is_meant(webhook, kind, operation)
                    && selects(&webhook["objectSelector"], &object["metadata"]["labels"])
                    && in_its_namespaces(objects, webhook, object);
                if asked {
                    ask(objects, webhook)?;
                }
            }
        }
    }
    Ok(())
}

/// Asks one webhook. Where nobody answers, its failure policy decides.
fn ask(objects: &Objects, webhook: &Value) -> Result<(), Refusal> {
    if let Some(why) = silence(objects, webhook) {
        return if webhook["failurePolicy"] == "Ignore" { Ok(()) } else { Err(refused(webhook, &why)) };
    }
    let name = webhook["name"].as_str().unwrap_or_default();
    let Some((code, words)) = objects.verdicts.get(name) else { return Ok(()) };
    let why = if words.is_empty() { " without explanation".into() } else { format!(": {words}") };
    // A refusal that names no status is a bad request.
    let code = if *code < 400 { 400 } else { *code };
    Err(Refusal::new(
        code,
        if code == 403 { "Forbidden" } else { "" },
        format!("admission webhook {name:?} denied the request{why}"),
    ))
}

fn is_meant(webhook: &Value, kind: &Kind, operation: &str) -> bool {
    let has =
        |list: &Value, text: &str| list.as_array().is_some_and(|list| list.iter().any(|one| one == text || one == "*"));
    let rules = webhook["rules"].as_array().into_iter().flatten();
    rules.into_iter().any(|rule| {
        has(&rule["apiGroups"], &kind.group)
            && has(&rule["apiVersions"], &kind.version)
            && (has(&rule["resources"], &kind.plural) || has(&rule["resources"], "*/*"))
            && has(&rule["operations"], operation)
    })
}

fn in_its_namespaces(objects: &Objects, webhook: &Value, object: &Value) -> bool {
    let Some(namespace) = object["metadata"]["namespace"].as_str() else { return true };
    let labels = objects.store.get("namespaces", "", namespace).map(|space| space["metadata"]["labels"].clone());
    selects(&webhook["namespaceSelector"], &labels.unwrap_or_else(|| json!({})))
}

/// A selector that says nothing means everything.
fn selects(selector: &Value, labels: &Value) -> bool {
    let says = ["matchLabels", "matchExpressions"].iter().any(|member| !selector[*member].is_null());
    !says || ::kinds::rules::selects(selector, labels)
}

/// Why its Service does not answer.
fn silence(objects: &Objects, webhook: &Value) -> Option<String> {
    let service = webhook["clientConfig"]["service"].as_object()?;
    let text = |member: &str| service.get(member).and_then(Value::as_str).unwrap_or_default();
    let (namespace, name) = (text("namespace"), text("name"));
    if objects.store.get("services", namespace, name).is_none() {
        return Some(format!("service {name:?} not found"));
    }
    let endpoints = objects.store.get("endpoints", namespace, name);
    let subsets = endpoints.and_then(|endpoints| endpoints["subsets"].as_array()).into_iter().flatten();
    let answers = subsets.into_iter().any(|subset| subset["addresses"].as_array().is_some_and(|list| !list.is_empty()));
    (!answers).then(|| format!("no endpoints available for service {name:?}"))
}

fn refused(webhook: &Value, why: &str) -> Refusal {
    let (name, service) = (webhook["name"].as_str().unwrap_or_default(), &webhook["clientConfig"]["service"]);
    let text = |member: &str| service[member].as_str().unwrap_or_default();
    let (port, wait) = (service["port"].as_u64().unwrap_or(443), webhook["timeoutSeconds"].as_u64().unwrap_or(10));
    let url = format!("https://{}.{}.svc:{port}{}?timeout={wait}s", text("name"), text("namespace"), text("path"));
    let why = format!("failed calling webhook {name:?}: failed to call webhook: Post {url:?}: {why}");
    let mut refusal = Refusal::new(500, "InternalError", format!("Internal error occurred: {why}"));
    refusal.details = json!({"causes": [{"message": why}]});
    refusal
}
