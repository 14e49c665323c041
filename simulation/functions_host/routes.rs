//! Route templates of HTTP functions: `upgrades/{name}/{step:int?}/{*rest}`. Pure.
use serde_json::{Map, Value};

/// A route with its prefix, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Value { name: String, constraint: String, optional: bool },
    Rest(String),
}

impl Route {
    pub fn parse(template: &str) -> Result<Self, String> {
        let parts = template.split('/').filter(|part| !part.is_empty());
        let segments: Vec<Segment> =
            parts.map(segment).collect::<Result<_, _>>().map_err(|why| format!("route {template:?}: {why}"))?;
        let last = segments.len().saturating_sub(1);
        if segments[..last].iter().any(|segment| matches!(segment, Segment::Rest(_))) {
            return Err(format!("route {template:?}: a catch-all must be the last part"));
        }
        Ok(Self(segments))
    }

    /// The route's values if this path (decoded, without query) is on it; an absent optional one is null.
    pub fn matches(&self, path: &str) -> Option<Map<String, Value>> {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let mut values = Map::new();
        for segment in &self.0 {
            match segment {
                Segment::Literal(text) => {
                    parts.next().filter(|part| part.eq_ignore_ascii_case(text))?;
                }
                Segment::Value { name, constraint, optional } => match parts.next() {
                    Some(part) if fits(part, constraint) => {
                        values.insert(name.clone(), part.into());
                    }
                    None if *optional => {
                        values.insert(name.clone(), Value::Null);
                    }
                    _ => return None,
                },
                Segment::Rest(name) => {
                    let rest: Vec<&str> = parts.by_ref().collect();
                    let rest = if rest.is_empty() { Value::Null } else { rest.join("/").into() };
                    values.insert(name.clone(), rest);
                }
            }
        }
        parts.next().is_none().then_some(values)
    }

    /// Smaller is more particular: of two routes that match, the smaller one is taken.
    pub fn rank(&self) -> Vec<u8> {
        let rank = |segment: &Segment| match segment {
            Segment::Literal(_) => 0,
            Segment::Value { constraint, .. } if !constraint.is_empty() => 1,
            Segment::Value { .. } => 2,
            Segment::Rest(_) => 3,
        };
        self.0.iter().map(rank).collect()
    }
}

fn segment(part: &str) -> Result<Segment, String> {
    let Some(inner) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
        let mixed = part.contains(['{', '}']);
        return if mixed { Err(format!("{part:?} mixes text and values")) } else { Ok(Segment::Literal(part.into())) };
    };
    if let Some(name) = inner.strip_prefix('*') {
        return Ok(Segment::Rest(name.trim_start_matches('*').into()));
    }
    let (inner, optional) = inner.strip_suffix('?').map_or((inner, false), |inner| (inner, true));
    let (name, constraint) = inner.split_once(':').unwrap_or((inner, ""));
    Ok(Segment::Value { name: name.into(), constraint: constraint.to_lowercase(), optional })
}

/// The constraints that are known; another one lets everything pass.
fn fits(part: &str, constraint: &str) -> bool {
    match constraint {
        "int" => part.parse::<i32>().is_ok(),
        "long" => part.parse::<i64>().is_ok(),
        "bool" => part.eq_ignore_ascii_case("true") || part.eq_ignore_ascii_case("false"),
        "alpha" => part.bytes().all(|letter| letter.is_ascii_alphabetic()),
        "guid" => {
            let plain = part.trim_matches(['{', '}', '(', ')']).replace('-', "");
            plain.len() == 32 && plain.bytes().all(|letter| letter.is_ascii_hexdigit())
        }
        _ => true,
    }
}
