//! What the rows of a file do: found, created, updated or refused, in their order, and counted in the same commit.

use std::collections::HashSet;

use super::contacts::{
    NewContact, add_identity, add_tags, block_contact, check_attributes, contact_key, create, holder,
    identity_key, prepare_tags, put_aside, record_consent, skip_open,
};
use super::external_ids;
use super::profile::{Profile, journal, own, update_profile};
use super::suppression::suppression_key;
use super::team;
use crate::account::Account;
use crate::consent::{Change, Fact, Proof, Purpose, Scope, Source, State};
use crate::contact::{Contact, CreatedBy, RecordStatus, tag_name};
use crate::context::Context;
use crate::decide::sending::account_key;
use crate::error::{Code, Error};
use crate::identity::{Address, AddressKind};
use crate::ids::{ContactId, ImportId};
use crate::import::{Format, Import, ImportCounts, Mapping, OnDuplicate, Rejection, Row};
use crate::journal::What;
use crate::ledger::{Dispatch, SkipReason};
use crate::record::{ExternalRef, IdentityRef, Key};
use crate::working_set::{Lookup, Step, Stop, WorkingSet};

/// Some rows of a file, read, that are decided and committed together.
#[derive(Debug, Clone)]
pub struct Batch<'a> {
    /// The import.
    pub import: ImportId,
    /// How many rows of the file come before these.
    pub done: u64,
    /// The rows, in the order of the file.
    pub rows: &'a [Result<Row, Rejection>],
    /// A digest of the header and of all rows up to the end of these.
    pub digest: &'a str,
    /// The file ends here.
    pub last: bool,
    /// How many contacts the plan's limit counts before these rows.
    pub contacts_now: u64,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowOutcome {
    /// It made a contact.
    Created,
    /// It changed one.
    Updated,
    /// It changed nothing.
    Unchanged,
}

/// A row that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// What became of it.
    pub outcome: RowOutcome,
    /// Whose row it is.
    pub contact: ContactId,
    /// What of it was held back, by which rule.
    pub withheld: Vec<Withheld>,
}

/// Why a part of a row that was taken has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// The person opted out: only their START, or a later proof of their will, opts them in.
    OptIn,
    /// The contact is blocked and gets no tag.
    Tags,
}

/// Begins an import: the record that says how far it got.
pub fn start(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    file: String,
    mapping: &Mapping,
    on_duplicate: OnDuplicate,
    format: Format,
    digest: String,
) -> ImportId {
    let import = Import {
        id: ctx.ids.next(),
        org: ctx.org.id,
        file,
        columns: mapping.fields(),
        on_duplicate,
        format,
        digest,
        counts: ImportCounts::default(),
        finished: false,
    };
    let id = import.id;
    set.journal(ctx.entry(What::ImportChanged {
        import: id,
        change: "started".to_owned(),
    }));
    set.put(import);
    id
}

/// Decides rows in their order, each as if those before it were stored, and counts them in the import's record. What a
/// row's refusal would have changed is undone; the others stand. One result for each row.
///
/// What the rows need is asked for together, in four rounds as a rule.
///
/// # Errors
///
/// [`Code::ImportNotFound`]; [`Code::ImportElsewhere`] when the stored import is not where this batch goes on from.
pub fn batch(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    batch: &Batch<'_>,
) -> Step<Vec<Result<Taken, Rejection>>> {
    let key = Key::Import {
        org: ctx.org.id,
        import: batch.import,
    };
    let rows = || batch.rows.iter().flatten();
    let asked = rows().flat_map(|row| first_keys(ctx, row));
    set.need(asked.chain([key.clone()]))?;
    let Some(mut import) = set.get::<Import>(&key)? else {
        let message = format!("there is no import {}", batch.import);
        return Err(Error::new(Code::ImportNotFound, message).into());
    };
    if import.finished || import.counts.rows() != batch.done {
        let message = format!(
            "import {} has done {} rows, and this run would go on from {}",
            batch.import,
            import.counts.rows(),
            batch.done
        );
        return Err(Error::new(Code::ImportElsewhere, message).into());
    }
    load_contacts(set, ctx, rows)?;
    if import.on_duplicate != OnDuplicate::Skip {
        load_open_dispatches(set, ctx, rows)?;
    }

    let mut contacts_now = batch.contacts_now;
    let mut results = Vec::with_capacity(batch.rows.len());
    for row in batch.rows {
        let result = match row {
            Ok(row) => {
                let before = set.savepoint();
                match take(set, ctx, row, &import, contacts_now) {
                    Ok(taken) => Ok(taken),
                    Err(Stop::Load) => return Err(Stop::Load),
                    Err(Stop::Refused(error)) => {
                        set.roll_back_to(&before);
                        Err(Rejection::of_row(row.line, error.code(), error.message()))
                    }
                }
            }
            Err(rejection) => Err(rejection.clone()),
        };
        let counts = &mut import.counts;
        *match &result {
            Ok(taken) => match taken.outcome {
                RowOutcome::Created => {
                    contacts_now += 1;
                    &mut counts.created
                }
                RowOutcome::Updated => &mut counts.updated,
                RowOutcome::Unchanged => &mut counts.unchanged,
            },
            Err(_) => &mut counts.rejected,
        } += 1;
        results.push(result);
    }
    batch.digest.clone_into(&mut import.digest);
    if batch.last {
        import.finished = true;
        set.journal(ctx.entry(What::ImportChanged {
            import: import.id,
            change: "finished".to_owned(),
        }));
    }
    set.put(import);
    Ok(results)
}

