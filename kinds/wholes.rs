//! Pure: objects that are one whole: whoever applies one owns all of it. `wholes.txt` has the types of Kubernetes' own, and the
//! members, for which its OpenAPI document says so (`x-kubernetes-map-type`); a member may also say that its value is merged in
//! parts, though its type is a whole elsewhere.
use crate::Type;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Whether the values of a type, or of one member of it, are wholes.
static TABLE: LazyLock<HashMap<(&'static str, Option<&'static str>), bool>> = LazyLock::new(|| {
    let lines = include_str!("wholes.txt").lines().map(|line| {
        let (line, is_whole) = line.strip_suffix(" in parts").map_or((line, true), |line| (line, false));
        match line.split_once(' ') {
            Some((of, member)) => ((of, Some(member)), is_whole),
            None => ((line, None), is_whole),
        }
    });
    lines.collect()
});

/// Whether an object that lies at these members of another, or as an item of a list there, is one whole.
#[must_use]
pub fn is_whole_at(api_version: &str, kind: &str, path: &[&str]) -> bool {
    let Some((last, above)) = path.split_last() else { return false };
    let Some(owner) = Type::of(api_version, kind).and_then(|of| of.at(above)).map(Type::item) else { return false };
    let by_member = TABLE.get(&(owner.0, Some(*last))).copied();
    by_member.unwrap_or_else(|| owner.at(&[last]).is_some_and(|of| TABLE.contains_key(&(of.item().0, None))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shape;

    #[test]
    fn the_table_names_objects_that_there_are() {
        for (of, member) in TABLE.keys() {
            let Shape::Object(members) = Type(of).shape() else { panic!("{of} is no object") };
            let Some(member) = member else { continue };
            assert!(matches!(members[member].of.shape(), Shape::Object(_) | Shape::Map(_)), "{of} {member}");
        }
        assert!(TABLE.len() > 30);
    }

    #[test]
    fn what_is_a_whole_is_known_by_its_type_or_by_its_member() {
        let pod = ["spec", "template", "spec"];
        let affinity = [&pod[..], &["affinity", "nodeAffinity"]].concat();
        let required = "requiredDuringSchedulingIgnoredDuringExecution";
        for (api_version, kind, path, expected) in [
            ("apps/v1", "Deployment", [&affinity[..], &[required]].concat(), true),
            ("apps/v1", "Deployment", affinity, false),
            ("apps/v1", "Deployment", [&pod[..], &["nodeSelector"]].concat(), true),
            ("apps/v1", "Deployment", [&pod[..], &["imagePullSecrets"]].concat(), true),
            ("apps/v1", "Deployment", [&pod[..], &["containers"]].concat(), false),
            ("apps/v1", "Deployment", vec!["metadata", "ownerReferences"], true),
            ("apps/v1", "Deployment", vec!["metadata", "labels"], false),
            ("v1", "Service", vec!["spec", "selector"], true),
            ("v1", "PersistentVolume", vec!["spec", "claimRef"], false),
            ("autoscaling/v1", "HorizontalPodAutoscaler", vec!["spec", "scaleTargetRef"], true),
            ("autoscaling/v2", "HorizontalPodAutoscaler", vec!["spec", "scaleTargetRef"], false),
            ("example.com/v1", "Thing", vec!["spec", "selector"], false),
        ] {
            assert_eq!(is_whole_at(api_version, kind, &path), expected, "{kind} {path:?}");
        }
    }
}
