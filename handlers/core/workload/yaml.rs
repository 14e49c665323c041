//! YAML as Kubernetes' own tools read it: whatever `kubectl apply` would send is what this gives.
//!
//! They use the reader of go-yaml 2, which is older than YAML 1.2: `0400` is 256, `yes` is true, of two equal keys the last
//! one counts, and a merge key (`<<`) writes over what stands before it. Where another reader would read something else, a
//! [`Notice`] says so. The grammar is the parser's; what its scalars mean is in [`scalar`].
mod scalar;

pub(crate) use scalar::GO;

use granit_parser::{Event, Parser, ScalarStyle, Tag};
use scalar::{Meaning, meaning};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// A file is never larger, in bytes: some definitions of custom resources have more than 4 MB.
const LARGEST: usize = 16 * 1024 * 1024;
/// So many nodes a file has at most, those that stand for an alias included: an alias bomb has billions.
const MOST_NODES: usize = 2_000_000;
/// What the tags that YAML itself has (`!!int`, `!!binary`) begin with.
const OF_YAML: &str = "tag:yaml.org,2002:";
/// Lists and objects within each other are no deeper.
const DEEPEST: usize = 100;

/// One document of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The line at which it begins, from 1.
    pub line: usize,
    /// What it says.
    pub value: Value,
}

/// Something that readers of YAML do not agree on, or that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The line, from 1.
    pub line: usize,
    /// What it is, and what Kubernetes makes of it.
    pub what: String,
}

impl std::fmt::Display for Notice {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "line {}: {}", self.line, self.what)
    }
}

/// The documents of a file, without those that say nothing, and what another reader would read otherwise.
///
/// # Errors
/// When it is no YAML that Kubernetes reads, too large or too deep.
pub fn documents(text: &str) -> Result<(Vec<Document>, Vec<Notice>), Notice> {
    let (documents, notices, broken) = documents_until(text);
    broken.map_or(Ok((documents, notices)), Err)
}

/// The same up to where it is no YAML that Kubernetes reads, and why it is none there.
#[must_use]
pub fn documents_until(text: &str) -> (Vec<Document>, Vec<Notice>, Option<Notice>) {
    if text.len() > LARGEST {
        let what = format!("the file has {} bytes, at most {LARGEST} are allowed", text.len());
        return (vec![], vec![], Some(Notice { line: 1, what }));
    }
    let mut builder = Builder::default();
    let broken = builder.read(text).err();
    (builder.documents, builder.notices, broken)
}

/// The documents of a file that has one JSON behind the other, as `kubectl` reads it, too; `None`: it is something else.
#[must_use]
pub fn documents_of_json(text: &str) -> Option<Vec<Document>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > LARGEST || !text.trim_start().starts_with('{') {
        return None;
    }
    let (mut documents, mut begin) = (vec![], 0);
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    while let Some(next) = stream.next() {
        let value = next.ok().filter(Value::is_object)?;
        let blank = text[begin..].len() - text[begin..].trim_start().len();
        documents.push(Document { line: text[..begin + blank].matches('\n').count() + 1, value });
        begin = stream.byte_offset();
    }
    Some(documents)
}

/// A node that is not complete yet.
enum Open {
    List(Vec<Value>),
    Object { members: Map<String, Value>, key: Option<Key> },
}

enum Key {
    Name(String),
    Merge,
}

struct Frame {
    open: Open,
    anchor: usize,
}

#[derive(Default)]
struct Builder {
    documents: Vec<Document>,
    notices: Vec<Notice>,
    frames: Vec<Frame>,
    root: Option<Value>,
    began: usize,
    anchors: HashMap<usize, (Value, usize)>,
    nodes: usize,
}

