//! What people agreed to.

use schemars::JsonSchema;
use serde::Serialize;
use tertulia_core::consent::{Fact, Scope, State};
use tertulia_core::contact::Contact;
use tertulia_core::decide::contacts::{self, ConsentRequest};
use tertulia_core::decide::sending::{Explanation, SendRequest, explain};
use tertulia_core::error::Error;
use tertulia_core::ids::ContactId;
use tertulia_core::roles::Call;

use crate::org::Org;

/// What people agreed to.
#[derive(Debug, Clone, Copy)]
pub struct Consent<'a>(pub(crate) &'a Org);

/// A contact's opt-in as the seeds' products show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConsentState {
    /// Whether the contact is opted in.
    pub opted_in: bool,
    /// The entry that decides: its source and proof are `optInSource` and `optInProof`.
    pub basis: Option<Fact>,
    /// Every entry, oldest first.
    pub history: Vec<Fact>,
}

impl Consent<'_> {
    /// Where a contact stands.
    pub async fn get(&self, contact: ContactId) -> Result<ConsentState, Error> {
        let contact: Contact = self
            .0
            .look(Call::ConsentGet, |set, ctx| contacts::get(set, ctx, contact))
            .await?;
        let basis = match contact.consent.state() {
            State::In { basis, .. } | State::Out { basis } => Some(basis.clone()),
            State::Unasked => None,
        };
        Ok(ConsentState {
            opted_in: contact.consent.opted_in(),
            basis,
            history: contact.consent.history().into_iter().cloned().collect(),
        })
    }

    /// Records an opt-in; whether it was new. A person's own STOP is lifted only if `proof` says where, when and how
    /// they agreed anew; otherwise this fails with `consent.opted_out`.
    pub async fn opt_in(&self, contact: ContactId, proof: Option<&str>) -> Result<bool, Error> {
        let request = ConsentRequest {
            opt_in: true,
            scope: Scope::EVERYTHING,
            proof: proof.map(ToOwned::to_owned),
            at: None,
        };
        self.record(Call::ConsentOptIn, contact, request).await
    }

    /// Records an opt-out; whether it was new. What waits to be sent to the contact is skipped in the same commit.
    pub async fn opt_out(&self, contact: ContactId, proof: Option<&str>) -> Result<bool, Error> {
        let request = ConsentRequest {
            opt_in: false,
            scope: Scope::EVERYTHING,
            proof: proof.map(ToOwned::to_owned),
            at: None,
        };
        self.record(Call::ConsentOptOut, contact, request).await
    }

    /// Records an opt-in or opt-out with a scope and time of its own; whether it was new.
    pub async fn set(&self, contact: ContactId, request: ConsentRequest) -> Result<bool, Error> {
        self.record(Call::ConsentSet, contact, request).await
    }

    async fn record(&self, call: Call, contact: ContactId, request: ConsentRequest) -> Result<bool, Error> {
        self.0
            .decide(call, move |set, ctx| {
                contacts::set_consent(set, ctx, contact, &request)
            })
            .await
    }

    /// Whether a message may be sent now; if not, every rule that says no, and when it would say yes.
    pub async fn explain(&self, request: &SendRequest) -> Result<Explanation, Error> {
        self.0
            .look(Call::ConsentExplain, |set, ctx| explain(set, ctx, request))
            .await
    }
}
