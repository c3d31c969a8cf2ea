//! What went on in conversations: messages, openings and resolutions, and how long people waited. A fold over the journal.
//!
//! An episode goes from the opening of a conversation, for the first time or again, to its resolution. Its first response
//! is the first message of a person, a bot or the host after the contact's first one; a broadcast, a sequence, a survey
//! and the answer to a STOP are none. Everything counts when it happened: a response, for one, on the day that it was given.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AnalyticsGroup, AnalyticsKey};
use crate::channel::Channel;
use crate::ids::{AgentId, ContactId, ConversationId};
use crate::journal::{Actor, Entry, EntryKind, What};
use crate::ledger::Campaign;
use crate::message::ContentKind;

/// The events that the figures are made of.
pub const KINDS: [EntryKind; 9] = [
    EntryKind::ConversationOpened,
    EntryKind::ConversationReopened,
    EntryKind::ConversationResolved,
    EntryKind::ConversationDeleted,
    EntryKind::ConversationAssigned,
    EntryKind::ConversationHandled,
    EntryKind::MessageReceived,
    EntryKind::MessageSent,
    EntryKind::Survey,
];

/// Of those, the events that episodes begin and end with.
pub const BOUNDS: [EntryKind; 4] = [
    EntryKind::ConversationOpened,
    EntryKind::ConversationReopened,
    EntryKind::ConversationResolved,
    EntryKind::ConversationDeleted,
];

/// Of those, the events that say who has a conversation.
pub const GIVEN: [EntryKind; 2] = [EntryKind::ConversationAssigned, EntryKind::ConversationHandled];

/// What went on in conversations in a period, or in a part of what happened in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InboxFigures {
    /// Which part: for messages and responses who wrote them, for resolutions who closed the conversation, for all else
    /// who had it then.
    pub key: AnalyticsKey,
    /// Messages of contacts.
    pub received: u64,
    /// Messages that people of the business wrote, here or in its phone app.
    pub sent_by_people: u64,
    /// Messages of bots and AI: what the host sent while one of them had the conversation.
    pub sent_by_bots: u64,
    /// Messages of the host's program.
    pub sent_by_host: u64,
    /// Messages of broadcasts.
    pub sent_by_broadcasts: u64,
    /// Messages of sequences.
    pub sent_by_sequences: u64,
    /// Answers to a STOP, and surveys.
    pub sent_automatically: u64,
    /// Conversations that were opened for the first time.
    pub opened: u64,
    /// Conversations that were opened again.
    pub reopened: u64,
    /// Conversations that were closed.
    pub resolved: u64,
    /// Contacts who wrote first in this part, and who had no response at the end of the period: the only figure that
    /// depends on where the period ends.
    pub waiting: u64,
    /// How long contacts waited for the first response, of the responses given.
    pub first_response: Durations,
    /// How long conversations had been open, of those closed.
    pub resolution: Durations,
}

/// How long something took, in whole seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Durations {
    /// How often it was measured.
    pub count: u64,
    /// The mean; absent where nothing was measured.
    pub mean_seconds: Option<u64>,
    /// What half of them took at most.
    pub median_seconds: Option<u64>,
    /// What nine of ten took at most.
    pub p90_seconds: Option<u64>,
}

/// Times in whole seconds, each with how often it was measured.
#[derive(Debug, Default)]
struct Measured(BTreeMap<u64, u64>);

impl Measured {
    fn add(&mut self, from: DateTime<Utc>, to: DateTime<Utc>) {
        // A platform whose clock is ahead says that it was written after the answer.
        let seconds = u64::try_from((to - from).num_seconds()).unwrap_or_default();
        *self.0.entry(seconds).or_default() += 1;
    }

    /// The lowest time that this many of a hundred took at most.
    fn percentile(&self, of_a_hundred: u64) -> Option<u64> {
        let count: u64 = self.0.values().sum();
        let wanted = (count * of_a_hundred).div_ceil(100);
        let mut seen = 0;
        self.0.iter().find_map(|(seconds, times)| {
            seen += times;
            (seen >= wanted).then_some(*seconds)
        })
    }

    fn durations(&self) -> Durations {
        let count: u64 = self.0.values().sum();
        let sum: u128 = self
            .0
            .iter()
            .map(|(seconds, times)| u128::from(*seconds) * u128::from(*times))
            .sum();
        let mean = (sum + u128::from(count) / 2).checked_div(count.into());
        Durations {
            count,
            mean_seconds: mean.and_then(|mean| u64::try_from(mean).ok()),
            median_seconds: self.percentile(50),
            p90_seconds: self.percentile(90),
        }
    }
}

/// A member of the team, a bot or AI, or nobody.
#[derive(Debug, Clone, Default)]
struct Who {
    agent: Option<AgentId>,
    handler: Option<String>,
}