fn phone_address(row: &Row) -> Option<Address> {
    let phone = row.phone.as_ref()?;
    Some(Address::new(AddressKind::Phone, phone.as_str()))
}

fn email_address(row: &Row) -> Option<Address> {
    let email = row.email.as_ref()?;
    Some(Address::new(AddressKind::Email, email))
}

fn whatsapp_addresses(row: &Row) -> impl Iterator<Item = Address> {
    let ids = row.whatsapp_ids.iter();
    ids.map(|id| Address::new(AddressKind::WhatsAppId, id.as_str()))
}

/// The addresses that a row gives beside the first number: further numbers and WhatsApp ids.
fn other_addresses(row: &Row) -> impl Iterator<Item = Address> {
    let phones = row.other_phones.iter();
    phones
        .map(|phone| Address::new(AddressKind::Phone, phone.as_str()))
        .chain(whatsapp_addresses(row))
}

/// What can be asked for before anything is known: whose the row is, what is held against its addresses, its tags, its
/// attributes' definitions, its owner, the senders that it names.
fn first_keys(ctx: &Context<'_>, row: &Row) -> Vec<Key> {
    let org = ctx.org.id;
    let address = phone_address(row).or_else(|| email_address(row));
    let address = address.map(|address| [identity_key(ctx, &address), suppression_key(ctx, &address)]);
    let tags = row.tags.iter().filter_map(|tag| tag_name(tag).ok());
    let tags = tags.map(|(key, _)| Key::Tag { org, key });
    let names = row.attributes.keys().cloned();
    let attributes = names.map(|name| Key::Attribute { org, name });
    let others = other_addresses(row);
    let others = others.flat_map(|address| [identity_key(ctx, &address), suppression_key(ctx, &address)]);
    let external = row.external_ids.iter();
    let external = external.map(|(system, id)| external_ids::ref_key(ctx, system, id));
    let owner = row.owner.map(|member| Key::Member { org, member });
    let senders = row.opt_outs.iter().filter_map(|out| out.scope.sender);
    let senders = senders.map(|account| account_key(ctx, account));
    address
        .into_iter()
        .flatten()
        .chain(tags)
        .chain(attributes)
        .chain(others)
        .chain(external)
        .chain(owner)
        .chain(senders)
        .collect()
}

/// Loads the contacts that the rows may be about. E-mail addresses matter only where the phone is unknown.
fn load_contacts<'a, I: Iterator<Item = &'a Row>>(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    rows: impl Fn() -> I,
) -> Step<()> {
    let mut emails = Vec::new();
    let mut contacts = Vec::new();
    for row in rows() {
        match named(set, ctx, row)? {
            Some(contact) => contacts.push(contact_key(ctx, contact)),
            None => emails.extend(email_address(row).map(|email| identity_key(ctx, &email))),
        }
    }
    set.need(emails.iter().cloned())?;
    for email in &emails {
        if let Some(holder) = set.get::<IdentityRef>(email)? {
            contacts.push(contact_key(ctx, holder.contact));
        }
    }
    set.need(contacts)
}

