//! What becomes of a row of the ledger: from the gate to the last word of the platform.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountState, DAY, full_until};
use crate::broadcast::{Broadcast, BroadcastState, Refusal, Simulated};
use crate::contact::{Contact, Identity, Written};
use crate::context::Context;
use crate::conversation::{Author, Message, MessageRef, attempt_token};
use crate::decide::broadcasts::{self, get as get_broadcast};
use crate::decide::contacts::{contact_key, even_deleted, find as find_contact, get as get_contact};
use crate::decide::conversations;
use crate::decide::enrollments;
pub use crate::decide::landing::{expire, land, resend};
use crate::decide::selections::Meant;
use crate::decide::sequences;
use crate::decide::surveys::{self, Letter};
use crate::decide::team::acting_name;
use crate::decide::turns;
use crate::error::{Code, Error};
use crate::gate::{self, Denial, Lift, Passage};
use crate::identity::{Address, AddressKind};
use crate::ids::{AccountId, AttemptId, ContactId, ConversationId, DispatchId, SequenceId};
use crate::journal::{Actor, What};
use crate::ledger::{Campaign, Dispatch, DispatchState, SEND_WITHIN, SkipReason, Slot, StateName};
use crate::message::{Content, ContentKind, Delivery};
use crate::record::{Key, OrgTemplate};
use crate::render::{Attributes, Common, Values};
use crate::retry::Failure;
use crate::schedule::zone_of;
use crate::sequence::{Enrollment, MessageStep, StepKind};
use crate::template::{Category, Language, Template, TemplateParameters};
use crate::window::{Window, WindowState};
use crate::working_set::{Lookup, Step, Stop, WorkingSet};

/// How long an authentication template lives: with no status by then it was dropped (Meta's Cloud API, "Authentication templates", time to live).
const AUTHENTICATION_LIFETIME_SECONDS: u32 = 10 * 60;

/// How long a row waits whose sender is stopped or switched off, before it asks again.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(60);

/// What somebody wants to send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Draft {
    /// A free-form message.
    Content(Content),
    /// A stored template, to be filled for the contact.
    Template {
        /// The template's name.
        name: String,
        /// The template's language.
        language: Language,
        /// What fills it.
        parameters: TemplateParameters,
    },
}

/// A message that an agent or the host wants to send now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendRequest {
    /// To whom.
    pub contact: ContactId,
    /// By which sender, for this message; absent: the one that the contact last wrote to, or the only one that reaches
    /// them if they never did.
    pub account: Option<AccountId>,
    /// What.
    pub draft: Draft,
    /// The platform's id of the message it answers.
    pub reply_to: Option<String>,
}

/// An attempt that was committed and may now be put on the wire, until its deadline.
#[derive(Debug, Clone, PartialEq)]
pub struct Flight {
    /// The row of the ledger.
    pub dispatch: DispatchId,
    /// The attempt: what the platform is asked to echo.
    pub attempt: AttemptId,
    /// The sender.
    pub account: Account,
    /// To whom, as the platform spells it.
    pub to: Address,
    /// What.
    pub content: Content,
    /// The platform's id of the message it answers.
    pub reply_to: Option<String>,
    /// After that instant it must not be written any more.
    pub send_by: DateTime<Utc>,
}

/// Whether a message may be sent now, and if not, every rule that says no.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Explanation {
    /// Whether it may.
    pub allowed: bool,
    /// Every rule that says no, the gravest first, with when it would say yes.
    pub denials: Vec<Denial>,
    /// The window at the sender.
    pub window: WindowState,
}

/// The account, which must be there.
pub fn get_account(set: &mut WorkingSet, ctx: &Context<'_>, account: AccountId) -> Step<Account> {
    let found: Option<Account> = set.get(&account_key(ctx, account))?;
    found.ok_or_else(|| Error::new(Code::AccountNotFound, format!("there is no sender {account}")).into())
}

/// The account, which must be one whose channel has templates.
pub(crate) fn sender_of_templates(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    account: AccountId,
    code: Code,
) -> Step<Account> {
    let account = get_account(set, ctx, account)?;
    if AddressKind::Phone.reaches(account.channel) {
        return Ok(account);
    }
    let (name, channel) = (&account.name, account.channel);
    let message = format!("sender {name} is on {channel}, which has no templates");
    Err(Error::new(code, message).into())
}

/// The template, which must be there.
pub fn get_template(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    name: &str,
    language: &Language,
) -> Step<Template> {
    let key = template_key(ctx, name, language);
    let found: Option<OrgTemplate> = set.get(&key)?;
    // Whether it may be sent is part of the decision.
    set.expect(&key);
    found.map(|found| found.template).ok_or_else(|| {
        let message = format!("there is no template {name:?} in {}", language.as_str());
        Error::new(Code::TemplateNotFound, message).into()
    })
}

