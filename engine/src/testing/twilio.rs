//! A stand-in for Twilio on this machine: takes messages as the real one does, refuses by code, signs webhooks over the
//! public URL, reports to each message's own callback, and keeps a log of what it accepted.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tertulia_transport_traits::WebhookRequest;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::platform::{Action, Attempt, Fault, Faults, Refusal};
use super::signature::sign_twilio;
use crate::clock::{Clock, SystemClock};

/// How often a webhook that is refused is sent again by a drain.
const ROUNDS: usize = 16;

/// The words that it takes by itself, as twilio.com/docs/messaging/tutorials/advanced-opt-out lists them (2026).
const STOP: &[&str] = &[
    "STOP",
    "STOPALL",
    "UNSUBSCRIBE",
    "CANCEL",
    "END",
    "QUIT",
    "REVOKE",
    "OPTOUT",
];
const START: &[&str] = &["START", "UNSTOP", "YES"];
const HELP: &[&str] = &["HELP", "INFO"];

/// What the business and the platform have agreed on.
#[derive(Debug, Clone)]
pub struct TwilioConfig {
    /// The account's SID.
    pub account_sid: String,
    /// The account's auth token: the key of signatures, and with the SID that of requests.
    pub auth_token: String,
    /// Its numbers and messaging services, at least one; each sends SMS and WhatsApp.
    pub senders: Vec<String>,
    /// The URL that incoming messages go to, as it stands in the console.
    pub public_url: String,
    /// Whether Advanced Opt-Out is on: STOP, START and HELP words are marked with `OptOutType`, on WhatsApp too. Without
    /// it they are heeded on SMS all the same, and not marked.
    pub advanced_opt_out: bool,
    /// Whence the platform's times come.
    pub clock: Arc<dyn Clock>,
}

impl Default for TwilioConfig {
    fn default() -> Self {
        Self {
            account_sid: "AC00000000000000000000000000000001".into(),
            auth_token: "auth-token".into(),
            senders: vec!["+15005550006".into()],
            public_url: "https://shop.example/webhooks/twilio".into(),
            advanced_opt_out: true,
            clock: Arc::new(SystemClock),
        }
    }
}

impl TwilioConfig {
    /// The key that requests are made with, as the host's credentials are to answer it.
    pub fn key(&self) -> String {
        format!("{}:{}", self.account_sid, self.auth_token)
    }
}

/// A message that the platform accepted, whether or not the client learned of it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TwilioAccepted {
    /// The id that the platform gave it.
    pub sid: String,
    /// The number or messaging service that it was sent by, with its channel's prefix.
    pub from: String,
    /// To whom, with the channel's prefix.
    pub to: String,
    /// All parameters as the client wrote them.
    pub parameters: BTreeMap<String, String>,
    /// When.
    pub at: DateTime<Utc>,
}

type Callback = Arc<dyn Fn(WebhookRequest) -> Pin<Box<dyn Future<Output = u16> + Send>> + Send + Sync>;

/// The stand-in. It serves on a port of its own from [`start`](Twilio::start) until it is dropped.
pub struct Twilio {
    inner: Arc<Inner>,
    serving: JoinHandle<()>,
}

struct Inner {
    config: TwilioConfig,
    address: SocketAddr,
    run: u64,
    state: Mutex<State>,
    delivering: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    seq: u64,
    accepted: Vec<TwilioAccepted>,
    faults: Faults,
    tries: HashMap<String, u64>,
    target: Option<Callback>,
    /// The words of the statuses that follow of themselves.
    receipts: Vec<String>,
    contents: Vec<Value>,
    queue: VecDeque<WebhookRequest>,
    /// Who stopped which sender, each with the channel's prefix.
    stopped: HashSet<(String, String)>,
    /// When somebody last wrote to a sender by WhatsApp.
    written: HashMap<(String, String), DateTime<Utc>>,
}

impl fmt::Debug for Twilio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Twilio")
            .field("address", &self.inner.address)
            .finish_non_exhaustive()
    }
}

impl Drop for Twilio {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Twilio {
    /// Starts one, on a free port of `127.0.0.1`. Fails without a sender in the configuration, or where no port can be had.
    pub async fn start(config: TwilioConfig) -> io::Result<Self> {
        if config.senders.is_empty() {
            return Err(invalid(
                "TwilioConfig.senders is empty; give the account at least one",
            ));
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let inner = Arc::new(Inner {
            config,
            address: listener.local_addr()?,
            run: fastrand::u64(..),
            state: Mutex::default(),
            delivering: tokio::sync::Mutex::new(()),
        });
        let serving = tokio::spawn(serve(Arc::clone(&inner), listener));
        Ok(Self { inner, serving })
    }

    /// Where it listens, in place of `https://api.twilio.com` and `https://content.twilio.com`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.inner.address)
    }

