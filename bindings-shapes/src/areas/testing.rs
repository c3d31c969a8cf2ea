//! The stand-in platform and the manual clock, for tests in every language.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tertulia::testing::{self, Faults, Inbound, ManualClock, Platform, Receipts, Refusal, Webhook};
use tertulia::{Code, Error, WebhookRequest, http_status};

use crate::handle::Handle;
use crate::method::area;
use crate::wire::Bytes;

pub(crate) fn io(error: &io::Error) -> Error {
    Error::new(Code::InputInvalid, error.to_string())
}

/// Somebody who writes to the business.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    /// Their phone number; absent for somebody known by their business-scoped user id only.
    phone: Option<String>,
    /// Their business-scoped user id, as in `US.13491208655302741918`; absent: made from the phone.
    user_id: Option<String>,
    /// The name of their profile.
    name: Option<String>,
    /// The user name that they took, without `@`.
    username: Option<String>,
}

impl Person {
    fn read(self) -> Result<testing::Person, Error> {
        let mut person = match (&self.phone, self.user_id) {
            (Some(phone), None) => testing::Person::phone(phone),
            (None, Some(id)) => testing::Person::hidden(&id),
            (Some(phone), Some(id)) => testing::Person {
                user_id: id,
                ..testing::Person::phone(phone)
            },
            (None, None) => {
                return Err(Error::new(
                    Code::InputInvalid,
                    "a person needs a phone or a user id",
                ));
            }
        };
        person.name = self.name;
        person.username = self.username;
        Ok(person)
    }
}

/// One thing that goes wrong with a request. "After accept" means: the request has had its full effect.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Fault {
    /// Answers with this error code; nothing is accepted.
    Refuse {
        /// The platform's code, as in 131047.
        code: i64,
    },
    /// Waits on the platform's clock before looking at the request.
    DelayBefore {
        /// How long.
        seconds: f64,
    },
    /// Accepts at once, but answers only after this long on the platform's clock.
    DelayAfterAccept {
        /// How long.
        seconds: f64,
    },
    /// Closes the connection without accepting or answering.
    DropBefore,
    /// Accepts, then closes the connection without an answer.
    DropAfterAccept,
    /// Accepts, then answers with a body that isn't JSON.
    GarbageAfterAccept,
    /// Accepts, then answers with this HTTP status.
    ServerErrorAfterAccept {
        /// The status.
        http: u16,
    },
    /// Accepts a message as held for a quality check.
    HeldForQuality,
    /// Accepts a message; its only status is a failure with this code.
    FailLater {
        /// The platform's code.
        code: i64,
    },
}

impl Fault {
    fn read(self) -> Result<testing::Fault, Error> {
        let duration = |seconds: f64| {
            Duration::try_from_secs_f64(seconds)
                .map_err(|_| Error::new(Code::InputInvalid, format!("{seconds} seconds is no delay")))
        };
        Ok(match self {
            Self::Refuse { code } => testing::Fault::Refuse(Refusal::new(code)),
            Self::DelayBefore { seconds } => testing::Fault::DelayBefore(duration(seconds)?),
            Self::DelayAfterAccept { seconds } => testing::Fault::DelayAfterAccept(duration(seconds)?),
            Self::DropBefore => testing::Fault::DropBefore,
            Self::DropAfterAccept => testing::Fault::DropAfterAccept,
            Self::GarbageAfterAccept => testing::Fault::GarbageAfterAccept,
            Self::ServerErrorAfterAccept { http } => testing::Fault::ServerErrorAfterAccept(http),
            Self::HeldForQuality => testing::Fault::HeldForQuality,
            Self::FailLater { code } => testing::Fault::FailLater(Refusal::new(code)),
        })
    }
}

/// What goes wrong with which messages: all, unless narrowed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultRule {
    /// What goes wrong.
    fault: Fault,
    /// Only with messages to this number.
    to: Option<String>,
    /// Only with so many first messages to each recipient.
    first: Option<u64>,
    /// Only with this share of all messages, from 0.0 to 1.0.
    share: Option<f64>,
}

/// A message that the platform accepted, whether or not the client learned of it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct AcceptedMessage {
    /// The id that the platform gave it.
    wamid: String,
    /// The number it was sent from.
    phone_number_id: String,
    /// The recipient, as the client wrote it.
    to: String,
    /// The business-scoped id of whoever gets it.
    user_id: String,
    /// What it is priced as: the template's category in lowercase, or `service`.
    category: String,
    /// When.
    at: DateTime<Utc>,
    /// The whole request.
    body: Value,
}