/// The addresses of a contact that a sender reaches, each with its window.
fn destinations(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &Contact,
    account: &Account,
) -> Step<Vec<(Identity, Option<Window>)>> {
    let reached = || reached(ctx, contact, account);
    set.need(reached().map(|(_, window)| window))?;
    let mut found = Vec::new();
    for (identity, window) in reached() {
        found.push((identity.clone(), set.get(&window)?));
    }
    Ok(found)
}

/// The addresses of a contact that a sender reaches, with the keys of their windows.
fn reached<'a>(
    ctx: &Context<'_>,
    contact: &'a Contact,
    account: &Account,
) -> impl Iterator<Item = (&'a Identity, Key)> {
    let (org, channel, account) = (ctx.org.id, account.channel, account.id);
    let reached = contact
        .current_identities()
        .filter(move |identity| identity.address.kind.reaches(channel));
    reached.map(move |identity| {
        let window = Key::Window {
            org,
            account,
            kind: identity.address.kind,
            match_key: identity.match_key.clone(),
        };
        (identity, window)
    })
}

fn window_at(ctx: &Context<'_>, account: &Account, found: &[(Identity, Option<Window>)]) -> WindowState {
    let closing_soon = ctx.org.settings.window_closing_soon();
    let windows = found.iter().filter_map(|(_, window)| window.as_ref());
    WindowState::at(account.channel, windows, closing_soon, ctx.now)
}

/// The window of a contact at a sender: the latest of all addresses that they write from.
pub fn window_of(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &Contact,
    account: &Account,
) -> Step<WindowState> {
    let found = destinations(set, ctx, contact, account)?;
    Ok(window_at(ctx, account, &found))
}

pub(crate) fn slot_key(ctx: &Context<'_>, contact: ContactId) -> Key {
    Key::Slot {
        org: ctx.org.id,
        contact,
    }
}

pub(crate) const fn account_key(ctx: &Context<'_>, account: AccountId) -> Key {
    Key::Account {
        org: ctx.org.id,
        account,
    }
}

fn template_key(ctx: &Context<'_>, name: &str, language: &Language) -> Key {
    Key::Template {
        org: ctx.org.id,
        name: name.to_owned(),
        language: language.as_str().to_owned(),
    }
}

pub(crate) fn dispatch_key(ctx: &Context<'_>, dispatch: DispatchId) -> Key {
    Key::Dispatch {
        org: ctx.org.id,
        dispatch,
    }
}

/// The sender that a message goes out by: the one named, else the one that the contact last wrote to, else the only one
/// that reaches them.
pub(crate) fn sender(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &Contact,
    account: Option<AccountId>,
) -> Step<Account> {
    if let Some(account) = account {
        return get_account(set, ctx, account);
    }
    let conversation = conversations::current(set, ctx, contact)?;
    if let Some((_, account)) = conversation.and_then(|conversation| conversation.last_inbound) {
        return get_account(set, ctx, account);
    }
    let mut reaching: Vec<Account> = set.list(&Lookup::Accounts { org: ctx.org.id })?;
    reaching.retain(|account| {
        let reached = |identity: &Identity| identity.address.kind.reaches(account.channel);
        account.state != AccountState::Disabled && contact.current_identities().any(reached)
    });
    let found = reaching.len();
    match reaching.pop().filter(|_| found == 1) {
        Some(account) => Ok(account),
        None => Err(Error::new(
            Code::AccountNotFound,
            format!(
                "contact {} never wrote to a sender, and {found} of the organisation's reach them; name the one to send by",
                contact.id
            ),
        )
        .into()),
    }
}

/// What the gate is asked about.
struct Asked {
    contact: Contact,
    account: Account,
    template: Option<Template>,
    /// The address that is meant, else one that the opt-in covers: that which the person last wrote to the sender from,
    /// else the primary one.
    destination: Option<Identity>,
    window: WindowState,
    slot: Option<Slot>,
    /// The row that asks, if there is one yet.
    row: Option<DispatchId>,
    /// Whether the business would begin to write to them by it, and that is counted.
    begins: bool,
    /// The other senders whose people are counted with this one's, if so.
    others: Vec<Account>,
}

impl Asked {
    fn load(
        set: &mut WorkingSet,
        ctx: &Context<'_>,
        contact: Contact,
        account: Account,
        template: Option<Template>,
        meant: Option<&str>,
    ) -> Step<Self> {
        let found = destinations(set, ctx, &contact, &account)?;
        let window = window_at(ctx, &account, &found);
        let marketing = template
            .as_ref()
            .is_some_and(|t| t.category == Category::Marketing);
        let mut destination: Option<(Identity, _)> = None;
        for (identity, window) in found {
            let enlisted = meant.is_some() && meant == Some(identity.match_key.as_str());
            let permitted = contact
                .consent
                .permits(marketing, account.id, identity.merged_from);
            let rank = (
                enlisted,
                permitted.is_ok(),
                window.and_then(|window| window.last_inbound),
            );
            if destination.as_ref().is_none_or(|best| best.1 < rank) {
                destination = Some((identity, rank));
            }
        }
        let destination = destination.map(|(identity, _)| identity);
        let slot = set.get(&slot_key(ctx, contact.id))?;
        let begins = template.is_some()
            && matches!(window, WindowState::Closed { .. })
            && account.people_a_day().is_some();
        let others = if begins {
            others_of_business(set, ctx, &account)?
        } else {
            Vec::new()
        };
        Ok(Self {
            contact,
            account,
            template,
            destination,
            window,
            slot,
            row: None,
            begins,
            others,
        })
    }

