//! What happens with sequences: people come into them, leave them and write at the worst moments; sequences change, pause
//! and go on.

use tertulia::core::ids::ContactId;
use tertulia::sequence::{
    Condition, Definition, Delay, Enrollment, Fate, Goal, MessageStep, MessageTest, Sequence, SequenceState,
    Step, StepKind, Test, Trigger,
};
use tertulia::{BulkAction, BulkWatch, Filter, Language, NewSequence, Org, Selection, TemplateParameters};

use super::{Shop, Story};
use crate::faults::Fault;
use crate::witness;

/// The tag that enrolls, where one does, and the one that is a goal.
const TRIGGER: &str = "lead";
const GOAL: &str = "bought";

impl Story {
    /// A sequence or two, with some people in them.
    pub(super) async fn open_sequences(&mut self, org: &Org, shop: &Shop) {
        for _ in 0..=self.below(2) {
            self.made += 1;
            let name = format!("q{}", self.made);
            let mut goals = Vec::new();
            goals.extend(self.chance(2).then_some(Goal::Reply));
            goals.extend(self.chance(2).then(|| Goal::Tag(GOAL.to_owned())));
            let mut definition = Definition {
                account: shop.accounts[self.below(shop.accounts.len())].0,
                trigger: Trigger::Manual,
                from_bulk: self.chance(2),
                again: self.chance(2),
                goals,
                steps: self.steps(&name),
            };
            if self.chance(2) {
                definition.trigger = Trigger::TagAdded(TRIGGER.to_owned());
            }
            let sequences = org.sequences();
            let new = NewSequence { name, definition };
            let id = sequences.create(new).await.expect("a sequence");
            self.rest().await;
            // Of a library that does not wait for its commits, as one of the mutants, some may be lost.
            if sequences.activate(id).await.is_err() {
                return;
            }
            for (person, _) in &shop.people {
                if self.chance(3) {
                    self.rest().await;
                    let _ = sequences.enroll(id, *person).await;
                }
            }
            self.rest().await;
        }
    }

