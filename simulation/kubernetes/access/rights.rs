//! Pure: what a role in Azure lets an identity do in a cluster.
use super::Attributes;

/// Something that may be done. A star stands for everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Right {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verbs: Vec<String>,
    /// `deployments.apps`, `pods`, `pods/log`.
    pub resources: Vec<String>,
    /// Where; what belongs to no namespace needs a star.
    pub namespaces: Vec<String>,
}

impl Right {
    /// A right of words that commas separate: `get,list`, `deployments.apps,pods`, `shop`.
    #[must_use]
    pub fn new(verbs: &str, resources: &str, namespaces: &str) -> Self {
        let words = |text: &str| text.split(',').map(Into::into).collect();
        Self { verbs: words(verbs), resources: words(resources), namespaces: words(namespaces) }
    }

    pub(super) fn covers(&self, asked: &Attributes) -> bool {
        let has = |list: &[String], text: &str| list.iter().any(|own| own == "*" || own == text);
        let (plural, part) = asked.parts();
        let group = if asked.group.is_empty() { String::new() } else { format!(".{}", asked.group) };
        let part = if part.is_empty() { String::new() } else { format!("/{part}") };
        !asked.resource.is_empty()
            && has(&self.verbs, &asked.verb)
            && has(&self.resources, &format!("{plural}{group}{part}"))
            && has(&self.namespaces, &asked.namespace)
    }
}