    /// Until when the sender may begin to write to nobody else, if the contact is somebody else.
    fn full_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let limit = self.account.people_a_day().filter(|_| self.begins)?;
        let counted = || self.others.iter().chain([&self.account]);
        let begun = |account: &Account| {
            let began = self
                .contact
                .written_by(account.id)
                .and_then(|written| written.began);
            began.is_some_and(|began| now < began + DAY)
        };
        if counted().any(begun) {
            return None;
        }
        full_until(limit, counted(), now)
    }

    fn check(&self, ctx: &Context<'_>, author: &Author, kind: ContentKind) -> Vec<Denial> {
        self.check_at(ctx, author, kind, ctx.now)
    }

    fn check_at(
        &self,
        ctx: &Context<'_>,
        author: &Author,
        kind: ContentKind,
        now: DateTime<Utc>,
    ) -> Vec<Denial> {
        gate::check(&Passage {
            contact: &self.contact,
            account: &self.account,
            address: self.destination.as_ref(),
            author,
            kind,
            template: self.template.as_ref(),
            window: self.window,
            slot: self.slot.as_ref(),
            written: self
                .contact
                .written_by(self.account.id)
                // Its own refused attempt is no message.
                .filter(|written| Some(written.row) != self.row)
                .map(|written| written.at),
            full_until: self.full_until(now),
            settings: &ctx.org.settings,
            now,
        })
    }
}

/// Who the actor is as an author of messages.
fn author(ctx: &Context<'_>) -> Author {
    match &ctx.actor {
        Actor::Agent(agent) => Author::Agent(*agent),
        Actor::System(name) => Author::Host(name.clone()),
        Actor::Handler(name) => Author::Handler(name.clone()),
        Actor::Contact | Actor::Provider | Actor::Worker => Author::Host("tertulia".to_owned()),
    }
}

/// Whether a message may be sent now, and if not, why and until when. Changes nothing.
pub fn explain(set: &mut WorkingSet, ctx: &Context<'_>, request: &SendRequest) -> Step<Explanation> {
    let contact = even_deleted(set, ctx, request.contact)?;
    let account = sender(set, ctx, &contact, request.account)?;
    let (template, kind) = match &request.draft {
        Draft::Content(content) => (None, content.kind()),
        Draft::Template { name, language, .. } => (
            Some(get_template(set, ctx, name, language)?),
            ContentKind::Template,
        ),
    };
    let asked = Asked::load(set, ctx, contact, account, template, None)?;
    let denials = asked.check(ctx, &author(ctx), kind);
    Ok(Explanation {
        allowed: denials.is_empty(),
        denials,
        window: asked.window,
    })
}

/// How often a recipient may be put off until they are due, before nobody can say when: for a sender that is held, and
/// for quiet hours.
const PUT_OFF: usize = 4;

/// What somebody who is meant would get if a broadcast went out now, or at its time, and when, or why not. Changes nothing.
pub fn simulate(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    broadcast: &Broadcast,
    (id, contact): &Meant,
) -> Step<Simulated> {
    let Some(contact) = contact.clone() else {
        return Ok(Simulated {
            contact: *id,
            at: None,
            text: None,
            skip: Some(SkipReason::NotFound),
            reason: Some(SkipReason::NotFound.words().to_owned()),
        });
    };
    let account = get_account(set, ctx, broadcast.account)?;
    let template = get_template(set, ctx, &broadcast.template, &broadcast.language)?;
    let zone = zone_of(&contact, &ctx.org.settings);
    let due = broadcast.schedule.map(|schedule| schedule.due(zone));
    let mut at = due.unwrap_or(ctx.now).max(ctx.now);
    let asked = Asked::load(set, ctx, contact, account, Some(template.clone()), None)?;
    let author = Author::Broadcast(broadcast.id);
    let mut simulated = Simulated {
        contact: asked.contact.id,
        at: None,
        text: None,
        skip: None,
        reason: None,
    };
    for _ in 0..PUT_OFF {
        let denial = asked
            .check_at(ctx, &author, ContentKind::Template, at)
            .into_iter()
            .next();
        match denial {
            None => {
                match fill(set, ctx, &asked.contact, &template, &broadcast.parameters) {
                    Ok(content) => {
                        simulated.at = Some(at);
                        simulated.text = content.words().map(str::to_owned);
                    }
                    Err(Stop::Refused(error)) => {
                        simulated.skip = Some(SkipReason::MissingValue);
                        simulated.reason = Some(error.message().to_owned());
                    }
                    Err(stop) => return Err(stop),
                }
                return Ok(simulated);
            }
            Some(Denial {
                skip: None,
                lifts: Lift::At(later),
                ..
            }) if later > at => at = later,
            Some(denial) => {
                simulated.skip = denial.skip;
                simulated.reason = Some(denial.message);
                return Ok(simulated);
            }
        }
    }
    Ok(simulated)
}

