//! Decisions: functions over a [`WorkingSet`](crate::working_set::WorkingSet), one file an occasion.
//!
//! `receive` is what a platform tells, with `evidence` (about a message), `calls` and `moves` (of numbers and ids);
//! `contacts`, `profile`, `merging`, `deletion`, `erasure`, `leads`, `notes`, `external_ids`, `media`, `quick_replies`, `broadcasts`, `segments`, `tags`, `organisation`
//! and `team` are what a caller asks for; `suppression` is what an address is held to when its contact is gone; `filters`
//! are checked as they come in; `conversations` is what becomes of a thread, `routing` who gets it and `turns` what its bot answers; `access` is who may ask for what; `selections` is who is meant of many, and `bulk` does one thing with them; `import_row` is what a file's rows do;
//! `sending` takes a row of the ledger to the socket, and `landing` is what becomes of it there;
//! `sequences` are what a caller keeps, `enrollments` the contacts in them, `reactions` what follows from whatever was decided, and `rehearsals` what would become of a contact in one;
//! `surveys` is how satisfied a contact was when a conversation was resolved.

pub mod access;
pub mod broadcasts;
pub mod bulk;
mod calls;
pub mod contacts;
pub mod conversations;
pub mod deletion;
pub mod enrollments;
pub mod erasure;
mod evidence;
pub mod external_ids;
pub mod filters;
pub mod import_row;
mod landing;
pub mod leads;
pub mod media;
pub mod merging;
pub mod moves;
pub mod notes;
pub mod organisation;
pub mod profile;
pub mod quick_replies;
pub mod reactions;
pub mod receive;
pub mod rehearsals;
pub mod routing;
pub mod segments;
pub mod selections;
pub mod senders;
pub mod sending;
pub mod sequences;
mod suppression;
pub mod surveys;
pub mod tags;
pub mod team;
pub mod turns;
