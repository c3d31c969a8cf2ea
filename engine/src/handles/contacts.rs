//! People.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tertulia_core::contact::{Contact, ContactOrder, LeadStatus, external_id};
use tertulia_core::decide::contacts::{self, NewContact, read_email};
use tertulia_core::decide::external_ids::{self, Upserted};
use tertulia_core::decide::profile::{self, ContactUpdate};
use tertulia_core::decide::sending::window_of;
use tertulia_core::decide::{deletion, erasure, leads, merging, moves};
use tertulia_core::dossier::Dossier;
use tertulia_core::duplicates::{self, Duplicate};
use tertulia_core::erasure::ErasureCertificate;
use tertulia_core::error::Error;
use tertulia_core::filter::Filter;
use tertulia_core::identity::{Address, AddressKind};
use tertulia_core::ids::{AccountId, AgentId, ContactId};
use tertulia_core::journal::{Entry, EntryFilter, EntryKind};
use tertulia_core::merge::{MergeOutcome, MergeRequest};
use tertulia_core::phone::Phone;
use tertulia_core::record::{ExternalRef, IdentityRef, Key};
use tertulia_core::roles::Call;
use tertulia_core::settings::PlanUsage;
use tertulia_core::window::WindowState;
use tertulia_storage_traits::{JournalView, Query, SharedPage, SharedRequest};

use crate::error::from_storage;
use crate::handles::{Listed, PageOf};
use crate::org::Org;
use crate::runtime::{Runtime, to_the_end};

/// How many texts that contacts share are looked at together.
const SHARED_AT_ONCE: usize = 50;

/// People.
#[derive(Debug, Clone, Copy)]
pub struct Contacts<'a>(pub(crate) &'a Org);

