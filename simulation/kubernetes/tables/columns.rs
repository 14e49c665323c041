//! Pure: the columns of each kind, after Kubernetes' `pkg/printers/internalversion`. They lie in `columns.txt`: a star marks
//! what only `-o wide` prints, `#` a number, `?` yes or no, `@` a date.
use super::super::kinds::Kind;
use serde_json::{Value, json};

/// The definitions of a kind's columns.
pub(super) fn definitions(kind: &Kind) -> Vec<Value> {
    let definition = |column: &str| {
        let (column, priority) = column.strip_suffix('*').map_or((column, 0), |column| (column, 1));
        let (name, sort) = match column.chars().next_back() {
            Some('#') => (&column[..column.len() - 1], "integer"),
            Some('?') => (&column[..column.len() - 1], "boolean"),
            Some('@') => (&column[..column.len() - 1], "date"),
            _ => (column, "string"),
        };
        let format = if name == "Name" { "name" } else { "" };
        json!({"name": name, "type": sort, "format": format, "description": "", "priority": priority})
    };
    line(kind).split('|').map(definition).collect()
}

fn line(kind: &Kind) -> &'static str {
    let mut lines = include_str!("columns.txt").lines().filter_map(|line| line.split_once(' '));
    // A kind of somebody's own may have a name that is known: it is none of ours.
    lines.find(|(name, _)| kind.built_in && *name == kind.kind).map_or("Name|Age", |(_, columns)| columns)
}