/// How far a message gets of itself.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reach {
    /// No status is sent.
    Nothing,
    /// Sent, delivered.
    Delivered,
    /// Sent, delivered, read.
    Read,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(rename = "PlatformStatus")]
pub(crate) enum Status {
    /// It left the platform.
    Sent,
    /// It reached the phone.
    Delivered,
    /// It was seen.
    Read,
    /// The voice note was played.
    Played,
    /// It will never arrive.
    Failed {
        /// The platform's code, as in 131026.
        code: i64,
    },
}

impl From<Status> for testing::Status {
    fn from(status: Status) -> Self {
        match status {
            Status::Sent => Self::Sent,
            Status::Delivered => Self::Delivered,
            Status::Read => Self::Read,
            Status::Played => Self::Played,
            Status::Failed { code } => Self::Failed(Refusal::new(code)),
        }
    }
}

/// What a drain did.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub(crate) struct Drained {
    /// POSTs that were answered 200.
    delivered: usize,
    /// POSTs that were answered otherwise or not at all.
    refused: usize,
    /// POSTs that are still waiting.
    waiting: usize,
}

/// What the business and the platform have agreed on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct PlatformInfo {
    /// Where it listens, in place of `https://graph.facebook.com`.
    base_url: String,
    /// The key of the signatures.
    #[schemars(extend("x-secret" = true))]
    app_secret: String,
    /// The token that requests must bear.
    #[schemars(extend("x-secret" = true))]
    access_token: String,
    /// The token of the handshake of the webhook endpoint.
    #[schemars(extend("x-secret" = true))]
    verify_token: String,
    /// The id of the WhatsApp Business Account.
    waba_id: String,
    /// The id of its first number.
    phone_number_id: String,
}

/// What Twilio and the business have agreed on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct TwilioInfo {
    /// Where it listens, in place of `https://api.twilio.com` and `https://content.twilio.com`.
    base_url: String,
    /// The URL that its signatures are over.
    public_url: String,
    /// The key of the signatures.
    #[schemars(extend("x-secret" = true))]
    auth_token: String,
    /// What the credentials are to answer for its senders.
    #[schemars(extend("x-secret" = true))]
    key: String,
    /// Its first number.
    sender_id: String,
}

/// A message that Twilio accepted, whether or not the client learned of it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct TwilioMessage {
    /// The id that it was given.
    sid: String,
    /// The sender, with its channel's prefix.
    from: String,
    /// The recipient, with the channel's prefix.
    to: String,
    /// The whole request.
    parameters: Value,
    /// When.
    at: DateTime<Utc>,
}

/// The faults of a script.
fn script(faults: Vec<FaultRule>, seed: Option<u64>) -> Result<Faults, Error> {
    let mut script = Faults::new(seed.unwrap_or_default());
    for rule in faults {
        let fault = rule.fault.read()?;
        script = match (rule.to, rule.first, rule.share) {
            (None, None, None) => script.always(fault),
            (Some(to), None, None) => script.to(&to, fault),
            (None, Some(first), None) => script.first(first, fault),
            (None, None, Some(share)) => script.sometimes(share, fault),
            _ => {
                let message = "a fault can be narrowed by one of to, first and share only";
                return Err(Error::new(Code::InputInvalid, message));
            }
        };
    }
    Ok(script)
}

/// Hands a webhook to a CRM, and answers as a server would.
async fn deliver(crm: tertulia::Crm, endpoint: String, webhook: Webhook) -> u16 {
    let request = WebhookRequest {
        method: "POST".to_owned(),
        url: format!("http://localhost/{endpoint}"),
        headers: webhook.headers,
        body: webhook.body,
    };
    hand_over(crm, endpoint, request).await
}

async fn hand_over(crm: tertulia::Crm, endpoint: String, request: WebhookRequest) -> u16 {
    match crm.receive(&endpoint, request).await {
        Ok(_) => 200,
        Err(error) => http_status(&error),
    }
}

