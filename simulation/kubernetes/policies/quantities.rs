//! Pure: quantities as numbers of thousandths.
use crate::kubernetes::reading::in_nanos;

/// In billionths.
const A_THOUSANDTH: i128 = 1_000_000;

/// A quantity (`250m`, `2`, `1.5Gi`) in thousandths, rounded up; `None`: it is none.
pub(super) fn thousandths(text: &str) -> Option<i128> {
    in_nanos(text).map(|nanos| nanos.div_euclid(A_THOUSANDTH) + i128::from(nanos.rem_euclid(A_THOUSANDTH) > 0))
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
