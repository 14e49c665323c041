//! Which service a door leads to, and what a path of the door means under the service's canonical host name.
use crate::Cloud;
use crate::cloud::is_below;

/// What a path of Resource Manager's door begins with that leads to the publishing site of the app named behind it.
pub(super) const PUBLISHING: &str = "/scm/";

/// The services that have a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    ResourceManager,
    /// Entra ID, and the managed identity endpoint of App Service.
    Login,
    Blobs,
    Bus,
    Kubernetes,
}

/// What a request at a door asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Destination<'path> {
    /// The host name under which Azure has the service.
    pub host: String,
    /// The path there.
    pub path: &'path str,
    /// The part of the door's path that stands for the host name.
    pub prefix: &'path str,
}

impl Service {
    /// Where a path leads; `None` when it names no account or no cluster.
    pub fn destination<'path>(self, path: &'path str, namespace: &str, cloud: Cloud) -> Option<Destination<'path>> {
        let whole = |host: &str| Some(Destination { host: host.into(), path, prefix: "" });
        match self {
            Self::ResourceManager => match first_segments(path, PUBLISHING) {
                Some((prefix, app, path)) => {
                    let good = app.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
                    let host = format!("{app}.scm.{}", cloud.apps());
                    good.then_some(Destination { host, path, prefix })
                }
                None => whole(cloud.resource_manager()),
            },
            Self::Login => whole(cloud.login()),
            Self::Bus => whole(&format!("{namespace}.{}", cloud.bus())),
            Self::Blobs => {
                let (prefix, account, path) = first_segments(path, "/")?;
                let good = account.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
                (good && (3..=24).contains(&account.len())).then(|| Destination {
                    host: format!("{account}.blob.{}", cloud.storage()),
                    path,
                    prefix,
                })
            }
            Self::Kubernetes => {
                let (prefix, host, path) = first_segments(path, "/clusters/")?;
                let good = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
                let named = is_below(&host.to_lowercase(), cloud.api_servers());
                (good && named).then(|| Destination { host: host.to_lowercase(), path, prefix })
            }
        }
    }

    /// The largest body that the door lets in, in bytes. The services refuse sooner and in their own words.
    pub fn largest_body(self) -> usize {
        match self {
            // Packages come through both.
            Self::Blobs | Self::ResourceManager => 64 * 1024 * 1024,
            Self::Login | Self::Bus | Self::Kubernetes => 8 * 1024 * 1024,
        }
    }

    /// What to do with a path that leads nowhere.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Blobs => {
                "expected /<account>/<container>/<blob>; the account has 3 to 24 lower-case letters and digits"
            }
            Self::Kubernetes => "expected /clusters/<fqdn>/...; a cluster's kubeconfig names its server",
            Self::ResourceManager | Self::Login | Self::Bus => "no such path",
        }
    }
}

/// The prefix with the segment behind `lead`, that segment, and the rest of the path, which begins with a slash.
fn first_segments<'path>(path: &'path str, lead: &str) -> Option<(&'path str, &'path str, &'path str)> {
    let name = path.strip_prefix(lead)?;
    let end = lead.len() + name.find('/').unwrap_or(name.len());
    let rest = if end == path.len() { "/" } else { &path[end..] };
    Some((&path[..end], &path[lead.len()..end], rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_and_clusters_are_named_by_the_path() {
        let blobs =
            |path| Service::Blobs.destination(path, "bus", Cloud::Public).map(|to| (to.host, to.path, to.prefix));
        let host = "shop.blob.core.windows.net".to_owned();
        assert_eq!(blobs("/shop/runs/a%2Fb"), Some((host.clone(), "/runs/a%2Fb", "/shop")));
        assert_eq!(blobs("/shop"), Some((host, "/", "/shop")));
        for nowhere in ["/", "/Shop/runs", "/a/b", "/a.b.c/d", ""] {
            assert_eq!(blobs(nowhere), None, "{nowhere}");
        }
        let fqdn = "shop-1.hcp.westeurope.azmk8s.io";
        let path = format!("/clusters/{fqdn}/api/v1/pods");
        let found = Service::Kubernetes.destination(&path, "bus", Cloud::Public).unwrap();
        assert_eq!((found.host.as_str(), found.path), (fqdn, "/api/v1/pods"));
        assert_eq!(found.prefix, format!("/clusters/{fqdn}"));
        for nowhere in ["/api/v1", "/clusters/", "/clusters/management.azure.com/subscriptions"] {
            assert_eq!(Service::Kubernetes.destination(nowhere, "bus", Cloud::Public), None, "{nowhere}");
        }
    }
}
