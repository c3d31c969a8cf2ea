//! What the rows of a file do: found, created, updated or refused, in their order, and counted in the same commit.

use std::collections::HashSet;

use super::contacts::{
    NewContact, add_identity, add_tags, check_attributes, contact_key, create, identity_key, prepare_tags,
    record_consent, skip_open,
};
use super::profile::{Profile, update_profile};
use super::suppression::suppression_key;
use crate::consent::{Change, Fact, Proof, Scope, Source, State};
use crate::contact::{Contact, CreatedBy, RecordStatus, tag_name};
use crate::context::Context;
use crate::error::{Code, Error};
use crate::identity::{Address, AddressKind};
use crate::ids::{ContactId, ImportId};
use crate::import::{Import, ImportCounts, Mapping, OnDuplicate, Rejection, Row};
use crate::journal::What;
use crate::ledger::{Dispatch, SkipReason};
use crate::record::{IdentityRef, Key};
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
    digest: String,
) -> ImportId {
    let import = Import {
        id: ctx.ids.next(),
        org: ctx.org.id,
        file,
        columns: mapping.fields(),
        on_duplicate,
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

/// What can be asked for before anything is known: whose the row is, what is held against its address, its tags, its
/// attributes' definitions.
fn first_keys(ctx: &Context<'_>, row: &Row) -> Vec<Key> {
    let org = ctx.org.id;
    let address = phone_address(row).or_else(|| email_address(row));
    let address = address.map(|address| [identity_key(ctx, &address), suppression_key(ctx, &address)]);
    let tags = row.tags.iter().filter_map(|tag| tag_name(tag).ok());
    let tags = tags.map(|(key, _)| Key::Tag { org, key });
    let names = row.attributes.keys().cloned();
    let attributes = names.map(|name| Key::Attribute { org, name });
    address
        .into_iter()
        .flatten()
        .chain(tags)
        .chain(attributes)
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
        let holder = match phone_address(row) {
            Some(phone) => set.get::<IdentityRef>(&identity_key(ctx, &phone))?,
            None => None,
        };
        match holder {
            Some(holder) => contacts.push(contact_key(ctx, holder.contact)),
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
        let Some(wish) = row.opted_in else { continue };
        // A row that is refused here is refused again in its turn.
        let Ok(Some(contact)) = find(set, ctx, row) else {
            continue;
        };
        if wish {
            opted_in_here.insert(contact.id);
        } else if contact.consent.opted_in() || opted_in_here.contains(&contact.id) {
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

/// Whose row it is: the holder of the phone, else of the e-mail address. One e-mail address with two phones is two
/// people, as far as a file can tell.
fn find(set: &mut WorkingSet, ctx: &Context<'_>, row: &Row) -> Step<Option<Contact>> {
    let phone = phone_address(row);
    for address in phone.iter().cloned().chain(email_address(row)) {
        let Some(holder) = set.get::<IdentityRef>(&identity_key(ctx, &address))? else {
            continue;
        };
        let Some(contact) = set.get::<Contact>(&contact_key(ctx, holder.contact))? else {
            let message = format!(
                "{} belongs to contact {}, which is gone",
                address.value, holder.contact
            );
            return Err(Error::new(Code::ContactNotFound, message).into());
        };
        if address.kind == AddressKind::Email && phone.is_some() && contact.phone().is_some() {
            continue;
        }
        return Ok(Some(contact));
    }
    Ok(None)
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
        consent(set, ctx, &mut contact, row, import, &mut withheld)?;
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
            lead: None,
            attributes: &row.attributes,
        };
        let overrides = import.on_duplicate == OnDuplicate::Update;
        update_profile(set, ctx, &mut after, &given, overrides)?;
        add_phone(set, ctx, &mut after, row, import)?;
        if after.status == RecordStatus::Blocked {
            if tags.iter().any(|(key, _)| !after.tags.contains_key(key)) {
                withheld.push(Withheld::Tags);
            }
        } else {
            add_tags(set, ctx, &mut after, tags.into_iter().map(|tag| (tag, None)));
        }
        consent(set, ctx, &mut after, row, import, &mut withheld)?;
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

/// What the row says about consent. Blank: nothing. False: an opt-out, of who is opted in. True: an opt-in, of who
/// never opted out; with a time of its own, evidence that is kept and weighed by that time.
fn consent(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &mut Contact,
    row: &Row,
    import: &Import,
    withheld: &mut Vec<Withheld>,
) -> Step<()> {
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
    let opt_in = fact(ctx, Change::OptIn, row, import);
    let news = match row.agreed_at {
        // The same evidence, uploaded again, is not news.
        Some(at) => !contact.consent.history().iter().any(|known| {
            known.at == at
                && known.new_proof
                && known.change == Change::OptIn
                && known.source == Source::Import
        }),
        None => matches!(
            contact.consent.state(),
            State::Unasked | State::In { marketing: false, .. }
        ),
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
