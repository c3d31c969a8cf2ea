//! Sequences: what is sent to a contact step by step, and where each contact stands in one.

mod check;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Waits;
use crate::broadcast::{Bucket, Refusal, Stats};
use crate::contact::{Tag, tag_key};
use crate::filter::Filter;
use crate::ids::{AccountId, ContactId, DispatchId, EnrollmentId, OrgId, SequenceId};
use crate::journal::Actor;
use crate::ledger::SkipReason;
use crate::template::{Language, TemplateParameters};

/// The name that ends a sequence, where a step's name is expected.
pub const END: &str = "end";

/// The most steps that a sequence may have.
pub const MAX_STEPS: usize = 100;

/// The longest that one step may wait: a year.
pub const MAX_DELAY: TimeDelta = TimeDelta::days(366);

/// The most characters that the name of a step may have.
pub const STEP_NAME_MAX_CHARS: usize = 60;

/// The most characters that the name of a sequence may have.
pub const NAME_MAX_CHARS: usize = 100;

/// A sequence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DripSequence")]
pub struct Sequence {
    /// The id.
    pub id: SequenceId,
    /// The organisation.
    pub org: OrgId,
    /// A name for people.
    pub name: String,
    /// What whoever is enrolled from now on gets.
    pub definition: Definition,
    /// Which edition of the definition that is: it grows with each change once the sequence was active.
    pub version: u32,
    /// Where it stands.
    pub state: SequenceState,
    /// When it was drafted.
    pub created_at: DateTime<Utc>,
}

/// An edition of a sequence that was replaced: those who were enrolled in it finish on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SequenceVersion {
    /// The organisation.
    pub org: OrgId,
    /// The sequence.
    pub sequence: SequenceId,
    /// Which edition.
    pub version: u32,
    /// What it said. Segments that its filters named stand in it as they were when it was replaced.
    pub definition: Definition,
}

/// Where a sequence stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SequenceState {
    /// Saved; nobody is enrolled yet.
    Draft,
    /// Enrolls, and sends.
    Active {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Nobody is enrolled and nothing more goes out until it is resumed; times that waiting steps wait for run on.
    Paused {
        /// Since when.
        since: DateTime<Utc>,
        /// Why it paused by itself, a template being stopped; absent: somebody paused it.
        refusal: Option<Refusal>,
    },
}

impl SequenceState {
    /// The state as a word.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active { .. } => "active",
            Self::Paused { .. } => "paused",
        }
    }

    /// Whether it enrolls and sends.
    pub const fn is_active(&self) -> bool {
        matches!(self, Self::Active { .. })
    }
}

/// What a sequence is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "SequenceDefinition")]
pub struct Definition {
    /// The sender of all its messages.
    pub account: AccountId,
    /// What enrolls contacts by itself.
    #[serde(default)]
    pub trigger: Trigger,
    /// Whether imports, bulk actions and the merging of tags enroll by the trigger, too.
    #[serde(default)]
    pub from_bulk: bool,
    /// Whether a contact who is through, or out, may be enrolled again.
    #[serde(default)]
    pub again: bool,
    /// What a contact leaves the sequence for, whichever comes first.
    #[serde(default)]
    pub goals: Vec<Goal>,
    /// The steps. It begins with the first.
    pub steps: Vec<Step>,
}

/// What enrolls contacts by itself.
///
/// In JSON: `"manual"`, `"contactCreated"`, `{"tagAdded": "vip"}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SequenceTrigger")]
pub enum Trigger {
    /// Nothing: somebody enrolls them.
    #[default]
    Manual,
    /// A contact comes to be, whoever or whatever creates it; a merge never does.
    ContactCreated,
    /// A contact gets this tag who did not have it, by whatever way.
    TagAdded(String),
}

