//! What must hold of sequences: each step once, nothing after somebody left, one enrollment of a person, and nobody stuck.

use std::collections::{BTreeMap, BTreeSet};

use tertulia::core::broadcast::Stats;
use tertulia::core::consent::Denial;
use tertulia::core::conversation::Message;
use tertulia::core::ids::{ContactId, DispatchId, EnrollmentId, OrgId, SequenceId};
use tertulia::core::ledger::{Campaign, Dispatch, StateName, StepRow};
use tertulia::core::record::{ChangeSet, Key, Op, Record, RecordKind};
use tertulia::sequence::{Enrollment, EnrollmentState, Funnel, Goal, Sequence};
use tertulia::storage::Query;
use tertulia::{Channel, Contact};

use super::{all, get, now};
use crate::faults::Fault;
use crate::world::{State, World};

/// What is known of sequences so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    sequences: BTreeMap<SequenceId, (OrgId, Funnel)>,
    /// The row by which each enrollment's step began.
    begun: BTreeMap<(EnrollmentId, String), DispatchId>,
    /// The steps that the platform took.
    taken: BTreeSet<(EnrollmentId, String)>,
    /// Whether somebody came into a sequence or left it, or became somebody else, since the last look.
    touched: bool,
}

impl Steps {
    pub(crate) const fn is_touched(&self) -> bool {
        self.touched
    }
}

/// What a commit is about to do with those who are in sequences.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    sequences: Vec<Sequence>,
    enrollments: Vec<Move>,
    /// Who must leave by this commit: they write.
    writers: Vec<EnrollmentId>,
    people: bool,
}

#[derive(Debug)]
struct Move {
    before: Option<Enrollment>,
    after: Enrollment,
    /// The row that they waited for before, as it is afterwards.
    row: Option<Dispatch>,
    sequence: Option<Sequence>,
}

/// A step's row that is about to be `sending`, with what the store says before.
#[derive(Debug)]
pub(crate) struct StepBefore {
    step: StepRow,
    enrollment: Option<Enrollment>,
    sequence: Option<Sequence>,
}

/// All sequences.
pub(crate) fn sequences(world: &World) -> Vec<Sequence> {
    records(world, RecordKind::Sequence)
}

/// Everybody who was ever enrolled.
pub(crate) fn enrollments(world: &World) -> Vec<Enrollment> {
    records(world, RecordKind::Enrollment)
}

fn records<R: TryFrom<Record>>(world: &World, kind: RecordKind) -> Vec<R> {
    all(world, Query::Records { org: None, kind })
}

fn enrollment_of(world: &World, org: OrgId, enrollment: EnrollmentId) -> Option<Enrollment> {
    get(world, Key::Enrollment { org, enrollment })
}

fn sequence_of(world: &World, org: OrgId, sequence: SequenceId) -> Option<Sequence> {
    get(world, Key::Sequence { org, sequence })
}

/// What the store says of a row's step before it leaves.
pub(crate) fn before_departure(world: &World, row: &Dispatch) -> Option<StepBefore> {
    let step = row.step.clone()?;
    Some(StepBefore {
        enrollment: enrollment_of(world, row.org, step.enrollment),
        sequence: row.sequence().and_then(|id| sequence_of(world, row.org, id)),
        step,
    })
}

/// Looks at a commit before it is made.
pub(crate) fn before(world: &World, changes: &ChangeSet) -> Moves {
    let mut moves = Moves::default();
    let mut rows: BTreeMap<DispatchId, &Dispatch> = BTreeMap::new();
    let mut after: Vec<&Enrollment> = Vec::new();
    for op in &changes.ops {
        match op {
            Op::Insert(Record::Message(message)) => moves.writers.extend(writers(world, message)),
            Op::Insert(Record::Dispatch(row)) | Op::Update(Record::Dispatch(row), _) => {
                rows.insert(row.id, row);
            }
            Op::Insert(Record::Enrollment(enrollment)) | Op::Update(Record::Enrollment(enrollment), _) => {
                after.push(enrollment);
            }
            Op::Insert(Record::Sequence(sequence)) | Op::Update(Record::Sequence(sequence), _) => {
                moves.sequences.push(sequence.clone());
            }
            Op::Insert(Record::Merged(_)) | Op::Remove(Key::Merged { .. }, _) => moves.people = true,
            _ => {}
        }
    }
    for after in after {
        let org = after.org;
        let before = enrollment_of(world, org, after.id);
        let row = match before.as_ref().map(|before| &before.state) {
            Some(EnrollmentState::Sending { dispatch, .. }) => {
                let dispatch = *dispatch;
                let written = rows.get(&dispatch).map(|row| (*row).clone());
                written.or_else(|| get(world, Key::Dispatch { org, dispatch }))
            }
            _ => None,
        };
        moves.enrollments.push(Move {
            before,
            after: after.clone(),
            row,
            sequence: sequence_of(world, org, after.sequence),
        });
    }
    moves
}

