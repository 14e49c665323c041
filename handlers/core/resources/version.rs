//! An exact version of Kubernetes.
use serde::{Deserialize, Serialize};

/// An exact Kubernetes version, `major.minor.patch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    /// Always 1 so far.
    pub major: u16,
    /// The minor version.
    pub minor: u16,
    /// The patch.
    pub patch: u16,
}

impl Version {
    /// The minor version, as people name it: `1.34`.
    #[must_use]
    pub fn minor_version(self) -> String {
        format!("{}.{}", self.major, self.minor)
    }
}

impl std::str::FromStr for Version {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{:?} is no exact Kubernetes version: expected three numbers like 1.34.6", shortened(text));
        let parts: Vec<u16> = text.split('.').map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?;
        let [major, minor, patch] = parts[..] else { return Err(wrong()) };
        let version = Self { major, minor, patch };
        // `01.2.3` and `+1.2.3` parse as numbers, but are other texts.
        if version.to_string() == text { Ok(version) } else { Err(wrong()) }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

impl std::fmt::Display for Version {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Serialize for Version {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_plain_numbers_are_a_version() {
        assert_eq!("1.34.6".parse::<Version>().unwrap().to_string(), "1.34.6");
        for wrong in ["1.34", "1.34.6.1", "v1.34.6", "1.34.06", "+1.34.6", "1.34.6-preview", "", "1.99999.0", "latest"]
        {
            assert!(wrong.parse::<Version>().unwrap_err().contains("expected three numbers"), "{wrong}");
        }
    }
}
