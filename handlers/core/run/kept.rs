//! A document that keeps what this binary does not know: an older binary rewrites it without loss.
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::sync::Arc;

/// An immutable value together with the JSON text that it was read from. Cloning is cheap, and so is writing it again.
#[derive(Debug)]
pub struct Kept<T> {
    value: Arc<T>,
    raw: Arc<RawValue>,
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), raw: self.raw.clone() }
    }
}

impl<T: Serialize> Kept<T> {
    /// Keeps a value that was made here.
    ///
    /// # Errors
    /// When the value has no JSON form.
    pub fn new(value: T) -> serde_json::Result<Self> {
        let raw = serde_json::value::to_raw_value(&value)?;
        Ok(Self { value: value.into(), raw: raw.into() })
    }
}

impl<T> std::ops::Deref for Kept<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> PartialEq for Kept<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.raw, &other.raw) || self.raw.get() == other.raw.get()
    }
}

impl<T> Serialize for Kept<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Kept<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let value: T = serde_json::from_str(raw.get()).map_err(serde::de::Error::custom)?;
        Ok(Self { value: value.into(), raw: raw.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Known {
        name: String,
    }

    #[test]
    fn members_that_this_binary_does_not_know_survive() {
        let kept: Kept<Known> = serde_json::from_str(r#"{"name":"shop","later":{"deep":[1]}}"#).unwrap();
        assert_eq!(kept.name, "shop");
        assert_eq!(serde_json::to_string(&kept).unwrap(), r#"{"name":"shop","later":{"deep":[1]}}"#);
    }
}
