//! What became of an attempt: the platform's answer, its later word, or none at all.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use crate::account::{Account, AccountState};
use crate::broadcast::Refusal;
use crate::contact::RecordStatus;
use crate::context::Context;
use crate::conversation::{Author, Evidence, Message, MessageRef};
use crate::decide::broadcasts;
use crate::decide::contacts::{contact_key, find, identity_key, link_addresses, resolve};
use crate::decide::erasure::is_erased;
use crate::decide::evidence::{message_key, opted_out_at_platform, parked_key, ref_key, take_parked};
use crate::decide::sending::{dispatch_key, get_account, journal_row, others_of_business, slot_key, stop};
use crate::decide::surveys;
use crate::error::{Code, Error};
use crate::identity::Address;
use crate::ids::{AccountId, AttemptId, ContactId, DispatchId, MessageId};
use crate::journal::What;
use crate::ledger::{Accepted, Campaign, Dispatch, DispatchState, Outcome, Reached, Slot};
use crate::message::{Delivery, StatusKind};
use crate::record::Key;
use crate::retry::{Failure, FailureClass, NextStep, next_step};
use crate::working_set::{Step, WorkingSet};

/// Records what is known about an attempt.
pub fn land(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    dispatch: DispatchId,
    attempt: AttemptId,
    outcome: &Outcome,
) -> Step<DispatchState> {
    let row: Option<Dispatch> = set.get(&dispatch_key(ctx, dispatch))?;
    let Some(row) = row else {
        return Err(Error::new(
            Code::MessageNotFound,
            format!("there is no ledger row {dispatch}"),
        )
        .into());
    };
    if row.attempt != Some(attempt) {
        return Ok(row.state);
    }
    let Some(id) = row.message else {
        return Ok(row.state);
    };
    let key = message_key(ctx, id);
    let learned: Vec<Key> = match outcome {
        Outcome::Accepted(accepted) => {
            let by_id = ref_key(ctx, row.account, &accepted.provider_id);
            let parked = parked_key(ctx, row.account, &accepted.provider_id);
            let addresses = accepted
                .addresses
                .iter()
                .map(|address| identity_key(ctx, address));
            addresses.chain([by_id, parked]).collect()
        }
        _ => Vec::new(),
    };
    set.need(
        [key.clone(), contact_key(ctx, row.contact)]
            .into_iter()
            .chain(learned),
    )?;
    // Gone where the contact was deleted meanwhile, and its conversations with it.
    let message: Option<Message> = set.get(&key)?;
    match outcome {
        Outcome::Accepted(accepted) => took(set, ctx, &row, id, message, accepted),
        Outcome::Refused(failure) | Outcome::NotSent(failure) => turned_away(set, ctx, row, message, failure),
        Outcome::Unknown { detail } => {
            let mut row = row;
            if matches!(row.state, DispatchState::Sending { .. }) {
                row.state = DispatchState::Unknown {
                    since: ctx.now,
                    until: ctx.now + TimeDelta::seconds(i64::from(row.settles_within_seconds)),
                };
                row.failure = Some(Failure::new(FailureClass::Transient, "no_answer", detail));
                surveys::follow(set, ctx, &row)?;
                journal_row(set, ctx, &row);
                set.put(row.clone());
            }
            Ok(row.state)
        }
    }
}

fn took(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    row: &Dispatch,
    id: MessageId,
    message: Option<Message>,
    accepted: &Accepted,
) -> Step<DispatchState> {
    let by_id = ref_key(ctx, row.account, &accepted.provider_id);
    let parked = parked_key(ctx, row.account, &accepted.provider_id);
    let status = if accepted.held {
        StatusKind::Held
    } else {
        StatusKind::Accepted
    };
    let mut learned = vec![Evidence::Status { status, at: ctx.now }];
    let way = MessageRef {
        org: ctx.org.id,
        account: row.account,
        token: accepted.provider_id.clone(),
        message: id,
        dispatch: Some(row.id),
    };
    if set.get::<MessageRef>(&by_id)?.is_none() {
        learned.extend(take_parked(set, &parked)?);
        if message.is_some() || !is_erased(set, ctx, row.contact)? {
            set.put(way.clone());
        }
    }
    if let Some(old) = message {
        let mut new = old.clone();
        new.provider_id = Some(accepted.provider_id.clone());
        for evidence in &learned {
            new.absorb(evidence);
        }
        let to = [new.address.clone()];
        opted_out_at_platform(set, ctx, row.account, row.contact, &to, &learned)?;
        settle_by_evidence(set, ctx, &old, &new)?;
        set.put(new);
    } else {
        settle_without_message(set, ctx, row.account, &way, &accepted.addresses, &learned)?;
    }
    learn_addresses(set, ctx, row.contact, &accepted.addresses)?;
    let row: Option<Dispatch> = set.get(&dispatch_key(ctx, row.id))?;
    Ok(row.map_or(DispatchState::Failed, |row| row.state))
}

