//! Pure: network policies.
use super::{
    findings::{Findings, items},
    texts::range,
};
use serde_json::{Map, Value, json};
use std::net::IpAddr;

const WAYS: [&str; 2] = ["Ingress", "Egress"];

/// A policy's specification.
pub(super) fn is_a_policy(spec: &Map<String, Value>, findings: &mut Findings) {
    let types = items(spec.get("policyTypes"));
    if types.len() > WAYS.len() {
        findings.invalid("policyTypes", &json!(types), "may not specify more than two policyTypes");
        return;
    }
    for (at, way) in types.iter().enumerate().filter(|(_, way)| !WAYS.iter().any(|known| *way == known)) {
        findings.unsupported(&format!("policyTypes[{at}]"), way, &WAYS);
    }
}

/// With whom pods may speak.
pub(super) fn is_a_peer(peer: &Map<String, Value>, findings: &mut Findings) {
    let number = peer.values().filter(|value| !value.is_null()).count();
    if number == 0 {
        findings.required("", "must specify a peer");
    } else if number > 1 && peer.contains_key("ipBlock") {
        findings.forbidden("", "may not specify both ipBlock and another peer");
    }
}

/// A range of addresses, without some.
pub(super) fn is_a_block(block: &Map<String, Value>, findings: &mut Findings) {
    let whole = block.get("cidr").and_then(Value::as_str).and_then(bounds);
    for (at, part) in items(block.get("except")).iter().enumerate() {
        let (text, member) = (part.as_str().unwrap_or_default(), format!("except[{at}]"));
        range(text).iter().for_each(|why| findings.invalid(&member, part, why));
        let is_within = |(begin, end): (u128, u128), (least, most): (u128, u128)| {
            least <= begin && end <= most && (begin, end) != (least, most)
        };
        if whole.zip(bounds(text)).is_some_and(|(whole, part)| !is_within(part, whole)) {
            findings.invalid(&member, part, "must be a strict subset of `cidr`");
        }
    }
}

/// The first and the last address of a range, those of version 4 behind all of version 6.
fn bounds(text: &str) -> Option<(u128, u128)> {
    let (begin, length) = text.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    let (begin, longest) = match begin.parse().ok()? {
        IpAddr::V4(begin) => (u128::from(begin.to_bits()), 32),
        IpAddr::V6(begin) => (begin.to_bits(), 128),
    };
    let rest = 1_u128.checked_shl(longest - length.min(longest)).map_or(u128::MAX, |count| count - 1);
    Some((begin & !rest, begin | rest))
}

/// A port, or a span of them.
pub(super) fn is_a_port(port: &Map<String, Value>, findings: &mut Findings) {
    let (first, last) = (port.get("port").unwrap_or(&Value::Null), port.get("endPort").unwrap_or(&Value::Null));
    super::table::Rule::Port.check("port", first, findings);
    let Some(end) = last.as_i64() else { return };
    match (first, first.as_i64()) {
        (Value::Null, _) => findings.invalid("endPort", last, "may not be specified when `port` is not specified"),
        (Value::String(_), _) => findings.invalid("endPort", last, "may not be specified when `port` is non-numeric"),
        // The real server shows the first one, too.
        (_, Some(begin)) if end < begin => {
            findings.invalid("endPort", first, "must be greater than or equal to `port`");
        }
        _ => {}
    }
}
