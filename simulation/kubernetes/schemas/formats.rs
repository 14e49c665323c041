//! Pure: the formats of texts that a server checks. What it does not know it lets through, and so do we.
use base64::{Engine, engine::general_purpose::STANDARD};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether a text has a format.
pub(super) fn fits(format: &str, text: &str) -> bool {
    match format {
        "date-time" | "datetime" => {
            text.contains(['T', 't'])
                && (text.parse::<jiff::Timestamp>().is_ok() || text.parse::<jiff::civil::DateTime>().is_ok())
        }
        "date" => text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
        "duration" => is_duration(text),
        "byte" => STANDARD.decode(text).is_ok(),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "ip" => text.parse::<IpAddr>().is_ok(),
        "cidr" => is_cidr(text),
        "uuid" | "uuid3" | "uuid4" | "uuid5" => is_uuid(text),
        "email" => text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()),
        "uri" => {
            text.parse::<http::Uri>().is_ok_and(|uri| uri.scheme().is_some() || text.starts_with('/'))
                || has_scheme(text)
        }
        _ => true,
    }
}

fn has_scheme(text: &str) -> bool {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
}

/// Numbers with Go's units, one after the other: `1h30m`.
fn is_duration(text: &str) -> bool {
    let text = text.trim_start_matches(['-', '+']);
    let mut rest = text;
    while !rest.is_empty() {
        let unit = rest.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
        if unit.len() == rest.len() {
            return false;
        }
        let unit = unit.trim_start();
        let next = unit.trim_start_matches(char::is_alphabetic);
        let known = [
            "ns", "us", "µs", "μs", "ms", "s", "m", "h", "d", "w", "second", "seconds", "minute", "minutes", "hour",
            "hours", "day", "days", "week", "weeks",
        ];
        if rest != "0" && !known.contains(&&unit[..unit.len() - next.len()]) {
            return false;
        }
        rest = next.trim_start();
    }
    !text.is_empty()
}

fn is_cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let longest = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    length.parse::<u8>().is_ok_and(|length| length <= longest)
}

fn is_uuid(text: &str) -> bool {
    let digits = text.replace('-', "");
    digits.len() == 32 && digits.chars().all(|digit| digit.is_ascii_hexdigit())
}