/// Counts what went on in conversations in a period.
///
/// It takes the entries of each contact in the order in which they happened; those of different contacts may come in any
/// order between each other. Where it asks, it is to be told first what was before the period: from the last of [`BOUNDS`]
/// on, and of what was before that the last event of each of [`GIVEN`].
#[derive(Debug)]
pub struct InboxCount {
    parts: Parts,
    contacts: HashMap<ContactId, Thread>,
}

/// The parts that figures are split into.
#[derive(Debug)]
struct Parts {
    since: i64,
    until: i64,
    by: AnalyticsGroup,
    zone: Tz,
    sums: BTreeMap<AnalyticsKey, Sums>,
}

#[derive(Debug, Default)]
struct Sums {
    figures: InboxFigures,
    first_response: Measured,
    resolution: Measured,
}

/// Where a contact's conversation stands.
#[derive(Debug, Default)]
struct Thread {
    /// Since when each of the contact's conversations that are open is so.
    open: BTreeMap<ConversationId, DateTime<Utc>>,
    /// Openings whose first message did not come yet, which says the channel; whether they were reopenings.
    opened: Vec<(DateTime<Utc>, bool)>,
    /// The message that waits for the first response, and its channel.
    waits: Option<(DateTime<Utc>, Channel)>,
    /// The first response was given.
    answered: bool,
    /// The channel of the last message.
    channel: Option<Channel>,
    assignee: Option<AgentId>,
    handler: Option<String>,
}

impl InboxCount {
    /// Nothing counted yet, of a period from a time on and before another, split so, in the organisation's zone.
    pub fn new(since: DateTime<Utc>, until: DateTime<Utc>, by: AnalyticsGroup, zone: Tz) -> Self {
        let mut sums = BTreeMap::new();
        if by == AnalyticsGroup::Total {
            sums.insert(AnalyticsKey::default(), Sums::default());
        }
        Self {
            parts: Parts {
                since: since.timestamp_micros(),
                until: until.timestamp_micros(),
                by,
                zone,
                sums,
            },
            contacts: HashMap::new(),
        }
    }

    /// Whether what was before the period is to be told of a contact before this entry: of one who is not known yet, and
    /// whose conversation does not begin with it.
    pub fn asks_before(&self, contact: ContactId, entry: &Entry) -> bool {
        !self.contacts.contains_key(&contact) && entry.what.kind() != EntryKind::ConversationOpened
    }

    /// Takes in what happened with a contact: what is before the period is remembered, and not counted; what is behind it
    /// is neither.
    pub fn take(&mut self, contact: ContactId, entry: &Entry) {
        if entry.at.timestamp_micros() >= self.parts.until {
            return;
        }
        let thread = self.contacts.entry(contact).or_default();
        thread.take(&mut self.parts, entry);
    }

    /// The figures by their parts; parts in which nothing happened are left out.
    pub fn figures(mut self) -> Vec<InboxFigures> {
        for mut thread in self.contacts.into_values() {
            thread.place(&mut self.parts);
            if let Some((at, channel)) = thread.waits
                && let Some(part) = self.parts.of(at, thread.holder(), Some(channel))
            {
                part.figures.waiting += 1;
            }
        }
        let parts = self.parts.sums.into_iter();
        parts
            .map(|(key, sums)| InboxFigures {
                key,
                first_response: sums.first_response.durations(),
                resolution: sums.resolution.durations(),
                ..sums.figures
            })
            .collect()
    }
}

impl Parts {
    /// The part that something belongs to; nothing if it was not in the period.
    fn of(&mut self, at: DateTime<Utc>, who: Who, channel: Option<Channel>) -> Option<&mut Sums> {
        if !(self.since..self.until).contains(&at.timestamp_micros()) {
            return None;
        }
        let mut key = AnalyticsKey::default();
        match self.by {
            AnalyticsGroup::Total => {}
            AnalyticsGroup::Agent => (key.agent, key.handler) = (who.agent, who.handler),
            AnalyticsGroup::Channel => key.channel = channel,
            AnalyticsGroup::Day | AnalyticsGroup::Week | AnalyticsGroup::Month => {
                key.period = self.by.period(at, self.zone);
            }
        }
        Some(self.sums.entry(key).or_default())
    }
}

impl Thread {
    /// Who has the conversation.
    fn holder(&self) -> Who {
        Who {
            agent: self.assignee.filter(|_| self.handler.is_none()),
            handler: self.handler.clone(),
        }
    }

    /// Who did something; nobody, where the host did it and no bot has the conversation.
    fn actor(&self, actor: &Actor) -> Who {
        match actor {
            Actor::Agent(agent) => Who {
                agent: Some(*agent),
                handler: None,
            },
            Actor::Handler(name) => Who {
                agent: None,
                handler: Some(name.clone()),
            },
            Actor::System(_) => Who {
                agent: None,
                handler: self.handler.clone(),
            },
            Actor::Contact | Actor::Provider | Actor::Worker => Who::default(),
        }
    }