/// What a contact leaves a sequence for.
///
/// In JSON: `"reply"`, `{"tag": "purchased"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SequenceGoal")]
pub enum Goal {
    /// They write.
    Reply,
    /// They get this tag. Who has it is not enrolled.
    Tag(String),
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "SequenceStep")]
pub struct Step {
    /// Its name, unique in the sequence.
    pub name: String,
    /// What is done.
    pub does: StepKind,
    /// The step that comes next, or `end`; absent: the next in the list. A condition has branches instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SequenceStepKind")]
pub enum StepKind {
    /// Sends a template.
    Message(MessageStep),
    /// Waits.
    Delay(Delay),
    /// Goes one way or the other.
    Condition(Condition),
}

/// A message: a stored template, filled for the contact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "SequenceMessage")]
pub struct MessageStep {
    /// The template's name.
    pub template: String,
    /// The template's language.
    pub language: Language,
    /// What fills the template.
    #[serde(default)]
    pub parameters: TemplateParameters,
}

/// How long to wait: both together, an hour at least and 366 days at most. A day has 24 hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "SequenceDelay")]
pub struct Delay {
    /// Days.
    pub days: i64,
    /// Hours.
    pub hours: i64,
}

impl Delay {
    /// So many days.
    pub const fn days(days: i64) -> Self {
        Self { days, hours: 0 }
    }

    /// So many hours.
    pub const fn hours(hours: i64) -> Self {
        Self { days: 0, hours }
    }

    /// The time, where it is one that a step may wait.
    pub fn time(self) -> Option<TimeDelta> {
        let days = TimeDelta::try_days(self.days).filter(|days| *days >= TimeDelta::zero())?;
        let hours = TimeDelta::try_hours(self.hours).filter(|hours| *hours >= TimeDelta::zero())?;
        let time = days.checked_add(&hours)?;
        (time > TimeDelta::zero() && time <= MAX_DELAY).then_some(time)
    }
}

/// A fork.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "SequenceCondition")]
pub struct Condition {
    /// What is asked.
    pub when: Test,
    /// The step that comes next where it is so, or `end`; absent: the next in the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yes: Option<String>,
    /// The step that comes next where it is not so, or `end`; absent: the next in the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no: Option<String>,
}

/// What a condition asks, at the moment when a contact comes to it.
///
/// In JSON: `{"contact": {"tags": {"any": ["purchased"]}}}`, `{"message": {"step": "welcome", "was": "read"}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SequenceTest")]
pub enum Test {
    /// Whether the contact fits a filter. One that cannot be read any more, as it names an attribute that is gone, fits
    /// nobody.
    Contact(Filter),
    /// What became of an earlier step's message.
    Message(MessageTest),
}

impl Test {
    /// Whether the contact has a tag.
    pub fn has_tag(tag: impl Into<String>) -> Self {
        Self::Contact(Filter::tagged_any([tag]))
    }
}

/// What became of an earlier step's message; of one that the contact never came to, nothing did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "SequenceMessageTest")]
pub struct MessageTest {
    /// The step.
    pub step: String,
    /// What became of it.
    pub was: Fate,
}

/// What may become of a step's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "MessageFate")]
pub enum Fate {
    /// The platform took it.
    Sent,
    /// It reached the device.
    Delivered,
    /// It was opened.
    Read,
    /// The contact wrote afterwards, and before any later campaign.
    Replied,
    /// It will not arrive.
    Failed,
    /// It was left out.
    Skipped,
}

impl Fate {
    /// Whether it shows only some time after the message went out.
    pub const fn takes_time(self) -> bool {
        matches!(self, Self::Delivered | Self::Read | Self::Replied)
    }
}

impl Definition {
    /// The place of a step.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.steps.iter().position(|step| step.name == name)
    }

    /// The place of the step that is named, or of the one behind this place where none is; `None`: the end, which is also
    /// where a name leads that no step has.
    pub fn after(&self, place: usize, named: Option<&str>) -> Option<usize> {
        match named {
            Some(name) => self.place(name),
            None => Some(place + 1).filter(|next| *next < self.steps.len()),
        }
    }

    /// All its messages.
    pub fn messages(&self) -> impl Iterator<Item = &MessageStep> {
        self.steps.iter().filter_map(|step| match &step.does {
            StepKind::Message(message) => Some(message),
            _ => None,
        })
    }