/// Loads what an opt-out skips, for each contact that a row may opt out.
fn load_open_dispatches<'a, I: Iterator<Item = &'a Row>>(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    rows: impl Fn() -> I,
) -> Step<()> {
    let mut opted_in_here = HashSet::new();
    let mut missing = Ok(());
    for row in rows() {
        let may_stop = !row.opt_outs.is_empty() || row.status == Some(RecordStatus::Blocked);
        let wish = match row.opted_in {
            None if may_stop => true,
            None => continue,
            Some(wish) => wish,
        };
        // A row that is refused here is refused again in its turn.
        let Ok(Some(contact)) = find(set, ctx, row) else {
            continue;
        };
        if wish && !may_stop {
            opted_in_here.insert(contact.id);
        } else if may_stop || contact.consent.opted_in() || opted_in_here.contains(&contact.id) {
            // Goes on after one that is missing, so that all are asked for together.
            for id in contact.ids() {
                let open = set.list::<Dispatch>(&open_dispatches(ctx, id));
                missing = open.map(drop).and(missing);
            }
        }
    }
    missing
}

const fn open_dispatches(ctx: &Context<'_>, contact: ContactId) -> Lookup {
    Lookup::OpenDispatches {
        org: ctx.org.id,
        contact,
    }
}

/// The contact that a row names by its first number, else by a WhatsApp id, else by an id in another system.
fn named(set: &mut WorkingSet, ctx: &Context<'_>, row: &Row) -> Step<Option<ContactId>> {
    for address in phone_address(row).into_iter().chain(whatsapp_addresses(row)) {
        if let Some(contact) = holder(set, ctx, &address)? {
            return Ok(Some(contact));
        }
    }
    for (system, id) in &row.external_ids {
        let known: Option<ExternalRef> = set.get(&external_ids::ref_key(ctx, system, id))?;
        if let Some(known) = known {
            return external_contact(set, ctx, known.contact).map(Some);
        }
    }
    Ok(None)
}

/// An id in another system may be that of a contact that was merged.
fn external_contact(set: &mut WorkingSet, ctx: &Context<'_>, id: ContactId) -> Step<ContactId> {
    super::contacts::resolve(set, ctx, id)
}

/// Whose row it is: who is [`named`], else the holder of the e-mail address. One e-mail address with two phones is two
/// people, as far as a file can tell.
fn find(set: &mut WorkingSet, ctx: &Context<'_>, row: &Row) -> Step<Option<Contact>> {
    let by_email = match named(set, ctx, row)? {
        Some(id) => return whose(set, ctx, id).map(Some),
        None => email_address(row),
    };
    let Some(email) = by_email else { return Ok(None) };
    let Some(id) = holder(set, ctx, &email)? else {
        return Ok(None);
    };
    let contact = whose(set, ctx, id)?;
    let another = row.phone.is_some() && contact.phone().is_some();
    Ok((!another).then_some(contact))
}

fn whose(set: &mut WorkingSet, ctx: &Context<'_>, id: ContactId) -> Step<Contact> {
    let contact: Option<Contact> = set.get(&contact_key(ctx, id))?;
    contact.ok_or_else(|| {
        let message = format!("the row names contact {id}, which is gone");
        Error::new(Code::ContactNotFound, message).into()
    })
}