/// A message that somebody wants to send now: refused with the gravest rule, or committed as `sending`. A member of the
/// team takes the conversation over from its bot or AI by it.
pub fn send(set: &mut WorkingSet, ctx: &mut Context<'_>, request: &SendRequest) -> Step<Flight> {
    let row = ctx.ids.next();
    send_by(set, ctx, request, row)
}

/// [`send`], by the row of the ledger that is to have this id.
pub(crate) fn send_by(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    request: &SendRequest,
    row: DispatchId,
) -> Step<Flight> {
    let slot = slot_key(ctx, request.contact);
    set.need([contact_key(ctx, request.contact), slot])?;
    let contact = get_contact(set, ctx, request.contact)?;
    turns::check_own(ctx, contact.conversation)?;
    let thread = contact.conversation.map(|id| conversations::key(ctx, id));
    let account = request.account.map(|id| account_key(ctx, id));
    let template = match &request.draft {
        Draft::Content(_) => None,
        Draft::Template { name, language, .. } => Some(template_key(ctx, name, language)),
    };
    set.need(thread.into_iter().chain(account).chain(template))?;
    if ctx.agent().is_some() {
        conversations::join(set, ctx, &contact)?;
    }
    let contact = get_contact(set, ctx, request.contact)?;
    let account = sender(set, ctx, &contact, request.account)?;
    let origin = author(ctx);
    let (content, template) = match &request.draft {
        Draft::Content(content) => {
            sendable(content)?;
            (content.clone(), None)
        }
        Draft::Template {
            name,
            language,
            parameters,
        } => {
            let template = get_template(set, ctx, name, language)?;
            template.check(parameters)?;
            (fill(set, ctx, &contact, &template, parameters)?, Some(template))
        }
    };
    let asked = Asked::load(set, ctx, contact, account, template, None)?;
    if let Some(denial) = asked.check(ctx, &origin, content.kind()).into_iter().next() {
        return Err(Error::from(denial).into());
    }
    let category = asked.template.as_ref().map(|template| template.category);
    let row = Dispatch::pending(
        row,
        ctx.org.id,
        origin,
        asked.contact.id,
        asked.account.id,
        ctx.now,
        settles_within(ctx, category),
    );
    take_off(set, ctx, asked, row, content, request.reply_to.clone(), None)
}

/// Another attempt at a message that somebody waits for, which the platform refused for the key, now that there is another
/// one. It passes the gate anew.
pub fn again(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    flight: &Flight,
    refused: &Failure,
) -> Step<Flight> {
    let row: Option<Dispatch> = set.get(&dispatch_key(ctx, flight.dispatch))?;
    let waits = |row: &Dispatch| {
        row.attempt == Some(flight.attempt) && matches!(row.state, DispatchState::Sending { .. })
    };
    let gone = || {
        let message = format!("ledger row {} is not being sent any more", flight.dispatch);
        Error::new(Code::MessageNotFound, message)
    };
    let mut row = row.filter(waits).ok_or_else(gone)?;
    let message: Option<Message> = match row.message {
        Some(message) => set.get(&Key::Message {
            org: ctx.org.id,
            message,
        })?,
        None => None,
    };
    let message = message.ok_or_else(gone)?;
    let contact = get_contact(set, ctx, row.contact)?;
    let account = get_account(set, ctx, row.account)?;
    let template = match &message.content {
        Content::Template { template, .. } => {
            Some(get_template(set, ctx, &template.name, &template.language)?)
        }
        _ => None,
    };
    let mut asked = Asked::load(set, ctx, contact, account, template, row.match_key.as_deref())?;
    // Its own turn is no hindrance.
    asked.slot = asked.slot.and_then(|slot| slot.without(flight.attempt));
    if let Some(denial) = asked
        .check(ctx, &row.origin, message.content.kind())
        .into_iter()
        .next()
    {
        return Err(Error::from(denial).into());
    }
    row.failure = Some(refused.clone());
    let into = Some(message.conversation);
    let next = take_off(set, ctx, asked, row, message.content, message.reply_to, into)?;
    Ok(Flight {
        // As it was uploaded.
        content: flight.content.clone(),
        ..next
    })
}

/// Refuses what only a platform can say.
fn sendable(content: &Content) -> Result<(), Error> {
    match content {
        Content::Text { .. }
        | Content::Media(_)
        | Content::Location(_)
        | Content::Contacts { .. }
        | Content::Buttons(_)
        | Content::List(_)
        | Content::Reaction { .. } => Ok(()),
        _ => Err(Error::new(
            Code::MessageInvalid,
            format!(
                "a message of kind {:?} cannot be sent; send a template by its name",
                content.kind()
            ),
        )),
    }
}

