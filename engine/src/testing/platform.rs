//! A stand-in for the `WhatsApp` Cloud API on this machine: takes what the real one takes, refuses what it refuses,
//! reports back in signed webhooks, fails in every way that the real one does when told to, and keeps its own log of
//! what it accepted. That log is the truth against which "at most once" is tested.
//!
//! ```
//! # async fn example() -> std::io::Result<()> {
//! use tertulia::testing::{Fault, Faults, Inbound, Platform, Receipts};
//!
//! let platform = Platform::start().await?;
//! platform.deliver_to(|webhook| async move {
//!     // Hand webhook.headers and webhook.body to the code under test.
//!     200
//! });
//! platform.receipts(Receipts::read().copies(2).shuffled(7));
//! platform.script(Faults::new(7).sometimes(0.01, Fault::DropAfterAccept));
//! platform.say(Inbound::text("+12025550123", "Hello")).await?;
//! // … let the code under test send to platform.base_url() …
//! platform.drain().await;
//! assert!(platform.accepted().len() <= 1);
//! # Ok(())
//! # }
//! ```

mod faults;
mod people;
mod refusals;
mod sends;
mod server;
#[cfg(test)]
mod tests;
mod webhooks;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::{Notify, OnceCell};
use tokio::task::JoinHandle;

use super::twilio::{Twilio, TwilioConfig};
use crate::clock::{Clock, SystemClock};

pub use faults::{Attempt, Fault, Faults};
pub use people::{Inbound, Media, Person, user_id, wa_id};
pub use refusals::Refusal;
pub use webhooks::{Delivery, Drained, Receipts, Status, Webhook};

use webhooks::{Outbox, Target};

/// A phone number of the business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// The id that sends are addressed to and webhooks carry.
    pub id: String,
    /// The number as people see it.
    pub display_phone_number: String,
    /// Its country's calling code, which is put in front of a `to` without `+`.
    pub calling_code: String,
}

impl Number {
    fn wa_id(&self) -> String {
        self.display_phone_number
            .chars()
            .filter(char::is_ascii_digit)
            .collect()
    }
}

/// What the business and the platform have agreed on.
#[derive(Debug, Clone)]
pub struct PlatformConfig {
    /// The key of the signatures.
    pub app_secret: String,
    /// The token that requests must bear.
    pub access_token: String,
    /// The token of the handshake of the webhook endpoint.
    pub verify_token: String,
    /// The id of the `WhatsApp` Business Account, which has the templates.
    pub waba_id: String,
    /// Its numbers, at least one.
    pub numbers: Vec<Number>,
    /// Whether free-form messages are refused (131047) unless the person [said](Platform::say) something to that
    /// number in the last 24 hours, exactly 24 being too late. Off by default.
    pub windows: bool,
    /// Whence the platform's time stamps and delays come.
    pub clock: Arc<dyn Clock>,
}

impl Default for PlatformConfig {
    fn default() -> Self {
        Self {
            app_secret: "app-secret".into(),
            access_token: "access-token".into(),
            verify_token: "verify-token".into(),
            waba_id: "102290129340398".into(),
            numbers: vec![Number {
                id: "106540352242922".into(),
                display_phone_number: "15550783881".into(),
                calling_code: "1".into(),
            }],
            windows: false,
            clock: Arc::new(SystemClock),
        }
    }
}

impl PlatformConfig {
    fn number(&self, id: &str) -> Option<&Number> {
        self.numbers.iter().find(|number| number.id == id)
    }
}

/// How many messages the platform takes, by its clock; what is above is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// From one number in any one second (130429).
    pub per_second: Option<usize>,
    /// From one number to one person: one in 6 seconds (131056).
    pub pairs: bool,
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// To send a message.
    Send,
    /// To mark a message as read, with or without a typing indicator.
    MarkRead,
    /// A page of the account's templates.
    ListTemplates,
    /// What is known of a phone number of the business.
    ReadNumber,
    /// Where a file is.
    ReadMedia,
    /// The bytes of a file.
    DownloadMedia,
    /// To take a file.
    UploadMedia,
    /// Something that the platform doesn't have.
    Other,
}

