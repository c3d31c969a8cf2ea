//! One template to many.

use tertulia::core::broadcast::{Broadcast, Stats};
use tertulia::core::ids::{BroadcastId, DispatchId};
use tertulia::core::ledger::StateName;
use tertulia::{NewBroadcast, Org, Recipient};

use crate::method::area;
use crate::views::Preview;
use crate::wire::{Page, PageRequest};

area! {
    /// One template to many.
    broadcasts(org: Org) {
        /// Saves a draft; its id. What could never be sent is refused now: `template.*` if template and parameters do
        /// not fit, `account.not_found`, `broadcast.invalid`.
        fn create(new: NewBroadcast) -> BroadcastId {
            org.broadcasts().create(new).await
        }

        /// Replaces a draft. Fails with `broadcast.not_draft` once it was launched.
        fn update(id: BroadcastId, new: NewBroadcast) -> () {
            org.broadcasts().update(id, new).await
        }

        /// The broadcast, which must be there.
        fn get(id: BroadcastId) -> Broadcast {
            org.broadcasts().get(id).await
        }

        /// All broadcasts, by the time they were drafted.
        fn list(page: Option<PageRequest>) -> Page<Broadcast> {
            let page = page.unwrap_or_default().into();
            org.broadcasts().list(&page).await.map(Page::from)
        }

        /// Who would be sent to if the broadcast were launched now: the first ten, the total, and those who fit the
        /// target but would be left out, by reason.
        fn preview(id: BroadcastId) -> Preview {
            org.broadcasts().preview(id).await.map(Preview::from)
        }

        /// Fixes the recipients at this instant and starts sending; `run_due` or `work` sends. Launched twice, the
        /// second call fails with `broadcast.not_draft`.
        fn launch(id: BroadcastId) -> () {
            org.broadcasts().launch(id).await
        }

        /// The funnel, as of now.
        fn stats(id: BroadcastId) -> Stats {
            org.broadcasts().stats(id).await
        }

        /// The recipients in any of these states, or (empty) in all.
        fn recipients(id: BroadcastId, states: Option<Vec<StateName>>, page: Option<PageRequest>) -> Page<Recipient> {
            let (states, page) = (states.unwrap_or_default(), page.unwrap_or_default().into());
            org.broadcasts().recipients(id, &states, &page).await.map(Page::from)
        }

        /// Sends to an unconfirmed recipient again. An explicit choice: they may get the message twice.
        fn resend_unconfirmed(dispatch: DispatchId) -> () {
            org.broadcasts().resend_unconfirmed(dispatch).await
        }
    }
}
