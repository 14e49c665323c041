//! Pure: members that a JSON text names twice, of which the last counts.
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

/// What a server says of each member that is there twice.
pub(in crate::kubernetes) fn doubles(json: &[u8]) -> Vec<String> {
    let (mut place, mut found) = (String::new(), vec![]);
    let seed = Seed { place: &mut place, found: &mut found };
    // A text that is no JSON is refused elsewhere.
    let _ = seed.deserialize(&mut serde_json::Deserializer::from_slice(json));
    found
}

struct Seed<'a> {
    place: &'a mut String,
    found: &'a mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("any JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let before = self.place.len();
        for at in 0.. {
            *self.place += &format!("[{at}]");
            let item = items.next_element_seed(Seed { place: self.place, found: self.found })?;
            self.place.truncate(before);
            if item.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let (before, mut seen) = (self.place.len(), HashSet::new());
        while let Some(name) = members.next_key::<String>()? {
            let dot = if before == 0 { "" } else { "." };
            if seen.contains(&name) {
                self.found.push(format!("duplicate field \"{}{dot}{name}\"", self.place));
                members.next_value::<IgnoredAny>()?;
                continue;
            }
            *self.place += &format!("{dot}{name}");
            members.next_value_seed(Seed { place: self.place, found: self.found })?;
            self.place.truncate(before);
            seen.insert(name);
        }
        Ok(())
    }
}
