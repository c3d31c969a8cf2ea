//! Turns: what a bot or AI of the host is to answer, and until when whoever runs it may do so.
//!
//! ```text
//! a message comes in ─> waits ─> taken by a worker ─> done: the messages that it saw are answered, later ones wait
//!                         └ after a pause ── failed ┘ └ tried too often: the conversation is handed over to people
//! ```
//!
//! A turn is part of its conversation's record, written in the commit that the message comes in by: whoever takes the
//! conversation over, closes, deletes or erases it ends the turn in the same commit.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{ConversationId, DispatchId, IdSource, MessageId, TurnId};

/// How often a handler is asked for one turn before the conversation is handed over to people.
pub const TRIES: u32 = 5;

/// The most messages that a handler is given at once; what came besides is its next turn.
pub const AT_ONCE: usize = 100;

/// The most messages that wait for a handler, as when no process runs it; one more, and people get the conversation.
pub const MAX_WAITING: usize = 500;

/// What a conversation's bot or AI is to answer. At most one of a conversation, and of that at most one try at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Turn {
    /// The id; the messages that come meanwhile are a turn of their own.
    pub id: TurnId,
    /// The messages that wait for an answer, as they came in.
    pub messages: Vec<MessageId>,
    /// How many of them, from the first, are this turn's: the same in each try. 0: it was not begun.
    pub taken: usize,
    /// How often a handler was asked.
    pub tries: u32,
    /// When it wants attention next: not to be tried before then, or, while a worker has it, the end of the lease.
    pub due: DateTime<Utc>,
    /// The worker that has it.
    pub worker: Option<String>,
}

/// One try at a turn: what a handler acts in. It ends with the lease, and when a person takes the conversation over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InTurn {
    /// The conversation.
    pub conversation: ConversationId,
    /// The turn.
    pub turn: TurnId,
    /// Which try, from 1.
    pub number: u32,
}

impl Turn {
    /// A turn about these messages that nobody has begun.
    pub const fn new(id: TurnId, messages: Vec<MessageId>, due: DateTime<Utc>) -> Self {
        Self {
            id,
            messages,
            taken: 0,
            tries: 0,
            due,
            worker: None,
        }
    }

    /// Whether this try is under way.
    pub fn is(&self, held: &InTurn) -> bool {
        self.worker.is_some() && self.id == held.turn && self.tries == held.number
    }
}

impl InTurn {
    /// The ledger row of the turn's so-manieth message: the same in each try, so that a reply that went out in one is not
    /// sent again in the next. `failed`: how many rows of it failed for good before.
    pub fn row(&self, ordinal: u32, failed: u8) -> DispatchId {
        let bytes = self.turn.0.as_bytes();
        let (time, rest) = bytes.split_at(8);
        let number = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0_u64, |all, byte| (all << 8) | u64::from(*byte))
        };
        let millis = i64::try_from(number(time) >> 16).unwrap_or(0);
        let at = DateTime::from_timestamp_millis(millis).unwrap_or_default();
        let place = (u64::from(ordinal) << 8) | u64::from(failed);
        IdSource::new(at, number(rest).wrapping_add(place)).next()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ConversationId, DateTime, IdSource, InTurn};

    #[test]
    fn each_reply_of_a_turn_has_a_row_of_its_own_in_every_try() {
        let mut ids = IdSource::new(DateTime::UNIX_EPOCH, 7);
        let conversation: ConversationId = ids.next();
        let first = InTurn {
            conversation,
            turn: ids.next(),
            number: 1,
        };
        let again = InTurn { number: 2, ..first };
        let other = InTurn {
            turn: ids.next(),
            ..first
        };
        let mut rows = BTreeSet::new();
        for ordinal in 0..300 {
            for failed in 0..3 {
                assert_eq!(first.row(ordinal, failed), again.row(ordinal, failed));
                assert!(rows.insert(first.row(ordinal, failed)));
                assert!(rows.insert(other.row(ordinal, failed)));
            }
        }
    }
}
