//! Where the platform reaches the host: what it signs, and what statuses come back to.

use std::fmt;

use tertulia_core::error::{Code, Error};
use tertulia_core::ids::AttemptId;

/// The parameter of a status callback's URL that names the attempt.
const ATTEMPT: &str = "attempt";

/// The public address of the webhook endpoint, in its parts.
#[derive(Debug, Clone)]
pub(crate) struct PublicUrl {
    scheme: &'static str,
    host: String,
    /// With its colon; empty if none is given.
    port: String,
    path: String,
    /// Without its question mark; empty if there is none.
    query: String,
}

impl fmt::Display for PublicUrl {
    /// Without the query, which may hold a secret of the host's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}{}", self.scheme, self.host, self.port, self.path)
    }
}

impl PublicUrl {
    /// Reads `https://host[:port]/path[?query]`. Fails with `transport.config_invalid` for anything else: a fragment or a
    /// user's name is not part of what is signed.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let invalid = || {
            Error::new(
                Code::TransportConfigInvalid,
                "the public URL is not of the form https://host/path, without user name and fragment",
            )
        };
        let (scheme, rest) = match url.split_once("://").ok_or_else(invalid)? {
            ("https", rest) => ("https", rest),
            ("http", rest) => ("http", rest),
            _ => return Err(invalid()),
        };
        let bad = |sign: char| sign.is_whitespace() || sign.is_control() || matches!(sign, '#' | '\\');
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, port) = match authority.rfind(':') {
            Some(colon) if !authority.ends_with(']') => authority.split_at(colon),
            _ => (authority, ""),
        };
        let numbered = port.is_empty() || port[1..].parse::<u16>().is_ok();
        if host.is_empty() || host.contains('@') || !numbered || url.contains(bad) {
            return Err(invalid());
        }
        Ok(Self {
            scheme,
            host: host.to_owned(),
            port: port.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
        })
    }

    /// How the platform may have spelled the URL of a request with this query: without a port, and with it.
    pub(crate) fn spellings(&self, query: &str) -> [String; 2] {
        let query = if query.is_empty() { &self.query } else { query };
        let port = match (self.port.as_str(), self.scheme) {
            ("", "http") => ":80",
            ("", _) => ":443",
            (port, _) => port,
        };
        ["", port].map(|port| {
            let url = format!("{}://{}{port}{}", self.scheme, self.host, self.path);
            if query.is_empty() {
                url
            } else {
                format!("{url}?{query}")
            }
        })
    }

    /// Where the statuses of an attempt are to go.
    pub(crate) fn callback(&self, attempt: AttemptId) -> String {
        let join = if self.query.is_empty() { "" } else { "&" };
        format!("{self}?{}{join}{ATTEMPT}={attempt}", self.query)
    }
}

/// The attempt that the query of a status callback names.
pub(crate) fn attempt(query: &str) -> Option<AttemptId> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let (_, value) = pairs.find(|(name, _)| name == ATTEMPT)?;
    value.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_web_address_is_taken() {
        for url in [
            "https://x.example",
            "https://x.example/",
            "https://x.example:8443/a?b=c",
            "http://127.0.0.1:80/hook",
            "https://[::1]/hook",
            "https://[::1]:8443/hook",
        ] {
            PublicUrl::parse(url).unwrap();
        }
        for url in [
            "",
            "x.example/hook",
            "ftp://x.example",
            "https://",
            "https:///hook",
            "https://user:pass@x.example/",
            "https://x.example/#rc=3",
            "https://x.example:https/",
            "https://x.example/a b",
        ] {
            let error = PublicUrl::parse(url).unwrap_err();
            assert_eq!(error.code(), Code::TransportConfigInvalid, "{url}");
        }
    }

    #[test]
    fn a_callback_names_its_attempt_beside_what_the_url_has() {
        let id: AttemptId = "01931c7e-8a00-7000-8000-00000000002a".parse().unwrap();
        for (url, callback) in [
            (
                "https://x.example/hook",
                format!("https://x.example/hook?attempt={id}"),
            ),
            (
                "https://x.example/hook?a=b",
                format!("https://x.example/hook?a=b&attempt={id}"),
            ),
        ] {
            let made = PublicUrl::parse(url).unwrap().callback(id);
            assert_eq!(made, callback);
            assert_eq!(attempt(made.split_once('?').unwrap().1), Some(id));
        }
        for query in ["", "attempt=", "attempt=x", "other=1"] {
            assert_eq!(attempt(query), None);
        }
    }
}
