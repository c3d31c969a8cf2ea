//! People.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use serde_json::Value;
use tertulia::core::contact::LeadStatus;
use tertulia::core::ids::{AccountId, AgentId, ContactId};
use tertulia::core::journal::{Entry, EntryKind};
use tertulia::core::window::WindowState;
use tertulia::storage::Cursor;
use tertulia::{
    BulkAction, BulkReport, BulkWatch, ContactOrder, ContactUpdate, Duplicate, ErasureCertificate,
    ExportCounts, ExportOptions, ExportReport, ExportWatch, Filter, MergeRequest, NewContact, Org, PlanUsage,
    Selection,
};

use crate::areas::imports::unusable;
use crate::method::area;
use crate::views::{Contact, MergedContact, UpsertedContact};
use crate::wire::{Page, PageRequest, encode};

fn slices(tags: &[String]) -> Vec<&str> {
    tags.iter().map(String::as_str).collect()
}

area! {
    /// People.
    contacts(org: Org) {
        /// Creates a contact: by hand if a member of the team asks, by the API if the host does.
        ///
        /// Fails with `phone.*`, `contact.email_invalid`, `contact.identity_required`, `contact.name_required`,
        /// `contact.duplicate` (the message names the contact), `attribute.*`, `tag.*` or `contact.limit`, and with
        /// `consent.opted_out` where `opted_in` does not lift what the person said before their contact was deleted.
        fn create(new: NewContact) -> Contact {
            org.contacts().create(new).await.map(Contact::from)
        }

        /// Takes in a lead that a chatbot captured. The contact that has any of the addresses gets what it lacks: what it
        /// has stays, a lead status is taken where it is further on, and whom only the e-mail address names gets the
        /// numbers and ids. Else a contact is created, beyond the plan's limit too: a lead is never lost. An opt-in that
        /// does not lift what the person said is left out; the contact tells.
        ///
        /// Fails with `phone.*`, `contact.email_invalid`, `contact.identity_required`, `attribute.*` or `tag.*`, and with
        /// `contact.duplicate` for an id in another system that is another contact's.
        fn capture_lead(new: NewContact) -> Contact {
            org.contacts().capture_lead(new).await.map(Contact::from)
        }

        /// Where the organisation stands with its plan: how many contacts count, and by how many it is over.
        fn usage() -> PlanUsage {
            org.contacts().usage().await
        }

        /// The contact, which must be there; a deleted one is not.
        fn get(id: ContactId) -> Contact {
            org.contacts().get(id).await.map(Contact::from)
        }

        /// The contact with this number, in any spelling that WhatsApp treats as the same one.
        fn find_by_phone(phone: String) -> Option<Contact> {
            Ok(org.contacts().find_by_phone(&phone).await?.map(Contact::from))
        }

        /// The contact that this e-mail address identifies.
        fn find_by_email(email: String) -> Option<Contact> {
            Ok(org.contacts().find_by_email(&email).await?.map(Contact::from))
        }

        /// The contact with this business-scoped WhatsApp id.
        fn find_by_whatsapp_id(id: String) -> Option<Contact> {
            Ok(org.contacts().find_by_whatsapp_id(&id).await?.map(Contact::from))
        }

        /// The contacts that fit a filter, in an order; absent: by when they came to be.
        ///
        /// Fails with `filter.*`, and with `cursor.invalid` for a cursor of another list, filter, order or organisation.
        fn list(filter: Filter, order: Option<ContactOrder>, page: Option<PageRequest>) -> Page<Contact> {
            let (order, page) = (order.unwrap_or_default(), page.unwrap_or_default().into());
            org.contacts().list(&filter, order, &page).await.map(Page::from)
        }

        /// The contacts that one box finds, by name: each word that was typed is looked for in any part of names, numbers
        /// in any spelling, addresses in use and attributes, without regard to case and accents. A word of one or two
        /// characters is the beginning of a word. Of these, the ones that fit the filter.
        fn search(text: String, filter: Option<Filter>, page: Option<PageRequest>) -> Page<Contact> {
            let (filter, page) = (filter.unwrap_or(Filter::Everyone), page.unwrap_or_default().into());
            org.contacts().search(&text, &filter, &page).await.map(Page::from)
        }

        /// How many contacts fit a filter. Fails with `filter.*`.
        fn count(filter: Filter) -> u64 {
            org.contacts().count(&filter).await
        }

        /// Contacts that are likely one person, and why: what two or more share is an entry; one that says no more of the
        /// same contacts than an entry before is left out. Blocked and inactive contacts count, deleted ones do not. Where
        /// one address makes several pairs alike, a page may have some entries more than asked for.
        ///
        /// Fails with `cursor.invalid` for a cursor of another list or organisation.
        fn duplicates(page: Option<PageRequest>) -> Page<Duplicate> {
            org.contacts().duplicates(&page.unwrap_or_default().into()).await.map(Page::from)
        }

        /// The contacts that are likely the same person as this one, each with the reasons; the gravest first.
        fn duplicates_of(id: ContactId) -> Vec<Duplicate> {
            org.contacts().duplicates_of(id).await
        }

        /// Adds tags; how many were new.
        fn tag(id: ContactId, tags: Vec<String>) -> usize {
            org.contacts().tag(id, &slices(&tags)).await
        }

        /// Removes tags; how many were there.
        fn untag(id: ContactId, tags: Vec<String>) -> usize {
            org.contacts().untag(id, &slices(&tags)).await
        }

        /// Changes a contact's profile in one step. `revision` is that of the contact as it was read: if somebody else
        /// changed it meanwhile, nothing happens.
        ///
        /// Fails with `contact.changed`, `contact.update_invalid`, `contact.email_invalid`, `contact.identity_required`,
        /// `contact.duplicate`, `attribute.*`, `member.*`, or with `consent.opted_out` where an opt-in does not lift what
        /// the person said.
        fn update(id: ContactId, revision: u64, update: ContactUpdate) -> Contact {
            org.contacts().update(id, revision, &update).await.map(Contact::from)
        }

        /// Merges contacts that are one person into one: nothing of them is lost, their ids lead to the primary from now
        /// on, and their addresses find it.
        ///
        /// The primary's fields win and its gaps are filled, but for what is chosen. Addresses, tags, conversations,
        /// notes and timeline are those of all. Consent is not chosen: an opt-out of any of them stands until the person
        /// lifts it, and an address of somebody who had not opted in gets nothing until the person writes or an opt-in is
        /// recorded. Who is blocked as one of them stays blocked. In a broadcast in which several of them are, one
        /// message goes out.
        ///
        /// Fails with `contact.not_found`, `contact.merge_self` or `contact.merge_invalid`.
        fn merge(primary: ContactId, request: MergeRequest) -> MergedContact {
            org.contacts().merge(primary, &request).await.map(MergedContact::from)
        }

        /// What `merge` would make of the primary, and in what the contacts differ. Changes nothing.
        fn preview_merge(primary: ContactId, request: MergeRequest) -> MergedContact {
            org.contacts().preview_merge(primary, &request).await.map(MergedContact::from)
        }

        /// Takes a merge back, named by the id of the contact that was merged: it is a contact of its own again, with
        /// what it had. What came since stays with the primary; an opt-out and a block since hold for both.
        ///
        /// Fails with `contact.not_found`, or with `contact.merge_final` if nothing was merged under this id, or the
        /// primary was merged or deleted since.
        fn undo_merge(duplicate: ContactId) -> Contact {
            org.contacts().undo_merge(duplicate).await.map(Contact::from)
        }

        /// Makes a member of the team, or nobody, responsible for a contact; whether somebody else was. Fails with
        /// `member.not_found` or `member.inactive`.
        fn set_owner(id: ContactId, owner: Option<AgentId>) -> bool {
            org.contacts().set_owner(id, owner).await
        }

        /// Moves a contact to a lead status; whether it was at another one.
        fn set_lead(id: ContactId, lead: LeadStatus) -> bool {
            org.contacts().set_lead(id, lead).await
        }

        /// Moves a contact one step on, from cold to warm, to hot, to customer; the status then. Fails with
        /// `contact.lead_step` for a customer.
        fn advance_lead(id: ContactId) -> LeadStatus {
            org.contacts().advance_lead(id).await
        }

        /// Moves a contact that is hot or a customer back to be won again: to cold, or where it is told to begin; the
        /// status then. Fails with `contact.lead_step` for others, and where that is no step back.
        fn re_engage(id: ContactId, to: Option<LeadStatus>) -> LeadStatus {
            org.contacts().re_engage(id, to).await
        }

        /// Does one thing with many contacts, by the rules of the calls for one: what they refuse is refused, counted and
        /// listed. Some 2,000 contacts are one commit. What was done stays done after a cancellation; `next` of the
        /// report, given as `after`, goes on there.
        ///
        /// Fails with `filter.*`, `segment.not_found`, `tag.*`, or `cursor.invalid` for a place in another selection.
        fn bulk(selection: Selection, action: BulkAction, after: Option<String>; watch: BulkReport) -> BulkReport {
            let (mut tell, told) = watch.teller();
            let bulk = BulkWatch {
                after: after.map(Cursor),
                progress: Some(Box::new(move |report: &BulkReport| {
                    if let Ok(report) = encode(report) {
                        tell(report);
                    }
                })),
                cancel: watch.cancel.map(|cancel| cancel.token()),
            };
            let report = org.contacts().bulk(&selection, &action, bulk).await;
            told.await;
            report
        }

        /// Writes contacts to a file as CSV, UTF-8 with commas, page by page. Each is written once; deleted ones never,
        /// blocked ones as such. No cell is one that a spreadsheet would run: such a cell has one `'` before it, which an
        /// import takes off again. Imported, the columns that are written by default give the same contacts back.
        ///
        /// Fails with `filter.*`, `segment.not_found`, `import.mapping` for columns that do not hold, or `import.io`.
        fn export(selection: Selection, to: PathBuf, options: Option<ExportOptions>; watch: ExportCounts) -> ExportReport {
            let file = File::create(&to).map_err(|error| unusable(&to, error))?;
            let (mut tell, told) = watch.teller();
            let export = ExportWatch {
                progress: Some(Box::new(move |counts: &ExportCounts| {
                    if let Ok(counts) = encode(counts) {
                        tell(counts);
                    }
                })),
                cancel: watch.cancel.map(|cancel| cancel.token()),
            };
            let options = options.unwrap_or_default();
            let report = org.contacts().export(&selection, &options, file, export).await;
            told.await;
            report
        }

        /// Gives a contact one more number. Fails with `phone.*` or `contact.duplicate`.
        fn add_phone(id: ContactId, phone: String) -> Contact {
            org.contacts().add_phone(id, &phone).await.map(Contact::from)
        }

        /// Gives a contact another number in place of one that it has. The old one is kept as history; an opt-out
        /// follows to the new one, an opt-in does not.
        fn replace_phone(id: ContactId, old: String, new: String) -> Contact {
            org.contacts().replace_phone(id, &old, &new).await.map(Contact::from)
        }

        /// The contact that has this id in another system.
        fn find_by_external_id(system: String, external: String) -> Option<Contact> {
            Ok(org.contacts().find_by_external_id(&system, &external).await?.map(Contact::from))
        }

        /// Gives a contact its id in another system, in place of the one it has there. An id belongs to one contact of
        /// the organisation, and a contact has one in each system; both are compared as they are, trimmed.
        ///
        /// Fails with `contact.external_id_invalid`, or with `contact.duplicate` (the message names the contact).
        fn set_external_id(id: ContactId, system: String, external: String) -> Contact {
            org.contacts().set_external_id(id, &system, &external).await.map(Contact::from)
        }

        /// Takes a contact's id in another system away. Nothing if it has none there.
        fn remove_external_id(id: ContactId, system: String) -> Contact {
            org.contacts().remove_external_id(id, &system).await.map(Contact::from)
        }

        /// Stores a record of another system by its id there: creates the contact as `create` does, or updates the one
        /// that has the id with what is given; said again, the same changes nothing.
        ///
        /// Of a known contact the fields, attributes and external ids that are given win, tags are added, and numbers
        /// and platform ids stay: one that the contact does not have is refused with `contact.address_differs`, or with
        /// `contact.duplicate` if it is another contact's. Fails besides with what `create` and `opt_in` fail with.
        fn upsert(new: NewContact, system: String, external: String) -> UpsertedContact {
            let (contact, outcome) = org.contacts().upsert(new, &system, &external).await?;
            Ok(UpsertedContact {
                contact: contact.into(),
                outcome,
            })
        }

        /// Deletes a contact. Names, addresses, tags, attributes, ids in other systems, owner and notes go; what waits to
        /// be sent is skipped; conversations stay or go as the settings say. The id stays, and what it is in: the journal,
        /// the ledger, and the history of consent. A later message from the person makes a new contact.
        ///
        /// Of each address that the contact has or had, a keyed hash is kept while an opt-out is in force: whoever gets
        /// the address later, by whatever way, is held to it. Fails with `contact.not_found`.
        fn delete(id: ContactId) -> () {
            org.contacts().delete(id).await
        }

        /// Erases a contact, as the laws on privacy (GDPR, CCPA) grant it: all that `delete` takes, its conversations
        /// whatever the settings say, and every personal value wherever else it stands: in evidence of consent, in the
        /// ledger, in the journal and so in the audit, in snapshots that would take back a merge, in webhook events that
        /// were kept, and where other contacts' records name its addresses. Merged contacts go whole. One that is deleted
        /// already can be erased, too.
        ///
        /// What stays names nobody: the id, counts, times, and the keyed hash of each address with its opt-outs. The
        /// certificate says how much there was, and which media files the host is to delete. What is removed cannot be
        /// read out of the store's files any more when it says so. Cut off, it is gone on with by `run_due`, or by asking
        /// again. Fails with `contact.not_found`.
        fn erase(id: ContactId) -> ErasureCertificate {
            org.contacts().erase(id).await
        }

        /// The certificate of an erase, as it stands. Fails with `contact.not_found` for a contact that was not erased.
        fn certificate(id: ContactId) -> ErasureCertificate {
            org.contacts().certificate(id).await
        }

        /// Everything that is held about a contact, a deleted one too, under all ids that lead to it, as one object: what
        /// the right of access (GDPR, article 15) asks for. Its fields: `contact` (with the history of consent), `merged`,
        /// `notes`, `conversations`, `messages`, `message_references`, `evidence`, `ledger`, `windows`, `slots`,
        /// `suppressions`, `imports`, `quarantined`, `mentions`, `journal`, `erasure`. Fails with `contact.not_found`.
        fn dossier(id: ContactId) -> BTreeMap<String, Value> {
            let dossier = org.contacts().dossier(id).await?;
            // What was just written as an object can be read as one.
            Ok(serde_json::from_str(&encode(&dossier)?).unwrap_or_default())
        }

        /// Blocks a contact: it opens no conversation and gets no message, tag or automation.
        fn block(id: ContactId) -> () {
            org.contacts().block(id).await
        }

        /// Lifts a block and restores the status before.
        fn unblock(id: ContactId) -> () {
            org.contacts().unblock(id).await
        }

        /// Sets a contact aside from campaigns (`false`), or takes it back.
        fn set_active(id: ContactId, active: bool) -> () {
            org.contacts().set_active(id, active).await
        }

        /// Everything that happened with a contact, a deleted one too, by the time it happened; of these kinds only, or
        /// (empty) of all.
        fn timeline(id: ContactId, kinds: Option<Vec<EntryKind>>, page: Option<PageRequest>) -> Page<Entry> {
            let (kinds, page) = (kinds.unwrap_or_default(), page.unwrap_or_default().into());
            org.contacts().timeline(id, &kinds, &page).await.map(Page::from)
        }

        /// The contact's window at a sender, at this moment.
        fn window(id: ContactId, account: AccountId) -> WindowState {
            org.contacts().window(id, account).await
        }
    }
}
