//! The only door out: every message passes here, whoever asks, at the moment of sending.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::account::{self, Account};
use crate::consent::{Denial as ConsentDenial, Fact, Purpose, Scope, Source};
use crate::contact::{Contact, Identity, RecordStatus};
use crate::conversation::Author;
use crate::error::{Code, Error};
use crate::ledger::{SLOT, SkipReason, Slot};
use crate::message::ContentKind;
use crate::schedule::zone_of;
use crate::settings::Settings;
use crate::template::{Category, Template};
use crate::window::WindowState;

/// All that the rules look at.
#[derive(Debug)]
pub struct Passage<'a> {
    /// To whom.
    pub contact: &'a Contact,
    /// By which sender.
    pub account: &'a Account,
    /// The address that it would go to.
    pub address: Option<&'a Identity>,
    /// Who asks.
    pub author: &'a Author,
    /// What kind of message.
    pub kind: ContentKind,
    /// The template, if it is one.
    pub template: Option<&'a Template>,
    /// The window at this sender.
    pub window: WindowState,
    /// The contact's marketing slot.
    pub slot: Option<&'a Slot>,
    /// When the sender last wrote to the contact.
    pub written: Option<DateTime<Utc>>,
    /// Until when the sender may begin to write to nobody else, the contact included.
    pub full_until: Option<DateTime<Utc>>,
    /// The organisation's settings.
    pub settings: &'a Settings,
    /// The moment of sending.
    pub now: DateTime<Utc>,
}

/// One rule that says no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Denial {
    /// The rule, as the code of the error that a send would fail with.
    pub code: Code,
    /// What it is about, in words.
    pub message: String,
    /// When it would say yes.
    pub lifts: Lift,
    /// The reason that a broadcast records; `None`: the recipient is not used up, but waits.
    pub skip: Option<SkipReason>,
}

/// When a rule would say yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lift {
    /// From that instant on.
    At(DateTime<Utc>),
    /// When this happens.
    When(&'static str),
}

impl From<Denial> for Error {
    fn from(denial: Denial) -> Self {
        Self::new(denial.code, denial.message)
    }
}