    /// All filters that its conditions ask for.
    pub fn filters(&self) -> impl Iterator<Item = &Filter> {
        self.steps.iter().filter_map(|step| match &step.does {
            StepKind::Condition(Condition {
                when: Test::Contact(filter),
                ..
            }) => Some(filter),
            _ => None,
        })
    }

    /// The same, to be changed.
    pub fn filters_mut(&mut self) -> impl Iterator<Item = &mut Filter> {
        self.steps.iter_mut().filter_map(|step| match &mut step.does {
            StepKind::Condition(Condition {
                when: Test::Contact(filter),
                ..
            }) => Some(filter),
            _ => None,
        })
    }

    /// The tags that it names by themselves, as goals or as its trigger, to be changed.
    pub fn tags_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let goals = self.goals.iter_mut().filter_map(|goal| match goal {
            Goal::Tag(tag) => Some(tag),
            Goal::Reply => None,
        });
        let trigger = match &mut self.trigger {
            Trigger::TagAdded(tag) => Some(tag),
            Trigger::Manual | Trigger::ContactCreated => None,
        };
        goals.chain(trigger)
    }
}

impl Definition {
    /// Whether it names a tag, by its folded name: as its trigger, as a goal, or in a condition.
    pub fn names_tag(&self, key: &str) -> bool {
        let triggers = matches!(&self.trigger, Trigger::TagAdded(tag) if tag_key(tag) == key);
        let leads_to = |goal: &Goal| matches!(goal, Goal::Tag(tag) if tag_key(tag) == key);
        triggers || self.goals.iter().any(leads_to) || self.filters().any(|filter| filter.names_tag(key))
    }

    /// The same with one tag in another's place.
    #[must_use]
    pub fn retagged(mut self, from: &Tag, to: &Tag) -> Self {
        for tag in self.tags_mut().filter(|tag| tag_key(tag) == from.key) {
            tag.clone_from(&to.name);
        }
        for filter in self.filters_mut() {
            *filter = filter.retagged(&from.key, &to.key);
        }
        self
    }
}

/// What an organisation's active sequence is on the watch for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The sequence.
    pub sequence: SequenceId,
    /// What enrolls.
    pub trigger: Trigger,
    /// Whether imports, bulk actions and the merging of tags do, too.
    pub from_bulk: bool,
}

/// A contact in a sequence, once. Who is enrolled again has another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Enrollment {
    /// The id.
    pub id: EnrollmentId,
    /// The organisation.
    pub org: OrgId,
    /// The sequence.
    pub sequence: SequenceId,
    /// The edition of its definition.
    pub version: u32,
    /// The contact, by the id of then.
    pub contact: ContactId,
    /// When they were enrolled.
    pub enrolled_at: DateTime<Utc>,
    /// Who enrolled them, or did what enrolled them.
    pub by: Actor,
    /// Whether the trigger did.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_trigger: bool,
    /// Where they stand.
    pub state: EnrollmentState,
    /// The steps that they came through, in order; of the one where they stand, what is known so far.
    pub path: Vec<Passed>,
}

/// A step that a contact came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PassedStep")]
pub struct Passed {
    /// The step.
    pub step: String,
    /// When they came to it.
    pub at: DateTime<Utc>,
    /// A message's row of the ledger, which says what became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispatch: Option<DispatchId>,
    /// Which way a condition went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<bool>,
    /// The dotted code of why a condition could not be read, and went the way of no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Where somebody who was enrolled stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum EnrollmentState {
    /// At a step that waits.
    Waiting {
        /// The step.
        step: String,
        /// Until when.
        until: DateTime<Utc>,
    },
    /// At a message, which waits in the ledger or is on its way.
    Sending {
        /// The step.
        step: String,
        /// The row of the ledger.
        dispatch: DispatchId,
    },
    /// Through.
    Finished {
        /// When.
        at: DateTime<Utc>,
    },
    /// Out, before they were through.
    Exited {
        /// When.
        at: DateTime<Utc>,
        /// Why.
        reason: ExitReason,
    },
}

