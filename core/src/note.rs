//! What the team writes down about a contact, for itself.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error};
use crate::ids::{ContactId, NoteId, OrgId};
use crate::journal::Actor;

/// The most characters that a note may have.
pub const NOTE_MAX_CHARS: usize = 10_000;

/// A note about a contact: seen by the whole team, never by the contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// The id.
    pub id: NoteId,
    /// The organisation.
    pub org: OrgId,
    /// About whom.
    pub contact: ContactId,
    /// Who wrote it.
    pub author: Actor,
    /// What it says.
    pub text: String,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// When it was last edited.
    pub edited_at: Option<DateTime<Utc>>,
}

/// A note's text, trimmed.
///
/// # Errors
/// `note.invalid` if it is blank, or longer than [`NOTE_MAX_CHARS`].
pub fn note_text(text: &str) -> Result<String, Error> {
    let text = text.trim();
    let length = text.chars().count();
    if (1..=NOTE_MAX_CHARS).contains(&length) {
        return Ok(text.to_owned());
    }
    let message = format!("the note has {length} characters; it must have 1 to {NOTE_MAX_CHARS}");
    Err(Error::new(Code::NoteInvalid, message))
}
