//! The namespaces of releases: the bare one that is made for a chart gives way to one that a manifest or another chart defines.
//! Pure.
use super::{as_text, is_namespace};
use crate::workload::manifests::read;
use serde_json::{Value, json};

/// What a site installs, in its order.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// A manifest's text, or what a chart came to.
    pub text: &'a str,
    /// Of a chart the namespace of its release.
    pub release: Option<&'a str>,
}

/// The namespace of a release, without anything that somebody says of it.
pub(super) fn bare(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

/// The texts of charts that become others: where the namespace is made before, it is made once; where somebody defines it later,
/// it is made as it is defined there, for a chart needs it before. `None`: it stays.
#[must_use]
pub fn settled(texts: &[Text<'_>]) -> Vec<Option<String>> {
    let objects = |text: &Text<'_>| {
        let (placed, _) = read(text.text).unwrap_or_default();
        placed.into_iter().map(|placed| placed.value).collect::<Vec<_>>()
    };
    let all: Vec<Vec<Value>> = texts.iter().map(objects).collect();
    let each = texts.iter().enumerate();
    each.map(|(index, text)| {
        let name = text.release?;
        let own = all[index].iter().position(|object| *object == bare(name))?;
        let defines = |objects: &Vec<Value>| objects.iter().find(|object| is_namespace(object, name)).cloned();
        let mut settled = all[index].clone();
        if all[..index].iter().any(|objects| defines(objects).is_some()) {
            settled.remove(own);
            return Some(as_text(&settled));
        }
        let later =
            all[index + 1..].iter().find_map(|objects| defines(objects).filter(|found| *found != bare(name)))?;
        settled[own] = later;
        Some(as_text(&settled))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::object::describe;

    fn of_chart(objects: &[Value]) -> String {
        as_text(&[&[bare("edge")], objects].concat())
    }

    fn config(name: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "edge"}})
    }

    fn told(text: &str) -> Vec<String> {
        read(text).expect("it is read").0.iter().map(|placed| describe(&placed.value)).collect()
    }

    #[test]
    fn a_bare_namespace_gives_way() {
        let mut labelled = bare("edge");
        labelled["metadata"]["labels"] = json!({"pod-security.kubernetes.io/enforce": "restricted"});
        let file = as_text(std::slice::from_ref(&labelled));
        let (one, two) = (of_chart(&[config("one")]), of_chart(&[config("two")]));
        let chart = |text| Text { text, release: Some("edge") };
        let manifest = Text { text: &file, release: None };

        let before = settled(&[manifest, chart(&one)]);
        assert_eq!((&before[0], told(before[1].as_deref().unwrap())), (&None, vec!["ConfigMap edge/one".to_owned()]));

        let behind = settled(&[chart(&one), manifest]);
        let made = read(behind[0].as_deref().unwrap()).unwrap().0;
        assert_eq!(made[0].value, labelled, "it is there before the chart, as it will be");
        assert_eq!(made.len(), 2);

        let among_charts = settled(&[chart(&one), chart(&two)]);
        assert_eq!(among_charts[0], None);
        assert_eq!(told(among_charts[1].as_deref().unwrap()), ["ConfigMap edge/two"]);

        let elsewhere = Text { text: &one, release: Some("other") };
        assert_eq!(settled(&[elsewhere, chart(&two)])[0], None, "it is not the one of its release");
    }
}
