//! What a platform tells: people's messages, what became of ours, and notices.
//!
//! Every rule here gives the same state for the same events in whatever order and however often they come:
//! times are the provider's, records are joined, and what arrives before its subject is parked.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::account::Account;
use crate::channel::Channel;
use crate::consent::{Change, Fact, Proof, Purpose, Scope, Source, State};
use crate::contact::{Contact, CreatedBy, RecordStatus};
use crate::context::Context;
use crate::conversation::{Author, Conversation, Evidence, Message, MessageRef, Parked};
use crate::ctwa::{self, LastTouch, Touch};
use crate::decide::contacts::{
    add_tags, begin_contact, contact_key, holder, identity_key, link_addresses, prepare_tags,
    record_consent_of, skip_open,
};
use crate::decide::conversations;
use crate::decide::evidence::{
    About, about_message, absorb_parked, opted_out_at_platform, parked_key, ref_key, status,
};
use crate::decide::moves::identity_changed;
use crate::decide::routing::route;
use crate::decide::senders;
use crate::decide::sending::{confirm_stop, get_account};
use crate::decide::suppression::{is_forgotten, learn_late};
use crate::decide::surveys;
use crate::decide::turns;
use crate::error::{Code, Error};
use crate::identity::Address;
use crate::ids::{AccountId, ContactId, ConversationId};
use crate::inbound::{
    Echo, InboundEvent, InboundKind, InboundMessage, Person, Preference, PreferenceChoice, Referral,
    TemplateNotice,
};
use crate::journal::{Entry, What};
use crate::keywords::Keyword;
use crate::ledger::{Dispatch, SkipReason};
use crate::message::{ContentKind, Delivery, StatusKind};
use crate::record::{Key, OrgTemplate};
use crate::settings::InboundConsent;
use crate::suppression::nameless;
use crate::window::Window;
use crate::working_set::{Step, WorkingSet};

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It changed something, or was recorded.
    Applied,
    /// It was known already.
    Duplicate,
}

/// Applies one event about a sender of the organisation, or (`account` absent) about its business account.
pub fn receive(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    account: Option<&Account>,
    event: &InboundEvent,
    contacts_now: u64,
) -> Step<Applied> {
    let at = ctx.provider_time(event.at);
    if let (Some(account), Some(number)) = (account, &event.source.number) {
        senders::learn_number(set, ctx, account, number, at)?;
    }
    let inbox = |account| Inbox {
        account,
        at,
        contacts_now,
    };
    match (&event.kind, account) {
        (InboundKind::Message(message), Some(account)) => inbox(account).message(set, ctx, message),
        (InboundKind::Echo(echo), Some(account)) => inbox(account).echo(set, ctx, echo),
        (InboundKind::Preference(preference), Some(account)) => {
            inbox(account).preference(set, ctx, preference)
        }
        (InboundKind::Call(call), Some(account)) => inbox(account).call(set, ctx, call),
        (InboundKind::Status(update), Some(account)) => status(set, ctx, account, at, update),
        (InboundKind::Reaction(reaction), Some(account)) => {
            let by = reaction
                .from
                .addresses
                .first()
                .map(Address::match_key)
                .unwrap_or_default();
            let emoji = reaction.emoji.clone();
            let evidence = Evidence::Reaction { by, emoji, at };
            let about = About {
                from: &reaction.from,
                provider_id: &reaction.provider_id,
                target: &reaction.target,
            };
            about_message(set, ctx, account, &about, evidence)
        }
        (InboundKind::Edit(edit), Some(account)) => {
            let (edit_id, content) = (edit.provider_id.clone(), edit.content.clone());
            let evidence = Evidence::Edit { edit_id, content, at };
            let about = About {
                from: &edit.from,
                provider_id: &edit.provider_id,
                target: &edit.target,
            };
            about_message(set, ctx, account, &about, evidence)
        }
        (InboundKind::Revoke(revoke), Some(account)) => {
            let about = About {
                from: &revoke.from,
                provider_id: &revoke.provider_id,
                target: &revoke.target,
            };
            about_message(set, ctx, account, &about, Evidence::Revoke { at })
        }
        (InboundKind::IdentityChanged(change), _) => {
            let named: Vec<Address> = change.previous.iter().chain(&change.current).cloned().collect();
            if is_forgotten(set, ctx, &named, Some(at))? {
                return Ok(Applied::Duplicate);
            }
            identity_changed(set, ctx, at, change)
        }
        (InboundKind::TemplateStatus(notice), _) => {
            template_changed(set, ctx, at, notice, "status", |template, new| {
                let before = template.template.status.as_str().to_owned();
                template.template.status = new.clone();
                (before, new.as_str().to_owned())
            })
        }
        (InboundKind::TemplateCategory(notice), _) => {
            template_changed(set, ctx, at, notice, "category", |template, new| {
                let before = format!("{:?}", template.template.category).to_uppercase();
                template.template.category = *new;
                (before, format!("{new:?}").to_uppercase())
            })
        }
        (InboundKind::TemplateQuality(notice), _) => {
            template_changed(set, ctx, at, notice, "quality", |template, new| {
                let before = template.template.quality.replace(new.clone());
                (
                    before
                        .map(|quality| quality.as_str().to_owned())
                        .unwrap_or_default(),
                    new.as_str().to_owned(),
                )
            })
        }
        (InboundKind::Sender(notice), account) => senders::told(set, ctx, account, &event.source, at, notice),
        (InboundKind::Notice { field, raw } | InboundKind::Unknown { field, raw, .. }, _) => {
            let entry = ctx.entry(What::ProviderNotice {
                field: field.clone(),
                raw: raw.clone(),
            });
            set.journal(Entry { at, ..entry });
            Ok(Applied::Applied)
        }
        (_, None) => {
            let raw = serde_json::to_value(&event.kind).unwrap_or_default();
            set.journal(ctx.entry(What::ProviderNotice {
                field: "no_sender".to_owned(),
                raw,
            }));
            Ok(Applied::Applied)
        }
    }
}

