//! Sending by the Graph API, and what an answer proves.

use serde_json::Value;
use tertulia_core::error::{Code, Error};
use tertulia_core::retry::{Failure, FailureClass, LimitScope};
use tertulia_core::template::Template;
use tertulia_transport_http::{Answer, Api, NoAnswer, exchange};
use tertulia_transport_traits::{Outcome, Outgoing, Secret, SenderRef};

use crate::WhatsAppConfig;
use crate::errors::PlatformError;
use crate::parse::read::platform_error;
use crate::wire;

/// Templates asked for at once. An account holds 6,000 at most ("Templates overview").
const TEMPLATE_PAGE: &str = "100";
const TEMPLATE_PAGES: usize = 200;

/// The Graph API at the configured URL and version.
#[derive(Debug)]
pub(crate) struct Graph {
    pub(crate) api: Api,
    pub(crate) version: String,
}

impl Graph {
    /// A client for the configured base URL.
    pub(crate) fn new(config: &WhatsAppConfig) -> Result<Self, Error> {
        let api = Api::new(&config.base_url, config.connect_timeout, config.timeout)?;
        Ok(Self {
            api,
            version: config.api_version.clone(),
        })
    }

    /// Sends one message, once.
    pub(crate) async fn send(&self, sender: &SenderRef, message: &Outgoing) -> Outcome {
        let body = match wire::message(message) {
            Ok(body) => body,
            Err(failure) => return Outcome::Refused(failure),
        };
        if sender.sender_id.trim().is_empty() {
            return refused(
                FailureClass::AuthOrConfig,
                "sender_id",
                "the sender has no phone-number id",
            );
        }
        outcome(self.post(sender, &body).await, &sender.credential)
    }

    /// Marks a person's message as read.
    pub(crate) async fn mark_read(&self, sender: &SenderRef, provider_id: &str) -> Result<(), Error> {
        let answer = self.post(sender, &wire::read_receipt(provider_id)).await;
        succeeded(answer, &sender.credential, "marking a message as read").map(drop)
    }

    /// All templates of the sender's business account, page by page.
    pub(crate) async fn templates(&self, sender: &SenderRef) -> Result<Vec<Template>, Error> {
        let what = "listing templates";
        let business = sender
            .business_id
            .as_deref()
            .filter(|id| !id.trim().is_empty())
            .ok_or_else(|| {
                Error::new(
                    Code::TransportConfigInvalid,
                    format!(
                        "sender {} has no business account id (WABA id); templates belong to one",
                        sender.sender_id
                    ),
                )
            })?;
        let mut templates = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..TEMPLATE_PAGES {
            let mut url = self.api.url(&[&self.version, business, "message_templates"]);
            url.query_pairs_mut()
                .extend_pairs([("fields", wire::TEMPLATE_FIELDS), ("limit", TEMPLATE_PAGE)])
                .extend_pairs(after.iter().map(|after| ("after", after)));
            let request = self.api.get(url).bearer_auth(sender.credential.expose());
            let page = succeeded(exchange(request).await, &sender.credential, what)?;
            let (read, next) = wire::template_page(&page).ok_or_else(|| {
                Error::new(
                    Code::TransportFailed,
                    format!("{what}: the platform's answer has no list of templates"),
                )
            })?;
            templates.extend(read);
            if next.is_none() || next == after {
                return Ok(templates);
            }
            after = next;
        }
        Err(Error::new(
            Code::TransportFailed,
            format!("{what}: the platform's list does not end"),
        ))
    }

    /// Posts to the endpoint that takes messages and read receipts alike.
    async fn post(&self, sender: &SenderRef, body: &Value) -> Result<Answer, NoAnswer> {
        let request = self
            .api
            .post(self.api.url(&[&self.version, &sender.sender_id, "messages"]));
        let request = request
            .bearer_auth(sender.credential.expose())
            .header("content-type", "application/json");
        exchange(request.body(body.to_string())).await
    }
}

pub(crate) fn json_of(answer: &Answer) -> Option<Value> {
    serde_json::from_slice(&answer.body).ok()
}

/// The platform's error object in an answer.
pub(crate) fn error_in(answer: Option<&Value>, credential: &Secret) -> Option<PlatformError> {
    let mut error = platform_error(answer?.get("error")?)?;
    error.detail = public(&error.detail, credential);
    Some(error)
}

