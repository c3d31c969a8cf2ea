//! What a caller writes down about a contact.

use crate::context::Context;
use crate::decide::{contacts, team};
use crate::error::{Code, Error};
use crate::ids::{ContactId, NoteId};
use crate::journal::What;
use crate::note::{Note, note_text};
use crate::record::Key;
use crate::roles::Role;
use crate::working_set::{Step, WorkingSet};

fn note_key(ctx: &Context<'_>, note: NoteId) -> Key {
    Key::Note {
        org: ctx.org.id,
        note,
    }
}

/// Writes a note about a contact.
///
/// Fails with `contact.not_found`, or `note.invalid`.
pub fn add(set: &mut WorkingSet, ctx: &mut Context<'_>, contact: ContactId, text: &str) -> Step<Note> {
    let contact = contacts::get(set, ctx, contact)?.id;
    let note = Note {
        id: ctx.ids.next(),
        org: ctx.org.id,
        contact,
        author: ctx.actor.clone(),
        text: note_text(text)?,
        at: ctx.now,
        edited_at: None,
    };
    journal(set, ctx, &note, "added");
    set.put(note.clone());
    Ok(note)
}

/// Gives a note another text; nothing if it is the same.
///
/// Fails with `note.not_found`, `note.invalid`, or `note.not_author` for a member of the team who neither wrote it nor is
/// an admin.
pub fn edit(set: &mut WorkingSet, ctx: &Context<'_>, id: NoteId, text: &str) -> Step<Note> {
    let mut note = own(set, ctx, id)?;
    let text = note_text(text)?;
    if note.text != text {
        note.text = text;
        note.edited_at = Some(ctx.now);
        journal(set, ctx, &note, "edited");
        set.put(note.clone());
    }
    Ok(note)
}

/// Takes a note away.
///
/// Fails with `note.not_found`, or `note.not_author` for a member of the team who neither wrote it nor is an admin.
pub fn remove(set: &mut WorkingSet, ctx: &Context<'_>, id: NoteId) -> Step<()> {
    let note = own(set, ctx, id)?;
    journal(set, ctx, &note, "removed");
    set.remove(note_key(ctx, id));
    Ok(())
}

/// The note, if the caller may change it: its author, an admin, and the host.
fn own(set: &mut WorkingSet, ctx: &Context<'_>, id: NoteId) -> Step<Note> {
    let found: Option<Note> = set.get(&note_key(ctx, id))?;
    let note = found.ok_or_else(|| Error::new(Code::NoteNotFound, format!("there is no note {id}")))?;
    match ctx.agent() {
        Some(agent) if note.author != ctx.actor && team::get(set, ctx, agent)?.role < Role::Admin => {
            let message = format!("note {id} was written by somebody else");
            Err(Error::new(Code::NoteNotAuthor, message).into())
        }
        _ => Ok(note),
    }
}

/// The text stays out of the journal, so that what is taken away is gone.
fn journal(set: &mut WorkingSet, ctx: &Context<'_>, note: &Note, change: &str) {
    let what = What::NoteChanged {
        note: note.id,
        change: change.to_owned(),
    };
    set.journal(ctx.about(note.contact, what));
}
