//! Senders.

use tertulia::core::account::{Account, Waits};
use tertulia::core::ids::AccountId;
use tertulia::{NewAccount, Org};

use crate::method::area;

area! {
    /// Senders.
    accounts(org: Org) {
        /// Connects a sender: from now on its webhooks find this organisation. It sends by the transport at the endpoint
        /// named, or else by the only one that serves the channel.
        ///
        /// Fails with `account.taken` if any organisation has connected it, `account.endpoint_unclear` if several
        /// transports serve the channel and none is named, or `account.invalid`.
        fn connect(new: NewAccount) -> AccountId {
            org.accounts().connect(new).await
        }

        /// The sender, which must be there.
        fn get(id: AccountId) -> Account {
            org.accounts().get(id).await
        }

        /// Why nothing goes out by a sender, or nothing of broadcasts, though it waits: what is in the way, what would
        /// help, and when it goes on by itself. Absent: nothing is in the way.
        fn waits(id: AccountId) -> Option<Waits> {
            org.accounts().waits(id).await
        }

        /// All senders, by id.
        fn list() -> Vec<Account> {
            org.accounts().list().await
        }

        /// Lets a held, stopped or disabled sender send again.
        fn resume(id: AccountId) -> () {
            org.accounts().resume(id).await
        }

        /// Sets how many messages a second a sender sends at most; absent: as many as its platform takes by default, on
        /// WhatsApp 80; 0: there is no limit. Broadcasts keep to it; what people and bots write counts, and does not
        /// wait. Each process keeps it for itself: what several send above it together the platform refuses, the sender
        /// is held for a moment, and nobody is used up.
        ///
        /// Fails with `account.invalid` above 10,000.
        fn set_rate(id: AccountId, messages_per_second: Option<u32>) -> () {
            org.accounts().set_rate(id, messages_per_second).await
        }

        /// Switches a sender off: what waits to go out by it waits until it is resumed.
        fn disable(id: AccountId) -> () {
            org.accounts().disable(id).await
        }
    }
}
