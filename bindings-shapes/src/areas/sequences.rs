//! What is sent step by step.

use tertulia::core::ids::{ContactId, EnrollmentId, SequenceId};
use tertulia::sequence::{Assume, Definition, Enrollment, EnrollmentFilter, Funnel, Sequence, SimulatedRun};
use tertulia::{NewSequence, Org, Selection};

use crate::method::area;
use crate::wire::{Page, PageRequest};

area! {
    /// Sequences: drip campaigns.
    sequences(org: Org) {
        /// Saves a draft; its id. What could never be done is refused now: `sequence.invalid` for loops, steps that nothing
        /// leads to, names that no step has and delays that are none; `template.*`, `filter.*`, `account.not_found`.
        fn create(new: NewSequence) -> SequenceId {
            org.sequences().create(new).await
        }

        /// Gives a sequence another name and definition; the edition that whoever is enrolled from now on has. Once it was
        /// active, those who are under way finish on theirs. Fails as `create` does.
        fn update(id: SequenceId, new: NewSequence) -> u32 {
            org.sequences().update(id, new).await
        }

        /// The sequence, which must be there.
        fn get(id: SequenceId) -> Sequence {
            org.sequences().get(id).await
        }

        /// An edition of the definition, which must be there: today's, or one that was replaced.
        fn get_version(id: SequenceId, version: u32) -> Definition {
            org.sequences().get_version(id, version).await
        }

        /// All sequences, by the time they were drafted.
        fn list(page: Option<PageRequest>) -> Page<Sequence> {
            let page = page.unwrap_or_default().into();
            org.sequences().list(&page).await.map(Page::from)
        }

        /// Lets a draft enroll and send; `run_due` or `work` sends. Fails with `template.not_approved` while one of its
        /// templates may not be sent, and with `sequence.wrong_state` for one that is paused.
        fn activate(id: SequenceId) -> () {
            org.sequences().activate(id).await
        }

        /// Lets nobody be enrolled and nothing more go out until `resume`. What is on the wire stays there. Fails with
        /// `sequence.wrong_state` for a draft.
        fn pause(id: SequenceId) -> () {
            org.sequences().pause(id).await
        }

        /// Goes on where it was paused: what fell due meanwhile is done once, now. Fails as `activate` does.
        fn resume(id: SequenceId) -> () {
            org.sequences().resume(id).await
        }

        /// Enrolls a contact, who is at the first step then. To enroll many, give `contacts.bulk` the action `enroll`.
        ///
        /// Fails with `sequence.enrolled` for somebody who is in it, or was, unless it enrolls again who is through;
        /// `sequence.wrong_state` if it is not active; `sequence.goal_reached`, `contact.blocked`, `consent.opted_out`.
        fn enroll(id: SequenceId, contact: ContactId) -> EnrollmentId {
            org.sequences().enroll(id, contact).await
        }

        /// Takes a contact out: what was not sent yet is not. Fails with `sequence.not_enrolled` if they are not under way.
        fn unenroll(id: SequenceId, contact: ContactId) -> () {
            org.sequences().unenroll(id, contact).await
        }

        /// Who was enrolled in a sequence, with where they stand and the way they came, by the time they were; absent: all.
        fn enrollments(id: SequenceId, who: Option<EnrollmentFilter>, page: Option<PageRequest>) -> Page<Enrollment> {
            let (who, page) = (who.unwrap_or_default(), page.unwrap_or_default().into());
            org.sequences().enrollments(id, &who, &page).await.map(Page::from)
        }

        /// All enrollments of a contact and of those who were merged into it, in whatever sequence, by the time they were
        /// made.
        fn of_contact(contact: ContactId, page: Option<PageRequest>) -> Page<Enrollment> {
            let page = page.unwrap_or_default().into();
            org.sequences().of_contact(contact, &page).await.map(Page::from)
        }

        /// The funnel, step by step, as of now.
        fn stats(id: SequenceId) -> Funnel {
            org.sequences().stats(id).await
        }

        /// What each of these contacts would come through if they were enrolled now and nothing else happened to them,
        /// whatever the sequence's state: months of it at once, by the rules that run it. `assume` says what becomes of the
        /// messages; absent: they arrive, and are not opened. Nothing is sent, and nobody is enrolled.
        fn simulate(id: SequenceId, contacts: Selection, assume: Option<Assume>, page: Option<PageRequest>) -> Page<SimulatedRun> {
            let (assume, page) = (assume.unwrap_or_default(), page.unwrap_or_default().into());
            org.sequences().simulate(id, &contacts, assume, &page).await.map(Page::from)
        }
    }
}
