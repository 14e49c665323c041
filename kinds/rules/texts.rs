//! Pure: the forms of names, labels and keys, and what a server says of texts that have another.
use std::net::IpAddr;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const QUALIFIED: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const DATA_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/// What is wrong with a text; nothing if it is right.
pub type Wrong = Vec<String>;

fn is_low(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Whether all bytes are these, and the first and the last are those.
fn is_made_of(text: &str, all: impl Fn(u8) -> bool, ends: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let is_end = |byte: Option<&u8>| byte.is_some_and(|byte| ends(*byte));
    bytes.iter().all(|byte| all(*byte)) && is_end(bytes.first()) && is_end(bytes.last())
}

fn is_label(text: &str) -> bool {
    is_made_of(text, |byte| is_low(byte) || byte == b'-', is_low)
}

fn is_qualified(text: &str) -> bool {
    is_made_of(
        text,
        |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'),
        |byte| byte.is_ascii_alphanumeric(),
    )
}

fn wrong(checks: [(bool, String); 2]) -> Wrong {
    checks.into_iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, words)| words).collect()
}

/// `example.com`: most names of objects.
pub fn subdomain(text: &str) -> Wrong {
    if text.len() <= 253 && text.split('.').all(is_label) {
        return vec![];
    }
    wrong([
        (text.len() > 253, "must be no more than 253 characters".into()),
        (!text.split('.').all(is_label), SUBDOMAIN.into()),
    ])
}

/// `my-name`: names of namespaces, Services, containers, volumes.
pub fn label(text: &str) -> Wrong {
    if text.len() <= 63 && is_label(text) {
        return vec![];
    }
    if text.contains('.') {
        return vec!["must not contain dots".into()];
    }
    wrong([(text.len() > 63, "must be no more than 63 bytes".into()), (!is_label(text), LABEL.into())])
}

/// `a:b`: names of roles.
pub fn path_segment(text: &str) -> Wrong {
    if matches!(text, "." | "..") {
        return vec![format!("may not be '{text}'")];
    }
    ["/", "%"].iter().filter(|part| text.contains(**part)).map(|part| format!("may not contain '{part}'")).collect()
}

/// The value of a label.
pub fn label_value(text: &str) -> Wrong {
    if text.is_empty() || text.len() <= 63 && is_qualified(text) {
        return vec![];
    }
    wrong([(text.len() > 63, "must be no more than 63 bytes".into()), (!is_qualified(text), LABEL_VALUE.into())])
}

/// `example.com/name`: the keys of labels and annotations.
pub fn qualified(text: &str) -> Wrong {
    let (mut found, name) = match text.split_once('/') {
        None => (vec![], text),
        Some(("", name)) => (vec!["prefix part must be non-empty".into()], name),
        Some((_, name)) if name.contains('/') => {
            return vec![format!(
                "a qualified name {QUALIFIED} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
        Some((prefix, name)) => (subdomain(prefix).iter().map(|words| format!("prefix part {words}")).collect(), name),
    };
    if name.is_empty() {
        found.push("name part must be non-empty".into());
    } else if name.len() > 63 {
        found.push("name part must be no more than 63 bytes".into());
    }
    if !is_qualified(name) {
        found.push(format!("name part {QUALIFIED}"));
    }
    found
}

/// The key of a ConfigMap's or a Secret's data.
pub(super) fn data_key(text: &str) -> Wrong {
    let is_right = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let mut found = wrong([
        (text.len() > 253, "must be no more than 253 characters".into()),
        (!is_made_of(text, is_right, is_right), DATA_KEY.into()),
    ]);
    match text {
        "." | ".." => found.push(format!("must not be '{text}'")),
        _ if text.starts_with("..") => found.push("must not start with '..'".into()),
        _ => {}
    }
    found
}

/// The name of an environment variable.
pub(super) fn variable(text: &str) -> Wrong {
    if !text.is_empty() && text.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b'=') {
        return vec![];
    }
    vec!["a valid environment variable name must consist only of printable ASCII characters other than '='".into()]
}

/// The name of a port.
pub(super) fn port_name(text: &str) -> Wrong {
    let (mut found, is_right) = (vec![], |byte: u8| is_low(byte) || byte == b'-');
    if text.len() > 15 {
        found.push("must be no more than 15 characters long");
    }
    if !text.bytes().all(is_right) {
        found.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    }
    if !text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        found.push("must contain at least one letter (a-z)");
    }
    if text.contains("--") {
        found.push("must not contain consecutive hyphens");
    }
    if text.starts_with('-') || text.ends_with('-') {
        found.push("must not begin or end with a hyphen");
    }
    found.into_iter().map(Into::into).collect()
}

/// An address of a host: one of older days, with zeros before its numbers, is told only by newer servers.
pub(super) fn address(text: &str) -> Wrong {
    let is_old = || text.split('.').count() == 4 && text.split('.').all(|part| part.parse::<u8>().is_ok());
    let is_one = text.parse::<IpAddr>().is_ok() || is_old();
    if is_one { vec![] } else { vec!["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".into()] }
}

/// A range of addresses: `10.9.8.0/24`.
pub(super) fn range(text: &str) -> Wrong {
    let is_one = text.split_once('/').is_some_and(|(begin, length)| {
        let longest = if begin.contains(':') { 128 } else { 32 };
        address(begin).is_empty() && is_number(length) && length.parse::<u8>().is_ok_and(|length| length <= longest)
    });
    if is_one { vec![] } else { vec!["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)".into()] }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A path below a folder, as the files of a volume have.
pub(super) fn path_below(text: &str) -> Wrong {
    let parts = || text.split('/');
    if text.starts_with('/') {
        vec!["must be a relative path".into()]
    } else if parts().any(|part| part == "..") {
        vec!["must not contain '..'".into()]
    } else if text.starts_with("..") {
        vec!["must not start with '..'".into()]
    } else {
        vec![]
    }
}