/// A message that the platform accepted, whether or not the client learned of it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Accepted {
    /// Its place in the platform's one order of events.
    pub seq: u64,
    /// The id that the platform gave it.
    pub wamid: String,
    /// The number it was sent from.
    pub phone_number_id: String,
    /// `to`, as the client wrote it.
    pub to: Option<String>,
    /// `recipient`, as the client wrote it.
    pub recipient: Option<String>,
    /// Whom the platform made of `to`.
    pub wa_id: Option<String>,
    /// The business-scoped id of whoever gets it.
    pub user_id: String,
    /// `biz_opaque_callback_data`, by which a client finds its own message again.
    pub correlation: Option<String>,
    /// What it is priced as: the template's category in lowercase, or `service`.
    pub category: String,
    /// Whether it was held for quality assessment.
    pub held: bool,
    /// When.
    pub at: DateTime<Utc>,
    /// The whole request.
    pub body: Value,
}

/// The answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The HTTP status.
    pub http: u16,
    /// The error code, if it was refused.
    pub code: Option<i64>,
}

/// A request of any kind, refused ones too.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Exchange {
    /// Its place in the platform's one order of events: when it came in.
    pub seq: u64,
    /// The HTTP method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// What it asks for.
    pub action: Action,
    /// Its body, `Null` where there is none or it isn't JSON.
    pub body: Value,
    /// The id of the message, if one was accepted.
    pub wamid: Option<String>,
    /// The answer; `None` if the connection was closed without, or the answer is still to come.
    pub answer: Option<Answer>,
}

/// The stand-in. It serves on a port of its own from [`start`](Platform::start) until it is dropped; its logs last as
/// long.
pub struct Platform {
    inner: Arc<Inner>,
    twilio: OnceCell<Twilio>,
    tasks: [JoinHandle<()>; 2],
}

struct Inner {
    config: PlatformConfig,
    number: Number,
    address: SocketAddr,
    /// Tells the ids of this platform from those of others.
    run: u64,
    http: reqwest::Client,
    state: Mutex<State>,
    wake: Notify,
    delivering: tokio::sync::Mutex<()>,
}

struct State {
    seq: u64,
    accepted: Vec<Accepted>,
    /// Where in `accepted` a message is, by its id.
    index: HashMap<String, usize>,
    requests: Vec<Exchange>,
    deliveries: Vec<Delivery>,
    outbox: Outbox,
    faults: Faults,
    limits: Limits,
    access_token: String,
    tries: HashMap<String, u64>,
    templates: Vec<Value>,
    media: HashMap<String, (Media, Vec<u8>)>,
    /// When somebody last wrote, by number and `wa_id` or user id.
    written: HashMap<(String, String), DateTime<Utc>>,
}