    /// What it was started with.
    pub fn config(&self) -> &TwilioConfig {
        &self.inner.config
    }

    /// From now on these faults, in place of any before. A delay waits on the platform's clock.
    pub fn script(&self, faults: Faults) {
        self.inner.state().faults = faults;
    }

    /// From now on these statuses, as in `sent` and `delivered`, follow of themselves when a message is accepted.
    pub fn receipts(&self, words: &[&str]) {
        self.inner.state().receipts = words.iter().map(|word| (*word).to_owned()).collect();
    }

    /// The account's contents, in the shape in which `ContentAndApprovals` lists them.
    pub fn set_contents(&self, contents: Vec<Value>) {
        self.inner.state().contents = contents;
    }

    /// Every message it accepted, in order, whatever became of the answer.
    pub fn accepted(&self) -> Vec<TwilioAccepted> {
        self.inner.state().accepted.clone()
    }

    /// Webhooks go to this async function, which returns the HTTP status of its answer.
    pub fn deliver_to<F, A>(&self, endpoint: F)
    where
        F: Fn(WebhookRequest) -> A + Send + Sync + 'static,
        A: Future<Output = u16> + Send + 'static,
    {
        self.inner.state().target = Some(Arc::new(move |request| Box::pin(endpoint(request))));
    }

    /// Somebody writes `body` to a sender of the account; the message's id. `from` is a number, or with the prefix
    /// `whatsapp:` one of WhatsApp's or a business-scoped id. `more` are further parameters, in place of those of the same
    /// name. Delivered before this returns; if it isn't answered 200 it waits for [`drain`](Twilio::drain).
    pub async fn say(&self, from: &str, body: &str, more: &[(&str, &str)]) -> String {
        let inner = &self.inner;
        let whatsapp = from.strip_prefix("whatsapp:");
        let sender = &inner.config.senders[0];
        let to = whatsapp.map_or_else(|| sender.clone(), |_| format!("whatsapp:{sender}"));
        let (sid, meant) = {
            let mut state = inner.state();
            state.seq += 1;
            let sid = format!("SM{:016x}{:016x}", inner.run, state.seq);
            let key = (to.clone(), from.to_owned());
            if whatsapp.is_some() {
                state.written.insert(key.clone(), inner.config.clock.now());
            }
            (sid, state.heed(&inner.config, key, body, whatsapp.is_some()))
        };
        let mut form: BTreeMap<&str, &str> = BTreeMap::from([
            ("MessageSid", &*sid),
            ("SmsSid", &*sid),
            ("SmsMessageSid", &*sid),
            ("AccountSid", &*inner.config.account_sid),
            ("From", from),
            ("To", &*to),
            ("Body", body),
            ("NumMedia", "0"),
            ("NumSegments", "1"),
            ("SmsStatus", "received"),
            ("ApiVersion", "2010-04-01"),
        ]);
        if let Some(number) = whatsapp.and_then(|bare| bare.strip_prefix('+')) {
            form.extend([("WaId", number), ("MessageType", "text")]);
        }
        form.extend(meant.map(|word| ("OptOutType", word)));
        form.extend(more.iter().copied());
        let sid = form["MessageSid"].to_owned();
        let request = inner.signed(&inner.config.public_url, &form);
        inner.state().queue.push_back(request);
        inner.pump(1).await;
        sid
    }

    /// Reports these statuses of an accepted message to its own callback, in this order: words as in `delivered`, and for
    /// one that failed the code. Delivered as in [`say`](Twilio::say). Fails if no such message was accepted.
    pub async fn statuses(&self, sid: &str, statuses: &[(&str, Option<i64>)]) -> io::Result<()> {
        let accepted = self.accepted().into_iter().find(|accepted| accepted.sid == sid);
        let accepted = accepted.ok_or_else(|| invalid("no such message was accepted by this platform"))?;
        for (word, code) in statuses {
            self.inner.report(&accepted, word, *code);
        }
        self.inner.pump(1).await;
        Ok(())
    }

