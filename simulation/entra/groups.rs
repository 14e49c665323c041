//! Groups of the directory, by object ids. Pure.
use std::collections::{BTreeMap, BTreeSet};

/// Who belongs to which group. A group may belong to another.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    members: BTreeMap<String, BTreeSet<String>>,
}

impl Groups {
    /// Adds a user, a service principal or a group to a group.
    pub fn add_member(&mut self, group: &str, member: &str) {
        self.members.entry(group.into()).or_default().insert(member.into());
    }

    /// Every group that an object belongs to, through other groups too.
    #[must_use]
    pub fn of<'a>(&'a self, member: &'a str) -> BTreeSet<&'a str> {
        let (mut found, mut ahead) = (BTreeSet::new(), vec![member]);
        while let Some(member) = ahead.pop() {
            let direct = self.members.iter().filter(|(_, members)| members.contains(member));
            ahead.extend(direct.map(|(group, _)| group.as_str()).filter(|group| found.insert(*group)));
        }
        found
    }
}
