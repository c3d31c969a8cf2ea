//! What a CRM does for all its organisations.

use tertulia::core::ids::OrgId;
use tertulia::core::settings::Settings;
use tertulia::{Code, CopyCounts, CopyReport, CopyWatch, Crm, Done, Error, Received};

use crate::handle::Handle;
use crate::host::WebhookShape;
use crate::method::area;
use crate::wire::encode;

area! {
    /// A CRM inside this process: opened once, shared by all its tasks.
    crm(this: Crm) {
        /// Creates an organisation; its id.
        fn create_org(settings: Settings) -> OrgId {
            Ok(this.create_org(settings).await?.id())
        }

        /// All organisations, by id.
        fn orgs() -> Vec<OrgId> {
            this.orgs().await
        }

        /// Takes in one request of a platform, and returns when its events are durable: then answer 200 with the body.
        /// On an error answer its `http_status`; the platform sends the webhook again later.
        ///
        /// `endpoint` is the name that the transport was given.
        fn receive(endpoint: String, request: WebhookShape) -> Received {
            this.receive(&endpoint, request.into()).await
        }

        /// Does what is due now, until nothing is, and returns: for cron jobs, phones and tests. Several at once, in
        /// one process or many, are safe.
        fn run_due() -> Done {
            this.run_due().await
        }

        /// Does what is due as it falls due, until the CRM is closed.
        fn work() -> () {
            this.work().await
        }

        /// Copies all that the store has into the store of another CRM, which is new: a file to a server, or back. Ids,
        /// versions and positions of the journal stay, so that cursors of the feed stay good. In the end both are read
        /// and compared. Files of messages are in the media store, and stay there.
        ///
        /// Nobody may use the source meanwhile: stop workers and webhooks. It is only read. Cut off by whatever, or
        /// cancelled, the copy goes on when it is called again; until it is finished the target has no organisation,
        /// and so refuses to be used.
        ///
        /// Fails with `copy.same_store`, `copy.source_unfinished` or `copy.target_in_use` before anything is written;
        /// with `copy.source_changed` or `copy.differs`, naming the kind; with `storage.*`, naming the side.
        fn copy_to(; watch: CopyCounts | crm) -> CopyReport {
            let Some(other) = crm.as_ref().and_then(Handle::crm).cloned() else {
                return Err(Error::new(Code::InputInvalid, "a CRM can be copied to another CRM only"));
            };
            let (mut tell, told) = watch.teller();
            let copy = CopyWatch {
                progress: Some(Box::new(move |counts: &CopyCounts| {
                    if let Ok(counts) = encode(counts) {
                        tell(counts);
                    }
                })),
                cancel: watch.cancel.map(|cancel| cancel.token()),
            };
            let report = this.copy_to(&other, copy).await;
            told.await;
            report
        }

        /// Answers if the store can be read.
        fn ping() -> () {
            this.ping().await
        }

        /// Ends workers after what they are sending, finishes commits, and lets go of the store. Closing what is
        /// closed does nothing.
        fn close() -> () {
            this.close().await
        }
    }
}
