//! A sequence run through for one contact, by the decisions that run it, over a set that is never committed: months of it
//! at once.

use crate::broadcast::Refusal;
use crate::context::Context;
use crate::conversation::Message;
use crate::decide::contacts::even_deleted;
use crate::decide::enrollments::{self, admit, begin, go_on, row_done};
use crate::decide::landing::land;
use crate::decide::sending::{self, Draft, SendRequest, dispatch_key, explain};
use crate::decide::sequences;
use crate::error::{Code, Error};
use crate::ids::{ContactId, DispatchId, EnrollmentId};
use crate::ledger::{Accepted, Dispatch, DispatchState, LEASE, Outcome};
use crate::message::{Delivery, StatusKind};
use crate::record::Key;
use crate::retry::{Failure, FailureClass};
use crate::sequence::{
    Assume, Enrollment, EnrollmentState, MessageStep, Passed, Sequence, SequenceState, SimulatedRun,
    SimulatedStep, StepKind,
};
use crate::working_set::{Step, Stop, WorkingSet};

/// How often a message may be put off until it is due, before nobody can say when: for a sender that is held, quiet hours,
/// and a moment between two messages.
const PUT_OFF: usize = 8;

/// What a contact would come through if they were enrolled now, whatever the sequence's state. Changes nothing.
pub fn simulate(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    sequence: &Sequence,
    contact: ContactId,
    assume: Assume,
) -> Step<SimulatedRun> {
    let now = ctx.now;
    let run = run(set, ctx, sequence, contact, assume);
    ctx.now = now;
    run
}

fn run(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    sequence: &Sequence,
    id: ContactId,
    assume: Assume,
) -> Step<SimulatedRun> {
    let mut run = SimulatedRun {
        contact: id,
        refusal: None,
        steps: Vec::new(),
        finished_at: None,
    };
    let allowed =
        even_deleted(set, ctx, id).and_then(|contact| admit(set, ctx, sequence, &contact).map(|()| contact));
    let contact = match allowed {
        Ok(contact) => contact,
        Err(Stop::Refused(error)) => {
            run.refusal = Some(Refusal::from(&error));
            return Ok(run);
        }
        Err(stop) => return Err(stop),
    };
    set.need([sequences::key(ctx, sequence.id)])?;
    set.put(Sequence {
        state: SequenceState::Active { since: ctx.now },
        ..sequence.clone()
    });
    let enrollment = begin(set, ctx, sequence, contact, false)?;
    let mut reason = None;
    while reason.is_none() {
        match stands(set, ctx, enrollment)?.state {
            EnrollmentState::Waiting { until, .. } => {
                ctx.now = until;
                go_on(set, ctx, enrollment)?;
            }
            EnrollmentState::Sending { dispatch, .. } => reason = send(set, ctx, dispatch, assume)?,
            EnrollmentState::Finished { at } => {
                run.finished_at = Some(at);
                break;
            }
            EnrollmentState::Exited { .. } => break,
        }
    }
    for passed in stands(set, ctx, enrollment)?.path {
        run.steps.push(told(set, ctx, passed)?);
    }
    if let Some(last) = run.steps.last_mut() {
        last.reason = reason;
    }
    Ok(run)
}

fn stands(set: &mut WorkingSet, ctx: &Context<'_>, id: EnrollmentId) -> Step<Enrollment> {
    let found: Option<Enrollment> = set.get(&enrollments::key(ctx, id))?;
    let gone = || Error::new(Code::SequenceNotEnrolled, format!("there is no enrollment {id}"));
    found.ok_or_else(|| gone().into())
}