/// The contact that any of a person's addresses names; the first address decides.
pub(crate) fn known(set: &mut WorkingSet, ctx: &Context<'_>, person: &Person) -> Step<Option<Contact>> {
    set.need(person.addresses.iter().map(|address| identity_key(ctx, address)))?;
    for address in &person.addresses {
        if let Some(id) = holder(set, ctx, address)? {
            return set.get(&contact_key(ctx, id));
        }
    }
    Ok(None)
}

/// What an event is to the conversation that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// The contact wrote.
    Words,
    /// The contact called.
    Call,
    /// Anything else.
    Other,
}

/// One event of a person at one of our senders.
pub(super) struct Inbox<'a> {
    pub(super) account: &'a Account,
    pub(super) at: DateTime<Utc>,
    contacts_now: u64,
}

impl Inbox<'_> {
    fn message(
        &self,
        set: &mut WorkingSet,
        ctx: &mut Context<'_>,
        message: &InboundMessage,
    ) -> Step<Applied> {
        let dedupe = ref_key(ctx, self.account.id, &message.provider_id);
        let parked = parked_key(ctx, self.account.id, &message.provider_id);
        // All that can be named already: what is asked for together is loaded together.
        let addresses = || message.from.addresses.iter();
        set.need(
            addresses()
                .map(|address| identity_key(ctx, address))
                .chain(addresses().map(|address| window_key(ctx, self.account.id, address)))
                .chain([dedupe.clone(), parked.clone()]),
        )?;
        if set.get::<MessageRef>(&dedupe)?.is_some() {
            return Ok(Applied::Duplicate);
        }
        // What is said in a group is not said to us, and a platform's notice is not said by the person: neither opens a
        // window, consents, or counts as an answer.
        let spoken = message.group_id.is_none() && message.content.kind() != ContentKind::System;
        let words = message.content.words().filter(|_| spoken);
        // The platform goes by words of its own, which the words here need not be.
        let heard = || words.and_then(|words| ctx.org.settings.keywords.classify(words));
        let keyword = message.keyword.filter(|_| spoken).or_else(heard);
        if is_forgotten(set, ctx, &message.from.addresses, Some(self.at))? {
            // A STOP counts though it comes late.
            if keyword == Some(Keyword::Stop) {
                learn_late(set, ctx, &message.from.addresses, &nameless(self.stop(message)))?;
            }
            return Ok(Applied::Duplicate);
        }
        let (mut contact, address) = self.person(set, ctx, &message.from, CreatedBy::Inbound)?;
        if contact.status == RecordStatus::Blocked {
            if set.get::<Parked>(&parked)?.is_some() {
                set.remove(parked);
            }
            return self.blocked(set, ctx, contact, message, keyword);
        }

        // An answer to a survey is a message of its conversation, and nothing else there: it neither opens it again nor waits
        // to be read, and earns no tag. Whom an ad led here does not answer us.
        let answer = if spoken && keyword.is_none() && message.referral.is_none() {
            let (content, provider_id) = (&message.content, &message.provider_id);
            surveys::answer(set, ctx, &contact, self.account.id, self.at, content, provider_id)?
        } else {
            None
        };
        let act = if spoken { Act::Words } else { Act::Other };
        let (conversation, new) = match &answer {
            Some((survey, _)) => (survey.conversation, false),
            None => self.conversation(set, ctx, &mut contact, act)?,
        };
        let mut to_route = new.then_some((conversation, self.account.channel));
        let mut stored = Message {
            id: ctx.ids.next(),
            org: ctx.org.id,
            conversation,
            contact: contact.id,
            account: self.account.id,
            channel: self.account.channel,
            address,
            author: Author::Contact,
            provider_id: Some(message.provider_id.clone()),
            content: message.content.clone(),
            reply_to: message.reply_to.clone(),
            forwarded: message.forwarded,
            group_id: message.group_id.clone(),
            referral: message.referral.clone(),
            at: self.at,
            dispatch: None,
            delivery: Delivery::default(),
            reactions: BTreeMap::new(),
            edited: None,
            revoked: None,
        };
        absorb_parked(set, &mut stored, &parked)?;
        set.put(MessageRef {
            org: ctx.org.id,
            account: self.account.id,
            token: message.provider_id.clone(),
            message: stored.id,
            dispatch: None,
        });
        let received = What::MessageReceived {
            message: stored.id,
            kind: message.content.kind(),
            channel: self.account.channel,
        };
        set.journal(Entry {
            at: self.at,
            ..ctx.about(contact.id, received)
        });

        contact.touch(self.at, spoken);
        contact.learn_profile(
            self.at,
            message.from.name.as_deref(),
            message.from.username.as_deref(),
        );
        if spoken {
            if contact.status == RecordStatus::Inactive {
                contact.status = RecordStatus::Active;
                set.journal(ctx.about(contact.id, What::ContactReactivated));
            }
            self.open_window(set, ctx, &message.from.addresses)?;
            self.consent(set, ctx, &mut contact, message, keyword)?;
            self.mark_last_campaign(set, ctx, &contact, |row| row.replied = true)?;
            if let Some(referral) = &message.referral {
                self.touched(set, ctx, &mut contact, &stored, referral)?;
            }
        }
        let mut to_answer = (spoken && !turns::is_of_consent(keyword, message.keyword.is_some()))
            .then_some((conversation, (stored.id, stored.at)));
        if let Some((survey, answer)) = answer {
            to_answer = None;
            if let Some((before, words)) = surveys::take(set, ctx, survey, answer, &stored)? {
                let late = (before.id, before.at);
                let (conversation, new) = self.no_comment(set, ctx, &mut contact, before, words)?;
                to_route = new;
                to_answer = Some((conversation, late));
            }
        } else if let Some(words) = words {
            self.tag(set, ctx, &mut contact, words)?;
        }
        set.put(stored);
        set.put(contact);
        if let Some((conversation, channel)) = to_route {
            route(set, ctx, conversation, channel)?;
        }
        if let Some((conversation, message)) = to_answer {
            turns::wait(set, ctx, conversation, message)?;
        }
        Ok(Applied::Applied)
    }

    /// A message that was taken for a survey's comment is none: what an ordinary one does is done now, as if it came late.
    /// Its conversation, and the one that is to be routed for it, if one is.
    fn no_comment(
        &self,
        set: &mut WorkingSet,
        ctx: &mut Context<'_>,
        contact: &mut Contact,
        mut message: Message,
        words: Option<String>,
    ) -> Step<(ConversationId, Option<(ConversationId, Channel)>)> {
        let account = get_account(set, ctx, message.account)?;
        let inbox = Inbox {
            account: &account,
            at: message.at,
            contacts_now: self.contacts_now,
        };
        let (conversation, new) = inbox.conversation(set, ctx, contact, Act::Words)?;
        // What it said at first, before any edit.
        let words = words.or_else(|| message.content.words().map(str::to_owned));
        inbox.tag(set, ctx, contact, &words.unwrap_or_default())?;
        message.conversation = conversation;
        set.put(message);
        Ok((conversation, new.then_some((conversation, account.channel))))
    }

    /// An ad or post led to the message.
    fn touched(
        &self,
        set: &mut WorkingSet,
        ctx: &Context<'_>,
        contact: &mut Contact,
        message: &Message,
        referral: &Referral,
    ) -> Step<()> {
        ctwa::touched(&mut contact.attributes, &ctwa::value(self.at, referral));
        let thread: Option<Conversation> = set.get(&Key::Conversation {
            org: ctx.org.id,
            conversation: message.conversation,
        })?;
        if let Some(mut thread) = thread {
            thread.referral = thread.referral.max(Some(LastTouch {
                at: self.at,
                referral: referral.clone(),
            }));
            set.put(thread);
        }
        set.put(Touch {
            org: ctx.org.id,
            message: message.id,
            contact: contact.id,
            conversation: message.conversation,
            at: self.at,
            referral: referral.clone(),
        });
        Ok(())
    }

    /// A blocked contact's message: counted, not kept. A STOP still counts.
    fn blocked(
        &self,
        set: &mut WorkingSet,
        ctx: &mut Context<'_>,
        mut contact: Contact,
        message: &InboundMessage,
        keyword: Option<Keyword>,
    ) -> Step<Applied> {
        count_blocked(set, ctx, self.account, self.at, contact.id, &message.provider_id);
        if keyword == Some(Keyword::Stop) {
            self.opt_out(set, ctx, &mut contact, message)?;
        }
        set.put(contact);
        Ok(Applied::Applied)
    }

    /// A message that the business wrote elsewhere: recorded, triggers nothing.
    fn echo(&self, set: &mut WorkingSet, ctx: &mut Context<'_>, echo: &Echo) -> Step<Applied> {
        let dedupe = ref_key(ctx, self.account.id, &echo.provider_id);
        let parked = parked_key(ctx, self.account.id, &echo.provider_id);
        set.need([dedupe.clone(), parked.clone()])?;
        if set.get::<MessageRef>(&dedupe)?.is_some() {
            return Ok(Applied::Duplicate);
        }
        if is_forgotten(set, ctx, &echo.to.addresses, Some(self.at))? {
            return Ok(Applied::Duplicate);
        }
        let (mut contact, address) = self.person(set, ctx, &echo.to, CreatedBy::Outbound)?;
        let (conversation, _) = self.conversation(set, ctx, &mut contact, Act::Other)?;
        let mut stored = Message {
            id: ctx.ids.next(),
            org: ctx.org.id,
            conversation,
            contact: contact.id,
            account: self.account.id,
            channel: self.account.channel,
            address,
            author: Author::Elsewhere,
            provider_id: Some(echo.provider_id.clone()),
            content: echo.content.clone(),
            reply_to: None,
            forwarded: false,
            group_id: None,
            referral: None,
            at: self.at,
            dispatch: None,
            delivery: Delivery::default(),
            reactions: BTreeMap::new(),
            edited: None,
            revoked: None,
        };
        stored.delivery.observe(&StatusKind::Sent, self.at);
        let evidence = absorb_parked(set, &mut stored, &parked)?;
        set.put(MessageRef {
            org: ctx.org.id,
            account: self.account.id,
            token: echo.provider_id.clone(),
            message: stored.id,
            dispatch: None,
        });
        let what = What::MessageSent {
            message: stored.id,
            kind: echo.content.kind(),
            channel: self.account.channel,
            dispatch: None,
            broadcast: None,
            sequence: None,
        };
        set.journal(Entry {
            at: self.at,
            ..ctx.about(contact.id, what)
        });
        contact.touch(self.at, false);
        set.put(contact);
        let to = [stored.address.clone()];
        opted_out_at_platform(set, ctx, self.account.id, stored.contact, &to, &evidence)?;
        set.put(stored);
        Ok(Applied::Applied)
    }

    /// The contact that a person is, found by any address or created, and the address to answer to. Addresses that are
    /// new to them are linked.
    pub(super) fn person(
        &self,
        set: &mut WorkingSet,
        ctx: &mut Context<'_>,
        person: &Person,
        by: CreatedBy,
    ) -> Step<(Contact, Address)> {
        let Some(address) = person.addresses.first().cloned() else {
            let message = "the event names no address of the person";
            return Err(Error::new(Code::ContactIdentityRequired, message).into());
        };
        let first = (self.at, by, Some(self.account.channel));
        let mut contact = if let Some(contact) = known(set, ctx, person)? {
            contact
        } else {
            let mut contact = Contact::new(ctx.org.id, ctx.ids.next(), by, self.at);
            contact.source_channel = Some(self.account.channel);
            // Such contacts are never lost: beyond the plan's limit they are created, and the excess is reported.
            let over_limit = ctx.org.settings.plan.is_full(self.contacts_now);
            begin_contact(set, ctx, &contact, self.at, over_limit);
            contact
        };
        let latest = contact.last_inbound.is_none_or(|last| last <= self.at);
        for (address, other) in link_addresses(set, ctx, &mut contact, &person.addresses, self.at, latest)? {
            let what = What::IdentityConflict { address, other };
            set.journal(Entry {
                at: self.at,
                ..ctx.about(contact.id, what)
            });
        }
        // Whichever event comes in first, the earliest one made the contact.
        let made_by_event = matches!(contact.created_by, CreatedBy::Inbound | CreatedBy::Outbound);
        if made_by_event && first < (contact.created_at, contact.created_by, contact.source_channel) {
            (contact.created_at, contact.created_by, contact.source_channel) = first;
        }
        Ok((contact, address))
    }

    /// The thread that the event belongs to, opened if there is none, and whether it is new to the team or open again, so
    /// that it is to be routed.
    pub(super) fn conversation(
        &self,
        set: &mut WorkingSet,
        ctx: &mut Context<'_>,
        contact: &mut Contact,
        act: Act,
    ) -> Step<(ConversationId, bool)> {
        let mut conversation = conversations::at_time(set, ctx, contact, self.at)?;
        conversation.opened_at = conversation.opened_at.min(self.at);
        conversation.last_activity = conversation.last_activity.max(self.at);
        conversation.channels.insert(self.account.channel);
        let mut new = false;
        if act != Act::Other {
            new = conversation.last_inbound.is_none();
            conversation.last_inbound = conversation.last_inbound.max(Some((self.at, self.account.id)));
        }
        if act == Act::Words {
            let heard = conversation.hear(self.at);
            if heard.unarchived {
                let what = What::ConversationMarked {
                    conversation: conversation.id,
                    change: "unarchived".to_owned(),
                };
                set.journal(Entry {
                    at: self.at,
                    ..ctx.about(contact.id, what)
                });
            }
            if heard.reopened {
                new = true;
                set.journal(Entry {
                    at: self.at,
                    ..conversations::reopened(ctx, &conversation)
                });
            }
        }
        new &= conversation.resolution.is_none();
        contact.follow(&conversation);
        let id = conversation.id;
        set.put(conversation);
        Ok((id, new))
    }

    /// Late webhooks never shorten a window: it remembers the latest message or call.
    pub(super) fn open_window(
        &self,
        set: &mut WorkingSet,
        ctx: &Context<'_>,
        addresses: &[Address],
    ) -> Step<()> {
        learn_windows(set, ctx, self.account.id, addresses, |window| {
            window.last_inbound = window.last_inbound.max(Some(self.at));
        })?;
        Ok(())
    }

    /// What the message means for consent.
    fn consent(
        &self,
        set: &mut WorkingSet,
        ctx: &mut Context<'_>,
        contact: &mut Contact,
        message: &InboundMessage,
        keyword: Option<Keyword>,
    ) -> Step<()> {
        let of = contact.merged_with(&message.from.addresses);
        let proof = Proof::Message(message.provider_id.clone());
        let fact = |change, scope, source| Fact {
            at: self.at,
            change,
            scope,
            source,
            via: Some(self.account.id),
            new_proof: false,
            proof: proof.clone(),
        };
        match keyword {
            Some(Keyword::Stop) => return self.opt_out(set, ctx, contact, message),
            Some(Keyword::Start) => {
                let start = fact(Change::OptIn, Scope::EVERYTHING, Source::Keyword);
                record_consent_of(set, ctx, contact, of, start);
            }
            Some(Keyword::ConditionalStart) => {
                let yes = fact(Change::OptInAfterStop, Scope::EVERYTHING, Source::Keyword);
                record_consent_of(set, ctx, contact, of, yes);
            }
            Some(Keyword::Help) | None => {}
        }
        let purpose = match ctx.org.settings.inbound_consent {
            InboundConsent::Everything => Purpose::Everything,
            InboundConsent::AllButMarketing => Purpose::AllButMarketing,
        };
        let scope = Scope {
            purpose,
            sender: None,
        };
        let wrote = fact(Change::OptIn, scope, Source::Inbound);
        record_consent_of(set, ctx, contact, of, wrote);
        Ok(())
    }

    /// A STOP is one to the whole organisation, but where the platform itself stopped one sender.
    fn stop(&self, message: &InboundMessage) -> Fact {
        let (sender, source) = match message.keyword {
            Some(_) => (Some(self.account.id), Source::Provider),
            None => (None, Source::Keyword),
        };
        Fact {
            at: self.at,
            change: Change::OptOut,
            scope: Scope {
                purpose: Purpose::Everything,
                sender,
            },
            source,
            via: Some(self.account.id),
            new_proof: false,
            proof: Proof::Message(message.provider_id.clone()),
        }
    }

    /// A person's STOP: recorded, what waits is skipped, and, where the organisation says so, confirmed once.
    fn opt_out(
        &self,
        set: &mut WorkingSet,
        ctx: &mut Context<'_>,
        contact: &mut Contact,
        message: &InboundMessage,
    ) -> Step<()> {
        let was_out = matches!(contact.consent.state(), State::Out { .. });
        let of = contact.merged_with(&message.from.addresses);
        record_consent_of(set, ctx, contact, of, self.stop(message));
        self.mark_last_campaign(set, ctx, contact, |row| row.opted_out_after = true)?;
        if message.keyword.is_some() {
            // The platform has confirmed it; what goes by other senders still may, and the gate skips the rest.
            return Ok(());
        }
        if contact.consent.opted_in() {
            // An older STOP than the START that is known already.
            return Ok(());
        }
        skip_open(set, ctx, contact, SkipReason::OptedOut)?;
        if !was_out && contact.status != RecordStatus::Blocked {
            confirm_stop(set, ctx, contact, self.account);
        }
        Ok(())
    }

    /// Marks the row of the broadcast message that the person was sent before this event, by the second, as platforms
    /// time events.
    fn mark_last_campaign(
        &self,
        set: &mut WorkingSet,
        ctx: &Context<'_>,
        contact: &Contact,
        mark: impl Fn(&mut Dispatch),
    ) -> Step<()> {
        let before = |sent: DateTime<Utc>| sent.timestamp() <= self.at.timestamp();
        let Some((_, dispatch)) = contact.last_campaign.filter(|(sent, _)| before(*sent)) else {
            return Ok(());
        };
        let row: Option<Dispatch> = set.get(&Key::Dispatch {
            org: ctx.org.id,
            dispatch,
        })?;
        if let Some(old) = row {
            let mut row = old.clone();
            mark(&mut row);
            if row != old {
                set.put(row);
            }
        }
        Ok(())
    }

    fn tag(&self, set: &mut WorkingSet, ctx: &Context<'_>, contact: &mut Contact, words: &str) -> Step<()> {
        let mut earned = Vec::new();
        for fired in ctx.org.rules.matches(words, self.account.channel) {
            for tag in ctx.org.rule_tags.get(&fired.rule).into_iter().flatten() {
                earned.push((tag.clone(), fired.rule));
            }
        }
        let names: Vec<String> = earned.iter().map(|(tag, _)| tag.clone()).collect();
        let tags = prepare_tags(set, ctx, &names)?;
        let rules = earned.into_iter().map(|(_, rule)| Some(rule));
        add_tags(set, ctx, contact, tags.into_iter().zip(rules));
        Ok(())
    }

    /// A choice at the platform about marketing of this sender.
    fn preference(
        &self,
        set: &mut WorkingSet,
        ctx: &mut Context<'_>,
        preference: &Preference,
    ) -> Step<Applied> {
        let forgotten = is_forgotten(set, ctx, &preference.person.addresses, Some(self.at))?;
        let change = match &preference.choice {
            PreferenceChoice::Stop => Change::OptOut,
            PreferenceChoice::Resume => Change::OptIn,
            PreferenceChoice::Signup | PreferenceChoice::Other(_) if forgotten => {
                return Ok(Applied::Duplicate);
            }
            PreferenceChoice::Signup | PreferenceChoice::Other(_) => {
                let raw = serde_json::to_value(preference).unwrap_or_default();
                let entry = ctx.entry(What::ProviderNotice {
                    field: "user_preferences".to_owned(),
                    raw,
                });
                set.journal(Entry { at: self.at, ..entry });
                return Ok(Applied::Applied);
            }
        };
        let fact = Fact {
            at: self.at,
            change,
            scope: Scope {
                purpose: Purpose::Marketing,
                sender: Some(self.account.id),
            },
            source: Source::Provider,
            via: Some(self.account.id),
            new_proof: false,
            proof: Proof::Provider("user_preferences".to_owned()),
        };
        if forgotten {
            if change == Change::OptOut {
                learn_late(set, ctx, &preference.person.addresses, &fact)?;
            }
            return Ok(Applied::Duplicate);
        }
        let (mut contact, _) = self.person(set, ctx, &preference.person, CreatedBy::Inbound)?;
        let of = contact.merged_with(&preference.person.addresses);
        let new = record_consent_of(set, ctx, &mut contact, of, fact);
        if change == Change::OptOut && new {
            self.mark_last_campaign(set, ctx, &contact, |row| row.opted_out_after = true)?;
        }
        set.put(contact);
        Ok(if new { Applied::Applied } else { Applied::Duplicate })
    }
}

