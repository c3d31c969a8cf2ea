//! What the team writes down about contacts, for itself.

use tertulia_core::decide::{contacts, notes};
use tertulia_core::error::Error;
use tertulia_core::ids::{ContactId, NoteId};
use tertulia_core::note::Note;
use tertulia_core::roles::Call;
use tertulia_storage_traits::Query;

use crate::handles::{Listed, PageOf};
use crate::org::Org;

/// What the team writes down about contacts, for itself.
#[derive(Debug, Clone, Copy)]
pub struct Notes<'a>(pub(crate) &'a Org);

impl Notes<'_> {
    /// Writes a note about a contact, which the whole team sees. Fails with `contact.not_found` or `note.invalid`.
    pub async fn add(&self, contact: ContactId, text: &str) -> Result<Note, Error> {
        let text = text.to_owned();
        self.0
            .decide(Call::NotesAdd, move |set, ctx| {
                notes::add(set, ctx, contact, &text)
            })
            .await
    }

    /// Gives a note another text. Its author may, an admin, and the host.
    ///
    /// Fails with `note.not_found`, `note.invalid`, or `note.not_author` for another member of the team.
    pub async fn edit(&self, id: NoteId, text: &str) -> Result<Note, Error> {
        let text = text.to_owned();
        self.0
            .decide(Call::NotesEdit, move |set, ctx| notes::edit(set, ctx, id, &text))
            .await
    }

    /// Takes a note away. Its author may, an admin, and the host. Fails with `note.not_found`, or `note.not_author`.
    pub async fn remove(&self, id: NoteId) -> Result<(), Error> {
        self.0
            .decide(Call::NotesRemove, move |set, ctx| notes::remove(set, ctx, id))
            .await
    }

    /// The notes about a contact, by when they were written. Fails with `contact.not_found`.
    pub async fn list(&self, contact: ContactId, page: &PageOf) -> Result<Listed<Note>, Error> {
        let call = Call::NotesList;
        let contact = self
            .0
            .look(call, |set, ctx| contacts::get(set, ctx, contact))
            .await?;
        let query = Query::Notes {
            org: self.0.id,
            contacts: contact.ids().collect(),
        };
        let mut notes: Listed<Note> = self.0.list(call, query, page).await?;
        for note in &mut notes.items {
            note.contact = contact.id;
        }
        Ok(notes)
    }
}
