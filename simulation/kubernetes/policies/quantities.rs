//! Pure: quantities as numbers of thousandths.

/// A quantity (`250m`, `2`, `1.5Gi`) in thousandths; `None`: it is none.
pub(super) fn thousandths(text: &str) -> Option<i128> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && !"+-.".contains(letter)).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let mut value: i128 = whole.parse::<i128>().ok()?.checked_mul(1000)?;
    let part: String = part.chars().chain("000".chars()).take(3).collect();
    value += part.parse::<i128>().ok()?;
    let factor: i128 = match unit {
        "" => 1,
        "m" => return Some(value / 1000),
        "k" => 1000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "T" => 1_000_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        _ => return None,
    };
    value.checked_mul(factor)
}

/// As short as it is exact.
pub(super) fn shown(thousandths: i128, binary: bool) -> String {
    if thousandths % 1000 != 0 {
        return format!("{thousandths}m");
    }
    let whole = thousandths / 1000;
    let units: &[(i128, &str)] = if binary { &[(1 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")] } else { &[] };
    let unit = units.iter().find(|(size, _)| whole != 0 && whole % size == 0);
    unit.map_or_else(|| whole.to_string(), |(size, unit)| format!("{}{unit}", whole / size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_and_shown() {
        for (text, value, again, binary) in [
            ("250m", 250, "250m", false),
            ("2", 2000, "2", false),
            ("1.5", 1500, "1500m", false),
            ("1024Mi", 1 << 30, "1Gi", true),
        ] {
            let value: i128 = if binary { value * 1000 } else { value };
            assert_eq!(thousandths(text), Some(value), "{text}");
            assert_eq!(shown(value, binary), again);
        }
        assert_eq!(thousandths("x"), None);
    }
}
