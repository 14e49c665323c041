//! A subnet as Azure describes it: what it can hold, and who is in it.
use super::answers::{lies_in, list, text};
use ipnet::{IpAdd, IpSub, Ipv4Net};
use serde_json::Value;
use std::net::Ipv4Addr;

/// Azure keeps the first four addresses of a subnet and the last one.
pub const AZURES_OWN: u64 = 5;

/// The ranges of a subnet, as it was answered. Ranges of IPv6 are left out.
#[must_use]
pub fn ranges(subnet: &Value) -> Vec<Ipv4Net> {
    let several = list(subnet, "/properties/addressPrefixes").iter().filter_map(Value::as_str);
    let mut ranges: Vec<_> = several.filter_map(read).collect();
    if ranges.is_empty() {
        ranges.extend(read(text(subnet, "/properties/addressPrefix")));
    }
    ranges
}

fn read(text: &str) -> Option<Ipv4Net> {
    text.parse().ok()
}

/// How many addresses a range has.
#[must_use]
pub const fn size(range: Ipv4Net) -> u64 {
    1 << (range.max_prefix_len() - range.prefix_len())
}

/// How far into a range an address lies.
#[must_use]
pub fn offset(range: Ipv4Net, address: Ipv4Addr) -> Option<u32> {
    range.contains(&address).then(|| address.saturating_sub(range.network()))
}

/// The address that lies so far into a range.
#[must_use]
pub fn at(range: Ipv4Net, offset: u32) -> Option<Ipv4Addr> {
    (u64::from(offset) < size(range)).then(|| range.network().saturating_add(offset))
}

/// Where an address lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the subnet, free to be used.
    Inside,
    /// In the subnet, but one of those that Azure keeps.
    KeptByAzure,
    /// Not in the subnet.
    Outside,
}

/// Where an address lies in these ranges.
#[must_use]
pub fn place(ranges: &[Ipv4Net], address: Ipv4Addr) -> Place {
    let Some(range) = ranges.iter().find(|range| range.contains(&address)) else { return Place::Outside };
    let is_early = offset(*range, address).is_some_and(|offset| offset < 4);
    if is_early || address == range.broadcast() { Place::KeptByAzure } else { Place::Inside }
}

/// How many addresses of the subnet are in use, without those of a cluster whose group for nodes is this.
#[must_use]
pub fn in_use(subnet: &Value, but_not_in: Option<&str>) -> u64 {
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
        let range = read("10.1.16.7/20").unwrap();
        assert_eq!(size(range), 4096);
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
        assert_eq!(size(read("0.0.0.0/0").unwrap()), 1 << 32);
        for wrong in ["10.0.0.0/33", "10.0.0.0", "fd00::/64", "", "10.0.0.0/-1"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
    #[test]
    fn an_address_as_far_into_another_range_is_found_where_that_one_is_as_large() {
        let [from, to, small] = ["10.1.16.7/20", "10.2.0.0/20", "10.3.0.0/28"].map(|range| read(range).unwrap());
        let far = offset(from, [10, 1, 17, 4].into()).unwrap();
        assert_eq!((far, at(to, far), at(small, far)), (260, Some([10, 2, 1, 4].into()), None));
        assert_eq!(offset(from, [10, 2, 1, 4].into()), None);
        assert_eq!(at(read("240.0.0.0/4").unwrap(), u32::MAX), None);
    }
}