/// The platform's words, without the key: it quotes a malformed one.
fn public(words: &str, credential: &Secret) -> String {
    let key = credential.expose();
    let words = if key.is_empty() {
        words.to_owned()
    } else {
        words.replace(key, "(key)")
    };
    words.chars().take(500).collect()
}

fn refused(class: FailureClass, code: &str, detail: impl Into<String>) -> Outcome {
    Outcome::Refused(Failure::new(class, code, detail))
}

fn unknown(detail: impl Into<String>) -> Outcome {
    Outcome::Unknown {
        detail: detail.into(),
    }
}

/// What the exchange proves about a send.
fn outcome(answer: Result<Answer, NoAnswer>, credential: &Secret) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(NoAnswer::Unfit(why)) => {
            return refused(
                FailureClass::AuthOrConfig,
                "request",
                format!("no request can be made of the key: {why}"),
            );
        }
        Err(NoAnswer::NotSent(why)) => {
            return Outcome::NotSent(Failure::new(FailureClass::Unreachable, "connect", why));
        }
        Err(NoAnswer::Lost(why)) => return unknown(format!("the answer was lost: {why}")),
        Err(NoAnswer::BrokenOff(429, _)) => return throttled(),
        Err(NoAnswer::BrokenOff(status, why)) => {
            return unknown(format!("the answer, HTTP {status}, broke off: {why}"));
        }
    };
    let json = json_of(&answer);
    if answer.is_success()
        && let Some(accepted) = json.as_ref().and_then(wire::accepted)
    {
        return Outcome::Accepted(accepted);
    }
    if let Some(error) = error_in(json.as_ref(), credential) {
        return by_code(&answer, &error);
    }
    match answer.status {
        429 => throttled(),
        // Not the platform's words: something before it, or at a wrong base URL, turned the request away.
        code @ (301 | 302 | 307 | 308 | 401 | 403 | 404 | 405 | 407) => refused(
            FailureClass::AuthOrConfig,
            &format!("http_{code}"),
            format!(
                "HTTP {code} without the platform's error object: check the base URL, API version and proxies"
            ),
        ),
        code => unknown(format!(
            "HTTP {code} with neither a message id nor the platform's error object"
        )),
    }
}

fn by_code(answer: &Answer, error: &PlatformError) -> Outcome {
    let failure = error.failure();
    if let FailureClass::RateLimited(_) = failure.class {
        return Outcome::NotSent(failure);
    }
    if answer.status == 429 {
        let class = match failure.class {
            FailureClass::Unclassified | FailureClass::Transient | FailureClass::Unexplained => {
                FailureClass::RateLimited(LimitScope::Number)
            }
            class => class,
        };
        return Outcome::NotSent(Failure { class, ..failure });
    }
    if answer.is_server_error() && !error.proves_unsent() {
        return unknown(format!(
            "HTTP {} with error {}: {}",
            answer.status, failure.code, failure.detail
        ));
    }
    Outcome::Refused(failure)
}

fn throttled() -> Outcome {
    let class = FailureClass::RateLimited(LimitScope::Number);
    Outcome::NotSent(Failure::new(
        class,
        "http_429",
        "HTTP 429 without an error code that says by what is counted",
    ))
}

/// The JSON of a successful answer to a request that may be repeated.
pub(crate) fn succeeded(
    answer: Result<Answer, NoAnswer>,
    credential: &Secret,
    what: &str,
) -> Result<Value, Error> {
    let failed = |why: String| Error::new(Code::TransportFailed, format!("{what}: {why}"));
    let answer = answer.map_err(|no_answer| no_answer.while_doing(what))?;
    let json = json_of(&answer);
    if let Some(error) = error_in(json.as_ref(), credential) {
        let passes = answer.is_server_error()
            || matches!(
                error.class(),
                FailureClass::RateLimited(_) | FailureClass::Transient | FailureClass::Unexplained
            );
        let code = if passes {
            Code::TransportFailed
        } else {
            Code::TransportRefused
        };
        return Err(Error::new(
            code,
            format!("{what}: the platform says {}: {}", error.code, error.detail),
        ));
    }
    match json {
        Some(json) if answer.is_success() => Ok(json),
        _ => Err(failed(format!(
            "HTTP {} without JSON that can be read",
            answer.status
        ))),
    }
}
