//! What is to be pinned, and to how much.
use super::placed::marked;
use super::scaled::{Counts, LISTED, Scaled, Workload, owner, replicas};
use super::{Field, MOST, Pin};
use crate::resources::answers::{list, number, text};
use crate::resources::object::{describe, name};
use serde_json::Value;

/// How many pods each workload of the new cluster should have: by `Deployment shop/web`.
pub type Wishes = Counts;

/// What is to be pinned in a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planned {
    /// The pins that are not in force.
    pub pins: Vec<Pin>,
    /// What cannot be as large as it should be, whatever is pinned, and why: for a person.
    pub short: Vec<String>,
    /// What is not pinned, and why: it would be one too many, or whoever owns it sizes it.
    pub beyond: Vec<String>,
    /// What a reconciler owns: the object, the line for its repository, and who it is.
    pub reconciled: Vec<String>,
    /// What is pinned and a Helm release owns: its next upgrade sets it back.
    pub released: Vec<String>,
}

/// What the old cluster's workloads come to: each has what it has now; where an autoscaler rules, at least what it had in the
/// last hour, and its own minimum, but no more than its maximum. What a person has sized stays as it was sized.
#[must_use]
pub fn wishes(old: &Scaled, hour: &Counts, covers: impl Fn(&str) -> bool) -> Wishes {
    let wish = |workload: Workload<'_>| {
        let (key, now) = (workload.key, workload.now);
        let wanted = match workload.ruler {
            None => now,
            Some((field, ruler)) => {
                let lately = now.max(hour.get(&key).copied().unwrap_or(0));
                // A minimum holds while something triggers.
                let is_idle = idle(field, ruler).is_some_and(|idle| lately <= idle);
                let least = own(field, ruler).filter(|_| !is_idle).unwrap_or(0);
                lately.max(least).min(most(field, ruler))
            }
        };
        (key, wanted)
    };
    let covered = |workload: &Workload<'_>| {
        let object = workload.object.or(workload.ruler.map(|(_, ruler)| ruler));
        object.is_some_and(|object| covers(text(object, "/metadata/namespace")))
    };
    old.workloads().filter(covered).map(wish).collect()
}

/// What of these wishes is to be pinned in a cluster for this run. Sizes without an autoscaler are only given to the new one:
/// nobody shrinks the old one's.
#[must_use]
pub fn planned(scaled: &Scaled, wishes: &Wishes, run: &str, sizes: bool) -> Planned {
    let mut planned = Planned::default();
    let left = scaled.left_alone(|_| true).filter(|(key, _)| wishes.contains_key(key));
    planned.beyond.extend(left.map(|(_, why)| why));
    for workload in scaled.workloads() {
        let Some(wish) = wishes.get(&workload.key).copied() else { continue };
        match (workload.ruler, workload.object) {
            (Some((field, ruler)), _) => planned.bound(&workload, field, ruler, wish, run),
            (None, Some(object)) if sizes => planned.size(&workload, object, wish),
            (None, _) => {}
        }
    }
    planned
        .pins
        .sort_by(|one, other| (one.kind, &one.namespace, &one.name).cmp(&(other.kind, &other.namespace, &other.name)));
    for pin in planned.pins.drain(MOST.min(planned.pins.len())..) {
        planned.beyond.push(format!("{pin} is one pin too many for a run ({MOST})"));
    }
    planned
}

impl Planned {
    /// An autoscaler's minimum, which goes no further than its maximum.
    fn bound(&mut self, workload: &Workload<'_>, field: Field, ruler: &Value, wish: u64, run: &str) {
        let live = number(ruler, &format!("/spec/{}", field.member()));
        let is_anothers = marked(ruler).is_some_and(|mark| mark.run != run);
        let most = most(field, ruler);
        if wish > most {
            self.short.push(format!("{} wants {wish} pods, and {} allows {most}", workload.key, describe(ruler)));
        }
        // It counts more than any minimum.
        if let Some(idle) = idle(field, ruler).filter(|idle| *idle < wish) {
            let what = format!("{} wants {wish} pods, and {}", workload.key, describe(ruler));
            self.short.push(format!("{what} has {idle} while nothing triggers it (idleReplicaCount): take that out"));
        }
        // Another run's pin is taken over: whoever takes that run's pins away would take this one's ground.
        let to = wish.min(most).max(live.filter(|_| is_anothers).unwrap_or(0));
        if to > live.unwrap_or(0) || is_anothers {
            self.add(workload, field, ruler, live, to);
        }
    }

