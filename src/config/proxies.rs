//! The proxies through which others are called, by the names that every program knows.
//!
//! Read here and not left to the HTTP client: it would ignore a value that it cannot parse, and
//! calls would go out directly where only the proxy may.

use super::environment::Asked;
use super::readers::http_url;
use super::secret::Secret;
use super::variables::ProxyVariables;

/// How calls leave: directly, or through a proxy. An address may hold a password.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proxies {
    /// For `http` addresses.
    pub http: Option<Secret>,
    /// For `https` addresses, by `CONNECT`.
    pub https: Option<Secret>,
    /// Hosts, domains and networks that are called directly, comma separated; `*`: all.
    pub except: Option<String>,
}

impl Proxies {
    pub(super) fn of(given: &ProxyVariables) -> Self {
        let or_all = |own: &Option<Secret>| own.clone().or_else(|| given.all.clone());
        Self {
            http: or_all(&given.http),
            https: or_all(&given.https),
            except: given.except.clone(),
        }
    }
}

const A_PROXY: &str = "as in http://proxy.example.org:3128";

fn address(asked: &Asked<'_>) -> Option<Secret> {
    let text = match asked.text() {
        text if text.contains("://") => text.to_owned(),
        text => format!("http://{text}"),
    };
    http_url(&text).map(|_| Secret::new(text))
}

pub(crate) fn proxy(asked: &Asked<'_>) -> Option<Secret> {
    let must = "must be the address of an HTTP proxy";
    asked.or(address(asked), must, A_PROXY)
}

/// `ALL_PROXY` is for programs of every protocol, and often names a SOCKS proxy: one that cannot be
/// used is ignored, with a warning.
pub(crate) fn usable_proxy(asked: &Asked<'_>) -> Option<Secret> {
    let what = "is ignored: it is not the address of an HTTP proxy";
    asked.or_warn(address(asked), what, A_PROXY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::environment::Environment;
    use crate::config::variables::Variables;

    fn read_from(variables: &[(&str, &str)]) -> (Proxies, usize) {
        let lookup = |name: &str| {
            let mut found = variables.iter().filter(|(of, _)| *of == name);
            found.next().map(|(_, value)| (*value).to_owned())
        };
        let env = Environment::new(&lookup, crate::config::VARIABLES);
        let proxies = Proxies::of(&Variables::read(&env).proxies);
        let problems = env.found.conclude().err();
        let problems = problems.map_or(0, |problems| problems.len());
        (proxies, problems)
    }

    fn secret(text: &str) -> Option<Secret> {
        Some(Secret::new(text.to_owned()))
    }

    #[test]
    fn proxies_are_read_by_either_spelling_and_a_wrong_one_is_refused() {
        let (proxies, problems) = read_from(&[
            ("https_proxy", "http://u:p@proxy:3128"),
            ("HTTP_PROXY", "proxy:80"),
            ("no_proxy", "localhost,.svc"),
        ]);
        assert_eq!(proxies.https, secret("http://u:p@proxy:3128"));
        assert_eq!(proxies.http, secret("http://proxy:80"));
        assert_eq!(proxies.except.as_deref(), Some("localhost,.svc"));
        assert_eq!(problems, 0);

        let (proxies, _) = read_from(&[("ALL_PROXY", "http://a"), ("HTTP_PROXY", "http://b")]);
        assert_eq!(proxies.http, secret("http://b"));
        assert_eq!(proxies.https, secret("http://a"));

        for wrong in ["socks5://proxy:1080", "http://", "://"] {
            let (proxies, problems) = read_from(&[("HTTPS_PROXY", wrong)]);
            assert_eq!((proxies.https, problems), (None, 1), "{wrong}");
        }
    }

    #[test]
    fn a_socks_proxy_for_all_protocols_is_ignored() {
        let (proxies, problems) = read_from(&[("all_proxy", "socks5://localhost:1080")]);
        assert_eq!((proxies, problems), (Proxies::default(), 0));
        let (proxies, problems) = read_from(&[
            ("ALL_PROXY", "socks5h://localhost:1080"),
            ("HTTPS_PROXY", "http://proxy:3128"),
        ]);
        assert_eq!(proxies.https, secret("http://proxy:3128"));
        assert_eq!((proxies.http, problems), (None, 0));
    }
}