/// The platform's own spelling of the recipient is kept for the next message; an id that it adds is linked.
fn learn_addresses(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: ContactId,
    addresses: &[Address],
) -> Step<()> {
    let Some(old) = find(set, ctx, contact)?.filter(|contact| contact.status != RecordStatus::Deleted) else {
        return Ok(());
    };
    let mut new = old.clone();
    link_addresses(set, ctx, &mut new, addresses, ctx.now, true)?;
    if new != old {
        set.put(new);
    }
    Ok(())
}

fn turned_away(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    mut row: Dispatch,
    message: Option<Message>,
    failure: &Failure,
) -> Step<DispatchState> {
    if !matches!(
        row.state,
        DispatchState::Sending { .. } | DispatchState::Unknown { .. }
    ) {
        return Ok(row.state);
    }
    // Nothing was sent: the slot is free again, unless the person got something by another contact that was merged.
    let slot_key = slot_key(ctx, resolve(set, ctx, row.contact)?);
    if let (Some(slot), Some(attempt)) = (set.get::<Slot>(&slot_key)?, row.attempt) {
        match slot.clone().without(attempt) {
            None => set.remove(slot_key),
            Some(rest) if rest != slot => set.put(rest),
            Some(_) => {}
        }
    }
    let mut account = get_account(set, ctx, row.account)?;
    give_back(set, ctx, &row, &mut account)?;
    let refused = StatusKind::Failed(failure.clone());
    let evidence = Evidence::Status {
        status: refused.clone(),
        at: ctx.now,
    };
    let to: Vec<Address> = message.iter().map(|message| message.address.clone()).collect();
    opted_out_at_platform(set, ctx, row.account, row.contact, &to, &[evidence])?;
    let uses_up = failure.class.uses_up();
    row.faults += u32::from(uses_up);
    let tries = if uses_up {
        row.faults
    } else {
        row.attempts.saturating_sub(row.faults)
    };
    let step = match next_step(failure, tries) {
        // Refused with the key that came in place of a refused one.
        NextStep::RetryAfter(_) if refused_again(&row, failure) => NextStep::StopSender,
        step => step,
    };
    // An answer that comes late: the broadcast may be over.
    let over = match (row.campaign(), &row.state, step) {
        (_, _, NextStep::GiveUp) => false,
        (Some(Campaign::Broadcast(broadcast)), DispatchState::Unknown { .. }, _) => {
            !broadcasts::takes_up(set, ctx, broadcast)?
        }
        // The contact is further by now.
        (Some(Campaign::Sequence(_)), DispatchState::Unknown { .. }, _) => true,
        _ => false,
    };
    let mut stopped = false;
    match step {
        NextStep::HoldSender(wait) => set_account_state(set, ctx, account, held(ctx.now + wait)),
        NextStep::HoldBusiness(wait) => hold_business(set, ctx, &account, ctx.now + wait)?,
        NextStep::HoldBusinessToday => hold_business(set, ctx, &account, next_day(ctx.now))?,
        NextStep::StopSender => {
            let state = AccountState::Stopped {
                failure: failure.clone(),
                since: ctx.now,
            };
            set_account_state(set, ctx, account, state);
        }
        NextStep::StopBroadcast => {
            let refusal = Refusal {
                code: failure.code.clone(),
                message: failure.detail.clone(),
            };
            stopped = stop(set, ctx, &row, refusal)?;
        }
        NextStep::RetryAfter(_) | NextStep::GiveUp => {}
    }
    row.failure = Some(failure.clone());
    // Somebody waits for the answer of a message sent by hand: they decide about another try.
    let by_hand = matches!(
        row.origin,
        Author::Agent(_) | Author::Host(_) | Author::Handler(_)
    );
    let as_text = surveys::not_sent(set, ctx, &row, failure)?;
    let pause = match step {
        NextStep::RetryAfter(wait) | NextStep::HoldSender(wait) | NextStep::HoldBusiness(wait) => Some(wait),
        NextStep::HoldBusinessToday | NextStep::StopSender => Some(TimeDelta::zero()),
        NextStep::StopBroadcast => stopped.then(TimeDelta::zero),
        NextStep::GiveUp => as_text.then(TimeDelta::zero),
    };
    if let Some(pause) = pause.filter(|_| !by_hand && !over) {
        row.state = DispatchState::Pending;
        row.not_before = ctx.now + pause;
    } else {
        row.state = DispatchState::Failed;
        if let Some(mut message) = message {
            message.delivery.observe(&refused, ctx.now);
            set.put(message);
        }
    }
    surveys::follow(set, ctx, &row)?;
    journal_row(set, ctx, &row);
    set.put(row.clone());
    Ok(row.state)
}

