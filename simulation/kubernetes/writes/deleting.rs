//! Deleting objects: at once, or as soon as nobody holds them back.
use super::{find, target::Target};
use crate::kubernetes::{
    conditions::has_finalizers, definitions, finalizers, kinds::Kind, moments::second, objects::Objects, place::Query,
    refusal::Refusal, view::shown,
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Whether a deletion shall only be tried, by the query or by its options.
pub(in crate::kubernetes) fn is_dry(options: &Value, query: &Query) -> bool {
    query.dry_run() || options["dryRun"].as_array().is_some_and(|list| list.iter().any(|one| one == "All"))
}

/// Deletes an object; the answer is the object while it lingers, else a `Status`.
pub(in crate::kubernetes) fn delete(
    objects: &mut Objects,
    target: &Target,
    options: &Value,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let kind = target.kind;
    let live = find(objects, target)?;
    hold_preconditions(target, options, &live)?;
    if kind.kind == "Namespace" && matches!(target.name, "default" | "kube-system" | "kube-public") {
        return Err(Refusal::forbidden(kind, target.name, "this namespace may not be deleted"));
    }
    let name = (target.namespace.to_owned(), target.name.to_owned());
    let mut object = (*live).clone();
    let held_by = match options["propagationPolicy"].as_str() {
        Some("Foreground") => Some("foregroundDeletion"),
        Some("Orphan") => Some("orphan"),
        _ => None,
    };
    let begins = object["metadata"]["deletionTimestamp"].is_null();
    if let Some(finalizer) = held_by.filter(|_| begins) {
        finalizers::hold(&mut object, finalizer);
    }
    let of_definition = kind.built_in && kind.kind == "CustomResourceDefinition";
    if begins && of_definition {
        definitions::begin_end(&mut object, now);
    }
    let is_pod = kind.built_in && kind.kind == "Pod";
    let runs = is_pod && object["spec"]["nodeName"].is_string();
    let grace = options["gracePeriodSeconds"].as_u64();
    let grace = grace.or_else(|| object["spec"]["terminationGracePeriodSeconds"].as_u64()).unwrap_or(30);
    let grace = if runs { grace } else { 0 };
    let lingers = has_finalizers(&object) || kind.kind == "Namespace" || grace > 0;
    let of_space = kind.kind == "Namespace" && kind.built_in;
    if begins {
        object["metadata"]["deletionTimestamp"] = json!(second(now));
        // The end of a namespace or a definition is no change of it.
        if !of_space && !of_definition {
            object["metadata"]["deletionGracePeriodSeconds"] = json!(grace);
            if let Some(generation) = object["metadata"]["generation"].as_u64() {
                object["metadata"]["generation"] = json!(generation + 1);
            }
        }
        if of_space {
            object["status"]["phase"] = json!("Terminating");
        }
    }
    if target.dry_run && (lingers || is_pod) {
        return Ok(shown(kind, &object));
    }
    if lingers {
        let stored = objects.store.put(&kind.resource(), &name, object);
        return Ok(shown(kind, &stored));
    }
    if !target.dry_run {
        objects.take_out(&kind.resource(), &name);
    }
    Ok(if is_pod && options["gracePeriodSeconds"] != 0 {
        shown(kind, &object)
    } else {
        success(kind, target.name, &live)
    })
}

fn success(kind: &Kind, name: &str, live: &Value) -> Value {
    let mut details = json!({"name": name, "kind": kind.plural, "uid": live["metadata"]["uid"]});
    if !kind.group.is_empty() {
        details["group"] = json!(kind.group);
    }
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}

fn hold_preconditions(target: &Target, options: &Value, live: &Value) -> Result<(), Refusal> {
    for (field, named, why) in [
        ("uid", "UID", "The object might have been deleted and then recreated"),
        ("resourceVersion", "ResourceVersion", "The object might have been modified"),
    ] {
        let Some(asked) = options["preconditions"][field].as_str() else { continue };
        let found = live["metadata"][field].as_str().unwrap_or_default();
        if asked != found {
            // The real server names the kind here where it means the resource.
            let kind = Kind { plural: target.kind.kind.clone(), ..target.kind.clone() };
            let why = format!(
                "the {named} in the precondition ({asked}) does not match the {named} in record ({found}). {why}"
            );
            return Err(Refusal::conflict(&kind, target.name, &why));
        }
    }
    Ok(())
}

/// Refuses finalizers that an object gets while it is being deleted.
pub(super) fn refuse_new_finalizers(kind: &Kind, before: Option<&Value>, object: &Value) -> Result<(), Refusal> {
    let Some(before) = before.filter(|before| before["metadata"]["deletionTimestamp"].is_string()) else {
        return Ok(());
    };
    let of = |object: &Value| object["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
    let old = of(before);
    let new: Vec<String> = of(object).iter().filter(|one| !old.contains(one)).map(Value::to_string).collect();
    if new.is_empty() {
        return Ok(());
    }
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let wrong = format!(
        "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
        new.join(", ")
    );
    let mut refusal = Refusal::invalid(kind, name, "metadata.finalizers", "FieldValueForbidden", &wrong);
    // The real server finds it twice.
    let cause = refusal.details["causes"][0].clone();
    refusal.details["causes"] = json!([cause, cause]);
    Err(refusal)
}
