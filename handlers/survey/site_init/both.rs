//! What runs in the serving cluster and, during an upgrade, in both: a person decides what two of it mean.
use super::controllers::AZURES;
use super::{Found, Sheet};
use crate::resources::answers::{shortened, text};
use crate::text::few;
use crate::workload::singletons::{Singleton, SingletonKind};
use crate::workload::twice::twice;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// So many of a kind are named.
const NAMED: usize = 5;

pub(super) fn write(sheet: &mut Sheet, found: &Found) {
    let objects = found.objects.as_deref().unwrap_or_default();
    let mut said: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for object in objects.iter().filter(|object| !AZURES.contains(&text(object, "/metadata/namespace"))) {
        for (_, what) in twice(object) {
            let (namespace, name) = (text(object, "/metadata/namespace"), text(object, "/metadata/name"));
            let name = if namespace.is_empty() {
                shortened(name)
            } else {
                format!("{}/{}", shortened(namespace), shortened(name))
            };
            said.entry((text(object, "/kind").to_owned(), what)).or_default().push(name);
        }
    }
    candidates(sheet, objects);
    for ((kind, what), names) in said {
        let more = names.len().saturating_sub(NAMED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let names = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        sheet.decide("/workloads", &format!("{kind} {names}{more}: {what}."));
    }
    if !found.unseen.is_empty() {
        let kinds = found.unseen.join(", ");
        sheet.note(
            "/workloads",
            &format!("Whether there are objects of the kinds {kinds} could not be seen: look yourself."),
        );
    }
}

/// What may have to run in one cluster only, as the site file names it.
fn candidates(sheet: &mut Sheet, objects: &[Value]) {
    let own = objects.iter().filter(|object| !AZURES.contains(&text(object, "/metadata/namespace")));
    let candidates = own.filter(|object| !twice(object).is_empty()).filter_map(|object| {
        let kind = SingletonKind::ALL.into_iter().find(|kind| kind.name() == text(object, "/kind"))?;
        let (namespace, name) = (text(object, "/metadata/namespace"), text(object, "/metadata/name"));
        Some(Singleton { kind, namespace: namespace.to_owned(), name: name.to_owned() })
    });
    let named: Vec<_> = candidates.map(|one| json!(one).to_string()).collect();
    if named.is_empty() {
        return;
    }
    sheet.set("singletons", json!([]));
    let what = format!(
        "which of these may run in one cluster only: they are applied suspended to the new one, and handed over when it has all \
         the traffic. {}.",
        few(&named, NAMED, " ")
    );
    sheet.decide("/singletons", &what);
}
