//! Two processes are told the same by the platform at once, each in another order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tertulia::core::canonical::canonical;
use tertulia::core::error::Retry;
use tertulia::core::ids::OrgId;
use tertulia::core::inbound::InboundEvent;
use tertulia::core::journal::EntryKind;
use tertulia::core::ledger::{Accepted, Outcome};
use tertulia::core::record::RecordKind;
use tertulia::storage::{PageRequest, Query, Storage};
use tertulia::testing::{PlatformConfig, sign};
use tertulia::transport::{Correlation, Outgoing, SenderRef};
use tertulia::{
    Channel, Crm, Error, Filter, Language, MemoryStorage, NewAccount, NewBroadcast, NewContact, Pattern,
    Selection, Settings, Template, TemplateParameters, Transport, WebhookRequest, WhatsApp,
};

use crate::place::{CREDENTIAL, FastClock, Place, crm, whatsapp};
use crate::process::{Part, Process};
use crate::shops::approved;

/// How many people got the broadcast, and how many write without having got it.
const KNOWN: u64 = 40;
const STRANGERS: u64 = 20;

/// How many events that makes: three statuses and three messages each.
const EVENTS: u64 = 3 * KNOWN + 3 * (KNOWN + STRANGERS);

/// How many requests a process has before it at a time.
const AT_A_TIME: usize = 4;

/// WhatsApp's webhooks, and sends that are always taken: the message to somebody has an id that says to whom it is.
#[derive(Debug)]
struct Taking(WhatsApp);

#[async_trait]
impl Transport for Taking {
    fn channels(&self) -> &[Channel] {
        self.0.channels()
    }

    fn correlation(&self) -> Correlation {
        self.0.correlation()
    }

    async fn verify(&self, query: &str) -> Result<String, Error> {
        self.0.verify(query)
    }

    async fn parse(&self, request: &WebhookRequest) -> Result<Vec<InboundEvent>, Error> {
        self.0.parse(request)
    }

