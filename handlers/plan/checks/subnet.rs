//! PURE. A subnet as Azure describes it: what it can hold, and who is in it.
use crate::resources::answers::{lies_in, list, text};
use serde_json::Value;
use std::net::Ipv4Addr;

/// Azure keeps the first four addresses of a subnet and the last one.
pub(crate) const AZURES_OWN: u64 = 5;

/// A range of addresses in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    first: u32,
    bits: u32,
}

impl Range {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let (address, bits): (Ipv4Addr, u32) = (address.parse().ok()?, bits.parse().ok()?);
        let first = u32::from(address) & u32::MAX.checked_shl(32_u32.checked_sub(bits)?).unwrap_or(0);
        Some(Self { first, bits })
    }

    pub(crate) const fn size(self) -> u64 {
        1 << (32 - self.bits)
    }

    /// The address that lies as far from the range's beginning.
    pub(crate) fn at(self, offset: u64) -> Option<Ipv4Addr> {
        let offset = u32::try_from(offset).ok().filter(|offset| u64::from(*offset) < self.size())?;
        Some(Ipv4Addr::from(self.first.checked_add(offset)?))
    }

    pub(crate) fn offset(self, address: Ipv4Addr) -> Option<u64> {
        let offset = u64::from(u32::from(address).checked_sub(self.first)?);
        (offset < self.size()).then_some(offset)
    }
}

/// The ranges of a subnet, as it was answered. Ranges of IPv6 are left out.
pub(crate) fn ranges(subnet: &Value) -> Vec<Range> {
    let several = list(subnet, "/properties/addressPrefixes").iter().filter_map(Value::as_str);
    let mut ranges: Vec<_> = several.filter_map(Range::read).collect();
    if ranges.is_empty() {
        ranges.extend(Range::read(text(subnet, "/properties/addressPrefix")));
    }
    ranges
}

/// Where an address lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Inside,
    KeptByAzure,
    Outside,
}

pub(crate) fn place(ranges: &[Range], address: Ipv4Addr) -> Place {
    let found = ranges.iter().find_map(|range| range.offset(address).map(|offset| (offset, range.size())));
    match found {
        None => Place::Outside,
        Some((offset, size)) if offset < 4 || offset == size - 1 => Place::KeptByAzure,
        Some(_) => Place::Inside,
    }
}

/// How many addresses of the subnet are in use, without those of a cluster whose group for nodes is this.
pub(crate) fn in_use(subnet: &Value, but_not_in: Option<&str>) -> u64 {
    let others = |configuration: &&Value| {
        let id = text(configuration, "/id");
        !but_not_in.is_some_and(|group| lies_in(id, group))
    };
    list(subnet, "/properties/ipConfigurations").iter().filter(others).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_knows_its_size_and_what_azure_keeps() {
        let range = Range::read("10.1.16.7/20").unwrap();
        assert_eq!(range.size(), 4096);
        for (address, expected) in [
            ([10, 1, 16, 3], Place::KeptByAzure),
            ([10, 1, 16, 4], Place::Inside),
            ([10, 1, 31, 254], Place::Inside),
            ([10, 1, 31, 255], Place::KeptByAzure),
            ([10, 1, 32, 0], Place::Outside),
            ([10, 1, 15, 255], Place::Outside),
        ] {
            assert_eq!(place(&[range], address.into()), expected, "{address:?}");
        }
        assert_eq!(Range::read("0.0.0.0/0").unwrap().size(), 1 << 32);
        for wrong in ["10.0.0.0/33", "10.0.0.0", "fd00::/64", "", "10.0.0.0/-1"] {
            assert_eq!(Range::read(wrong), None, "{wrong}");
        }
    }
}