/// How long an attempt with unknown outcome may still settle.
pub fn settles_within(ctx: &Context<'_>, category: Option<Category>) -> u32 {
    let set = ctx.org.settings.unknown_after_seconds;
    if category == Some(Category::Authentication) {
        set.min(AUTHENTICATION_LIFETIME_SECONDS)
    } else {
        set
    }
}

struct ContactAttributes<'a>(&'a Contact);

impl Attributes for ContactAttributes<'_> {
    fn text(&self, name: &str) -> Option<std::borrow::Cow<'_, str>> {
        use serde_json::Value;
        match self.0.attributes.get(name)? {
            Value::String(text) => Some(text.into()),
            Value::Number(number) => Some(number.to_string().into()),
            Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.into()),
            _ => None,
        }
    }
}

/// A text or template filled for one contact, by who asks.
pub fn with_values<T>(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &Contact,
    render: impl FnOnce(&Values<'_>) -> Result<T, Error>,
) -> Step<T> {
    let settings = &ctx.org.settings;
    let common = Common {
        org_name: settings.name.clone(),
        agent_name: acting_name(set, ctx)?,
        date: settings.date_format.write(ctx.now, settings.zone),
        time: settings.time_format.write(ctx.now, settings.zone),
    };
    let name = contact.full_name();
    let phone = contact.phone().map(|phone| phone.address.value.as_str());
    let attributes = ContactAttributes(contact);
    let mut values = Values::new(&common);
    values.name = name.as_deref();
    values.first_name = contact.first_name.as_deref();
    values.last_name = contact.last_name.as_deref();
    values.phone = phone;
    values.email = contact.email.as_deref();
    values.attributes = &attributes;
    Ok(render(&values)?)
}

fn fill(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &Contact,
    template: &Template,
    parameters: &TemplateParameters,
) -> Step<Content> {
    let checked = template.check(parameters)?;
    let filled = with_values(set, ctx, contact, |values| checked.fill(values, false))?;
    let text = filled.preview_text(template);
    Ok(Content::Template {
        template: filled,
        text,
    })
}

/// The answer to a STOP: one row, sent by a worker.
pub(crate) fn confirm_stop(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    contact: &Contact,
    account: &Account,
) {
    if ctx.org.settings.stop_confirmation.is_none() || account.channel.confirms_stop() {
        return;
    }
    let row = Dispatch::pending(
        ctx.ids.next(),
        ctx.org.id,
        Author::StopConfirmation,
        contact.id,
        account.id,
        ctx.now,
        settles_within(ctx, None),
    );
    set.put(row);
}

/// The template, which must be there and approved.
fn template_to_send(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    name: &str,
    language: &Language,
) -> Step<Template> {
    let template = get_template(set, ctx, name, language)?;
    template.sendable()?;
    Ok(template)
}

/// What became of a row that a worker was about to send.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    /// It may be put on the wire.
    Flies(Box<Flight>),
    /// It waits again: its campaign is paused, its sender is held, or it is not the time.
    PutBack,
    /// It is left out, for the reason that it has now.
    LeftOut,
    /// It is another worker's by now, or was left out by somebody else.
    NotOurs,
}

impl Begun {
    /// What may be put on the wire, if it may.
    pub fn flight(self) -> Option<Flight> {
        match self {
            Self::Flies(flight) => Some(*flight),
            Self::PutBack | Self::LeftOut | Self::NotOurs => None,
        }
    }
}