    /// Delivers what waits, and what is queued meanwhile, repeating what isn't answered 200; how many still wait.
    pub async fn drain(&self) -> usize {
        self.inner.pump(ROUNDS).await;
        self.inner.state().queue.len()
    }
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

impl State {
    /// Takes note of a STOP or START word; what the webhook calls it where Advanced Opt-Out is on.
    fn heed(
        &mut self,
        config: &TwilioConfig,
        key: (String, String),
        body: &str,
        whatsapp: bool,
    ) -> Option<&'static str> {
        if whatsapp && !config.advanced_opt_out {
            return None;
        }
        let word = body.trim().to_uppercase();
        let word = word.as_str();
        let meant = if STOP.contains(&word) {
            self.stopped.insert(key);
            "STOP"
        } else if START.contains(&word) {
            self.stopped.remove(&key);
            "START"
        } else if HELP.contains(&word) {
            "HELP"
        } else {
            return None;
        };
        config.advanced_opt_out.then_some(meant)
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signed(&self, url: &str, form: &BTreeMap<&str, &str>) -> WebhookRequest {
        let body = encoded(form.iter().map(|(name, value)| (*name, *value)));
        let signature = sign_twilio(&self.config.auth_token, url, &body);
        WebhookRequest {
            method: "POST".to_owned(),
            url: url.to_owned(),
            headers: vec![
                (
                    "content-type".to_owned(),
                    "application/x-www-form-urlencoded".to_owned(),
                ),
                ("x-twilio-signature".to_owned(), signature),
            ],
            body: body.into_bytes(),
        }
    }

    /// Queues a status of a message, if it asked for any.
    fn report(&self, accepted: &TwilioAccepted, word: &str, code: Option<i64>) {
        let Some(url) = accepted.parameters.get("StatusCallback") else {
            return;
        };
        let code = code.map(|code| code.to_string());
        let mut form: BTreeMap<&str, &str> = BTreeMap::from([
            ("MessageSid", &*accepted.sid),
            ("SmsSid", &*accepted.sid),
            ("MessageStatus", word),
            ("SmsStatus", word),
            ("AccountSid", &*self.config.account_sid),
            ("To", &*accepted.to),
            ("From", &*accepted.from),
            ("ApiVersion", "2010-04-01"),
        ]);
        form.extend(code.iter().map(|code| ("ErrorCode", code.as_str())));
        let request = self.signed(url, &form);
        self.state().queue.push_back(request);
    }

