//! Random sequences, and those who are in them.

use tertulia_core::broadcast::Refusal;
use tertulia_core::ids::{EnrollmentId, OrgId, SequenceId};
use tertulia_core::sequence::{
    Condition, Definition, Delay, Enrolled, Enrollment, EnrollmentFilter, EnrollmentState, ExitReason, Fate,
    Goal, MessageStep, MessageTest, Passed, Sequence, SequenceState, Stage, Step, StepKind, Test, Trigger,
    Watch,
};

use super::super::support::sequence_id;
use super::{Generator, TAGS};

/// Names of steps.
const STEPS: [&str; 4] = ["welcome", "Welcome", "são joão", "o'brien"];

impl Generator {
    /// One of the few sequences: none has the id of a broadcast.
    pub fn sequence_id(&mut self) -> SequenceId {
        sequence_id(u128::from(self.rng.u64(1..=self.pool)))
    }

    pub(crate) fn step_name(&mut self) -> String {
        self.one_of(&STEPS).to_owned()
    }

    pub(crate) fn exit_reason(&mut self) -> ExitReason {
        use ExitReason::{Blocked, Deleted, Merged, OptedOut, Removed, Replied, Tagged};
        self.one_of(&[OptedOut, Blocked, Deleted, Replied, Tagged, Merged, Removed])
    }

    pub(crate) fn enrolled(&mut self) -> Enrolled {
        Enrolled {
            id: self.pooled(),
            open: self.once_in(2),
        }
    }

    pub(crate) fn watch(&mut self) -> Watch {
        Watch {
            sequence: self.sequence_id(),
            trigger: self.trigger(),
            from_bulk: self.once_in(2),
        }
    }

    fn trigger(&mut self) -> Trigger {
        match self.below(3) {
            0 => Trigger::Manual,
            1 => Trigger::ContactCreated,
            _ => Trigger::TagAdded(self.one_of(&TAGS).to_owned()),
        }
    }

    pub(crate) fn sequence(&mut self, org: OrgId, id: SequenceId) -> Sequence {
        Sequence {
            id,
            org,
            name: self.text(),
            definition: self.definition(),
            version: self.rng.u32(1..9),
            state: self.sequence_state(),
            created_at: self.time(),
        }
    }

    fn sequence_state(&mut self) -> SequenceState {
        match self.below(4) {
            0 => SequenceState::Draft,
            1 => SequenceState::Paused {
                since: self.time(),
                refusal: self.maybe(|make| Refusal {
                    code: make.text(),
                    message: make.text(),
                }),
            },
            _ => SequenceState::Active { since: self.time() },
        }
    }

    pub(crate) fn definition(&mut self) -> Definition {
        Definition {
            account: self.pooled(),
            trigger: self.trigger(),
            from_bulk: self.once_in(2),
            again: self.once_in(2),
            goals: self.some(2, |make| match make.below(2) {
                0 => Goal::Reply,
                _ => Goal::Tag(make.one_of(&TAGS).to_owned()),
            }),
            steps: self.some(3, |make| Step {
                name: make.step_name(),
                does: make.step_kind(),
                next: make.maybe(Self::step_name),
            }),
        }
    }

    fn step_kind(&mut self) -> StepKind {
        match self.below(3) {
            0 => StepKind::Message(MessageStep {
                template: self.text(),
                language: self.language(),
                parameters: self.parameters(),
            }),
            1 => StepKind::Delay(Delay {
                days: self.rng.i64(0..9),
                hours: self.rng.i64(0..30),
            }),
            _ => StepKind::Condition(Condition {
                when: self.test(),
                yes: self.maybe(Self::step_name),
                no: self.maybe(Self::step_name),
            }),
        }
    }

    fn test(&mut self) -> Test {
        use Fate::{Delivered, Failed, Read, Replied, Sent, Skipped};
        match self.below(2) {
            0 => Test::Contact(self.filter(2)),
            _ => Test::Message(MessageTest {
                step: self.step_name(),
                was: self.one_of(&[Sent, Delivered, Read, Replied, Failed, Skipped]),
            }),
        }
    }

    /// Somebody in a sequence, wherever they stand.
    pub fn enrollment(&mut self, org: OrgId, id: EnrollmentId) -> Enrollment {
        let stage = self.one_of(&Stage::ALL);
        Enrollment {
            id,
            org,
            sequence: self.sequence_id(),
            version: self.rng.u32(1..9),
            contact: self.pooled(),
            enrolled_at: self.time(),
            by: self.actor(),
            by_trigger: self.once_in(2),
            state: self.enrollment_state(stage),
            path: self.some(3, |make| Passed {
                step: make.step_name(),
                at: make.time(),
                dispatch: make.maybe(Self::pooled),
                branch: make.maybe(|make| make.once_in(2)),
                problem: make.maybe(Self::text),
            }),
        }
    }

    /// A state of this name.
    pub fn enrollment_state(&mut self, stage: Stage) -> EnrollmentState {
        match stage {
            Stage::Waiting => EnrollmentState::Waiting {
                step: self.step_name(),
                until: self.time(),
            },
            Stage::Sending => EnrollmentState::Sending {
                step: self.step_name(),
                dispatch: self.pooled(),
            },
            Stage::Finished => EnrollmentState::Finished { at: self.time() },
            Stage::Exited => EnrollmentState::Exited {
                at: self.time(),
                reason: self.exit_reason(),
            },
        }
    }

    /// Which enrollments of a sequence.
    pub fn enrollment_filter(&mut self) -> EnrollmentFilter {
        let mut filter = EnrollmentFilter::default();
        if self.once_in(3) {
            filter.states = self.some(3, |make| make.one_of(&Stage::ALL));
        }
        if self.once_in(3) {
            filter.steps = self.some(3, Self::step_name);
        }
        if self.once_in(3) {
            filter.reasons = self.some(3, Self::exit_reason);
        }
        filter
    }
}
