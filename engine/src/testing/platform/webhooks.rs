//! What the platform tells the business, and how it insists.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::people::Person;
use super::{Accepted, Inner, Number, Refusal};
use crate::testing::sign;

/// A POST to the business's endpoint, as an in-process endpoint gets it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Webhook {
    /// Names in lowercase: `content-type`, `user-agent`, `x-hub-signature-256`.
    pub headers: Vec<(String, String)>,
    /// The raw bytes that the signature is over.
    pub body: Vec<u8>,
}

/// One delivery of a webhook, repeated ones each for themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// Its place in the platform's one order of events: when the answer came in.
    pub seq: u64,
    /// The raw bytes that were posted.
    pub body: Vec<u8>,
    /// The HTTP status of the answer; `None` if there was none.
    pub answer: Option<u16>,
}

/// What a [`drain`](super::Platform::drain) did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drained {
    /// POSTs that were answered 200.
    pub delivered: usize,
    /// POSTs that were answered otherwise or not at all, and were or will be repeated.
    pub refused: usize,
    /// POSTs that are still waiting: refused time and again, or nowhere to go.
    pub waiting: usize,
}

/// What becomes of a message, as its status webhooks say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It left the platform.
    Sent,
    /// It reached the phone.
    Delivered,
    /// It was seen.
    Read,
    /// The voice note was played.
    Played,
    /// It will never arrive.
    Failed(Refusal),
}

impl Status {
    /// The word that the platform uses.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed(_) => "failed",
        }
    }
}

type Say = Arc<dyn Fn(&Accepted) -> Vec<Status> + Send + Sync>;

/// Which statuses follow of themselves when a message was accepted, and how they arrive.
///
/// They're on their way as soon as the message is accepted: the first may overtake the answer to the request.
#[derive(Clone)]
pub struct Receipts {
    say: Say,
    copies: usize,
    batch: usize,
    shuffle: Option<u64>,
}

impl fmt::Debug for Receipts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            say: _,
            copies,
            batch,
            shuffle,
        } = self;
        f.debug_struct("Receipts")
            .field("copies", copies)
            .field("batch", batch)
            .field("shuffle", shuffle)
            .finish_non_exhaustive()
    }
}

impl Receipts {
    /// None: the test sends statuses itself.
    pub fn none() -> Self {
        Self::by(|_| Vec::new())
    }

    /// Sent, delivered.
    pub fn delivered() -> Self {
        Self::by(|_| vec![Status::Sent, Status::Delivered])
    }

    /// Sent, delivered, read.
    pub fn read() -> Self {
        Self::by(|_| vec![Status::Sent, Status::Delivered, Status::Read])
    }

    /// Whatever this says of each message. It must not ask the platform anything.
    pub fn by(say: impl Fn(&Accepted) -> Vec<Status> + Send + Sync + 'static) -> Self {
        Self {
            say: Arc::new(say),
            copies: 1,
            batch: 1,
            shuffle: None,
        }
    }

    /// The same with every status so many times.
    #[must_use]
    pub fn copies(mut self, copies: usize) -> Self {
        self.copies = copies;
        self
    }

    /// The same with up to so many changes in one POST.
    #[must_use]
    pub fn in_batches_of(mut self, changes: usize) -> Self {
        self.batch = changes.max(1);
        self
    }

    /// The same in an order drawn from this seed, among all statuses that wait: [`hold`](super::Platform::hold) for a
    /// thorough shuffle.
    #[must_use]
    pub fn shuffled(mut self, seed: u64) -> Self {
        self.shuffle = Some(seed);
        self
    }
}

type Callback = Arc<dyn Fn(Webhook) -> Pin<Box<dyn Future<Output = u16> + Send>> + Send + Sync>;

/// Where webhooks go.
#[derive(Clone)]
pub(super) enum Target {
    Nowhere,
    Url(String),
    Callback(Callback),
}