fn window_key(ctx: &Context<'_>, account: AccountId, address: &Address) -> Key {
    Key::Window {
        org: ctx.org.id,
        account,
        kind: address.kind,
        match_key: address.match_key(),
    }
}

/// Takes in what became known of the windows between a sender and these addresses; whether it was news.
pub(super) fn learn_windows(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    account: AccountId,
    addresses: &[Address],
    learn: impl Fn(&mut Window),
) -> Step<bool> {
    let key = |address: &Address| window_key(ctx, account, address);
    set.need(addresses.iter().map(key))?;
    let mut news = false;
    for address in addresses {
        let known: Option<Window> = set.get(&key(address))?;
        let at_key = Address::new(address.kind, address.match_key());
        let old = known.unwrap_or_else(|| Window::new(ctx.org.id, account, at_key));
        let mut new = old.clone();
        learn(&mut new);
        if new != old {
            set.put(new);
            news = true;
        }
    }
    Ok(news)
}

/// A blocked contact did something: counted, and nothing of it kept.
pub(crate) fn count_blocked(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    account: &Account,
    at: DateTime<Utc>,
    contact: ContactId,
    provider_id: &str,
) {
    // The reference keeps a repeated webhook from being counted again; no message stands behind it.
    set.put(MessageRef {
        org: ctx.org.id,
        account: account.id,
        token: provider_id.to_owned(),
        message: ctx.ids.next(),
        dispatch: None,
    });
    let what = What::BlockedMessage {
        channel: account.channel,
    };
    set.journal(Entry {
        at,
        ..ctx.about(contact, what)
    });
}

