//! One template to many.

use tertulia::core::broadcast::{Broadcast, BroadcastState, RecipientFilter, Simulated, Stats};
use tertulia::core::ids::{BroadcastId, ContactId, DispatchId};
use tertulia::{NewBroadcast, NewSchedule, Org, Recipient};

use crate::method::area;
use crate::views::{Message, Preview};
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

        /// Who would be sent to if the broadcast were launched now: the first ten, the total, and those who are meant but
        /// would be left out, by reason.
        fn preview(id: BroadcastId) -> Preview {
            org.broadcasts().preview(id).await.map(Preview::from)
        }

        /// What everybody who is meant would get, and when, or why not, if the broadcast went out now or at its time.
        /// Nothing is sent, and nobody is enlisted.
        fn simulate(id: BroadcastId, page: Option<PageRequest>) -> Page<Simulated> {
            let page = page.unwrap_or_default().into();
            org.broadcasts().simulate(id, &page).await.map(Page::from)
        }

        /// Sends one contact what the broadcast would send them, now, whatever its state: somebody of the team who wants
        /// to see it. It passes the gate, and a marketing template takes the contact's turn of 24 hours. Fails as
        /// `inbox.send` does.
        fn send_test(id: BroadcastId, contact: ContactId) -> Message {
            org.broadcasts().send_test(id, contact).await.map(Message::from)
        }

        /// Fixes the recipients at this instant and starts sending, whatever it was scheduled for; `run_due` or `work` sends. Launched twice, the
        /// second call fails with `broadcast.not_draft`.
        fn launch(id: BroadcastId) -> () {
            org.broadcasts().launch(id).await
        }

        /// Lets a draft start by itself, at a local time: its recipients are fixed then. Where clocks are put forward
        /// over the time, it is the first instant after; where it is there twice, the earlier. One that is scheduled or
        /// held is given another time. If nothing runs at its time, nor within `Settings.max_late_seconds` afterwards, it
        /// is held until somebody launches, schedules or cancels it. Fails with `broadcast.schedule_invalid` for a time
        /// that is over.
        fn schedule(id: BroadcastId, schedule: NewSchedule) -> BroadcastState {
            org.broadcasts().schedule(id, schedule).await
        }

        /// Makes what is scheduled or held a draft again.
        fn unschedule(id: BroadcastId) -> () {
            org.broadcasts().unschedule(id).await
        }

        /// Lets nothing more go out until `resume`. What is on the wire stays there. Fails with `broadcast.wrong_state`
        /// for one that is not running.
        fn pause(id: BroadcastId) -> () {
            org.broadcasts().pause(id).await
        }

        /// Goes on where it was paused. Fails with `broadcast.wrong_state` for one that was not.
        fn resume(id: BroadcastId) -> () {
            org.broadcasts().resume(id).await
        }

        /// Calls a broadcast off for good: from this instant on nothing more goes out, and due work leaves out who waits.
        /// What is on the wire stays there. Fails with `broadcast.wrong_state` for one that is finished.
        fn cancel(id: BroadcastId) -> () {
            org.broadcasts().cancel(id).await
        }

        /// The funnel, as of now.
        fn stats(id: BroadcastId) -> Stats {
            org.broadcasts().stats(id).await
        }

        /// The recipients that are meant, each with what became of them, why, and what would help; absent: all. To write
        /// them to a file, or to tag them, give `contacts.export` or `contacts.bulk` a selection of `recipients`; another
        /// broadcast takes it as its target.
        fn recipients(id: BroadcastId, who: Option<RecipientFilter>, page: Option<PageRequest>) -> Page<Recipient> {
            let (who, page) = (who.unwrap_or_default(), page.unwrap_or_default().into());
            org.broadcasts().recipients(id, &who, &page).await.map(Page::from)
        }

        /// Sends to an unconfirmed recipient again. An explicit choice: they may get the message twice.
        fn resend_unconfirmed(dispatch: DispatchId) -> () {
            org.broadcasts().resend_unconfirmed(dispatch).await
        }
    }
}