impl Contacts<'_> {
    /// Creates a contact: by hand if an agent asks, by the API if the host does.
    ///
    /// Fails with `phone.*`, `contact.email_invalid`, `contact.identity_required`, `contact.name_required`,
    /// `contact.duplicate` (the message names the contact), `attribute.*`, `tag.*` or `contact.limit`, and with
    /// `consent.opted_out` where `opted_in` does not lift what the person said before their contact was deleted.
    pub async fn create(&self, new: NewContact) -> Result<Contact, Error> {
        let contacts_now = self.contacts_for_limit(Call::ContactsCreate).await?;
        let by = self.0.created_by();
        self.0
            .decide(Call::ContactsCreate, move |set, ctx| {
                let (source, proof) = contacts::own_words(ctx);
                let id = contacts::create(set, ctx, &new, by, source, proof, contacts_now)?;
                contacts::get(set, ctx, id)
            })
            .await
    }

    /// Takes in a lead that a chatbot captured. The contact that has any of the addresses gets what it lacks: what it has
    /// stays, a lead status is taken where it is further on, and whom only the e-mail address names gets the numbers and
    /// ids. Else a contact is created, beyond the plan's limit too: a lead is never lost. An opt-in that does not lift
    /// what the person said is left out; the contact tells.
    ///
    /// Fails with `phone.*`, `contact.email_invalid`, `contact.identity_required`, `attribute.*` or `tag.*`, and with
    /// `contact.duplicate` for an id in another system that is another contact's.
    pub async fn capture_lead(&self, new: NewContact) -> Result<Contact, Error> {
        let contacts_now = self.contacts_for_limit(Call::ContactsCaptureLead).await?;
        self.0
            .decide(Call::ContactsCaptureLead, move |set, ctx| {
                let id = leads::capture_lead(set, ctx, &new, contacts_now)?;
                contacts::get(set, ctx, id)
            })
            .await
    }

    /// Where the organisation stands with its plan: how many contacts count, and by how many it is over.
    pub async fn usage(&self) -> Result<PlanUsage, Error> {
        let inner = self.0.admitted(Call::ContactsUsage).await?;
        let org = inner.runtime.fresh_org(self.0.id).await?;
        let contacts = inner.count_contacts(self.0.id).await?;
        Ok(org.settings.plan.usage(contacts))
    }

    async fn contacts_for_limit(&self, call: Call) -> Result<u64, Error> {
        self.0.admitted(call).await?.contacts_for_limit(self.0.id).await
    }

    /// The contact, which must be there; a deleted one is not.
    pub async fn get(&self, id: ContactId) -> Result<Contact, Error> {
        self.known(Call::ContactsGet, id).await
    }

    async fn known(&self, call: Call, id: ContactId) -> Result<Contact, Error> {
        self.0.look(call, |set, ctx| contacts::get(set, ctx, id)).await
    }

    /// The contact with this number, in any spelling that WhatsApp treats as the same one.
    pub async fn find_by_phone(&self, phone: &str) -> Result<Option<Contact>, Error> {
        let call = Call::ContactsFindByPhone;
        let org = self.0.admitted(call).await?.runtime.org(self.0.id).await?;
        let phone = Phone::parse(phone, org.settings.default_region)?;
        self.find(call, &Address::new(AddressKind::Phone, phone.wa_id()))
            .await
    }

    /// The contact that this e-mail address identifies.
    pub async fn find_by_email(&self, email: &str) -> Result<Option<Contact>, Error> {
        let call = Call::ContactsFindByEmail;
        self.0.admitted(call).await?;
        self.find(call, &Address::new(AddressKind::Email, read_email(email)?))
            .await
    }

    /// The contact with this business-scoped WhatsApp id.
    pub async fn find_by_whatsapp_id(&self, id: &str) -> Result<Option<Contact>, Error> {
        let call = Call::ContactsFindByWhatsappId;
        self.find(call, &Address::new(AddressKind::WhatsAppId, id)).await
    }

    /// The contact that has this id in another system. Fails with `contact.external_id_invalid`.
    pub async fn find_by_external_id(&self, system: &str, id: &str) -> Result<Option<Contact>, Error> {
        let call = Call::ContactsFindByExternalId;
        let runtime = &self.0.admitted(call).await?.runtime;
        let (system, id) = external_id(system, id)?;
        let org = self.0.id;
        let key = Key::ExternalRef { org, system, id };
        let found: Option<ExternalRef> = runtime.get(key).await?;
        match found {
            Some(found) => self.known(call, found.contact).await.map(Some),
            None => Ok(None),
        }
    }

    async fn find(&self, call: Call, address: &Address) -> Result<Option<Contact>, Error> {
        let runtime = &self.0.admitted(call).await?.runtime;
        let org = self.0.id;
        let key = Key::Identity {
            org,
            kind: address.kind,
            match_key: address.match_key(),
        };
        let found: Option<IdentityRef> = runtime.get(key).await?;
        match found.map(|found| found.contact) {
            Some(contact) => runtime.get(Key::Contact { org, contact }).await,
            None => Ok(None),
        }
    }

    /// Gives a contact its id in another system, in place of the one it has there. An id belongs to one contact of the
    /// organisation, and a contact has one in each system; both are compared as they are, trimmed.
    ///
    /// Fails with `contact.external_id_invalid`, or with `contact.duplicate` (the message names the contact).
    pub async fn set_external_id(
        &self,
        id: ContactId,
        system: &str,
        external: &str,
    ) -> Result<Contact, Error> {
        let (system, external) = (system.to_owned(), external.to_owned());
        self.0
            .decide(Call::ContactsSetExternalId, move |set, ctx| {
                external_ids::set_external_id(set, ctx, id, &system, &external)?;
                contacts::get(set, ctx, id)
            })
            .await
    }

    /// Takes a contact's id in another system away. Nothing if it has none there.
    pub async fn remove_external_id(&self, id: ContactId, system: &str) -> Result<Contact, Error> {
        let system = system.to_owned();
        self.0
            .decide(Call::ContactsRemoveExternalId, move |set, ctx| {
                external_ids::remove_external_id(set, ctx, id, &system)?;
                contacts::get(set, ctx, id)
            })
            .await
    }

    /// Stores a record of another system by its id there: creates the contact as [`create`](Self::create) does, or
    /// updates the one that has the id with what is given; said again, the same changes nothing.
    ///
    /// Of a known contact the fields, attributes and external ids that are given win, tags are added, and numbers and
    /// platform ids stay: one that the contact does not have is refused with `contact.address_differs`, or with
    /// `contact.duplicate` if it is another contact's. `opted_in` is taken as a call of [`opt_in`] or [`opt_out`] if it
    /// is news, and refused like one; a proof is news once. A tag that a blocked contact lacks is refused with
    /// `contact.blocked`.
    ///
    /// Fails besides with what [`create`](Self::create) fails with, and with `contact.external_id_invalid`.
    ///
    /// [`opt_in`]: crate::Consent::opt_in
    /// [`opt_out`]: crate::Consent::opt_out
    pub async fn upsert(
        &self,
        new: NewContact,
        system: &str,
        external: &str,
    ) -> Result<(Contact, Upserted), Error> {
        let contacts_now = self.contacts_for_limit(Call::ContactsUpsert).await?;
        let (by, system, external) = (self.0.created_by(), system.to_owned(), external.to_owned());
        self.0
            .decide(Call::ContactsUpsert, move |set, ctx| {
                let key = (&*system, &*external);
                let (id, outcome) = external_ids::upsert(set, ctx, &new, key, by, contacts_now)?;
                Ok((contacts::get(set, ctx, id)?, outcome))
            })
            .await
    }

    /// The contacts that fit a filter, in an order. Pages hold still while others write: a contact that did not move in
    /// the order meanwhile is neither repeated nor left out.
    ///
    /// Fails with `filter.*`, and with `cursor.invalid` for a cursor of another list, filter, order or organisation.
    pub async fn list(
        &self,
        filter: &Filter,
        order: ContactOrder,
        page: &PageOf,
    ) -> Result<Listed<Contact>, Error> {
        self.listed(Call::ContactsList, filter, order, page).await
    }

    async fn listed(
        &self,
        call: Call,
        filter: &Filter,
        order: ContactOrder,
        page: &PageOf,
    ) -> Result<Listed<Contact>, Error> {
        let query = Query::Contacts {
            org: self.0.id,
            filter: self.0.ready(call, filter).await?,
            order: Some(order),
        };
        self.0.list(call, query, page).await
    }

    /// The contacts that one box finds, by name: each word that was typed is looked for in any part of names, numbers in
    /// any spelling, addresses in use and attributes, without regard to case and accents. A word of one or two characters
    /// is the beginning of a word. Of these, the ones that fit the filter; `Filter::Text` is the same inside a filter.
    ///
    /// Fails as [`list`](Self::list) does.
    pub async fn search(&self, text: &str, filter: &Filter, page: &PageOf) -> Result<Listed<Contact>, Error> {
        let both = Filter::And(vec![Filter::Text(text.to_owned()), filter.clone()]);
        self.listed(Call::ContactsSearch, &both, ContactOrder::Name, page)
            .await
    }

    /// How many contacts fit a filter. Fails with `filter.*`.
    pub async fn count(&self, filter: &Filter) -> Result<u64, Error> {
        self.counted(Call::ContactsCount, filter).await
    }

    pub(crate) async fn counted(&self, call: Call, filter: &Filter) -> Result<u64, Error> {
        let storage = &self.0.admitted(call).await?.runtime.storage;
        let query = Query::Contacts {
            org: self.0.id,
            filter: self.0.ready(call, filter).await?,
            order: None,
        };
        storage.count(query).await.map_err(from_storage)
    }

    /// Changes a contact's profile in one step. `revision` is that of the contact as it was read: if somebody else changed
    /// it meanwhile, nothing happens.
    ///
    /// Fails with `contact.changed`, `contact.update_invalid`, `contact.email_invalid`, `contact.identity_required`,
    /// `contact.duplicate`, `attribute.*`, `member.*`, or with `consent.opted_out` where an opt-in does not lift what the
    /// person said.
    pub async fn update(
        &self,
        id: ContactId,
        revision: u64,
        update: &ContactUpdate,
    ) -> Result<Contact, Error> {
        let update = update.clone();
        self.0
            .decide(Call::ContactsUpdate, move |set, ctx| {
                profile::update(set, ctx, id, revision, &update)
            })
            .await
    }

    /// Merges contacts that are one person into one: nothing of them is lost, their ids lead to the primary from now on,
    /// and their addresses find it.
    ///
    /// The primary's fields win and its gaps are filled, but for what is chosen. Addresses, tags, conversations, notes,
    /// timeline and ledger are those of all. Consent is not chosen: an opt-out of any of them stands until the person
    /// lifts it, and an address of somebody who had not opted in gets nothing until the person writes or an opt-in is
    /// recorded. Who is blocked as one of them stays blocked. In a broadcast in which several of them are, one message
    /// goes out.
    ///
    /// Fails with `contact.not_found`, `contact.merge_self` or `contact.merge_invalid`.
    pub async fn merge(&self, primary: ContactId, request: &MergeRequest) -> Result<MergeOutcome, Error> {
        let request = request.clone();
        self.0
            .decide(Call::ContactsMerge, move |set, ctx| {
                merging::merge(set, ctx, primary, &request)
            })
            .await
    }

    /// What [`merge`](Self::merge) would make of the primary, and in what the contacts differ. Changes nothing.
    pub async fn preview_merge(
        &self,
        primary: ContactId,
        request: &MergeRequest,
    ) -> Result<MergeOutcome, Error> {
        self.0
            .look(Call::ContactsPreviewMerge, |set, ctx| {
                merging::merge(set, ctx, primary, request)
            })
            .await
    }

    /// Takes a merge back, named by the id of the contact that was merged: it is a contact of its own again, with what it
    /// had. What came since stays with the primary; an opt-out and a block since hold for both.
    ///
    /// Fails with `contact.not_found`, or with `contact.merge_final` if nothing was merged under this id, or the primary
    /// was merged or deleted since.
    pub async fn undo_merge(&self, duplicate: ContactId) -> Result<Contact, Error> {
        self.0
            .decide(Call::ContactsUndoMerge, move |set, ctx| {
                merging::unmerge(set, ctx, duplicate)
            })
            .await
    }

    /// Makes a member of the team, or nobody, responsible for a contact; whether somebody else was. Fails with
    /// `member.not_found` or `member.inactive`.
    pub async fn set_owner(&self, id: ContactId, owner: Option<AgentId>) -> Result<bool, Error> {
        self.0
            .decide(Call::ContactsSetOwner, move |set, ctx| {
                profile::set_owner(set, ctx, id, owner)
            })
            .await
    }

    /// Contacts that are likely one person, and why: what two or more share is an entry; one that says no more of the
    /// same contacts than an entry before is left out. Blocked and inactive contacts count, deleted ones do not. Where one
    /// address makes several pairs alike, a page may have some entries more than asked for.
    pub async fn duplicates(&self, page: &PageOf) -> Result<Listed<Duplicate>, Error> {
        let runtime = &self.0.admitted(Call::ContactsDuplicates).await?.runtime;
        runtime.org(self.0.id).await?;
        let mut request = self.shared(Vec::new());
        request.cursor.clone_from(&page.cursor);
        request.backwards = page.backwards;
        let mut items: Vec<Duplicate> = Vec::new();
        loop {
            request.limit = (page.limit() - items.len()).min(SHARED_AT_ONCE);
            let found = shared_page(runtime, request.clone()).await?;
            let contacts = self
                .people(runtime, found.shared.iter().flat_map(|shared| &shared.contacts))
                .await?;
            for shared in found.shared {
                let alike: Vec<Contact> = shared
                    .contacts
                    .iter()
                    .filter_map(|id| contacts.get(id).cloned())
                    .collect();
                items.extend(duplicates::groups(&shared.key, &alike));
            }
            match found.next {
                Some(next) if items.len() < page.limit() => request.cursor = Some(next),
                next => return Ok(Listed { items, next }),
            }
        }
    }

    /// The contacts that are likely the same person as this one, each with the reasons; the gravest first.
    pub async fn duplicates_of(&self, id: ContactId) -> Result<Vec<Duplicate>, Error> {
        let call = Call::ContactsDuplicatesOf;
        let runtime = &self.0.admitted(call).await?.runtime;
        let contact = self.known(call, id).await?;
        let mut request = self.shared(duplicates::keys(&contact).into_iter().collect());
        let mut others: BTreeSet<ContactId> = BTreeSet::new();
        loop {
            let found = shared_page(runtime, request.clone()).await?;
            others.extend(found.shared.into_iter().flat_map(|shared| shared.contacts));
            match found.next {
                Some(next) => request.cursor = Some(next),
                None => break,
            }
        }
        others.remove(&id);
        let others = self.people(runtime, &others).await?;
        let mut found: Vec<Duplicate> = others
            .values()
            .map(|other| Duplicate {
                contacts: vec![id, other.id],
                reasons: duplicates::judge(&contact, other),
            })
            .filter(|duplicate| !duplicate.reasons.is_empty())
            .collect();
        found.sort_by(|one, other| one.reasons.cmp(&other.reasons));
        Ok(found)
    }

    const fn shared(self, keys: Vec<String>) -> SharedRequest {
        SharedRequest {
            org: self.0.id,
            keys,
            cursor: None,
            backwards: false,
            limit: SHARED_AT_ONCE,
            most: duplicates::MOST_ALIKE,
        }
    }

    /// Those of these contacts that are there.
    async fn people(
        &self,
        runtime: &Runtime,
        ids: impl IntoIterator<Item = &ContactId>,
    ) -> Result<BTreeMap<ContactId, Contact>, Error> {
        let ids: BTreeSet<ContactId> = ids.into_iter().copied().collect();
        let org = self.0.id;
        let keys = ids.into_iter().map(|contact| Key::Contact { org, contact });
        let found = runtime.storage.load(keys.collect()).await;
        let found = found.map_err(from_storage)?.into_iter().flatten();
        let contacts = found.filter_map(|stored| Contact::try_from(stored.record).ok());
        Ok(contacts.map(|contact| (contact.id, contact)).collect())
    }

    /// Adds tags; how many were new.
    pub async fn tag(&self, id: ContactId, tags: &[&str]) -> Result<usize, Error> {
        let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        self.0
            .decide(Call::ContactsTag, move |set, ctx| {
                contacts::tag(set, ctx, id, &tags)
            })
            .await
    }

    /// Removes tags; how many were there.
    pub async fn untag(&self, id: ContactId, tags: &[&str]) -> Result<usize, Error> {
        let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        self.0
            .decide(Call::ContactsUntag, move |set, ctx| {
                contacts::untag(set, ctx, id, &tags)
            })
            .await
    }

    /// Moves a contact to a lead status; whether it was at another one.
    pub async fn set_lead(&self, id: ContactId, lead: LeadStatus) -> Result<bool, Error> {
        self.0
            .decide(Call::ContactsSetLead, move |set, ctx| {
                profile::set_lead(set, ctx, id, lead)
            })
            .await
    }

    /// Moves a contact one step on, from cold to warm, to hot, to customer; the status then. Fails with
    /// `contact.lead_step` for a customer.
    pub async fn advance_lead(&self, id: ContactId) -> Result<LeadStatus, Error> {
        self.0
            .decide(Call::ContactsAdvanceLead, move |set, ctx| {
                profile::advance_lead(set, ctx, id)
            })
            .await
    }

    /// Moves a contact that is hot or a customer back to be won again: to cold, or where it is told to begin; the status
    /// then. Fails with `contact.lead_step` for others, and where that is no step back.
    pub async fn re_engage(&self, id: ContactId, to: Option<LeadStatus>) -> Result<LeadStatus, Error> {
        self.0
            .decide(Call::ContactsReEngage, move |set, ctx| {
                profile::re_engage(set, ctx, id, to)
            })
            .await
    }

    /// Gives a contact one more number. Fails with `phone.*` or `contact.duplicate`.
    pub async fn add_phone(&self, id: ContactId, phone: &str) -> Result<Contact, Error> {
        let phone = phone.to_owned();
        self.0
            .decide(Call::ContactsAddPhone, move |set, ctx| {
                moves::add_phone(set, ctx, id, &phone)?;
                contacts::get(set, ctx, id)
            })
            .await
    }

    /// Gives a contact another number in place of one that it has. The old one is kept as history and can be somebody
    /// else's from now on; an opt-out follows to the new one, an opt-in does not. Fails with `phone.*`,
    /// `contact.no_address` or `contact.duplicate`.
    pub async fn replace_phone(&self, id: ContactId, from: &str, to: &str) -> Result<Contact, Error> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.0
            .decide(Call::ContactsReplacePhone, move |set, ctx| {
                moves::replace_phone(set, ctx, id, &from, &to)?;
                contacts::get(set, ctx, id)
            })
            .await
    }

    /// Deletes a contact. Names, addresses, tags, attributes, ids in other systems, owner and notes go; what waits to be
    /// sent is skipped; conversations stay or go as [`deleted_conversations`] says. The id stays, and what it is in: the
    /// journal, the ledger, and the history of consent. A later message from the person makes a new contact.
    ///
    /// Of each address that the contact has or had, a keyed hash is kept while an opt-out is in force: whoever gets the
    /// address later, by whatever way, is held to it. Fails with `contact.not_found`.
    ///
    /// [`deleted_conversations`]: crate::Settings::deleted_conversations
    pub async fn delete(&self, id: ContactId) -> Result<(), Error> {
        let inner = Arc::clone(self.0.admitted(Call::ContactsDelete).await?);
        let org = self.0.clone();
        to_the_end(async move {
            org.decide(Call::ContactsDelete, move |set, ctx| {
                deletion::delete(set, ctx, id)
            })
            .await?;
            inner.remove_files(org.id, &[id]).await
        })
        .await
    }

    /// Erases a contact, as the laws on privacy (GDPR, CCPA) grant it: all that [`delete`](Self::delete) takes, its
    /// conversations whatever the settings say, and every personal value wherever else it stands: in evidence of consent,
    /// in the ledger, in the journal and so in the audit, in snapshots that would take back a merge, in webhook events
    /// that were kept, and where other contacts' records name its addresses. Merged contacts go whole. One that is deleted
    /// already can be erased, too.
    ///
    /// What stays names nobody: the organisation's lists of tags and labels, the id, counts, times, and the keyed hash of each address with its opt-outs. The
    /// certificate says how much there was, and which media files the host is to delete. What is removed cannot be read
    /// out of the store's files any more when it says so.
    ///
    /// The person is out of all lists from the first commit on; the rest takes as long as reading everything that the
    /// organisation has. Cut off, it is gone on with by `run_due`, or by asking again: then, and of a contact that was
    /// erased before, the answer is the one certificate. Fails with `contact.not_found`.
    pub async fn erase(&self, id: ContactId) -> Result<ErasureCertificate, Error> {
        let inner = Arc::clone(self.0.admitted(Call::ContactsErase).await?);
        let (org, actor) = (self.0.id, self.0.actor().clone());
        to_the_end(async move { inner.erase(org, &actor, id).await }).await
    }

    /// Everything that is held about a contact, a deleted one too, under all ids that lead to it: what the right of access
    /// (GDPR, article 15) asks for. Of other contacts' records that name it, the id only. It takes as long as reading
    /// everything that the organisation has. Fails with `contact.not_found`.
    pub async fn dossier(&self, id: ContactId) -> Result<Dossier, Error> {
        let inner = self.0.admitted(Call::ContactsDossier).await?;
        inner.dossier(self.0.id, self.0.actor(), id).await
    }

    /// The certificate of an erase, as it stands. Fails with `contact.not_found` for a contact that was not erased.
    pub async fn certificate(&self, id: ContactId) -> Result<ErasureCertificate, Error> {
        self.0
            .look(Call::ContactsCertificate, |set, ctx| {
                erasure::certificate(set, ctx, id)
            })
            .await
    }

    /// Blocks a contact: it opens no conversation and gets no message, tag or automation. Nothing if it is blocked.
    pub async fn block(&self, id: ContactId) -> Result<(), Error> {
        self.0
            .decide(Call::ContactsBlock, move |set, ctx| contacts::block(set, ctx, id))
            .await
    }

    /// Lifts a block and restores the status before. Nothing if it is not blocked.
    pub async fn unblock(&self, id: ContactId) -> Result<(), Error> {
        self.0
            .decide(Call::ContactsUnblock, move |set, ctx| {
                contacts::unblock(set, ctx, id)
            })
            .await
    }

    /// Sets a contact aside from campaigns (`false`), or takes it back.
    pub async fn set_active(&self, id: ContactId, active: bool) -> Result<(), Error> {
        self.0
            .decide(Call::ContactsSetActive, move |set, ctx| {
                contacts::set_active(set, ctx, id, active)
            })
            .await
    }

    /// Everything that happened with a contact, a deleted one too, by the time it happened; of these kinds only, or (empty)
    /// of all.
    pub async fn timeline(
        &self,
        id: ContactId,
        kinds: &[EntryKind],
        page: &PageOf,
    ) -> Result<Listed<Entry>, Error> {
        let contact = self
            .0
            .look(Call::ContactsTimeline, |set, ctx| {
                contacts::even_deleted(set, ctx, id)
            })
            .await?;
        let view = JournalView::Timeline(contact.ids().collect());
        let filter = EntryFilter {
            kinds: kinds.to_vec(),
            ..EntryFilter::default()
        };
        self.0.journal(Call::ContactsTimeline, view, filter, page).await
    }

    /// The contact's window at a sender, at this moment.
    pub async fn window(&self, id: ContactId, account: AccountId) -> Result<WindowState, Error> {
        use tertulia_core::decide::sending::get_account;
        self.0
            .look(Call::ContactsWindow, |set, ctx| {
                let contact = contacts::get(set, ctx, id)?;
                let account = get_account(set, ctx, account)?;
                window_of(set, ctx, &contact, &account)
            })
            .await
    }
}

async fn shared_page(runtime: &Runtime, request: SharedRequest) -> Result<SharedPage, Error> {
    runtime.storage.shared(request).await.map_err(from_storage)
}
