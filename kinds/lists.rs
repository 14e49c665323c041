//! Pure: lists whose items are known by a key, or by themselves, so that none may be there twice: `lists.txt` has those of
//! Kubernetes' own types, as its OpenAPI document has them (`x-kubernetes-list-type`). What it does not name is one whole.
use crate::{Shape, Type};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// How a list's items are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Items {
    /// Each by itself.
    Set,
    /// Each by these members, in their order.
    Keyed(&'static [&'static str]),
}

static TABLE: LazyLock<HashMap<(&'static str, &'static str), Items>> = LazyLock::new(|| {
    let (mut table, mut current) = (HashMap::new(), "");
    for line in include_str!("lists.txt").lines() {
        let Some(list) = line.strip_prefix(' ') else {
            current = line;
            continue;
        };
        let (member, keys) = list.split_once(' ').unwrap_or((list, ""));
        let keyed = || Items::Keyed(Vec::leak(keys.split(' ').collect()));
        table.insert((current, member), if keys.is_empty() { Items::Set } else { keyed() });
    }
    table
});

/// How the items of this member of a type are told apart; `None`: they are not, or it is no list.
#[must_use]
pub fn items_of(of: Type, member: &str) -> Option<Items> {
    TABLE.get(&(of.0, member)).copied()
}

/// The same for what lies at these members of an object, lists' items and their places left out.
#[must_use]
pub fn items_at(api_version: &str, kind: &str, path: &[&str]) -> Option<Items> {
    let (last, above) = path.split_last()?;
    items_of(Type::of(api_version, kind)?.at(above)?.item(), last)
}

/// What lies twice in an object's lists, in the words of a server to which it is applied. Of a kind that is not known here,
/// what all have is judged.
#[must_use]
pub fn twice(api_version: &str, kind: &str, object: &Value) -> Vec<String> {
    let mut found = vec![];
    match Type::of(api_version, kind) {
        Some(of) => walk(object, of, "", &mut found),
        None => walk(&object["metadata"], Type("meta.v1.ObjectMeta"), ".metadata", &mut found),
    }
    found
}

fn walk(value: &Value, of: Type, place: &str, found: &mut Vec<String>) {
    match (of.shape(), value) {
        (Shape::Object(members), Value::Object(object)) => {
            for (name, value) in object {
                let Some(member) = members.get(name.as_str()) else { continue };
                let place = format!("{place}.{name}");
                match (items_of(of, name), member.of.shape(), value) {
                    (Some(items), Shape::List(item), Value::Array(values)) => {
                        let keys = |value: &Value| Some(shown(&key(value, items, Some(item))));
                        found.extend(repeated(&place, values, keys));
                        for value in values {
                            walk(value, item, &format!("{place}{}", shown(&key(value, items, Some(item)))), found);
                        }
                    }
                    _ => walk(value, member.of, &place, found),
                }
            }
        }
        (Shape::List(item), Value::Array(values)) => {
            values.iter().enumerate().for_each(|(at, value)| walk(value, item, &format!("{place}[{at}]"), found));
        }
        (Shape::Map(item), Value::Object(members)) => {
            members.iter().for_each(|(name, value)| walk(value, item, &format!("{place}.{name}"), found));
        }
        _ => {}
    }
}

/// What of a list has the key of something before it, each key once; an item without one is not judged.
pub fn repeated(place: &str, items: &[Value], key: impl Fn(&Value) -> Option<String>) -> Vec<String> {
    let (mut known, mut told) = (HashSet::new(), HashSet::new());
    let again = items.iter().filter_map(key).filter(|key| !known.insert(key.clone()) && told.insert(key.clone()));
    again.collect::<Vec<_>>().iter().map(|key| format!("{place}: duplicate entries for key {key}")).collect()
}

/// The key of an item: what is absent is the default of its member, or nothing.
fn key(item: &Value, items: Items, of: Option<Type>) -> Value {
    let Items::Keyed(keys) = items else { return item.clone() };
    let zero = |name: &str| match of.map(Type::shape) {
        Some(Shape::Object(members)) if members.get(name).is_some_and(|it| matches!(it.of.shape(), Shape::Integer)) => {
            json!(0)
        }
        _ if name == "protocol" => json!("TCP"),
        _ => json!(""),
    };
    let member = |name: &&str| match &item[*name] {
        Value::Null => ((*name).to_owned(), zero(name)),
        found => ((*name).to_owned(), found.clone()),
    };
    Value::Object(keys.iter().map(member).collect())
}

