//! A contact in a sequence: enrolled, from step to step, through or out.

use crate::consent::{Denial, Fact};
use crate::contact::{Contact, RecordStatus, tag_key};
use crate::context::Context;
use crate::conversation::Author;
use crate::decide::contacts::{self, find};
use crate::decide::filters;
use crate::decide::sending::{dispatch_key, get_account, get_template, settles_within, skip};
use crate::decide::sequences::{self, edition};
use crate::error::{Code, Error};
use crate::gate;
use crate::ids::{ContactId, EnrollmentId, SequenceId};
use crate::journal::What;
use crate::ledger::{Dispatch, DispatchState, Reached, SkipReason, StateName, StepRow};
use crate::record::Key;
use crate::sequence::{
    Definition, Delay, Enrolled, Enrollment, EnrollmentState, ExitReason, Fate, Goal, MessageStep,
    MessageTest, Passed, Sequence, StepKind, Test,
};
use crate::template::Category;
use crate::working_set::{Step, Stop, WorkingSet};

pub(crate) fn key(ctx: &Context<'_>, enrollment: EnrollmentId) -> Key {
    Key::Enrollment {
        org: ctx.org.id,
        enrollment,
    }
}

/// Enrolls a contact in an active sequence.
///
/// Fails with `sequence.wrong_state`, `sequence.enrolled`, `sequence.goal_reached`, `contact.blocked`,
/// `consent.opted_out`, and if there is no such sequence or contact.
pub fn enroll(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    id: SequenceId,
    contact: ContactId,
) -> Step<EnrollmentId> {
    let sequence = sequences::get(set, ctx, id)?;
    let contact = contacts::get(set, ctx, contact)?;
    if !sequence.state.is_active() {
        let (name, state) = (&sequence.name, sequence.state.as_str());
        let message = format!("sequence {name:?} is {state}, and enrolls nobody");
        return Err(Error::new(Code::SequenceWrongState, message).into());
    }
    // A pause that is committed meanwhile wins.
    set.expect(&sequences::key(ctx, id));
    admit(set, ctx, &sequence, &contact)?;
    begin(set, ctx, &sequence, contact, false)
}

/// Takes a contact out of a sequence: what was not sent yet is not.
///
/// Fails with `sequence.not_enrolled` if they are not under way in it.
pub fn unenroll(set: &mut WorkingSet, ctx: &Context<'_>, id: SequenceId, contact: ContactId) -> Step<()> {
    let sequence = sequences::get(set, ctx, id)?;
    let mut contact = contacts::get(set, ctx, contact)?;
    if leave(set, ctx, &mut contact, id, ExitReason::Removed)? {
        set.put(contact);
        return Ok(());
    }
    let message = format!(
        "contact {} is not under way in sequence {:?}",
        contact.id, sequence.name
    );
    Err(Error::new(Code::SequenceNotEnrolled, message).into())
}

/// Whether a contact may be enrolled.
pub(crate) fn admit(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    sequence: &Sequence,
    contact: &Contact,
) -> Step<()> {
    let (name, id) = (&sequence.name, contact.id);
    let refused = |code, message: String| Err(Error::new(code, message).into());
    match contact.status {
        RecordStatus::Active | RecordStatus::Inactive => {}
        RecordStatus::Blocked => return refused(Code::ContactBlocked, format!("contact {id} is blocked")),
        RecordStatus::Deleted => return refused(Code::ContactDeleted, format!("contact {id} is deleted")),
    }
    if let Some(known) = contact.enrolled.get(&sequence.id) {
        if known.open {
            return refused(
                Code::SequenceEnrolled,
                format!("contact {id} is in sequence {name:?} already"),
            );
        }
        if !sequence.definition.again {
            let message =
                format!("contact {id} was in sequence {name:?} before, which enrolls everybody once");
            return refused(Code::SequenceEnrolled, message);
        }
    }
    if let Some(fact) = opted_out(set, ctx, &sequence.definition, contact)? {
        return refused(
            Code::ConsentOptedOut,
            format!("contact {id} {}", gate::opted_out(&fact)),
        );
    }
    let reached = sequence.definition.goals.iter().find_map(|goal| match goal {
        Goal::Tag(tag) => contact.tags.get(&tag_key(tag)),
        Goal::Reply => None,
    });
    match reached {
        Some(tag) => refused(
            Code::SequenceGoalReached,
            format!("contact {id} has tag {tag:?}, the goal of sequence {name:?}"),
        ),
        None => Ok(()),
    }
}

