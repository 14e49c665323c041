//! Every mistake of a site file at once: its structure by the schema, its meaning by hand.
use crate::resources::answers::list;
use crate::site::Site;
use crate::site::preset::{expand, is_setting};
use serde_json::Value;

mod changes;
mod comments;
mod copied;
mod doubled;
mod ids;
mod manifests;
mod meaning;
mod presets;
mod singletons;
mod structure;
mod undecided;

pub use comments::without_comments;
pub use doubled::doubled;
pub use structure::schema;
pub use undecided::{GOES_ON, MARK, PLACEHOLDER, marks};

/// A site file is never larger, in bytes.
const LARGEST: usize = 1024 * 1024;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// Where: a JSON pointer into the file. Empty: the file itself.
    pub path: String,
    /// What is expected, and what is there.
    pub what: String,
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = if self.path.is_empty() { "/" } else { &self.path };
        write!(formatter, "{path}: {}", self.what)
    }
}

fn mistake(path: impl Into<String>, what: impl Into<String>) -> Mistake {
    Mistake { path: path.into(), what: what.into() }
}

/// Every mistake of a site file, in the order of the places. None: it can be used.
#[must_use]
pub fn mistakes(file: &Value) -> Vec<Mistake> {
    in_order([undecided::mistakes, structure::mistakes, structure::unknown_members, meaning::mistakes], file)
}

/// What is undecided has no structure, and what the structure forbids has no meaning: one mistake a place.
fn in_order<const COUNT: usize>(looks: [fn(&Value) -> Vec<Mistake>; COUNT], file: &Value) -> Vec<Mistake> {
    let mut mistakes: Vec<Mistake> = vec![];
    for look in looks {
        let is_new = |found: &Mistake| !mistakes.iter().any(|known| known.path == found.path);
        let more: Vec<_> = look(file).into_iter().filter(is_new).collect();
        mistakes.extend(more);
    }
    mistakes.sort();
    mistakes.dedup();
    mistakes
}

/// Reads a site file: JSON, with comments or without. Its ready-made controllers are charts from then on.
///
/// # Errors
/// Every mistake at once; for broken JSON the line and the column.
pub fn parse(text: &str) -> Result<Site, Vec<Mistake>> {
    let mut site = read(&without_comments(text), mistakes)?;
    expand(&mut site);
    Ok(site)
}

/// Where the manifests of a site that was [parsed](parse) stand in its file, in their order: JSON pointers.
#[must_use]
pub fn places(text: &str) -> Vec<String> {
    let file: Value = serde_json::from_str(&without_comments(text)).unwrap_or_default();
    let each = ["/controllers", "/workloads"].into_iter().flat_map(|kind| {
        let entries = list(&file, kind).iter().enumerate();
        entries.filter(|(_, entry)| !is_setting(entry)).map(move |(index, _)| format!("{kind}/{index}"))
    });
    each.collect()
}

/// A published site without a mistake. Only [`published`] makes one, and only with such a one a run is planned; what is in
/// the plan of a run under way is never checked again.
#[derive(Clone, Debug)]
pub struct Checked(Site);

impl std::ops::Deref for Checked {
    type Target = Site;
    fn deref(&self) -> &Site {
        &self.0
    }
}

/// Reads a site as it lies in the store. Members that this binary does not know may be a newer one's.
///
/// # Errors
/// Every mistake at once.
pub fn published(text: &str) -> Result<Checked, Vec<Mistake>> {
    let mistakes = |file: &Value| in_order([undecided::mistakes, structure::mistakes, meaning::mistakes], file);
    read(text, mistakes).map(Checked)
}

fn read(text: &str, mistakes: impl Fn(&Value) -> Vec<Mistake>) -> Result<Site, Vec<Mistake>> {
    if text.len() > LARGEST {
        return Err(vec![mistake("", format!("the file has {} bytes, at most {LARGEST} are allowed", text.len()))]);
    }
    let file: Value = serde_json::from_str(text).map_err(|error| vec![mistake("", broken(&error))])?;
    let mistakes = mistakes(&file);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    // The schema is made from the same types; whatever it lets pass is still said.
    serde_json::from_value(file).map_err(|error| vec![mistake("", error.to_string())])
}

fn broken(error: &serde_json::Error) -> String {
    // serde_json appends the place in its own words.
    let what = error.to_string();
    let what = what.split(" at line ").next().unwrap_or_default();
    format!("this is no JSON: {what}, in line {}, column {}", error.line(), error.column())
}