/// As a server shows a key: `[name="web"]`, `[="a.b/c"]`.
#[must_use]
pub fn shown(key: &Value) -> String {
    let in_parts = |members: &Map<String, Value>| {
        let parts: Vec<_> = members.iter().map(|(name, value)| format!("{name}={value}")).collect();
        parts.join(",")
    };
    key.as_object().map_or_else(|| format!("[={key}]"), |members| format!("[{}]", in_parts(members)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_of_the_table_is_one_and_has_its_keys() {
        for ((of, member), items) in TABLE.iter() {
            let Shape::Object(members) = Type(of).shape() else { panic!("{of} is no object") };
            let Shape::List(item) = members[member].of.shape() else { panic!("{of} {member} is no list") };
            if let Items::Keyed(keys) = items {
                let Shape::Object(members) = item.shape() else { panic!("{of} {member} has plain items") };
                assert!(keys.iter().all(|key| members.contains_key(key)), "{of} {member}: {keys:?}");
            }
        }
        assert!(TABLE.len() > 50);
    }

    /// In the words of a real server.
    #[test]
    fn what_lies_twice_is_said_as_a_server_says_it() {
        let pod = |pod: Value| {
            let object = json!({"spec": {"template": {"spec": pod}}});
            twice("apps/v1", "Deployment", &object)
        };
        for (spec, words) in [
            (
                json!({"containers": [{"name": "c", "env": [{"name": "A"}, {"name": "B"}, {"name": "A"}, {"name": "A"}]}]}),
                ".spec.template.spec.containers[name=\"c\"].env: duplicate entries for key [name=\"A\"]",
            ),
            (
                json!({"initContainers": [{"name": "i", "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"}]}]}),
                ".spec.template.spec.initContainers[name=\"i\"].ports: duplicate entries for key [containerPort=80,protocol=\"TCP\"]",
            ),
            (
                json!({"ephemeralContainers": [{"name": "a"}, {"name": "a"}]}),
                ".spec.template.spec.ephemeralContainers: duplicate entries for key [name=\"a\"]",
            ),
            (
                json!({"volumes": [{"name": "a"}, {"name": "a"}]}),
                ".spec.template.spec.volumes: duplicate entries for key [name=\"a\"]",
            ),
            (
                json!({"imagePullSecrets": [{}, {}]}),
                ".spec.template.spec.imagePullSecrets: duplicate entries for key [name=\"\"]",
            ),
            (
                json!({"hostAliases": [{"ip": "1.1.1.1"}, {"ip": "1.1.1.1"}]}),
                ".spec.template.spec.hostAliases: duplicate entries for key [ip=\"1.1.1.1\"]",
            ),
            (
                json!({"topologySpreadConstraints": [{"topologyKey": "z", "whenUnsatisfiable": "x"}, {"topologyKey": "z", "whenUnsatisfiable": "x"}]}),
                ".spec.template.spec.topologySpreadConstraints: duplicate entries for key [topologyKey=\"z\",whenUnsatisfiable=\"x\"]",
            ),
        ] {
            assert_eq!(pod(spec), [words]);
        }
        let claims = json!({"spec": {"volumeClaimTemplates": [{"metadata": {"finalizers": ["a.b/c", "a.b/c"]}}]}});
        let words = ".spec.volumeClaimTemplates[0].metadata.finalizers: duplicate entries for key [=\"a.b/c\"]";
        assert_eq!(twice("apps/v1", "StatefulSet", &claims), [words]);
        let owners = json!({"metadata": {"ownerReferences": [{"uid": "u"}, {"uid": "u"}]}, "spec": {"env": [{"name": "a"}, {"name": "a"}]}});
        let words = ".metadata.ownerReferences: duplicate entries for key [uid=\"u\"]";
        assert_eq!(twice("example.com/v1", "Thing", &owners), [words]);
    }

    #[test]
    fn what_only_looks_alike_passes() {
        for (api_version, kind, object) in [
            ("v1", "Service", json!({"spec": {"ports": [{"port": 53}, {"port": 53, "protocol": "UDP"}]}})),
            ("v1", "ServiceAccount", json!({"imagePullSecrets": [{"name": "a"}, {"name": "a"}]})),
            (
                "v1",
                "Pod",
                json!({"spec": {"tolerations": [{}, {}], "containers": [{"name": "a", "args": ["x", "x"]}, {"name": "b"}]}}),
            ),
            ("v1", "Pod", json!({"spec": [null], "metadata": {"finalizers": "x"}})),
        ] {
            assert_eq!(twice(api_version, kind, &object), [""; 0], "{kind} {object}");
        }
    }

    #[test]
    fn a_list_is_found_by_its_path() {
        let at = |kind, path: &[&str]| items_at("apps/v1", kind, path);
        let containers = ["spec", "template", "spec", "containers"];
        assert_eq!(at("Deployment", &containers), Some(Items::Keyed(&["name"])));
        assert_eq!(at("Deployment", &[&containers[..], &["env"]].concat()), Some(Items::Keyed(&["name"])));
        assert_eq!(at("StatefulSet", &["metadata", "finalizers"]), Some(Items::Set));
        assert_eq!(at("Deployment", &["spec", "template", "spec", "tolerations"]), None);
        assert_eq!(at("Thing", &containers), None);
    }
}
