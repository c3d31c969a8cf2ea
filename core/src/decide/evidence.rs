//! What becomes known about a message, perhaps before the message itself: statuses, reactions, edits, deletions.

use chrono::{DateTime, Utc};

use crate::account::Account;
use crate::consent::{Change, Fact, Proof, Purpose, Scope, Source};
use crate::contact::RecordStatus;
use crate::context::Context;
use crate::conversation::{Evidence, Message, MessageRef, Parked, attempt_token};
use crate::decide::contacts::{find, holder, identity_key, link_addresses, record_consent_of};
use crate::decide::erasure::is_erased;
use crate::decide::landing::{settle_by_evidence, settle_without_message};
use crate::decide::receive::{Applied, count_blocked, known, learn_windows};
use crate::decide::sending::dispatch_key;
use crate::decide::suppression::{is_forgotten, learn_late};
use crate::identity::Address;
use crate::ids::{AccountId, ContactId, MessageId};
use crate::inbound::{Person, StatusUpdate};
use crate::journal::What;
use crate::ledger::Dispatch;
use crate::message::StatusKind;
use crate::record::Key;
use crate::retry::{FailureClass, OptOutScope};
use crate::working_set::{Step, WorkingSet};

pub(crate) fn ref_key(ctx: &Context<'_>, account: AccountId, token: &str) -> Key {
    Key::MessageRef {
        org: ctx.org.id,
        account,
        token: token.to_owned(),
    }
}

pub(crate) fn parked_key(ctx: &Context<'_>, account: AccountId, provider_id: &str) -> Key {
    Key::Parked {
        org: ctx.org.id,
        account,
        provider_id: provider_id.to_owned(),
    }
}

pub(crate) const fn message_key(ctx: &Context<'_>, message: MessageId) -> Key {
    Key::Message {
        org: ctx.org.id,
        message,
    }
}

/// Takes in what waited for a message, forgets that it waited, and gives it back.
pub(crate) fn absorb_parked(set: &mut WorkingSet, message: &mut Message, key: &Key) -> Step<Vec<Evidence>> {
    let parked = take_parked(set, key)?;
    for evidence in &parked {
        message.absorb(evidence);
    }
    Ok(parked)
}

/// What waited for a message; forgets that it waited.
pub(crate) fn take_parked(set: &mut WorkingSet, key: &Key) -> Step<Vec<Evidence>> {
    let parked: Option<Parked> = set.get(key)?;
    let Some(parked) = parked else {
        // What parks at this moment must not be missed.
        set.expect(key);
        return Ok(Vec::new());
    };
    set.remove(key.clone());
    Ok(parked.evidence)
}

/// Keeps evidence about a message that is not known yet.
fn park(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    account: &Account,
    provider_id: &str,
    evidence: Evidence,
) -> Step<Applied> {
    let key = parked_key(ctx, account.id, provider_id);
    let known: Option<Parked> = set.get(&key)?;
    let mut parked = known.unwrap_or_else(|| Parked {
        org: ctx.org.id,
        account: account.id,
        provider_id: provider_id.to_owned(),
        evidence: Vec::new(),
        since: ctx.now,
    });
    if parked.evidence.contains(&evidence) {
        return Ok(Applied::Duplicate);
    }
    parked.evidence.push(evidence);
    set.put(parked);
    Ok(Applied::Applied)
}

/// Who says something about which message, and the platform's id of their saying it.
pub(crate) struct About<'a> {
    pub(crate) from: &'a Person,
    pub(crate) provider_id: &'a str,
    pub(crate) target: &'a str,
}

/// A reaction to, an edit or a deletion of a message.
pub(crate) fn about_message(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    account: &Account,
    about: &About<'_>,
    evidence: Evidence,
) -> Step<Applied> {
    let own = ref_key(ctx, account.id, about.provider_id);
    let found = ref_key(ctx, account.id, about.target);
    set.need([own.clone(), found.clone()])?;
    let contact = known(set, ctx, about.from)?;
    if let Some(contact) = contact.filter(|contact| contact.status == RecordStatus::Blocked) {
        if set.get::<MessageRef>(&own)?.is_some() {
            return Ok(Applied::Duplicate);
        }
        count_blocked(set, ctx, account, evidence.at(), contact.id, about.provider_id);
        return Ok(Applied::Applied);
    }
    let Some(found_ref) = set.get::<MessageRef>(&found)? else {
        if is_forgotten(set, ctx, &about.from.addresses, Some(evidence.at()))? {
            return Ok(Applied::Duplicate);
        }
        set.expect(&found);
        return park(set, ctx, account, about.target, evidence);
    };
    let message: Option<Message> = set.get(&message_key(ctx, found_ref.message))?;
    let Some(old) = message else {
        return Ok(Applied::Duplicate);
    };
    let mut new = old.clone();
    new.absorb(&evidence);
    if new == old {
        return Ok(Applied::Duplicate);
    }
    let change = match evidence {
        Evidence::Reaction { .. } => "reaction",
        Evidence::Edit { .. } => "edit",
        Evidence::Revoke { .. } => "revoke",
        Evidence::Status { .. } => "status",
    };
    set.journal(ctx.about(
        new.contact,
        What::MessageChanged {
            message: new.id,
            change: change.to_owned(),
        },
    ));
    set.put(new);
    Ok(Applied::Applied)
}

