//! A platform that takes every message, people to send to, a broadcast to all of them, and a sequence.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tertulia::clock::{Clock, SystemClock};
use tertulia::core::channel::Channel;
use tertulia::core::ids::AccountId;
use tertulia::core::inbound::InboundEvent;
use tertulia::sequence::{Definition, Delay, MessageStep, Step, StepKind, Trigger};
use tertulia::transport::{Accepted, Correlation, Outcome as Sent, Outgoing, SenderRef};
use tertulia::{
    Error, ImportOptions, Language, NewBroadcast, NewSequence, Org, Selection, Template, TemplateParameters,
    Transport, Watch, WebhookRequest,
};
use tokio::sync::Notify;

use crate::measure::Outcome;

/// Takes every message after the same time.
#[derive(Debug, Default)]
pub(crate) struct Nowhere {
    taken: AtomicU64,
    takes: Duration,
    heard: Option<Arc<Heard>>,
}

impl Nowhere {
    /// Gives its messages ids that no other process's has.
    pub(crate) fn of_this_process() -> Self {
        Self {
            taken: AtomicU64::new(u64::from(std::process::id()) << 32),
            ..Self::default()
        }
    }

    /// Takes every message after this time, and says when it gets the first of a sender.
    pub(crate) fn listening(takes: Duration, heard: Arc<Heard>) -> Self {
        Self {
            takes,
            heard: Some(heard),
            ..Self::default()
        }
    }
}

/// When a sender's first message came since somebody began to listen.
#[derive(Debug)]
pub(crate) struct Heard {
    sender: String,
    first: Mutex<Option<Instant>>,
    came: Notify,
}

impl Heard {
    pub(crate) fn of(sender: &str) -> Arc<Self> {
        Arc::new(Self {
            sender: sender.to_owned(),
            first: Mutex::default(),
            came: Notify::new(),
        })
    }

    fn say(&self, sender: &str) {
        if sender == self.sender {
            self.first
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get_or_insert_with(Instant::now);
            self.came.notify_one();
        }
    }

    /// Forgets what came.
    pub(crate) fn listen(&self) {
        *self.first.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// When the first one came.
    pub(crate) async fn first(&self) -> Instant {
        loop {
            let first = *self.first.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(first) = first {
                return first;
            }
            self.came.notified().await;
        }
    }
}

#[async_trait]
impl Transport for Nowhere {
    fn channels(&self) -> &[Channel] {
        &[Channel::WhatsApp]
    }

    fn correlation(&self) -> Correlation {
        Correlation::EchoedField
    }

    async fn verify(&self, _: &str) -> Result<String, Error> {
        Ok(String::new())
    }

    async fn parse(&self, _: &WebhookRequest) -> Result<Vec<InboundEvent>, Error> {
        Ok(Vec::new())
    }

    async fn send(&self, sender: &SenderRef, _: Outgoing) -> Sent {
        if let Some(heard) = &self.heard {
            heard.say(&sender.sender_id);
        }
        if !self.takes.is_zero() {
            tokio::time::sleep(self.takes).await;
        }
        Sent::Accepted(Accepted {
            provider_id: format!("wamid.{}", self.taken.fetch_add(1, Ordering::Relaxed)),
            addresses: Vec::new(),
            held: false,
        })
    }

    async fn mark_read(&self, _: &SenderRef, _: &str) -> Result<(), Error> {
        Ok(())
    }

    async fn list_templates(&self, _: &SenderRef) -> Result<Vec<Template>, Error> {
        Ok(Vec::new())
    }
}

/// Gives an organisation so many people who opted in, and a template for them.
pub(crate) async fn people(org: &Org, count: usize) -> Outcome<()> {
    let mut csv = "phone,name,tags,optedIn\n".to_owned();
    for number in 0..count {
        writeln!(csv, "+9198{:08},Person {number},vip,true", 20_000_000 + number)?;
    }
    let report = org
        .imports()
        .run(csv.as_bytes(), &ImportOptions::default(), Watch::default())
        .await?;
    if report.counts.created != count as u64 {
        return Err(format!("the import gave {:?}", report.counts).into());
    }
    template(org).await
}

/// Gives an organisation a template: not marketing, of which everybody gets one a day.
pub(crate) async fn template(org: &Org) -> Outcome<()> {
    let template = json!({
        "name": "order_ready", "language": "en_US", "category": "UTILITY", "status": "APPROVED",
        "components": [{"type": "BODY", "text": "Hi {{1}}, your order is ready."}],
    });
    org.templates().put(serde_json::from_value(template)?).await?;
    Ok(())
}

/// A broadcast to some of them.
pub(crate) fn broadcast(account: AccountId, target: Selection) -> Outcome<NewBroadcast> {
    Ok(NewBroadcast {
        name: "Ready".to_owned(),
        account,
        template: "order_ready".to_owned(),
        language: Language::parse("en_US")?,
        parameters: TemplateParameters::body(["{{contact.firstName|there}}"])?,
        target,
    })
}

/// A sequence of a message after so many hours. It enrolls in bulk, too.
pub(crate) fn drip(account: AccountId, trigger: Trigger, hours: i64) -> Outcome<NewSequence> {
    let message = MessageStep {
        template: "order_ready".to_owned(),
        language: Language::parse("en_US")?,
        parameters: TemplateParameters::body(["{{contact.firstName|there}}"])?,
    };
    let step = |name: &str, does| Step {
        name: name.to_owned(),
        does,
        next: None,
    };
    Ok(NewSequence {
        name: "Drip".to_owned(),
        definition: Definition {
            account,
            trigger,
            from_bulk: true,
            again: false,
            goals: Vec::new(),
            steps: vec![
                step("wait", StepKind::Delay(Delay::hours(hours))),
                step("ready", StepKind::Message(message)),
            ],
        },
    })
}

/// The machine's clock, so many seconds ahead.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ahead(Arc<AtomicI64>);

impl Ahead {
    /// Puts it forward.
    pub(crate) fn advance(&self, hours: i64) {
        self.0.fetch_add(hours * 3_600, Ordering::Relaxed);
    }

    fn by(&self) -> TimeDelta {
        TimeDelta::seconds(self.0.load(Ordering::Relaxed))
    }
}

#[async_trait]
impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + self.by()
    }

    async fn sleep_until(&self, deadline: DateTime<Utc>) {
        SystemClock.sleep_until(deadline - self.by()).await;
    }
}
