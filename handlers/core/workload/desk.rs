//! A site's manifests judged at the desk: what can be known before anything is made, which otherwise costs a cluster.
//!
//! What is judged here needs no cluster: how the files read, what their objects are called, what lies twice or
//! comes too late, what the target version no longer has, what a server would not know or would refuse.
mod again;
mod agic;
mod apis;
mod custom;
mod idle;
mod lists;
mod marks;
mod moved;
mod names;
mod needs;
mod open;
mod order;
mod ports;
mod rules;
mod singletons;
mod slots;
mod typed;

use super::manifests::{Placed, Placeholders, Reading, read_all};
use super::singletons::Singleton;
use super::yaml::Notice;
use super::{challenges, members, readiness};
use crate::resources::answers::text;
use crate::resources::object::describe;
use crate::resources::version::Version;
use serde_json::Value;

/// A manifest, as it is about to be published.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its path beside the site file.
    pub name: &'a str,
    /// Its content, or why it cannot be read.
    pub text: Result<&'a str, &'a str>,
    /// Whether `${…}` in it are placeholders.
    pub placeholders: bool,
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It would cost a cluster: nothing is published.
    Refuses,
    /// It may be right, and may not.
    Warns,
    /// It is good to know.
    Notes,
}

/// Something that is to be said of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub weight: Weight,
    /// The file, or a place in the site file, which begins with a slash as no file does.
    pub file: String,
    /// The line in the file, from 1.
    pub line: usize,
    /// What is expected, what came, what to do.
    pub what: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.file.starts_with('/') {
            return write!(formatter, "{}: {}", self.file, self.what);
        }
        write!(formatter, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// An object, and where it stands.
pub struct Found<'a> {
    /// The file.
    pub file: &'a str,
    /// The line at which its document begins.
    pub line: usize,
    /// The object.
    pub value: Value,
}

impl Found<'_> {
    fn finding(&self, weight: Weight, what: &str) -> Finding {
        Finding { weight, file: self.file.into(), line: self.line, what: format!("{}: {what}", describe(&self.value)) }
    }
}

/// Objects, as if they stood in a file.
#[cfg(test)]
fn in_a_file(objects: &[Value]) -> Vec<Found<'static>> {
    objects.iter().map(|value| Found { file: "a.yaml", line: 1, value: value.clone() }).collect()
}

/// An object of so many bytes is refused by etcd.
const LARGEST_OBJECT: usize = 1_500_000;
/// All annotations of an object together.
const LARGEST_ANNOTATIONS: usize = 256 * 1024;

/// What the manifests are judged for.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a> {
    /// The versions of the clusters that are to run them; none: no version is judged.
    pub versions: &'a [Version],
    /// The site says that Secrets may lie in its manifests.
    pub secrets: bool,
    /// What placeholders there are, and what of their values is known: with those the files are judged.
    pub placeholders: &'a Placeholders,
    /// What of them may run in one cluster only.
    pub singletons: &'a [Singleton],
    /// The files are published already, and are applied as they lie there: nothing is left out of them any more.
    pub published: bool,
}

