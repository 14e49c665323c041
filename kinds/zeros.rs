//! Pure: members whose zero (`false`, `0`, an empty text) a server leaves out when it writes an object, as if nobody had given
//! it: `zeros.txt` has them by their types, as Go's own types say it (`omitempty` at what is no pointer).
use crate::Type;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::LazyLock;

static TABLE: LazyLock<HashSet<(&'static str, &'static str)>> = LazyLock::new(|| {
    let lines = include_str!("zeros.txt").lines().filter_map(|line| line.split_once(' '));
    lines.flat_map(|(of, members)| members.split(' ').map(move |member| (of, member))).collect()
});

/// Whether this value of a member of this type is not written.
#[must_use]
pub fn is_left_out(of: Type, member: &str, value: &Value) -> bool {
    let is_zero = match value {
        Value::Bool(is) => !is,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    };
    is_zero && TABLE.contains(&(of.0, member))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shape;
    use serde_json::json;

    #[test]
    fn the_table_names_plain_members_that_there_are() {
        for (of, member) in TABLE.iter() {
            let Shape::Object(members) = Type(of).shape() else { panic!("{of} is no object") };
            let shape = members.get(member).unwrap_or_else(|| panic!("{of} has no {member}")).of.shape();
            assert!(matches!(shape, Shape::Text | Shape::Boolean | Shape::Integer), "{of} {member}: {shape:?}");
        }
        assert!(TABLE.len() > 400);
    }

    #[test]
    fn a_zero_is_left_out_where_go_does_not_tell_it_from_nothing() {
        for (of, member, value, expected) in [
            ("apps.v1.DeploymentSpec", "paused", json!(false), true),
            ("apps.v1.DeploymentSpec", "minReadySeconds", json!(0), true),
            ("apps.v1.DeploymentSpec", "minReadySeconds", json!(1), false),
            ("apps.v1.DeploymentSpec", "revisionHistoryLimit", json!(0), false),
            ("apiextensions.v1.CustomResourceDefinitionSpec", "preserveUnknownFields", json!(false), true),
            ("apiextensions.v1.CustomResourceDefinitionVersion", "served", json!(false), false),
            ("core.v1.EnvVar", "value", json!(""), true),
            ("core.v1.EnvVar", "name", json!(""), false),
        ] {
            assert_eq!(is_left_out(Type(of), member, &value), expected, "{of} {member} {value}");
        }
    }
}
