//! What is sent step by step.

use tertulia_core::decide::rehearsals;
use tertulia_core::decide::senders;
use tertulia_core::decide::sequences::{self, NewSequence};
use tertulia_core::decide::{contacts, enrollments};
use tertulia_core::error::Error;
use tertulia_core::ids::{ContactId, EnrollmentId, SequenceId};
use tertulia_core::ledger::Campaign;
use tertulia_core::record::RecordKind;
use tertulia_core::roles::Call;
use tertulia_core::selection::Selection;
use tertulia_core::sequence::{
    Assume, Definition, Enrollment, EnrollmentFilter, Funnel, Sequence, SimulatedRun,
};
use tertulia_storage_traits::Query;

use crate::error::from_storage;
use crate::handles::batches::Batches;
use crate::handles::{Listed, PageOf};
use crate::org::Org;

/// Sequences: drip campaigns.
#[derive(Debug, Clone, Copy)]
pub struct Sequences<'a>(pub(crate) &'a Org);

impl Sequences<'_> {
    /// Saves a draft. What could never be done is refused now: `sequence.invalid` for loops, steps that nothing leads to,
    /// names that no step has and delays that are none; `template.*`, `filter.*`, `account.not_found`.
    pub async fn create(&self, new: NewSequence) -> Result<SequenceId, Error> {
        self.0
            .decide(Call::SequencesCreate, move |set, ctx| {
                sequences::create(set, ctx, &new)
            })
            .await
    }

    /// Gives a sequence another name and definition; the edition that whoever is enrolled from now on has. Once it was
    /// active, those who are under way finish on theirs. Fails as [`create`](Self::create) does.
    pub async fn update(&self, id: SequenceId, new: NewSequence) -> Result<u32, Error> {
        self.0
            .decide(Call::SequencesUpdate, move |set, ctx| {
                sequences::update(set, ctx, id, &new)
            })
            .await
    }

    /// The sequence, which must be there.
    pub async fn get(&self, id: SequenceId) -> Result<Sequence, Error> {
        self.0
            .look(Call::SequencesGet, |set, ctx| sequences::get(set, ctx, id))
            .await
    }

    /// An edition of the definition, which must be there: today's, or one that was replaced.
    pub async fn get_version(&self, id: SequenceId, version: u32) -> Result<Definition, Error> {
        self.0
            .look(Call::SequencesGetVersion, |set, ctx| {
                let sequence = sequences::get(set, ctx, id)?;
                sequences::edition(set, ctx, &sequence, version)
            })
            .await
    }

    /// All sequences, by the time they were drafted.
    pub async fn list(&self, page: &PageOf) -> Result<Listed<Sequence>, Error> {
        let query = Query::Records {
            org: Some(self.0.id),
            kind: RecordKind::Sequence,
        };
        self.0.list(Call::SequencesList, query, page).await
    }

    /// Lets a draft enroll and send; due work sends. Fails with `template.not_approved` while one of its templates may not be
    /// sent, and with `sequence.wrong_state` for one that is paused.
    pub async fn activate(&self, id: SequenceId) -> Result<(), Error> {
        self.0
            .decide(Call::SequencesActivate, move |set, ctx| {
                sequences::activate(set, ctx, id)
            })
            .await
    }

    /// Lets nobody be enrolled and nothing more go out until [`resume`](Self::resume). What is on the wire stays there. Fails
    /// with `sequence.wrong_state` for a draft.
    pub async fn pause(&self, id: SequenceId) -> Result<(), Error> {
        self.0
            .decide(Call::SequencesPause, move |set, ctx| {
                sequences::pause(set, ctx, id)
            })
            .await
    }

    /// Goes on where it was paused: what fell due meanwhile is done once, now. Fails as [`activate`](Self::activate) does.
    pub async fn resume(&self, id: SequenceId) -> Result<(), Error> {
        self.0
            .decide(Call::SequencesResume, move |set, ctx| {
                sequences::resume(set, ctx, id)
            })
            .await
    }

    /// Enrolls a contact, who is at the first step then. To enroll many, give `Enroll` to
    /// [`Contacts::bulk`](crate::Contacts::bulk).
    ///
    /// Fails with `sequence.enrolled` for somebody who is in it, or was, unless it enrolls again who is through;
    /// `sequence.wrong_state` if it is not active; `sequence.goal_reached`, `contact.blocked`, `consent.opted_out`.
    pub async fn enroll(&self, id: SequenceId, contact: ContactId) -> Result<EnrollmentId, Error> {
        self.0
            .decide(Call::SequencesEnroll, move |set, ctx| {
                enrollments::enroll(set, ctx, id, contact)
            })
            .await
    }

    /// Takes a contact out: what was not sent yet is not. Fails with `sequence.not_enrolled` if they are not under way.
    pub async fn unenroll(&self, id: SequenceId, contact: ContactId) -> Result<(), Error> {
        self.0
            .decide(Call::SequencesUnenroll, move |set, ctx| {
                enrollments::unenroll(set, ctx, id, contact)
            })
            .await
    }

    /// Who was enrolled in a sequence, with where they stand and the way they came, by the time they were.
    pub async fn enrollments(
        &self,
        id: SequenceId,
        who: &EnrollmentFilter,
        page: &PageOf,
    ) -> Result<Listed<Enrollment>, Error> {
        let query = Query::Enrollments {
            org: self.0.id,
            sequence: id,
            filter: who.clone(),
        };
        self.0.list(Call::SequencesEnrollments, query, page).await
    }

    /// All enrollments of a contact and of those who were merged into it, in whatever sequence, by the time they were made.
    pub async fn of_contact(&self, contact: ContactId, page: &PageOf) -> Result<Listed<Enrollment>, Error> {
        let call = Call::SequencesOfContact;
        let contact = self
            .0
            .look(call, |set, ctx| contacts::even_deleted(set, ctx, contact))
            .await?;
        let query = Query::EnrollmentsOf {
            org: self.0.id,
            contacts: contact.ids().collect(),
        };
        self.0.list(call, query, page).await
    }

    /// The funnel, step by step, as of now.
    pub async fn stats(&self, id: SequenceId) -> Result<Funnel, Error> {
        let call = Call::SequencesStats;
        let storage = &self.0.admitted(call).await?.runtime.storage;
        let (sequence, waits) = self
            .0
            .look(call, |set, ctx| {
                let sequence = sequences::get(set, ctx, id)?;
                let waits = senders::waits(set, ctx, sequence.definition.account)?;
                Ok((sequence, waits))
            })
            .await?;
        let rows = storage.tally(self.0.id, Campaign::Sequence(id)).await;
        let standings = storage.standings(self.0.id, id).await;
        let mut funnel = Funnel::new(
            &sequence.definition,
            &standings.map_err(from_storage)?,
            &rows.map_err(from_storage)?,
        );
        funnel.waits = waits.filter(|_| sequence.state.is_active() && funnel.sends());
        Ok(funnel)
    }

    /// What each of these contacts would come through if they were enrolled now and nothing else happened to them, whatever
    /// the sequence's state: months of it at once, by the rules that run it. Nothing is sent, and nobody is enrolled.
    pub async fn simulate(
        &self,
        id: SequenceId,
        contacts: &Selection,
        assume: Assume,
        page: &PageOf,
    ) -> Result<Listed<SimulatedRun>, Error> {
        let call = Call::SequencesSimulate;
        let sequence = self.0.look(call, |set, ctx| sequences::get(set, ctx, id)).await?;
        let batches = Batches::of(self.0, call, contacts).await?;
        batches
            .rehearse(self.0, call, page, |set, ctx, (contact, _)| {
                rehearsals::simulate(set, ctx, &sequence, *contact, assume)
            })
            .await
    }
}