/// Nobody was written to: the place among the day's people is free again.
fn give_back(set: &mut WorkingSet, ctx: &Context<'_>, row: &Dispatch, account: &mut Account) -> Step<()> {
    if account.begun.is_empty() {
        return Ok(());
    }
    let Some(mut contact) = find(set, ctx, row.contact)? else {
        return Ok(());
    };
    let took = contact
        .written_by(account.id)
        .is_some_and(|written| written.row == row.id && written.took);
    if took && let Some(began) = contact.forget_begun(account.id, ctx.now) {
        account.take_back(began);
        set.put(account.clone());
        set.put(contact);
    }
    Ok(())
}

/// Whether the attempt before was refused for its key, too.
fn refused_again(row: &Dispatch, failure: &Failure) -> bool {
    let by_key = |failure: &Failure| failure.class == FailureClass::KeyReplaced;
    by_key(failure) && row.failure.as_ref().is_some_and(by_key)
}

const fn held(until: DateTime<Utc>) -> AccountState {
    AccountState::Held { until }
}

/// Midnight, by which platforms count days: UTC.
fn next_day(now: DateTime<Utc>) -> DateTime<Utc> {
    let midnight = now.date_naive().and_time(NaiveTime::MIN).and_utc();
    midnight + TimeDelta::days(1)
}

/// Holds a sender and all others of its business account.
fn hold_business(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    account: &Account,
    until: DateTime<Utc>,
) -> Step<()> {
    let others = others_of_business(set, ctx, account)?;
    for one in others.into_iter().chain([account.clone()]) {
        set_account_state(set, ctx, one, held(until));
    }
    Ok(())
}

/// Changes whether a sender may send, and journals it; of two holds the later stays.
pub(crate) fn set_account_state(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    mut account: Account,
    state: AccountState,
) {
    let keep = match (&account.state, &state) {
        (AccountState::Held { until: old }, AccountState::Held { until: new }) => old >= new,
        (AccountState::Stopped { .. } | AccountState::Disabled, AccountState::Held { .. }) => true,
        (old, new) => old == new,
    };
    if keep {
        return;
    }
    let change = match &state {
        AccountState::Active => "active".to_owned(),
        AccountState::Held { until } => format!("held until {until}"),
        AccountState::Stopped { failure, .. } => format!("stopped: {} {}", failure.code, failure.detail),
        AccountState::Disabled => "disabled".to_owned(),
    };
    set.journal(ctx.entry(What::AccountChanged {
        account: account.id,
        change,
    }));
    account.state = state;
    set.put(account);
}

