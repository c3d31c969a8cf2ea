//! Sending by the REST API, and what an answer proves.

use serde_json::Value;
use tertulia_core::error::{Code, Error};
use tertulia_core::retry::{Failure, FailureClass, LimitScope};
use tertulia_core::template::Template;
use tertulia_transport_http::{Answer, Api, NoAnswer, exchange};
use tertulia_transport_traits::{Outcome, Outgoing, SenderRef};

use crate::public_url::PublicUrl;
use crate::{TwilioConfig, content, errors, wire};

/// The version of the API, as its paths begin.
const VERSION: &str = "2010-04-01";

/// More pages of templates than any account has.
const TEMPLATE_PAGES: usize = 200;

/// The REST APIs at the configured URLs.
#[derive(Debug)]
pub(crate) struct Rest {
    pub(crate) api: Api,
    content: Api,
}

/// A key to send with, read.
pub(crate) struct Key<'a> {
    pub(crate) user: &'a str,
    pub(crate) password: &'a str,
    account: &'a str,
}

impl<'a> Key<'a> {
    /// Out of `AccountSid:AuthToken`, or `SK…:secret` beside an account's SID. What is wrong with it otherwise.
    pub(crate) fn read(sender: &'a SenderRef) -> Result<Self, &'static str> {
        let (user, password) = sender
            .credential
            .expose()
            .split_once(':')
            .ok_or("the key is not of the form AccountSid:AuthToken or SK…:secret")?;
        let named = sender.business_id.as_deref().filter(|id| !id.trim().is_empty());
        let account = named
            .or_else(|| user.starts_with("AC").then_some(user))
            .ok_or("with an API key the sender needs the account's SID (AC…) as its business_id")?;
        Ok(Self {
            user,
            password,
            account,
        })
    }
}

impl Rest {
    /// Clients for the configured base URLs.
    pub(crate) fn new(config: &TwilioConfig) -> Result<Self, Error> {
        let api = |url: &str| Api::new(url, config.connect_timeout, config.timeout);
        Ok(Self {
            api: api(&config.base_url)?,
            content: api(&config.content_url)?,
        })
    }

    /// Sends one message, once.
    pub(crate) async fn send(&self, sender: &SenderRef, message: &Outgoing, url: &PublicUrl) -> Outcome {
        let key = match Key::read(sender) {
            Ok(key) => key,
            Err(why) => return refused(FailureClass::AuthOrConfig, "credential", why),
        };
        let form = match wire::message(sender, message, &url.callback(message.attempt)) {
            Ok(form) => form,
            Err(failure) => return Outcome::Refused(failure),
        };
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let place = self.api.url(&[VERSION, "Accounts", key.account, "Messages.json"]);
        let request = self
            .api
            .post(place)
            .basic_auth(key.user, Some(key.password))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        outcome(exchange(request).await)
    }

    /// All templates of the sender's account that WhatsApp knows, page by page.
    pub(crate) async fn templates(&self, sender: &SenderRef) -> Result<Vec<Template>, Error> {
        let key = Key::read(sender).map_err(|why| Error::new(Code::TransportConfigInvalid, why))?;
        let failed = |why: String| Error::new(Code::TransportFailed, format!("listing templates: {why}"));
        let mut templates = Vec::new();
        let mut query = vec![("PageSize".to_owned(), content::PAGE.to_owned())];
        for _ in 0..TEMPLATE_PAGES {
            let mut url = self.content.url(&["v1", "ContentAndApprovals"]);
            url.query_pairs_mut().extend_pairs(&query);
            let request = self.content.get(url).basic_auth(key.user, Some(key.password));
            let page = read(exchange(request).await)?;
            let (listed, next) = content::page(&page)
                .ok_or_else(|| failed("the platform's answer has no list of contents".to_owned()))?;
            templates.extend(listed);
            match next {
                Some(next) if next != query => query = next,
                _ => return Ok(templates),
            }
        }
        Err(failed("the platform's list does not end".to_owned()))
    }
}

fn json_of(answer: &Answer) -> Option<Value> {
    serde_json::from_slice(&answer.body).ok()
}

fn code_of(json: Option<&Value>) -> Option<i64> {
    json?.get("code").and_then(wire::whole)
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
fn outcome(answer: Result<Answer, NoAnswer>) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(NoAnswer::Unfit(why)) => {
            let detail = format!("no request can be made of the key: {why}");
            return refused(FailureClass::AuthOrConfig, "request", detail);
        }
        Err(NoAnswer::NotSent(why)) => {
            return Outcome::NotSent(Failure::new(FailureClass::Unreachable, "connect", why));
        }
        Err(NoAnswer::Lost(why)) => return unknown(format!("the answer was lost: {why}")),
        Err(NoAnswer::BrokenOff(429, _)) => return throttled(None),
        Err(NoAnswer::BrokenOff(status, why)) => {
            return unknown(format!("the answer, HTTP {status}, broke off: {why}"));
        }
    };
    let json = json_of(&answer);
    let code = code_of(json.as_ref());
    match answer.status {
        200..=299 => match json.as_ref().and_then(wire::created) {
            Some(Ok(accepted)) => Outcome::Accepted(accepted),
            Some(Err(failure)) => Outcome::Refused(failure),
            None => unknown(format!("HTTP {} without a message's SID", answer.status)),
        },
        429 => throttled(code),
        // Nothing of the platform's: something before it, or at a wrong base URL, turned the request away.
        status @ (301 | 302 | 307 | 308 | 401 | 403 | 404 | 405 | 407)
            if code.and_then(errors::known).is_none() =>
        {
            let detail = format!("HTTP {status}: check the key, the account's SID, the base URL and proxies");
            let code = code.map_or_else(|| format!("http_{status}"), |code| code.to_string());
            refused(FailureClass::AuthOrConfig, &code, detail)
        }
        400..=499 if code.is_some() => by_code(code.map(errors::failure)),
        status => unknown(format!(
            "HTTP {status} with neither a message's SID nor an error code"
        )),
    }
}

fn by_code(failure: Option<Failure>) -> Outcome {
    match failure {
        Some(failure) if matches!(failure.class, FailureClass::RateLimited(_)) => Outcome::NotSent(failure),
        Some(failure) => Outcome::Refused(failure),
        None => unknown("an answer without an error code"),
    }
}

/// Not processed, whatever it says besides.
fn throttled(code: Option<i64>) -> Outcome {
    let told = code.map(errors::failure);
    let limited = |failure: &Failure| matches!(failure.class, FailureClass::RateLimited(_));
    Outcome::NotSent(told.filter(limited).unwrap_or_else(|| {
        let class = FailureClass::RateLimited(LimitScope::Account);
        Failure::new(class, "http_429", "too many requests")
    }))
}

/// The JSON of a successful answer to a request that may be repeated.
fn read(answer: Result<Answer, NoAnswer>) -> Result<Value, Error> {
    let what = "listing templates";
    let failed = |why: String| Error::new(Code::TransportFailed, format!("{what}: {why}"));
    let answer = answer.map_err(|no_answer| no_answer.while_doing(what))?;
    let json = json_of(&answer);
    match (answer.status, json) {
        (200..=299, Some(json)) => Ok(json),
        (status @ 400..=499, json) if status != 429 => {
            let code = code_of(json.as_ref()).map_or_else(String::new, |code| format!(", error {code}"));
            let message = format!("{what}: the platform refuses, HTTP {status}{code}");
            Err(Error::new(Code::TransportRefused, message))
        }
        (status, _) => Err(failed(format!("HTTP {status} without JSON that can be read"))),
    }
}