/// Sends a step's message as a worker would, and takes its fate as told; why it would never go out, if it would not.
fn send(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    dispatch: DispatchId,
    assume: Assume,
) -> Step<Option<String>> {
    for _ in 0..PUT_OFF {
        let Some(mut row) = row_of(set, ctx, dispatch)? else {
            return Ok(None);
        };
        ctx.now = ctx.now.max(row.not_before);
        row.lease("simulation", ctx.now, ctx.now + LEASE);
        let epoch = row.epoch;
        set.put(row);
        if let Some(flight) = sending::begin(set, ctx, dispatch, epoch)?.flight() {
            let outcome = match assume {
                Assume::Failed => {
                    Outcome::Refused(Failure::new(FailureClass::RecipientInvalid, "simulated", ""))
                }
                Assume::Delivered | Assume::Read => Outcome::Accepted(Accepted {
                    provider_id: format!("simulated:{}", flight.attempt),
                    addresses: Vec::new(),
                    held: false,
                }),
            };
            land(set, ctx, dispatch, flight.attempt, &outcome)?;
        }
        let Some(mut row) = row_of(set, ctx, dispatch)? else {
            return Ok(None);
        };
        if row.state == DispatchState::Pending {
            continue;
        }
        let mut delivery = Delivery::default();
        match assume {
            Assume::Delivered => delivery.observe(&StatusKind::Delivered, ctx.now),
            Assume::Read => delivery.observe(&StatusKind::Read, ctx.now),
            Assume::Failed => {}
        }
        row.observe(&delivery);
        set.put(row.clone());
        row_done(set, ctx, &row)?;
        return Ok(None);
    }
    in_the_way(set, ctx, dispatch).map(Some)
}

fn row_of(set: &mut WorkingSet, ctx: &Context<'_>, dispatch: DispatchId) -> Step<Option<Dispatch>> {
    set.get(&dispatch_key(ctx, dispatch))
}

/// What keeps a message waiting for as long as nobody does anything about it.
fn in_the_way(set: &mut WorkingSet, ctx: &Context<'_>, dispatch: DispatchId) -> Step<String> {
    let nobody_knows = || "nobody can say when it would go out".to_owned();
    let Some(row) = row_of(set, ctx, dispatch)? else {
        return Ok(nobody_knows());
    };
    let Some((sequence, step)) = row.sequence().zip(row.step.as_ref()) else {
        return Ok(nobody_knows());
    };
    let sequence = sequences::get(set, ctx, sequence)?;
    if let SequenceState::Paused {
        refusal: Some(refusal),
        ..
    } = sequence.state
    {
        return Ok(refusal.message);
    }
    let place = sequence.definition.place(&step.step);
    let Some(StepKind::Message(message)) = place.map(|place| &sequence.definition.steps[place].does) else {
        return Ok(nobody_knows());
    };
    let MessageStep {
        template,
        language,
        parameters,
    } = message.clone();
    let request = SendRequest {
        contact: row.contact,
        account: Some(row.account),
        draft: Draft::Template {
            name: template,
            language,
            parameters,
        },
        reply_to: None,
    };
    let denials = explain(set, ctx, &request)?.denials;
    Ok(denials
        .into_iter()
        .next()
        .map_or_else(nobody_knows, |denial| denial.message))
}

/// A step as it is told: of a message, what the ledger and the inbox would have.
fn told(set: &mut WorkingSet, ctx: &Context<'_>, passed: Passed) -> Step<SimulatedStep> {
    let row = match passed.dispatch {
        Some(dispatch) => row_of(set, ctx, dispatch)?,
        None => None,
    };
    let skip = match row.as_ref().map(|row| &row.state) {
        Some(DispatchState::Skipped { reason }) => Some(*reason),
        _ => None,
    };
    let message: Option<Message> = match row.and_then(|row| row.message) {
        Some(message) => set.get(&Key::Message {
            org: ctx.org.id,
            message,
        })?,
        None => None,
    };
    Ok(SimulatedStep {
        step: passed.step,
        at: message.as_ref().map_or(passed.at, |message| message.at),
        text: message.and_then(|message| message.content.words().map(str::to_owned)),
        skip,
        branch: passed.branch,
        reason: None,
    })
}