area! {
    /// A stand-in for the WhatsApp Cloud API on a port of this machine: takes sends, calls webhooks, and fails as told.
    platform(platform: Arc<Platform>) {
        /// What it was started with, and where.
        fn info() -> PlatformInfo {
            let config = platform.config();
            Ok(PlatformInfo {
                base_url: platform.base_url(),
                app_secret: config.app_secret.clone(),
                access_token: config.access_token.clone(),
                verify_token: config.verify_token.clone(),
                waba_id: config.waba_id.clone(),
                phone_number_id: platform.phone_number_id().to_owned(),
            })
        }

        /// Webhooks go straight to this CRM, to the endpoint of that name.
        fn deliver_to(endpoint: String | crm) -> () {
            let Some(crm) = crm.as_ref().and_then(Handle::crm).cloned() else {
                return Err(Error::new(Code::InputInvalid, "webhooks can be delivered to a CRM only"));
            };
            platform.deliver_to(move |webhook| deliver(crm.clone(), endpoint.clone(), webhook));
            Ok(())
        }

        /// Webhooks are posted to this URL.
        fn deliver_to_url(url: String) -> () {
            platform.deliver_to_url(url);
            Ok(())
        }

        /// From now on these faults, in place of any before. `seed` draws those that befall a share.
        fn script(faults: Vec<FaultRule>, seed: Option<u64>) -> () {
            platform.script(script(faults, seed)?);
            Ok(())
        }

        /// From now on these statuses follow of themselves when a message is accepted, each so many times (default 1),
        /// in an order drawn from the seed if one is given. None do at first.
        fn receipts(reach: Reach, copies: Option<usize>, shuffled: Option<u64>) -> () {
            let mut receipts = match reach {
                Reach::Nothing => Receipts::none(),
                Reach::Delivered => Receipts::delivered(),
                Reach::Read => Receipts::read(),
            };
            receipts = receipts.copies(copies.unwrap_or(1));
            if let Some(seed) = shuffled {
                receipts = receipts.shuffled(seed);
            }
            platform.receipts(receipts);
            Ok(())
        }

        /// Somebody writes text to the business; the message's id, which may be given: said twice, it is a webhook
        /// that comes again. The webhook is delivered before this returns.
        fn say(from: Person, text: String, id: Option<String>) -> String {
            let message = Inbound::text(from.read()?, &text);
            let message = id.iter().fold(message, |message, id| message.id(id));
            platform.say(message).await.map_err(|error| io(&error))
        }

        /// Somebody sends a message of any type: its payload is the object that the platform names after the type.
        /// `fields` stand beside it, as in `{"context": {"id": "…"}}` of a reply.
        fn say_message(
            from: Person,
            kind: String,
            payload: Value,
            id: Option<String>,
            fields: Option<BTreeMap<String, Value>>
        ) -> String {
            let message = Inbound::message(from.read()?, &kind, payload);
            let message = id.iter().fold(message, |message, id| message.id(id));
            let fields = fields.unwrap_or_default().into_iter();
            let message = fields.fold(message, |message, (name, value)| message.with(&name, value));
            platform.say(message).await.map_err(|error| io(&error))
        }

        /// Somebody stops (`stop`) or takes back (`resume`) marketing messages in the platform's own settings.
        fn prefers(person: Person, value: String) -> () {
            platform.prefers(person.read()?, &value).await;
            Ok(())
        }

        /// Reports these statuses of an accepted message, in this order and each in a webhook of its own, delivered
        /// before this returns.
        fn statuses(wamid: String, statuses: Vec<Status>) -> () {
            let statuses: Vec<testing::Status> = statuses.into_iter().map(Into::into).collect();
            platform.statuses(&wamid, &statuses).await.map_err(|error| io(&error))
        }

        /// A change of any field, as in `message_template_status_update`, delivered before this returns.
        fn change(field: String, value: Value) -> () {
            platform.change(&field, &value).await;
            Ok(())
        }

        /// A notice about the business account or one of its numbers, as in `account_update` or
        /// `phone_number_quality_update`, which names no sender by its id; delivered before this returns.
        fn notice(field: String, value: Value) -> () {
            platform.notice(&field, &value).await;
            Ok(())
        }

        /// The business account's templates, in the shape in which the platform lists them. While there are any, only
        /// these can be sent; while there are none, any can.
        fn set_templates(templates: Vec<Value>) -> () {
            platform.set_templates(templates);
            Ok(())
        }

        /// Every message it accepted, in order, whatever became of the answer.
        fn accepted() -> Vec<AcceptedMessage> {
            let view = |accepted: testing::Accepted| AcceptedMessage {
                to: accepted.to.or(accepted.recipient).unwrap_or_default(),
                user_id: accepted.user_id,
                wamid: accepted.wamid,
                phone_number_id: accepted.phone_number_id,
                category: accepted.category,
                at: accepted.at,
                body: accepted.body,
            };
            Ok(platform.accepted().into_iter().map(view).collect())
        }

        /// Queues all webhooks from now on: only `drain` delivers, until `release`.
        fn hold() -> () {
            platform.hold();
            Ok(())
        }

        /// Delivers webhooks as they come again.
        fn release() -> () {
            platform.release();
            Ok(())
        }

        /// Delivers everything that is queued, and what is queued meanwhile, repeating what isn't answered 200.
        fn drain() -> Drained {
            let drained = platform.drain().await;
            Ok(Drained {
                delivered: drained.delivered,
                refused: drained.refused,
                waiting: drained.waiting,
            })
        }

        /// Twilio's stand-in beside this one: what it was started with, and where. It takes messages by SMS and WhatsApp
        /// alike, and heeds STOP and START words.
        fn twilio_info() -> TwilioInfo {
            let twilio = platform.twilio().await.map_err(|error| io(&error))?;
            let config = twilio.config();
            Ok(TwilioInfo {
                base_url: twilio.base_url(),
                public_url: config.public_url.clone(),
                auth_token: config.auth_token.clone(),
                key: config.key(),
                sender_id: config.senders.first().cloned().unwrap_or_default(),
            })
        }

        /// Twilio's webhooks go straight to this CRM, to the endpoint of that name.
        fn twilio_deliver_to(endpoint: String | crm) -> () {
            let Some(crm) = crm.as_ref().and_then(Handle::crm).cloned() else {
                return Err(Error::new(Code::InputInvalid, "webhooks can be delivered to a CRM only"));
            };
            let twilio = platform.twilio().await.map_err(|error| io(&error))?;
            twilio.deliver_to(move |request| hand_over(crm.clone(), endpoint.clone(), request));
            Ok(())
        }

        /// From now on these faults befall messages sent by Twilio, in place of any before; codes are Twilio's.
        fn twilio_script(faults: Vec<FaultRule>, seed: Option<u64>) -> () {
            let twilio = platform.twilio().await.map_err(|error| io(&error))?;
            twilio.script(script(faults, seed)?);
            Ok(())
        }

        /// Somebody writes by SMS, from a number, or by WhatsApp, from a number after `whatsapp:`; the message's id. `fields`
        /// are further parameters of the webhook, which is delivered before this returns.
        fn twilio_say(from: String, text: String, fields: Option<BTreeMap<String, Value>>) -> String {
            let twilio = platform.twilio().await.map_err(|error| io(&error))?;
            let fields = fields.unwrap_or_default();
            let more: Vec<(&str, &str)> = fields
                .iter()
                .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
                .collect();
            Ok(twilio.say(&from, &text, &more).await)
        }

        /// Reports a status of a message that Twilio accepted, as in `delivered`, and of one that failed the code; delivered
        /// before this returns.
        fn twilio_status(sid: String, status: String, code: Option<i64>) -> () {
            let twilio = platform.twilio().await.map_err(|error| io(&error))?;
            twilio.statuses(&sid, &[(&status, code)]).await.map_err(|error| io(&error))
        }

        /// Every message that Twilio accepted, in order, whatever became of the answer.
        fn twilio_accepted() -> Vec<TwilioMessage> {
            let twilio = platform.twilio().await.map_err(|error| io(&error))?;
            let view = |accepted: testing::twilio::TwilioAccepted| TwilioMessage {
                sid: accepted.sid,
                from: accepted.from,
                to: accepted.to,
                parameters: json!(accepted.parameters),
                at: accepted.at,
            };
            Ok(twilio.accepted().into_iter().map(view).collect())
        }

        /// Signs and posts these bytes as they are, once; the HTTP status of the answer.
        fn post(body: Bytes) -> Option<u16> {
            Ok(platform.post(body.0).await)
        }
    }
}

area! {
    /// A clock that stands still until it is set.
    clock(clock: ManualClock) {
        /// The time shown.
        fn now() -> DateTime<Utc> {
            Ok(clock.now())
        }

        /// Shows this time from here on; earlier than before is allowed, as with a wall clock that was corrected.
        fn set(now: DateTime<Utc>) -> () {
            clock.set(now);
            Ok(())
        }

        /// Moves the time forward.
        fn advance(seconds: f64) -> () {
            let by = Duration::try_from_secs_f64(seconds).map_err(|_| {
                Error::new(Code::InputInvalid, format!("{seconds} seconds is no way forward"))
            })?;
            clock.advance(by);
            Ok(())
        }
    }
}