/// Webhooks that are not delivered yet.
pub(super) struct Outbox {
    pub(super) target: Target,
    pub(super) held: bool,
    receipts: Receipts,
    shuffle: Option<fastrand::Rng>,
    /// Changes that were never tried.
    fresh: VecDeque<Value>,
    /// POSTs that weren't answered 200, to be repeated byte for byte.
    refused: VecDeque<Vec<u8>>,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self {
            target: Target::Nowhere,
            held: false,
            receipts: Receipts::none(),
            shuffle: None,
            fresh: VecDeque::new(),
            refused: VecDeque::new(),
        }
    }

    pub(super) fn set_receipts(&mut self, receipts: Receipts) {
        self.shuffle = receipts.shuffle.map(fastrand::Rng::with_seed);
        self.receipts = receipts;
    }

    /// Queues what follows of itself from an accepted message.
    pub(super) fn report(&mut self, accepted: &Accepted, number: &Number, failures: Vec<Refusal>) {
        let statuses = if !failures.is_empty() {
            failures.into_iter().map(Status::Failed).collect()
        } else if accepted.held {
            Vec::new()
        } else {
            (self.receipts.say)(accepted)
        };
        for status in statuses {
            let change = status_change(accepted, number, &status, accepted.at);
            for _ in 0..self.receipts.copies {
                self.fresh.push_back(change.clone());
                if let Some(rng) = &mut self.shuffle {
                    let last = self.fresh.len() - 1;
                    self.fresh.swap(rng.usize(..=last), last);
                }
            }
        }
    }

    fn takes(&self) -> bool {
        !matches!(self.target, Target::Nowhere)
    }

    /// The next POST of changes that were never tried.
    fn next_fresh(&mut self, waba_id: &str) -> Option<Vec<u8>> {
        if self.fresh.is_empty() {
            return None;
        }
        let batch = self.receipts.batch.min(self.fresh.len());
        let changes: Vec<Value> = self.fresh.drain(..batch).collect();
        Some(envelope(waba_id, &changes))
    }
}

impl Inner {
    /// Delivers one change at once, or queues it if webhooks are held or have nowhere to go.
    pub(super) async fn emit(self: &Arc<Self>, change: Value) {
        let body = {
            let mut state = self.state();
            if state.outbox.held || !state.outbox.takes() {
                state.outbox.fresh.push_back(change);
                return;
            }
            envelope(&self.config.waba_id, &[change])
        };
        self.post(body, true).await;
    }

    /// Delivers what is queued as it comes in, until it is aborted. What is refused is left to `drain`.
    pub(super) async fn pump(self: Arc<Self>) {
        loop {
            self.wake.notified().await;
            loop {
                let _one_at_a_time = self.delivering.lock().await;
                let next = {
                    let outbox = &mut self.state().outbox;
                    if outbox.held || !outbox.takes() {
                        None
                    } else {
                        outbox.next_fresh(&self.config.waba_id)
                    }
                };
                let Some(body) = next else { break };
                self.post(body, true).await;
            }
        }
    }

    pub(super) async fn drain(self: &Arc<Self>) -> Drained {
        /// The platform insists for a week; a test shouldn't wait for an endpoint that never says yes.
        const ROUNDS: usize = 16;
        let _one_at_a_time = self.delivering.lock().await;
        let mut drained = Drained::default();
        if !self.state().outbox.takes() {
            let outbox = &self.state().outbox;
            drained.waiting = outbox.fresh.len() + outbox.refused.len();
            return drained;
        }
        for _ in 0..ROUNDS {
            let mut left = self.state().outbox.refused.len();
            loop {
                let next = {
                    let outbox = &mut self.state().outbox;
                    match outbox.next_fresh(&self.config.waba_id) {
                        None if left > 0 => {
                            left -= 1;
                            outbox.refused.pop_front()
                        }
                        fresh => fresh,
                    }
                };
                let Some(body) = next else { break };
                if self.post(body, true).await == Some(200) {
                    drained.delivered += 1;
                } else {
                    drained.refused += 1;
                }
            }
        }
        drained.waiting = self.state().outbox.refused.len();
        drained
    }

