//! A gateway's probes of one member, run when somebody looks, as if they had run at their times.
use crate::kubernetes::Visit;
use crate::resource_manager::Backend;
use jiff::{SignedDuration, Timestamp};
use std::net::IpAddr;

/// How a member is asked: address, host name, path, moment. `None`: nothing listens there.
pub(super) type Asking<'a> = &'a mut dyn FnMut(IpAddr, &str, &str, Timestamp) -> Option<Visit>;

/// What the probes of a member have found: healthy until proved otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Health {
    pub healthy: bool,
    failures: u32,
}

impl Health {
    pub const UNPROBED: Self = Self { healthy: true, failures: 0 };

    /// One success makes healthy, so many failures in a row as the probe's threshold make unhealthy.
    pub fn note(&mut self, success: bool, threshold: u32) {
        if success {
            *self = Self::UNPROBED;
        } else {
            self.failures = self.failures.saturating_add(1);
            self.healthy &= self.failures < threshold;
        }
    }
}

/// A member of a pool, spoken to by certain settings, and what its probes have found.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub settings: String,
    pub address: String,
    pub ip: Option<IpAddr>,
    pub health: Health,
    next: Timestamp,
}

impl Target {
    /// A member that has just been added, probed at once.
    pub fn new(settings: &str, address: &str, ip: Option<IpAddr>, since: Timestamp) -> Self {
        Self { settings: settings.into(), address: address.into(), ip, health: Health::UNPROBED, next: since }
    }

    /// Runs the probes that were due by now.
    pub fn catch_up(&mut self, backend: &Backend, asking: Asking<'_>, now: Timestamp) {
        if self.next > now {
            return;
        }
        let probe = &backend.probe;
        let every = probe.interval.as_secs().max(1);
        let due = now.duration_since(self.next).as_secs() / every + 1;
        // The last `threshold` probes alone decide: one success among them makes healthy, none unhealthy.
        let skipped = (due - i64::from(probe.threshold)).max(0);
        self.next = later(self.next, skipped.saturating_mul(every));
        while self.next <= now {
            let host = probe.host.as_deref().or(backend.host.as_deref()).unwrap_or("127.0.0.1");
            let visit = self.ip.and_then(|ip| asking(ip, host, &probe.path, self.next));
            self.health.note(visit.is_some_and(|visit| probe.accepts(visit.status)), probe.threshold);
            self.next = later(self.next, every);
        }
    }
}

fn later(moment: Timestamp, seconds: i64) -> Timestamp {
    moment.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}
