//! What the team writes down about contacts.

use tertulia::Org;
use tertulia::core::ids::{ContactId, NoteId};
use tertulia::core::note::Note;

use crate::method::area;
use crate::wire::{Page, PageRequest};

area! {
    /// What the team writes down about contacts, for itself.
    notes(org: Org) {
        /// Writes a note about a contact, which the whole team sees. Fails with `contact.not_found` or `note.invalid`.
        fn add(contact: ContactId, text: String) -> Note {
            org.notes().add(contact, &text).await
        }

        /// Gives a note another text. Its author may, and the host.
        ///
        /// Fails with `note.not_found`, `note.invalid`, or `note.not_author` for another member of the team.
        fn edit(id: NoteId, text: String) -> Note {
            org.notes().edit(id, &text).await
        }

        /// Takes a note away. Its author may, and the host. Fails with `note.not_found`, or `note.not_author`.
        fn remove(id: NoteId) -> () {
            org.notes().remove(id).await
        }

        /// The notes about a contact, by when they were written. Fails with `contact.not_found`.
        fn list(contact: ContactId, page: Option<PageRequest>) -> Page<Note> {
            org.notes().list(contact, &page.unwrap_or_default().into()).await.map(Page::from)
        }
    }
}
