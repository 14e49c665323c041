//! The headers that an Application Gateway adds, and its affinity cookie. Pure.
use http::header::{COOKIE, HOST, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use std::net::SocketAddr;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The host name that is asked for, in lower case and without its port.
pub(super) fn host_of<B>(request: &Request<B>) -> Option<String> {
    let authority = match request.uri().authority() {
        Some(authority) => authority.clone(),
        None => request.headers().get(HOST)?.to_str().ok()?.parse().ok()?,
    };
    Some(authority.host().to_lowercase()).filter(|host| !host.is_empty())
}

/// Says whom the request came from and what was asked, and asks the backend for `host` if its settings change that.
pub(super) fn forward(headers: &mut HeaderMap, peer: SocketAddr, port: u16, host: Option<&str>) {
    // Application Gateway writes the caller's port too, unlike most proxies.
    let mut chain: Vec<_> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).map(ToOwned::to_owned).collect();
    chain.push(peer.to_string());
    set(headers, FORWARDED_FOR, &chain.join(", "));
    set(headers, HeaderName::from_static("x-forwarded-proto"), "http");
    set(headers, HeaderName::from_static("x-forwarded-port"), &port.to_string());
    if let Some(original) = headers.get(HOST).cloned() {
        headers.insert("x-original-host", original.clone());
        headers.insert("x-forwarded-host", original);
    }
    if let Some(host) = host {
        set(headers, HOST, host);
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The value of a cookie, or of its twin for requests of other sites.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut own = pairs.filter(|(found, _)| *found == name || found.strip_suffix("CORS") == Some(name));
    own.next().map(|(_, value)| value.trim_matches('"').to_owned())
}

/// Binds the user to a member: Application Gateway sets the cookie and its twin for requests of other sites.
pub(super) fn bind(headers: &mut HeaderMap, name: &str, value: &str) {
    for cookie in [format!("{name}={value}; Path=/"), format!("{name}CORS={value}; Path=/; SameSite=None; Secure")] {
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            headers.append(SET_COOKIE, cookie);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_is_appended_with_its_port_and_the_asked_host_is_kept() {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("Shop.example.com:8080"));
        headers.append(FORWARDED_FOR, HeaderValue::from_static("203.0.113.7"));
        headers.append(FORWARDED_FOR, HeaderValue::from_static("198.51.100.1"));
        forward(&mut headers, "127.0.0.1:4242".parse().unwrap(), 8080, Some("inner.example.com"));
        let all: Vec<_> = headers.get_all(FORWARDED_FOR).iter().collect();
        assert_eq!(all, ["203.0.113.7, 198.51.100.1, 127.0.0.1:4242"]);
        assert_eq!(headers["x-original-host"], "Shop.example.com:8080");
        assert_eq!(headers["x-forwarded-port"], "8080");
        assert_eq!(headers[HOST], "inner.example.com");
    }

    #[test]
    fn the_cookie_is_found_among_others_and_under_both_names() {
        let with = |text: &'static str| HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(text))]);
        assert_eq!(cookie(&with("a=1; sticky=\"me\"; b=2"), "sticky").as_deref(), Some("me"));
        assert_eq!(cookie(&with("stickyCORS=me"), "sticky").as_deref(), Some("me"));
        assert_eq!(cookie(&with("unsticky=me; stickyX=me; sticky"), "sticky"), None);
    }

    #[test]
    fn the_host_is_the_targets_or_the_headers_without_port() {
        let ask = |uri: &str, host: &str| Request::get(uri).header(HOST, host).body(()).unwrap();
        assert_eq!(host_of(&ask("/x", "Shop.Example.com:8080")).as_deref(), Some("shop.example.com"));
        assert_eq!(host_of(&ask("http://a.example/x", "b.example")).as_deref(), Some("a.example"));
        assert_eq!(host_of(&ask("/x", "no host")), None);
    }
}
