//! URLs that come from outside, and which of them are called.
//!
//! A `response_url` and an upload URL are parts of requests and answers. If they could name any host, the
//! bot could be made to send requests inside its network. Plain HTTP is allowed only when the
//! Web API uses it too (a simulated workspace on loopback).

use super::client::Access;
use url::Url;

/// A `response_url`, if its host is allowed.
pub(crate) fn response_url(url: &str, access: &Access) -> Option<Url> {
    let url = parse(url, access)?;
    let hosts = &access.response_url_hosts;
    let known = hosts.iter().any(|known| matches_host(known, &url));
    known.then_some(url)
}

/// An upload URL, if its host is Slack's or the Web API's.
pub(crate) fn upload_url(url: &str, access: &Access) -> Option<Url> {
    let url = parse(url, access)?;
    let host = url.host_str()?;
    let api = &access.api_url;
    let same =
        Some(host) == api.host_str() && url.port_or_known_default() == api.port_or_known_default();
    let slacks = ["slack.com", "slack-gov.com"].iter().any(|domain| {
        let below = host.strip_suffix(domain);
        below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
    });
    (same || (slacks && url.scheme() == "https")).then_some(url)
}

fn parse(url: &str, access: &Access) -> Option<Url> {
    let url = Url::parse(url).ok()?;
    let plain_is_fine = access.api_url.scheme() == "http";
    let scheme_fits = url.scheme() == "https" || (url.scheme() == "http" && plain_is_fine);
    let no_login = url.username().is_empty() && url.password().is_none();
    (scheme_fits && no_login && url.has_host()).then_some(url)
}

/// `known` is a host, or a host and a port. A host alone means the default port of the scheme, and any
/// port of a simulated workspace.
fn matches_host(known: &str, url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let known = known.trim();
    match known.rsplit_once(':') {
        Some((name, port)) if !name.ends_with(':') => {
            let port_fits = port.parse().ok() == url.port_or_known_default();
            port_fits && name.eq_ignore_ascii_case(host)
        }
        _ => {
            let usual_port = url.port().is_none() || url.scheme() == "http";
            usual_port && known.eq_ignore_ascii_case(host)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(api: &str, hosts: &[&str]) -> Access {
        Access {
            api_url: Url::parse(api).unwrap(),
            token: None,
            response_url_hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        }
    }

    #[test]
    fn a_response_url_must_have_a_configured_host() {
        let slack = access("https://slack.com/api", &["hooks.slack.com"]);
        for (url, followed) in [
            ("https://hooks.slack.com/commands/T1/1/x", true),
            ("https://HOOKS.slack.com/x", true),
            ("http://hooks.slack.com/x", false),
            ("https://hooks.slack.com:8443/x", false),
            ("https://hooks.slack.com.evil.com/x", false),
            ("https://evil.com/hooks.slack.com", false),
            ("https://u:p@hooks.slack.com/x", false),
            ("https://169.254.169.254/latest", false),
            ("file:///etc/passwd", false),
            ("", false),
        ] {
            assert_eq!(response_url(url, &slack).is_some(), followed, "{url}");
        }
        let fake = access("http://127.0.0.1:9/api", &["127.0.0.1:8"]);
        assert!(response_url("http://127.0.0.1:8/x", &fake).is_some());
        assert!(response_url("http://127.0.0.1:7/x", &fake).is_none());
    }

    #[test]
    fn an_upload_url_must_have_a_host_of_slack() {
        let slack = access("https://slack.com/api", &[]);
        for (url, followed) in [
            ("https://files.slack.com/upload/v1/x", true),
            ("https://slack.com/x", true),
            ("http://files.slack.com/x", false),
            ("https://evilslack.com/x", false),
            ("https://files.slack.com.evil.com/x", false),
        ] {
            assert_eq!(upload_url(url, &slack).is_some(), followed, "{url}");
        }
        let fake = access("http://127.0.0.1:9/api", &[]);
        assert!(upload_url("http://127.0.0.1:9/upload/1", &fake).is_some());
        assert!(upload_url("http://127.0.0.1:8/upload/1", &fake).is_none());
    }
}