/// A platform's notice about a template that the caller stored, the latest one by its own time; about another template,
/// it is only recorded.
fn template_changed<T: serde::Serialize>(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    at: DateTime<Utc>,
    notice: &TemplateNotice<T>,
    field: &str,
    apply: impl Fn(&mut OrgTemplate, &T) -> (String, String),
) -> Step<Applied> {
    let key = Key::Template {
        org: ctx.org.id,
        name: notice.name.clone(),
        language: notice.language.as_str().to_owned(),
    };
    let known: Option<OrgTemplate> = set.get(&key)?;
    let Some(mut template) = known else {
        let raw = serde_json::to_value(notice).unwrap_or_default();
        set.journal(ctx.entry(What::ProviderNotice {
            field: format!("template_{field}"),
            raw,
        }));
        return Ok(Applied::Applied);
    };
    let last = template.noticed.insert(field.to_owned(), at);
    let (before, after) = apply(&mut template, &notice.value);
    // Told before, or too late; of two in one second one wins whichever came first.
    if last.is_some_and(|last| (at, &after) <= (last, &before)) {
        return Ok(Applied::Duplicate);
    }
    if before != after {
        let what = What::TemplateChanged {
            name: notice.name.clone(),
            language: notice.language.as_str().to_owned(),
            change: format!("{field}: {before} → {after}"),
        };
        set.journal(Entry {
            at,
            ..ctx.entry(what)
        });
    }
    set.put(template);
    Ok(Applied::Applied)
}