/// A worker is about to send a row that it leased.
pub fn begin(set: &mut WorkingSet, ctx: &mut Context<'_>, dispatch: DispatchId, epoch: u64) -> Step<Begun> {
    let row: Option<Dispatch> = set.get(&dispatch_key(ctx, dispatch))?;
    // Skipped meanwhile, or another worker's by now.
    let Some(mut row) =
        row.filter(|row| matches!(row.state, DispatchState::Leased { .. }) && row.epoch == epoch)
    else {
        return Ok(Begun::NotOurs);
    };
    let campaign = row.campaign().map(|campaign| match campaign {
        Campaign::Broadcast(id) => broadcasts::key(ctx, id),
        Campaign::Sequence(id) => sequences::key(ctx, id),
    });
    let enrollment = row
        .step
        .as_ref()
        .map(|step| enrollments::key(ctx, step.enrollment));
    set.need(
        [
            contact_key(ctx, row.contact),
            account_key(ctx, row.account),
            slot_key(ctx, row.contact),
        ]
        .into_iter()
        .chain(campaign)
        .chain(enrollment),
    )?;
    let Some(contact) = find_contact(set, ctx, row.contact)? else {
        skip(set, ctx, row, SkipReason::Deleted)?;
        return Ok(Begun::LeftOut);
    };
    let account = get_account(set, ctx, row.account)?;
    let letter = match row.origin {
        Author::Survey(survey) => {
            let Some(letter) = Letter::of(set, ctx, &row, survey, &contact)? else {
                skip(set, ctx, row, SkipReason::SurveyOver)?;
                return Ok(Begun::LeftOut);
            };
            Some(letter)
        }
        _ => None,
    };
    let by_template = if let Some(sequence) = row.sequence() {
        match step_to_send(set, ctx, &row, sequence)? {
            StepNow::Sends(message) => Some((message.template, message.language, message.parameters)),
            StepNow::Waits => return Ok(put_back(set, row)),
            StepNow::Left => {
                skip(set, ctx, row, SkipReason::LeftSequence)?;
                return Ok(Begun::LeftOut);
            }
        }
    } else if let Some(broadcast) = row.broadcast() {
        let broadcast = get_broadcast(set, ctx, broadcast)?;
        // A pause or cancellation that is committed meanwhile wins.
        set.expect(&broadcasts::key(ctx, broadcast.id));
        match broadcast.state {
            BroadcastState::Running { .. } => {}
            BroadcastState::Cancelling { .. } | BroadcastState::Cancelled { .. } => {
                skip(set, ctx, row, SkipReason::Cancelled)?;
                return Ok(Begun::LeftOut);
            }
            _ => return Ok(put_back(set, row)),
        }
        Some((broadcast.template, broadcast.language, broadcast.parameters))
    } else if let Some(letter) = &letter {
        let template = letter.template(set, ctx, &contact, &account)?;
        template.map(|template| (template.name, template.language, TemplateParameters::default()))
    } else {
        None
    };
    let template = by_template
        .as_ref()
        .map(|(name, language, _)| template_key(ctx, name, language));
    set.need(
        reached(ctx, &contact, &account)
            .map(|(_, window)| window)
            .chain(template),
    )?;
    let (template, parameters) = match by_template {
        Some((name, language, parameters)) => match template_to_send(set, ctx, &name, &language) {
            Ok(template) => (Some(template), parameters),
            Err(Stop::Refused(error)) => {
                if !stop(set, ctx, &row, Refusal::from(&error))? {
                    skip(set, ctx, row, SkipReason::TemplateNotApproved)?;
                    return Ok(Begun::LeftOut);
                }
                return Ok(put_back(set, row));
            }
            Err(stop) => return Err(stop),
        },
        None => (None, TemplateParameters::default()),
    };
    // Whose contact was merged goes to the address that it was enlisted with: the other one has a row of its own.
    let meant = row.match_key.as_deref().filter(|_| !contact.merged.is_empty());
    let mut asked = Asked::load(set, ctx, contact, account, template, meant)?;
    asked.row = Some(row.id);
    if goes_by_another_row(set, ctx, &row, &asked)? {
        skip(set, ctx, row, SkipReason::Merged)?;
        set.expect(&contact_key(ctx, asked.contact.id));
        return Ok(Begun::LeftOut);
    }
    let kind = match (&asked.template, &letter) {
        (Some(_), _) => ContentKind::Template,
        (None, Some(letter)) => letter.kind(),
        (None, None) => ContentKind::Text,
    };
    if let Some(denial) = asked.check(ctx, &row.origin, kind).into_iter().next() {
        set.expect(&contact_key(ctx, asked.contact.id));
        if let Some(reason) = denial.skip {
            skip(set, ctx, row, reason)?;
            return Ok(Begun::LeftOut);
        }
        // Not this recipient but the sender has to wait.
        row.not_before = match denial.lifts {
            Lift::At(at) => at,
            Lift::When(_) => ctx.now + LOOK_AGAIN,
        };
        return Ok(put_back(set, row));
    }
    let content = match (&asked.template, &letter) {
        (Some(template), _) => match fill(set, ctx, &asked.contact, template, &parameters) {
            Ok(content) => Some(content),
            Err(Stop::Refused(_)) => None,
            Err(stop) => return Err(stop),
        },
        (None, Some(letter)) => letter.content(set, ctx, &asked.contact)?,
        (None, None) => ctx.org.settings.stop_confirmation.as_deref().map(Content::text),
    };
    let Some(content) = content else {
        skip(set, ctx, row, SkipReason::MissingValue)?;
        return Ok(Begun::LeftOut);
    };
    let heard = asked.contact.last_inbound;
    let into = letter.as_ref().map(Letter::conversation);
    let flight = take_off(set, ctx, asked, row, content, None, into)?;
    if let Some(letter) = letter {
        letter.goes_out(set, ctx, heard)?;
    }
    Ok(Begun::Flies(Box::new(flight)))
}

/// Pauses the broadcast or sequence that a row with a stopped template is of: nobody gets it now, so that nobody is used
/// up. Whether there was anything to pause: a sequence's earlier edition nobody can mend any more, and it goes on without.
pub(crate) fn stop(set: &mut WorkingSet, ctx: &Context<'_>, row: &Dispatch, refusal: Refusal) -> Step<bool> {
    match row.campaign() {
        Some(Campaign::Broadcast(id)) => broadcasts::stop(set, ctx, id, refusal)?,
        Some(Campaign::Sequence(id)) if enrollments::is_of_today(set, ctx, row)? => {
            sequences::stop(set, ctx, id, refusal)?;
        }
        Some(Campaign::Sequence(_)) | None => return Ok(false),
    }
    Ok(true)
}