/// Reads the files, in the order in which they are applied, and judges what lies in them: as far as each can be read.
#[must_use]
pub fn judge<'a>(files: &[File<'a>], desk: Desk<'_>) -> (Vec<Found<'a>>, Vec<Finding>) {
    let (mut moved, mut findings, mut is_whole) = (moved::Moved::default(), vec![], true);
    let mut is_named_late = false;
    for file in files {
        let said = |weight, Notice { line, what }: Notice| Finding { weight, file: file.name.into(), line, what };
        let text = match file.text {
            Ok(text) => text,
            Err(why) => {
                findings.push(said(Weight::Refuses, Notice { line: 1, what: why.to_owned() }));
                is_whole = false;
                continue;
            }
        };
        let Reading { objects, notices, mistakes, broken } = read_all(text);
        if objects.is_empty() && mistakes.is_empty() && broken.is_none() {
            let what = "no object lies in it: nothing is applied of it".to_owned();
            findings.push(said(Weight::Warns, Notice { line: 1, what }));
        }
        is_whole &= broken.is_none() && mistakes.is_empty();
        findings.extend(broken.into_iter().chain(mistakes).map(|notice| said(Weight::Refuses, notice)));
        findings.extend(notices.into_iter().map(|notice| said(Weight::Warns, notice)));
        if file.placeholders {
            findings.extend(objects.iter().filter_map(|placed| unknown(file, placed, desk)));
            is_named_late |= objects.iter().any(is_a_namespace_to_be_named);
        }
        for placed in objects {
            let (placed, lost) = if file.placeholders { filled(file, placed, desk) } else { (placed, None) };
            findings.extend(lost);
            findings.extend(moved.take(file.name, placed, desk.published));
        }
    }
    findings.extend(moved.owned(desk.published, is_whole));
    let all = moved.kept;
    for found in &all {
        findings.extend(of_one(found, desk.secrets));
        findings.extend(of_its_kind(found, desk));
    }
    findings.extend(custom::mistakes(&all));
    findings.extend(before_traffic(&all));
    findings.extend(again::twice(&all));
    findings.extend(agic::starting(&all));
    // What is missing may stand in what could not be read.
    let late = order::late(&all).into_iter().map(|finding| match finding.weight {
        // It was published while the name was not known, and what comes later in the same list passes at the next look.
        Weight::Refuses if desk.published && is_named_late => Finding { weight: Weight::Warns, ..finding },
        Weight::Refuses | Weight::Warns | Weight::Notes => finding,
    });
    let missing = late.chain(needs::missing(&all)).chain(idle::idle(&all));
    let missing = missing.chain(if is_whole { singletons::mistakes(desk.singletons, &all) } else { vec![] });
    findings.extend(missing.filter(|finding| is_whole || finding.weight == Weight::Refuses));
    findings.sort_by(|one, other| (one.weight, &one.file, one.line).cmp(&(other.weight, &other.file, other.line)));
    (all, findings)
}

fn of_its_kind(found: &Found<'_>, desk: Desk<'_>) -> Vec<Finding> {
    let mut said: Vec<(Weight, String)> = marks::mistakes(&found.value)
        .into_iter()
        // Whoever published it may have known more than this binary does.
        .map(|(weight, what)| (if desk.published { Weight::Warns } else { weight }, what))
        .collect();
    said.extend(marks::wrongly_fenced(&found.value).map(|what| (Weight::Refuses, what)));
    match apis::gone(&found.value, desk.versions) {
        Some(gone) => said.push(gone),
        None => {
            said.extend(typed::mistakes(&found.value, desk.versions));
            if !desk.singletons.iter().any(|one| one.is(&found.value)) {
                said.extend(super::twice::twice(&found.value));
            }
            said.extend(open::to_all(&found.value).map(|what| (Weight::Warns, what)));
            said.extend(ports::of_nobody(&found.value).into_iter().map(|what| (Weight::Warns, what)));
            said.extend(slots::pinned(&found.value, desk.placeholders).map(|what| (Weight::Refuses, what)));
            if members::is_known(&found.value) {
                said.extend(rules::broken(&found.value).into_iter().map(|what| (Weight::Refuses, what)));
            }
        }
    }
    said.into_iter().map(|(weight, what)| found.finding(weight, &what)).chain(never_ready(found)).collect()
}

