//! When the script breaks a cluster's workloads, or some of its addresses alone. Pure.
use jiff::Timestamp;
use std::net::IpAddr;

/// The stretches of time in which visits are answered 500.
#[derive(Debug, Default)]
pub(super) struct Outages(Vec<Outage>);

#[derive(Debug)]
struct Outage {
    from: Timestamp,
    until: Timestamp,
    /// Visits to these alone, while the workloads themselves are well. Empty: to all, and no workload is ready.
    addresses: Vec<IpAddr>,
}

impl Outages {
    pub fn add(&mut self, from: Timestamp, until: Timestamp, addresses: &[IpAddr]) {
        self.0.push(Outage { from, until, addresses: addresses.to_vec() });
    }

    /// Everything is well from now on.
    pub fn end(&mut self, now: Timestamp) {
        self.0.retain(|outage| outage.from < now);
        for outage in &mut self.0 {
            outage.until = outage.until.min(now);
        }
    }

    /// Whether no workload is ready.
    pub fn is_broken(&self, now: Timestamp) -> bool {
        self.now(now).any(|outage| outage.addresses.is_empty())
    }

    /// Whether a visit to this address fails.
    pub fn is_broken_at(&self, address: IpAddr, now: Timestamp) -> bool {
        self.now(now).any(|outage| outage.addresses.is_empty() || outage.addresses.contains(&address))
    }

    /// The addresses at which visits fail now, though the workloads are well.
    pub fn broken_addresses(&self, now: Timestamp) -> Vec<IpAddr> {
        self.now(now).flat_map(|outage| outage.addresses.iter().copied()).collect()
    }

    fn now(&self, now: Timestamp) -> impl Iterator<Item = &Outage> {
        self.0.iter().filter(move |outage| outage.from <= now && now < outage.until)
    }

    pub fn moments(&self) -> impl Iterator<Item = Timestamp> {
        self.0.iter().flat_map(|outage| [outage.from, outage.until])
    }
}
