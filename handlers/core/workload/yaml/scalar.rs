//! What a scalar means to go-yaml 2, the reader of Kubernetes' tools.
//! Source: `resolve.go` of sigs.k8s.io/yaml/goyaml.v2, and how its values become JSON.
use base64::Engine;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Number, Value};

/// What a scalar means.
#[derive(Debug, PartialEq)]
pub struct Meaning {
    /// To Kubernetes' tools.
    pub value: Value,
    /// What a reader of YAML 1.2 would read instead, if that is something else.
    pub others: Option<String>,
}

/// The meaning of a scalar: plain or quoted, with this tag of YAML's own (`str`, `int`, …) or another one.
///
/// # Errors
/// When it is not what its tag says, or has no form in JSON.
pub fn meaning(text: &str, is_plain: bool, tag: Option<&str>) -> Result<Meaning, String> {
    let alone = |value| Ok(Meaning { value, others: None });
    let Some(tag) = tag else { return if is_plain { plain(text) } else { alone(Value::String(text.to_owned())) } };
    let is_so: fn(&Value) -> bool = match tag {
        "binary" => return binary(text),
        "timestamp" if is_moment(text) => return alone(Value::String(text.to_owned())),
        "timestamp" => |_| false,
        "null" => Value::is_null,
        "bool" => Value::is_boolean,
        "int" => |value| value.is_i64() || value.is_u64(),
        "float" => Value::is_number,
        // `!!str`, what only lists and objects can be, and everybody's own.
        _ => return alone(Value::String(text.to_owned())),
    };
    let Meaning { value, .. } = plain(text)?;
    // 1.0 has a fraction, though its JSON has none.
    let is_fraction = tag == "int" && integer(&text.replace('_', "")).is_none();
    if is_so(&value) && !is_fraction { alone(value) } else { Err(format!("{text:?} is not what its tag !!{tag} says")) }
}

/// As Go's decoder reads it: bits behind the last byte do not count.
pub(crate) const GO: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// The bytes, as the text that they are in JSON: what is no UTF-8 is lost there.
fn binary(text: &str) -> Result<Meaning, String> {
    let bytes = GO.decode(text.replace(['\n', '\r'], ""));
    let bytes = bytes.map_err(|_| "a value with the tag !!binary is not in base64")?;
    let lost = "Kubernetes' tools send what a !!binary decodes to, and lose what of it is no text: leave the tag out where \
                base64 is expected";
    let mut value = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        value.push_str(chunk.valid());
        value.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    let others = (value.as_bytes() != bytes).then(|| lost.to_owned());
    Ok(Meaning { value: Value::String(value), others })
}

