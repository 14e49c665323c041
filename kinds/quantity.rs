//! Pure: quantities such as `500m` and `1Gi`, and the one form in which a server writes each.

use serde_json::Value;

/// What a server says of a text that is none.
pub const NO_QUANTITY: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

const NANOS: i128 = 1_000_000_000;
/// The suffix of each power of a thousand, from the billionth on.
const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Decimal,
    Binary,
    Exponent,
}

/// A quantity in billionths; `None`: it is none.
pub fn in_nanos(text: &str) -> Option<i128> {
    parse(text).map(|(nanos, _)| nanos)
}

/// What a member says, as a text or as a number, in billionths.
#[must_use]
pub fn amount(value: &Value) -> Option<i128> {
    value.as_str().map_or_else(|| in_nanos(&value.as_number()?.to_string()), in_nanos)
}

/// A quantity in the form in which a server writes it.
pub fn canonical(text: &str) -> Option<String> {
    let (nanos, form) = parse(text)?;
    if nanos == 0 {
        return Some("0".into());
    }
    let whole = nanos / NANOS;
    if form == Form::Binary && nanos % NANOS == 0 && whole.abs() >= 1024 {
        let (mut number, mut power) = (whole, 0);
        while number % 1024 == 0 && power + 1 < BINARY.len() {
            (number, power) = (number / 1024, power + 1);
        }
        return Some(format!("{number}{}", BINARY[power]));
    }
    let (mut number, mut power) = (nanos, 0);
    while number % 1000 == 0 && power + 1 < DECIMAL.len() {
        (number, power) = (number / 1000, power + 1);
    }
    let suffix = match (form, power) {
        (_, 3) => String::new(),
        (Form::Exponent, power) => format!("e{}", 3 * i64::try_from(power).ok()? - 9),
        (Form::Decimal | Form::Binary, power) => DECIMAL[power].into(),
    };
    Some(format!("{number}{suffix}"))
}

fn parse(text: &str) -> Option<(i128, Form)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && !matches!(letter, '.' | '+' | '-'));
    let (number, suffix) = text.split_at(end.unwrap_or(text.len()));
    let (negative, digits) = match number.as_bytes().first()? {
        b'-' => (true, &number[1..]),
        b'+' => (false, &number[1..]),
        _ => (false, number),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + part.len() == 0 || !is_number(whole) || !is_number(part) {
        return None;
    }
    let mantissa: i128 = format!("{whole}{part}").parse().ok()?;
    let (factor, tens, form) = scale(suffix)?;
    let shift = tens + 9 - i32::try_from(part.len()).ok()?;
    let power = 10_i128.checked_pow(shift.unsigned_abs())?;
    let scaled = mantissa.checked_mul(factor)?;
    // What is below a billionth is rounded up.
    let nanos = if shift >= 0 { scaled.checked_mul(power)? } else { (scaled + power - 1) / power };
    Some((if negative { -nanos } else { nanos }, form))
}

/// What a suffix multiplies with: a factor, and a power of ten.
fn scale(suffix: &str) -> Option<(i128, i32, Form)> {
    if let Some(power) = DECIMAL.iter().position(|known| *known == suffix) {
        return Some((1, 3 * i32::try_from(power).ok()? - 9, Form::Decimal));
    }
    if let Some(power) = BINARY.iter().position(|known| *known == suffix) {
        return Some((1024_i128.checked_pow(u32::try_from(power).ok()?)?, 0, Form::Binary));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    (-18..=18).contains(&exponent).then_some((1, exponent, Form::Exponent))
}
