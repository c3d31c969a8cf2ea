//! The HTTP client of all transports: what goes out goes out once, and what is known about it afterwards is said
//! truthfully.
//!
//! # One send, one request
//! Platforms have no idempotency keys for sends, so a request must never go out twice by itself:
//! - `reqwest` would by default repeat a request that a server turned away at the protocol level: switched off
//!   ([`reqwest::retry::never`]). Redirects, which repeat the body elsewhere, are not followed.
//! - The connection pool below it (`hyper-util`) takes another connection when a pooled one turns out closed, but only
//!   if the request never left its queue: `hyper` hands a request back for that only while it was not taken up for
//!   writing; from then on it reports an error. That repetition cannot double a message, and without it a server that
//!   closes idle connections would cost sends.
//! - HTTP/1.1 only, so that the above holds whatever features of `reqwest` the host's other dependencies switch on.
//!
//! # TLS
//! By `ring` alone, which needs nothing but a C compiler to build, and with the root certificates that Mozilla trusts,
//! which are thereby on every machine. Neither touches the process's own defaults for TLS.

mod files;

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::LOCATION;
use reqwest::{Client, ClientBuilder, RequestBuilder, Response};
use tertulia_core::error::{Code, Error};

pub use files::{Fetched, File, Form, fetch, form};
pub use reqwest::Url;

/// Answers of platforms are small; a longer one comes from something else.
const ANSWER_LIMIT: usize = 8 * 1024 * 1024;

/// A client's beginning, with everything that this crate promises. Without it `reqwest` finds no TLS and panics.
///
/// Fails with `transport.config_invalid` if TLS cannot be set up.
pub fn builder() -> Result<ClientBuilder, Error> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| Error::new(Code::TransportConfigInvalid, "TLS cannot be set up").because(cause))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Client::builder()
        .tls_backend_preconfigured(tls)
        .http1_only()
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none()))
}

/// A platform's API: a client, and the base URL that its paths hang under.
#[derive(Debug, Clone)]
pub struct Api {
    http: Client,
    base: Url,
}

impl Api {
    /// The API at this URL, `https://host` or `https://host/path`.
    ///
    /// Fails with `transport.config_invalid` for a URL of another form, or if connecting may take as long as the whole
    /// request: only a connection that failed proves that nothing was sent.
    pub fn new(base_url: &str, connect_timeout: Duration, timeout: Duration) -> Result<Self, Error> {
        let invalid = |what: String| Error::new(Code::TransportConfigInvalid, what);
        let base = Url::parse(base_url)
            .ok()
            .filter(|url| {
                matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none()
            })
            .ok_or_else(|| {
                invalid(format!(
                    "the base URL {base_url:?} is not of the form https://host"
                ))
            })?;
        if connect_timeout >= timeout {
            return Err(invalid(format!(
                "connecting may take {connect_timeout:?} and a request {timeout:?}; give connecting less, as only a \
                 connection that failed proves that nothing was sent"
            )));
        }
        let mut builder = builder()?.connect_timeout(connect_timeout).timeout(timeout);
        // A proxy from the environment has no business between two ports of one machine.
        if matches!(base.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
            builder = builder.no_proxy();
        }
        let http = builder
            .build()
            .map_err(|cause| invalid("the HTTP client cannot be set up".to_owned()).because(cause))?;
        Ok(Self { http, base })
    }

    /// The URL of these path segments; each is escaped, so that none can reach another path.
    pub fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// A request that reads.
    pub fn get(&self, url: Url) -> RequestBuilder {
        self.http.get(url)
    }

    /// A request that writes.
    pub fn post(&self, url: Url) -> RequestBuilder {
        self.http.post(url)
    }
}

/// An answer, read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// Where a redirect, which is never followed, leads.
    pub location: Option<String>,
}

impl Answer {
    /// Whether the status is a 2xx.
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// Whether the status is a 5xx.
    pub const fn is_server_error(&self) -> bool {
        matches!(self.status, 500..=599)
    }
}

