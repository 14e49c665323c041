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
    /// Whether `${…}` in it are placeholders.
    pub placeholders: bool,
}

/// What becomes of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It stays as it is.
    Stays,
    /// It becomes this.
    Becomes(String),
    /// Its namespace is defined by the later text of this index, which cannot be said here: `${…}` means something else there.
    Unsaid(usize),
}

/// The namespace of a release, without anything that somebody says of it.
pub(super) fn bare(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

/// What becomes of the texts: where a chart's namespace is made before, it is made once; where somebody defines it later, it is made
/// as it is defined there, for a chart needs it before.
#[must_use]
pub fn settled(texts: &[Text<'_>]) -> Vec<Settled> {
    let objects = |text: &Text<'_>| {
        let (placed, _) = read(text.text).unwrap_or_default();
        placed.into_iter().map(|placed| placed.value).collect::<Vec<_>>()
    };
    let all: Vec<Vec<Value>> = texts.iter().map(objects).collect();
    (0..texts.len()).map(|index| one_settled(texts, &all, index).unwrap_or(Settled::Stays)).collect()
}

fn one_settled(texts: &[Text<'_>], all: &[Vec<Value>], index: usize) -> Option<Settled> {
    let name = texts[index].release?;
    let own = all[index].iter().position(|object| *object == bare(name))?;
    let defines = |objects: &Vec<Value>| objects.iter().find(|object| is_namespace(object, name)).cloned();
    let mut settled = all[index].clone();
    if all[..index].iter().any(|objects| defines(objects).is_some()) {
        settled.remove(own);
        return Some(Settled::Becomes(as_text(&settled)));
    }
    let mut later = all.iter().enumerate().skip(index + 1);
    let (place, later) =
        later.find_map(|(place, objects)| Some((place, defines(objects).filter(|found| *found != bare(name))?)))?;
    if texts[place].placeholders != texts[index].placeholders && later.to_string().contains("${") {
        return Some(Settled::Unsaid(place));
    }
    settled[own] = later;
    Some(Settled::Becomes(as_text(&settled)))
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

    fn text_of(settled: &Settled) -> &str {
        match settled {
            Settled::Becomes(text) => text,
            Settled::Stays | Settled::Unsaid(_) => panic!("{settled:?}"),
        }
    }

    #[test]
    fn a_bare_namespace_gives_way() {
        let mut labelled = bare("edge");
        labelled["metadata"]["labels"] = json!({"pod-security.kubernetes.io/enforce": "restricted"});
        let file = as_text(std::slice::from_ref(&labelled));
        let (one, two) = (of_chart(&[config("one")]), of_chart(&[config("two")]));
        let chart = |text| Text { text, release: Some("edge"), placeholders: true };
        let manifest = Text { text: &file, release: None, placeholders: true };

        let before = settled(&[manifest, chart(&one)]);
        assert_eq!((&before[0], told(text_of(&before[1]))), (&Settled::Stays, vec!["ConfigMap edge/one".to_owned()]));

        let behind = settled(&[chart(&one), manifest]);
        let made = read(text_of(&behind[0])).unwrap().0;
        assert_eq!(made[0].value, labelled, "it is there before the chart, as it will be");
        assert_eq!(made.len(), 2);

        let among_charts = settled(&[chart(&one), chart(&two)]);
        assert_eq!(among_charts[0], Settled::Stays);
        assert_eq!(told(text_of(&among_charts[1])), ["ConfigMap edge/two"]);

        let elsewhere = Text { release: Some("other"), ..chart(&one) };
        assert_eq!(settled(&[elsewhere, chart(&two)])[0], Settled::Stays, "it is not the one of its release");
    }

    #[test]
    fn one_with_placeholders_goes_only_where_they_mean_the_same() {
        let mut coloured = bare("edge");
        coloured["metadata"]["labels"] = json!({"colour": "${slot.colour}"});
        let (file, one) = (as_text(std::slice::from_ref(&coloured)), of_chart(&[config("one")]));
        for (here, there) in [(false, true), (true, false), (true, true), (false, false)] {
            let chart = Text { text: &one, release: Some("edge"), placeholders: here };
            let manifest = Text { text: &file, release: None, placeholders: there };
            let is_unsaid = settled(&[chart, manifest])[0] == Settled::Unsaid(1);
            assert_eq!(is_unsaid, here != there, "{here} {there}");
            assert_ne!(settled(&[manifest, chart])[1], Settled::Stays, "behind it the chart's own goes");
        }
    }
}