/// The opt-out that keeps a contact from all messages of a sequence, if one does. Who only does not want marketing goes on
/// in a sequence that sends something else.
fn opted_out(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    definition: &Definition,
    contact: &Contact,
) -> Step<Option<Fact>> {
    let account = get_account(set, ctx, definition.account)?;
    let out = |marketing| {
        let of = contact.destination(account.channel, marketing, account.id);
        let of = of.and_then(|identity| identity.merged_from);
        match contact.consent.permits(marketing, account.id, of) {
            Err(Denial::OptedOut(fact)) => Some(fact),
            _ => None,
        }
    };
    let Some(fact) = out(true) else { return Ok(None) };
    if let Some(fact) = out(false) {
        return Ok(Some(fact));
    }
    for message in definition.messages() {
        if category(set, ctx, message)? != Some(Category::Marketing) {
            return Ok(None);
        }
    }
    Ok(Some(fact))
}

/// The category of a message's template, if it is there.
fn category(set: &mut WorkingSet, ctx: &Context<'_>, message: &MessageStep) -> Step<Option<Category>> {
    match get_template(set, ctx, &message.template, &message.language) {
        Ok(template) => Ok(Some(template.category)),
        Err(Stop::Refused(_)) => Ok(None),
        Err(stop) => Err(stop),
    }
}

/// Puts a contact who may be enrolled at the first step.
pub(crate) fn begin(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    sequence: &Sequence,
    mut contact: Contact,
    by_trigger: bool,
) -> Step<EnrollmentId> {
    let enrollment = Enrollment {
        id: ctx.ids.next(),
        org: ctx.org.id,
        sequence: sequence.id,
        version: sequence.version,
        contact: contact.id,
        enrolled_at: ctx.now,
        by: ctx.actor.clone(),
        by_trigger,
        state: EnrollmentState::Finished { at: ctx.now },
        path: Vec::new(),
    };
    let id = enrollment.id;
    contact.enrolled.insert(sequence.id, Enrolled { id, open: true });
    walk(set, ctx, &sequence.definition, enrollment, contact, Some(0), true)?;
    Ok(id)
}

/// Goes on with somebody who waited long enough, if the sequence is active; whether they went on, or left.
pub fn go_on(set: &mut WorkingSet, ctx: &mut Context<'_>, id: EnrollmentId) -> Step<bool> {
    let known: Option<Enrollment> = set.get(&key(ctx, id))?;
    let due = |known: &Enrollment| known.due().is_some_and(|due| due <= ctx.now);
    let Some(enrollment) = known.filter(due) else {
        return Ok(false);
    };
    let sequence = sequences::get(set, ctx, enrollment.sequence)?;
    if !sequence.state.is_active() {
        return Ok(false);
    }
    set.expect(&sequences::key(ctx, sequence.id));
    advance(set, ctx, &sequence, enrollment)?;
    Ok(true)
}

/// Goes on with whoever waited for a row of the ledger that is done: sent, failed, left out, or unknown.
pub(crate) fn row_done(set: &mut WorkingSet, ctx: &mut Context<'_>, row: &Dispatch) -> Step<()> {
    let Some(step) = &row.step else { return Ok(()) };
    let known: Option<Enrollment> = set.get(&key(ctx, step.enrollment))?;
    let Some(enrollment) = known.filter(|known| waits_for(known, row)) else {
        return Ok(());
    };
    let sequence = sequences::get(set, ctx, enrollment.sequence)?;
    advance(set, ctx, &sequence, enrollment)
}

/// Whether somebody stands at the step whose message a row is.
pub(crate) fn waits_for(enrollment: &Enrollment, row: &Dispatch) -> bool {
    matches!(enrollment.state, EnrollmentState::Sending { dispatch, .. } if dispatch == row.id)
}