    /// Steps by chance: messages, some at once after another, a delay, and a fork.
    fn steps(&mut self, name: &str) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.chance(3) {
            steps.push(self.delay("before"));
        }
        steps.push(self.message(name, "first"));
        if self.chance(3) {
            steps.push(self.message(name, "beside"));
        }
        steps.push(self.delay("wait"));
        let fates = [Fate::Sent, Fate::Read, Fate::Replied, Fate::Skipped];
        let when = match fates.get(self.below(fates.len() + 1)) {
            Some(was) => Test::Message(MessageTest {
                step: "first".to_owned(),
                was: *was,
            }),
            None => Test::has_tag("some"),
        };
        steps.push(Step {
            name: "fork".to_owned(),
            does: StepKind::Condition(Condition {
                when,
                yes: Some("yes".to_owned()),
                no: Some("no".to_owned()),
            }),
            next: None,
        });
        steps.push(Step {
            next: Some("end".to_owned()),
            ..self.message(name, "yes")
        });
        steps.push(self.message(name, "no"));
        steps
    }

    fn delay(&self, name: &str) -> Step {
        let hours = 1 + i64::try_from(self.below(3)).expect("few hours");
        Step {
            name: name.to_owned(),
            does: StepKind::Delay(Delay::hours(hours)),
            next: None,
        }
    }

    fn message(&self, sequence: &str, name: &str) -> Step {
        let of_it = format!("{sequence} {name}");
        Step {
            name: name.to_owned(),
            does: StepKind::Message(MessageStep {
                template: ["sale", "news"][self.below(2)].to_owned(),
                language: Language::parse("en").expect("a language"),
                parameters: TemplateParameters::body([of_it.as_str()]).expect("parameters"),
            }),
            next: None,
        }
    }

    /// Sequences of a shop.
    fn sequences_of(&self, shop: usize) -> Vec<Sequence> {
        let org = self.shops[shop].id;
        let mut found = witness::sequences(&self.world);
        found.retain(|sequence| sequence.org == org);
        found
    }

    fn sequence_of(&self, shop: usize) -> Option<Sequence> {
        let mut found = self.sequences_of(shop);
        (!found.is_empty()).then(|| found.swap_remove(self.below(found.len())))
    }

    /// Somebody under way in a sequence, best of all with its message on the way; and whether it is.
    fn enrolled(&self) -> Option<(Enrollment, bool)> {
        let on_the_way = self.under_way();
        let mut open = witness::enrollments(&self.world);
        open.retain(Enrollment::is_open);
        let flies = |enrollment: &Enrollment| {
            let of = |row: &tertulia::core::ledger::Dispatch| {
                row.step.as_ref().map(|step| step.enrollment) == Some(enrollment.id)
            };
            on_the_way.iter().any(of)
        };
        let (flying, resting): (Vec<_>, Vec<_>) = open.into_iter().partition(flies);
        let flies = !flying.is_empty();
        let mut found = if flies { flying } else { resting };
        (!found.is_empty()).then(|| (found.swap_remove(self.below(found.len())), flies))
    }

    /// Who is enrolled, by hand, by a tag or in bulk; or gets the tag that is a goal.
    pub(super) fn enroll(&mut self) {
        let shop = self.shop();
        let org = self.shops[shop].id;
        let (contact, phone, _) = self.somebody_of(shop);
        let Some(sequence) = self.sequence_of(shop) else {
            return;
        };
        let id = sequence.id;
        match self.below(10) {
            0..4 => self.call(
                org,
                || format!("enroll {phone} in {}", sequence.name),
                |org| async move { org.sequences().enroll(id, contact).await.map(|_| ()) },
            ),
            4..6 => self.tag(shop, contact, TRIGGER, true),
            6 => self.tag(shop, contact, TRIGGER, false),
            7 => self.tag(shop, contact, GOAL, true),
            8 => self.tag(shop, contact, GOAL, false),
            _ => self.call(
                org,
                || format!("enroll some in {}", sequence.name),
                |org| async move {
                    let some = Selection::Filter(Filter::tagged_any(["some"]));
                    let action = BulkAction::Enroll(id);
                    let contacts = org.contacts();
                    let done = contacts.bulk(&some, &action, BulkWatch::default()).await;
                    done.map(|_| ())
                },
            ),
        }
    }

    fn tag(&mut self, shop: usize, contact: ContactId, tag: &'static str, adds: bool) {
        let org = self.shops[shop].id;
        self.call(
            org,
            || format!("tag {contact} {tag}: {adds}"),
            |org| async move {
                let contacts = org.contacts();
                if adds {
                    contacts.tag(contact, &[tag]).await.map(|_| ())
                } else {
                    contacts.untag(contact, &[tag]).await.map(|_| ())
                }
            },
        );
    }

    /// Somebody writes who is under way in a sequence, or is taken out of it.
    pub(super) fn leave(&mut self) {
        let Some((enrollment, flies)) = self.enrolled() else {
            return;
        };
        let shop = usize::from(enrollment.org != self.shops[0].id);
        let (contact, sequence) = (enrollment.contact, enrollment.sequence);
        if self.chance(4) {
            if !flies || self.strikes(Fault::Unenroll) {
                self.call(
                    enrollment.org,
                    || format!("take {contact} out of {sequence}"),
                    |org| async move { org.sequences().unenroll(sequence, contact).await },
                );
            }
        } else if !flies || self.strikes(Fault::Reply) {
            let people = &self.shops[shop].people;
            let phone = people
                .iter()
                .find(|(id, _)| *id == contact)
                .map(|(_, phone)| phone.clone());
            if let Some(phone) = phone {
                self.say(shop, &phone, "hello");
            }
        }
    }

    /// A sequence is paused, or goes on; or those who come from now on get something else.
    pub(super) fn change_sequence(&mut self) {
        let shop = self.shop();
        let Some(sequence) = self.sequence_of(shop) else {
            return;
        };
        let (org, id, name) = (sequence.org, sequence.id, sequence.name);
        let flies = self.under_way().iter().any(|row| row.sequence() == Some(id));
        if let SequenceState::Paused { .. } = sequence.state {
            self.call(
                org,
                || format!("resume {name}"),
                |org| async move { org.sequences().resume(id).await },
            );
        } else if self.chance(3) {
            if self.strikes(Fault::Edition) {
                let definition = Definition {
                    steps: self.steps(&name),
                    ..sequence.definition
                };
                let new = NewSequence {
                    name: name.clone(),
                    definition,
                };
                self.call(
                    org,
                    || format!("change {name}"),
                    |org| async move { org.sequences().update(id, new).await.map(|_| ()) },
                );
            }
        } else if !flies || self.strikes(Fault::SequencePause) {
            self.call(
                org,
                || format!("pause {name}"),
                |org| async move { org.sequences().pause(id).await },
            );
        }
    }

    /// Whether two people are under way in one sequence.
    pub(super) fn are_in_one_sequence(&self, one: ContactId, other: ContactId) -> bool {
        let open = witness::enrollments(&self.world);
        let in_it = |contact: ContactId| {
            let of = open
                .iter()
                .filter(move |known| known.is_open() && known.contact == contact);
            of.map(|known| known.sequence)
        };
        in_it(one).any(|sequence| in_it(other).any(|theirs| theirs == sequence))
    }

    /// Resumes what was paused.
    pub(super) async fn get_sequences_going(&self, worker: usize) {
        for sequence in witness::sequences(&self.world) {
            if let SequenceState::Paused { .. } = sequence.state {
                let org = self.crms[worker].org(sequence.org);
                let going = org.sequences().resume(sequence.id).await;
                going.expect("it may go on");
            }
        }
    }

    pub(super) fn nobody_is_under_way(&self) -> bool {
        !witness::enrollments(&self.world).iter().any(Enrollment::is_open)
    }
}