    /// Delivers what is queued, in rounds.
    async fn pump(&self, rounds: usize) {
        let _one_at_a_time = self.delivering.lock().await;
        for _ in 0..rounds {
            let mut refused = VecDeque::new();
            loop {
                let next = {
                    let mut state = self.state();
                    let target = state.target.clone();
                    target.and_then(|target| Some((target, state.queue.pop_front()?)))
                };
                let Some((target, request)) = next else { break };
                let again = request.clone();
                // On a task of its own: an endpoint that panics is one that doesn't answer.
                if tokio::spawn(async move { target(request).await }).await.ok() != Some(200) {
                    refused.push_back(again);
                }
            }
            if refused.is_empty() {
                break;
            }
            self.state().queue.append(&mut refused);
        }
    }
}

fn encoded<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

async fn serve(inner: Arc<Inner>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                let inner = Arc::clone(&inner);
                connections.spawn(async move {
                    let service = service_fn(|request| answer(Arc::clone(&inner), request));
                    // An error is a client that went away or a connection dropped on purpose.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer(inner: Arc<Inner>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let expected = format!(
        "Basic {}",
        super::signature::base64(inner.config.key().as_bytes())
    );
    let given = parts.headers.get(AUTHORIZATION);
    if given.is_none_or(|given| given.as_bytes() != expected.as_bytes()) {
        return Ok(refuse(&Refusal::new(20_003)));
    }
    let messages = format!("/2010-04-01/Accounts/{}/Messages.json", inner.config.account_sid);
    match (parts.method.as_str(), parts.uri.path()) {
        ("GET", "/v1/ContentAndApprovals") => {
            let contents = inner.state().contents.clone();
            let page = json!({ "contents": contents, "meta": { "next_page_url": null } });
            Ok(respond(200, &page))
        }
        ("POST", path) if path == messages => send(inner, &body).await,
        _ => Ok(respond(404, &json!({ "code": 20404, "status": 404 }))),
    }
}

fn respond(status: u16, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.to_string().into()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// The answer that refuses, with the HTTP status that goes with the code.
fn refuse(refusal: &Refusal) -> Response<Full<Bytes>> {
    let status = match refusal.code {
        20_003 => 401,
        20_429 => 429,
        _ => refusal.http,
    };
    let body = json!({
        "code": refusal.code,
        "message": refusal.details,
        "more_info": format!("https://www.twilio.com/docs/errors/{}", refusal.code),
        "status": status,
    });
    respond(status, &body)
}

async fn send(inner: Arc<Inner>, body: &[u8]) -> Result<Response<Full<Bytes>>, io::Error> {
    let form: BTreeMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
    let to = form.get("To").cloned().unwrap_or_default();
    let (attempt, faults) = {
        let mut state = inner.state();
        state.seq += 1;
        let seq = state.seq;
        let tries = state.tries.entry(to.clone()).or_default();
        *tries += 1;
        let correlation = form
            .get("StatusCallback")
            .and_then(|url| Some(url.split_once("attempt=")?.1.to_owned()));
        let attempt = Attempt {
            seq,
            action: Action::Send,
            recipient: to.trim_start_matches("whatsapp:").to_owned(),
            tries: *tries,
            correlation,
            body: json!(form),
        };
        (attempt, state.faults.clone())
    };
    // Outside of the lock: a rule may ask the platform.
    let faults = faults.of(&attempt);
    let dropped = || io::Error::other("connection closed without an answer");
    for fault in &faults {
        match fault {
            Fault::DelayBefore(time) => sleep(&inner, *time).await,
            Fault::DropBefore => return Err(dropped()),
            Fault::Refuse(refusal) => return Ok(refuse(refusal)),
            _ => {}
        }
    }
    let accepted = match inner.accept(&form) {
        Ok(accepted) => accepted,
        Err(code) => return Ok(refuse(&Refusal::new(code))),
    };
    let failed = faults.iter().find_map(|fault| match fault {
        Fault::FailLater(refusal) => Some(refusal.code),
        _ => None,
    });
    if failed.is_some() {
        inner.report(&accepted, "undelivered", failed);
    } else {
        let words = inner.state().receipts.clone();
        for word in words {
            inner.report(&accepted, &word, None);
        }
    }
    let pumping = Arc::clone(&inner);
    tokio::spawn(async move { pumping.pump(1).await });
    for fault in &faults {
        match fault {
            Fault::DelayAfterAccept(time) => sleep(&inner, *time).await,
            Fault::DropAfterAccept => return Err(dropped()),
            Fault::GarbageAfterAccept => return Ok(Response::new(Full::new("<!doctype html>OK".into()))),
            Fault::ServerErrorAfterAccept(http) => return Ok(respond(*http, &Value::Null)),
            _ => {}
        }
    }
    let answer = json!({
        "sid": accepted.sid,
        "account_sid": inner.config.account_sid,
        "from": accepted.from,
        "to": accepted.to,
        "body": accepted.parameters.get("Body"),
        "status": "queued",
        "direction": "outbound-api",
        "num_segments": "1",
        "num_media": "0",
        "price": null,
        "error_code": null,
        "error_message": null,
        "date_created": accepted.at.to_rfc2822(),
        "api_version": "2010-04-01",
    });
    Ok(respond(201, &answer))
}

async fn sleep(inner: &Inner, time: std::time::Duration) {
    let clock = &inner.config.clock;
    let time = TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX);
    let deadline = clock
        .now()
        .checked_add_signed(time)
        .unwrap_or(DateTime::<Utc>::MAX_UTC);
    clock.sleep_until(deadline).await;
}

impl Inner {
    /// Takes a message, or says by which code it is refused.
    fn accept(&self, form: &BTreeMap<String, String>) -> Result<TwilioAccepted, i64> {
        let text = |name: &str| {
            form.get(name)
                .map(String::as_str)
                .filter(|value| !value.is_empty())
        };
        let to = text("To").ok_or(21_604)?;
        let whatsapp = to.starts_with("whatsapp:");
        let number = to.trim_start_matches("whatsapp:");
        let digits = number
            .strip_prefix('+')
            .is_some_and(|n| n.len() > 6 && n.bytes().all(|b| b.is_ascii_digit()));
        if !(digits || whatsapp && number.contains('.')) {
            return Err(21_211);
        }
        let by = text("MessagingServiceSid")
            .or_else(|| text("From"))
            .ok_or(21_603)?;
        let bare = by.trim_start_matches("whatsapp:");
        let fits = by.starts_with("MG") || by.starts_with("whatsapp:") == whatsapp;
        if !fits || !self.config.senders.iter().any(|sender| sender == bare) {
            return Err(21_606);
        }
        let from = if whatsapp {
            format!("whatsapp:{bare}")
        } else {
            bare.to_owned()
        };
        match (text("Body"), text("MediaUrl"), text("ContentSid")) {
            (None, None, None) => return Err(21_602),
            (Some(body), _, _) if body.chars().count() > 1600 => return Err(21_617),
            (_, _, Some(sid)) if !sid.starts_with("HX") => return Err(21_655),
            _ => {}
        }
        let mut state = self.state();
        let key = (from.clone(), to.to_owned());
        if state.stopped.contains(&key) {
            return Err(21_610);
        }
        let at = self.config.clock.now();
        let open = state
            .written
            .get(&key)
            .is_some_and(|written| at - *written < TimeDelta::hours(24));
        if whatsapp && !open && text("ContentSid").is_none() {
            return Err(63_016);
        }
        state.seq += 1;
        let accepted = TwilioAccepted {
            sid: format!("SM{:016x}{:016x}", self.run, state.seq),
            from,
            to: to.to_owned(),
            parameters: form.clone(),
            at,
        };
        state.accepted.push(accepted.clone());
        Ok(accepted)
    }
}