/// Why there is no answer. The texts are for a person, and hold neither URL nor headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoAnswer {
    /// The request could not be built, as of a key that cannot stand in a header: nothing was sent.
    Unfit(String),
    /// No connection came about (DNS, TCP or TLS): nothing was sent.
    NotSent(String),
    /// The request may have been read.
    Lost(String),
    /// There was an answer of this status, which broke off: the request was read.
    BrokenOff(u16, String),
}

impl NoAnswer {
    /// The error of a request that may be repeated, and of what it was to do: `transport.refused` if it can never be
    /// made, else `transport.failed`.
    pub fn while_doing(self, what: &str) -> Error {
        let (code, why) = match self {
            Self::Unfit(why) => (Code::TransportRefused, why),
            Self::NotSent(why) => (
                Code::TransportFailed,
                format!("the platform cannot be reached: {why}"),
            ),
            Self::Lost(why) => (Code::TransportFailed, format!("no answer: {why}")),
            Self::BrokenOff(status, why) => {
                (Code::TransportFailed, format!("HTTP {status}, broken off: {why}"))
            }
        };
        Error::new(code, format!("{what}: {why}"))
    }
}

/// Sends one request, once, and reads the answer.
pub async fn exchange(request: RequestBuilder) -> Result<Answer, NoAnswer> {
    read(begin(request).await?).await
}

async fn begin(request: RequestBuilder) -> Result<Response, NoAnswer> {
    request.send().await.map_err(|error| {
        if error.is_builder() {
            NoAnswer::Unfit(words(error))
        } else if error.is_connect() {
            NoAnswer::NotSent(words(error))
        } else {
            NoAnswer::Lost(words(error))
        }
    })
}

async fn read(mut response: Response) -> Result<Answer, NoAnswer> {
    let status = response.status().as_u16();
    let location = response.headers().get(LOCATION);
    let location = location.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_LIMIT => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                return Err(NoAnswer::BrokenOff(
                    status,
                    format!("longer than {ANSWER_LIMIT} bytes"),
                ));
            }
            Ok(None) => {
                return Ok(Answer {
                    status,
                    body,
                    location,
                });
            }
            Err(error) => return Err(NoAnswer::BrokenOff(status, words(error))),
        }
    }
}

/// An error and its causes, without the URL.
fn words(error: reqwest::Error) -> String {
    use std::error::Error as _;
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(base: &str) -> Result<Api, Error> {
        Api::new(base, Duration::from_secs(1), Duration::from_secs(2))
    }

    #[test]
    fn a_path_hangs_under_the_base_and_no_segment_leaves_its_place() {
        for (base, path, url) in [
            ("https://x.example", &["v1", "a"][..], "https://x.example/v1/a"),
            ("https://x.example/", &["v1"], "https://x.example/v1"),
            ("https://x.example/graph/", &["v1"], "https://x.example/graph/v1"),
            (
                "http://127.0.0.1:8080",
                &["a/../b", "c?d#e"],
                "http://127.0.0.1:8080/a%2F..%2Fb/c%3Fd%23e",
            ),
        ] {
            assert_eq!(api(base).unwrap().url(path).as_str(), url);
        }
    }

    #[test]
    fn a_base_that_is_no_web_address_is_refused() {
        for base in [
            "",
            "x.example",
            "ftp://x.example",
            "https://",
            "https://x.example?a",
            "https://x.example#a",
        ] {
            assert_eq!(
                api(base).unwrap_err().code(),
                Code::TransportConfigInvalid,
                "{base}"
            );
        }
    }

    #[test]
    fn connecting_takes_less_than_the_whole_request() {
        let second = Duration::from_secs(1);
        let error = Api::new("https://x.example", second, second).unwrap_err();
        assert_eq!(error.code(), Code::TransportConfigInvalid);
    }
}