/// One row against what is stored and what the rows before it did.
fn take(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    row: &Row,
    import: &Import,
    contacts_now: u64,
) -> Step<Taken> {
    let mut withheld = Vec::new();
    let Some(before) = find(set, ctx, row)? else {
        let id = create(
            set,
            ctx,
            &new_contact(row),
            CreatedBy::Import,
            Source::Import,
            proof(row, import),
            contacts_now,
        )?;
        // A contact that was not there a moment ago has nothing waiting.
        set.loaded_list(open_dispatches(ctx, id), Vec::new());
        let mut contact = super::contacts::get(set, ctx, id)?;
        add_addresses(set, ctx, &mut contact, row)?;
        if let Some(owner) = row.owner {
            team::working(set, ctx, owner)?;
            contact.owner = Some(owner);
        }
        consent(set, ctx, &mut contact, row, import, &mut withheld)?;
        take_status(set, ctx, &mut contact, row)?;
        set.put(contact);
        return Ok(Taken {
            outcome: RowOutcome::Created,
            contact: id,
            withheld,
        });
    };
    let contact = before.id;
    if before.status == RecordStatus::Deleted {
        let message = format!("the row is that of contact {contact}, which is deleted");
        return Err(Error::new(Code::ContactDeleted, message).into());
    }
    let mut after = before.clone();
    if import.on_duplicate != OnDuplicate::Skip {
        check_attributes(set, ctx, &row.attributes)?;
        let tags = prepare_tags(set, ctx, &row.tags)?;
        let given = Profile {
            name: row.name.as_deref(),
            first_name: row.first_name.as_deref(),
            last_name: row.last_name.as_deref(),
            email: row.email.as_deref(),
            lead: row.lead,
            attributes: &row.attributes,
        };
        let overrides = import.on_duplicate == OnDuplicate::Update;
        update_profile(set, ctx, &mut after, &given, overrides)?;
        add_phone(set, ctx, &mut after, row, import)?;
        if add_addresses(set, ctx, &mut after, row)? {
            after.revision += 1;
        }
        take_owner(set, ctx, &mut after, row, overrides)?;
        let known = |system: &String| overrides || !before.external_ids.contains_key(system);
        let external = row.external_ids.iter().filter(|(system, _)| known(system));
        let external = external_ids::prepare(set, ctx, Some(contact), external)?;
        let changes = external_ids::put(set, ctx, &mut after, external)?;
        journal(set, ctx, &mut after, changes);
        if after.status == RecordStatus::Blocked {
            if tags.iter().any(|(key, _)| !after.tags.contains_key(key)) {
                withheld.push(Withheld::Tags);
            }
        } else {
            add_tags(set, ctx, &mut after, tags.into_iter().map(|tag| (tag, None)));
        }
        consent(set, ctx, &mut after, row, import, &mut withheld)?;
        if overrides {
            take_status(set, ctx, &mut after, row)?;
        }
    }
    let outcome = if after == before {
        RowOutcome::Unchanged
    } else {
        set.put(after);
        RowOutcome::Updated
    };
    Ok(Taken {
        outcome,
        contact,
        withheld,
    })
}

fn new_contact(row: &Row) -> NewContact {
    NewContact {
        phone: row.phone.as_ref().map(ToString::to_string),
        name: row.name.clone(),
        first_name: row.first_name.clone(),
        last_name: row.last_name.clone(),
        email: row.email.clone(),
        whatsapp_id: row.whatsapp_ids.first().map(ToString::to_string),
        external_ids: row.external_ids.clone(),
        lead: row.lead,
        tags: row.tags.clone(),
        attributes: row.attributes.clone(),
        ..NewContact::default()
    }
}

fn proof(row: &Row, import: &Import) -> Proof {
    Proof::Line {
        file: import.file.clone(),
        line: row.line,
    }
}

/// Gives a contact the further numbers and WhatsApp ids that it lacks; whether there were any. Another contact's are
/// refused.
fn add_addresses(set: &mut WorkingSet, ctx: &Context<'_>, contact: &mut Contact, row: &Row) -> Step<bool> {
    let mut added = false;
    for address in other_addresses(row) {
        match holder(set, ctx, &address)? {
            None => add_identity(set, ctx, contact, &address, None, ctx.now)?,
            Some(holder) if holder == contact.id => continue,
            Some(holder) => {
                let message = format!("{} belongs to contact {holder} already", address.value);
                return Err(Error::new(Code::ContactDuplicate, message).into());
            }
        }
        added = true;
    }
    Ok(added)
}

/// Makes the row's member responsible, in place of another one only if the row wins.
fn take_owner(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &mut Contact,
    row: &Row,
    overrides: bool,
) -> Step<()> {
    let Some(owner) = row.owner.filter(|owner| contact.owner != Some(*owner)) else {
        return Ok(());
    };
    if contact.owner.is_none() || overrides {
        team::working(set, ctx, owner)?;
        let changes = own(contact, Some(owner)).into_iter().collect();
        journal(set, ctx, contact, changes);
    }
    Ok(())
}

/// Blocks, or sets aside and takes back. A block is lifted by hand only.
fn take_status(set: &mut WorkingSet, ctx: &Context<'_>, contact: &mut Contact, row: &Row) -> Step<()> {
    match row.status {
        None | Some(RecordStatus::Deleted) => Ok(()),
        Some(_) if contact.status == RecordStatus::Blocked => Ok(()),
        Some(RecordStatus::Blocked) => block_contact(set, ctx, contact),
        Some(status) => {
            put_aside(set, ctx, contact, status);
            Ok(())
        }
    }
}