/// Who is under way in a sequence that they leave for what they write.
fn writers(world: &World, message: &Message) -> Vec<EnrollmentId> {
    let org = message.org;
    if !message.is_inbound() || !message.is_spoken() {
        return Vec::new();
    }
    let contact: Option<Contact> = get(
        world,
        Key::Contact {
            org,
            contact: message.contact,
        },
    );
    let enrolled = contact.map(|contact| contact.enrolled).unwrap_or_default();
    let leaves = |sequence: SequenceId, enrollment: EnrollmentId| {
        let goals = sequence_of(world, org, sequence)?.definition.goals;
        let enrollment = enrollment_of(world, org, enrollment)?;
        // By the second, as platforms time events.
        let since = enrollment.enrolled_at.timestamp() <= message.at.timestamp();
        (since && goals.contains(&Goal::Reply)).then_some(enrollment.id)
    };
    let open = enrolled.into_iter().filter(|(_, known)| known.open);
    open.filter_map(|(sequence, known)| leaves(sequence, known.id))
        .collect()
}

/// A commit was made.
pub(crate) fn committed(state: &mut State, moves: Moves) {
    let Moves {
        sequences,
        enrollments,
        writers,
        people,
    } = moves;
    state.witness.steps.touched |= people || !enrollments.is_empty();
    let walked = enrollments.iter().map(|of| of.after.sequence);
    let changed = walked.chain(sequences.iter().map(|sequence| sequence.id));
    state.witness.touched.extend(changed.map(Campaign::Sequence));
    for sequence in sequences {
        state.log(|| format!("sequence {} is {}", sequence.name, sequence.state.as_str()));
        let known = state.witness.steps.sequences.entry(sequence.id);
        known.or_insert((sequence.org, Funnel::default()));
    }
    let now_out: BTreeSet<EnrollmentId> = enrollments
        .iter()
        .filter(|of| !of.after.is_open())
        .map(|of| of.after.id)
        .collect();
    for writer in writers {
        if !now_out.contains(&writer) {
            state.broken(format!(
                "somebody wrote, and stays in the sequence that ends with it: {writer}"
            ));
        }
    }
    for of in enrollments {
        state.log(|| format!("{} of {} is {:?}", of.after.id, of.after.contact, of.after.state));
        if of.leaves_on_the_way() && state.faulty {
            state.hits.hit(Fault::LeftOnTheWay);
        }
        if let Some(broken) = of.broken() {
            state.broken(format!("{broken}: {of:?}"));
        }
    }
}

impl Move {
    fn leaves_on_the_way(&self) -> bool {
        let flies = |row: &Dispatch| row.state.name() == StateName::Sending;
        matches!(self.after.state, EnrollmentState::Exited { .. }) && self.row.as_ref().is_some_and(flies)
    }

    /// What should have kept somebody where they were.
    fn broken(&self) -> Option<&'static str> {
        let active = self
            .sequence
            .as_ref()
            .is_some_and(|known| known.state.is_active());
        let Some(before) = &self.before else {
            return (!active).then_some("somebody was enrolled though the sequence is not active");
        };
        if !before.is_open() {
            return (self.after != *before).then_some("somebody who was out or through goes on");
        }
        if !self.after.path.starts_with(&before.path) {
            return Some("the way that somebody came is another one now");
        }
        if matches!(self.after.state, EnrollmentState::Exited { .. }) || self.after.state == before.state {
            return None;
        }
        let came_on = match (&self.after.state, self.after.path.get(before.path.len())) {
            (_, Some(next)) => Some(next.at),
            (EnrollmentState::Finished { at }, None) => Some(*at),
            _ => None,
        };
        match &before.state {
            EnrollmentState::Waiting { until, .. } if came_on.is_none_or(|at| at < *until) => {
                Some("somebody went on before their time")
            }
            EnrollmentState::Waiting { .. } if !active => {
                Some("somebody went on though the sequence is not active")
            }
            EnrollmentState::Sending { .. }
                if self.row.as_ref().is_none_or(|row| row.state.name().is_open()) =>
            {
                Some("somebody went on though their message waits or is on its way")
            }
            _ => None,
        }
    }
}