    /// The size of what no autoscaler rules. Whoever owns it rules it.
    fn size(&mut self, workload: &Workload<'_>, object: &Value, wish: u64) {
        let live = replicas(object);
        if wish > live
            && let Some(owner) = owner(object)
        {
            // How many there are follows from something else than users: nodes, say.
            let whose = format!("{} {} sizes it", text(owner, "/kind"), text(owner, "/name"));
            self.beyond.push(format!("{} has {live} pods, in the old cluster {wish}: {whose}", describe(object)));
        } else if wish > live && !LISTED.contains(&text(object, "/kind")) {
            let whose = format!("only people size a {}", text(object, "/kind"));
            self.short.push(format!("{} has {live} pods, in the old cluster {wish}: {whose}", describe(object)));
        } else if wish > live {
            let field = if text(object, "/kind") == "StatefulSet" { Field::StatefulSet } else { Field::Deployment };
            self.add(workload, field, object, Some(live), wish);
        }
    }

    fn add(&mut self, workload: &Workload<'_>, field: Field, object: &Value, live: Option<u64>, to: u64) {
        if let Some(manager) = reconciler(object, field) {
            let line = format!("{}: spec.{}: {to} ({manager} owns it)", describe(object), field.member());
            return self.reconciled.push(line);
        }
        if let Some(release) = release(object, field) {
            self.released.push(format!("{}: spec.{}: {to} ({release})", describe(object), field.member()));
        }
        let (kind, name_of_it) = workload.key.split_once(' ').unwrap_or_default();
        self.pins.push(Pin {
            kind: field,
            namespace: text(object, "/metadata/namespace").to_owned(),
            name: name(object).to_owned(),
            uid: text(object, "/metadata/uid").to_owned(),
            workload: format!("{kind} {}", name_of_it.rsplit('/').next().unwrap_or_default()),
            before: unpinned(object, live),
            to,
        });
    }
}

/// How many pods an autoscaler allows.
fn most(field: Field, ruler: &Value) -> u64 {
    match field {
        Field::ScaledObject => number(ruler, "/spec/maxReplicaCount").unwrap_or(100),
        _ => number(ruler, "/spec/maxReplicas").unwrap_or(u64::MAX),
    }
}

/// How many pods KEDA keeps while nothing triggers, where that is another number than the minimum.
fn idle(field: Field, ruler: &Value) -> Option<u64> {
    number(ruler, "/spec/idleReplicaCount").filter(|_| field == Field::ScaledObject)
}

/// A minimum of its own, without what an earlier run has made of it.
fn own(field: Field, ruler: &Value) -> Option<u64> {
    unpinned(ruler, number(ruler, &format!("/spec/{}", field.member())))
}

/// A count without what an earlier run has made of it. Where it is not as that run has left it, somebody has written it since.
fn unpinned(object: &Value, live: Option<u64>) -> Option<u64> {
    marked(object).filter(|mark| live == Some(mark.to)).map_or(live, |mark| mark.before)
}

/// By what the managers of those are known who set back whatever differs from their repository.
const RECONCILERS: [&str; 10] = [
    "kustomize-controller",
    "helm-controller",
    "flux",
    "argocd",
    "argo-cd",
    "fleet",
    "kapp",
    "configsync",
    "crossplane",
    "pulumi-kubernetes-operator",
];

/// Who would set this count back: the controller of the object itself, or a reconciler that owns the field.
fn reconciler(object: &Value, field: Field) -> Option<String> {
    reconciler_of(object, &format!("/fieldsV1/f:spec/f:{}", field.member()))
}

/// The reconciler that owns a field, or controls the object itself: it would set the field back. The field's place is that in
/// an entry of `managedFields`.
pub fn reconciler_of(object: &Value, field: &str) -> Option<String> {
    if let Some(owner) = owner(object) {
        return Some(format!("{} {}", text(owner, "/kind"), text(owner, "/name")));
    }
    let owns = |entry: &&Value| entry.pointer(field).is_some();
    let managers = list(object, "/metadata/managedFields").iter().filter(owns).map(|entry| text(entry, "/manager"));
    managers.into_iter().find(|manager| reconciles(manager)).map(str::to_owned)
}

/// The Helm release that owns this count: nobody sets it back by himself, but whoever upgrades the release does.
fn release(object: &Value, field: Field) -> Option<String> {
    let at = format!("/fieldsV1/f:spec/f:{}", field.member());
    let owns = |entry: &&Value| entry.pointer(&at).is_some();
    let entries = list(object, "/metadata/managedFields");
    entries.iter().filter(owns).find(|entry| text(entry, "/manager") == "helm")?;
    let named = |member: &str| text(&object["metadata"]["annotations"], member).to_owned();
    let (space, release) = (named("/meta.helm.sh~1release-namespace"), named("/meta.helm.sh~1release-name"));
    Some(if release.is_empty() { "a Helm release".into() } else { format!("the Helm release {space}/{release}") })
}

/// Whether a manager of fields is a reconciler.
#[must_use]
pub fn reconciles(manager: &str) -> bool {
    RECONCILERS.iter().any(|known| manager.to_lowercase().starts_with(known))
}