    async fn send(&self, _: &SenderRef, message: Outgoing) -> Outcome {
        Outcome::Accepted(Accepted {
            provider_id: format!("wamid.to{}", message.to.value),
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

/// The part of one of the two.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Receiver {
    place: Place,
    /// The bodies of all that it is told.
    file: PathBuf,
    /// In which order.
    seed: u64,
}

impl Receiver {
    /// Takes all of it in, in a process of its own; how many events it was the first to apply.
    pub(crate) async fn receive(self) -> Value {
        let crm = self.place.open().await;
        let mut bodies: Vec<Value> = serde_json::from_slice(&std::fs::read(&self.file).unwrap()).unwrap();
        fastrand::Rng::with_seed(self.seed).shuffle(&mut bodies);
        let applied = futures_util::stream::iter(bodies)
            .map(|body| deliver(crm.clone(), body))
            .buffer_unordered(AT_A_TIME)
            .fold(0, async |sum, applied| sum + applied)
            .await;
        crm.close().await.unwrap();
        json!(applied)
    }
}

/// The platform posts a body until it is answered 200; how many of its events were applied.
async fn deliver(crm: Crm, body: Value) -> u64 {
    let body = body.to_string().into_bytes();
    loop {
        let signature = sign(&PlatformConfig::default().app_secret, &body);
        let request = WebhookRequest {
            method: "POST".to_owned(),
            url: "https://shops.example/webhooks/whatsapp".to_owned(),
            headers: vec![("X-Hub-Signature-256".to_owned(), signature)],
            body: body.clone(),
        };
        match crm.receive("whatsapp", request).await {
            Ok(received) => {
                assert_eq!(received.quarantined, 0);
                return received.applied;
            }
            Err(error) => assert_ne!(error.retry(), Retry::Never, "{error}"),
        }
    }
}

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_366_400, 0).unwrap()
}

fn phone(person: u64) -> String {
    format!("1202{}", 2_000_000 + person)
}

/// An organisation that has sent a broadcast, and a rule that looks at what comes back.
async fn prepared(storage: Arc<dyn Storage>) -> OrgId {
    let config = PlatformConfig::default();
    let crm = crm(storage, Taking(whatsapp(None)), FastClock::standing(noon()));
    let org = crm.create_org(Settings::default()).await.unwrap();
    let account = NewAccount {
        channel: Channel::WhatsApp,
        sender_id: config.numbers[0].id.clone(),
        business_id: Some(config.waba_id),
        endpoint: None,
        name: "Shop".to_owned(),
        credential: CREDENTIAL.to_owned(),
        messages_per_second: Some(0),
    };
    let account = org.accounts().connect(account).await.unwrap();
    org.templates().put(approved("first")).await.unwrap();
    let pattern: Pattern = serde_json::from_value(json!({"kind": "contains", "text": "order"})).unwrap();
    org.rules().add(pattern, &["buyer"]).await.unwrap();
    for person in 0..KNOWN {
        let new = NewContact {
            phone: Some(format!("+{}", phone(person))),
            opted_in: Some(true),
            ..NewContact::default()
        };
        org.contacts().create(new).await.unwrap();
    }
    let new = NewBroadcast {
        name: "first".to_owned(),
        account,
        template: "first".to_owned(),
        language: Language::parse("en_US").unwrap(),
        parameters: TemplateParameters::default(),
        target: Selection::Filter(Filter::Everyone),
    };
    let broadcast = org.broadcasts().create(new).await.unwrap();
    org.broadcasts().launch(broadcast).await.unwrap();
    assert_eq!(crm.run_due().await.unwrap().accepted, KNOWN);
    org.id()
}

/// What the platform has to say afterwards: how far each message got, and what people wrote.
fn told() -> Vec<Value> {
    let time = |second: u64| (noon().timestamp() + i64::try_from(second).unwrap()).to_string();
    let mut bodies = Vec::new();
    for person in 0..KNOWN {
        let status = |(n, word): (u64, &str)| {
            json!({
                "id": format!("wamid.to+{}", phone(person)),
                "timestamp": time(n),
                "recipient_id": phone(person),
                "status": word,
            })
        };
        let statuses: Vec<Value> = (1..).zip(["sent", "delivered", "read"]).map(status).collect();
        bodies.extend(statuses.iter().map(|status| body(json!({"statuses": [status]}))));
        bodies.push(body(json!({"statuses": statuses})));
    }
    for person in 0..KNOWN + STRANGERS {
        let contact = json!({"wa_id": phone(person), "profile": {"name": format!("Person {person}")}});
        let says = |(n, words): (u64, &str)| {
            json!({
                "id": format!("wamid.from{}.{n}", phone(person)),
                "from": phone(person),
                "timestamp": time(10 + n),
                "type": "text",
                "text": {"body": words},
            })
        };
        let words = match person % 3 {
            0 => ["hello", "I want to order", "another order"],
            1 => ["order", "STOP", "please"],
            _ => ["one", "two", "three"],
        };
        let messages: Vec<Value> = (0..).zip(words).map(says).collect();
        for message in &messages {
            bodies.push(body(json!({"contacts": [contact], "messages": [message]})));
        }
        bodies.push(body(json!({"contacts": [contact], "messages": messages})));
    }
    bodies
}

fn body(mut value: Value) -> Value {
    let config = PlatformConfig::default();
    value["messaging_product"] = json!("whatsapp");
    value["metadata"] = json!({
        "display_phone_number": config.numbers[0].display_phone_number,
        "phone_number_id": config.numbers[0].id,
    });
    let change = json!({"field": "messages", "value": value});
    json!({"object": "whatsapp_business_account", "entry": [{"id": config.waba_id, "changes": [change]}]})
}

/// Everything that an organisation has, in one form.
async fn state(storage: &dyn Storage, org: OrgId) -> Value {
    let mut records = Vec::new();
    for kind in RecordKind::ALL {
        // Seals are about when it was due to seal.
        if matches!(kind, RecordKind::Seal) {
            continue;
        }
        let query = Query::Records {
            org: Some(org),
            kind: *kind,
        };
        let mut request = PageRequest::first(query, 500);
        loop {
            let page = storage.page(request.clone()).await.unwrap();
            records.extend(page.records.into_iter().map(|stored| stored.record));
            match page.next {
                Some(next) => request.cursor = Some(next),
                None => break,
            }
        }
    }
    canonical(records)
}

/// How often what was journaled that does not depend on the order. Nothing is there twice.
async fn journaled(crm: &Crm, org: OrgId) -> BTreeMap<EntryKind, usize> {
    let (mut kinds, mut known, mut after) = (BTreeMap::new(), BTreeSet::new(), 0);
    loop {
        let events = crm.org(org).events().read(after, 1_000).await.unwrap();
        for event in &events {
            let (entry, kind) = (&event.entry, event.entry.what.kind());
            let told = json!([entry.contact, entry.at, entry.what]).to_string();
            assert!(!known.contains(&told), "it is journaled twice: {told}");
            known.insert(told);
            if matches!(
                kind,
                EntryKind::ContactCreated
                    | EntryKind::ConversationOpened
                    | EntryKind::MessageReceived
                    | EntryKind::TagAdded
            ) {
                *kinds.entry(kind).or_default() += 1;
            }
        }
        match events.last() {
            Some(last) => after = last.position,
            None => return kinds,
        }
    }
}

/// The state is as if one process had been told it once, in order: no message, count or tag is there twice, and none is
/// missing.
pub(crate) async fn prove(mut place: Place) {
    place.clock = FastClock::standing(noon()).later(TimeDelta::minutes(1));
    let storage = place.storage().await;
    let org = prepared(Arc::clone(&storage)).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bodies.json");
    let bodies = told();
    std::fs::write(&file, json!(bodies).to_string()).unwrap();
    let receiver = |seed| Receiver {
        place: place.clone(),
        file: file.clone(),
        seed,
    };
    let two = [1, 2].map(|seed| Process::begin(&Part::Receive(receiver(seed))));
    let mut firsts = Vec::new();
    for process in two {
        firsts.push(process.answer::<u64>().await);
    }
    println!("they were the first with {firsts:?} events");
    assert!(!firsts.contains(&0), "they did not take it in at the same time");
    assert_eq!(firsts.iter().sum::<u64>(), EVENTS);

    let once: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let alone = prepared(Arc::clone(&once)).await;
    let reference = crm(Arc::clone(&once), whatsapp(None), place.clock);
    for body in bodies {
        deliver(reference.clone(), body).await;
    }
    let (told_once, told_both) = (
        state(once.as_ref(), alone).await,
        state(storage.as_ref(), org).await,
    );
    for (kind, records) in told_once.as_object().unwrap() {
        assert_eq!(&told_both[kind], records, "{kind}");
    }
    assert_eq!(told_both, told_once);
    let crm = place.open().await;
    assert_eq!(journaled(&crm, org).await, journaled(&reference, alone).await);
    assert_eq!(
        crm.org(org).tags().list().await.unwrap(),
        reference.org(alone).tags().list().await.unwrap()
    );
}
