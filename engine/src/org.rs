//! A handle on one organisation: who asks, and the areas of what they can ask for.

use std::sync::Arc;

use tertulia_core::context::Context;
use tertulia_core::error::Error;
use tertulia_core::ids::{AgentId, OrgId};
use tertulia_core::journal::Actor;
use tertulia_core::working_set::{Step, WorkingSet};

use crate::crm::Inner;
use crate::handles::{
    Accounts, Attributes, Audit, Broadcasts, Consent, Contacts, Events, Imports, Inbox, Notes, Rules,
    Segments, SettingsHandle, Tags, Team, Templates,
};
use crate::runtime::to_the_end;

/// One organisation, and on whose behalf it is used.
#[derive(Debug, Clone)]
pub struct Org {
    pub(crate) inner: Arc<Inner>,
    pub(crate) id: OrgId,
    pub(crate) actor: Actor,
}

impl Org {
    /// The organisation's id.
    pub const fn id(&self) -> OrgId {
        self.id
    }

    /// The same organisation, used by a member of the team, or by an agent whom only the host knows: then messages have
    /// no `{{agent.name}}`.
    #[must_use]
    pub fn acting_as(&self, agent: AgentId) -> Self {
        Self {
            actor: Actor::Agent(agent),
            ..self.clone()
        }
    }

    /// People.
    pub const fn contacts(&self) -> Contacts<'_> {
        Contacts(self)
    }

    /// What people agreed to.
    pub const fn consent(&self) -> Consent<'_> {
        Consent(self)
    }

    /// Tags and how many contacts carry them.
    pub const fn tags(&self) -> Tags<'_> {
        Tags(self)
    }

    /// Filters saved under names.
    pub const fn segments(&self) -> Segments<'_> {
        Segments(self)
    }

    /// What the team writes down about contacts.
    pub const fn notes(&self) -> Notes<'_> {
        Notes(self)
    }

    /// Auto-tag rules.
    pub const fn rules(&self) -> Rules<'_> {
        Rules(self)
    }

    /// Definitions of custom attributes.
    pub const fn attributes(&self) -> Attributes<'_> {
        Attributes(self)
    }

    /// The people who work with the contacts.
    pub const fn team(&self) -> Team<'_> {
        Team(self)
    }

    /// Settings.
    pub const fn settings(&self) -> SettingsHandle<'_> {
        SettingsHandle(self)
    }

    /// Provider templates.
    pub const fn templates(&self) -> Templates<'_> {
        Templates(self)
    }

    /// Senders.
    pub const fn accounts(&self) -> Accounts<'_> {
        Accounts(self)
    }

    /// CSV files in.
    pub const fn imports(&self) -> Imports<'_> {
        Imports(self)
    }

    /// Conversations and messages.
    pub const fn inbox(&self) -> Inbox<'_> {
        Inbox(self)
    }

    /// One template to many.
    pub const fn broadcasts(&self) -> Broadcasts<'_> {
        Broadcasts(self)
    }

    /// The durable feed of what changed.
    pub const fn events(&self) -> Events<'_> {
        Events(self)
    }

    /// Who changed what.
    pub const fn audit(&self) -> Audit<'_> {
        Audit(self)
    }

    /// One changing call: decided, committed, and finished even if nobody waits for it any more.
    pub(crate) async fn decide<R: Send + 'static>(
        &self,
        decision: impl FnMut(&mut WorkingSet, &mut Context<'_>) -> Step<R> + Send + 'static,
    ) -> Result<R, Error> {
        let org = self.clone();
        to_the_end(async move { org.inner.runtime.decide(org.id, &org.actor, decision).await }).await
    }

    /// One call that only looks: what it would change is never committed.
    pub(crate) async fn look<R>(
        &self,
        decision: impl FnMut(&mut WorkingSet, &mut Context<'_>) -> Step<R>,
    ) -> Result<R, Error> {
        let mut set = WorkingSet::new();
        let runtime = &self.inner.runtime;
        runtime.rehearse(self.id, &self.actor, &mut set, decision).await
    }
}