impl StepBefore {
    /// What should have kept the step's message from leaving by this row.
    pub(crate) fn broken(&self, row: DispatchId, state: &mut State) -> Vec<&'static str> {
        let mut broken = Vec::new();
        let waits = |known: &Enrollment| matches!(known.state, EnrollmentState::Sending { dispatch, .. } if dispatch == row);
        if !self.enrollment.as_ref().is_some_and(waits) {
            broken.push("sending was committed though they left the sequence, or are at another step");
        }
        if !self
            .sequence
            .as_ref()
            .is_some_and(|known| known.state.is_active())
        {
            broken.push("sending was committed though the sequence is not active");
        }
        let begun = &mut state.witness.steps.begun;
        if *begun.entry(of(&self.step)).or_insert(row) != row {
            broken.push("a step is begun by two rows");
        }
        broken
    }
}

fn of(step: &StepRow) -> (EnrollmentId, String) {
    (step.enrollment, step.step.clone())
}

/// The platform takes a step's message.
pub(crate) fn taken(steps: &mut Steps, step: &StepRow) -> Option<String> {
    (!steps.taken.insert(of(step))).then(|| format!("a step went out twice: {step:?}"))
}

/// Looks at the sequences to which something was committed, and at who is in them if that changed since the last look.
pub(crate) fn look(world: &World, campaigns: &BTreeSet<Campaign>) {
    let (mut known, touched) = {
        let steps = &mut world.lock().witness.steps;
        (steps.sequences.clone(), std::mem::take(&mut steps.touched))
    };
    known.retain(|id, _| campaigns.contains(&Campaign::Sequence(*id)));
    for (id, (org, before)) in known {
        let Some(sequence) = sequence_of(world, org, id) else {
            continue;
        };
        let rows = now(world.store.tally(org, Campaign::Sequence(id))).expect("the store is open");
        let standings = now(world.store.standings(org, id)).expect("the store is open");
        let funnel = Funnel::new(&sequence.definition, &standings, &rows);
        let mut state = world.lock();
        if fell(&before, &funnel) {
            state.broken(format!(
                "what was counted of a sequence is not any more: had {before:?}, has {funnel:?}"
            ));
        }
        state.witness.steps.sequences.insert(id, (org, funnel));
    }
    if touched {
        people(world);
    }
}

/// Whether less is counted than before.
fn fell(before: &Funnel, now: &Funnel) -> bool {
    let messages = |funnel: &Funnel, step: &str| -> Stats {
        let found = funnel.steps.iter().find(|known| known.step == step);
        found.and_then(|known| known.messages.clone()).unwrap_or_default()
    };
    let less = before.steps.iter().any(|known| {
        let (had, has) = (messages(before, &known.step), messages(now, &known.step));
        has.total < had.total || has.sent < had.sent || has.delivered < had.delivered || has.read < had.read
    });
    let exited = |funnel: &Funnel| funnel.exited.values().sum::<u64>();
    less || now.enrolled < before.enrolled || now.finished < before.finished || exited(now) < exited(before)
}

/// Everybody who is under way is known to be, once, and may be.
fn people(world: &World) {
    let open: Vec<Enrollment> = enrollments(world)
        .into_iter()
        .filter(Enrollment::is_open)
        .collect();
    let contacts: Vec<Contact> = records(world, RecordKind::Contact);
    let by_id: BTreeMap<ContactId, &Contact> = contacts
        .iter()
        .flat_map(|contact| contact.ids().map(move |id| (id, contact)))
        .collect();
    for enrollment in open {
        let sequence = sequence_of(world, enrollment.org, enrollment.sequence);
        let (Some(contact), Some(sequence)) = (by_id.get(&enrollment.contact), sequence) else {
            world
                .lock()
                .broken(format!("nobody is in no sequence: {enrollment:?}"));
            continue;
        };
        let known = contact.enrolled.get(&sequence.id);
        if !known.is_some_and(|known| known.open && known.id == enrollment.id) {
            world.lock().broken(format!(
                "somebody is in a sequence, and does not know it, or is twice: {enrollment:?}, {known:?}"
            ));
        }
        let account = sequence.definition.account;
        let address = contact.destination(Channel::WhatsApp, false, account);
        let of = address.and_then(|identity| identity.merged_from);
        if let Err(Denial::OptedOut(fact)) = contact.consent.permits(false, account, of) {
            world.lock().broken(format!(
                "somebody opted out, and is in a sequence: {fact:?}, {enrollment:?}"
            ));
        }
    }
}

/// Nobody is left when all is drained.
pub(crate) fn settle(world: &World) -> Vec<String> {
    let stuck = enrollments(world).into_iter().filter(Enrollment::is_open);
    stuck
        .map(|enrollment| format!("somebody is stuck in a sequence: {enrollment:?}"))
        .collect()
}
