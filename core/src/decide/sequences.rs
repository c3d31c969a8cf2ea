//! What a caller does with sequences.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::broadcast::Refusal;
use crate::contact::tag_name;
use crate::context::Context;
use crate::decide::broadcasts::check_variables;
use crate::decide::organisation::org;
use crate::decide::sending::{get_template, sender_of_templates};
use crate::decide::{filters, segments};
use crate::error::{Code, Error};
use crate::filter::Filter;
use crate::ids::SequenceId;
use crate::journal::What;
use crate::record::Key;
use crate::segment::SegmentUser;
use crate::sequence::{Definition, NAME_MAX_CHARS, Sequence, SequenceState, SequenceVersion, Trigger, Watch};
use crate::working_set::{Step, Stop, WorkingSet};

/// A sequence to create, or what one is to become.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewSequence {
    /// A name for people.
    pub name: String,
    /// What it is made of.
    pub definition: Definition,
}

pub(crate) fn key(ctx: &Context<'_>, sequence: SequenceId) -> Key {
    Key::Sequence {
        org: ctx.org.id,
        sequence,
    }
}

/// The sequence, which must be there.
pub fn get(set: &mut WorkingSet, ctx: &Context<'_>, id: SequenceId) -> Step<Sequence> {
    let found: Option<Sequence> = set.get(&key(ctx, id))?;
    let missing = || Error::new(Code::SequenceNotFound, format!("there is no sequence {id}"));
    found.ok_or_else(|| missing().into())
}

/// An edition of a sequence's definition: today's, or one that was replaced.
pub fn edition(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    sequence: &Sequence,
    version: u32,
) -> Step<Definition> {
    if version == sequence.version {
        return Ok(sequence.definition.clone());
    }
    let replaced: Option<SequenceVersion> = set.get(&version_key(ctx, sequence.id, version))?;
    let missing = || {
        let message = format!("sequence {:?} has no version {version}", sequence.name);
        Error::new(Code::SequenceNotFound, message)
    };
    Ok(replaced.ok_or_else(missing)?.definition)
}

pub(crate) fn version_key(ctx: &Context<'_>, sequence: SequenceId, version: u32) -> Key {
    Key::SequenceVersion {
        org: ctx.org.id,
        sequence,
        version,
    }
}

/// Saves a draft: everything that could never be done is refused now.
pub fn create(set: &mut WorkingSet, ctx: &mut Context<'_>, new: &NewSequence) -> Step<SequenceId> {
    let (name, definition) = checked(set, ctx, new)?;
    let sequence = Sequence {
        id: ctx.ids.next(),
        org: ctx.org.id,
        name,
        definition,
        version: 1,
        state: SequenceState::Draft,
        created_at: ctx.now,
    };
    let id = sequence.id;
    rely(set, ctx, id, None, &sequence.definition)?;
    keep(set, ctx, sequence, "created");
    Ok(id)
}

/// Gives a sequence another name and definition. Once it was active, that is a new edition: those who are under way finish
/// on theirs. Gives the edition that new enrollments have from now on.
pub fn update(set: &mut WorkingSet, ctx: &Context<'_>, id: SequenceId, new: &NewSequence) -> Step<u32> {
    let mut sequence = get(set, ctx, id)?;
    let (name, definition) = checked(set, ctx, new)?;
    if name == sequence.name && definition == sequence.definition {
        return Ok(sequence.version);
    }
    rely(set, ctx, id, Some(&sequence.definition), &definition)?;
    sequence.name = name;
    let before = std::mem::replace(&mut sequence.definition, definition);
    if sequence.state != SequenceState::Draft && before != sequence.definition {
        let replaced = SequenceVersion {
            org: ctx.org.id,
            sequence: id,
            version: sequence.version,
            definition: frozen(set, ctx, before)?,
        };
        set.put(replaced);
        sequence.version += 1;
    }
    let version = sequence.version;
    watch(set, ctx, &sequence)?;
    keep(set, ctx, sequence, "updated");
    Ok(version)
}

/// Lets a draft enroll and send, if its templates may be sent.
pub fn activate(set: &mut WorkingSet, ctx: &Context<'_>, id: SequenceId) -> Step<()> {
    let sequence = get(set, ctx, id)?;
    match sequence.state {
        SequenceState::Draft => run(set, ctx, sequence, "activated"),
        SequenceState::Active { .. } => Ok(()),
        SequenceState::Paused { .. } => Err(wrong_state(&sequence, "activated; resume it")),
    }
}

/// Lets nobody be enrolled and nothing more go out until it is resumed. What is on the wire stays there.
pub fn pause(set: &mut WorkingSet, ctx: &Context<'_>, id: SequenceId) -> Step<()> {
    let sequence = get(set, ctx, id)?;
    match sequence.state {
        SequenceState::Active { .. } => halt(set, ctx, sequence, None),
        SequenceState::Paused { .. } => Ok(()),
        SequenceState::Draft => Err(wrong_state(&sequence, "paused")),
    }
}