/// A date, or a moment of it: `2006-1-2`, `2006-1-2T15:4:5.999Z`, `2006-1-2 15:4:5`.
fn is_moment(text: &str) -> bool {
    let digits = |text: &str, least: usize, most: usize| {
        (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let within = |text: &str, bounds: std::ops::RangeInclusive<u32>| {
        digits(text, 1, 2) && text.parse().is_ok_and(|number| bounds.contains(&number))
    };
    let is_clock = |text: &str| {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let parts: Vec<_> = whole.split(':').collect();
        let [hours, minutes, seconds] = parts[..] else { return false };
        within(hours, 0..=23) && within(minutes, 0..=59) && within(seconds, 0..=59) && digits(part, 1, 9)
    };
    let is_zone = |text: &str| {
        let (hours, minutes) = text.split_once(':').unwrap_or((text, ""));
        text == "Z" || (digits(hours, 2, 2) && digits(minutes, 2, 2))
    };
    let (date, clock) = text.split_at(text.find(['T', 't', ' ']).unwrap_or(text.len()));
    let parts: Vec<_> = date.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let is_well = match (clock.get(..1), clock.get(1..)) {
        (Some("T" | "t"), Some(clock)) => match clock.find(['Z', '+', '-']).map(|at| clock.split_at(at)) {
            Some((clock, zone)) => is_clock(clock) && is_zone(zone.trim_start_matches(['+', '-'])),
            None => false,
        },
        (Some(_), Some(clock)) => is_clock(clock),
        _ => true,
    };
    digits(year, 4, 4) && within(month, 1..=12) && within(day, 1..=31) && is_well
}

fn plain(text: &str) -> Result<Meaning, String> {
    let Some(first) = text.chars().next() else { return Ok(Meaning { value: Value::Null, others: None }) };
    let as_text = || Meaning { value: Value::String(text.to_owned()), others: None };
    match first {
        '~' | 'n' | 'N' | 't' | 'T' | 'f' | 'F' | 'y' | 'Y' | 'o' | 'O' => Ok(word(text).unwrap_or_else(as_text)),
        '.' | '+' | '-' | '0'..='9' => number(text).map(|found| found.unwrap_or_else(as_text)),
        _ => Ok(as_text()),
    }
}

fn word(text: &str) -> Option<Meaning> {
    let old = |value: bool| {
        let others = format!("{text} is {value} to Kubernetes, and a text to YAML 1.2: write {value}, or \"{text}\"");
        Some(Meaning { value: Value::Bool(value), others: Some(others) })
    };
    let new = |value: Value| Some(Meaning { value, others: None });
    match text {
        "~" | "null" | "Null" | "NULL" => new(Value::Null),
        "true" | "True" | "TRUE" => new(Value::Bool(true)),
        "false" | "False" | "FALSE" => new(Value::Bool(false)),
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => old(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => old(false),
        _ => None,
    }
}

/// A number, if it is one. Base 60 stays a text, and so does a moment.
fn number(text: &str) -> Result<Option<Meaning>, String> {
    if matches!(text.trim_start_matches(['+', '-']), ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") {
        return Err(format!("{text} has no form in JSON"));
    }
    if is_date(text) {
        return Ok(None);
    }
    let digits = text.replace('_', "");
    let others = |value: &Number| {
        let (sign, bare) = digits.split_at(usize::from(digits.starts_with(['+', '-'])));
        let is_octal = bare.len() > 1 && bare.starts_with('0') && bare.bytes().all(|byte| byte.is_ascii_digit());
        if is_octal && format!("{}{}", sign.replace('+', ""), bare.trim_start_matches('0')) != value.to_string() {
            return Some(format!("{text} is octal to Kubernetes, {value}: a reader of YAML 1.2 takes it for decimal"));
        }
        let is_new = digits == text && !bare.starts_with("0b");
        (!is_new).then(|| format!("{text} is the number {value} to Kubernetes, and a text to YAML 1.2"))
    };
    let found = integer(&digits)
        .or_else(|| float(&digits))
        .map(|value| Meaning { others: others(&value), value: Value::Number(value) });
    Ok(found)
}

/// As Go's `ParseInt` with base 0 reads it.
fn integer(digits: &str) -> Option<Number> {
    let (is_negative, bare) = match digits.as_bytes().first()? {
        b'-' => (true, &digits[1..]),
        b'+' => (false, &digits[1..]),
        _ => (false, digits),
    };
    let lower = bare.to_ascii_lowercase();
    let (base, bare) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if bare.is_empty() || !bare.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let value = u64::from_str_radix(bare, base).ok()?;
    if is_negative {
        return 0_i64.checked_sub_unsigned(value).map(Number::from);
    }
    Some(Number::from(value))
}

/// As its JSON has it: a whole number has no fraction there.
fn float(digits: &str) -> Option<Number> {
    let bare = digits.trim_start_matches(['+', '-']);
    let (mantissa, exponent) = bare.split_once(['e', 'E']).map_or((bare, None), |(one, other)| (one, Some(other)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(one, other)| (one, Some(other)));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_is_well = exponent.is_none_or(|it| {
        let bare = it.strip_prefix(['+', '-']).unwrap_or(it);
        !bare.is_empty() && are_digits(bare)
    });
    let has_digits = !whole.is_empty() || fraction.is_some_and(|fraction| !fraction.is_empty());
    let is_signed_once = digits.len() - bare.len() <= 1;
    if !(is_signed_once && has_digits && are_digits(whole) && are_digits(fraction.unwrap_or("")) && exponent_is_well) {
        return None;
    }
    let value: f64 = digits.parse().ok()?;
    let is_whole = value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole, and below 2 to the 53rd")]
    if is_whole { Some(Number::from(value as i64)) } else { Number::from_f64(value) }
}

/// Four digits and a dash: a date stays the text that it is.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 8 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-' && text.contains(['-', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Value {
        plain(text).unwrap().value
    }

    #[test]
    fn scalars_are_what_go_yaml_makes_of_them() {
        for (text, value) in [
            ("0400", json!(256)),
            ("0755", json!(493)),
            ("-0400", json!(-256)),
            ("0o400", json!(256)),
            ("08", json!(8)),
            ("0x1F", json!(31)),
            ("0b101", json!(5)),
            ("1_000", json!(1000)),
            ("+12", json!(12)),
            ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("1e3", json!(1000)),
            ("1.0", json!(1)),
            ("1.5", json!(1.5)),
            (".5", json!(0.5)),
            ("0.", json!(0)),
            ("1:30", json!("1:30")),
            ("190:20:30", json!("190:20:30")),
            ("2026-11-25", json!("2026-11-25")),
            ("1.2.3", json!("1.2.3")),
            ("1e", json!("1e")),
            ("--1", json!("--1")),
            ("-", json!("-")),
            ("100m", json!("100m")),
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("y", json!(true)),
            ("oN", json!("oN")),
            ("~", json!(null)),
            ("", json!(null)),
            ("null", json!(null)),
            ("nUll", json!("nUll")),
            ("=", json!("=")),
        ] {
            assert_eq!(read(text), value, "{text}");
        }
    }

    #[test]
    fn what_others_would_read_otherwise_is_said() {
        for text in ["0400", "yes", "off", "1_000", "0b11"] {
            assert!(plain(text).unwrap().others.is_some(), "{text}");
        }
        for text in ["400", "0", "true", "0x1f", "0o17", "1.5", "1e3", "08:00", "text", "-1"] {
            assert_eq!(plain(text).unwrap().others, None, "{text}");
        }
    }

    #[test]
    fn tags_say_what_a_scalar_is() {
        let tagged = |text, tag| meaning(text, true, Some(tag)).map(|it| it.value);
        assert_eq!(tagged("0400", "str"), Ok(json!("0400")));
        assert_eq!(tagged("aGk=", "binary"), Ok(json!("hi")));
        assert_eq!(tagged("12", "int"), Ok(json!(12)));
        assert!(tagged("x", "int").unwrap_err().contains("!!int"));
        assert!(plain(".inf").is_err());
    }

    /// What `kubectl create --dry-run=client -o json` made of each.
    #[test]
    fn tags_are_what_kubectl_makes_of_them() {
        for (text, tag, value) in [
            ("aGl=", "binary", Some(json!("hi"))),
            ("", "binary", Some(json!(""))),
            ("aGVs\nbG8=", "binary", Some(json!("hello"))),
            ("aGVs bG8=", "binary", None),
            ("!!", "binary", None),
            ("4oI=", "binary", Some(json!("\u{fffd}\u{fffd}"))),
            ("yes", "bool", Some(json!(true))),
            ("1", "bool", None),
            ("5_0", "int", Some(json!(50))),
            ("010", "int", Some(json!(8))),
            ("1.0", "int", None),
            ("1e3", "int", None),
            ("1:30", "int", None),
            ("", "int", None),
            ("99999999999999999999", "int", None),
            ("0x10", "float", Some(json!(16))),
            ("1.0", "float", Some(json!(1))),
            ("1e400", "float", None),
            ("", "null", Some(json!(null))),
            ("x", "null", None),
            ("2020-1-1", "timestamp", Some(json!("2020-1-1"))),
            ("2020-01-01 10:00:00", "timestamp", Some(json!("2020-01-01 10:00:00"))),
            ("2020-01-01t10:00:00+01:00", "timestamp", Some(json!("2020-01-01t10:00:00+01:00"))),
            ("x", "timestamp", None),
            ("5", "timestamp", None),
            ("", "timestamp", None),
            ("x", "seq", Some(json!("x"))),
            ("5", "omap", Some(json!("5"))),
            ("true", "other", Some(json!("true"))),
        ] {
            for is_plain in [true, false] {
                let read = meaning(text, is_plain, Some(tag)).map(|it| it.value).ok();
                assert_eq!(read, value, "!!{tag} {text:?}");
            }
        }
        assert!(meaning("4oI=", true, Some("binary")).unwrap().others.unwrap().contains("no text"));
    }
}