impl State {
    fn next(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    fn add_media(&mut self, run: u64, mime_type: &str, bytes: &[u8]) -> Media {
        let id = format!("{run}{:06}", self.next());
        let media = Media {
            id: id.clone(),
            mime_type: mime_type.to_owned(),
            sha256: hex::encode(Sha256::digest(bytes)),
        };
        self.media.insert(id, (media.clone(), bytes.to_vec()));
        media
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> Faults {
        self.state().faults.clone()
    }

    fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform")
            .field("address", &self.inner.address)
            .finish_non_exhaustive()
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Platform {
    /// Starts one with the default configuration, on a free port of `127.0.0.1`.
    ///
    /// It runs on the Tokio runtime it is started on, so a test that blocks its only thread, as in waiting for a child
    /// process, blocks the platform too: give such a test a multi-thread runtime.
    pub async fn start() -> io::Result<Self> {
        Self::start_with(PlatformConfig::default()).await
    }

    /// Starts one. Fails without a number in the configuration, or where no port can be had.
    pub async fn start_with(config: PlatformConfig) -> io::Result<Self> {
        let Some(number) = config.numbers.first().cloned() else {
            let why = "PlatformConfig.numbers is empty; give the business at least one number";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        };
        // A proxy from the environment has no business between two ports of this machine.
        let http = tertulia_transport_http::builder()
            .map_err(io::Error::other)?
            .no_proxy()
            .timeout(Duration::from_mins(1))
            .build();
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let access_token = config.access_token.clone();
        let inner = Arc::new(Inner {
            config,
            number,
            address: listener.local_addr()?,
            run: fastrand::u64(..),
            http: http.map_err(io::Error::other)?,
            state: Mutex::new(State {
                seq: 0,
                accepted: Vec::new(),
                index: HashMap::new(),
                requests: Vec::new(),
                deliveries: Vec::new(),
                outbox: Outbox::new(),
                faults: Faults::default(),
                limits: Limits::default(),
                access_token,
                tries: HashMap::new(),
                templates: Vec::new(),
                media: HashMap::new(),
                written: HashMap::new(),
            }),
            wake: Notify::new(),
            delivering: tokio::sync::Mutex::new(()),
        });
        let serving = tokio::spawn(server::serve(Arc::clone(&inner), listener));
        let pumping = tokio::spawn(Arc::clone(&inner).pump());
        Ok(Self {
            inner,
            twilio: OnceCell::new(),
            tasks: [serving, pumping],
        })
    }

    /// Where it listens, in place of `https://graph.facebook.com`.
    pub fn base_url(&self) -> String {
        self.inner.base_url()
    }

    /// Twilio's stand-in beside this one, with its default agreement and this one's clock: started when it is first asked
    /// for. Fails where no port can be had.
    pub async fn twilio(&self) -> io::Result<&Twilio> {
        let config = TwilioConfig {
            clock: Arc::clone(&self.inner.config.clock),
            ..TwilioConfig::default()
        };
        self.twilio.get_or_try_init(|| Twilio::start(config)).await
    }

    /// What it was started with.
    pub fn config(&self) -> &PlatformConfig {
        &self.inner.config
    }

    /// The id of its first number.
    pub fn phone_number_id(&self) -> &str {
        &self.inner.number.id
    }

    /// From now on these faults, in place of any before.
    pub fn script(&self, faults: Faults) {
        self.inner.state().faults = faults;
    }

    /// From now on no more than this is taken. There is no limit at first.
    pub fn limits(&self, limits: Limits) {
        self.inner.state().limits = limits;
    }

    /// From now on requests must bear this token, and not the one before: as when one is renewed, or expires.
    pub fn access_token(&self, token: impl Into<String>) {
        self.inner.state().access_token = token.into();
    }

    /// From now on these statuses follow of themselves when a message is accepted. None do at first.
    pub fn receipts(&self, receipts: Receipts) {
        self.inner.state().outbox.set_receipts(receipts);
    }

    /// The account's templates, in the shape in which the platform lists them: `id`, `name`, `language`, `status`,
    /// `category`, `components`. While there are any, only these can be sent, as far as their status and parameters
    /// allow; while there are none, any can.
    pub fn set_templates(&self, templates: Vec<Value>) {
        self.inner.state().templates = templates;
    }

    /// A file that can be fetched by its id.
    pub fn add_media(&self, mime_type: &str, bytes: &[u8]) -> Media {
        self.inner.state().add_media(self.inner.run, mime_type, bytes)
    }

    /// The bytes of a file that was added or uploaded, by its id.
    pub fn media(&self, id: &str) -> Option<Vec<u8>> {
        self.inner.state().media.get(id).map(|(_, bytes)| bytes.clone())
    }

    /// A file is no longer what it was said to be: it has these bytes now.
    pub fn spoil_media(&self, id: &str, bytes: &[u8]) {
        if let Some((_, held)) = self.inner.state().media.get_mut(id) {
            *held = bytes.to_vec();
        }
    }

    /// A file is there no more, as after 7 days.
    pub fn forget_media(&self, id: &str) {
        self.inner.state().media.remove(id);
    }

    /// Every message it accepted, in order, whatever became of the answer.
    pub fn accepted(&self) -> Vec<Accepted> {
        self.inner.state().accepted.clone()
    }

    /// Every request, in order.
    pub fn requests(&self) -> Vec<Exchange> {
        self.inner.state().requests.clone()
    }

    /// Every delivery of a webhook that was answered or given up, in order.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.inner.state().deliveries.clone()
    }

    /// Webhooks go to this async function, which returns the HTTP status of its answer. It must not wait for
    /// [`drain`](Platform::drain).
    pub fn deliver_to<F, A>(&self, endpoint: F)
    where
        F: Fn(Webhook) -> A + Send + Sync + 'static,
        A: Future<Output = u16> + Send + 'static,
    {
        self.target(webhooks::callback(endpoint));
    }

    /// Webhooks are posted to this URL.
    pub fn deliver_to_url(&self, url: impl Into<String>) {
        self.target(Target::Url(url.into()));
    }

    fn target(&self, target: Target) {
        self.inner.state().outbox.target = target;
        self.inner.wake.notify_one();
    }

    /// Whether the endpoint at the URL completes the handshake: asked with the verify token it must answer 200 and the
    /// challenge, and asked with another one it must not. Fails if webhooks don't go to a URL, or nobody answers.
    pub async fn verify_endpoint(&self) -> io::Result<bool> {
        let Target::Url(url) = self.inner.state().outbox.target.clone() else {
            let why = "webhooks do not go to a URL; call deliver_to_url first";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        };
        let right = self.inner.config.verify_token.clone();
        let wrong = format!("not-{right}");
        for (token, expected) in [(right, true), (wrong, false)] {
            let challenge = fastrand::u32(..).to_string();
            let mut url = reqwest::Url::parse(&url)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            url.query_pairs_mut()
                .append_pair("hub.mode", "subscribe")
                .append_pair("hub.challenge", &challenge)
                .append_pair("hub.verify_token", &token);
            let answer = self.inner.http.get(url).send().await.map_err(io::Error::other)?;
            let ok = answer.status() == 200;
            let echoed = answer.text().await.map_err(io::Error::other)? == challenge;
            let completed = if expected { ok && echoed } else { !ok };
            if !completed {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Queues all webhooks from now on: only [`drain`](Platform::drain) delivers, until [`release`](Platform::release).
    pub fn hold(&self) {
        self.inner.state().outbox.held = true;
    }

    /// Delivers webhooks as they come again, and what was held in the background.
    pub fn release(&self) {
        self.inner.state().outbox.held = false;
        self.inner.wake.notify_one();
    }

    /// Delivers everything that is queued, held or not, and what is queued meanwhile; repeats what isn't answered 200,
    /// byte for byte and several times over, as the platform does within its week. What is refused even so stays
    /// queued for the next time. After it, everything that was accepted before it has been reported.
    pub async fn drain(&self) -> Drained {
        self.inner.drain().await
    }

    /// Somebody writes to the business; returns the message's id. The webhook is delivered before this returns, unless
    /// webhooks are held or have nowhere to go; if it isn't answered 200, it waits for [`drain`](Platform::drain).
    /// Fails if the message is to a number that the business doesn't have.
    pub async fn say(&self, message: Inbound) -> io::Result<String> {
        let inner = &self.inner;
        let number = self.number(message.to.as_deref())?;
        let at = message.at.unwrap_or_else(|| inner.config.clock.now());
        let seq = self.heard_from(&message.from, number, at);
        let id = message
            .id
            .clone()
            .unwrap_or_else(|| format!("wamid.HBgN{:016X}{seq:012X}", inner.run));
        inner
            .emit(webhooks::change("messages", number, &message.render(&id, at)))
            .await;
        Ok(id)
    }

    /// Somebody calls the business's first number; returns the call's id. Delivered as in [`say`](Platform::say). That it
    /// ended, or what became of a call of the business, is a [`change`](Platform::change) of `calls`.
    pub async fn call(&self, from: impl Into<Person>) -> String {
        let (from, number) = (from.into(), &self.inner.number);
        let at = self.inner.config.clock.now();
        let seq = self.heard_from(&from, number, at);
        let id = format!("wacid.HBgN{:016X}{seq:012X}", self.inner.run);
        let mut call = json!({
            "id": id,
            "from_user_id": from.user_id,
            "to": number.display_phone_number,
            "event": "connect",
            "direction": "USER_INITIATED",
            "timestamp": at.timestamp().to_string(),
            "session": { "sdp_type": "offer", "sdp": "v=0" },
        });
        if let Some(wa_id) = &from.wa_id {
            call["from"] = wa_id.as_str().into();
        }
        self.change("calls", &json!({ "contacts": [from.contact()], "calls": [call] }))
            .await;
        id
    }

    /// Remembers that somebody wrote or called, for the window; the event's place in the platform's order.
    fn heard_from(&self, from: &Person, number: &Number, at: DateTime<Utc>) -> u64 {
        let mut state = self.inner.state();
        for key in [Some(&from.user_id), from.wa_id.as_ref()].into_iter().flatten() {
            let last = state
                .written
                .entry((number.id.clone(), key.clone()))
                .or_insert(at);
            *last = at.max(*last);
        }
        state.next()
    }

    /// Reports these statuses of an accepted message, in this order and each in a webhook of its own, delivered as in
    /// [`say`](Platform::say). Fails if no such message was accepted.
    pub async fn statuses(&self, wamid: &str, statuses: &[Status]) -> io::Result<()> {
        let accepted = {
            let state = self.inner.state();
            state.index.get(wamid).map(|&place| state.accepted[place].clone())
        };
        let accepted = accepted.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                format!("no message {wamid} was accepted by this platform"),
            )
        })?;
        let number = self.number(Some(&accepted.phone_number_id))?;
        for status in statuses {
            let at = self.inner.config.clock.now();
            self.inner
                .emit(webhooks::status_change(&accepted, number, status, at))
                .await;
        }
        Ok(())
    }

    /// A change of any field, as in `message_template_status_update`: `value` is completed with the first number's
    /// metadata and delivered as in [`say`](Platform::say).
    pub async fn change(&self, field: &str, value: &Value) {
        self.inner
            .emit(webhooks::change(field, &self.inner.number, value))
            .await;
    }

    /// A notice about the business account or one of its numbers, as in `account_update` or `phone_number_quality_update`:
    /// `value` as it is, which names no sender by its id, delivered as in [`say`](Platform::say).
    pub async fn notice(&self, field: &str, value: &Value) {
        self.inner.emit(json!({ "field": field, "value": value })).await;
    }

    /// Somebody stops (`stop`) or takes back (`resume`) marketing messages in the platform's own settings.
    pub async fn prefers(&self, person: impl Into<Person>, value: &str) {
        let person = person.into();
        let mut preference = json!({
            "user_id": person.user_id,
            "detail": format!("User requested to {value} marketing messages"),
            "category": "marketing_messages",
            "value": value,
            "timestamp": self.inner.config.clock.now().timestamp(),
        });
        if let Some(wa_id) = &person.wa_id {
            preference["wa_id"] = wa_id.as_str().into();
        }
        let value = json!({ "contacts": [person.contact()], "user_preferences": [preference] });
        self.change("user_preferences", &value).await;
    }

    /// Signs and posts these bytes as they are, once; returns the HTTP status of the answer, `None` if there was none.
    pub async fn post(&self, body: impl Into<Vec<u8>>) -> Option<u16> {
        self.inner.post(body.into(), false).await
    }

    fn number(&self, id: Option<&str>) -> io::Result<&Number> {
        let Some(id) = id else {
            return Ok(&self.inner.number);
        };
        self.inner.config.number(id).ok_or_else(|| {
            let why = format!("{id} is none of PlatformConfig.numbers");
            io::Error::new(io::ErrorKind::InvalidInput, why)
        })
    }
}