/// Every rule that says no, the gravest first: who it is, what they agreed to, where they can be reached, and then
/// what passes by itself. None: the message may go.
pub fn check(passage: &Passage<'_>) -> Vec<Denial> {
    [
        record_status(passage),
        consent(passage),
        address(passage),
        may_send(passage),
        quiet_hours(passage),
        template(passage),
        window(passage),
        cap(passage),
        pair_pause(passage),
        day(passage),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn deny(code: Code, skip: SkipReason, lifts: Lift, message: String) -> Denial {
    Denial {
        code,
        message,
        lifts,
        skip: Some(skip),
    }
}

fn record_status(p: &Passage<'_>) -> Option<Denial> {
    let id = p.contact.id;
    Some(match p.contact.status {
        RecordStatus::Active => return None,
        // Set aside from campaigns; a person may still be answered.
        RecordStatus::Inactive if !is_campaign(p) => return None,
        RecordStatus::Inactive => deny(
            Code::ContactInactive,
            SkipReason::Inactive,
            Lift::When("the contact writes, or is made active"),
            format!("contact {id} is inactive"),
        ),
        RecordStatus::Blocked => deny(
            Code::ContactBlocked,
            SkipReason::Blocked,
            Lift::When("the contact is unblocked"),
            format!("contact {id} is blocked"),
        ),
        RecordStatus::Deleted => deny(
            Code::ContactDeleted,
            SkipReason::Deleted,
            Lift::When("the contact is created anew"),
            format!("contact {id} is deleted"),
        ),
    })
}

fn may_send(p: &Passage<'_>) -> Option<Denial> {
    if p.account.may_send(p.now) {
        return None;
    }
    let lifts = p
        .account
        .sendable_from()
        .map_or(Lift::When("the sender is mended and resumed"), Lift::At);
    Some(Denial {
        code: Code::AccountNotSending,
        message: format!("sender {} ({}) may not send now", p.account.name, p.account.id),
        lifts,
        skip: None,
    })
}

fn address(p: &Passage<'_>) -> Option<Denial> {
    if p.address.is_some() {
        return None;
    }
    Some(deny(
        Code::ContactNoAddress,
        SkipReason::NoAddress,
        Lift::When("the contact gets an address on the channel"),
        format!("contact {} has no address on {}", p.contact.id, p.account.channel),
    ))
}

fn consent(p: &Passage<'_>) -> Option<Denial> {
    // The one confirmation of a STOP is the only exception.
    if *p.author == Author::StopConfirmation {
        return None;
    }
    let marketing = is_marketing(p);
    let of = p.address.and_then(|address| address.merged_from);
    let consent = &p.contact.consent;
    let denial = consent.permits(marketing, p.account.id, of).err()?;
    if !p.settings.strict_consent && is_reply(p, &denial) {
        return None;
    }
    let id = p.contact.id;
    Some(match denial {
        ConsentDenial::NotOptedIn => deny(
            Code::ConsentNotOptedIn,
            SkipReason::NotOptedIn,
            Lift::When("the contact writes first, or an opt-in is recorded"),
            if consent.opted_in() {
                format!("contact {id} has opted in, but not at the address that came by a merge")
            } else {
                format!("contact {id} has not opted in")
            },
        ),
        ConsentDenial::NotForMarketing => deny(
            Code::ConsentNotOptedIn,
            SkipReason::NotOptedIn,
            Lift::When("an opt-in to marketing is recorded"),
            format!("contact {id} has opted in, but not to marketing"),
        ),
        ConsentDenial::OptedOut(fact) => deny(
            Code::ConsentOptedOut,
            SkipReason::OptedOut,
            Lift::When(way_back(&fact)),
            format!("contact {id} {}", opted_out(&fact)),
        ),
    })
}

/// An opt-out in words, with what lifts it.
pub(crate) fn opted_out(fact: &Fact) -> String {
    let part = if fact.scope == Scope::EVERYTHING {
        ""
    } else {
        " of this kind of message"
    };
    format!(
        "opted out{part} on {} (source {:?}); lifted when {}",
        fact.at.format("%Y-%m-%d %H:%M:%S UTC"),
        fact.source,
        way_back(fact),
    )
}

/// What lifts an opt-out: the table of [`crate::consent`], in words.
const fn way_back(fact: &Fact) -> &'static str {
    match fact.source {
        Source::Provider if matches!(fact.scope.purpose, Purpose::Marketing) => {
            "the contact resumes marketing messages at the platform"
        }
        Source::Provider => "the contact sends START to that sender",
        Source::Keyword => "the contact sends START, or a later written proof of opt-in is recorded",
        _ => "an agent or the host records an opt-in, or the contact sends START",
    }
}

fn is_marketing(p: &Passage<'_>) -> bool {
    p.template
        .is_some_and(|template| template.category == Category::Marketing)
}

/// A person's answer to somebody who wrote to us after whatever they opted out of.
fn is_reply(p: &Passage<'_>, denial: &ConsentDenial) -> bool {
    let by_person = matches!(p.author, Author::Agent(_) | Author::Host(_));
    let wrote_since = match denial {
        ConsentDenial::OptedOut(fact) => p.contact.last_inbound.is_some_and(|at| at > fact.at),
        ConsentDenial::NotOptedIn | ConsentDenial::NotForMarketing => true,
    };
    by_person && wrote_since && !is_marketing(p) && matches!(p.window, WindowState::Open { .. })
}

fn template(p: &Passage<'_>) -> Option<Denial> {
    let template = p.template?;
    let refusal = template.sendable().err()?;
    Some(deny(
        refusal.code(),
        SkipReason::TemplateNotApproved,
        Lift::When("the platform approves the template"),
        refusal.message().to_owned(),
    ))
}

fn window(p: &Passage<'_>) -> Option<Denial> {
    if p.window.permits(p.kind) {
        return None;
    }
    let since = match p.window {
        WindowState::Closed {
            since: Some(since), ..
        } => {
            format!(" since {}", since.format("%Y-%m-%d %H:%M:%S UTC"))
        }
        _ => ": the contact never wrote to this sender, nor called".to_owned(),
    };
    Some(deny(
        Code::WindowClosed,
        SkipReason::WindowClosed,
        Lift::When("the contact writes or calls; a template may go at any time"),
        format!("the window of contact {} is closed{since}", p.contact.id),
    ))
}

fn cap(p: &Passage<'_>) -> Option<Denial> {
    let slot = p.slot.filter(|slot| is_marketing(p) && slot.is_taken(p.now))?;
    let free = slot.taken_at + SLOT;
    Some(deny(
        Code::CapReached,
        SkipReason::Capped,
        Lift::At(free),
        format!(
            "contact {} got a marketing template on {}; the next may go at {}",
            p.contact.id,
            slot.taken_at.format("%Y-%m-%d %H:%M:%S UTC"),
            free.format("%Y-%m-%d %H:%M:%S UTC"),
        ),
    ))
}

/// Broadcasts and sequences wait a moment; what people and bots write, the platform takes in advance.
fn pair_pause(p: &Passage<'_>) -> Option<Denial> {
    // Later than now: the clock was set back.
    let last = p.written.filter(|last| is_campaign(p) && *last <= p.now)?;
    let free = last + account::pair_pause(p.account.channel)?;
    (p.now < free).then(|| Denial {
        code: Code::PairPause,
        message: format!(
            "sender {} wrote to contact {} a moment ago; the next may go at {}",
            p.account.id,
            p.contact.id,
            free.format("%Y-%m-%d %H:%M:%S UTC"),
        ),
        lifts: Lift::At(free),
        skip: None,
    })
}

/// Broadcasts and sequences keep to the number of people; with what somebody writes by hand the platform has the last word.
fn day(p: &Passage<'_>) -> Option<Denial> {
    let until = p.full_until.filter(|until| is_campaign(p) && p.now < *until)?;
    Some(Denial {
        code: Code::DayFull,
        message: format!(
            "sender {} began to write to as many people as its platform allows in 24 hours; to others from {} on",
            p.account.id,
            until.format("%Y-%m-%d %H:%M:%S UTC"),
        ),
        lifts: Lift::At(until),
        skip: None,
    })
}

const fn is_campaign(p: &Passage<'_>) -> bool {
    matches!(p.author, Author::Broadcast(_) | Author::Sequence(_))
}

/// Broadcasts and sequences rest; whoever is at work may write.
fn quiet_hours(p: &Passage<'_>) -> Option<Denial> {
    let hours = p.settings.quiet_hours.filter(|_| is_campaign(p))?;
    let zone = zone_of(p.contact, p.settings).unwrap_or(p.settings.zone);
    let end = hours.end(p.now, zone)?;
    Some(Denial {
        code: Code::QuietHours,
        message: format!("contact {} has quiet hours in {zone} until {end}", p.contact.id),
        lifts: Lift::At(end),
        skip: None,
    })
}

#[cfg(test)]
mod tests;