impl Builder {
    fn read(&mut self, text: &str) -> Result<(), Notice> {
        let wrong = |line: usize, what: String| Notice { line, what };
        for next in Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)) {
            let (event, span) =
                next.map_err(|error| wrong(error.marker().line(), format!("no YAML: {}", error.info())))?;
            let line = span.start.line();
            self.take(event, line).map_err(|what| wrong(line, what))?;
        }
        Ok(())
    }

    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), String> {
        match event {
            Event::DocumentStart(..) => {
                self.anchors.clear();
                self.began = 0;
            }
            Event::DocumentEnd => {
                if let Some(value) = self.root.take().filter(|value| !value.is_null()) {
                    self.documents.push(Document { line: self.began.max(1), value });
                }
            }
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), line)?,
            Event::SequenceStart(_, anchor, _) => self.open(Open::List(vec![]), anchor, line)?,
            Event::MappingStart(_, anchor, _) => {
                self.open(Open::Object { members: Map::new(), key: None }, anchor, line)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(line)?,
            Event::Alias(anchor) => {
                let (value, size) =
                    self.anchors.get(&anchor).cloned().ok_or("an alias lies within what it stands for")?;
                self.count(size)?;
                self.value(value, line)?;
            }
            Event::UnresolvedAlias(name) => return Err(format!("the alias *{name} stands for nothing")),
            // The stream's ends, comments, and whatever a newer parser tells besides nodes.
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize) -> Result<(), String> {
        self.nodes = self.nodes.saturating_add(nodes);
        let too_many = format!("the file has more than {MOST_NODES} values, with its aliases");
        if self.nodes > MOST_NODES { Err(too_many) } else { Ok(()) }
    }

    fn open(&mut self, open: Open, anchor: usize, line: usize) -> Result<(), String> {
        self.count(1)?;
        if self.began == 0 {
            self.began = line;
        }
        if self.frames.len() == DEEPEST {
            return Err(format!("values lie within each other more than {DEEPEST} deep"));
        }
        if let Some(Frame { open: Open::Object { key: None, .. }, .. }) = self.frames.last() {
            return Err("a list or an object cannot be a key".into());
        }
        self.frames.push(Frame { open, anchor });
        Ok(())
    }

    fn close(&mut self, line: usize) -> Result<(), String> {
        let Some(Frame { open, anchor }) = self.frames.pop() else { return Ok(()) };
        let value = match open {
            Open::List(items) => Value::Array(items),
            Open::Object { members, .. } => Value::Object(members),
        };
        self.remember(anchor, &value);
        self.value(value, line)
    }

    fn remember(&mut self, anchor: usize, value: &Value) {
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), size(value)));
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        line: usize,
    ) -> Result<(), String> {
        self.count(1)?;
        if self.began == 0 {
            self.began = line;
        }
        let is_plain = style == ScalarStyle::Plain;
        let named = tag.map(|tag| tag.suffix_in_namespace(OF_YAML).unwrap_or_else(|| "other".into()));
        let Meaning { value, others } = meaning(text, is_plain, named.as_deref())?;
        let is_key = matches!(self.frames.last(), Some(Frame { open: Open::Object { key: None, .. }, .. }));
        let is_merge = is_key && text == "<<" && may_merge(is_plain, tag, named.as_deref());
        if let Some(others) = others.filter(|_| !is_merge) {
            self.notices.push(Notice { line, what: others });
        }
        self.remember(anchor, &value);
        if is_merge {
            self.key(Key::Merge);
            return Ok(());
        }
        self.value(value, line)
    }

    fn key(&mut self, name: Key) {
        if let Some(Frame { open: Open::Object { key, .. }, .. }) = self.frames.last_mut() {
            *key = Some(name);
        }
    }

    /// A complete value: into what is open.
    fn value(&mut self, value: Value, line: usize) -> Result<(), String> {
        let (members, key) = match self.frames.last_mut().map(|frame| &mut frame.open) {
            None => {
                self.root = Some(value);
                return Ok(());
            }
            Some(Open::List(items)) => {
                items.push(value);
                return Ok(());
            }
            Some(Open::Object { members, key }) => (members, key),
        };
        match key.take() {
            None => *key = Some(Key::Name(name(value)?)),
            Some(Key::Merge) => merge(members, value, line, &mut self.notices)?,
            Some(Key::Name(name)) => {
                if let Some(before) = members.insert(name.clone(), value) {
                    let what = if members.get(&name) == Some(&before) {
                        format!("the key {name:?} stands here a second time, with the same value")
                    } else {
                        format!("the key {name:?} stands here a second time: this value counts, not {before}")
                    };
                    self.notices.push(Notice { line, what: super::cut(&what) });
                }
            }
        }
        Ok(())
    }
}

/// Whether `<<` is the merge key: with its tag, or plain and with none. A lone `!` is none.
fn may_merge(is_plain: bool, tag: Option<&Tag>, named: Option<&str>) -> bool {
    let has_none = tag.is_none_or(|tag| tag.parts() == ("", "!") || tag.parts() == ("!", ""));
    named == Some("merge") || (is_plain && has_none)
}

/// A key is a text in JSON, whatever it is in YAML.
fn name(key: Value) -> Result<String, String> {
    match key {
        Value::String(name) => Ok(name),
        Value::Bool(_) | Value::Number(_) => Ok(key.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err("a key must be a text".into()),
    }
}

/// The members of another object, or of several of which the first counts most.
fn merge(members: &mut Map<String, Value>, from: Value, line: usize, notices: &mut Vec<Notice>) -> Result<(), String> {
    match from {
        Value::Object(from) => {
            for (name, value) in from {
                if members.get(&name).is_some_and(|before| *before != value) {
                    let what = format!("the merge key writes over {name:?}, which stands before it: put << first");
                    notices.push(Notice { line, what });
                }
                members.insert(name, value);
            }
            Ok(())
        }
        Value::Array(all) => all.into_iter().rev().try_for_each(|from| merge(members, from, line, &mut vec![])),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err("a merge key (<<) needs an object, or a list of objects".into())
        }
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(size).fold(1, usize::saturating_add),
        Value::Object(members) => {
            members.values().map(size).fold(1, |sum, one| sum.saturating_add(one).saturating_add(1))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}