/// What became of a message that we sent, and what it told about prices.
pub(crate) fn status(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    account: &Account,
    at: DateTime<Utc>,
    update: &StatusUpdate,
) -> Step<Applied> {
    // About the recipient, whether or not the message is known.
    let priced = match update.free_entry_until {
        Some(_) if is_forgotten(set, ctx, &update.recipient, None)? => false,
        Some(until) => learn_windows(set, ctx, account.id, &update.recipient, |window| {
            window.free_entry_until = window.free_entry_until.max(Some(until));
        })?,
        None => false,
    };
    let applied = status_of_message(set, ctx, account, at, update)?;
    Ok(if priced { Applied::Applied } else { applied })
}

fn status_of_message(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    account: &Account,
    at: DateTime<Utc>,
    update: &StatusUpdate,
) -> Step<Applied> {
    let by_id = ref_key(ctx, account.id, &update.provider_id);
    let by_attempt = update
        .correlation
        .map(|attempt| ref_key(ctx, account.id, &attempt_token(attempt)));
    set.need(by_attempt.iter().cloned().chain([by_id.clone()]))?;
    let mut found: Option<MessageRef> = set.get(&by_id)?;
    let id_known = found.is_some();
    if let (None, Some(by_attempt)) = (&found, &by_attempt) {
        found = set.get(by_attempt)?;
    }
    let evidence = Evidence::Status {
        status: update.status.clone(),
        at,
    };
    let Some(found) = found else {
        // The message was erased, and nobody has the address since.
        if is_forgotten(set, ctx, &update.recipient, None)? {
            return Ok(Applied::Duplicate);
        }
        set.expect(&by_id);
        return park(set, ctx, account, &update.provider_id, evidence);
    };
    let row = found.dispatch.map(|id| dispatch_key(ctx, id));
    let addresses = update.recipient.iter().map(|address| identity_key(ctx, address));
    set.need(addresses.chain(row).chain([message_key(ctx, found.message)]))?;
    let message: Option<Message> = set.get(&message_key(ctx, found.message))?;
    let mut learned = vec![evidence];
    if !id_known {
        // The status overtook the answer to the send, or the answer was lost: now the platform's id is known.
        learned.extend(take_parked(
            set,
            &parked_key(ctx, account.id, &update.provider_id),
        )?);
        if message.is_some() || !was_erased(set, ctx, &found)? {
            set.put(MessageRef {
                token: update.provider_id.clone(),
                ..found.clone()
            });
        }
    }
    let Some(old) = message else {
        // Gone with its conversation, but for the row that it was sent by.
        let settled = settle_without_message(set, ctx, account.id, &found, &update.recipient, &learned)?;
        return Ok(if settled {
            Applied::Applied
        } else {
            Applied::Duplicate
        });
    };
    let mut new = old.clone();
    if !id_known {
        new.provider_id.get_or_insert_with(|| update.provider_id.clone());
    }
    for evidence in &learned {
        new.absorb(evidence);
    }
    learn_recipient(set, ctx, new.contact, &update.recipient, at)?;
    let to = [new.address.clone()];
    opted_out_at_platform(set, ctx, account.id, new.contact, &to, &learned)?;
    if new == old {
        return Ok(Applied::Duplicate);
    }
    settle_by_evidence(set, ctx, &old, &new)?;
    set.put(new);
    Ok(Applied::Applied)
}

/// Whether a message that is gone was that of a contact who was erased.
fn was_erased(set: &mut WorkingSet, ctx: &Context<'_>, way: &MessageRef) -> Step<bool> {
    let row: Option<Dispatch> = match way.dispatch {
        Some(dispatch) => set.get(&dispatch_key(ctx, dispatch))?,
        None => None,
    };
    row.map_or(Ok(false), |row| is_erased(set, ctx, row.contact))
}

/// A status may name the recipient's other address: linked, if one of those it names is the contact's already.
fn learn_recipient(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: ContactId,
    recipient: &[Address],
    at: DateTime<Utc>,
) -> Step<()> {
    set.need(recipient.iter().map(|address| identity_key(ctx, address)))?;
    let Some(old) = find(set, ctx, contact)? else {
        return Ok(());
    };
    let mut known = false;
    for address in recipient {
        known |= holder(set, ctx, address)? == Some(old.id);
    }
    if known {
        let mut new = old.clone();
        link_addresses(set, ctx, &mut new, recipient, at, false)?;
        if new != old {
            set.put(new);
        }
    }
    Ok(())
}

/// Failures that say that the person stopped messages are missed notices: recorded with their scope, and held against
/// the addresses that the message went to where the contact is deleted since.
pub(crate) fn opted_out_at_platform(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    account: AccountId,
    contact: ContactId,
    to: &[Address],
    evidence: &[Evidence],
) -> Step<()> {
    for evidence in evidence {
        let Evidence::Status {
            status: StatusKind::Failed(failure),
            at,
        } = evidence
        else {
            continue;
        };
        let purpose = match failure.class {
            FailureClass::RecipientOptedOut(OptOutScope::Marketing) => Purpose::Marketing,
            FailureClass::RecipientOptedOut(OptOutScope::Sender) => Purpose::Everything,
            _ => continue,
        };
        let of = contact;
        let Some(mut contact) = find(set, ctx, of)? else {
            return Ok(());
        };
        let fact = Fact {
            at: *at,
            change: Change::OptOut,
            scope: Scope {
                purpose,
                sender: Some(account),
            },
            source: Source::Provider,
            via: Some(account),
            new_proof: false,
            proof: Proof::Provider(failure.code.clone()),
        };
        if record_consent_of(set, ctx, &mut contact, Some(of), fact.clone()) {
            if contact.status == RecordStatus::Deleted {
                learn_late(set, ctx, to, &fact)?;
            }
            set.put(contact);
        }
    }
    Ok(())
}
