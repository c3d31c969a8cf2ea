//! Typed identifiers. All are UUIDv7, so that they sort by the time they were made.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Code, Error};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                Uuid::try_parse(text).map(Self).map_err(|_| {
                    Error::new(Code::IdInvalid, concat!("not a ", stringify!($name), ": expected a UUID"))
                })
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )*};
}

ids! {
    /// One organisation: the wall that nothing crosses.
    OrgId;
    /// A sender of the organisation: one WhatsApp number, say.
    AccountId;
    /// A person, whatever addresses they have.
    ContactId;
    /// A thread with one contact.
    ConversationId;
    /// One message, in or out.
    MessageId;
    /// One provider template.
    TemplateId;
    /// One rule, of auto-tagging or of routing.
    RuleId;
    /// One broadcast.
    BroadcastId;
    /// One row of the ledger: at most one message to one address.
    DispatchId;
    /// One attempt to send: what the platform is asked to echo.
    AttemptId;
    /// One CSV import.
    ImportId;
    /// A filter saved under a name.
    SegmentId;
    /// A message saved under a shortcut.
    QuickReplyId;
    /// One note about a contact.
    NoteId;
    /// What a bot or AI is to answer in a conversation, once.
    TurnId;
    /// One survey of satisfaction.
    SurveyId;
    /// One sequence.
    SequenceId;
    /// A contact in a sequence, once.
    EnrollmentId;
    /// A member of the organisation's team.
    AgentId;
}

/// Makes identifiers out of randomness that was handed in, so that core itself has none.
///
/// The same seed and time give the same identifiers in the same order: a decision that is run again
/// after loading more records names its new records as before.
#[derive(Debug, Clone)]
pub struct IdSource {
    millis: u64,
    state: u64,
    made: u16,
}

impl IdSource {
    /// A source for one decision, from the decision's time and 64 random bits.
    pub fn new(now: DateTime<Utc>, seed: u64) -> Self {
        Self {
            millis: u64::try_from(now.timestamp_millis()).unwrap_or(0),
            state: seed,
            made: 0,
        }
    }

    /// The next identifier. It sorts after the ones before it, up to 4,096 of them.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator has one kind of item; this makes every kind of id"
    )]
    pub fn next<I: From<Uuid>>(&mut self) -> I {
        let mut random = [0; 10];
        random[..2].copy_from_slice(&(self.made % 0x1000).to_be_bytes());
        random[2..].copy_from_slice(&self.bits().to_be_bytes());
        self.made = self.made.wrapping_add(1);
        I::from(uuid::Builder::from_unix_timestamp_millis(self.millis, &random).into_uuid())
    }

    /// 64 more bits, by the splitmix64 generator.
    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::{ContactId, IdSource};

    #[test]
    fn ids_sort_as_they_were_made_and_come_again_from_the_same_seed() {
        let make = |seed| -> Vec<ContactId> {
            let mut source = IdSource::new(DateTime::UNIX_EPOCH, seed);
            (0..4096).map(|_| source.next()).collect()
        };
        let ids = make(7);
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert_eq!(ids, make(7));
        assert_ne!(ids, make(8));
        assert!(ids.iter().all(|id| id.0.get_version_num() == 7));
    }
}
