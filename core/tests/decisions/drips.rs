//! What tests of sequences share: definitions out of JSON, and contacts taken through them.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tertulia_core::decide::sending::Begun;
use tertulia_core::decide::sequences::{self, NewSequence};
use tertulia_core::decide::{enrollments, sending};
use tertulia_core::error::Error;
use tertulia_core::ids::{ContactId, DispatchId, EnrollmentId, SequenceId};
use tertulia_core::ledger::{Dispatch, DispatchState};
use tertulia_core::record::Key;
use tertulia_core::sequence::{Enrollment, EnrollmentState, ExitReason, Sequence, Stage};

use crate::harness::{ORG, SHOP, World, accepted};

/// A step that sends a template.
pub(crate) fn sends(name: &str, template: &str) -> Value {
    let parameters = json!({"body": [{"type": "text", "text": "{{contact.firstName}}"}]});
    let message = json!({"template": template, "language": "pt_BR", "parameters": parameters});
    json!({"name": name, "does": {"message": message}})
}

/// A step that waits for so many days.
pub(crate) fn waits(name: &str, days: i64) -> Value {
    json!({"name": name, "does": {"delay": {"days": days}}})
}

/// A step that asks for something.
pub(crate) fn asks(name: &str, when: &Value, yes: Option<&str>, no: Option<&str>) -> Value {
    json!({"name": name, "does": {"condition": {"when": when, "yes": yes, "no": no}}})
}

/// A sequence of these steps, with what else its definition says.
pub(crate) fn drip(steps: &Value, with: &Value) -> NewSequence {
    let mut definition = json!({"account": SHOP, "steps": steps});
    for (field, value) in with.as_object().into_iter().flatten() {
        definition[field] = value.clone();
    }
    serde_json::from_value(json!({"name": "Welcome", "definition": definition})).unwrap()
}

/// "hello", three days, "bye".
pub(crate) fn hello_and_bye() -> Value {
    json!([
        sends("hello", "receipt"),
        waits("wait", 3),
        sends("bye", "receipt")
    ])
}

impl World {
    pub(crate) fn draft_sequence(&mut self, new: &NewSequence) -> Result<SequenceId, Error> {
        self.decide(|set, ctx| sequences::create(set, ctx, new))
    }

    /// An active sequence.
    pub(crate) fn sequence(&mut self, steps: &Value, with: &Value) -> SequenceId {
        let id = self.draft_sequence(&drip(steps, with)).unwrap();
        self.decide(|set, ctx| sequences::activate(set, ctx, id)).unwrap();
        id
    }

    pub(crate) fn see_sequence(&self, sequence: SequenceId) -> Sequence {
        self.get(&Key::Sequence { org: ORG, sequence })
    }

    pub(crate) fn enroll(&mut self, sequence: SequenceId, contact: ContactId) -> Result<EnrollmentId, Error> {
        self.decide(|set, ctx| enrollments::enroll(set, ctx, sequence, contact))
    }

    pub(crate) fn enrollment(&self, enrollment: EnrollmentId) -> Enrollment {
        self.get(&Key::Enrollment { org: ORG, enrollment })
    }

    /// The only enrollment there is.
    pub(crate) fn only_enrollment(&self) -> Enrollment {
        let mut all = self.all::<Enrollment>();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// The step where somebody stands, or the state that they ended in.
    pub(crate) fn stands(&self, enrollment: EnrollmentId) -> String {
        let state = self.enrollment(enrollment).state;
        state
            .step()
            .map_or_else(|| state.stage().as_str().to_owned(), str::to_owned)
    }

    /// The row that somebody waits for.
    pub(crate) fn row_in(&self, enrollment: EnrollmentId) -> DispatchId {
        match self.enrollment(enrollment).state {
            EnrollmentState::Sending { dispatch, .. } => dispatch,
            other => panic!("no message: {other:?}"),
        }
    }

    /// Why somebody left.
    pub(crate) fn left_for(&self, enrollment: EnrollmentId) -> Option<ExitReason> {
        let enrollment = self.enrollment(enrollment);
        let contact = self.see(enrollment.contact);
        let own = contact.enrolled.get(&enrollment.sequence);
        let own = own.filter(|own| own.id == enrollment.id).map(|own| own.open);
        assert_eq!(
            own,
            Some(enrollment.is_open()),
            "the contact's record says the same"
        );
        match enrollment.state {
            EnrollmentState::Exited { reason, .. } => Some(reason),
            _ => None,
        }
    }

    /// Sends the message that somebody waits for; it is accepted.
    pub(crate) fn send_step(&mut self, enrollment: EnrollmentId) {
        let row = self.row_in(enrollment);
        let flight = self.begin(row).expect("it goes out");
        let id = format!("out.{}", flight.attempt);
        self.land(&flight, &accepted(&id));
    }

    /// The same with a row that is leased.
    pub(crate) fn send_step_leased(&mut self, row: &DispatchId, epoch: u64) {
        let flight = self
            .decide(|set, ctx| sending::begin(set, ctx, *row, epoch).map(Begun::flight))
            .unwrap();
        self.land(&flight.expect("it goes out"), &accepted("out"));
    }

    /// So many days later, whoever waited long enough goes on.
    pub(crate) fn days_pass(&mut self, days: i64) {
        self.now += TimeDelta::days(days);
        let due: Vec<Enrollment> = self.all();
        for enrollment in due {
            if enrollment.due().is_some_and(|due| due <= self.now) {
                self.decide(|set, ctx| enrollments::go_on(set, ctx, enrollment.id))
                    .unwrap();
            }
        }
    }

    /// The rows of sequences, in no order.
    pub(crate) fn step_rows(&self) -> Vec<(String, DispatchState)> {
        let mut rows: Vec<Dispatch> = self.all();
        rows.retain(|row| row.step.is_some());
        let of = |row: Dispatch| (row.step.map(|of| of.step).unwrap_or_default(), row.state);
        rows.into_iter().map(of).collect()
    }

    /// How many are in a state.
    pub(crate) fn in_stage(&self, stage: Stage) -> usize {
        let all: Vec<Enrollment> = self.all();
        all.iter()
            .filter(|enrollment| enrollment.state.stage() == stage)
            .count()
    }
}