/// What is ready only when users are led to the new cluster.
fn before_traffic(all: &[Found<'_>]) -> Vec<Finding> {
    let objects: Vec<_> = all.iter().map(|found| &found.value).collect();
    let waiting = challenges::by_http01(&objects);
    let is_waiting = |found: &&Found<'_>| waiting.iter().any(|object| std::ptr::eq(*object, &found.value));
    let (what, remedy) = (challenges::CANNOT_PASS, challenges::REMEDY);
    all.iter().filter(is_waiting).map(|found| found.finding(Weight::Warns, &format!("{what}: {remedy}"))).collect()
}

/// What the controllers would never call ready ends an upgrade at once.
fn never_ready(found: &Found<'_>) -> Option<Finding> {
    let object = &found.value;
    // None of no pods is ready, paused or not.
    if object["kind"] == "Deployment" && object["spec"]["replicas"] == 0 {
        return None;
    }
    let why = readiness::never_ready(object)?;
    let why = why.strip_prefix(&describe(object)).unwrap_or(&why);
    Some(found.finding(Weight::Refuses, &format!("it{why}")))
}

/// A placeholder that nothing fills.
fn unknown(file: &File<'_>, placed: &Placed, desk: Desk<'_>) -> Option<Finding> {
    let why = desk.placeholders.fills(&placed.value).err()?;
    let what = format!(
        "{}: {why}; or switch placeholders off for this file with \"placeholders\": false",
        describe(&placed.value)
    );
    Some(Finding { weight: Weight::Refuses, file: file.name.into(), line: placed.line, what })
}

/// A namespace whose name is not known where it is written.
fn is_a_namespace_to_be_named(placed: &Placed) -> bool {
    text(&placed.value, "/kind") == "Namespace" && text(&placed.value, "/metadata/name").contains("${")
}

/// An object with what is known of its placeholders, and what keeps them from being filled.
fn filled(file: &File<'_>, placed: Placed, desk: Desk<'_>) -> (Placed, Option<Finding>) {
    let written = placed.value.clone();
    match desk.placeholders.fill_what_is_known(placed.value) {
        Ok(value) => (Placed { value, ..placed }, None),
        Err(why) => {
            let what = format!("{}: {why}", describe(&written));
            let finding = Finding { weight: Weight::Refuses, file: file.name.into(), line: placed.line, what };
            (Placed { value: written, ..placed }, Some(finding))
        }
    }
}

fn of_one(found: &Found<'_>, secrets: bool) -> Vec<Finding> {
    let object = &found.value;
    let mut findings = vec![];
    let mut refused = |what: &str| findings.push(found.finding(Weight::Refuses, what));
    names::mistakes(object).iter().for_each(|what| refused(what));
    let bytes = object.to_string().len();
    if bytes > LARGEST_OBJECT {
        refused(&format!("it has {bytes} bytes, and no server keeps more than {LARGEST_OBJECT}"));
    }
    let annotations = object.pointer("/metadata/annotations").and_then(Value::as_object);
    let bytes =
        annotations.into_iter().flatten().map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum();
    if LARGEST_ANNOTATIONS < bytes {
        refused(&format!("its annotations have {bytes} bytes, and at most {LARGEST_ANNOTATIONS} are allowed"));
    }
    for map in ["/metadata/annotations", "/metadata/labels"] {
        let members = object.pointer(map).and_then(Value::as_object).into_iter().flatten();
        for (key, value) in members.filter(|(_, value)| !value.is_string() && !value.is_null()) {
            refused(&format!("{}/{key} must be a text, and is {value}: put it into quotes", &map[1..]));
        }
    }
    if text(object, "/kind") == "Secret" && !secrets && holds_something(object) {
        refused(
            "a Secret with its content would lie readable in the store: let a controller fetch it (External Secrets, the \
             Key Vault provider), or say \"manifestsHoldSecrets\": true in the site file",
        );
    }
    findings
}

/// What is secret stands in a Secret, and once more in the annotation in which `kubectl apply` keeps what it sent.
fn holds_something(secret: &Value) -> bool {
    let holds = |secret: &Value| {
        ["data", "stringData"].iter().any(|map| secret[*map].as_object().is_some_and(|map| !map.is_empty()))
    };
    let sent = secret["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"].as_str();
    let is_readable =
        |sent: &str| serde_json::from_str::<Value>(sent).map_or(!sent.trim().is_empty(), |sent| holds(&sent));
    holds(secret) || sent.is_some_and(is_readable)
}
