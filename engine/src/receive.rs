//! Webhooks in: bytes and headers to committed events.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::account::{Account, Route};
use tertulia_core::channel::Channel;
use tertulia_core::context::OrgContext;
use tertulia_core::decide::organisation::business_route_id;
use tertulia_core::decide::receive::{Applied, receive};
use tertulia_core::error::{Code, Error};
use tertulia_core::ids::{IdSource, OrgId};
use tertulia_core::inbound::InboundEvent;
use tertulia_core::journal::Actor;
use tertulia_core::record::{ChangeSet, Key, Op, Quarantined};
use tertulia_transport_traits::{WebhookAnswer, WebhookRequest};

use crate::crm::{Crm, Inner};
use crate::error::from_storage;
use crate::runtime::to_the_end;

/// How many events of one body are committed together.
const EVENTS_PER_COMMIT: usize = 200;

/// What became of a webhook. It is durable when this is returned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Received {
    /// Events that changed something or were recorded.
    pub applied: u64,
    /// Events that were known already.
    pub duplicate: u64,
    /// Events that could not be applied, kept as they came.
    pub quarantined: u64,
    /// The body to answer with, status 200: the challenge of a verification request, else what the platform wants to
    /// hear, mostly nothing.
    pub body: String,
    /// The header `content-type` to answer with.
    pub content_type: String,
}

/// A sender, with its organisation made ready.
type Connected = (Account, Arc<OrgContext>);

/// The events of an organisation.
type ToOrg = (Arc<OrgContext>, Vec<Routed>);

/// An event with the sender it found.
#[derive(Debug, Clone)]
struct Routed {
    event: InboundEvent,
    account: Option<Account>,
}

impl Crm {
    /// Takes in one request of a platform, and returns when its events are durable: then answer 200 with
    /// [`Received::body`] and [`Received::content_type`]. On an error answer [`http_status`]; the platform sends the webhook again later.
    ///
    /// `endpoint` is the name that a transport was given to the builder under. One body may be about several senders
    /// and organisations. What the transport cannot read inside a signed body, or what cannot be applied, is kept.
    pub async fn receive(&self, endpoint: &str, request: WebhookRequest) -> Result<Received, Error> {
        let Some(transport) = self.inner.transports.get(endpoint) else {
            let known: Vec<&str> = self.inner.transports.keys().map(String::as_str).collect();
            let message = format!("there is no endpoint {endpoint:?}; there is {}", known.join(", "));
            return Err(Error::new(Code::WebhookEndpointUnknown, message));
        };
        if request.method.eq_ignore_ascii_case("GET") {
            return Ok(Received {
                body: transport.verify(request.query()).await?,
                content_type: WebhookAnswer::default().content_type.to_owned(),
                ..Received::default()
            });
        }
        let events = transport.parse(&request).await?;
        let answer = transport.answer();
        let received = Received {
            body: answer.body.to_owned(),
            content_type: answer.content_type.to_owned(),
            ..Received::default()
        };
        let (inner, endpoint) = (Arc::clone(&self.inner), endpoint.to_owned());
        to_the_end(async move { inner.apply(&endpoint, events, received).await }).await
    }
}

/// The HTTP status to answer a platform with when [`Crm::receive`] failed: it sends the webhook again unless that is
/// its own fault.
pub const fn http_status(error: &Error) -> u16 {
    match error.code() {
        Code::WebhookSignatureMissing | Code::WebhookSignatureMalformed | Code::WebhookSignatureWrong => 401,
        Code::WebhookVerificationFailed => 403,
        Code::WebhookMalformed => 400,
        Code::WebhookEndpointUnknown => 404,
        _ => 503,
    }
}

impl Inner {
    async fn apply(
        &self,
        endpoint: &str,
        events: Vec<InboundEvent>,
        mut received: Received,
    ) -> Result<Received, Error> {
        let (routed, lost) = self.route(endpoint, events).await?;
        received.quarantined += self.keep_lost(lost).await?;
        for (org, events) in routed.into_values() {
            for chunk in events.chunks(EVENTS_PER_COMMIT) {
                self.apply_to(&org, chunk, &mut received).await?;
            }
        }
        Ok(received)
    }

    async fn apply_to(
        &self,
        org: &OrgContext,
        events: &[Routed],
        received: &mut Received,
    ) -> Result<(), Error> {
        let contacts_now = self.counted_for_limit(org).await?;
        let decided = self
            .runtime
            .decide_all(
                org.id,
                &Actor::Provider,
                events,
                |set, ctx, routed| receive(set, ctx, routed.account.as_ref(), &routed.event, contacts_now),
                |set, ctx, routed, error| {
                    set.put(Quarantined {
                        id: ctx.ids.next(),
                        org: Some(org.id),
                        received_at: ctx.now,
                        reason: error.to_string(),
                        raw: serde_json::to_value(&routed.event).unwrap_or_default(),
                    });
                },
            )
            .await?;
        for result in decided {
            match result {
                Ok(Applied::Applied) => received.applied += 1,
                Ok(Applied::Duplicate) => received.duplicate += 1,
                Err(error) => {
                    tracing::warn!(code = error.code().as_str(), "an inbound event was quarantined");
                    received.quarantined += 1;
                }
            }
        }
        Ok(())
    }