/// Not yet: back in the queue, without a word in the journal.
fn put_back(set: &mut WorkingSet, mut row: Dispatch) -> Begun {
    row.state = DispatchState::Pending;
    set.put(row);
    Begun::PutBack
}

/// What is to become of a step's message now.
enum StepNow {
    /// It is this, and goes out.
    Sends(Box<MessageStep>),
    /// Its sequence is paused.
    Waits,
    /// Whom it is for stands there no more.
    Left,
}

/// The message of a step that somebody stands at, if its sequence is active: a pause, or whatever takes them out, that is
/// committed meanwhile wins.
fn step_to_send(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    row: &Dispatch,
    sequence: SequenceId,
) -> Step<StepNow> {
    let sequence = sequences::get(set, ctx, sequence)?;
    set.expect(&sequences::key(ctx, sequence.id));
    if !sequence.state.is_active() {
        return Ok(StepNow::Waits);
    }
    let Some(of) = &row.step else {
        return Ok(StepNow::Left);
    };
    let enrollment: Option<Enrollment> = set.get(&enrollments::key(ctx, of.enrollment))?;
    let Some(enrollment) = enrollment.filter(|enrollment| enrollments::waits_for(enrollment, row)) else {
        return Ok(StepNow::Left);
    };
    let definition = sequences::edition(set, ctx, &sequence, enrollment.version)?;
    let step = definition
        .place(&of.step)
        .map(|place| &definition.steps[place].does);
    Ok(match step {
        Some(StepKind::Message(message)) => StepNow::Sends(Box::new(message.clone())),
        _ => StepNow::Left,
    })
}

/// Leaves out a recipient of a cancelled broadcast, if they still wait.
pub fn call_off(set: &mut WorkingSet, ctx: &Context<'_>, dispatch: DispatchId) -> Step<()> {
    let row: Option<Dispatch> = set.get(&dispatch_key(ctx, dispatch))?;
    let waits = |row: &Dispatch| matches!(row.state.name(), StateName::Pending | StateName::Leased);
    match row.filter(waits) {
        Some(row) => skip(set, ctx, row, SkipReason::Cancelled),
        None => Ok(()),
    }
}

/// Whether a person who is in a broadcast several times, since their contacts were merged, gets it by another row: one
/// that went out or may have, one of the contact that the others were merged into, or one to the same address.
fn goes_by_another_row(set: &mut WorkingSet, ctx: &Context<'_>, row: &Dispatch, asked: &Asked) -> Step<bool> {
    let Some(broadcast) = row.broadcast().filter(|_| !asked.contact.merged.is_empty()) else {
        return Ok(false);
    };
    let rows: Vec<Dispatch> = set.list(&Lookup::Recipients {
        org: ctx.org.id,
        broadcast,
        contacts: asked.contact.ids().collect(),
    })?;
    let place = |row: &Dispatch| asked.contact.ids().position(|id| id == row.contact);
    let to = asked.destination.as_ref().map(|identity| &identity.match_key);
    let goes_first = |other: &Dispatch| match other.state.name() {
        StateName::Pending | StateName::Leased => place(other) < place(row),
        StateName::Skipped | StateName::Failed => to.is_some() && other.match_key.as_ref() == to,
        _ => true,
    };
    Ok(rows.iter().any(|other| other.id != row.id && goes_first(other)))
}

pub(crate) fn skip(set: &mut WorkingSet, ctx: &Context<'_>, row: Dispatch, reason: SkipReason) -> Step<()> {
    let contact = row.contact;
    skip_with(set, ctx, row, contact, reason)
}

/// [`skip`], told of a contact that the row's own may have been merged into.
pub(crate) fn skip_with(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    mut row: Dispatch,
    contact: ContactId,
    reason: SkipReason,
) -> Step<()> {
    row.state = DispatchState::Skipped { reason };
    surveys::follow(set, ctx, &row)?;
    journal_with(set, ctx, &row, contact);
    set.put(row);
    Ok(())
}

pub(crate) fn journal_row(set: &mut WorkingSet, ctx: &Context<'_>, row: &Dispatch) {
    journal_with(set, ctx, row, row.contact);
}

fn journal_with(set: &mut WorkingSet, ctx: &Context<'_>, row: &Dispatch, contact: ContactId) {
    let reason = match row.state {
        DispatchState::Skipped { reason } => Some(reason),
        _ => None,
    };
    set.journal(ctx.about(
        contact,
        What::DispatchChanged {
            dispatch: row.id,
            broadcast: row.broadcast(),
            sequence: row.sequence(),
            state: row.state.name(),
            reason,
            code: row.failure.as_ref().map(|failure| failure.code.clone()),
        },
    ));
}