/// Whether a step's row is of the edition that its sequence has today.
pub(crate) fn is_of_today(set: &mut WorkingSet, ctx: &Context<'_>, row: &Dispatch) -> Step<bool> {
    let Some(step) = &row.step else { return Ok(false) };
    let enrollment: Option<Enrollment> = set.get(&key(ctx, step.enrollment))?;
    let Some(enrollment) = enrollment else {
        return Ok(false);
    };
    let sequence = sequences::get(set, ctx, enrollment.sequence)?;
    Ok(sequence.version == enrollment.version)
}

/// From the step where they stand to the next one that takes its time, unless they have to leave.
fn advance(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    sequence: &Sequence,
    enrollment: Enrollment,
) -> Step<()> {
    let Some(mut contact) = find(set, ctx, enrollment.contact)? else {
        return exit(set, ctx, enrollment, ExitReason::Deleted);
    };
    let definition = edition(set, ctx, sequence, enrollment.version)?;
    if let Some(reason) = must_leave(set, ctx, &definition, &contact)? {
        leave(set, ctx, &mut contact, sequence.id, reason)?;
        set.put(contact);
        return Ok(());
    }
    let here = enrollment.state.step().and_then(|step| definition.place(step));
    let next = here.and_then(|place| definition.after(place, definition.steps[place].next.as_deref()));
    walk(set, ctx, &definition, enrollment, contact, next, false)
}

/// Why a contact can be in a sequence no longer, whatever its goals.
pub(crate) fn must_leave(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    definition: &Definition,
    contact: &Contact,
) -> Step<Option<ExitReason>> {
    Ok(match contact.status {
        RecordStatus::Deleted => Some(ExitReason::Deleted),
        RecordStatus::Blocked => Some(ExitReason::Blocked),
        RecordStatus::Active | RecordStatus::Inactive => {
            opted_out(set, ctx, definition, contact)?.map(|_| ExitReason::OptedOut)
        }
    })
}

/// Step by step, from one place on, to the first that takes its time, or to the end.
fn walk(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    definition: &Definition,
    mut enrollment: Enrollment,
    mut contact: Contact,
    mut place: Option<usize>,
    anew: bool,
) -> Step<()> {
    let state = loop {
        let Some((here, step)) = place.and_then(|place| Some((place, definition.steps.get(place)?))) else {
            break EnrollmentState::Finished { at: ctx.now };
        };
        let mut passed = Passed {
            step: step.name.clone(),
            at: ctx.now,
            dispatch: None,
            branch: None,
            problem: None,
        };
        match &step.does {
            StepKind::Delay(delay) => {
                enrollment.path.push(passed);
                break waiting(ctx, &step.name, *delay);
            }
            StepKind::Message(message) => {
                let row = enlist(set, ctx, definition, &enrollment, &contact, (&step.name, message))?;
                passed.dispatch = Some(row);
                enrollment.path.push(passed);
                break EnrollmentState::Sending {
                    step: step.name.clone(),
                    dispatch: row,
                };
            }
            StepKind::Condition(condition) => {
                let (yes, problem) = holds(set, ctx, &condition.when, &enrollment, &contact)?;
                passed.branch = Some(yes);
                passed.problem = problem.map(|code| code.as_str().to_owned());
                enrollment.path.push(passed);
                let named = if yes { &condition.yes } else { &condition.no };
                place = definition.after(here, named.as_deref());
            }
        }
    };
    enrollment.state = state;
    let over = !enrollment.is_open();
    if anew || over {
        if over && let Some(known) = own(&mut contact, &enrollment) {
            known.open = false;
        }
        journal(set, ctx, contact.id, &enrollment);
        set.put(contact);
    }
    set.put(enrollment);
    Ok(())
}

fn waiting(ctx: &Context<'_>, step: &str, delay: Delay) -> EnrollmentState {
    EnrollmentState::Waiting {
        step: step.to_owned(),
        until: ctx.now + delay.time().unwrap_or_default(),
    }
}