    /// Finds each event's organisation and sender by the platform's ids; those that find none are given back. Whoever can
    /// sign for one endpoint says nothing about the senders of another.
    async fn route(
        &self,
        endpoint: &str,
        events: Vec<InboundEvent>,
    ) -> Result<(BTreeMap<OrgId, ToOrg>, Vec<InboundEvent>), Error> {
        let mut routes: HashMap<(Channel, String), Option<Connected>> = HashMap::new();
        let mut by_org: BTreeMap<OrgId, ToOrg> = BTreeMap::new();
        let mut lost = Vec::new();
        for event in events {
            let source = &event.source;
            let of_sender = source.sender_id.is_some();
            // A sender that is not ours is not reached through its business account: its messages are somebody else's.
            let names: Vec<String> = if of_sender {
                source.sender_id.iter().chain(&source.pool_id).cloned().collect()
            } else {
                source
                    .business_id
                    .as_deref()
                    .map(business_route_id)
                    .into_iter()
                    .collect()
            };
            let mut found = None;
            for name in names {
                let key = (source.channel, name);
                if !routes.contains_key(&key) {
                    let connected = self.connected(&key).await?;
                    routes.insert(key.clone(), connected);
                }
                found = found.or_else(|| routes.get(&key).cloned().flatten());
            }
            let by_this = |account: &Account| account.endpoint.as_deref().is_none_or(|by| by == endpoint);
            match found.filter(|(account, _)| by_this(account)) {
                Some((account, org)) => {
                    let (_, events) = by_org.entry(org.id).or_insert_with(|| (org, Vec::new()));
                    events.push(Routed {
                        event,
                        account: of_sender.then_some(account),
                    });
                }
                None => lost.push(event),
            }
        }
        Ok((by_org, lost))
    }

    /// The sender that a name of the platform's leads to, and its organisation. They are asked for along with where it leads,
    /// by where it led the last time.
    async fn connected(&self, name: &(Channel, String)) -> Result<Option<Connected>, Error> {
        let (channel, sender_id) = name.clone();
        let key = Key::Route { channel, sender_id };
        let mut led = self.routes().get(name).cloned();
        loop {
            let at_its_end = led
                .iter()
                .flat_map(|&Route { org, account, .. }| [Key::Account { org, account }, Key::Org { org }]);
            let keys = [key.clone()].into_iter().chain(at_its_end).collect();
            let found = self.runtime.storage.load(keys).await.map_err(from_storage)?;
            let mut found = found.into_iter();
            let leads = found.next().flatten().map(|stored| stored.record);
            let Some(leads) = leads.and_then(|record| Route::try_from(record).ok()) else {
                self.routes().remove(name);
                return Ok(None);
            };
            if led.as_ref() != Some(&leads) {
                self.routes().insert(name.clone(), leads.clone());
                led = Some(leads);
                continue;
            }
            let account = found.next().flatten().map(|stored| stored.record);
            // Of a copy that is not finished there is none: refused, so that the platform sends it again.
            let org = self.runtime.ready_org(leads.org, found.next().flatten()).await?;
            let account = account.and_then(|record| Account::try_from(record).ok());
            return Ok(account.map(|account| (account, org)));
        }
    }

    fn routes(&self) -> MutexGuard<'_, HashMap<(Channel, String), Route>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps events of senders that nobody connected.
    async fn keep_lost(&self, lost: Vec<InboundEvent>) -> Result<u64, Error> {
        if lost.is_empty() {
            return Ok(0);
        }
        let now = self.runtime.clock.now();
        let mut ids = IdSource::new(now, self.runtime.random());
        let count = lost.len() as u64;
        let ops = lost
            .into_iter()
            .map(|event| {
                let record = Quarantined {
                    id: ids.next(),
                    org: None,
                    received_at: now,
                    reason: "no organisation has connected this sender".to_owned(),
                    raw: serde_json::to_value(&event).unwrap_or_default(),
                };
                Op::Insert(record.into())
            })
            .collect();
        tracing::warn!(
            count,
            "inbound events of a sender that nobody connected were quarantined"
        );
        self.runtime
            .storage
            .commit(ChangeSet {
                expect: Vec::new(),
                ops,
            })
            .await
            .map_err(from_storage)?;
        Ok(count)
    }

    /// How many contacts the plan's limit counts, if there is a limit.
    pub(crate) async fn contacts_for_limit(&self, org: OrgId) -> Result<u64, Error> {
        // Of an organisation as it was seen before, a plan that has a limit since would count nobody.
        let org = self.runtime.fresh_org(org).await?;
        self.counted_for_limit(&org).await
    }

    async fn counted_for_limit(&self, org: &OrgContext) -> Result<u64, Error> {
        match org.settings.plan.limit() {
            Some(_) => self.count_contacts(org.id).await,
            None => Ok(0),
        }
    }

    /// How many contacts count for the plan: all but deleted ones.
    pub(crate) async fn count_contacts(&self, org: OrgId) -> Result<u64, Error> {
        use tertulia_core::filter::Filter;
        use tertulia_storage_traits::Query;
        let filter = Filter::Everyone.without_deleted();
        self.runtime
            .storage
            .count(Query::Contacts {
                org,
                filter,
                order: None,
            })
            .await
            .map_err(from_storage)
    }
}
