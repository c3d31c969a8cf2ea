//! Senders.

use tertulia::core::account::Account;
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

        /// All senders, by id.
        fn list() -> Vec<Account> {
            org.accounts().list().await
        }

        /// Lets a held, stopped or disabled sender send again.
        fn resume(id: AccountId) -> () {
            org.accounts().resume(id).await
        }

        /// Switches a sender off: what waits to go out by it waits until it is resumed.
        fn disable(id: AccountId) -> () {
            org.accounts().disable(id).await
        }
    }
}