/// Moves a ledger row by what became known about its message, and journals how far the message got.
pub(crate) fn settle_by_evidence(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    old: &Message,
    new: &Message,
) -> Step<()> {
    let (before, after) = (old.delivery.status(), new.delivery.status());
    if before != after {
        set.journal(ctx.about(
            new.contact,
            What::MessageStatus {
                message: new.id,
                status: after,
            },
        ));
    }
    let Some(dispatch) = new.dispatch else {
        return Ok(());
    };
    let row: Option<Dispatch> = set.get(&dispatch_key(ctx, dispatch))?;
    let Some(mut row) = row.filter(|row| row.message == Some(new.id)) else {
        return Ok(());
    };
    let before = row.clone();
    row.observe(&new.delivery);
    if row != before {
        surveys::follow(set, ctx, &row)?;
        set.put(row);
    }
    Ok(())
}

/// The same of a row whose message is gone with its conversation; whether it says anything new.
pub(crate) fn settle_without_message(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    account: AccountId,
    way: &MessageRef,
    to: &[Address],
    learned: &[Evidence],
) -> Step<bool> {
    let row: Option<Dispatch> = match way.dispatch {
        Some(dispatch) => set.get(&dispatch_key(ctx, dispatch))?,
        None => None,
    };
    let Some(before) = row.filter(|row| row.message == Some(way.message)) else {
        return Ok(false);
    };
    opted_out_at_platform(set, ctx, account, before.contact, to, learned)?;
    // What the row says already is all that is left of the evidence before.
    let mut delivery = Delivery::default();
    match (&before.state, &before.failure) {
        (DispatchState::Accepted { reached }, _) => {
            let reached = match reached {
                Reached::Accepted => StatusKind::Accepted,
                Reached::Sent => StatusKind::Sent,
                Reached::Delivered => StatusKind::Delivered,
                Reached::Read => StatusKind::Read,
            };
            delivery.observe(&reached, ctx.now);
        }
        (DispatchState::Failed, Some(failure)) => {
            delivery.observe(&StatusKind::Failed(failure.clone()), ctx.now);
        }
        _ => {}
    }
    for evidence in learned {
        if let Evidence::Status { status, at } = evidence {
            delivery.observe(status, *at);
        }
    }
    let mut row = before.clone();
    row.observe(&delivery);
    if row == before {
        return Ok(false);
    }
    surveys::follow(set, ctx, &row)?;
    journal_row(set, ctx, &row);
    set.put(row);
    Ok(true)
}

/// A row whose time is over: `sending` without a recorded outcome turns unknown, unknown ends as unconfirmed.
pub fn expire(set: &mut WorkingSet, ctx: &Context<'_>, dispatch: DispatchId) -> Step<()> {
    let row: Option<Dispatch> = set.get(&dispatch_key(ctx, dispatch))?;
    let Some(mut row) = row.filter(|row| row.due().is_some_and(|due| due <= ctx.now)) else {
        return Ok(());
    };
    row.state = match row.state {
        DispatchState::Sending { since } => DispatchState::Unknown {
            since: ctx.now,
            until: since + TimeDelta::seconds(i64::from(row.settles_within_seconds)),
        },
        DispatchState::Unknown { .. } => DispatchState::Unconfirmed,
        _ => return Ok(()),
    };
    surveys::follow(set, ctx, &row)?;
    journal_row(set, ctx, &row);
    set.put(row);
    Ok(())
}

/// Sends an unconfirmed row of a broadcast again, by an explicit choice: the person may get the message twice.
pub fn resend(set: &mut WorkingSet, ctx: &Context<'_>, dispatch: DispatchId) -> Step<()> {
    let row: Option<Dispatch> = set.get(&dispatch_key(ctx, dispatch))?;
    // What an agent or the host wrote is not in the row: they send it again themselves.
    let again = |row: &Dispatch| row.state == DispatchState::Unconfirmed && row.broadcast().is_some();
    let Some(mut row) = row.filter(again) else {
        let message = format!("ledger row {dispatch} is not an unconfirmed one of a broadcast");
        return Err(Error::new(Code::MessageInvalid, message).into());
    };
    row.state = DispatchState::Pending;
    row.not_before = ctx.now;
    row.message = None;
    row.attempt = None;
    journal_row(set, ctx, &row);
    set.put(row);
    Ok(())
}
