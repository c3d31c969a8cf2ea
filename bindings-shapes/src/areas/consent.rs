//! What people agreed to.

use tertulia::core::ids::ContactId;
use tertulia::{ConsentRequest, ConsentState, Explanation, Org, SendRequest};

use crate::method::area;

area! {
    /// What people agreed to.
    consent(org: Org) {
        /// Where a contact stands.
        fn get(contact: ContactId) -> ConsentState {
            org.consent().get(contact).await
        }

        /// Records an opt-in; whether it was new. A person's own STOP is lifted only if `proof` says where, when and
        /// how they agreed anew; otherwise this fails with `consent.opted_out`.
        fn opt_in(contact: ContactId, proof: Option<String>) -> bool {
            org.consent().opt_in(contact, proof.as_deref()).await
        }

        /// Records an opt-out; whether it was new. What waits to be sent to the contact is skipped in the same commit.
        fn opt_out(contact: ContactId, proof: Option<String>) -> bool {
            org.consent().opt_out(contact, proof.as_deref()).await
        }

        /// Records an opt-in or opt-out with a scope and time of its own; whether it was new.
        fn set(contact: ContactId, request: ConsentRequest) -> bool {
            org.consent().set(contact, request).await
        }

        /// Whether a message may be sent now; if not, every rule that says no, and when it would say yes.
        fn explain(request: SendRequest) -> Explanation {
            org.consent().explain(&request).await
        }
    }
}