/// Gives a contact that was known by e-mail only its phone. What it agreed to so far was not for this number.
fn add_phone(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &mut Contact,
    row: &Row,
    import: &Import,
) -> Step<()> {
    let Some(address) = phone_address(row).filter(|_| contact.phone().is_none()) else {
        return Ok(());
    };
    add_identity(set, ctx, contact, &address, None, ctx.now)?;
    contact.revision += 1;
    // Not later than the row's own proof, which is about this number.
    let at = row.agreed_at.map_or(ctx.now, |agreed| agreed.min(ctx.now));
    let fact = Fact {
        at,
        ..fact(ctx, Change::NewNumber, row, import)
    };
    record_consent(set, ctx, contact, fact);
    Ok(())
}

fn fact(ctx: &Context<'_>, change: Change, row: &Row, import: &Import) -> Fact {
    Fact {
        at: ctx.now,
        change,
        scope: Scope::EVERYTHING,
        source: Source::Import,
        via: None,
        new_proof: false,
        proof: proof(row, import),
    }
}

/// What the row says about consent. Opt-outs with their times are kept, unless they are known. Blank: nothing. False: an
/// opt-out, of who is opted in. True: an opt-in, of who never opted out; with a time of its own, evidence that is kept and
/// weighed by that time, unless it is what the contact is opted in by.
fn consent(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &mut Contact,
    row: &Row,
    import: &Import,
    withheld: &mut Vec<Withheld>,
) -> Step<()> {
    opt_outs(set, ctx, contact, row, import)?;
    match row.opted_in {
        None => return Ok(()),
        Some(false) => {
            if contact.consent.opted_in() {
                record_consent(set, ctx, contact, fact(ctx, Change::OptOut, row, import));
                skip_open(set, ctx, contact, SkipReason::OptedOut)?;
            }
            return Ok(());
        }
        Some(true) => {}
    }
    let mut opt_in = fact(ctx, Change::OptIn, row, import);
    if row.but_marketing {
        opt_in.scope.purpose = Purpose::AllButMarketing;
    }
    let covers = |marketing: bool| marketing || row.but_marketing;
    let news = match (row.agreed_at, contact.consent.state()) {
        // The same evidence, uploaded again, is not news.
        (Some(at), State::In { basis, marketing }) if basis.at == at && covers(marketing) => false,
        (Some(at), _) => !contact.consent.history().iter().any(|known| {
            known.at == at
                && known.new_proof
                && known.change == Change::OptIn
                && known.source == Source::Import
                && known.scope == opt_in.scope
        }),
        (None, State::Unasked) => true,
        (None, State::In { marketing, .. }) => !covers(marketing),
        (None, State::Out { .. }) => false,
    };
    if news {
        let fact = Fact {
            at: row.agreed_at.unwrap_or(opt_in.at),
            new_proof: row.agreed_at.is_some(),
            ..opt_in
        };
        record_consent(set, ctx, contact, fact);
    }
    if !contact.consent.opted_in() {
        withheld.push(Withheld::OptIn);
    }
    Ok(())
}

/// Records the opt-outs that a row tells of and nobody knew. One from a sender that is none of the organisation's counts
/// for all senders: it is never lost.
fn opt_outs(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &mut Contact,
    row: &Row,
    import: &Import,
) -> Step<()> {
    for out in &row.opt_outs {
        let mut scope = out.scope;
        if let Some(sender) = scope.sender
            && set.get::<Account>(&account_key(ctx, sender))?.is_none()
        {
            scope.sender = None;
        }
        let history = contact.consent.history();
        let known = |fact: &&Fact| {
            fact.change == Change::OptOut
                && fact.at == out.at
                && (fact.scope == scope || fact.scope == out.scope)
        };
        if history.into_iter().any(|fact| known(&fact)) {
            continue;
        }
        let fact = Fact {
            at: out.at,
            scope,
            ..fact(ctx, Change::OptOut, row, import)
        };
        record_consent(set, ctx, contact, fact);
        if scope == Scope::EVERYTHING && !contact.consent.opted_in() {
            skip_open(set, ctx, contact, SkipReason::OptedOut)?;
        }
    }
    Ok(())
}