/// Goes on where it was paused, if its templates may be sent: what fell due meanwhile is done once, now.
pub fn resume(set: &mut WorkingSet, ctx: &Context<'_>, id: SequenceId) -> Step<()> {
    let sequence = get(set, ctx, id)?;
    match sequence.state {
        SequenceState::Paused { .. } => run(set, ctx, sequence, "resumed"),
        SequenceState::Active { .. } => Ok(()),
        SequenceState::Draft => Err(wrong_state(&sequence, "resumed; activate it")),
    }
}

/// Pauses a sequence that nobody could get a message of now, since its template is stopped: they wait, and are not used up.
pub(crate) fn stop(set: &mut WorkingSet, ctx: &Context<'_>, id: SequenceId, refusal: Refusal) -> Step<()> {
    let sequence = get(set, ctx, id)?;
    if sequence.state.is_active() {
        halt(set, ctx, sequence, Some(refusal))?;
    }
    Ok(())
}

fn run(set: &mut WorkingSet, ctx: &Context<'_>, mut sequence: Sequence, change: &str) -> Step<()> {
    for message in sequence.definition.messages() {
        get_template(set, ctx, &message.template, &message.language)?.sendable()?;
    }
    sequence.state = SequenceState::Active { since: ctx.now };
    watch(set, ctx, &sequence)?;
    keep(set, ctx, sequence, change);
    Ok(())
}

fn halt(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    mut sequence: Sequence,
    refusal: Option<Refusal>,
) -> Step<()> {
    let change = match &refusal {
        None => "paused".to_owned(),
        Some(refusal) => format!("paused: {}", refusal.code),
    };
    sequence.state = SequenceState::Paused {
        since: ctx.now,
        refusal,
    };
    watch(set, ctx, &sequence)?;
    keep(set, ctx, sequence, &change);
    Ok(())
}

/// The name and definition as they are stored, if they can be done with what the organisation has.
fn checked(set: &mut WorkingSet, ctx: &Context<'_>, new: &NewSequence) -> Step<(String, Definition)> {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX_CHARS {
        let message = format!("the sequence's name is empty, or longer than {NAME_MAX_CHARS} characters");
        return Err(Error::new(Code::SequenceInvalid, message).into());
    }
    let mut definition = new.definition.clone();
    definition.check()?;
    sender_of_templates(set, ctx, definition.account, Code::SequenceInvalid)?;
    for message in definition.messages() {
        let template = get_template(set, ctx, &message.template, &message.language)?;
        template.check(&message.parameters)?;
        check_variables(set, ctx, &message.parameters)?;
    }
    for filter in definition.filters_mut() {
        filters::ready(set, ctx, filter)?;
        *filter = filter.folded();
    }
    for tag in definition.tags_mut() {
        *tag = tag_name(tag)?.1;
    }
    Ok((name.to_owned(), definition))
}

/// A definition that nobody edits any more, with segments as they are now; one that cannot be read any more stays named.
fn frozen(set: &mut WorkingSet, ctx: &Context<'_>, mut definition: Definition) -> Step<Definition> {
    for filter in definition.filters_mut() {
        match filters::ready(set, ctx, filter) {
            Ok(ready) => *filter = ready,
            Err(Stop::Refused(_)) => {}
            Err(stop) => return Err(stop),
        }
    }
    Ok(definition)
}

/// What a sequence's conditions stand on.
fn rely(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    id: SequenceId,
    before: Option<&Definition>,
    after: &Definition,
) -> Step<()> {
    let all = |definition: &Definition| Filter::And(definition.filters().cloned().collect());
    let (before, after) = (before.map(all), all(after));
    segments::rely(set, ctx, SegmentUser::Sequence(id), before.as_ref(), Some(&after))
}

/// Keeps with the organisation what a sequence is on the watch for, as long as it is active.
pub(crate) fn watch(set: &mut WorkingSet, ctx: &Context<'_>, sequence: &Sequence) -> Step<()> {
    let watches = sequence.state.is_active() && sequence.definition.trigger != Trigger::Manual;
    let now = watches.then(|| Watch {
        sequence: sequence.id,
        trigger: sequence.definition.trigger.clone(),
        from_bulk: sequence.definition.from_bulk,
    });
    let known = ctx.org.watches.iter().find(|watch| watch.sequence == sequence.id);
    if known == now.as_ref() {
        return Ok(());
    }
    let mut org = org(set, ctx)?;
    org.watches.retain(|watch| watch.sequence != sequence.id);
    org.watches.extend(now);
    set.put(org);
    Ok(())
}

fn wrong_state(sequence: &Sequence, wanted: &str) -> Stop {
    let (name, state) = (&sequence.name, sequence.state.as_str());
    let message = format!("sequence {name:?} is {state}, and so cannot be {wanted}");
    Error::new(Code::SequenceWrongState, message).into()
}

pub(crate) fn keep(set: &mut WorkingSet, ctx: &Context<'_>, sequence: Sequence, change: &str) {
    set.journal(ctx.entry(What::SequenceChanged {
        sequence: sequence.id,
        change: change.to_owned(),
        version: sequence.version,
    }));
    set.put(sequence);
}
