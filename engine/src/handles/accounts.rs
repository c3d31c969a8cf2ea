//! Senders.

use tertulia_core::account::{Account, Waits};
use tertulia_core::decide::organisation::{self, NewAccount};
use tertulia_core::decide::senders;
use tertulia_core::decide::sending::get_account;
use tertulia_core::error::{Code, Error};
use tertulia_core::ids::AccountId;
use tertulia_core::record::RecordKind;
use tertulia_core::roles::Call;
use tertulia_storage_traits::Query;

use crate::org::Org;

/// Senders.
#[derive(Debug, Clone, Copy)]
pub struct Accounts<'a>(pub(crate) &'a Org);

impl Accounts<'_> {
    /// Connects a sender: from now on its webhooks find this organisation. It sends by the transport at the endpoint
    /// named, or else by the only one that serves the channel.
    ///
    /// Fails with `account.taken` if any organisation has connected it, `account.endpoint_unclear` if several transports
    /// serve the channel and none is named, or `account.invalid`.
    pub async fn connect(&self, mut new: NewAccount) -> Result<AccountId, Error> {
        let inner = self.0.admitted(Call::AccountsConnect).await?;
        match inner.endpoint(new.channel, new.endpoint.as_deref()) {
            Ok((endpoint, transport)) => {
                transport.check_sender(new.channel, &new.sender_id)?;
                new.endpoint = Some(endpoint.clone());
            }
            Err(error) if error.code() == Code::AccountEndpointUnclear => return Err(error),
            Err(error) if new.endpoint.is_some() => {
                return Err(Error::new(Code::AccountInvalid, error.message()));
            }
            // A program that neither sends nor receives connects it for another one, which has the transport.
            Err(_) => {}
        }
        self.0
            .decide(Call::AccountsConnect, move |set, ctx| {
                organisation::connect(set, ctx, &new)
            })
            .await
    }

    /// The sender, which must be there.
    pub async fn get(&self, id: AccountId) -> Result<Account, Error> {
        self.0
            .look(Call::AccountsGet, |set, ctx| get_account(set, ctx, id))
            .await
    }

    /// Why nothing goes out by a sender, or nothing of broadcasts, though it waits: what is in the way, what would help, and
    /// when it goes on by itself. Absent: nothing is in the way.
    pub async fn waits(&self, id: AccountId) -> Result<Option<Waits>, Error> {
        self.0
            .look(Call::AccountsWaits, |set, ctx| senders::waits(set, ctx, id))
            .await
    }

    /// All senders, by id.
    pub async fn list(&self) -> Result<Vec<Account>, Error> {
        self.0
            .all(
                Call::AccountsList,
                Query::Records {
                    org: Some(self.0.id),
                    kind: RecordKind::Account,
                },
            )
            .await
    }

    /// Lets a held, stopped or disabled sender send again.
    pub async fn resume(&self, id: AccountId) -> Result<(), Error> {
        self.0
            .decide(Call::AccountsResume, move |set, ctx| {
                organisation::resume(set, ctx, id)
            })
            .await
    }

    /// Sets how many messages a second a sender sends at most; absent: as many as its platform takes by default, on WhatsApp
    /// 80; 0: there is no limit. Broadcasts keep to it; what people and bots write counts, and does not wait. Each process
    /// keeps it for itself: what several send above it together the platform refuses, the sender is held for a moment, and
    /// nobody is used up.
    ///
    /// Fails with `account.invalid` above 10,000.
    pub async fn set_rate(&self, id: AccountId, messages_per_second: Option<u32>) -> Result<(), Error> {
        self.0
            .decide(Call::AccountsSetRate, move |set, ctx| {
                organisation::set_rate(set, ctx, id, messages_per_second)
            })
            .await
    }

    /// Switches a sender off: what waits to go out by it waits until it is resumed.
    pub async fn disable(&self, id: AccountId) -> Result<(), Error> {
        self.0
            .decide(Call::AccountsDisable, move |set, ctx| {
                organisation::disable(set, ctx, id)
            })
            .await
    }
}