/// Why somebody left a sequence before they were through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExitReason {
    /// They opted out of all that it sends.
    OptedOut,
    /// They were blocked.
    Blocked,
    /// They were deleted or erased.
    Deleted,
    /// They wrote: the goal.
    Replied,
    /// They got the tag that is the goal.
    Tagged,
    /// They were merged with somebody who is or was in the sequence, too.
    Merged,
    /// Somebody took them out.
    Removed,
}

impl ExitReason {
    /// The reason as a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OptedOut => "opted_out",
            Self::Blocked => "blocked",
            Self::Deleted => "deleted",
            Self::Replied => "replied",
            Self::Tagged => "tagged",
            Self::Merged => "merged",
            Self::Removed => "removed",
        }
    }
}

/// The states of an enrollment as bare words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "EnrollmentStateName")]
pub enum Stage {
    /// At a step that waits.
    Waiting,
    /// At a message.
    Sending,
    /// Through.
    Finished,
    /// Out.
    Exited,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Sending, Self::Finished, Self::Exited];

    /// The word itself.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Finished => "finished",
            Self::Exited => "exited",
        }
    }

    /// Whether somebody who stands there is under way.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Sending)
    }
}

impl EnrollmentState {
    /// The state as a bare word.
    pub const fn stage(&self) -> Stage {
        match self {
            Self::Waiting { .. } => Stage::Waiting,
            Self::Sending { .. } => Stage::Sending,
            Self::Finished { .. } => Stage::Finished,
            Self::Exited { .. } => Stage::Exited,
        }
    }

    /// The step where they stand, if they are under way.
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::Waiting { step, .. } | Self::Sending { step, .. } => Some(step),
            Self::Finished { .. } | Self::Exited { .. } => None,
        }
    }
}

impl Enrollment {
    /// Whether they are under way.
    pub const fn is_open(&self) -> bool {
        self.state.stage().is_open()
    }

    /// When it wants attention without anybody asking.
    pub const fn due(&self) -> Option<DateTime<Utc>> {
        match &self.state {
            EnrollmentState::Waiting { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// The ledger's row of the last message that a step sent.
    pub fn message_of(&self, step: &str) -> Option<DispatchId> {
        let of_step = self.path.iter().rev().find(|passed| passed.step == step);
        of_step.and_then(|passed| passed.dispatch)
    }
}

/// A contact's last enrollment in a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Enrolled {
    /// The enrollment.
    pub id: EnrollmentId,
    /// Whether they are under way.
    pub open: bool,
}

/// Which enrollments of a sequence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EnrollmentFilter {
    /// In any of these states; empty: in all.
    pub states: Vec<Stage>,
    /// At any of these steps; empty: wherever they are.
    pub steps: Vec<String>,
    /// Who left for any of these reasons; empty: for whatever reason.
    pub reasons: Vec<ExitReason>,
}

impl EnrollmentFilter {
    /// Whether an enrollment is meant.
    pub fn matches(&self, standing: &Standing) -> bool {
        let step = standing.step.as_ref();
        (self.states.is_empty() || self.states.contains(&standing.stage))
            && (self.steps.is_empty() || step.is_some_and(|step| self.steps.contains(step)))
            && (self.reasons.is_empty()
                || standing
                    .reason
                    .is_some_and(|reason| self.reasons.contains(&reason)))
    }
}

/// One group of enrollments that stand alike, counted: what [`Funnel`]s are made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Standing {
    /// The state.
    pub stage: Stage,
    /// The step, of those under way.
    pub step: Option<String>,
    /// Why, of those who left.
    pub reason: Option<ExitReason>,
}

impl Standing {
    /// The group that an enrollment belongs to.
    pub fn of(enrollment: &Enrollment) -> Self {
        let reason = match enrollment.state {
            EnrollmentState::Exited { reason, .. } => Some(reason),
            _ => None,
        };
        Self {
            stage: enrollment.state.stage(),
            step: enrollment.state.step().map(str::to_owned),
            reason,
        }
    }
}