/// The other senders whose people the platform counts with this one's.
pub(crate) fn others_of_business(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    account: &Account,
) -> Step<Vec<Account>> {
    let mut others: Vec<Account> = set.list(&Lookup::Accounts { org: ctx.org.id })?;
    others.retain(|other| other.id != account.id && other.shares_business(account));
    Ok(others)
}

/// The business begins to write to somebody, which counts for a day from now on and once. Whether they did not count
/// already.
fn count_begun(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &mut Contact,
    account: &mut Account,
    others: Vec<Account>,
) -> bool {
    let mut anew = true;
    for mut other in others {
        if let Some(began) = contact.forget_begun(other.id, ctx.now) {
            anew = false;
            other.take_back(began);
            set.put(other);
        } else {
            // Of two senders that begin with the last of the day at once, one does.
            set.expect(&account_key(ctx, other.id));
        }
    }
    if let Some(began) = contact.forget_begun(account.id, ctx.now) {
        anew = false;
        account.take_back(began);
    }
    account.begin(ctx.now);
    set.put(account.clone());
    anew
}

/// The gate said yes: slot, message and `sending` are one commit with it, just before the socket. `into`: the thread that it
/// goes into, if not the one that goes on.
fn take_off(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    asked: Asked,
    mut row: Dispatch,
    content: Content,
    reply_to: Option<String>,
    into: Option<ConversationId>,
) -> Step<Flight> {
    let Asked {
        mut contact,
        mut account,
        template,
        destination,
        slot,
        begins,
        others,
        ..
    } = asked;
    let identity = destination.ok_or_else(|| {
        Error::new(
            Code::ContactNoAddress,
            format!("contact {} has no address on {}", contact.id, account.channel),
        )
    })?;
    let to = identity.sending_address();
    row.match_key = Some(identity.match_key);
    let attempt: AttemptId = ctx.ids.next();

    let known = match into {
        Some(into) => Some(conversations::get(set, ctx, into)?),
        None => conversations::current(set, ctx, &contact)?,
    };
    let mut conversation = match known {
        Some(conversation) => conversation,
        None => conversations::open(set, ctx, &mut contact, None, ctx.now),
    };
    conversation.channels.insert(account.channel);
    conversation.last_activity = conversation.last_activity.max(ctx.now);
    let known: Option<Message> = match row.message {
        Some(message) => set.get(&Key::Message {
            org: ctx.org.id,
            message,
        })?,
        None => None,
    };
    // A retry is a new attempt at the same message.
    let message = if let Some(mut message) = known {
        message.content = content.clone();
        message.at = ctx.now;
        message
    } else {
        let message = Message {
            id: ctx.ids.next(),
            org: ctx.org.id,
            conversation: conversation.id,
            contact: contact.id,
            account: account.id,
            channel: account.channel,
            address: to.clone(),
            author: row.origin.clone(),
            provider_id: None,
            content: content.clone(),
            reply_to: reply_to.clone(),
            forwarded: false,
            group_id: None,
            referral: None,
            at: ctx.now,
            dispatch: Some(row.id),
            delivery: Delivery::default(),
            reactions: BTreeMap::new(),
            edited: None,
            revoked: None,
        };
        set.journal(ctx.about(
            contact.id,
            What::MessageSent {
                message: message.id,
                kind: content.kind(),
                channel: account.channel,
                dispatch: Some(row.id),
                broadcast: row.broadcast(),
                sequence: row.sequence(),
            },
        ));
        message
    };
    let token = attempt_token(attempt);
    set.put(MessageRef {
        org: ctx.org.id,
        account: account.id,
        token,
        message: message.id,
        dispatch: Some(row.id),
    });
    if template.is_some_and(|template| template.category == Category::Marketing) {
        set.put(Slot::taken(ctx.org.id, contact.id, attempt, ctx.now, slot));
    }
    row.state = DispatchState::Sending { since: ctx.now };
    row.attempts += 1;
    row.attempt = Some(attempt);
    row.message = Some(message.id);
    let mut began = contact.written_by(account.id).and_then(|written| written.began);
    let mut took = false;
    if begins {
        took = count_begun(set, ctx, &mut contact, &mut account, others);
        began = Some(ctx.now);
    }
    contact.writes(Written {
        at: ctx.now,
        account: account.id,
        row: row.id,
        began,
        took,
    });
    contact.touch(ctx.now, false);
    if row.campaign().is_some() {
        contact.last_campaign = Some((ctx.now, row.id));
    }
    let dispatch = row.id;
    set.put(conversation);
    set.put(message);
    set.put(row);
    // Written even if nothing in it changed: an opt-out committed meanwhile must make this commit fail.
    set.put(contact);
    Ok(Flight {
        dispatch,
        attempt,
        account,
        to,
        content,
        reply_to,
        send_by: ctx.now + SEND_WITHIN,
    })
}
