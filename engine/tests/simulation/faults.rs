//! All that can go wrong in the simulated world, and how often it did.

use std::collections::BTreeMap;

/// Something that goes wrong, or comes at the worst moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// A request that never came to the platform, without an answer.
    TimedOut,
    /// The platform took a message, and its answer was lost.
    AnswerLost,
    /// No connection: nothing was sent.
    Unreachable,
    /// Too many messages to one person.
    PairLimited,
    /// Too many messages of one sender, account or application.
    SenderLimited,
    /// A passing fault of the platform.
    Passing,
    /// The platform stops the sender: its key, an invoice, its policy.
    SenderStopped,
    /// The platform stops the template.
    TemplateStopped,
    /// The platform will not send this message to this person.
    Refused,
    /// The person had stopped messages at the platform.
    OptedOutThere,
    /// The platform took a message, and later says that it failed.
    FailedLate,
    /// A status that comes twice.
    StatusTwice,
    /// A status that overtakes an earlier one.
    StatusEarly,
    /// A status that never comes.
    StatusMissing,
    /// A webhook that is sent again, since it was not answered.
    WebhookAgain,
    /// A process that slept for long between the commit of `sending` and the socket.
    SleptBeforeSocket,
    /// A process that slept for long between the platform's answer and its commit.
    SleptBeforeLanding,
    /// A process that ends in the midst of what it does.
    Killed,
    /// A worker whose row another one leased.
    LeaseLost,
    /// A clock that is put forward.
    ClockForward,
    /// A clock that is put back.
    ClockBack,
    /// A commit that lost against another one.
    CommitConflict,
    /// A commit that the store was too busy for.
    CommitBusy,
    /// A commit that was made, and whose answer was lost.
    CommitUnanswered,
    /// Somebody opts out while a message to them is on its way.
    OptOut,
    /// Contacts are merged while a message to one of them is on its way.
    Merge,
    /// A merge is undone while a message to one of them is on its way.
    MergeUndone,
    /// A broadcast is paused while it is being sent.
    Pause,
    /// A broadcast is called off while it is being sent.
    Cancel,
    /// An unconfirmed message is sent again, by choice.
    Resent,
    /// A sequence is paused while a message of it is on its way.
    SequencePause,
    /// A sequence gets other steps while people are under way in it.
    Edition,
    /// Somebody is taken out of a sequence while a message of it is on its way to them.
    Unenroll,
    /// Somebody writes while a message of a sequence is on its way to them.
    Reply,
    /// Somebody left a sequence whose message was on the wire.
    LeftOnTheWay,
    /// Two people who are in one sequence become one.
    MergeEnrolled,
}

impl Fault {
    pub(crate) const ALL: [Self; 36] = [
        Self::TimedOut,
        Self::AnswerLost,
        Self::Unreachable,
        Self::PairLimited,
        Self::SenderLimited,
        Self::Passing,
        Self::SenderStopped,
        Self::TemplateStopped,
        Self::Refused,
        Self::OptedOutThere,
        Self::FailedLate,
        Self::StatusTwice,
        Self::StatusEarly,
        Self::StatusMissing,
        Self::WebhookAgain,
        Self::SleptBeforeSocket,
        Self::SleptBeforeLanding,
        Self::Killed,
        Self::LeaseLost,
        Self::ClockForward,
        Self::ClockBack,
        Self::CommitConflict,
        Self::CommitBusy,
        Self::CommitUnanswered,
        Self::OptOut,
        Self::Merge,
        Self::MergeUndone,
        Self::Pause,
        Self::Cancel,
        Self::Resent,
        Self::SequencePause,
        Self::Edition,
        Self::Unenroll,
        Self::Reply,
        Self::LeftOnTheWay,
        Self::MergeEnrolled,
    ];
}

/// How often each fault was hit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hits(BTreeMap<Fault, u64>);

impl Hits {
    pub(crate) fn hit(&mut self, fault: Fault) {
        *self.0.entry(fault).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (fault, count) in &other.0 {
            *self.0.entry(*fault).or_default() += count;
        }
    }

    pub(crate) fn of(&self, fault: Fault) -> u64 {
        self.0.get(&fault).copied().unwrap_or(0)
    }

    /// Those that were never hit.
    pub(crate) fn missing(&self) -> Vec<Fault> {
        Fault::ALL
            .into_iter()
            .filter(|fault| self.of(*fault) == 0)
            .collect()
    }
}

impl std::fmt::Display for Hits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for fault in Fault::ALL {
            writeln!(f, "{:>12}  {fault:?}", self.of(fault))?;
        }
        Ok(())
    }
}
