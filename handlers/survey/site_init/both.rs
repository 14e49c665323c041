//! What runs in the serving cluster and, during an upgrade, in both: a person decides what two of it mean.
use super::controllers::AZURES;
use super::{Found, Sheet};
use crate::resources::answers::{shortened, text};
use crate::workload::twice::twice;
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