    fn take(&mut self, parts: &mut Parts, entry: &Entry) {
        let at = entry.at;
        match &entry.what {
            What::ConversationOpened { conversation } => {
                (self.assignee, self.handler) = (None, None);
                self.open.insert(*conversation, at);
                self.opened.push((at, false));
            }
            What::ConversationReopened { conversation, .. } => {
                self.open.insert(*conversation, at);
                self.opened.push((at, true));
            }
            What::ConversationResolved { conversation, .. } => {
                self.place(parts);
                let since = self.open.remove(conversation);
                if let Some(part) = parts.of(at, self.actor(&entry.actor), self.channel) {
                    part.figures.resolved += 1;
                    if let Some(since) = since {
                        part.resolution.add(since, at);
                    }
                }
                self.over();
            }
            What::ConversationDeleted { conversation } => {
                self.open.remove(conversation);
                self.over();
            }
            What::ConversationAssigned { after, .. } => self.assignee = *after,
            What::ConversationHandled { after, .. } => {
                self.handler = after.as_ref().map(|handler| handler.name.clone());
            }
            What::MessageReceived { kind, channel, .. } if is_message(*kind) => {
                self.went(parts, *channel);
                if let Some(part) = parts.of(at, self.holder(), Some(*channel)) {
                    part.figures.received += 1;
                }
                // What comes while nothing is open, as the answer to a survey, waits for nobody.
                if !self.answered && !self.open.is_empty() {
                    self.waits = self.waits.or(Some((at, *channel)));
                }
            }
            // Nobody has to respond to an answer to a survey.
            What::Survey { message: Some(_), .. } => {
                self.waits = self.waits.filter(|(since, _)| *since != at);
            }
            What::MessageSent {
                kind,
                channel,
                broadcast,
                sequence,
                ..
            } if is_message(*kind) => {
                self.went(parts, *channel);
                let campaign = broadcast.map(Campaign::Broadcast);
                let campaign = campaign.or(sequence.map(Campaign::Sequence));
                self.sent(parts, entry, *channel, campaign);
            }
            _ => {}
        }
    }

    fn sent(&mut self, parts: &mut Parts, entry: &Entry, channel: Channel, campaign: Option<Campaign>) {
        let who = self.actor(&entry.actor);
        let by_bot = who.handler.is_some();
        let part = parts.of(entry.at, who, Some(channel));
        let (slot, responds): (fn(&mut InboxFigures) -> &mut u64, bool) = match (campaign, &entry.actor) {
            (Some(Campaign::Broadcast(_)), _) => (|figures| &mut figures.sent_by_broadcasts, false),
            (Some(Campaign::Sequence(_)), _) => (|figures| &mut figures.sent_by_sequences, false),
            // What the business wrote in its phone app is told by the platform.
            (None, Actor::Agent(_) | Actor::Provider | Actor::Contact) => {
                (|figures| &mut figures.sent_by_people, true)
            }
            (None, Actor::Handler(_)) => (|figures| &mut figures.sent_by_bots, true),
            (None, Actor::System(_)) if by_bot => (|figures| &mut figures.sent_by_bots, true),
            (None, Actor::System(_)) => (|figures| &mut figures.sent_by_host, true),
            (None, Actor::Worker) => (|figures| &mut figures.sent_automatically, false),
        };
        let waited = self.waits.filter(|_| responds);
        if let Some(part) = part {
            *slot(&mut part.figures) += 1;
            if let Some((since, _)) = waited {
                part.first_response.add(since, entry.at);
            }
        }
        if waited.is_some() {
            self.waits = None;
            self.answered = true;
        }
    }

    /// A message went in or out by a channel: what was opened before was opened there.
    fn went(&mut self, parts: &mut Parts, channel: Channel) {
        self.channel = Some(channel);
        self.place(parts);
    }

    /// Counts the openings.
    fn place(&mut self, parts: &mut Parts) {
        for (at, again) in std::mem::take(&mut self.opened) {
            if let Some(part) = parts.of(at, self.holder(), self.channel) {
                part.figures.opened += u64::from(!again);
                part.figures.reopened += u64::from(again);
            }
        }
    }

    /// An episode is over, unless another conversation of theirs is open still.
    fn over(&mut self) {
        if self.open.is_empty() {
            (self.waits, self.answered) = (None, false);
        }
    }
}

/// A platform's notice is nobody's, and a reaction is no message.
const fn is_message(kind: ContentKind) -> bool {
    !matches!(kind, ContentKind::System | ContentKind::Reaction)
}

#[cfg(test)]
mod tests;
