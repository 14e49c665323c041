//! Pure: which fields the messages of Kubernetes' own kinds have. They lie in `messages.txt`, which
//! `tests/messages/main.go` writes from the tags of the Go types.
use std::collections::HashMap;
use std::sync::LazyLock;

/// A field of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// Its name in JSON; `None`: its members stand in JSON among those of the message itself.
    pub name: Option<&'static str>,
    /// Whether JSON leaves it out when it is zero: on the wire it is always there.
    pub zero_is_nothing: bool,
    pub of: &'static str,
}

#[derive(Default)]
struct Messages {
    kinds: HashMap<(&'static str, &'static str), &'static str>,
    fields: HashMap<&'static str, HashMap<u64, Field>>,
}

/// The message of an object with this `apiVersion` and kind; `None`: it has none.
pub(super) fn of_kind(api_version: &str, kind: &str) -> Option<&'static str> {
    // Options are of the group of what they are sent to.
    let api_version = if kind == "DeleteOptions" { "v1" } else { api_version };
    MESSAGES.kinds.get(&(api_version, kind)).copied()
}

/// A message's fields by their numbers; `None`: it is no message, but a value with a form of its own.
pub(super) fn fields(message: &str) -> Option<&'static HashMap<u64, Field>> {
    MESSAGES.fields.get(message)
}

/// All kinds that have one.
#[cfg(test)]
pub(super) fn kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    MESSAGES.kinds.keys().copied()
}

#[cfg(test)]
pub(super) fn messages() -> impl Iterator<Item = &'static str> {
    MESSAGES.fields.keys().copied()
}

static MESSAGES: LazyLock<Messages> = LazyLock::new(|| {
    let (mut messages, mut current) = (Messages::default(), "");
    for line in include_str!("messages.txt").lines() {
        if let Some((kind, message)) = line.split_once(" = ") {
            messages.kinds.insert(kind.split_once(' ').unwrap_or((kind, "")), message);
        } else if let Some(field) = line.strip_prefix(' ') {
            let mut words = field.split(' ');
            let (Some(Ok(number)), Some(name), Some(of)) = (words.next().map(str::parse), words.next(), words.next())
            else {
                continue;
            };
            let (name, zero_is_nothing) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
            let field = Field { name: Some(name).filter(|name| *name != "-"), zero_is_nothing, of };
            messages.fields.entry(current).or_default().insert(number, field);
        } else {
            current = line;
            messages.fields.entry(line).or_default();
        }
    }
    messages
});
