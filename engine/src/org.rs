//! A handle on one organisation: who asks, and the areas of what they can ask for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tertulia_core::contact::CreatedBy;
use tertulia_core::context::Context;
use tertulia_core::error::Error;
use tertulia_core::ids::{AgentId, OrgId};
use tertulia_core::journal::Actor;
use tertulia_core::roles::Call;
use tertulia_core::turn::InTurn;
use tertulia_core::working_set::{Step, WorkingSet};

use crate::crm::Inner;
use crate::handles::{
    Accounts, Analytics, Attributes, Audit, Broadcasts, Consent, Contacts, Events, Imports, Inbox, Notes,
    Phones, QuickReplies, Routing, Rules, Segments, Sequences, SettingsHandle, Tags, Team, Templates,
};
use crate::runtime::{By, to_the_end};

/// A try at a turn, and how many messages were sent in it.
#[derive(Debug)]
struct Held {
    turn: InTurn,
    replies: AtomicU32,
}

/// One organisation, and on whose behalf it is used.
#[derive(Debug, Clone)]
pub struct Org {
    inner: Arc<Inner>,
    pub(crate) id: OrgId,
    actor: Actor,
    /// What a handler acts in.
    turn: Option<Arc<Held>>,
}

impl Org {
    pub(crate) const fn new(inner: Arc<Inner>, id: OrgId, actor: Actor) -> Self {
        Self {
            inner,
            id,
            actor,
            turn: None,
        }
    }

    /// The same organisation, used by a handler in its turn.
    pub(crate) fn in_turn(&self, handler: &str, held: InTurn) -> Self {
        Self {
            actor: Actor::Handler(handler.to_owned()),
            turn: Some(Arc::new(Held {
                turn: held,
                replies: AtomicU32::new(0),
            })),
            ..self.clone()
        }
    }

    /// Which message of its turn a handler sends by this call, from 0.
    pub(crate) fn next_reply(&self) -> u32 {
        let held = self.turn.as_ref();
        held.map_or(0, |held| held.replies.fetch_add(1, Ordering::Relaxed))
    }

    fn by(&self, call: Option<Call>) -> By<'_> {
        By {
            actor: &self.actor,
            call,
            turn: self.turn.as_ref().map(|held| held.turn),
        }
    }

    /// The organisation's id.
    pub const fn id(&self) -> OrgId {
        self.id
    }

    /// The same organisation, used by a member of the team. Each call is held to the member's [role](crate::Role): one
    /// that it does not allow fails with `role.forbidden`, one of somebody who left with `member.inactive`, and one of
    /// somebody who is no member with `member.not_found`; each refusal is audited. Without this the host calls, who may
    /// do everything.
    #[must_use]
    pub fn acting_as(&self, agent: AgentId) -> Self {
        Self {
            actor: Actor::Agent(agent),
            turn: None,
            ..self.clone()
        }
    }

    /// People.
    pub const fn contacts(&self) -> Contacts<'_> {
        Contacts(self)
    }

    /// Telephone numbers, read as contacts' numbers are.
    pub const fn phones(&self) -> Phones<'_> {
        Phones(self)
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

    /// Who gets a conversation that is new or open again.
    pub const fn routing(&self) -> Routing<'_> {
        Routing(self)
    }

    /// Messages saved under shortcuts.
    pub const fn quick_replies(&self) -> QuickReplies<'_> {
        QuickReplies(self)
    }

    /// What happened in a period, counted.
    pub const fn analytics(&self) -> Analytics<'_> {
        Analytics(self)
    }

    /// One template to many.
    pub const fn broadcasts(&self) -> Broadcasts<'_> {
        Broadcasts(self)
    }

    /// What is sent step by step.
    pub const fn sequences(&self) -> Sequences<'_> {
        Sequences(self)
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
        call: Call,
        decision: impl FnMut(&mut WorkingSet, &mut Context<'_>) -> Step<R> + Send + 'static,
    ) -> Result<R, Error> {
        let org = self.clone();
        to_the_end(async move {
            org.inner
                .runtime
                .decide(org.id, org.by(Some(call)), decision)
                .await
        })
        .await
    }

    /// A decision over each of many, in one commit; each may be refused by itself. Without a call it is not checked who
    /// asks: it follows from what is decided already.
    pub(crate) async fn decide_all<I: Send + Sync + 'static, R: Send + 'static>(
        &self,
        call: Option<Call>,
        items: Vec<I>,
        decision: impl FnMut(&mut WorkingSet, &mut Context<'_>, &I) -> Step<R> + Send + 'static,
    ) -> Result<Vec<Result<R, Error>>, Error> {
        let org = self.clone();
        to_the_end(async move {
            let by = org.by(call);
            let runtime = &org.inner.runtime;
            runtime
                .decide_all(org.id, by, &items, decision, |_, _, _, _| ())
                .await
        })
        .await
    }

    /// One call that only looks: what it would change is never committed.
    pub(crate) async fn look<R>(
        &self,
        call: Call,
        decision: impl FnMut(&mut WorkingSet, &mut Context<'_>) -> Step<R>,
    ) -> Result<R, Error> {
        self.rehearse(call, &mut WorkingSet::new(), decision).await
    }

    /// One decision over a set that is never committed: later ones over the same set see what it wrote.
    pub(crate) async fn rehearse<R>(
        &self,
        call: Call,
        set: &mut WorkingSet,
        decision: impl FnMut(&mut WorkingSet, &mut Context<'_>) -> Step<R>,
    ) -> Result<R, Error> {
        let runtime = &self.admitted(call).await?.runtime;
        runtime.rehearse(self.id, &self.actor, set, decision).await
    }

    /// The CRM behind the handle, for whoever may make the call; the only way to it.
    pub(crate) async fn admitted(&self, call: Call) -> Result<&Arc<Inner>, Error> {
        if matches!(self.actor, Actor::Agent(_) | Actor::Handler(_)) {
            self.decide(call, |_, _| Ok(())).await?;
        }
        Ok(&self.inner)
    }

    /// On whose behalf the handle is used.
    pub(crate) const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Whether a member of the team, and no other, uses the handle.
    pub(crate) fn is_used_by(&self, agent: AgentId) -> bool {
        self.actor == Actor::Agent(agent)
    }

    /// How what the caller creates by hand came to be.
    pub(crate) const fn created_by(&self) -> CreatedBy {
        match &self.actor {
            Actor::Agent(_) => CreatedBy::Manual,
            Actor::Handler(_) => CreatedBy::Chatbot,
            _ => CreatedBy::Api,
        }
    }
}