/// What is assumed of everybody's messages in a simulation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SimulationAssumption")]
pub enum Assume {
    /// They arrive, and are not opened.
    #[default]
    Delivered,
    /// They are opened.
    Read,
    /// They fail.
    Failed,
}

/// What a contact would come through if they were enrolled now, and nothing else happened to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SimulatedRun {
    /// The contact.
    pub contact: ContactId,
    /// Why they would not be enrolled: the dotted code and the words of the refusal; absent: they would be.
    pub refusal: Option<Refusal>,
    /// The steps, in order.
    pub steps: Vec<SimulatedStep>,
    /// When they would be through.
    pub finished_at: Option<DateTime<Utc>>,
}

/// A step that a contact would come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SimulatedStep {
    /// The step.
    pub step: String,
    /// When; of a message, when it would go out.
    pub at: DateTime<Utc>,
    /// A message's text as they would read it.
    pub text: Option<String>,
    /// Why a message would be left out.
    pub skip: Option<SkipReason>,
    /// Which way a condition would go.
    pub branch: Option<bool>,
    /// What would keep the message waiting without an end, in words: the sequence would go no further.
    pub reason: Option<String>,
}

/// How far the contacts of a sequence got, all editions together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SequenceFunnel")]
pub struct Funnel {
    /// How often anybody was enrolled.
    pub enrolled: u64,
    /// How many are under way.
    pub under_way: u64,
    /// How many are through.
    pub finished: u64,
    /// How many left before, by reason.
    pub exited: BTreeMap<String, u64>,
    /// Each step: first those of today's edition, in its order, then those of earlier editions, by name.
    pub steps: Vec<StepFunnel>,
    /// Why none of the messages that wait goes out just now, and until when, where that is the sender's; absent: they do,
    /// or the sequence is not active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<Waits>,
}

/// How far the contacts at one step got.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepFunnel {
    /// The step.
    pub step: String,
    /// How many stand there now.
    pub here: u64,
    /// What became of its messages; absent: it sends none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Stats>,
}

impl Funnel {
    /// The funnel of a sequence out of its enrollments and its rows of the ledger, both counted.
    pub fn new(definition: &Definition, standings: &[(Standing, u64)], rows: &[(Bucket, u64)]) -> Self {
        let mut funnel = Self::default();
        let mut steps: Vec<StepFunnel> = Vec::new();
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for step in &definition.steps {
            known.insert(step.name.clone(), steps.len());
            steps.push(StepFunnel {
                step: step.name.clone(),
                here: 0,
                messages: matches!(step.does, StepKind::Message(_)).then(Stats::default),
            });
        }
        let today = steps.len();
        let mut at = |name: &str, steps: &mut Vec<StepFunnel>| {
            *known.entry(name.to_owned()).or_insert_with(|| {
                steps.push(StepFunnel {
                    step: name.to_owned(),
                    ..StepFunnel::default()
                });
                steps.len() - 1
            })
        };
        for (standing, count) in standings {
            funnel.enrolled += count;
            match standing.stage {
                Stage::Waiting | Stage::Sending => funnel.under_way += count,
                Stage::Finished => funnel.finished += count,
                Stage::Exited => {
                    let reason = standing.reason.map_or("", ExitReason::as_str);
                    *funnel.exited.entry(reason.to_owned()).or_default() += count;
                }
            }
            if let Some(step) = &standing.step {
                let place = at(step, &mut steps);
                steps[place].here += count;
            }
        }
        for (bucket, count) in rows {
            if let Some(step) = &bucket.step {
                let place = at(step, &mut steps);
                steps[place].messages.get_or_insert_default().add(bucket, *count);
            }
        }
        steps[today..].sort_by(|one, other| one.step.cmp(&other.step));
        funnel.steps = steps;
        funnel
    }

    /// Whether a message waits to go out.
    pub fn sends(&self) -> bool {
        let mut messages = self.steps.iter().filter_map(|step| step.messages.as_ref());
        messages.any(|stats| stats.pending > 0)
    }
}

#[cfg(test)]
mod tests;
