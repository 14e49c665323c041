//! Pure: what single members must be, as `validation/table.txt` has it: a type, below it its members, each with its rules.
use super::{
    findings::{Findings, items},
    texts::{Wrong, address, label, port_name, qualified, range, subdomain, variable},
};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::LazyLock;

/// What one member must be.
pub(super) enum Rule {
    /// Neither absent nor empty nor zero; with what is said of it.
    Required(&'static str),
    OneOf(Vec<&'static str>),
    /// The same for each item of a list.
    EachOf(Vec<&'static str>),
    /// Within these bounds; with what is said of another.
    Between(i64, i64, &'static str),
    /// A port's number, or if it is a text its name.
    Port,
    Text(fn(&str) -> Wrong),
}

type Rules = Vec<(&'static str, Vec<Rule>)>;

static TABLE: LazyLock<HashMap<&'static str, Rules>> = LazyLock::new(|| {
    let (mut table, mut current): (HashMap<_, Rules>, _) = (HashMap::new(), "");
    for line in include_str!("table.txt").lines() {
        let Some((member, rules)) = line.strip_prefix(' ').and_then(|line| line.split_once(' ')) else {
            current = line;
            continue;
        };
        table.entry(current).or_default().push((member, rules.split("; ").filter_map(rule).collect()));
    }
    table
});

fn rule(words: &'static str) -> Option<Rule> {
    let (sort, rest) = words.split_once(' ').unwrap_or((words, ""));
    Some(match sort {
        "required" => Rule::Required(rest),
        "one-of" => Rule::OneOf(rest.split(' ').collect()),
        "each-of" => Rule::EachOf(rest.split(' ').collect()),
        "not-negative" => Rule::Between(0, i64::MAX, "must be greater than or equal to 0"),
        "positive" => Rule::Between(1, i64::MAX, "must be greater than 0"),
        "above-zero" => Rule::Between(1, i64::MAX, "must be greater than zero"),
        "at-least-1" => Rule::Between(1, i64::MAX, "must be greater than or equal to 1"),
        "mode" => Rule::Between(0, 0o777, "must be a number between 0 and 0777 (octal), both inclusive"),
        "short" => Rule::Between(1, i64::from(i32::MAX), "must be between 1 and 2147483647, inclusive"),
        "id" => Rule::Between(0, i64::from(i32::MAX), "must be between 0 and 2147483647, inclusive"),
        "affinity" => Rule::Between(1, 86_400, "must be greater than 0 and less than 86400"),
        "period" => Rule::Between(1, 1800, "must be greater than zero, and less than or equal to 1800"),
        "token" => {
            Rule::Between(600, 1 << 32, "may not specify a duration less than 10 minutes, or larger than 2^32 seconds")
        }
        "host-port" => Rule::Between(0, 65_535, "must be between 1 and 65535, inclusive"),
        "weight" => Rule::Between(1, 100, "must be in the range 1-100"),
        "port" => Rule::Port,
        "label" => Rule::Text(label),
        "subdomain" => Rule::Text(subdomain),
        "qualified" => Rule::Text(qualified),
        "provisioner" => Rule::Text(|text| qualified(&text.to_ascii_lowercase())),
        "address" => Rule::Text(address),
        "range" => Rule::Text(range),
        "variable" => Rule::Text(variable),
        "port-name" => Rule::Text(port_name),
        _ => return None,
    })
}

/// The rules for the members of a type.
pub(super) fn rules_of(of: &str) -> &'static [(&'static str, Vec<Rule>)] {
    TABLE.get(of).map_or(&[], Vec::as_slice)
}

impl Rule {
    /// Notes what is wrong with a member's value. What is absent is wrong only if it is required.
    pub fn check(&self, member: &str, value: &Value, findings: &mut Findings) {
        let is_missing = value.is_null() || *value == "" || value.as_array().is_some_and(Vec::is_empty);
        match self {
            Self::Required(why) if is_missing => findings.required(member, why),
            _ if is_missing => {}
            Self::Required(_) => {}
            Self::OneOf(known) => {
                if !known.iter().any(|known| value == known) {
                    findings.unsupported(member, value, known);
                }
            }
            Self::EachOf(known) => {
                let wrong = items(Some(value)).iter().filter(|item| !known.iter().any(|known| item == known));
                wrong.for_each(|item| findings.unsupported(member, item, known));
            }
            Self::Between(least, most, why) => {
                if value.as_i64().is_some_and(|number| !(*least..=*most).contains(&number)) {
                    findings.invalid(member, value, why);
                }
            }
            Self::Port => match value.as_str() {
                Some(name) => port_name(name).iter().for_each(|why| findings.invalid(member, &json!(name), why)),
                None if value.as_i64().is_none_or(|port| !(1..=65_535).contains(&port)) => {
                    findings.invalid(member, value, "must be between 1 and 65535, inclusive");
                }
                None => {}
            },
            Self::Text(form) => {
                let text = value.as_str().unwrap_or_default();
                form(text).iter().for_each(|why| findings.invalid(member, value, why));
            }
        }
    }
}