/// A row of the ledger for a step's message, due now.
fn enlist(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    definition: &Definition,
    enrollment: &Enrollment,
    contact: &Contact,
    (step, message): (&str, &MessageStep),
) -> Step<crate::ids::DispatchId> {
    let category = category(set, ctx, message)?;
    let mut row = Dispatch::pending(
        ctx.ids.next(),
        ctx.org.id,
        Author::Sequence(enrollment.sequence),
        contact.id,
        definition.account,
        ctx.now,
        settles_within(ctx, category),
    );
    row.step = Some(StepRow {
        enrollment: enrollment.id,
        step: step.to_owned(),
    });
    let id = row.id;
    set.put(row);
    Ok(id)
}

/// Whether what a condition asks for is so; with why that cannot be read any more.
fn holds(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    test: &Test,
    enrollment: &Enrollment,
    contact: &Contact,
) -> Step<(bool, Option<Code>)> {
    let asked = match test {
        Test::Contact(filter) => {
            return match filters::ready(set, ctx, filter) {
                Ok(filter) => Ok((filter.matches(contact), None)),
                Err(Stop::Refused(error)) => Ok((false, Some(error.code()))),
                Err(stop) => Err(stop),
            };
        }
        Test::Message(asked) => asked,
    };
    let row: Option<Dispatch> = match enrollment.message_of(&asked.step) {
        Some(dispatch) => set.get(&dispatch_key(ctx, dispatch))?,
        None => None,
    };
    Ok((row.is_some_and(|row| became(&row, asked)), None))
}

fn became(row: &Dispatch, asked: &MessageTest) -> bool {
    let reached = |least| matches!(row.state, DispatchState::Accepted { reached } if reached >= least);
    match asked.was {
        Fate::Sent => row.accepted,
        Fate::Delivered => reached(Reached::Delivered),
        Fate::Read => reached(Reached::Read),
        Fate::Replied => row.accepted && row.replied,
        Fate::Failed => row.state.name() == StateName::Failed,
        Fate::Skipped => row.state.name() == StateName::Skipped,
    }
}

/// Lets a contact, who is not stored yet, leave a sequence; whether they were under way in it.
pub(crate) fn leave(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &mut Contact,
    sequence: SequenceId,
    reason: ExitReason,
) -> Step<bool> {
    let Some(known) = contact.enrolled.get_mut(&sequence).filter(|known| known.open) else {
        return Ok(false);
    };
    known.open = false;
    let enrollment: Option<Enrollment> = set.get(&key(ctx, known.id))?;
    if let Some(enrollment) = enrollment.filter(Enrollment::is_open) {
        exit(set, ctx, enrollment, reason)?;
    }
    Ok(true)
}

/// Ends an enrollment before its time: what was not sent yet is not.
pub(crate) fn exit(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    mut enrollment: Enrollment,
    reason: ExitReason,
) -> Step<()> {
    let row: Option<Dispatch> = match enrollment.state {
        EnrollmentState::Sending { dispatch, .. } => set.get(&dispatch_key(ctx, dispatch))?,
        _ => None,
    };
    let waits = |row: &Dispatch| matches!(row.state.name(), StateName::Pending | StateName::Leased);
    if let Some(row) = row.filter(waits) {
        skip(set, ctx, row, SkipReason::LeftSequence)?;
    }
    enrollment.state = EnrollmentState::Exited { at: ctx.now, reason };
    journal(set, ctx, enrollment.contact, &enrollment);
    set.put(enrollment);
    Ok(())
}

/// What a contact's record says of an enrollment, if it is their last in the sequence.
fn own<'a>(contact: &'a mut Contact, enrollment: &Enrollment) -> Option<&'a mut Enrolled> {
    let known = contact.enrolled.get_mut(&enrollment.sequence);
    known.filter(|known| known.id == enrollment.id)
}

fn journal(set: &mut WorkingSet, ctx: &Context<'_>, contact: ContactId, enrollment: &Enrollment) {
    let reason = match enrollment.state {
        EnrollmentState::Exited { reason, .. } => Some(reason),
        _ => None,
    };
    set.journal(ctx.about(
        contact,
        What::EnrollmentChanged {
            sequence: enrollment.sequence,
            enrollment: enrollment.id,
            state: enrollment.state.stage(),
            reason,
        },
    ));
}