    /// Signs and posts a body, logs the answer, and queues it again if that wasn't 200. Goes on to the end even if the
    /// caller stops waiting, so that no webhook is lost.
    pub(super) async fn post(self: &Arc<Self>, body: Vec<u8>, insist: bool) -> Option<u16> {
        let inner = Arc::clone(self);
        let delivery = tokio::spawn(async move {
            let target = inner.state().outbox.target.clone();
            let answer = inner.carry(target, &body).await;
            let mut state = inner.state();
            let seq = state.next();
            if insist && answer != Some(200) {
                state.outbox.refused.push_back(body.clone());
            }
            state.deliveries.push(Delivery { seq, body, answer });
            answer
        });
        delivery.await.ok().flatten()
    }

    async fn carry(&self, target: Target, body: &[u8]) -> Option<u16> {
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("user-agent", "facebookexternalua".to_owned()),
            ("x-hub-signature-256", sign(&self.config.app_secret, body)),
        ];
        match target {
            Target::Nowhere => None,
            Target::Url(url) => {
                let mut request = self.http.post(url).body(body.to_vec());
                for (name, value) in headers {
                    request = request.header(name, value);
                }
                Some(request.send().await.ok()?.status().as_u16())
            }
            Target::Callback(callback) => {
                let headers = headers.map(|(name, value)| (name.to_owned(), value)).into();
                let webhook = Webhook {
                    headers,
                    body: body.to_vec(),
                };
                // On a task of its own: an endpoint that panics is one that doesn't answer.
                tokio::spawn(async move { callback(webhook).await }).await.ok()
            }
        }
    }
}

pub(super) fn callback<F, A>(endpoint: F) -> Target
where
    F: Fn(Webhook) -> A + Send + Sync + 'static,
    A: Future<Output = u16> + Send + 'static,
{
    Target::Callback(Arc::new(move |webhook| Box::pin(endpoint(webhook))))
}

fn envelope(waba_id: &str, changes: &[Value]) -> Vec<u8> {
    let entry = json!({ "id": waba_id, "changes": changes });
    json!({ "object": "whatsapp_business_account", "entry": [entry] })
        .to_string()
        .into_bytes()
}

/// A change of this field with the number's metadata; `value`'s own fields win.
pub(super) fn change(field: &str, number: &Number, value: &Value) -> Value {
    let mut whole = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": number.display_phone_number, "phone_number_id": number.id },
    });
    for (name, part) in value.as_object().into_iter().flatten() {
        whole[name] = part.clone();
    }
    json!({ "field": field, "value": whole })
}

pub(super) fn status_change(
    accepted: &Accepted,
    number: &Number,
    status: &Status,
    at: DateTime<Utc>,
) -> Value {
    let mut report = json!({
        "id": accepted.wamid,
        "status": status.as_str(),
        "timestamp": at.timestamp().to_string(),
    });
    if let Some(wa_id) = &accepted.wa_id {
        report["recipient_id"] = wa_id.as_str().into();
    }
    if let Some(correlation) = &accepted.correlation {
        report["biz_opaque_callback_data"] = correlation.as_str().into();
    }
    if matches!(status, Status::Sent | Status::Delivered) {
        let billable = accepted.category != "service";
        report["pricing"] = json!({
            "billable": billable,
            "pricing_model": "PMP",
            "type": if billable { "regular" } else { "free_customer_service" },
            "category": accepted.category,
        });
    }
    let mut value = json!({});
    if let Status::Failed(refusal) = status {
        report["errors"] = json!([refusal.in_status()]);
        if accepted.wa_id.is_none() {
            report["recipient_user_id"] = accepted.user_id.as_str().into();
        }
    } else {
        report["recipient_user_id"] = accepted.user_id.as_str().into();
        let person = Person {
            wa_id: accepted.wa_id.clone(),
            user_id: accepted.user_id.clone(),
            name: None,
            username: None,
        };
        value["contacts"] = json!([person.contact()]);
    }
    value["statuses"] = json!([report]);
    change("messages", number, &value)
}
